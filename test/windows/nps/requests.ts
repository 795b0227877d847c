/** A request as a gateway of the tutorial sends it for a member of VPN Users, with what a test changes. */
import { instant } from '../../../src/base/time.ts'
import type { AccountFacts, NpsRequest } from '../../../src/windows/nps/request.ts'

export const account = (change: Partial<AccountFacts> = {}): AccountFacts => ({
  kind: 'user',
  groups: new Set(['domain users', 'vpn users']),
  dialIn: { permission: 'policy' },
  ...change,
})

/** Monday, eight in the morning. */
export const request = (change: Partial<NpsRequest> = {}): NpsRequest => ({
  at: instant('2026-03-02T08:00:00Z'),
  client: { friendlyName: 'VPN1', address: '172.16.20.10', vendor: 'standard' },
  authenticationType: 'eap',
  userName: 'ada@corp.contoso.com',
  nasIdentifier: 'VPN1',
  nasIpv4Address: '172.16.20.10',
  nasPortType: 5,
  serviceType: 2,
  framedProtocol: 1,
  calledStationId: '172.16.10.10',
  callingStationId: '198.51.100.2',
  tunnelType: 79_618,
  msRasVendor: 311,
  account: account(),
  ...change,
})
