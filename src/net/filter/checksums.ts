/**
 * Is the transport checksum of an IPv4 packet right? Conntrack marks packets with a wrong one invalid, and `reject` does not answer them.
 * Not a stack's own check: like the kernel's, it covers everything up to Total Length, whatever a UDP length field says.
 */
import { checksumSum, u16 } from '../../base/bytes.ts'
import { AH, ESP, GRE, ICMP, ipHeaderLength, TCP, UDP } from './tuple.ts'

/** Sum the payload of the packet at `at` (ends before `end`) with the pseudo-header that TCP and UDP want. True: nothing is wrong. */
export function hasRightChecksum(b: Uint8Array, at: number, end: number): boolean {
  const l4 = at + ipHeaderLength(b, at)
  const protocol = b[at + 9]!
  const pseudo =
    protocol === TCP || protocol === UDP
      ? checksumSum(b, at + 12, at + 20, protocol + (end - l4))
      : 0
  // 0 and 0xffff are one number; Linux takes either, and so an empty payload too.
  return checksumSum(b, l4, end, pseudo) % 0xffff === 0
}

/** UDP over IPv4 may go without a checksum (RFC 768). */
export const hasUdpChecksum = (b: Uint8Array, l4: number): boolean => u16(b, l4 + 6) !== 0

const SCTP = 132
const UDP_LITE = 136
const DCCP = 33

/** Whether `reject` may answer this packet: it never answers what arrived damaged, as far as it can tell. */
export function isAnswerable(b: Uint8Array, at: number, end: number): boolean {
  const l4 = at + ipHeaderLength(b, at)
  switch (b[at + 9]!) {
    case UDP:
      if (end - l4 >= 8 && !hasUdpChecksum(b, l4)) return true
      return hasRightChecksum(b, at, end)
    case GRE:
    case ESP:
    case AH:
    case SCTP:
    case UDP_LITE:
    case DCCP:
      return true
    // Linux sums the payload of every other protocol, known or not: a quirk, and visible to whoever probes.
    case ICMP:
    default:
      return hasRightChecksum(b, at, end)
  }
}

/** Whether `reject with tcp reset` would send a RST: never for a RST (RFC 9293 §3.10.7.1), nor for a damaged segment. */
export function isResettable(b: Uint8Array, at: number, end: number): boolean {
  const l4 = at + ipHeaderLength(b, at)
  const isReset = (b[l4 + 13]! & 4) !== 0
  return b[at + 9] === TCP && end - l4 >= 20 && !isReset && hasRightChecksum(b, at, end)
}
