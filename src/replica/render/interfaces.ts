/**
 * The interfaces of a node as lines for `ip -batch`: addresses, routes, MTU. A replica's cables are plugged in the order of the topology, so that the
 * first is `eth0`. Not DHCP: a host that asks for its address has one of the pool here. What Linux cannot say is returned as lines for people.
 */
import { formatIpv4, parseIpv4, parsePrefix, type Ipv4 } from '../../base/address.ts'
import { DHCP, ipNodesOf, type IpNodeSpec } from '../../lab/network.ts'
import type { DhcpServerSpec } from '../../topology/services.ts'
import type { InterfaceSpec, NetworkSpec, Topology } from '../../topology/topology.ts'

/** An interface with all that DHCP would have filled in. */
export interface PluggedInterface {
  /** `eth0`, as Linux calls it. */
  readonly device: string
  readonly network: string
  /** `192.0.2.10/24`, its own first. None: nobody serves addresses there. */
  readonly addresses: readonly string[]
  readonly gateway?: string
  readonly dns: readonly string[]
  readonly metric?: number
  readonly mtu?: number
}

export const deviceName = (place: number): string => `eth${place}`

/** Leases of a topology in which the nodes of `among` alone ask for addresses. */
export class Leases {
  readonly #topology: Topology
  /** `node network` → address. */
  readonly #given = new Map<string, string>()

  constructor(topology: Topology, among: ReadonlySet<string>) {
    this.#topology = topology
    const nodes = ipNodesOf(topology)
    const taken = new Set(
      nodes.flatMap(([, { interfaces }]) =>
        interfaces.flatMap(({ address, alsoAt = [] }) =>
          [address, ...alsoAt].map((each) => each.split('/')[0]!),
        ),
      ),
    )
    for (const [name, { interfaces }] of nodes) {
      if (!among.has(name)) continue
      for (const { address, network } of interfaces) {
        if (address !== DHCP) continue
        const free = freeAddress(this.serverOn(network), taken)
        if (free === undefined) continue
        taken.add(free)
        this.#given.set(`${name} ${network}`, free)
      }
    }
  }

  serverOn(network: string): DhcpServerSpec | undefined {
    return ipNodesOf(this.#topology)
      .flatMap(([, { services = [] }]) => services)
      .find(
        (each): each is DhcpServerSpec =>
          each.service === 'dhcp-server' && each.network === network,
      )
  }

  addressOf(node: string, network: string): string | undefined {
    return this.#given.get(`${node} ${network}`)
  }
}

function freeAddress(
  server: DhcpServerSpec | undefined,
  taken: ReadonlySet<string>,
): string | undefined {
  const [first, last] = (server?.pool ?? []).map(parseIpv4)
  if (first === undefined || last === undefined) return undefined
  for (let at: number = first; at <= last; at++) {
    const text = formatIpv4(at as Ipv4)
    if (!taken.has(text)) return text
  }
  return undefined
}

/** The interfaces of a node, in order. */
export function plugged(
  topology: Topology,
  node: string,
  spec: IpNodeSpec,
  leases: Leases,
): readonly PluggedInterface[] {
  return spec.interfaces.map((nic, place) => {
    const network = topology.networks[nic.network]
    const common = {
      device: deviceName(place),
      network: nic.network,
      ...(nic.metric !== undefined && { metric: nic.metric }),
      ...(network?.mtu !== undefined && { mtu: network.mtu }),
    }
    if (nic.address !== DHCP) {
      const written = [nic.address, ...(nic.alsoAt ?? [])]
      return {
        ...common,
        addresses: written.map((text) => withLength(text, network)),
        ...(nic.gateway !== undefined && { gateway: nic.gateway }),
        dns: nic.dns ?? [],
      }
    }
    const address = leases.addressOf(node, nic.network)
    const server = address === undefined ? undefined : leases.serverOn(nic.network)
    const gateway = nic.gateway ?? server?.router
    return {
      ...common,
      addresses: address === undefined ? [] : [withLength(address, network)],
      ...(gateway !== undefined && { gateway }),
      dns: nic.dns ?? server?.dns ?? [],
    }
  })
}

function withLength(text: string, network: NetworkSpec | undefined): string {
  if (text.includes('/') || network === undefined) return text
  const prefix = parsePrefix(network.prefix)
  return prefix.ok ? `${text}/${prefix.value.length}` : text
}

/** For `ip -batch`. What an engine gave the interfaces goes first. */
export function interfacesFile(
  interfaces: readonly PluggedInterface[],
  routes: IpNodeSpec['routes'] = [],
): string {
  const metricOf = (metric: number | undefined): string =>
    metric === undefined ? '' : ` metric ${metric}`
  const lines = [
    ...interfaces.flatMap(({ device, addresses, mtu }) => [
      `address flush dev ${device}`,
      ...addresses.map((address) => `address add ${address} brd + dev ${device}`),
      `link set ${device}${mtu === undefined ? '' : ` mtu ${mtu}`} up`,
    ]),
    ...interfaces.flatMap(({ device, gateway, metric }) =>
      gateway === undefined
        ? []
        : [`route add default via ${gateway} dev ${device}${metricOf(metric)}`],
    ),
    ...routes.map(({ to, via, metric }) => `route add ${to} via ${via}${metricOf(metric)}`),
  ]
  return `${lines.join('\n')}\n`
}

/** `resolv.conf`; undefined: the node asks nobody. The C library takes three servers and no more. */
export function resolverFile(interfaces: readonly PluggedInterface[]): string | undefined {
  const servers = [...new Set(interfaces.flatMap(({ dns }) => dns))].slice(0, 3)
  return servers.length === 0
    ? undefined
    : servers.map((server) => `nameserver ${server}\n`).join('')
}

/** Qualities of the links that a bridge does not have, and trunks, in lines for people. */
export function linksNotRendered(
  topology: Topology,
  networks: readonly string[],
): readonly string[] {
  const tell = (network: string, what: string): string => `network ${network}: no ${what}`
  return networks.flatMap((name) => {
    const spec = topology.networks[name]
    if (spec === undefined) return []
    const qualities = (['latency', 'jitter', 'loss', 'bandwidth'] as const).filter(
      (quality) => spec[quality] !== undefined && spec[quality] !== 0,
    )
    return [
      ...(qualities.length === 0 ? [] : [tell(name, qualities.join(', '))]),
      ...(spec.vlan === undefined ? [] : [tell(name, `VLAN ${spec.vlan}: a bridge of its own`)]),
    ]
  })
}

/** IFNAMSIZ without its last octet. */
const DEVICE_NAME_MAX = 15

/** As nftables is to call the interface on a network. */
export const deviceOn =
  (interfaces: readonly InterfaceSpec[]) =>
  (network: string): string => {
    const place = interfaces.findIndex((each) => each.network === network)
    // A rule may name a network that the node is not on: it never matches.
    return place < 0 ? `no-${network}`.slice(0, DEVICE_NAME_MAX) : deviceName(place)
  }
