/** Edits of the Contoso topology that the stories of NPS make: methods that are allowed, ports that are blocked, a second server. */
import {
  allow,
  allowEstablished,
  compose,
  deny,
  edit,
  host,
  nps,
  vpnConnectionRequestPolicy,
  vpnNetworkPolicy,
  withNetworkPolicy,
  withNode,
  type NetworkPolicySpec,
  type NpsSpec,
  type Topology,
} from 'sallyport'
import type { ContosoEdit } from './certificate-edits.ts'

/** As the wizard calls both of its policies. */
export const WIZARD = 'Virtual Private Network (VPN) Connections'
/** The policy of Windows' own that catches what no other has caught. */
export const DEFAULT_DENY = 'Connections to Microsoft Routing and Remote Access server'

type Methods = NonNullable<NonNullable<NetworkPolicySpec['constraints']>['authentication']>

/** The wizard's policy allows these methods instead of PEAP. */
export const allowing = (authentication: Methods): ContosoEdit =>
  withNetworkPolicy('nps1', WIZARD, { constraints: { authentication } })

export const PASSWORDS: Methods = {
  eap: [{ type: 'peap', inner: ['mschapv2'] }, { type: 'mschapv2' }],
  msChapV2: true,
  msChapV2PasswordChange: true,
  msChap: true,
  chap: true,
  pap: true,
}

/** The wizard's policy, with more than PEAP to prove oneself by. */
export const withPasswords = allowing(PASSWORDS)

/** dc1 has a firewall of its own, which drops these ports. */
export const blockedAtDc1 = (...tcp: readonly number[]): ContosoEdit =>
  withNode('dc1', `drops TCP ${tcp.join(', ')}`, (spec) =>
    spec.kind === 'host'
      ? {
          ...spec,
          firewall: {
            rules: [deny('blocked-at-dc1', { tcp })],
            otherwise: { input: { name: 'everything-else', verdict: 'accept' } },
          },
        }
      : spec,
  )

/** What gateways and NPS servers of the stories share. */
export const SECRETS = { nps1: 'gateway-and-nps1', nps2: 'gateway-and-nps2', hop: 'nps1-and-nps2' }

/** A second NPS beside the first, which decides as the first does and takes requests of the gateway and of nps1. */
export const withSecondNps = (change: Partial<NpsSpec> = {}): ContosoEdit =>
  compose(
    edit('nps2 is set up', (topology) => withNodes(topology, change)),
    edit('the inner firewall lets RADIUS through to nps2', openedForNps2),
  )

function withNodes<T extends Topology>(topology: T, change: Partial<NpsSpec>): T {
  const nps2 = host(
    { corp: { address: '10.10.0.9', gateway: '10.10.0.2', dns: ['10.10.0.6'] } },
    {
      os: 'windows-server-2022',
      trusts: ['rootCa'],
      intermediates: ['issuingCa'],
      services: [
        nps({
          clients: [
            { name: 'VPN1', address: '172.16.20.10', secret: SECRETS.nps2 },
            { name: 'NPS1', address: '10.10.0.7', secret: SECRETS.hop },
          ],
          connectionRequestPolicies: [vpnConnectionRequestPolicy()],
          networkPolicies: [
            vpnNetworkPolicy({
              group: 'VPN Users',
              constraints: { authentication: { ...PASSWORDS, eap: [] } },
            }),
          ],
          ...change,
        }),
      ],
      firewall: {
        rules: [
          allowEstablished('windows-replies'),
          allow('nps-radius', { udp: [1812, 1813, 1645, 1646] }),
        ],
        otherwise: { input: { name: 'windows-inbound-default', verdict: 'drop' } },
      },
    },
  )
  const groups = topology.directory?.groups ?? {}
  const registered = [...(groups['RAS and IAS Servers'] ?? []), 'nps2']
  return {
    ...topology,
    nodes: { ...topology.nodes, nps2 },
    directory: {
      ...topology.directory,
      groups: { ...groups, 'RAS and IAS Servers': registered },
    },
  }
}

function openedForNps2<T extends Topology>(topology: T): T {
  const firewall = topology.nodes['innerFirewall']
  if (firewall?.kind !== 'firewall') return topology
  const { filter } = firewall
  const rule = allow('radius-to-nps2', {
    from: 'perimeterInternal',
    source: '172.16.20.10',
    destination: '10.10.0.9',
    udp: [1812, 1813],
  })
  return {
    ...topology,
    nodes: {
      ...topology.nodes,
      innerFirewall: { ...firewall, filter: { ...filter, rules: [...filter.rules, rule] } },
    },
  }
}

/** A second server that allows EAP with passwords, too, and what is changed about it. */
export const beside = (change: Partial<NpsSpec> = {}): ContosoEdit =>
  compose(withPasswords, withSecondNps(change))

/** Address of the second server. */
export const NPS2 = '10.10.0.9'

type Told = { readonly events: readonly { readonly node: string; readonly id?: number }[] }

/** Numbers of what one host has logged, each once. */
export const logged = ({ events }: Told, node: string): readonly number[] => [
  ...new Set(events.flatMap((event) => (event.node === node ? (event.id ?? []) : []))),
]
