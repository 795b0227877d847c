/**
 * Addresses that clash and networks that overlap. What a duplicate address does depends on who answers ARP first,
 * so a lab with one runs; nobody should deploy it.
 */
import { formatPrefix, isIpv4, prefixContains, type Prefix } from '../base/address.ts'
import type { PreflightRule, TopologyFinding } from './finding.ts'
import { addressOf, interfacesOf, networksOf } from './inventory.ts'

export const duplicateAddresses: PreflightRule = (topology) => {
  const holders = new Map<string, string>()
  const findings: TopologyFinding[] = []
  for (const { node, spec, path } of interfacesOf(topology)) {
    const written = [
      { address: spec.address, at: [...path, 'address'] },
      ...(spec.alsoAt ?? []).map((address, i) => ({ address, at: [...path, 'alsoAt', i] })),
    ]
    for (const { address, at } of written) {
      const parsed = addressOf(address)
      if (parsed === undefined) continue
      const key = `${spec.network} ${parsed}`
      const holder = holders.get(key)
      if (holder === undefined) holders.set(key, node)
      else
        findings.push({
          rule: 'NET-01',
          severity: 'error',
          message: `${node} and ${holder} both have ${address} on ${spec.network}`,
          fix: `give one of them another address; whoever answers ARP first gets the other's packets`,
          path: at,
        })
    }
  }
  return findings
}

const overlap = (a: Prefix, b: Prefix): boolean =>
  isIpv4(a.address) === isIpv4(b.address) &&
  (prefixContains(a, b.address) || prefixContains(b, a.address))

export const overlappingNetworks: PreflightRule = (topology) => {
  const networks = networksOf(topology)
  return networks.flatMap((network, i) =>
    networks
      .slice(0, i)
      .filter((earlier) => overlap(earlier.prefix, network.prefix))
      .map((earlier) => ({
        rule: 'NET-02',
        severity: 'error' as const,
        message: `network ${network.name} (${formatPrefix(network.prefix)}) overlaps ${earlier.name} (${formatPrefix(earlier.prefix)})`,
        fix: 'renumber one of them; a host on both cannot tell which side an address is on',
        path: network.path,
      })),
  )
}

export const gatewaysOffLink: PreflightRule = (topology) => {
  const prefixes = new Map(networksOf(topology).map(({ name, prefix }) => [name, prefix]))
  return interfacesOf(topology).flatMap(({ node, spec, path }) => {
    const gateway = spec.gateway === undefined ? undefined : addressOf(spec.gateway)
    const prefix = prefixes.get(spec.network)
    if (gateway === undefined || prefix === undefined || prefixContains(prefix, gateway)) return []
    return [
      {
        rule: 'NET-03',
        severity: 'error' as const,
        message: `${node}'s default gateway ${spec.gateway} is not on ${spec.network} (${formatPrefix(prefix)})`,
        fix: 'enter the address that a router has on that network',
        path: [...path, 'gateway'],
      },
    ]
  })
}
