/** Every field of NPS's settings, as `everything.ts` has every field of the rest. */
import { seconds } from '../../src/base/time.ts'
import type {
  AuthenticationMethods,
  ConnectionRequestPolicySpec,
  NetworkPolicySpec,
  NpsAccountingSpec,
  NpsConditions,
  NpsConstraints,
  NpsSpec,
  RadiusClientSpec,
  RadiusServerSpec,
  WeeklyHours,
} from '../../src/topology/nps.ts'

export const radiusServer: Required<Omit<RadiusServerSpec, 'address'>> = {
  server: 'edge',
  secret: 's',
  port: 1812,
  accountingPort: 1813,
  timeout: seconds(5),
  score: 30,
  sendsMessageAuthenticator: true,
}
export const weeklyHours: Required<WeeklyHours> = { days: ['Mo', 'Fr'], from: '08:00', to: '18:00' }
const conditions: Required<NpsConditions> = {
  windowsGroups: ['VPN Users'],
  userGroups: ['VPN Users'],
  machineGroups: ['Domain Computers'],
  dayAndTime: [weeklyHours],
  userName: '^CORP',
  nasIdentifier: 'vpn1',
  nasIpv4Address: '10',
  nasIpv6Address: 'fd00',
  clientFriendlyName: 'vpn',
  clientIpv4Address: '10',
  clientIpv6Address: 'fd00',
  calledStationId: '203',
  callingStationId: '198',
  clientVendor: 'standard',
  msRasVendor: '^311$',
  nasPortType: [5],
  framedProtocol: [1],
  serviceType: [2],
  tunnelType: [1],
  authenticationType: ['eap'],
  allowedEapTypes: ['peap'],
  locationGroups: ['here'],
}
const methods: Required<AuthenticationMethods> = {
  eap: [
    {
      type: 'peap',
      certificate: 'ike',
      inner: ['tls', 'mschapv2'],
      fastReconnect: true,
      requiresCryptoBinding: true,
      allowsPasswordChange: false,
    },
    { type: 'tls', certificate: 'ike' },
    { type: 'mschapv2', allowsPasswordChange: true },
  ],
  msChapV2: true,
  msChapV2PasswordChange: true,
  msChap: true,
  chap: true,
  pap: true,
  unauthenticated: true,
}
const connectionRequestPolicy: Required<ConnectionRequestPolicySpec> = {
  name: 'crp',
  enabled: true,
  conditions,
  provider: { forwardTo: 'others' },
  authentication: methods,
  accountingTo: 'others',
  rewritesUserName: { find: '@x$', replace: '@y' },
}
const networkPolicy: Required<NetworkPolicySpec> = {
  name: 'np',
  enabled: true,
  conditions,
  access: 'grant',
  ignoresDialIn: true,
  constraints: {
    authentication: methods,
    idleTimeout: seconds(300),
    sessionTimeout: seconds(3600),
    calledStationId: '203',
    dayAndTime: [weeklyHours],
    nasPortTypes: [5],
  } satisfies Required<NpsConstraints>,
  attributes: [{ name: 'Filter-Id', value: 'x' }],
  framedMtu: 1344,
  allowedCertificateOids: ['1.3.6.1.4.1.311.87'],
}
const { server: _, ...settings } = radiusServer
const elsewhere: Required<Omit<RadiusServerSpec, 'server'>> = {
  ...settings,
  address: 'radius.contoso.com',
}
export const nps: Required<NpsSpec> = {
  service: 'nps',
  certificate: 'ike',
  clients: [
    {
      name: 'vpn1',
      address: '10.0.0.0/24',
      secret: 's',
      enabled: true,
      vendor: 'microsoft',
      requiresMessageAuthenticator: true,
    } satisfies Required<RadiusClientSpec>,
  ],
  connectionRequestPolicies: [connectionRequestPolicy],
  networkPolicies: [networkPolicy],
  remoteGroups: { others: [radiusServer, elsewhere] },
  authenticationPorts: [1812],
  accountingPorts: [1813],
  accounting: {
    format: 'ias',
    diskFree: 1_000_000,
    discardsWhenLoggingFails: true,
  } satisfies Required<NpsAccountingSpec>,
  audit: { success: true, failure: false },
  requireMessageAuthenticator: true,
  limitProxyState: true,
  allowsClientRanges: true,
  firewallSidFixed: false,
  extension: 'discards',
  tlsMaximum: '1.3',
  eapTimeout: seconds(30),
  requestTime: { each: seconds(1), workers: 4, queue: 100 },
}
