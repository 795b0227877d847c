/**
 * Change an address and what stands for a port in a packet, or in a packet that an ICMP error quotes, and keep all checksums right.
 * Not a decision: `nat.ts` knows the values. Checksums are adjusted by difference (RFC 1624), as in Linux's nf_nat_proto.
 */
import { setU16, setU32, u16, u32 } from '../../base/bytes.ts'
import { GRE, ICMP, ipHeaderLength, TCP, UDP } from './tuple.ts'

export type Side = 'source' | 'destination'

/** The checksum at `field` after a 32-bit value changed from `was` to `is`. */
function adjust(b: Uint8Array, field: number, was: number, is: number): void {
  let sum =
    (~u16(b, field) & 0xffff) +
    (~(was >>> 16) & 0xffff) +
    (~was & 0xffff) +
    (is >>> 16) +
    (is & 0xffff)
  sum = (sum & 0xffff) + (sum >>> 16)
  sum = (sum & 0xffff) + (sum >>> 16)
  setU16(b, field, ~sum & 0xffff)
}

/**
 * Rewrite one side of the IPv4 packet whose header begins at `at` and which ends before `end`. `key` is the new port, ICMP identifier
 * or PPTP call id; undefined leaves the transport header alone. False: the transport header is cut short, and nothing was changed.
 */
export function rewriteSide(
  b: Uint8Array,
  packet: { readonly at: number; readonly end: number },
  side: Side,
  address: number,
  key: number | undefined,
): boolean {
  const { at, end } = packet
  const field = at + (side === 'source' ? 12 : 16)
  const was = u32(b, field)
  if (key !== undefined) {
    const l4 = { at: at + ipHeaderLength(b, at), end }
    if (!rewriteTransport(b, l4, b[at + 9]!, side, { was, is: address, key })) return false
  }
  adjust(b, at + 10, was, address)
  setU32(b, field, address)
  return true
}

interface Change {
  readonly was: number
  readonly is: number
  readonly key: number
}

function rewriteTransport(
  b: Uint8Array,
  l4: { readonly at: number; readonly end: number },
  protocol: number,
  side: Side,
  change: Change,
): boolean {
  const { at, end } = l4
  const port = at + (side === 'source' ? 0 : 2)
  switch (protocol) {
    case TCP:
      if (end - at < 8) return false
      // A quoted header may end before its checksum.
      if (end - at >= 20) adjustTransport(b, at + 16, port, change)
      setU16(b, port, change.key)
      return true
    case UDP:
      if (end - at < 8) return false
      if (u16(b, at + 6) !== 0) {
        adjustTransport(b, at + 6, port, change)
        if (u16(b, at + 6) === 0) setU16(b, at + 6, 0xffff)
      }
      setU16(b, port, change.key)
      return true
    case ICMP:
      if (end - at < 8) return false
      adjust(b, at + 2, u16(b, at + 4), change.key)
      setU16(b, at + 4, change.key)
      return true
    case GRE:
      return rewriteGre(b, l4, side, change.key)
    default:
      return true
  }
}

function adjustTransport(b: Uint8Array, field: number, port: number, change: Change): void {
  adjust(b, field, change.was, change.is)
  adjust(b, field, u16(b, port), change.key)
}

/** Only PPTP's call id can be rewritten; a version that nobody knows cannot be translated at all. */
function rewriteGre(
  b: Uint8Array,
  l4: { readonly at: number; readonly end: number },
  side: Side,
  key: number,
): boolean {
  const { at, end } = l4
  if (end - at < 8) return false
  const version = b[at + 1]! & 7
  if (side === 'source' || version === 0) return true
  if (version !== 1) return false
  setU16(b, at + 6, key)
  return true
}
