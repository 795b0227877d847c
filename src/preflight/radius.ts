/**
 * Who asks whom for RADIUS in a topology, and from which address: what the rules on NPS look at. Plain reading, no judgement.
 * A server that is no node of the topology is left out.
 */
import {
  isIpv4,
  parseAddress,
  parseInterfaceAddress,
  parsePrefix,
  prefixContains,
  type Address,
} from '../base/address.ts'
import type { NpsSpec, RadiusClientSpec, RadiusServerSpec } from '../topology/nps.ts'
import type { HostSpec, FirewallSpec, InterfaceSpec, Topology } from '../topology/topology.ts'
import { withoutRecords } from '../topology/zone-text.ts'
import { addressOf, networksOf, vpnGatewaysOf, type FoundGateway } from './inventory.ts'

export interface FoundNps {
  readonly name: string
  readonly node: HostSpec | FirewallSpec
  readonly service: NpsSpec
  /** Into the topology. */
  readonly path: readonly (string | number)[]
}

/** A server that a gateway asks. */
export interface RadiusPair {
  readonly gateway: FoundGateway
  readonly spec: RadiusServerSpec
  /** Of `spec` in the topology. */
  readonly path: readonly (string | number)[]
  /** Name of the node that is asked. */
  readonly server: string
  /** The address of the gateway from which its packets come; undefined: no route leads there, or DHCP decides. */
  readonly source: string | undefined
}

export const npsServersOf = (topology: Topology): readonly FoundNps[] =>
  Object.entries(topology.nodes).flatMap(([name, node]) => {
    if (node.kind !== 'host' && node.kind !== 'firewall') return []
    return (node.services ?? []).flatMap((service, i) =>
      service.service === 'nps'
        ? [{ name, node, service, path: ['nodes', name, 'services', i] }]
        : [],
    )
  })

export const radiusPairsOf = (topology: Topology): readonly RadiusPair[] =>
  vpnGatewaysOf(topology).flatMap((gateway) => {
    const at = (gateway.node.services ?? []).indexOf(gateway.service)
    return (gateway.service.radius ?? []).flatMap((spec, i) => {
      const server = spec.server ?? nodeAt(topology, spec.address ?? '')
      if (server === undefined) return []
      const path = ['nodes', gateway.name, 'services', at, 'radius', i]
      return [{ gateway, spec, path, server, source: sourceTowards(topology, gateway, server) }]
    })
  })

/** The node that has an address, or whose computer account has a DNS name. */
export function nodeAt(topology: Topology, nameOrAddress: string): string | undefined {
  const wanted = parseAddress(nameOrAddress)
  return Object.entries(topology.nodes).find(([name, node]) => {
    if (node.kind === 'switch') return false
    if (wanted !== undefined) return addressesOf(node.interfaces).includes(wanted)
    return dnsNameOf(topology, name) === nameOrAddress.toLowerCase()
  })?.[0]
}

const dnsNameOf = ({ directory }: Topology, node: string): string | undefined =>
  directory === undefined
    ? undefined
    : (directory.computers?.[node]?.dnsName ?? `${node}.${directory.domain}`).toLowerCase()

const addressesOf = (interfaces: readonly InterfaceSpec[]): readonly Address[] =>
  interfaces
    .flatMap(({ address, alsoAt = [] }) => [address, ...alsoAt])
    .flatMap((written) => addressOf(written) ?? [])

/** Whether a DNS name has an A record in the zone of the topology that it belongs to; undefined: it belongs to none. */
export function hasRecord({ zones }: Topology, name: string): boolean | undefined {
  const zone = Object.values(zones)
    .filter(({ origin }) => `.${name}`.toLowerCase().endsWith(`.${origin}`.toLowerCase()))
    .toSorted((a, b) => b.origin.length - a.origin.length)[0]
  if (zone === undefined) return undefined
  const { text } = zone.file
  return ['A', 'CNAME'].some((type) => withoutRecords(text, zone.origin, name, type) !== text)
}

/** Whether NPS takes packets from `source` as those of this client. A name is taken for the node that has it. */
export function isClientAt(
  topology: Topology,
  { allowsClientRanges = true }: NpsSpec,
  { client, source, gateway }: { client: RadiusClientSpec; source: string; gateway: string },
): boolean {
  if (client.enabled === false) return false
  const { address } = client
  if (!address.includes('/')) {
    return parseAddress(address) === undefined
      ? nodeAt(topology, address) === gateway
      : address === source
  }
  const prefix = parsePrefix(address)
  const at = parseAddress(source)
  return allowsClientRanges && prefix.ok && at !== undefined && prefixContains(prefix.value, at)
}

/** Longest prefix first, as in a routing table; the address is that of the interface through which the packet leaves. */
function sourceTowards(
  topology: Topology,
  { node }: FoundGateway,
  server: string,
): string | undefined {
  const target = topology.nodes[server]
  if (target === undefined || target.kind === 'switch') return undefined
  const [to] = addressesOf(target.interfaces)
  if (to === undefined || !isIpv4(to)) return undefined
  const onLink = interfaceTowards(topology, node.interfaces, to)
  if (onLink !== undefined) return plainAddress(onLink)
  const route = (node.routes ?? [])
    .flatMap(({ to: prefix, via }) => {
      const parsed = parsePrefix(prefix)
      return parsed.ok && prefixContains(parsed.value, to)
        ? [{ length: parsed.value.length, via: parseAddress(via) }]
        : []
    })
    .toSorted((a, b) => b.length - a.length)[0]
  if (route === undefined) return plainAddress(node.interfaces.find(({ gateway }) => gateway))
  return route.via === undefined
    ? undefined
    : plainAddress(interfaceTowards(topology, node.interfaces, route.via))
}

function interfaceTowards(
  topology: Topology,
  interfaces: readonly InterfaceSpec[],
  to: Address,
): InterfaceSpec | undefined {
  const networks = networksOf(topology)
  return interfaces.find(({ network, address }) => {
    const own = address.includes('/') ? parseInterfaceAddress(address) : undefined
    const found =
      own?.ok === true ? own.value.prefix : networks.find(({ name }) => name === network)?.prefix
    return found !== undefined && prefixContains(found, to)
  })
}

function plainAddress(spec: InterfaceSpec | undefined): string | undefined {
  const [address] = spec?.address.split('/') ?? []
  return address === undefined || addressOf(address) === undefined ? undefined : address
}
