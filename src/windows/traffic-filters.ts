/**
 * Which packets the traffic filters of a VPN profile let through, and which must not leave by another interface: pure functions of filters and flow.
 * Filters are alternatives; what stands inside one must hold together. With one filter, everything that no filter has is blocked. Source: VPNv2 CSP,
 * TrafficFilterList. Claims are not looked at: Microsoft has reserved them. Not who drops them: `node/vpn-client/tunnel-filters.ts`.
 */
import type { Ipv4 } from '../base/address.ts'
import type { AddressRange, PortRange, TrafficFilter } from './profile/traffic-filter.ts'
import type { Placed } from './xml-values.ts'

/** A flow as its computer sees it. */
export interface TrafficFlow {
  /** Path, package family name or `SYSTEM`. Undefined: some program that no filter names. */
  readonly program: string | undefined
  readonly protocol: number
  readonly local: Ipv4
  readonly remote: Ipv4
  /** Of TCP and UDP. */
  readonly localPort?: number
  readonly remotePort?: number
}

export type TrafficDirection = 'Outbound' | 'Inbound'

/** The first filter that has the flow, counted from 0; undefined: none. */
export function filterOf(
  filters: readonly TrafficFilter[],
  flow: TrafficFlow,
  direction: TrafficDirection,
): number | undefined {
  const at = filters.findIndex(
    (filter) => (filter.direction?.value ?? 'Outbound') === direction && has(filter, flow),
  )
  return at < 0 ? undefined : at
}

/** The first filter that wants the flow inside the tunnel only, counted from 0: one of its program, with ForceTunnel. */
export function forcedBy(filters: readonly TrafficFilter[], flow: TrafficFlow): number | undefined {
  const at = filters.findIndex(
    (filter) =>
      filter.app !== undefined &&
      filter.routingPolicyType?.value === 'ForceTunnel' &&
      has(filter, flow),
  )
  return at < 0 ? undefined : at
}

const has = (filter: TrafficFilter, flow: TrafficFlow): boolean =>
  (filter.app === undefined || filter.app.value.toLowerCase() === flow.program?.toLowerCase()) &&
  (filter.protocol === undefined || filter.protocol.value === flow.protocol) &&
  isIn(filter.localPorts, flow.localPort) &&
  isIn(filter.remotePorts, flow.remotePort) &&
  isIn(filter.localAddresses, flow.local) &&
  isIn(filter.remoteAddresses, flow.remote)

/** What has no ports is in no range of ports. */
const isIn = (
  ranges: readonly Placed<PortRange | AddressRange>[] | undefined,
  value: number | undefined,
): boolean =>
  ranges === undefined ||
  ranges.some(
    ({ value: { first, last } }) =>
      value !== undefined && typeof first === 'number' && first <= value && value <= last,
  )

const SVCHOST = String.raw`C:\Windows\System32\svchost.exe`
const ICMP = 1
const TCP = 6
const DNS_PORT = 53
const SMB_PORT = 445

/** OWN: who sends what no program says it has sent: the DNS client is a service, ping and SMB are drivers. */
export function programBehind(flow: Omit<TrafficFlow, 'program'>): string | undefined {
  if (flow.remotePort === DNS_PORT) return SVCHOST
  const isDriver = flow.protocol === ICMP || (flow.protocol === TCP && flow.remotePort === SMB_PORT)
  return isDriver ? 'SYSTEM' : undefined
}
