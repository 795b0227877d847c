/**
 * The rules of ICMP errors: when one may be sent, what it quotes, what it tells a socket; and the RST that a filter's reject makes.
 * Not the codec (`wire/icmp.ts`), not the sending (`net/ip.ts`). RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3.2; sizes as Linux has them.
 */
import type { Ipv4 } from '../base/address.ts'
import { setU16, setU32, u16, u32 } from '../base/bytes.ts'
import type { RejectWith } from '../topology/firewall.ts'
import { isGroupFrame } from '../wire/ethernet.ts'
import {
  encodeIcmp,
  ICMP_HEADER,
  ICMP_TYPE,
  isIcmpError,
  TIME_EXCEEDED,
  UNREACHABLE,
  type IcmpMessage,
} from '../wire/icmp.ts'
import {
  destinationOf,
  fragmentOffsetOf,
  headerLengthOf,
  IPV4_HEADER,
  IPV4_MTU_MIN,
  PROTOCOL,
  protocolOf,
  sourceOf,
  totalLengthOf,
  transportChecksum,
} from '../wire/ipv4.ts'
import { IP_OFFSET } from './packet.ts'
import { isLoopback, isMulticast, isThisNetwork, LIMITED_BROADCAST } from './routes.ts'
import type { QuotedPacket, SocketError } from './sockets.ts'

/** Linux fills an error up to the size that every host accepts: 576 bytes with both headers. */
const QUOTE_MAX = IPV4_MTU_MIN - IPV4_HEADER - ICMP_HEADER

/** What an error says. `rest` is the next-hop MTU of "fragmentation needed", else 0. */
export interface IcmpError {
  readonly type: number
  readonly code: number
  readonly rest?: number
}

/**
 * Whether an error about this frame may be sent: never about broadcasts, later fragments, other errors, or senders that are no single
 * host. Directed broadcasts are the caller's to know.
 */
export function mayReportError(frame: Uint8Array): boolean {
  const source = sourceOf(frame, IP_OFFSET)
  const destination = destinationOf(frame, IP_OFFSET)
  if (isGroupFrame(frame) || isMulticast(destination) || destination === LIMITED_BROADCAST)
    return false
  if (fragmentOffsetOf(frame, IP_OFFSET) !== 0) return false
  if (isThisNetwork(source) || isLoopback(source) || source >>> 28 >= 14) return false
  if (protocolOf(frame, IP_OFFSET) !== PROTOCOL.icmp) return true
  const icmpAt = IP_OFFSET + headerLengthOf(frame, IP_OFFSET)
  const isThere = IP_OFFSET + totalLengthOf(frame, IP_OFFSET) > icmpAt
  return isThere && !isIcmpError(frame[icmpAt]!)
}

/** The ICMP message about `frame`: its IP header and as much more as fits. */
export function errorMessage(frame: Uint8Array, error: IcmpError): Uint8Array {
  const length = Math.min(totalLengthOf(frame, IP_OFFSET), QUOTE_MAX)
  return encodeIcmp({
    type: error.type,
    code: error.code,
    rest: error.rest ?? 0,
    payload: frame.subarray(IP_OFFSET, IP_OFFSET + length),
  })
}

/** The packet that an error quotes; undefined when the quote is too short to say whose it was. */
export function readQuote(
  payload: Uint8Array,
): (QuotedPacket & { readonly protocol: number; readonly size: number }) | undefined {
  if (payload.length < IPV4_HEADER || payload[0]! >> 4 !== 4) return undefined
  const header = headerLengthOf(payload, 0)
  // RFC 792 promises 8 bytes beyond the header.
  if (header < IPV4_HEADER || payload.length < header + 8) return undefined
  return {
    source: sourceOf(payload, 0),
    destination: destinationOf(payload, 0),
    protocol: protocolOf(payload, 0),
    size: totalLengthOf(payload, 0),
    payload: payload.subarray(header),
  }
}

/** Ports of a quoted or outgoing message; 0 for protocols that have none. */
export const portsOf = (
  protocol: number,
  payload: Uint8Array,
): { readonly source: number; readonly destination: number } =>
  (protocol === PROTOCOL.udp || protocol === PROTOCOL.tcp) && payload.length >= 4
    ? { source: u16(payload, 0), destination: u16(payload, 2) }
    : { source: 0, destination: 0 }

/** What a socket hears of an error (RFC 1122 §4.1.3.3, §4.2.3.9; codes as in Linux' icmp_err_convert). */
export function socketErrorCode(type: number, code: number): SocketError['code'] | undefined {
  if (type === ICMP_TYPE.timeExceeded) return 'ttl-expired'
  if (type !== ICMP_TYPE.destinationUnreachable) return undefined
  switch (code) {
    case UNREACHABLE.net:
    case 6: // destination network unknown
    case 11: // network unreachable for this type of service
      return 'net-unreachable'
    case UNREACHABLE.protocol:
    case UNREACHABLE.port:
      return 'port-unreachable'
    case UNREACHABLE.fragmentationNeeded:
      return 'too-big'
    case UNREACHABLE.netProhibited:
    case UNREACHABLE.hostProhibited:
    case UNREACHABLE.adminProhibited:
      return 'prohibited'
    default:
      return 'host-unreachable'
  }
}

/** The error that tells a socket elsewhere what `code` tells one here; `mtu` counts with `too-big`. */
export function errorOf(code: SocketError['code'], mtu: number): IcmpError {
  switch (code) {
    case 'port-unreachable':
      return unreachableBy(UNREACHABLE.port)
    case 'host-unreachable':
      return unreachableBy(UNREACHABLE.host)
    case 'net-unreachable':
    case 'no-route':
      return unreachableBy(UNREACHABLE.net)
    case 'prohibited':
      return unreachableBy(UNREACHABLE.adminProhibited)
    case 'too-big':
      return unreachableBy(UNREACHABLE.fragmentationNeeded, mtu)
    case 'ttl-expired':
      return { type: ICMP_TYPE.timeExceeded, code: TIME_EXCEEDED.inTransit }
  }
}

/** The error of a filter's reject; `tcp-reset` is none. */
export const REJECT_ERRORS: Readonly<Record<Exclude<RejectWith, 'tcp-reset'>, IcmpError>> = {
  'port-unreachable': unreachableBy(UNREACHABLE.port),
  'host-unreachable': unreachableBy(UNREACHABLE.host),
  'net-unreachable': unreachableBy(UNREACHABLE.net),
  'proto-unreachable': unreachableBy(UNREACHABLE.protocol),
  'host-prohibited': unreachableBy(UNREACHABLE.hostProhibited),
  'net-prohibited': unreachableBy(UNREACHABLE.netProhibited),
  'admin-prohibited': unreachableBy(UNREACHABLE.adminProhibited),
}

export function unreachableBy(code: number, mtu = 0): IcmpError {
  return { type: ICMP_TYPE.destinationUnreachable, code, rest: mtu }
}

/** An echo reply to this request; the code comes back as it was, as Linux has it. */
export const echoReply = (request: IcmpMessage): Uint8Array =>
  encodeIcmp({ ...request, type: ICMP_TYPE.echoReply })

const TCP_HEADER = 20
const FIN = 1
const SYN = 2
const RST = 4
const ACK = 16

/**
 * The RST that refuses the TCP segment in `frame` on its destination's behalf, with source and destination already turned round;
 * undefined when none may be sent: not TCP, cut short, a fragment, wrongly summed, or an RST itself (nf_send_reset).
 */
export function resetFor(
  frame: Uint8Array,
): { readonly source: Ipv4; readonly destination: Ipv4; readonly payload: Uint8Array } | undefined {
  if (protocolOf(frame, IP_OFFSET) !== PROTOCOL.tcp || fragmentOffsetOf(frame, IP_OFFSET) !== 0)
    return undefined
  if (isGroupFrame(frame)) return undefined
  const at = IP_OFFSET + headerLengthOf(frame, IP_OFFSET)
  const segment = frame.subarray(at, IP_OFFSET + totalLengthOf(frame, IP_OFFSET))
  if (segment.length < TCP_HEADER) return undefined
  const flags = segment[13]!
  const source = sourceOf(frame, IP_OFFSET)
  const destination = destinationOf(frame, IP_OFFSET)
  if ((flags & RST) !== 0) return undefined
  if (transportChecksum(segment, source, destination, PROTOCOL.tcp) !== 0) return undefined

  const payload = new Uint8Array(TCP_HEADER)
  setU16(payload, 0, u16(segment, 2))
  setU16(payload, 2, u16(segment, 0))
  payload[12] = (TCP_HEADER >> 2) << 4
  if ((flags & ACK) !== 0) {
    setU32(payload, 4, u32(segment, 8))
    payload[13] = RST
  } else {
    const data = segment.length - ((segment[12]! >> 4) << 2)
    const length = data + ((flags & SYN) === 0 ? 0 : 1) + ((flags & FIN) === 0 ? 0 : 1)
    setU32(payload, 8, (u32(segment, 4) + length) >>> 0)
    payload[13] = RST | ACK
  }
  setU16(payload, 16, transportChecksum(payload, destination, source, PROTOCOL.tcp))
  return { source: destination, destination: source, payload }
}
