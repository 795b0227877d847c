/** Events 20220 to 20227 of a connection from the dial to its end, as the Application log has them. */
import { describe, expect, test } from 'vitest'
import { instant } from '../../src/base/time.ts'
import { connectedEvents, connectVerdict } from '../../src/windows/connect/decisions.ts'
import { connectionEnd } from '../../src/windows/connect/ends.ts'
import type { WindowsEvent } from '../../src/windows/nps/events.ts'
import {
  rasClientEvent,
  rasClientEvents,
  type RasClientEvent,
  type RasDial,
  type RasFacts,
} from '../../src/windows/ras-client-events.ts'

const at = instant('2026-03-02T08:00:00Z')
const DIAL: RasDial = {
  user: 'CORP\\ada',
  connection: 'Contoso',
  correlation: '{D7F76690-EE1C-42E0-9781-C808D1706B4A}',
}
const FACTS: RasFacts = {
  settings: {
    allUsers: false,
    strategy: 'IKEv2',
    authentication: 'EAP <Microsoft: Protected EAP (PEAP) (encryption enabled)>',
    forceTunnel: false,
    mobility: true,
  },
  link: { server: 'vpn.contoso.com', protocol: 'IKEv2', port: 'VPN2-1' },
  address: '172.16.20.130',
}

const logged = (ids: readonly RasClientEvent['id'][], facts: RasFacts): readonly WindowsEvent[] =>
  rasClientEvents(ids, facts).map((event) => rasClientEvent(at, DIAL, event))
const values = ({ fields }: WindowsEvent): Record<string, string> =>
  Object.fromEntries(fields.map(({ name, value }) => [name, value]))

describe('a connection, from the dial to its end', () => {
  const events = [
    ...logged(connectedEvents('ikev2-user').client, FACTS),
    ...logged(connectionEnd('user').client, { ...FACTS, code: connectionEnd('user').code }),
  ]

  test('in order, in the Application log, with one CoId', () => {
    expect(events.map(({ id }) => id)).toEqual([20221, 20222, 20223, 20224, 20225, 20226])
    for (const event of events) {
      expect(event).toMatchObject({
        on: 'client',
        channel: 'Application',
        source: 'RasClient',
        level: 'information',
        at,
      })
      expect(event.fields.slice(0, 3)).toEqual([
        { name: 'CoId', value: DIAL.correlation },
        { name: 'User', value: 'CORP\\ada' },
        { name: 'Connection', value: 'Contoso' },
      ])
    }
  })

  test('20221 dumps the profile', () => {
    expect(values(events[0]!)).toMatchObject({
      Profile: 'per-user',
      VpnStrategy: 'IKEv2',
      DataEncryption: 'Require',
      UseRasCredentials: 'Yes',
      Ipv4DefaultGateway: 'No',
      'Mobility enabled for IKEv2': 'Yes',
    })
  })

  test.for([1, 2])('20222 and 20223 name the device', (i) => {
    expect(values(events[i]!)).toMatchObject({
      'Server address/Phone Number': 'vpn.contoso.com',
      Device: 'WAN Miniport (IKEv2)',
      Port: 'VPN2-1',
      MediaType: 'VPN',
    })
  })

  test('20225 has the inner address, 20226 the reason', () => {
    expect(values(events[4]!)).toMatchObject({ TunnelIpAddress: '172.16.20.130' })
    expect(values(events[5]!)).toMatchObject({ 'Reason Code': '631' })
    expect(events[5]!.text).toBe('Contoso of CORP\\ada has ended, 631: the user disconnected')
  })
})

test.for([
  ['809', '809', 'Contoso of CORP\\ada failed, 809: the server did not answer'],
  ['13801', '13801', 'Contoso of CORP\\ada failed, 13801: IKE did not accept a certificate'],
  // HRESULTs are signed decimals there.
  [
    '0x800B0101',
    '-2146762495',
    'Contoso of CORP\\ada failed, -2146762495: a certificate is not within its dates',
  ],
] as const)('20227 of %s has %s', ([code, shown, text]) => {
  const [event] = logged([20227], { ...FACTS, code })
  expect(event).toMatchObject({ id: 20227, level: 'error', text })
  expect(values(event!)).toMatchObject({ 'Error Code': shown })
})

test('a dial that fails ends with 20227, and the event before it tells the phase', () => {
  const reach = connectVerdict(
    { kind: 'no-answer', waitedFor: 'IKE_SA_INIT', port: 500 },
    'ikev2-user',
  )
  expect(logged(reach.client, { ...FACTS, code: reach.code! }).map(({ id }) => id)).toEqual([
    20221, 20222, 20227,
  ])
  const denied = connectVerdict({ kind: 'nps-rejected', reason: 48 }, 'ikev2-user')
  expect(logged(denied.client, { ...FACTS, code: denied.code! }).map(({ id }) => id)).toEqual([
    20221, 20222, 20223, 20224, 20227,
  ])
})

test('20220 names the device instead of the user’s connection', () => {
  const [event] = logged([20220], { ...FACTS, code: '829' })
  expect(event).toMatchObject({
    level: 'error',
    text: 'the link to vpn.contoso.com by WAN Miniport (IKEv2) ended, 829: the link failed',
  })
})

test('a device tunnel is SYSTEM’s and all users’', () => {
  const facts: RasFacts = {
    ...FACTS,
    settings: {
      ...FACTS.settings,
      allUsers: true,
      authentication: 'Machine Certificate',
      useRasCredentials: false,
    },
  }
  const dial = { user: 'SYSTEM', connection: 'Contoso Device' }
  const event = rasClientEvent(at, dial, rasClientEvents([20221], facts)[0]!)
  expect(event.text).toBe('SYSTEM dials Contoso Device')
  expect(values(event)).toMatchObject({
    Profile: 'all-user',
    'Authentication Type': 'Machine Certificate',
    UseRasCredentials: 'No',
  })
  // Without a correlation there is none in the event.
  expect(event.fields[0]).toEqual({ name: 'User', value: 'SYSTEM' })
})

test('an event without what it tells is a mistake of ours', () => {
  const { address: _, ...rest } = FACTS
  expect(() => rasClientEvents([20225], rest)).toThrow('20225 without an inner address')
  expect(() => rasClientEvents([20227], FACTS)).toThrow('20227 without a code')
})
