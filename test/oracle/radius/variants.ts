/** What is changed about the topology for a group of cases: each is an edit of the one in `topology.ts`, and a server of its own. */
import { days } from '../../../src/base/time.ts'
import {
  compose,
  edit,
  withAuthority,
  withCertificate,
  withoutCrl,
  type Edit,
} from '../../../src/topology/edit.ts'
import { withoutNtAuth } from '../../../src/topology/edit-directory.ts'
import {
  WEEKDAYS,
  type AuthenticationMethods,
  type ConnectionRequestPolicySpec,
  type EapTypeSpec,
  type NetworkPolicySpec,
  type NpsSpec,
  type Weekday,
} from '../../../src/topology/nps.ts'
import type { ServiceSpec } from '../../../src/topology/services.ts'
import type { HostSpec } from '../../../src/topology/topology.ts'

const isNps = (service: ServiceSpec): service is NpsSpec => service.service === 'nps'

const withNps = (name: string, change: (spec: NpsSpec) => NpsSpec): Edit =>
  edit(name, (topology) => {
    const node = topology.nodes['nps'] as HostSpec
    const services = (node.services ?? []).map((each) => (isNps(each) ? change(each) : each))
    return { ...topology, nodes: { ...topology.nodes, nps: { ...node, services } } }
  })

const withPolicy = (name: string, change: Partial<NetworkPolicySpec>): Edit =>
  withNps(name, (spec) => ({
    ...spec,
    networkPolicies: (spec.networkPolicies ?? []).map((policy) => ({ ...policy, ...change })),
  }))

const withRequestPolicy = (name: string, change: Partial<ConnectionRequestPolicySpec>): Edit =>
  withNps(name, (spec) => ({
    ...spec,
    connectionRequestPolicies: (spec.connectionRequestPolicies ?? []).map((policy) => ({
      ...policy,
      ...change,
    })),
  }))

const withMethods = (name: string, authentication: AuthenticationMethods): Edit =>
  withPolicy(name, { constraints: { authentication } })

const withEap = (name: string, ...eap: readonly EapTypeSpec[]): Edit => withMethods(name, { eap })

const TLS: EapTypeSpec = { type: 'tls' }
/** FreeRADIUS changes no password. */
const NO_CHANGE = { allowsPasswordChange: false } as const
const MSCHAPV2: EapTypeSpec = { type: 'mschapv2', ...NO_CHANGE }
const VPN = { nasPortType: [5], userGroups: ['VPN Users'] }

/** All days but that on which it is `start`, and both of its neighbours: midnight may pass meanwhile. */
function otherDays(start: string): readonly Weekday[] {
  const today = new Date(start).getUTCDay()
  return WEEKDAYS.filter((_, day) => ![0, 1, 6].includes((day - today + 7) % 7))
}

/** By name; `base` is the topology as it stands. `start` is the topology's. */
export const variantsOf = (start: string) =>
  ({
    base: undefined,
    'eap-tls': withEap('EAP-TLS alone', TLS),
    'eap-tls-1.3': compose(
      withEap('EAP-TLS alone', TLS),
      withNps('NPS speaks TLS 1.3', (spec) => ({ ...spec, tlsMaximum: '1.3' })),
    ),
    'eap-mschapv2': withEap('EAP-MSCHAPv2 alone', MSCHAPV2),
    'peap-mschapv2': withEap('PEAP with a password', {
      type: 'peap',
      inner: ['mschapv2'],
      ...NO_CHANGE,
    }),
    'every-eap': withEap(
      'every EAP type',
      { type: 'peap', inner: ['tls', 'mschapv2'], ...NO_CHANGE },
      TLS,
      MSCHAPV2,
    ),
    passwords: withMethods('passwords without EAP', {
      pap: true,
      chap: true,
      msChap: true,
      msChapV2: true,
    }),
    'ms-chap-v2-only': withMethods('MS-CHAP v2 alone', { msChapV2: true }),
    'policy-denies': withPolicy('the policy denies', { access: 'deny' }),
    'ignores-dial-in': withPolicy('dial-in pages are ignored', { ignoresDialIn: true }),
    'other-days': withPolicy('on other days', {
      conditions: { ...VPN, dayAndTime: [{ days: otherDays(start) }] },
    }),
    'constrained-days': withPolicy('constrained to other days', {
      constraints: {
        authentication: { eap: [{ type: 'peap', inner: ['tls'] }] },
        dayAndTime: [{ days: otherDays(start) }],
      },
    }),
    'called-station': withPolicy('one called station', {
      conditions: { ...VPN, calledStationId: '^203\\.0\\.113\\.10$', nasIdentifier: 'VPN\\d+' },
    }),
    'hidden-identity': withRequestPolicy('the request policy authenticates', {
      authentication: { eap: [{ type: 'peap', inner: ['tls', 'mschapv2'] }] },
    }),
    'accepts-all': withRequestPolicy('nobody validates credentials', { provider: 'accept' }),
    'not-in-nt-auth': withoutNtAuth('issuingCa'),
    'list-gone': withoutCrl('issuingCa'),
    'list-expired': withAuthority('issuingCa', {
      crl: { thisUpdate: days(-30), validFor: days(10) },
    }),
    'fragments-300': withPolicy('Framed-MTU 300', { framedMtu: 300 }),
    'fragments-1344': withPolicy('Framed-MTU 1344', { framedMtu: 1344 }),
    'smart-card-only': withPolicy('only smart cards', {
      allowedCertificateOids: ['1.3.6.1.4.1.311.20.2.2'],
    }),
    'client-authentication-only': withPolicy('only client authentication', {
      allowedCertificateOids: ['1.3.6.1.5.5.7.3.2'],
    }),
    'authenticated-requests': compose(
      withNps('Message-Authenticator is required', (spec) => ({
        ...spec,
        requireMessageAuthenticator: true,
      })),
      withMethods('PAP', { pap: true }),
    ),
    'disk-full': withNps('the disk of the log is full', (spec) => ({
      ...spec,
      accounting: { diskFree: 0 },
    })),
    'extension-rejects': withNps('an extension rejects', (spec) => ({
      ...spec,
      extension: 'rejects',
    })),
    'extension-discards': withNps('an extension discards', (spec) => ({
      ...spec,
      extension: 'discards',
    })),
    'no-policy': withNps('no network policy', (spec) => ({ ...spec, networkPolicies: [] })),
    'no-certificate': withNps('NPS has no certificate', (spec) => ({
      ...spec,
      certificate: 'autoenrolled',
    })),
    'client-certificate': withCertificate('nps', 'nps', { eku: ['clientAuth'] }),
    'expired-certificate': withCertificate('nps', 'nps', {
      validFrom: days(-100),
      validFor: days(50),
    }),
  }) as const satisfies Readonly<Record<string, Edit | undefined>>

export type Variant = keyof ReturnType<typeof variantsOf>
