/**
 * VLANs that a trunk does not let through: the guest behind it sits on a network that it can never reach.
 */
import type { PreflightRule } from './finding.ts'

export const vlansMissingOnTrunks: PreflightRule = (topology) =>
  Object.entries(topology.nodes).flatMap(([name, node]) => {
    if (node.kind !== 'switch') return []
    return node.trunks.flatMap((trunk, i) => {
      const guest = topology.nodes[trunk.to]
      if (guest === undefined || guest.kind === 'switch') return []
      return guest.interfaces
        .filter(({ network }) => node.networks.includes(network) && !trunk.allows.includes(network))
        .map(({ network }) => ({
          rule: 'NET-04',
          severity: 'error' as const,
          message: `the trunk from ${name} to ${trunk.to} does not carry ${network}, on which ${trunk.to} has an interface`,
          fix: `add '${network}' to what the trunk allows`,
          path: ['nodes', name, 'trunks', i, 'allows'],
        }))
    })
  })
