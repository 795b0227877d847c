/** What RRAS logs: System, source RemoteAccess, by its numbers. */
import { describe, expect, test } from 'vitest'
import { instant } from '../../../src/base/time.ts'
import {
  gatewayEvent,
  rasPort,
  type GatewayEvent,
} from '../../../src/windows/nps/gateway-events.ts'

const at = instant('2026-03-02T08:00:00Z')
const user = 'CORP\\ada'
const address = '198.51.100.2'
const port = 'VPN2-12'

const values = (event: GatewayEvent): Record<string, string> =>
  Object.fromEntries(gatewayEvent(at, event).fields.map(({ name, value }) => [name, value]))

/** Level, and a word that the text must have. */
const EVENTS: readonly (readonly [event: GatewayEvent, level: string, text: string])[] = [
  [{ id: 20049, user }, 'warning', 'did not finish authentication in time'],
  [{ id: 20063, code: 1068 }, 'error', 'RasMan did not start, error 1068'],
  [
    { id: 20106, interface: 'Internal', code: 31 },
    'error',
    'Internal could not be added, error 31',
  ],
  [{ id: 20139, user, port }, 'information', 'idle for too long'],
  [{ id: 20140, user, port }, 'information', 'long enough'],
  [{ id: 20146, server: 'nps1' }, 'warning', 'nps1 did not answer'],
  [{ id: 20148, server: 'nps1' }, 'warning', 'nps1 could not be resolved'],
  [{ id: 20152, provider: 'RADIUS' }, 'error', 'RADIUS could not be loaded'],
  [{ id: 20165, port, interface: 'wan' }, 'warning', 'this server has no address'],
  [{ id: 20166, port, interface: 'wan' }, 'warning', 'the other side has no address'],
  [{ id: 20167 }, 'warning', 'no address is left'],
  [{ id: 20168 }, 'error', 'certificate'],
  [{ id: 20169, address: '169.254.0.1' }, 'warning', '169.254.0.0/16'],
  [{ id: 20209, address }, 'warning', 'GRE'],
  [{ id: 20250, user, port }, 'information', 'was connected to VPN2-12'],
  [{ id: 20255, port, code: 13868, why: 'no suite' }, 'warning', 'no suite'],
  [{ id: 20271, user, address, reason: 48, code: 812 }, 'warning', 'no network policy matches'],
  [
    { id: 20272, user, port, seconds: 90, bytesSent: 10, bytesReceived: 20, why: 'user request' },
    'information',
    'for 90 s: user request',
  ],
  [{ id: 20274, user, port, address: '172.16.20.130' }, 'information', '172.16.20.130'],
  [{ id: 20275, user, port }, 'information', 'was disconnected'],
  [{ id: 20276, address }, 'warning', 'a method that is not accepted'],
]

test.for(EVENTS)('$0.id', ([event, level, text]) => {
  const logged = gatewayEvent(at, event)
  expect(logged).toMatchObject({
    on: 'gateway',
    channel: 'System',
    source: 'RemoteAccess',
    id: event.id,
    level,
    at,
  })
  expect(logged.text).toContain(text)
})

test('a service that terminated is the service control manager’s to tell', () => {
  const event = { id: 7024, service: 'RemoteAccess', why: 'IPv6 is disabled' } as const
  expect(gatewayEvent(at, event)).toMatchObject({
    source: 'Service Control Manager',
    level: 'error',
    text: 'the service RemoteAccess terminated: IPv6 is disabled',
  })
})

describe('fields', () => {
  test('20271 has the reason of NPS in hexadecimal, and the RAS error as little-endian bytes', () => {
    // As in a published event: a wrong password, 0x10 and B3020000.
    expect(values({ id: 20271, user, address, reason: 16, code: 691 })).toMatchObject({
      User: user,
      Address: address,
      'Reason Code': '0x10',
      Binary: 'B3020000',
    })
  })

  test('20271 of a silent server is error 930', () => {
    expect(values({ id: 20271, user, address, silent: true })).toMatchObject({
      'Reason Code': '-',
      Binary: 'A2030000',
    })
  })

  test('20255 of somebody who has not said who it is', () => {
    expect(values({ id: 20255, port, code: 13868, why: 'no suite' })).toEqual({
      Port: port,
      User: '<Unauthenticated User>',
      Reason: 'no suite',
      Binary: '2C360000',
    })
  })

  test('20272 has what the session carried', () => {
    const event = { id: 20272, user, port, seconds: 90, bytesSent: 10, bytesReceived: 20 } as const
    expect(values({ ...event, why: 'idle' })).toEqual({
      Port: port,
      User: user,
      Seconds: '90',
      'Bytes Sent': '10',
      'Bytes Received': '20',
      Reason: 'idle',
    })
  })
})

test('ports by protocol', () => {
  expect(rasPort('ikev2', 12)).toBe('VPN2-12')
  expect(rasPort('sstp', 3)).toBe('VPN0-3')
})
