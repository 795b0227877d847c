/**
 * Packets for the judge, right and deliberately wrong: written byte by byte, so that what is wrong is exactly what was meant.
 * Not the project's codecs, which would not let a wrong length pass. RFC 791, 792, 768, 9293.
 */
import {
  checksum,
  checksumSum,
  concat,
  foldChecksum,
  setU16,
  setU32,
  u16,
  u32,
} from '../../../src/base/bytes.ts'

export const ICMP = 1
export const TCP = 6
export const UDP = 17

export const IP_HEADER = 20

/** An IPv4 packet before it is cut up and numbered. */
export interface Draft {
  readonly source: number
  readonly destination: number
  readonly protocol: number
  /** Transport header and payload, checksum included. */
  readonly payload: Uint8Array
  readonly ttl?: number
  readonly tos?: number
  readonly dontFragment?: boolean
  /** A multiple of 4 bytes. */
  readonly options?: Uint8Array
  /** Payload bytes of each fragment but the last; a multiple of 8. */
  readonly fragmentSize?: number
}

/** The draft as IPv4 packets, one or several fragments. */
export function packetsOf(draft: Draft, id: number): Uint8Array[] {
  const { payload, fragmentSize = Math.max(payload.length, 1) } = draft
  const out: Uint8Array[] = []
  for (let at = 0; at === 0 || at < payload.length; at += fragmentSize) {
    const more = at + fragmentSize < payload.length
    out.push(
      ipv4Packet(
        draft,
        id,
        payload.subarray(at, at + fragmentSize),
        (more ? 0x2000 : 0) | (at >> 3),
      ),
    )
  }
  return out
}

function ipv4Packet(draft: Draft, id: number, payload: Uint8Array, fragment: number): Uint8Array {
  const { options = new Uint8Array(0) } = draft
  const length = IP_HEADER + options.length
  const b = new Uint8Array(length + payload.length)
  b[0] = 0x40 | (length >> 2)
  b[1] = draft.tos ?? 0
  setU16(b, 2, b.length)
  setU16(b, 4, id)
  setU16(b, 6, fragment | (draft.dontFragment === true ? 0x4000 : 0))
  b[8] = draft.ttl ?? 64
  b[9] = draft.protocol
  setU32(b, 12, draft.source)
  setU32(b, 16, draft.destination)
  b.set(options, IP_HEADER)
  setU16(b, 10, checksum(b, 0, length))
  b.set(payload, length)
  return b
}

export interface Ends {
  readonly source: number
  readonly destination: number
}

/** Write the checksum of a TCP segment or UDP datagram into it. */
function seal(b: Uint8Array, field: number, protocol: number, { source, destination }: Ends): void {
  const pseudo = new Uint8Array(8)
  setU32(pseudo, 0, source)
  setU32(pseudo, 4, destination)
  const sum = foldChecksum(
    checksumSum(b, 0, b.length, checksumSum(pseudo, 0, 8, protocol + b.length)),
  )
  setU16(b, field, sum === 0 && protocol === UDP ? 0xffff : sum)
}

export interface Ports {
  readonly sourcePort: number
  readonly destinationPort: number
}

export function udp(ends: Ends, ports: Ports, data: Uint8Array): Uint8Array {
  const b = new Uint8Array(8 + data.length)
  setU16(b, 0, ports.sourcePort)
  setU16(b, 2, ports.destinationPort)
  setU16(b, 4, b.length)
  b.set(data, 8)
  seal(b, 6, UDP, ends)
  return b
}

export interface SegmentFields {
  readonly seq: number
  readonly ack: number
  readonly flags: number
  readonly window: number
  /** Padded to a multiple of 4 with end-of-list. */
  readonly options: Uint8Array
  readonly data: Uint8Array
}

export function tcp(ends: Ends, ports: Ports, fields: SegmentFields): Uint8Array {
  const header = 20 + ((fields.options.length + 3) & ~3)
  const b = new Uint8Array(header + fields.data.length)
  setU16(b, 0, ports.sourcePort)
  setU16(b, 2, ports.destinationPort)
  setU32(b, 4, fields.seq >>> 0)
  setU32(b, 8, fields.ack >>> 0)
  b[12] = (header >> 2) << 4
  b[13] = fields.flags
  setU16(b, 14, fields.window)
  b.set(fields.options, 20)
  b.set(fields.data, header)
  seal(b, 16, TCP, ends)
  return b
}

export function icmp(type: number, code: number, rest: number, data: Uint8Array): Uint8Array {
  const b = new Uint8Array(8 + data.length)
  b[0] = type
  b[1] = code
  setU32(b, 4, rest)
  b.set(data, 8)
  setU16(b, 2, checksum(b))
  return b
}

/** Data followed by two bytes that make its Internet checksum right: a protocol of its own could look like that. */
export const balanced = (data: Uint8Array): Uint8Array => {
  const even = data.length % 2 === 0 ? data : data.subarray(1)
  const tail = new Uint8Array(2)
  setU16(tail, 0, checksum(even))
  return concat(even, tail)
}

/** What a station reads off a packet that reached it. */
export interface Read extends Ends, Ports {
  readonly protocol: number
  readonly id: number
  /** Where the transport header begins. */
  readonly l4: number
  readonly packet: Uint8Array
}

/** `packet` begins with its IPv4 header. For ICMP both ports are the identifier. */
export function read(packet: Uint8Array): Read {
  const l4 = (packet[0]! & 15) << 2
  const protocol = packet[9]!
  const isIcmp = protocol === ICMP
  const hasPorts = protocol === TCP || protocol === UDP
  const sourcePort = isIcmp ? u16(packet, l4 + 4) : hasPorts ? u16(packet, l4) : 0
  return {
    source: u32(packet, 12),
    destination: u32(packet, 16),
    protocol,
    id: u16(packet, 4),
    l4,
    packet,
    sourcePort,
    destinationPort: isIcmp ? sourcePort : hasPorts ? u16(packet, l4 + 2) : 0,
  }
}

export const isIcmpError = (r: Read): boolean =>
  r.protocol === ICMP &&
  (u16(r.packet, 6) & 0x1fff) === 0 &&
  [3, 4, 5, 11, 12].includes(r.packet[r.l4]!)

/** The packet that an ICMP error quotes; its end may be missing. */
export const quotedBy = (r: Read): Read => read(r.packet.subarray(r.l4 + 8))
