/**
 * The address by which the Internet sees a node: its own, or that of the last router which translates it on the way out.
 * Not a probe: only addresses and default gateways are looked at.
 */
import { parseIpv4, type Ipv4 } from '../base/address.ts'
import type { Topology } from '../topology/topology.ts'
import { addressesOf } from './aim.ts'
import { ipNodesOf, type Network } from './network.ts'

/** More translators than this in a row is a loop. */
const TRANSLATORS_MAX = 8

/** Undefined: it has no address yet. */
export function outerAddress(network: Network, topology: Topology, node: string): Ipv4 | undefined {
  let address = addressesOf(network, node)[0]
  let at = node
  for (let i = 0; i < TRANSLATORS_MAX; i++) {
    const next = translatorOf(network, topology, at)
    if (next === undefined) return address
    address = next.address
    at = next.node
  }
  return address
}

function translatorOf(
  network: Network,
  topology: Topology,
  node: string,
): { readonly node: string; readonly address: Ipv4 } | undefined {
  const gateway = network.stack(node).nics.flatMap((nic) => nic.gateway ?? [])[0]
  if (gateway === undefined) return undefined
  for (const [name, spec] of ipNodesOf(topology)) {
    if (spec.kind !== 'nat-router' || !addressesOf(network, name).includes(gateway)) continue
    const outside = network.stack(name).nics.find((nic) => nic.name === spec.nat.outside)
    const address = outside?.address ?? parseIpv4('0.0.0.0')!
    return { node: name, address }
  }
  return undefined
}
