/**
 * Narrowing of traffic selectors (RFC 7296 §2.9): what two lists have in common. Not the payloads: `wire/ikev2/traffic-selectors.ts`.
 */
import type { Ipv4 } from '../../base/address.ts'
import { u32 } from '../../base/bytes.ts'
import type { ConfigurationAttribute } from '../../wire/ikev2/configuration.ts'
import { ConfigAttribute } from '../../wire/ikev2/numbers.ts'
import type { TrafficSelector } from '../../wire/ikev2/traffic-selectors.ts'

/** OWN: narrowing gives no more than so many; what is beyond is not accepted. */
const SELECTORS_MAX = 64
const PORTS = { protocol: 0, startPort: 0, endPort: 0xffff } as const

/** One address or a range of them, all protocols and ports. */
export const ipv4Selector = (start: Ipv4, end: Ipv4 = start): TrafficSelector => ({
  kind: 'ipv4',
  ...PORTS,
  start,
  end,
})

export const ipv6Selector = (start: Uint8Array, end: Uint8Array = start): TrafficSelector => ({
  kind: 'ipv6',
  ...PORTS,
  start,
  end,
})

/** 0.0.0.0/0 and ::/0. */
export const ALL_IPV4 = ipv4Selector(0 as Ipv4, 0xffff_ffff as Ipv4)
export const ALL_IPV6 = ipv6Selector(new Uint8Array(16), new Uint8Array(16).fill(0xff))

/** What both lists cover, in the order of `offered`. Empty: nothing. */
export function narrow(
  offered: readonly TrafficSelector[],
  allowed: readonly TrafficSelector[],
): readonly TrafficSelector[] {
  const common: TrafficSelector[] = []
  for (const one of offered) {
    for (const other of allowed) {
      const both = intersection(one, other)
      if (both === undefined || common.some((each) => covers(each, both))) continue
      common.push(both)
      if (common.length === SELECTORS_MAX) return common
    }
  }
  return common
}

/** Whether every one of `inner` lies in one of `outer`: what a responder narrowed to was offered. */
export const lieWithin = (
  inner: readonly TrafficSelector[],
  outer: readonly TrafficSelector[],
): boolean => inner.every((one) => outer.some((other) => covers(other, one)))

function intersection(a: TrafficSelector, b: TrafficSelector): TrafficSelector | undefined {
  if (a.kind === 'unknown' || b.kind === 'unknown') return undefined
  const protocol = commonProtocol(a.protocol, b.protocol)
  const startPort = Math.max(a.startPort, b.startPort)
  const endPort = Math.min(a.endPort, b.endPort)
  // RFC 7296 §3.13.1: 65535 to 0 is OPAQUE; it meets only itself and ANY, and is not offered by anybody here.
  if (protocol === undefined || startPort > endPort) return undefined
  const ports = { protocol, startPort, endPort }
  if (a.kind === 'ipv4' && b.kind === 'ipv4') {
    const start = Math.max(a.start, b.start) as Ipv4
    const end = Math.min(a.end, b.end) as Ipv4
    return start > end ? undefined : { kind: 'ipv4', ...ports, start, end }
  }
  if (a.kind === 'ipv6' && b.kind === 'ipv6') {
    const start = compareBytes(a.start, b.start) > 0 ? a.start : b.start
    const end = compareBytes(a.end, b.end) < 0 ? a.end : b.end
    return compareBytes(start, end) > 0 ? undefined : { kind: 'ipv6', ...ports, start, end }
  }
  return undefined
}

function covers(outer: TrafficSelector, inner: TrafficSelector): boolean {
  if (outer.kind === 'unknown' || inner.kind === 'unknown') return false
  if (outer.protocol !== 0 && outer.protocol !== inner.protocol) return false
  if (outer.startPort > inner.startPort || outer.endPort < inner.endPort) return false
  if (outer.kind === 'ipv4' && inner.kind === 'ipv4') {
    return outer.start <= inner.start && outer.end >= inner.end
  }
  return (
    outer.kind === 'ipv6' &&
    inner.kind === 'ipv6' &&
    compareBytes(outer.start, inner.start) <= 0 &&
    compareBytes(outer.end, inner.end) >= 0
  )
}

const commonProtocol = (a: number, b: number): number | undefined => {
  if (a === 0 || a === b) return b
  return b === 0 ? a : undefined
}

/** Of one length, as numbers. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return a[at]! - b[at]!
  return a.length - b.length
}

/** The addresses that a CFG_REPLY gives, each as a selector (RFC 7296 §2.19). */
export const assignedSelectors = (
  reply: readonly ConfigurationAttribute[],
): readonly TrafficSelector[] =>
  reply.flatMap(({ type, value }) => {
    if (type === ConfigAttribute.INTERNAL_IP4_ADDRESS && value.length === 4) {
      return [ipv4Selector(u32(value, 0) as Ipv4)]
    }
    // Sixteen bytes of address and one of prefix length.
    const isIpv6 = type === ConfigAttribute.INTERNAL_IP6_ADDRESS && value.length === 17
    return isIpv6 ? [ipv6Selector(value.subarray(0, 16))] : []
  })
