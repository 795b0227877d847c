/**
 * TCP segments (RFC 9293 §3.1): the header, its options, and the checksum over the IPv4 pseudo-header.
 * Not a connection: `net/tcp-connection.ts` has the states. Options that nobody here knows survive a round trip.
 */
import type { Ipv4 } from '../base/address.ts'
import { checksumSum, foldChecksum, setU16, setU32, u16, u32 } from '../base/bytes.ts'
import { ok, type Result } from '../base/result.ts'
import { decoder, type Reader, type WireError } from './codec.ts'

export const TCP_PROTOCOL = 6
export const TCP_HEADER_BYTES = 20

/** Control bits (RFC 9293 §3.1), as they stand in the header's 14th byte. */
export const TcpFlag = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 16,
  urg: 32,
  ece: 64,
  cwr: 128,
} as const

/** Option kinds (IANA, TCP Option Kind Numbers). */
export const TcpOptionKind = { end: 0, noOperation: 1, maximumSegmentSize: 2 } as const

/** `data` without the kind and length bytes; empty for the two options that have no length. */
export interface TcpOption {
  readonly kind: number
  readonly data: Uint8Array
}

export interface TcpSegment {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly sequence: number
  /** 0 unless the ACK bit is set. */
  readonly acknowledgement: number
  /** Bits of {@link TcpFlag}. */
  readonly flags: number
  readonly window: number
  readonly urgentPointer: number
  readonly options: readonly TcpOption[]
  readonly payload: Uint8Array
}

/** The addresses that the checksum covers. */
export interface AddressPair {
  readonly source: Ipv4
  readonly destination: Ipv4
}

const pseudoHeaderSum = (ip: AddressPair, length: number): number =>
  (ip.source >>> 16) +
  (ip.source & 0xffff) +
  (ip.destination >>> 16) +
  (ip.destination & 0xffff) +
  TCP_PROTOCOL +
  length

function readOptions(r: Reader, end: number): TcpOption[] {
  const options: TcpOption[] = []
  while (r.offset < end) {
    const kind = r.u8('Option Kind', 'RFC 9293 §3.2')
    if (kind === TcpOptionKind.end) {
      r.take(end - r.offset, 'Padding', 'RFC 9293 §3.1')
      break
    }
    if (kind === TcpOptionKind.noOperation) {
      options.push({ kind, data: new Uint8Array() })
      continue
    }
    const length = r.offset < end ? r.u8('Option Length', 'RFC 9293 §3.2') : 0
    if (length < 2 || r.offset + length - 2 > end) {
      // An option that lies about its length ends the list, and the segment stands (MUST-7 of RFC 9293; Linux: tcp_parse_options).
      r.take(end - r.offset, 'Options', 'RFC 9293 §3.2')
      break
    }
    options.push({ kind, data: r.take(length - 2, 'Option Data', 'RFC 9293 §3.2') })
  }
  return options
}

function readSegment(r: Reader): TcpSegment {
  const sourcePort = r.u16('Source Port', 'RFC 9293 §3.1')
  const destinationPort = r.u16('Destination Port', 'RFC 9293 §3.1')
  const sequence = r.u32('Sequence Number', 'RFC 9293 §3.1')
  const acknowledgement = r.u32('Acknowledgment Number', 'RFC 9293 §3.1')
  const headerLength = (r.u8('Data Offset', 'RFC 9293 §3.1') >>> 4) * 4
  const flags = r.u8('Control bits', 'RFC 9293 §3.1')
  const window = r.u16('Window', 'RFC 9293 §3.1')
  r.u16('Checksum', 'RFC 9293 §3.1')
  const urgentPointer = r.u16('Urgent Pointer', 'RFC 9293 §3.1')
  if (headerLength < TCP_HEADER_BYTES) r.reject('bad-value', 'Data Offset', 'RFC 9293 §3.1')
  if (headerLength > r.bytes.length) r.reject('truncated', 'Data Offset', 'RFC 9293 §3.1')
  const options = readOptions(r, headerLength)
  return {
    sourcePort,
    destinationPort,
    sequence,
    acknowledgement,
    flags,
    window,
    urgentPointer,
    options,
    payload: r.rest(),
  }
}

/** 0: the checksum is right. */
const sumOf = (bytes: Uint8Array, ip: AddressPair): number =>
  foldChecksum(checksumSum(bytes, 0, bytes.length, pseudoHeaderSum(ip, bytes.length)))

const hasNoOptions = (bytes: Uint8Array): boolean =>
  bytes.length >= TCP_HEADER_BYTES && bytes[12]! >>> 4 === TCP_HEADER_BYTES / 4

const NO_OPTIONS: readonly TcpOption[] = []

/** A segment of which {@link hasNoOptions} holds, field by field as {@link readSegment} reads it. */
const withoutOptions = (bytes: Uint8Array): TcpSegment => ({
  sourcePort: u16(bytes, 0),
  destinationPort: u16(bytes, 2),
  sequence: u32(bytes, 4),
  acknowledgement: u32(bytes, 8),
  flags: bytes[13]!,
  window: u16(bytes, 14),
  urgentPointer: u16(bytes, 18),
  options: NO_OPTIONS,
  payload: bytes.subarray(TCP_HEADER_BYTES),
})

/** Read a whole segment, the checksum first: nothing else about damaged bytes is worth saying. The payload is a view. */
export function decodeTcp(bytes: Uint8Array, ip: AddressPair): Result<TcpSegment, WireError> {
  // Most segments are of this kind, and a link in good order brings no other: they need no reader.
  if (hasNoOptions(bytes) && sumOf(bytes, ip) === 0) return ok(withoutOptions(bytes))
  return decoder<TcpSegment>('tcp', (r) => {
    if (bytes.length >= TCP_HEADER_BYTES && sumOf(bytes, ip) !== 0) {
      r.reject('bad-checksum', 'Checksum', 'RFC 9293 §3.1')
    }
    return readSegment(r)
  })(bytes)
}

/** Bytes of the header, options and their padding included. Throws RangeError for more than 40 bytes of options. */
export function tcpHeaderBytes(options: TcpSegment['options']): number {
  let optionBytes = 0
  for (const { kind, data } of options) {
    optionBytes += kind <= TcpOptionKind.noOperation ? 1 : 2 + data.length
  }
  const headerLength = TCP_HEADER_BYTES + Math.ceil(optionBytes / 4) * 4
  if (headerLength > 60) throw new RangeError(`${optionBytes} bytes of TCP options, limit 40`)
  return headerLength
}

/** `20 + options + payload` bytes with the right checksum. Throws RangeError for more than 40 bytes of options. */
export function encodeTcp(segment: TcpSegment, ip: AddressPair): Uint8Array {
  const out = new Uint8Array(tcpHeaderBytes(segment.options) + segment.payload.length)
  writeTcp(out, 0, segment, ip)
  return out
}

/** Like {@link encodeTcp}, into `out` from `start` to its end: {@link tcpHeaderBytes} and the payload, still blank. */
export function writeTcp(
  out: Uint8Array,
  start: number,
  segment: TcpSegment,
  ip: AddressPair,
): void {
  const headerLength = out.length - start - segment.payload.length
  setU16(out, start, segment.sourcePort)
  setU16(out, start + 2, segment.destinationPort)
  setU32(out, start + 4, segment.sequence)
  setU32(out, start + 8, segment.acknowledgement)
  out[start + 12] = (headerLength / 4) << 4
  out[start + 13] = segment.flags
  setU16(out, start + 14, segment.window)
  setU16(out, start + 18, segment.urgentPointer)
  let at = start + TCP_HEADER_BYTES
  for (const option of segment.options) {
    out[at++] = option.kind
    if (option.kind <= TcpOptionKind.noOperation) continue
    out[at++] = 2 + option.data.length
    out.set(option.data, at)
    at += option.data.length
  }
  out.set(segment.payload, start + headerLength)
  const sum = checksumSum(out, start, out.length, pseudoHeaderSum(ip, out.length - start))
  setU16(out, start + 16, foldChecksum(sum))
}

/** The value of the Maximum Segment Size option (RFC 9293 §3.7.1), if the segment carries one. */
export function maximumSegmentSizeOf(segment: TcpSegment): number | undefined {
  const option = segment.options.find((o) => o.kind === TcpOptionKind.maximumSegmentSize)
  return option?.data.length === 2 ? (option.data[0]! << 8) | option.data[1]! : undefined
}

export const maximumSegmentSizeOption = (bytes: number): TcpOption => ({
  kind: TcpOptionKind.maximumSegmentSize,
  data: Uint8Array.of(bytes >>> 8, bytes & 255),
})

/** Sequence numbers that a segment occupies: its payload, and one each for SYN and FIN (RFC 9293 §3.4). */
export const segmentLength = (segment: Pick<TcpSegment, 'flags' | 'payload'>): number =>
  segment.payload.length +
  ((segment.flags & TcpFlag.syn) !== 0 ? 1 : 0) +
  ((segment.flags & TcpFlag.fin) !== 0 ? 1 : 0)
