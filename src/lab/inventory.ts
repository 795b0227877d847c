/**
 * What stands on a node of a topology, for those who ask by name.
 */
import type { ServiceSpec } from '../topology/services.ts'
import type { Topology } from '../topology/topology.ts'
import type { IpNodeSpec } from './network.ts'

/** A node with interfaces of its own; undefined: a switch, or no such node. */
export function ipNodeOf(topology: Topology, name: string): IpNodeSpec | undefined {
  const spec = topology.nodes[name]
  return spec === undefined || spec.kind === 'switch' ? undefined : spec
}

/** The node's first service of a kind. */
export const serviceOf = <S extends ServiceSpec['service']>(
  topology: Topology,
  node: string,
  service: S,
): Extract<ServiceSpec, { readonly service: S }> | undefined =>
  ipNodeOf(topology, node)?.services?.find(
    (each): each is Extract<ServiceSpec, { readonly service: S }> => each.service === service,
  )

/** Nodes that ask RADIUS servers, in the order of the topology. */
export const gatewaysOf = (topology: Topology): readonly string[] =>
  Object.keys(topology.nodes).filter(
    (node) => (serviceOf(topology, node, 'vpn-gateway')?.radius ?? []).length > 0,
  )
