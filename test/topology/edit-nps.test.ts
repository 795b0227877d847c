/** Edits of NPS and of gateways: each does what it says, throws where it would change nothing, and tells no secret. */
import { expect, test } from 'vitest'
import type { Edit } from '../../src/topology/edit.ts'
import {
  withConnectionRequestPolicy,
  withGatewayRadius,
  withNetworkPolicy,
  withNps,
  withoutConnectionRequestPolicy,
  withoutNetworkPolicy,
  withRadiusClient,
  withRadiusSecret,
  withRadiusServer,
} from '../../src/topology/edit-nps.ts'
import type { NpsSpec } from '../../src/topology/nps.ts'
import type { VpnGatewaySpec } from '../../src/topology/services.ts'
import { validateTopology } from '../../src/topology/validate.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

const VPN = 'Virtual Private Network (VPN) Connections'
const SECRET = 'correct horse'

function after(edit: Edit): { readonly nps: NpsSpec; readonly gateway: VpnGatewaySpec } {
  const changed = edit.apply(contoso)
  expect(validateTopology(changed)).toEqual([])
  const service = (node: string) => {
    const spec = changed.nodes[node]!
    return spec.kind === 'switch' ? undefined : spec.services?.[0]
  }
  return { nps: service('nps1') as NpsSpec, gateway: service('gateway') as VpnGatewaySpec }
}

test.for<[edit: Edit, name: string, nps: object]>([
  [
    withNps('nps1', { certificate: undefined, limitProxyState: true }),
    'NPS on nps1 changes (certificate, limitProxyState)',
    { limitProxyState: true },
  ],
  [
    withRadiusClient('nps1', 'VPN1', { address: '172.16.10.10' }),
    "NPS on nps1: RADIUS client 'VPN1' changes (address)",
    { clients: [{ name: 'VPN1', address: '172.16.10.10' }] },
  ],
  [
    withRadiusClient('nps1', 'VPN2', { address: '172.16.20.11', secret: SECRET }),
    "NPS on nps1: RADIUS client 'VPN2' changes (address, secret)",
    { clients: [{ name: 'VPN1' }, { name: 'VPN2', secret: SECRET }] },
  ],
  [
    withRadiusClient('nps1', 'VPN1', undefined),
    "NPS on nps1: RADIUS client 'VPN1' goes",
    { clients: [] },
  ],
  [
    withNetworkPolicy('nps1', VPN, { ignoresDialIn: true }),
    `NPS on nps1: network policy '${VPN}' changes (ignoresDialIn)`,
    { networkPolicies: [{ name: VPN, ignoresDialIn: true }] },
  ],
  [
    withNetworkPolicy('nps1', 'No', { access: 'deny' }),
    "NPS on nps1: network policy 'No' changes (access)",
    { networkPolicies: [{ name: 'No', access: 'deny' }, { name: VPN }] },
  ],
  [
    withoutNetworkPolicy('nps1', VPN),
    `NPS on nps1 loses network policy '${VPN}'`,
    { networkPolicies: [] },
  ],
  [
    withConnectionRequestPolicy('nps1', VPN, { enabled: false }),
    `NPS on nps1: connection request policy '${VPN}' changes (enabled)`,
    { connectionRequestPolicies: [{ name: VPN, enabled: false }] },
  ],
  [
    withConnectionRequestPolicy('nps1', 'all', { conditions: {}, provider: 'accept' }),
    "NPS on nps1: connection request policy 'all' changes (conditions, provider)",
    { connectionRequestPolicies: [{ name: 'all', provider: 'accept' }, { name: VPN }] },
  ],
  [
    withoutConnectionRequestPolicy('nps1', VPN),
    `NPS on nps1 loses connection request policy '${VPN}'`,
    { connectionRequestPolicies: [] },
  ],
])('%o', ([edit, name, nps]) => {
  expect(edit.name).toBe(name)
  expect(after(edit).nps).toMatchObject(nps)
})

test.for<[edit: Edit, name: string, gateway: object]>([
  [
    withRadiusSecret('gateway', SECRET),
    'gateway has another secret for its RADIUS server',
    { radius: [{ server: 'nps1', secret: SECRET }] },
  ],
  [
    withRadiusSecret('gateway', SECRET, { server: 'nps1' }),
    'gateway has another secret for RADIUS server nps1',
    { radius: [{ secret: SECRET }] },
  ],
  [
    withRadiusServer('gateway', { score: 10 }),
    'gateway changes its RADIUS server (score)',
    { radius: [{ server: 'nps1', score: 10 }] },
  ],
  [
    withGatewayRadius('gateway', [{ address: 'nps1.corp.contoso.com', secret: SECRET }]),
    'gateway asks nps1.corp.contoso.com',
    { radius: [{ address: 'nps1.corp.contoso.com' }] },
  ],
  [withGatewayRadius('gateway', []), 'gateway asks no RADIUS server', { radius: [] }],
])('%o', ([edit, name, gateway]) => {
  expect(edit.name).toBe(name)
  expect(edit.name).not.toContain(SECRET)
  expect(after(edit).gateway).toMatchObject(gateway)
})

test.for<[edit: Edit, told: string]>([
  [withNps('nps1', { certificate: 'nps' }), "'NPS on nps1 changes (certificate)' changes nothing"],
  [withNps('dc1', { limitProxyState: true }), "dc1 has no service 'nps'"],
  [withNps('nps2', { limitProxyState: true }), "there is no node 'nps2'; did you mean 'nps1'?"],
  [
    withRadiusClient('nps1', 'VPN2', { address: '10.0.0.1' }),
    "there is no RADIUS client of nps1 'VPN2'; did you mean 'VPN1'?",
  ],
  [
    withRadiusClient('nps1', 'VPN2', undefined),
    "there is no RADIUS client of nps1 'VPN2'; did you mean 'VPN1'?",
  ],
  [withNetworkPolicy('nps1', 'x', { enabled: false }), "there is no network policy of nps1 'x'"],
  [
    withConnectionRequestPolicy('nps1', 'x', { enabled: false }),
    "there is no connection request policy of nps1 'x'",
  ],
  [withoutNetworkPolicy('nps1', 'x'), "there is no network policy of nps1 'x'"],
  [
    withRadiusSecret('gateway', 'gateway-and-nps1'),
    "'gateway has another secret for its RADIUS server' changes nothing",
  ],
  [
    withRadiusSecret('gateway', SECRET, { server: 'nps2' }),
    "there is no RADIUS server of gateway 'nps2'; did you mean 'nps1'?",
  ],
  [withGatewayRadius('perimeterSwitch', []), "perimeterSwitch has no service 'vpn-gateway'"],
])('%o is refused: %s', ([edit, told]) => {
  expect(() => edit.apply(contoso)).toThrow(RangeError)
  expect(() => edit.apply(contoso)).toThrow(told)
})

test('among several servers the one to change must be named', () => {
  const two = withGatewayRadius<string, string, string>('gateway', [
    { server: 'nps1', secret: 'a' },
    { server: 'dc1', secret: 'b' },
  ]).apply(contoso)
  expect(() => withRadiusSecret<string, string, string>('gateway', 'c').apply(two)).toThrow(
    'gateway has 2 RADIUS servers',
  )
})
