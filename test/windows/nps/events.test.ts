/** What stands in which event log, with which fields, and when nothing does. */
import { describe, expect, test } from 'vitest'
import { instant } from '../../../src/base/time.ts'
import { ASSUMPTIONS } from '../../../src/windows/assumptions.ts'
import { renderEvent, securityEvents, type AccessRecord } from '../../../src/windows/nps/events.ts'
import {
  discardEvents,
  systemEvent,
  SYSTEM_EVENT_IDS,
  type DiscardCause,
} from '../../../src/windows/nps/system-events.ts'

const at = instant('2026-03-02T08:00:00Z')
const record: AccessRecord = {
  at,
  user: {
    sid: 'S-1-5-21-1-2-3-1105',
    name: 'ada@corp.contoso.com',
    domain: 'CORP',
    fullyQualifiedName: 'corp.contoso.com/Users/Ada Lovelace',
  },
  calledStationId: '172.16.10.10',
  callingStationId: '198.51.100.2',
  nasIpv4Address: '172.16.20.10',
  nasIdentifier: 'VPN1',
  nasPortType: 'Virtual',
  nasPort: 3,
  clientFriendlyName: 'VPN1',
  clientIpAddress: '172.16.20.10',
  connectionRequestPolicy: 'Virtual Private Network (VPN) Connections',
  networkPolicy: 'Virtual Private Network (VPN) Connections',
  authenticationProvider: 'Windows',
  authenticationServer: 'nps1.corp.contoso.com',
  authenticationType: 'PEAP',
  eapType: 'Microsoft: Smart Card or other certificate',
  accountSessionIdentifier: '3331',
}

test('a denial is 6273, with the fields of the event in their order', () => {
  const [event, ...others] = securityEvents({ result: 'denied', reason: 48 }, record)
  expect(others).toEqual([])
  expect(event).toMatchObject({ on: 'nps', channel: 'Security', id: 6273, at })
  expect(renderEvent(event!)).toBe(
    `Security 6273 (Microsoft-Windows-Security-Auditing): access denied, reason code 48: no network policy matches
User:
  Security ID: S-1-5-21-1-2-3-1105
  Account Name: ada@corp.contoso.com
  Account Domain: CORP
  Fully Qualified Account Name: corp.contoso.com/Users/Ada Lovelace
Client Machine:
  Security ID: NULL SID
  Account Name: -
  Fully Qualified Account Name: -
  Called Station Identifier: 172.16.10.10
  Calling Station Identifier: 198.51.100.2
NAS:
  NAS IPv4 Address: 172.16.20.10
  NAS IPv6 Address: -
  NAS Identifier: VPN1
  NAS Port-Type: Virtual
  NAS Port: 3
RADIUS Client:
  Client Friendly Name: VPN1
  Client IP Address: 172.16.20.10
Authentication Details:
  Connection Request Policy Name: Virtual Private Network (VPN) Connections
  Network Policy Name: Virtual Private Network (VPN) Connections
  Authentication Provider: Windows
  Authentication Server: nps1.corp.contoso.com
  Authentication Type: PEAP
  EAP Type: Microsoft: Smart Card or other certificate
  Account Session Identifier: 3331
  Logging Results: -
  Reason Code: 48
  Reason: no network policy matches`,
  )
})

describe('the audit decides what is logged', () => {
  const ids = (...args: Parameters<typeof securityEvents>) =>
    securityEvents(...args).map(({ id }) => id)

  test('a grant is 6272 and 6278, or the first alone', () => {
    expect(ids({ result: 'granted' }, record)).toEqual([6272, 6278])
    const assume = { ...ASSUMPTIONS, logsFullAccess: false }
    expect(ids({ result: 'granted' }, record, { assume })).toEqual([6272])
  })

  test('each half can be off', () => {
    expect(ids({ result: 'granted' }, record, { audit: { success: false } })).toEqual([])
    expect(ids({ result: 'denied', reason: 48 }, record, { audit: { success: false } })).toEqual([
      6273,
    ])
    expect(ids({ result: 'denied', reason: 48 }, record, { audit: { failure: false } })).toEqual([])
    expect(ids({ result: 'discarded', reason: 9 }, record, { audit: { failure: false } })).toEqual(
      [],
    )
  })
})

test.for<[cause: DiscardCause, logged: readonly string[]]>([
  ['unknown-client', ['System 13']],
  ['bad-authenticator', ['System 14']],
  ['missing-message-authenticator', ['System 17']],
  ['bad-message-authenticator', ['System 18']],
  ['missing-message-authenticator-all', ['System 4419']],
  ['proxy-state', ['System 4418']],
  ['malformed', ['Security 6274']],
  ['logging-failed', ['Security 6274']],
  ['extension-discarded', ['Security 6274']],
  ['extension-failed', ['Security 6274']],
])('of a packet that is discarded for %s is logged: %j', ([cause, logged]) => {
  const events = discardEvents(cause, record)
  expect(events.map(({ channel, id }) => `${channel} ${id}`)).toEqual(logged)
  expect(events.every(({ text }) => text.length > 10)).toBe(true)
})

test('events of KB5040268 are logged by assumption, and 6274 by the audit', () => {
  const assume = { ...ASSUMPTIONS, blastRadiusEvents: 'none' as const }
  expect(discardEvents('proxy-state', record, { assume })).toEqual([])
  expect(discardEvents('malformed', record, { audit: { failure: false } })).toEqual([])
  expect(discardEvents('unknown-client', record, { audit: { failure: false } })).toHaveLength(1)
})

test.each(SYSTEM_EVENT_IDS)('System %i says of whom it speaks', (id) => {
  const event = systemEvent(id, at, { 'RADIUS client': '172.16.10.10' })
  expect(event).toMatchObject({ channel: 'System', source: 'NPS', id, at })
  expect(event.text).toMatch(/\(172\.16\.10\.10\)$/)
  expect(event.fields).toEqual([{ name: 'RADIUS client', value: '172.16.10.10' }])
})
