/** Each finding once, in a topology that is right but for one thing; and the right one has none. */
import { expect, test } from 'vitest'
import { preflight } from '../../src/preflight/preflight.ts'
import { allow, deny, type RuleSpec } from '../../src/topology/firewall.ts'
import { nps, vpnNetworkPolicy } from '../../src/topology/nps.ts'
import { vpnGateway } from '../../src/topology/services.ts'
import {
  ethernetSwitch,
  firewall,
  host,
  topology,
  type InterfaceShorthand,
  type Topology,
} from '../../src/topology/topology.ts'

interface Change {
  readonly outer?: InterfaceShorthand
  readonly inner?: InterfaceShorthand
  readonly corpPrefix?: string
  readonly nps?: string
  readonly allows?: readonly ('dmz' | 'inside')[]
  readonly rules?: readonly RuleSpec<'internet' | 'dmz'>[]
  readonly ports?: readonly number[]
}

/** Lets in by certificate whoever comes from the two perimeter networks. */
const radius = nps({
  certificate: 'nps',
  clients: [{ name: 'vpn1', address: '172.16.0.0/16', secret: 's' }],
  networkPolicies: [vpnNetworkPolicy({ group: 'Domain Users' })],
})

/** internet ─ edge ─ dmz ─ gateway ─ inside ─ inner ─ corp: nps */
function site(change: Change = {}): Topology {
  const built = topology({
    name: 'site',
    start: '2026-03-02T08:00:00Z',
    networks: {
      internet: '203.0.113.0/24',
      dmz: { prefix: '172.16.10.0/24', vlan: 10 },
      inside: { prefix: '172.16.20.0/24', vlan: 20 },
      corp: change.corpPrefix ?? '10.10.0.0/24',
    },
    nodes: {
      edge: firewall(
        { internet: '203.0.113.1', dmz: '172.16.10.1' },
        {
          filter: {
            rules: change.rules ?? [allow('ike', { udp: [500, 4500] }), deny('rest')],
            nat: [
              {
                kind: 'dnat',
                name: 'publish',
                destination: '203.0.113.1',
                udp: change.ports ?? [500, 4500],
                toAddress: '172.16.10.10',
              },
            ],
          },
        },
      ),
      gateway: host(
        {
          dmz: change.outer ?? { address: '172.16.10.10', gateway: '172.16.10.1' },
          inside: change.inner ?? '172.16.20.10',
        },
        { services: [vpnGateway({ radius: [{ server: 'nps', secret: 's' }] })] },
      ),
      inner: firewall(
        { inside: '172.16.20.1', corp: '10.10.0.1' },
        { filter: { rules: [], otherwise: { forward: { name: 'open', verdict: 'accept' } } } },
      ),
      nps: host(
        { corp: change.nps ?? '10.10.0.7' },
        { services: [radius], certificates: [{ name: 'nps' }] },
      ),
      vmSwitch: ethernetSwitch({
        networks: ['dmz', 'inside'],
        trunks: [{ to: 'gateway', allows: change.allows ?? ['dmz', 'inside'] }],
      }),
    },
  })
  return built
}

test('a site as the guide wants it has no finding', () => {
  expect(preflight(site())).toEqual([])
})

test.for<[string, Change, string, readonly (string | number)[]]>([
  [
    'two default gateways',
    { inner: { address: '172.16.20.10', gateway: '172.16.20.1' } },
    'TOPO-05 error',
    ['nodes', 'gateway', 'interfaces', 1, 'gateway'],
  ],
  [
    'DNS servers on the outer adapter',
    { outer: { address: '172.16.10.10', gateway: '172.16.10.1', dns: ['10.10.0.6'] } },
    'TOPO-06 warning',
    ['nodes', 'gateway', 'interfaces', 0, 'dns'],
  ],
  [
    'a default gateway on another network',
    { outer: { address: '172.16.10.10', gateway: '172.16.11.1' } },
    'NET-03 error',
    ['nodes', 'gateway', 'interfaces', 0, 'gateway'],
  ],
  [
    'a duplicate address',
    { inner: { address: '172.16.20.10', alsoAt: ['172.16.20.1'] } },
    'NET-01 error',
    ['nodes', 'inner', 'interfaces', 0, 'address'],
  ],
  [
    'a network inside another',
    { corpPrefix: '172.16.20.128/25' },
    'NET-02 error',
    ['networks', 'corp', 'prefix'],
  ],
  [
    'a VLAN that the trunk does not carry',
    { allows: ['dmz'] },
    'NET-04 error',
    ['nodes', 'vmSwitch', 'trunks', 0, 'allows'],
  ],
  [
    'a port that nobody forwards',
    { ports: [500] },
    'TOPO-03 error',
    ['nodes', 'gateway', 'interfaces', 0],
  ],
  [
    'a rule behind one that takes everything',
    { rules: [deny('rest'), allow('ike', { udp: [500, 4500] })] },
    'FW-01 warning',
    ['nodes', 'edge', 'filter', 'rules', 1],
  ],
  [
    'two rules of one name',
    { rules: [allow('ike', { udp: [500] }), allow('ike', { udp: [4500] })] },
    'FW-02 warning',
    ['nodes', 'edge', 'filter', 'rules', 1, 'name'],
  ],
])('%s', ([, change, expected, path]) => {
  const findings = preflight(site(change))
  const told = findings.map(({ rule, severity }) => `${rule} ${severity}`)
  expect(told).toEqual([expected])
  expect(findings[0]!.path).toEqual(path)
})

test('a gateway with one adapter is a warning, not an error', () => {
  const one = topology({
    name: 'one',
    start: '2026-03-02T08:00:00Z',
    networks: { dmz: '203.0.113.0/24' },
    nodes: {
      edge: firewall({ dmz: '203.0.113.1' }, { filter: { rules: [] } }),
      gateway: host(
        { dmz: { address: '203.0.113.10', gateway: '203.0.113.1' } },
        { services: [vpnGateway()] },
      ),
    },
  })
  expect(preflight(one as unknown as Topology)).toMatchObject([
    { rule: 'TOPO-02', severity: 'warning' },
  ])
})
