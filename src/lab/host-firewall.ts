/**
 * The rules of a host's own firewall that Windows heeds. Not the filter itself, and not a firewall between networks.
 */
import type { FilterSpec } from '../topology/firewall.ts'
import type { NpsSpec } from '../topology/nps.ts'
import type { HostSpec } from '../topology/topology.ts'

const RADIUS_PORTS: readonly number[] = [1812, 1813, 1645, 1646]

/** OWN: rules of Windows' firewall stand before what is for the host and what it sends. What RRAS forwards meets none of them. */
const FORWARDING: NonNullable<FilterSpec['otherwise']> = {
  forward: { name: 'windows-forwarding', verdict: 'accept' },
}

/**
 * On Windows Server 2019 the rules for RADIUS are there and match nothing until `sc sidtype IAS unrestricted` was run: the service has no
 * SID of its own that they could name. They are known here by their ports: rules of UDP for nothing but RADIUS.
 */
export function heededFirewall({ os, firewall, services = [] }: HostSpec): FilterSpec | undefined {
  const isBroken =
    os === 'windows-server-2019' &&
    services.some((service) => service.service === 'nps' && service.firewallSidFixed === false)
  if (firewall === undefined || os?.startsWith('windows') !== true) return firewall
  const otherwise = { ...FORWARDING, ...firewall.otherwise }
  if (!isBroken) return { ...firewall, otherwise }
  const ports = radiusPorts(services.find((service) => service.service === 'nps'))
  const rules = firewall.rules.filter(
    ({ udp, tcp }) =>
      udp === undefined ||
      udp.length === 0 ||
      tcp !== undefined ||
      !udp.every((port) => ports.includes(port as number)),
  )
  return { ...firewall, rules, otherwise }
}

const radiusPorts = (nps: NpsSpec | undefined): readonly number[] => [
  ...RADIUS_PORTS,
  ...(nps?.authenticationPorts ?? []),
  ...(nps?.accountingPorts ?? []),
]
