/** The rules on NPS: each finding once, in the Contoso deployment with one thing changed; as it stands it has none. */
import { expect, test } from 'vitest'
import { hours } from '../../src/base/time.ts'
import { preflight } from '../../src/preflight/preflight.ts'
import { compose, withInterface, withNode, type Edit } from '../../src/topology/edit.ts'
import { withMember, withoutMember, withUser } from '../../src/topology/edit-directory.ts'
import {
  withConnectionRequestPolicy,
  withGatewayRadius,
  withNetworkPolicy,
  withNps,
  withoutNetworkPolicy,
  withRadiusClient,
  withRadiusSecret,
} from '../../src/topology/edit-nps.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

const VPN = 'Virtual Private Network (VPN) Connections'
const SECRET = 'gateway-and-nps1'
const DEFAULT_CRP = 'Use Windows authentication for all users'
const NPS = ['nodes', 'nps1', 'services', 0]
const RADIUS = ['nodes', 'gateway', 'services', 0, 'radius', 0]

test('the Contoso deployment has no finding', () => {
  expect(preflight(contoso)).toEqual([])
})

test.for<
  [
    what: string,
    edit: Edit,
    found: readonly (readonly [
      rule: string,
      severity: string,
      message: string,
      path: readonly (string | number)[],
    ])[],
  ]
>([
  [
    'a gateway that asks a server without the role',
    withGatewayRadius('gateway', [{ server: 'files', secret: SECRET }]),
    [['NPS-01', 'error', 'gateway asks files, which has no Network Policy Server', RADIUS]],
  ],
  [
    'a server that is not registered',
    withoutMember('RAS and IAS Servers', 'nps1'),
    [['NPS-02', 'error', 'nps1 is not in RAS and IAS Servers', NPS]],
  ],
  [
    'the same where nobody reads dial-in properties',
    compose(
      withoutMember('RAS and IAS Servers', 'nps1'),
      withNetworkPolicy('nps1', VPN, { ignoresDialIn: true }),
    ),
    [['NPS-02', 'warning', 'nps1 is not in RAS and IAS Servers', NPS]],
  ],
  [
    'a client entry for the outer adapter',
    withRadiusClient('nps1', 'VPN1', { address: '172.16.10.10' }),
    [
      [
        'NPS-03',
        'error',
        "does not know 172.16.20.10, from which gateway sends: the entry 'VPN1' has 172.16.10.10",
        [...NPS, 'clients', 0, 'address'],
      ],
    ],
  ],
  [
    'a client entry that is disabled',
    withRadiusClient('nps1', 'VPN1', { enabled: false }),
    [['NPS-03', 'error', "the entry 'VPN1' is disabled", [...NPS, 'clients', 0, 'address']]],
  ],
  [
    'no client entry',
    withRadiusClient('nps1', 'VPN1', undefined),
    [['NPS-03', 'error', 'no entry has it', [...NPS, 'clients']]],
  ],
  [
    'a range that the edition does not take',
    compose(
      withRadiusClient('nps1', 'VPN1', { address: '172.16.20.0/24' }),
      withNps('nps1', { allowsClientRanges: false }),
    ),
    [['NPS-03', 'error', 'does not know 172.16.20.10', [...NPS, 'clients']]],
  ],
  ['a range that it takes', withRadiusClient('nps1', 'VPN1', { address: '172.16.20.0/24' }), []],
  [
    'a client by its name',
    withRadiusClient('nps1', 'VPN1', { address: 'gateway.corp.contoso.com' }),
    [],
  ],
  [
    'another secret',
    withRadiusSecret('gateway', 'gateway-and-nps1 '),
    [['RAS-03', 'error', 'gateway and nps1 do not share a secret', [...RADIUS, 'secret']]],
  ],
  [
    'a proxy with another secret',
    withNps('nps1', { remoteGroups: { others: [{ server: 'nps1', secret: 'x' }] } }),
    [
      [
        'NPS-04',
        'error',
        'forwards to nps1 with a secret that none of its clients has',
        [...NPS, 'remoteGroups', 'others', 0, 'secret'],
      ],
    ],
  ],
  [
    'no connection request policy',
    compose(
      withConnectionRequestPolicy('nps1', VPN, { enabled: false }),
      withConnectionRequestPolicy('nps1', DEFAULT_CRP, { conditions: {}, enabled: false }),
    ),
    [
      [
        'NPS-05',
        'error',
        'no connection request policy that is enabled',
        [...NPS, 'connectionRequestPolicies'],
      ],
    ],
  ],
  [
    'no network policy that grants',
    withoutNetworkPolicy('nps1', VPN),
    [
      [
        'NPS-06',
        'error',
        'no network policy that is enabled and grants access',
        [...NPS, 'networkPolicies'],
      ],
    ],
  ],
  [
    'a condition that the gateway does not meet',
    withNetworkPolicy('nps1', VPN, {
      conditions: { nasPortType: [19], userGroups: ['VPN Users'] },
    }),
    [
      [
        'NPS-06',
        'error',
        'matches ada: NAS Port Type is 5, 19 is wanted',
        [...NPS, 'networkPolicies'],
      ],
      [
        'NPS-06',
        'error',
        'matches bob: NAS Port Type is 5, 19 is wanted',
        [...NPS, 'networkPolicies'],
      ],
    ],
  ],
  [
    'a condition on who calls, which nobody knows beforehand',
    withNetworkPolicy('nps1', VPN, { conditions: { callingStationId: '^203' } }),
    [],
  ],
  [
    'no certificate selected',
    withNps('nps1', { certificate: undefined }),
    [
      [
        'NPS-07',
        'error',
        'has no certificate for PEAP',
        [...NPS, 'networkPolicies', 0, 'constraints', 'authentication', 'eap', 0],
      ],
    ],
  ],
  [
    'a certificate that is gone',
    withNps('nps1', { certificate: 'gone' }),
    [
      [
        'NPS-07',
        'error',
        "'gone', which is not there",
        [...NPS, 'networkPolicies', 0, 'constraints', 'authentication', 'eap', 0],
      ],
    ],
  ],
  [
    'Windows Server 2019 without the fix',
    compose(
      withNode(
        'nps1',
        'runs Windows Server 2019',
        (spec) => ({ ...spec, os: 'windows-server-2019' }) as typeof spec,
      ),
      withNps('nps1', { firewallSidFixed: false }),
    ),
    [['NPS-08', 'error', 'drops RADIUS though its rules allow it', [...NPS, 'firewallSidFixed']]],
  ],
  ['a later server without it', withNps('nps1', { firewallSidFixed: false }), []],
  [
    'a policy that takes passwords without EAP',
    withNetworkPolicy('nps1', VPN, {
      constraints: { authentication: { eap: [{ type: 'tls' }], msChapV2: true } },
    }),
    [
      ['NPS-09', 'warning', 'CVE-2024-3596', [...NPS, 'networkPolicies', 0]],
      ['NPS-10', 'warning', 'lets in by password', [...NPS, 'networkPolicies', 0]],
    ],
  ],
  [
    'the same where Message-Authenticator is demanded',
    compose(
      withNetworkPolicy('nps1', VPN, {
        constraints: { authentication: { eap: [{ type: 'tls' }], pap: true } },
      }),
      withNps('nps1', { requireMessageAuthenticator: true }),
    ),
    [],
  ],
  [
    'PEAP with a password inside',
    withNetworkPolicy('nps1', VPN, {
      constraints: { authentication: { eap: [{ type: 'peap', inner: ['tls', 'mschapv2'] }] } },
    }),
    [['NPS-10', 'warning', 'lets in by password', [...NPS, 'networkPolicies', 0]]],
  ],
  [
    'a RADIUS server whose name is not in DNS',
    withGatewayRadius('gateway', [{ address: 'nps9.corp.contoso.com', secret: SECRET }]),
    [['RAS-02', 'error', 'the zone has no such name', [...RADIUS, 'address']]],
  ],
  [
    'one whose name is',
    withGatewayRadius('gateway', [{ address: 'nps1.corp.contoso.com', secret: SECRET }]),
    [],
  ],
  [
    'a user outside the group',
    withNetworkPolicy('nps1', VPN, {
      conditions: { userGroups: ['VPN Servers'], nasPortType: [5] },
    }),
    [
      ['AD-02', 'error', 'ada is not in VPN Servers', ['directory', 'groups']],
      ['AD-02', 'error', 'bob is not in VPN Servers', ['directory', 'groups']],
    ],
  ],
  [
    'a server outside its group',
    withoutMember('NPS Servers', 'nps1'),
    [['AD-04', 'warning', 'nps1 is not in NPS Servers', ['directory', 'groups', 'NPS Servers']]],
  ],
  [
    'a group that nobody is in',
    compose(
      withMember('Nobody', 'ada'),
      withoutMember('Nobody', 'ada'),
      withNetworkPolicy('nps1', VPN, { conditions: { machineGroups: ['Nobody'] } }),
    ),
    [
      [
        'AD-01',
        'warning',
        'wants Nobody, in which nobody is',
        [...NPS, 'networkPolicies', 0, 'conditions', 'machineGroups'],
      ],
    ],
  ],
  [
    'a user whose dial-in page denies',
    withUser('bob', { dialIn: 'deny' }),
    [
      [
        'AD-07',
        'error',
        'the dial-in page of bob denies access',
        ['directory', 'users', 'bob', 'dialIn'],
      ],
    ],
  ],
])('%s', ([, edit, found]) => {
  const findings = preflight(edit.apply(contoso)).filter(({ rule }) => rule !== 'ENR-01')
  expect(findings.map(({ rule, severity, path }) => [rule, severity, path])).toEqual(
    found.map(([rule, severity, , path]) => [rule, severity, path]),
  )
  found.forEach(([, , message], i) => expect(findings[i]!.message).toContain(message))
})

test.for<[change: Parameters<typeof withUser>[1], state: string]>([
  [{ disabled: true }, 'disabled'],
  [{ locked: true }, 'locked out'],
  [{ expires: hours(-1) }, 'expired'],
])('an account that is %j', ([change, state]) => {
  const findings = preflight(withUser<string, string, string>('ada', change).apply(contoso))
  expect(findings).toContainEqual(
    expect.objectContaining({
      rule: 'AD-06',
      message: `the account of ada is ${state}: NPS denies it`,
    }),
  )
})

test('packets leave by the longest route: a gateway without one sends from its outer adapter', () => {
  const bare = withNode<string, string, string>('gateway', 'has no routes', (spec) =>
    spec.kind === 'host' ? { ...spec, routes: [] } : spec,
  ).apply(contoso)
  expect(preflight(bare)).toContainEqual(
    expect.objectContaining({ rule: 'NPS-03', message: expect.stringContaining('172.16.10.10') }),
  )
  const moved = withInterface<string, string, string>('gateway', 'perimeterInternal', {
    address: '172.16.20.11',
  }).apply(contoso)
  expect(preflight(moved)).toContainEqual(
    expect.objectContaining({ rule: 'NPS-03', message: expect.stringContaining('172.16.20.11') }),
  )
})

test('no finding tells a secret', () => {
  const told = JSON.stringify(
    preflight(withRadiusSecret<string, string, string>('gateway', 'correct horse').apply(contoso)),
  )
  expect(told).not.toContain('correct horse')
  expect(told).not.toContain(SECRET)
})
