/**
 * Which address of a node does another node reach it by? Its own where routes lead there, else one that is forwarded to it.
 * Not reachability: filters are not asked. Only route tables are walked, so that a probe then shows what the filters say.
 */
import { formatIpv4, parseIpv4, parsePrefix, type Ipv4 } from '../base/address.ts'
import { PROTOCOL } from '../wire/ipv4.ts'
import type { NatRuleSpec, PortMatch } from '../topology/firewall.ts'
import { ipNodesOf, type Network } from './network.ts'
import type { Topology } from '../topology/topology.ts'

/** More routers than this in a row is a loop. */
const HOPS_MAX = 64

export interface Aim {
  readonly address: Ipv4
  /** The node that forwards this address to the target; absent: it is the target's own. */
  readonly forwardedBy?: string
}

export interface Wanted {
  readonly protocol: number
  /** Destination port, for UDP and TCP. */
  readonly port?: number
}

/**
 * The address to aim at from node `from` to reach node `to`. Own addresses that routes lead to come first, the fewest hops first;
 * then addresses forwarded to one of them; then, with no way at all, the first address it has. Undefined: it has none.
 */
export function aimAt(
  network: Network,
  topology: Topology,
  ends: { readonly from: string; readonly to: string },
  wanted: Wanted,
): Aim | undefined {
  const own = addressesOf(network, ends.to)
  const nearest = (aims: readonly Aim[]): Aim | undefined =>
    aims
      .map((aim) => ({ aim, hops: hopsTo(network, ends.from, aim.address) }))
      .filter((found) => found.hops !== undefined)
      .toSorted((a, b) => a.hops! - b.hops!)[0]?.aim
  return (
    nearest(own.map((address) => ({ address }))) ??
    nearest(forwardsTo(network, topology, own, wanted)) ??
    (own[0] === undefined ? undefined : { address: own[0] })
  )
}

/** Addresses that a node holds now, those that DHCP gave it included. */
export const addressesOf = (network: Network, node: string): readonly Ipv4[] =>
  network.stack(node).nics.flatMap((nic) => nic.address ?? [])

/** Routers on the way from a node to whoever has `address`; undefined: the routes do not lead there. */
function hopsTo(network: Network, from: string, address: Ipv4): number | undefined {
  let node = from
  for (let hops = 0; hops <= HOPS_MAX; hops++) {
    const stack = network.stack(node)
    if (stack.hasAddress(address)) return hops
    const route = stack.routeTo(address)
    if (route === undefined) return undefined
    const next = ownerOn(network, route.nic.name, route.via ?? address)
    if (next === undefined) return undefined
    node = next
  }
  return undefined
}

function ownerOn(network: Network, segment: string, address: Ipv4): string | undefined {
  for (const [name, stack] of network.stacks) {
    const isThere = (): boolean => stack.nics.some((nic) => nic.name === segment && nic.up)
    if (stack.hasAddress(address) && isThere()) return name
  }
  return undefined
}

/** Addresses at which somebody forwards `wanted` to one of `targets`. */
function forwardsTo(
  network: Network,
  topology: Topology,
  targets: readonly Ipv4[],
  wanted: Wanted,
): readonly Aim[] {
  const isTarget = (text: string): boolean => targets.includes(parseIpv4(text)!)
  return ipNodesOf(topology).flatMap(([node, spec]) => {
    if (spec.kind === 'nat-router') {
      const outside = network.stack(node).addressOf(spec.nat.outside)
      const isForwarded = (spec.nat.forwards ?? []).some(
        (forward) =>
          isTarget(forward.toAddress) &&
          wanted.port !== undefined &&
          (wanted.protocol === PROTOCOL.udp ? forward.udp : forward.tcp) === wanted.port,
      )
      return isForwarded && outside !== undefined ? [{ address: outside, forwardedBy: node }] : []
    }
    const filter = spec.kind === 'firewall' ? spec.filter : spec.firewall
    return (filter?.nat ?? [])
      .filter((rule) => rule.kind === 'dnat' && isTarget(rule.toAddress) && matches(rule, wanted))
      .flatMap((rule) => singleAddress(rule.destination) ?? [])
      .map((address) => ({ address, forwardedBy: node }))
  })
}

function matches(rule: NatRuleSpec, { protocol, port }: Wanted): boolean {
  const ports =
    protocol === PROTOCOL.udp ? rule.udp : protocol === PROTOCOL.tcp ? rule.tcp : undefined
  if (ports === undefined) return rule.udp === undefined && rule.tcp === undefined
  return ports.length === 0 || ports.some((each) => port !== undefined && covers(each, port))
}

const covers = (match: PortMatch, port: number): boolean =>
  typeof match === 'number' ? match === port : match[0] <= port && port <= match[1]

/** A rule for one address names it; one for a whole prefix names nobody in particular. */
function singleAddress(text: string | undefined): Ipv4 | undefined {
  if (text === undefined) return undefined
  const prefix = parsePrefix(text)
  const bare = prefix.ok && prefix.value.length === 32 ? text.split('/')[0]! : text
  return parseIpv4(bare)
}

/** `203.0.113.10:500/udp (gateway, by edgeFirewall)`. */
export function targetText(to: string, aim: Aim, wanted: Wanted): string {
  const address = formatIpv4(aim.address)
  const protocol =
    Object.entries(PROTOCOL).find(([, number]) => number === wanted.protocol)?.[0] ??
    String(wanted.protocol)
  const what =
    wanted.port === undefined ? `${address}/${protocol}` : `${address}:${wanted.port}/${protocol}`
  if (to === address) return what
  return aim.forwardedBy === undefined
    ? `${what} (${to})`
    : `${what} (${to}, by ${aim.forwardedBy})`
}
