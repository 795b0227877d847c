/**
 * What identifies a flow in one direction: two addresses, a protocol, and the two values that take the place of ports.
 * Not a decoder for `wire`: it reads in place, allocates nothing and never throws. After Linux's nf_conntrack_tuple.
 */
import { u16, u32 } from '../../base/bytes.ts'

export const ICMP = 1
export const TCP = 6
export const UDP = 17
export const GRE = 47
export const ESP = 50
export const AH = 51

/**
 * `sourceKey` and `destinationKey` are the ports of TCP and UDP. ICMP: the identifier and `type << 8 | code`.
 * GRE version 1 (PPTP): 0 and the call id. Every other protocol has nothing of the kind: 0 and 0.
 */
export interface Tuple {
  source: number
  destination: number
  protocol: number
  sourceKey: number
  destinationKey: number
}

export const emptyTuple = (): Tuple => ({
  source: 0,
  destination: 0,
  protocol: 0,
  sourceKey: 0,
  destinationKey: 0,
})

/** Length of the IPv4 header at `at`, in bytes. */
export const ipHeaderLength = (b: Uint8Array, at: number): number => (b[at]! & 15) << 2

/**
 * Read the tuple of the IPv4 packet whose header begins at `at` and whose last byte lies before `end`.
 * False when connection tracking cannot tell: a later fragment, a header cut short, GRE version 1 that carries no PPP.
 */
export function readTuple(into: Tuple, b: Uint8Array, at: number, end: number): boolean {
  // A later fragment has no transport header. Only an ICMP error can quote one: datagrams come here whole.
  if (end - at < 20 || (u16(b, at + 6) & 0x1fff) !== 0) return false
  const l4 = at + ipHeaderLength(b, at)
  if (l4 > end) return false
  into.source = u32(b, at + 12)
  into.destination = u32(b, at + 16)
  into.protocol = b[at + 9]!
  into.sourceKey = 0
  into.destinationKey = 0
  switch (into.protocol) {
    case TCP:
    case UDP:
      if (end - l4 < 4) return false
      into.sourceKey = u16(b, l4)
      into.destinationKey = u16(b, l4 + 2)
      return true
    case ICMP:
      if (end - l4 < 8) return false
      into.sourceKey = u16(b, l4 + 4)
      into.destinationKey = u16(b, l4)
      return true
    case GRE:
      return readGreKey(into, b, l4, end)
    default:
      return true
  }
}

const GRE_VERSION_MASK = 7
const GRE_PROTOCOL_PPP = 0x880b

function readGreKey(into: Tuple, b: Uint8Array, l4: number, end: number): boolean {
  if (end - l4 < 4 || (b[l4 + 1]! & GRE_VERSION_MASK) !== 1 || end - l4 < 8) return true
  if (u16(b, l4 + 2) !== GRE_PROTOCOL_PPP) return false
  into.destinationKey = u16(b, l4 + 6)
  return true
}

/** Requests and their replies (RFC 792, RFC 950), by type. Types not listed here have no opposite. */
const ICMP_OPPOSITE = new Map([
  [8, 0],
  [0, 8],
  [13, 14],
  [14, 13],
  [15, 16],
  [16, 15],
  [17, 18],
  [18, 17],
])

/** The tuple of the packets that answer. False: nothing answers this ICMP type. */
export function invertTuple(into: Tuple, of: Tuple): boolean {
  const { source, sourceKey } = of
  into.source = of.destination
  into.destination = source
  into.protocol = of.protocol
  if (of.protocol !== ICMP) {
    into.sourceKey = of.destinationKey
    into.destinationKey = sourceKey
    return true
  }
  const opposite = ICMP_OPPOSITE.get(of.destinationKey >>> 8)
  if (opposite === undefined) return false
  into.sourceKey = sourceKey
  into.destinationKey = (opposite << 8) | (of.destinationKey & 0xff)
  return true
}

export function copyTuple(into: Tuple, from: Tuple): void {
  into.source = from.source
  into.destination = from.destination
  into.protocol = from.protocol
  into.sourceKey = from.sourceKey
  into.destinationKey = from.destinationKey
}

export const equalTuples = (a: Tuple, b: Tuple): boolean =>
  a.source === b.source &&
  a.destination === b.destination &&
  a.sourceKey === b.sourceKey &&
  a.destinationKey === b.destinationKey &&
  a.protocol === b.protocol

/** A well-mixed int32 of all five fields: a small integer to V8, as a uint32 is not. */
export function hashTuple(t: Tuple): number {
  let h = Math.imul(t.source, 0x9e3779b1) ^ Math.imul(t.destination, 0x85ebca77)
  h = Math.imul(h ^ (h >>> 15) ^ ((t.sourceKey << 16) | t.destinationKey), 0xc2b2ae3d)
  h = Math.imul(h ^ (h >>> 13) ^ t.protocol, 0x27d4eb2f)
  return h ^ (h >>> 16)
}
