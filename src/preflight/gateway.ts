/**
 * The deployment guide's rules on where the VPN gateway stands and how its two adapters are set (TOPO-01 … TOPO-06, TOPO-11).
 * The outer adapter is the one with the default gateway.
 */
import { prefixContains, type Address } from '../base/address.ts'
import type { PortMatch } from '../topology/firewall.ts'
import type { InterfaceSpec, Topology } from '../topology/topology.ts'
import type { PreflightRule, TopologyFinding } from './finding.ts'
import { addressOf, networksOf, vpnGatewaysOf, type FoundGateway } from './inventory.ts'

const DEFAULT_ROUTE = '0.0.0.0/0'

/** TOPO-05, for every host: two default gateways send answers out of the wrong side. */
export const defaultGateways: PreflightRule = (topology) =>
  Object.entries(topology.nodes).flatMap(([name, node]): TopologyFinding[] => {
    if (node.kind === 'switch') return []
    const entered = node.interfaces
      .map((spec, i) => ({ spec, path: ['nodes', name, 'interfaces', i, 'gateway'] }))
      .filter(({ spec }) => spec.gateway !== undefined)
    const routes = (node.routes ?? [])
      .map((route, i) => ({ route, path: ['nodes', name, 'routes', i] }))
      .filter(({ route }) => route.to === DEFAULT_ROUTE)
    const second = [...entered, ...routes][1]
    if (second === undefined) return []
    const where = entered.map(({ spec }) => `${spec.gateway} on ${spec.network}`)
    const via = routes.map(({ route }) => `${route.via} by a route`)
    return [
      {
        rule: 'TOPO-05',
        severity: 'error',
        message: `${name} has more than one default gateway: ${[...where, ...via].join(', ')}`,
        fix: 'keep the one on the outer adapter; reach the inside by static routes',
        path: second.path,
      },
    ]
  })

/** A rule for each gateway, given its adapters. */
const forGateways =
  (
    judge: (gateway: FoundGateway, topology: Topology) => readonly TopologyFinding[],
  ): PreflightRule =>
  (topology) =>
    vpnGatewaysOf(topology).flatMap((gateway) => judge(gateway, topology))

const outerOf = ({ node }: FoundGateway): InterfaceSpec | undefined =>
  node.interfaces.find(({ gateway }) => gateway !== undefined)

const innerOf = (gateway: FoundGateway): readonly InterfaceSpec[] =>
  gateway.node.interfaces.filter((spec) => spec !== outerOf(gateway))

const interfacesPath = ({ name }: FoundGateway, i?: number): (string | number)[] => [
  'nodes',
  name,
  'interfaces',
  ...(i === undefined ? [] : [i]),
]

export const gatewayAdapters = forGateways((gateway) => {
  const { name, node } = gateway
  const networks = new Set(node.interfaces.map(({ network }) => network))
  const count = node.interfaces.length
  const base = { severity: 'warning', path: interfacesPath(gateway) } as const
  if (count !== 2)
    return [
      {
        ...base,
        rule: 'TOPO-02',
        message: `${name} has ${count} network adapter${count === 1 ? '' : 's'}; the tutorial has two`,
        fix: 'one adapter outside, one inside; a single one works, and rules are harder to write',
      },
    ]
  return networks.size === 2
    ? []
    : [
        {
          ...base,
          rule: 'TOPO-04',
          message: `both adapters of ${name} are on ${[...networks].join()}`,
          fix: 'put them into two subnets, one at each firewall',
        },
      ]
})

const firewallsOn = (topology: Topology, network: string): string[] =>
  Object.entries(topology.nodes)
    .filter(([, node]) => node.kind === 'firewall')
    .filter(
      ([, node]) => node.kind !== 'switch' && node.interfaces.some((i) => i.network === network),
    )
    .map(([name]) => name)

export const gatewayBetweenFirewalls = forGateways((gateway, topology) =>
  gateway.node.interfaces.flatMap(({ network }, i) =>
    firewallsOn(topology, network).length > 0
      ? []
      : [
          {
            rule: 'TOPO-01',
            severity: 'warning' as const,
            message: `no firewall stands on ${network}, to which ${gateway.name} is connected`,
            fix: 'put the gateway between an edge firewall and an inner firewall',
            path: interfacesPath(gateway, i),
          },
        ],
  ),
)

export const gatewayDns = forGateways((gateway) => {
  const outer = outerOf(gateway)
  if (outer?.dns === undefined || innerOf(gateway).length === 0) return []
  const i = gateway.node.interfaces.indexOf(outer)
  return [
    {
      rule: 'TOPO-06',
      severity: 'warning' as const,
      message: `${gateway.name} has DNS servers on its outer adapter (${outer.network})`,
      fix: 'enter the internal DNS servers on the inner adapter, and none outside',
      path: [...interfacesPath(gateway, i), 'dns'],
    },
  ]
})

/** RFC 1918 and RFC 6598: an address that nobody on the Internet can dial. */
const PRIVATE = ['10.', '192.168.', '100.64.'] as const
const isPrivate = (address: string): boolean =>
  PRIVATE.some((start) => address.startsWith(start)) || /^172\.(1[6-9]|2\d|3[01])\./.test(address)

const includesPort = (ports: readonly PortMatch[] | undefined, port: number): boolean =>
  ports !== undefined &&
  (ports.length === 0 ||
    ports.some((match) =>
      typeof match === 'number' ? match === port : match[0] <= port && port <= match[1],
    ))

/** Somebody translates this UDP port to `target`. */
function isForwarded(topology: Topology, target: string, port: number): boolean {
  return Object.values(topology.nodes).some((node) => {
    if (node.kind === 'nat-router')
      return (node.nat.forwards ?? []).some(
        ({ udp, toAddress, toPort }) =>
          udp !== undefined && toAddress === target && (toPort ?? udp) === port,
      )
    if (node.kind !== 'firewall') return false
    return (node.filter.nat ?? []).some(
      (rule) =>
        rule.kind === 'dnat' &&
        rule.toAddress === target &&
        (rule.toPort === port || (rule.toPort === undefined && includesPort(rule.udp, port))),
    )
  })
}

export const gatewayReachable = forGateways((gateway, topology) => {
  const outer = outerOf(gateway) ?? gateway.node.interfaces[0]
  const address = outer?.address.split('/')[0]
  if (outer === undefined || address === undefined || !isPrivate(address)) return []
  const i = gateway.node.interfaces.indexOf(outer)
  return [500, 4500]
    .filter((port) => !isForwarded(topology, address, port))
    .map((port) => ({
      rule: 'TOPO-03',
      severity: 'error' as const,
      message: `nobody forwards UDP ${port} to ${gateway.name} (${address}): clients get error 809`,
      fix: `on the edge firewall, translate UDP ${port} of the public address to ${address}`,
      path: interfacesPath(gateway, i),
    }))
})

/** TOPO-11: the servers that the gateway asks stand behind the inner firewall. */
export const radiusBehindInnerFirewall = forGateways((gateway, topology) => {
  const perimeter = new Set(gateway.node.interfaces.map(({ network }) => network))
  const prefixes = networksOf(topology).filter(({ name }) => perimeter.has(name))
  const inPerimeter = (address: Address): boolean =>
    prefixes.some(({ prefix }) => prefixContains(prefix, address))
  return (gateway.service.radius ?? []).flatMap(({ server }) => {
    const node = server === undefined ? undefined : topology.nodes[server]
    if (node === undefined || node.kind === 'switch') return []
    return node.interfaces.flatMap((spec, i) => {
      const address = addressOf(spec.address)
      if (address === undefined || !inPerimeter(address)) return []
      return [
        {
          rule: 'TOPO-11',
          severity: 'warning' as const,
          message: `${server} stands in the perimeter (${spec.network}), beside ${gateway.name}`,
          fix: 'put RADIUS servers, domain controllers and authorities behind the inner firewall',
          path: ['nodes', server!, 'interfaces', i],
        },
      ]
    })
  })
})
