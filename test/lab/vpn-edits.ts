/** Changes of the gateway and the clients for tests of tunnels, without a name: no story tells of them. */
import type { HostSpec, Topology } from '../../src/topology/topology.ts'

/** `service`: settings of that service of the node; `vpnClient`: of the node itself. */
export function withService<T extends Topology>(
  topology: T,
  node: string,
  changes: Readonly<Record<string, object>>,
): T {
  const spec = topology.nodes[node] as HostSpec
  const services = spec.services?.map((each) => ({ ...each, ...changes[each.service] }))
  const { vpnClient } = changes
  const changed = {
    ...spec,
    ...(services !== undefined && { services }),
    ...(vpnClient !== undefined && { vpnClient: { ...spec.vpnClient, ...vpnClient } }),
  }
  return { ...topology, nodes: { ...topology.nodes, [node]: changed } }
}
