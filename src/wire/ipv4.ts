/**
 * The IPv4 header: 20 … 60 bytes, read whole by `decodeIpv4` or field by field, in place, on the forwarding path.
 * Not a router: `net/ip.ts` forwards, `net/fragments.ts` cuts and joins. RFC 791; checksum updates per RFC 1624.
 */
import type { Ipv4 } from '../base/address.ts'
import {
  adjustChecksum,
  checksum,
  checksumSum,
  foldChecksum,
  setU16,
  setU32,
  u16,
  u32,
} from '../base/bytes.ts'
import { decoder, type WireFault } from './codec.ts'

export const IPV4_HEADER = 20
/** RFC 791: every host accepts datagrams of this size; ICMP errors stay within it (RFC 1812 §4.3.2.3). */
export const IPV4_MTU_MIN = 576
export const IPV4_LENGTH_MAX = 65_535
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, gre: 47, esp: 50, ah: 51 } as const

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PROTOCOL).map(([name, number]) => [number, name.toUpperCase()]),
)

/** `UDP`, or `protocol 89`. */
export const protocolName = (protocol: number): string =>
  PROTOCOL_NAMES.get(protocol) ?? `protocol ${protocol}`

/** Bits of the 16-bit word that holds flags and fragment offset. */
export const DONT_FRAGMENT = 0x4000
export const MORE_FRAGMENTS = 0x2000
const OFFSET_MASK = 0x1fff

export interface Ipv4Packet {
  /** The whole former TOS byte. */
  readonly dscpEcn: number
  readonly identification: number
  readonly dontFragment: boolean
  readonly moreFragments: boolean
  /** In bytes, a multiple of 8. */
  readonly fragmentOffset: number
  readonly ttl: number
  readonly protocol: number
  readonly source: Ipv4
  readonly destination: Ipv4
  /** 0 … 40 bytes, a multiple of 4; opaque. */
  readonly options: Uint8Array
  readonly payload: Uint8Array
}

/** Reads one packet; bytes beyond Total Length are link padding and ignored. A wrong header checksum is `bad-checksum`. */
export const decodeIpv4 = decoder<Ipv4Packet>('ipv4', (r) => {
  const fault = headerFault(r.bytes, 0)
  if (fault !== undefined) r.reject(fault.code, fault.field, 'RFC 791 §3.1')
  const b = r.bytes
  r.rest()
  const word = u16(b, 6)
  return {
    dscpEcn: b[1]!,
    identification: u16(b, 4),
    dontFragment: (word & DONT_FRAGMENT) !== 0,
    moreFragments: (word & MORE_FRAGMENTS) !== 0,
    fragmentOffset: (word & OFFSET_MASK) * 8,
    ttl: b[8]!,
    protocol: b[9]!,
    source: sourceOf(b, 0),
    destination: destinationOf(b, 0),
    options: b.subarray(IPV4_HEADER, headerLengthOf(b, 0)),
    payload: b.subarray(headerLengthOf(b, 0), totalLengthOf(b, 0)),
  }
})

/** A new packet with its header checksum. Options are padded to a multiple of four. */
export function encodeIpv4(packet: Ipv4Packet): Uint8Array {
  const header = IPV4_HEADER + Math.ceil(packet.options.length / 4) * 4
  const out = new Uint8Array(header + packet.payload.length)
  out.set(packet.options, IPV4_HEADER)
  out.set(packet.payload, header)
  out[0] = 0x40 | (header >> 2)
  out[1] = packet.dscpEcn
  setU16(out, 2, out.length)
  setU16(out, 4, packet.identification)
  setU16(
    out,
    6,
    (packet.dontFragment ? DONT_FRAGMENT : 0) |
      (packet.moreFragments ? MORE_FRAGMENTS : 0) |
      (packet.fragmentOffset >> 3),
  )
  out[8] = packet.ttl
  out[9] = packet.protocol
  setU32(out, 12, packet.source)
  setU32(out, 16, packet.destination)
  writeHeaderChecksum(out, 0)
  return out
}

// In place, on a packet that begins at `at`. All but headerFault need a header that headerFault passed.

/** What a receiver must check before it reads any field; undefined when the header is sound. */
export function headerFault(
  b: Uint8Array,
  at: number,
): { readonly code: WireFault; readonly field: string } | undefined {
  const room = b.length - at
  if (room < IPV4_HEADER) return TRUNCATED
  const first = b[at]!
  if (first >> 4 !== 4) return BAD_VERSION
  const header = (first & 15) << 2
  const total = u16(b, at + 2)
  if (header < IPV4_HEADER) return BAD_IHL
  if (total < header) return BAD_LENGTH
  if (total > room) return TRUNCATED
  return checksum(b, at, at + header) === 0 ? undefined : BAD_CHECKSUM
}
const TRUNCATED = { code: 'truncated', field: 'Total Length' } as const
const BAD_VERSION = { code: 'bad-value', field: 'Version' } as const
const BAD_IHL = { code: 'bad-value', field: 'IHL' } as const
const BAD_LENGTH = { code: 'bad-value', field: 'Total Length' } as const
const BAD_CHECKSUM = { code: 'bad-checksum', field: 'Header Checksum' } as const

export const headerLengthOf = (b: Uint8Array, at: number): number => (b[at]! & 15) << 2
export const totalLengthOf = (b: Uint8Array, at: number): number => u16(b, at + 2)
export const protocolOf = (b: Uint8Array, at: number): number => b[at + 9]!
export const ttlOf = (b: Uint8Array, at: number): number => b[at + 8]!
export const sourceOf = (b: Uint8Array, at: number): Ipv4 => u32(b, at + 12) as Ipv4
export const destinationOf = (b: Uint8Array, at: number): Ipv4 => u32(b, at + 16) as Ipv4
export const identificationOf = (b: Uint8Array, at: number): number => u16(b, at + 4)
/** In bytes. */
export const fragmentOffsetOf = (b: Uint8Array, at: number): number =>
  (u16(b, at + 6) & OFFSET_MASK) << 3
export const mayFragment = (b: Uint8Array, at: number): boolean => (b[at + 6]! & 0x40) === 0
export const hasMoreFragments = (b: Uint8Array, at: number): boolean => (b[at + 6]! & 0x20) !== 0
/** Any fragment, first ones included. */
export const isFragment = (b: Uint8Array, at: number): boolean => (u16(b, at + 6) & 0x3fff) !== 0

/** One off the TTL, and the checksum with it (RFC 1624). The TTL is 1 or more. */
export function decrementTtl(b: Uint8Array, at: number): void {
  const was = u16(b, at + 8)
  b[at + 8] = b[at + 8]! - 1
  setU16(b, at + 10, adjustChecksum(u16(b, at + 10), was, was - 0x100))
}

export function writeHeaderChecksum(b: Uint8Array, at: number): void {
  setU16(b, at + 10, 0)
  setU16(b, at + 10, checksum(b, at, at + headerLengthOf(b, at)))
}

/** The unfolded sum of the pseudo header that UDP and TCP checksums begin with (RFC 768, RFC 9293 §3.1). */
export const pseudoHeaderSum = (
  source: Ipv4,
  destination: Ipv4,
  protocol: number,
  length: number,
): number =>
  (source >>> 16) +
  (source & 0xffff) +
  (destination >>> 16) +
  (destination & 0xffff) +
  protocol +
  length

/** The checksum of a UDP or TCP message under its pseudo header; 0 over a message whose checksum field is right. */
export const transportChecksum = (
  message: Uint8Array,
  source: Ipv4,
  destination: Ipv4,
  protocol: number,
): number =>
  foldChecksum(
    checksumSum(
      message,
      0,
      message.length,
      pseudoHeaderSum(source, destination, protocol, message.length),
    ),
  )
