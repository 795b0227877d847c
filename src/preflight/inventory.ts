/**
 * The parts of a topology that several rules look at, with their paths. Plain reading, no judgement.
 * A value that does not parse is left out: building the lab reports it.
 */
import {
  parseAddress,
  parseInterfaceAddress,
  parsePrefix,
  type Address,
  type Prefix,
} from '../base/address.ts'
import type { VpnGatewaySpec } from '../topology/services.ts'
import type { FirewallSpec, HostSpec, InterfaceSpec, Topology } from '../topology/topology.ts'

export interface FoundInterface {
  readonly node: string
  readonly spec: InterfaceSpec
  readonly path: readonly (string | number)[]
}

export interface FoundNetwork {
  readonly name: string
  readonly prefix: Prefix
  readonly path: readonly (string | number)[]
}

export function interfacesOf(topology: Topology): FoundInterface[] {
  return Object.entries(topology.nodes).flatMap(([node, spec]) =>
    spec.kind === 'switch'
      ? []
      : spec.interfaces.map((written, i) => ({
          node,
          spec: written,
          path: ['nodes', node, 'interfaces', i],
        })),
  )
}

export function networksOf(topology: Topology): FoundNetwork[] {
  return Object.entries(topology.networks).flatMap(([name, { prefix }]) => {
    const parsed = parsePrefix(prefix)
    return parsed.ok ? [{ name, prefix: parsed.value, path: ['networks', name, 'prefix'] }] : []
  })
}

/** `192.0.2.10` and `192.0.2.10/28`; undefined for `dhcp` and for what is no address. */
export function addressOf(written: string): Address | undefined {
  if (!written.includes('/')) return parseAddress(written)
  const parsed = parseInterfaceAddress(written)
  return parsed.ok ? parsed.value.address : undefined
}

export interface FoundGateway {
  readonly name: string
  readonly node: HostSpec | FirewallSpec
  readonly service: VpnGatewaySpec
}

/** Nodes that offer Always On VPN's gateway service. */
export function vpnGatewaysOf(topology: Topology): FoundGateway[] {
  return Object.entries(topology.nodes).flatMap(([name, node]) => {
    if (node.kind !== 'host' && node.kind !== 'firewall') return []
    const service = node.services?.find((service) => service.service === 'vpn-gateway')
    return service?.service === 'vpn-gateway' ? [{ name, node, service }] : []
  })
}
