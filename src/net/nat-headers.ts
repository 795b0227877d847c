/**
 * The fields of an IPv4 packet that a NAT reads and rewrites in place, with every checksum kept right incrementally (RFC 1624).
 * Not a decoder: `wire` has those. It works on the packet itself and on the packet that an ICMP error quotes (RFC 5508 §4).
 */
import type { Ipv4 } from '../base/address.ts'
import { adjustChecksum, checksum, setU16, setU32, u16 } from '../base/bytes.ts'
import { ICMP_TYPE } from '../wire/icmp.ts'
import {
  destinationOf,
  fragmentOffsetOf,
  headerLengthOf,
  PROTOCOL,
  protocolOf,
  sourceOf,
  totalLengthOf,
} from '../wire/ipv4.ts'
import type { Endpoint } from './sockets.ts'

const { icmp: ICMP, tcp: TCP, udp: UDP } = PROTOCOL

/** Where the parts of one IPv4 packet lie in its frame, and what a NAT asks of it. Offsets count from the start of the frame. */
export interface NatHeaders {
  readonly ip: number
  readonly transport: number
  /** One past the last byte: by Total Length, or by the end of the quote that holds it. */
  readonly end: number
  readonly protocol: number
  readonly source: Ipv4
  readonly destination: Ipv4
  /** UDP and TCP ports; for ICMP queries the identifier stands for both (RFC 5508 §3). Else 0. */
  readonly sourcePort: number
  readonly destinationPort: number
}

/** Undefined when the bytes from `ip` to `limit` hold no IPv4 packet with at least 8 bytes of its payload. */
export function readNatHeaders(
  frame: Uint8Array,
  ip: number,
  limit = frame.length,
): NatHeaders | undefined {
  if (ip + 20 > limit || frame[ip]! >> 4 !== 4) return undefined
  const transport = ip + headerLengthOf(frame, ip)
  const end = Math.min(ip + totalLengthOf(frame, ip), limit)
  const later = fragmentOffsetOf(frame, ip) !== 0
  const protocol = protocolOf(frame, ip)
  const least = later || !hasPorts(protocol) ? 0 : 8
  if (transport < ip + 20 || transport + least > end) return undefined
  const ports = later ? 'none' : portsOf(protocol)
  const identifier = ports === 'identifier' ? u16(frame, transport + 4) : 0
  return {
    ip,
    transport,
    end,
    protocol,
    source: sourceOf(frame, ip),
    destination: destinationOf(frame, ip),
    sourcePort: ports === 'ports' ? u16(frame, transport) : identifier,
    destinationPort: ports === 'ports' ? u16(frame, transport + 2) : identifier,
  }
}

/** Protocols whose flows a NAT can tell apart by a 16-bit number of its own choice. */
export const hasPorts = (protocol: number): boolean =>
  protocol === UDP || protocol === TCP || protocol === ICMP

const portsOf = (protocol: number): 'ports' | 'identifier' | 'none' =>
  protocol === ICMP ? 'identifier' : hasPorts(protocol) ? 'ports' : 'none'

/** Which way a query may begin is a NAT's business, so requests and replies are two things (RFC 5508 §3.1). */
export type IcmpKind = 'request' | 'reply' | 'error' | 'other'

/** `request` and `reply` have an identifier; an `error` quotes the packet that caused it (RFC 792). */
export function icmpKindOf(frame: Uint8Array, headers: NatHeaders): IcmpKind {
  switch (frame[headers.transport]) {
    case ICMP_TYPE.echo:
    case ICMP_TYPE.timestamp:
      return 'request'
    case ICMP_TYPE.echoReply:
    case ICMP_TYPE.timestampReply:
      return 'reply'
    case ICMP_TYPE.destinationUnreachable:
    case ICMP_TYPE.sourceQuench:
    case ICMP_TYPE.timeExceeded:
    case ICMP_TYPE.parameterProblem:
      return 'error'
    default:
      return 'other'
  }
}

/** The packet that an ICMP error quotes; undefined when the quote is too short to tell its flow. */
export const readQuote = (frame: Uint8Array, error: NatHeaders): NatHeaders | undefined =>
  readNatHeaders(frame, error.transport + 8, error.end)

/** Bits of `TcpFlag`; 0 for other protocols. */
export const tcpFlagsOf = (frame: Uint8Array, headers: NatHeaders): number =>
  headers.protocol === TCP && headers.transport + 14 <= headers.end
    ? frame[headers.transport + 13]!
    : 0

export type Side = 'source' | 'destination'

/** Put another address on one side. */
export function rewriteAddress(
  frame: Uint8Array,
  headers: NatHeaders,
  side: Side,
  address: Ipv4,
): void {
  const at = headers.ip + (side === 'source' ? 12 : 16)
  for (const [half, is] of [
    [0, address >>> 16],
    [2, address & 0xffff],
  ] as const) {
    const was = u16(frame, at + half)
    adjust(frame, headers.ip + 10, was, is)
    // ICMP has no pseudo-header: addresses are not in its sum.
    if (headers.protocol !== ICMP) adjustTransport(frame, headers, was, is)
  }
  setU32(frame, at, address)
}

/** Put another endpoint on one side. `port` is the identifier of an ICMP query, and ignored where the protocol has none. */
export function rewriteEndpoint(
  frame: Uint8Array,
  headers: NatHeaders,
  side: Side,
  to: Endpoint,
): void {
  rewriteAddress(frame, headers, side, to.address)
  const kind = portsOf(headers.protocol)
  if (kind === 'none') return
  const at = headers.transport + (kind === 'identifier' ? 4 : side === 'source' ? 0 : 2)
  adjustTransport(frame, headers, u16(frame, at), to.port)
  setU16(frame, at, to.port)
}

/** After a quote was rewritten: the error's own checksum covers the quote, so it is summed again. */
export function resealIcmp(frame: Uint8Array, error: NatHeaders): void {
  setU16(frame, error.transport + 2, 0)
  setU16(frame, error.transport + 2, checksum(frame, error.transport, error.end))
}

export const icmpChecksumHolds = (frame: Uint8Array, headers: NatHeaders): boolean =>
  checksum(frame, headers.transport, headers.end) === 0

const CHECKSUM_OFFSET: Readonly<Record<number, number>> = { [ICMP]: 2, [TCP]: 16, [UDP]: 6 }

/** Undefined where there is none to keep: other protocols, UDP without a checksum, a quote that ends before it. */
function transportChecksumAt(frame: Uint8Array, headers: NatHeaders): number | undefined {
  const offset = CHECKSUM_OFFSET[headers.protocol]
  if (offset === undefined || headers.transport + offset + 2 > headers.end) return undefined
  const at = headers.transport + offset
  return headers.protocol === UDP && u16(frame, at) === 0 ? undefined : at
}

function adjust(frame: Uint8Array, at: number, was: number, is: number): void {
  setU16(frame, at, adjustChecksum(u16(frame, at), was, is))
}

function adjustTransport(frame: Uint8Array, headers: NatHeaders, was: number, is: number): void {
  const at = transportChecksumAt(frame, headers)
  if (at === undefined) return
  adjust(frame, at, was, is)
  // Zero on the wire would say that the sender made no checksum (RFC 768).
  if (headers.protocol === UDP && u16(frame, at) === 0) setU16(frame, at, 0xffff)
}
