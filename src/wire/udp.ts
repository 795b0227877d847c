/**
 * UDP: 8 bytes of header, and a checksum under the IPv4 pseudo header.
 * Not a socket: `net/udp.ts` has those. RFC 768.
 */
import type { Ipv4 } from '../base/address.ts'
import { checksumSum, foldChecksum, setU16, u16 } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { WireError, WireFault } from './codec.ts'
import { IPV4_HEADER, IPV4_LENGTH_MAX, PROTOCOL, pseudoHeaderSum } from './ipv4.ts'

export const UDP_HEADER = 8

export interface UdpDatagram {
  /** 0 … 65535; 0 means that no answer is expected. */
  readonly sourcePort: number
  readonly destinationPort: number
  readonly payload: Uint8Array
}

/** The addresses of the IP header around a transport message. */
export interface PseudoHeader {
  readonly source: Ipv4
  readonly destination: Ipv4
}

/** Reads the payload of one IP packet. Bytes beyond Length are ignored (RFC 768); checksum 0 means none was made. */
export function decodeUdp(
  message: Uint8Array,
  pseudo: PseudoHeader,
): Result<UdpDatagram, WireError> {
  const wrong = udpFault(message, pseudo)
  if (wrong !== undefined) return err(wrong)
  return ok({
    sourcePort: u16(message, 0),
    destinationPort: u16(message, 2),
    payload: message.subarray(UDP_HEADER, u16(message, 4)),
  })
}

/** What a receiver must check in the payload of an IP packet before it reads ports or data; undefined when all is well. */
export function udpFault(message: Uint8Array, pseudo: PseudoHeader): WireError | undefined {
  const { length } = message
  if (length < UDP_HEADER) return fault('truncated', 'Length', length)
  const said = u16(message, 4)
  if (said < UDP_HEADER) return fault('bad-value', 'Length', 4)
  if (said > length) return fault('truncated', 'data octets', length)
  if (u16(message, 6) === 0) return undefined
  const { source, destination } = pseudo
  const sum = checksumSum(
    message,
    0,
    said,
    pseudoHeaderSum(source, destination, PROTOCOL.udp, said),
  )
  return foldChecksum(sum) === 0 ? undefined : fault('bad-checksum', 'Checksum', 6)
}

const fault = (code: WireFault, field: string, offset: number): WireError => ({
  code,
  layer: 'udp',
  field,
  offset,
  rfc: 'RFC 768',
})

/** A new datagram of 8 + payload bytes, checksummed. Throws RangeError when it would not fit an IPv4 packet. */
export function encodeUdp(datagram: UdpDatagram, pseudo: PseudoHeader): Uint8Array {
  const out = new Uint8Array(UDP_HEADER + datagram.payload.length)
  writeUdp(out, 0, datagram, pseudo)
  return out
}

/** Like {@link encodeUdp}, into `out` from `at` to its end, which must have just that room. */
export function writeUdp(
  out: Uint8Array,
  at: number,
  datagram: UdpDatagram,
  pseudo: PseudoHeader,
): void {
  const length = UDP_HEADER + datagram.payload.length
  if (length > IPV4_LENGTH_MAX - IPV4_HEADER)
    throw new RangeError(`a UDP datagram of ${length} bytes does not fit into an IPv4 packet`)
  setU16(out, at, datagram.sourcePort)
  setU16(out, at + 2, datagram.destinationPort)
  setU16(out, at + 4, length)
  out.set(datagram.payload, at + UDP_HEADER)
  const { source, destination } = pseudo
  const sum = pseudoHeaderSum(source, destination, PROTOCOL.udp, length)
  const checksum = foldChecksum(checksumSum(out, at, at + length, sum))
  // 0 on the wire says "no checksum", so a sum of 0 is sent as its other form (RFC 768).
  setU16(out, at + 6, checksum === 0 ? 0xffff : checksum)
}
