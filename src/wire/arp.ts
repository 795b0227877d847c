/**
 * ARP for IPv4 over Ethernet: 28 bytes.
 * Not a cache: `net/neighbours.ts` keeps what was learned. RFC 826; announcements per RFC 5227 §3.
 */
import type { Ipv4 } from '../base/address.ts'
import { setU16, setU32, u16, u32 } from '../base/bytes.ts'
import { ok, type Result } from '../base/result.ts'
import { decoder, type WireError } from './codec.ts'
import { ETHER_TYPE, macAt, setMac } from './ethernet.ts'

export const ARP_LENGTH = 28
const ETHERNET_AND_IPV4 = 0x0001_0800
const ADDRESS_LENGTHS = 0x0604
export const ARP_OPERATION = { request: 1, reply: 2 } as const

/** The sender's and the target's pair of hardware (6 bytes) and protocol address. */
export interface ArpPacket {
  /** 1 request, 2 reply; other numbers survive. */
  readonly operation: number
  readonly senderMac: Uint8Array
  readonly sender: Ipv4
  readonly targetMac: Uint8Array
  readonly target: Ipv4
}

const read = decoder<ArpPacket>('arp', (r) => {
  if (r.u16('ar$hrd', 'RFC 826') !== 1) r.reject('bad-value', 'ar$hrd', 'RFC 826')
  if (r.u16('ar$pro', 'RFC 826') !== ETHER_TYPE.ipv4) r.reject('bad-value', 'ar$pro', 'RFC 826')
  if (r.u8('ar$hln', 'RFC 826') !== 6) r.reject('bad-value', 'ar$hln', 'RFC 826')
  if (r.u8('ar$pln', 'RFC 826') !== 4) r.reject('bad-value', 'ar$pln', 'RFC 826')
  r.skip(2, 'ar$op', 'RFC 826')
  r.skip(6, 'ar$sha', 'RFC 826')
  r.skip(4, 'ar$spa', 'RFC 826')
  r.skip(6, 'ar$tha', 'RFC 826')
  r.skip(4, 'ar$tpa', 'RFC 826')
  r.rest() // Ethernet pads short frames.
  return packetAt(r.bytes, 0)
})

/** From `at` to the end of `bytes`, padding and all. What comes back is a copy. */
export function decodeArp(bytes: Uint8Array, at = 0): Result<ArpPacket, WireError> {
  // Neighbours ask each other all day long: what is right is read in place, for a view costs more than the reading.
  const isRight =
    bytes.length >= at + ARP_LENGTH &&
    u32(bytes, at) === ETHERNET_AND_IPV4 &&
    u16(bytes, at + 4) === ADDRESS_LENGTHS
  return isRight ? ok(packetAt(bytes, at)) : read(bytes.subarray(at))
}

const packetAt = (bytes: Uint8Array, at: number): ArpPacket => ({
  operation: u16(bytes, at + 6),
  senderMac: macAt(bytes, at + 8),
  sender: u32(bytes, at + 14) as Ipv4,
  targetMac: macAt(bytes, at + 18),
  target: u32(bytes, at + 24) as Ipv4,
})

export function encodeArp(packet: ArpPacket): Uint8Array {
  const out = new Uint8Array(ARP_LENGTH)
  writeArp(out, 0, packet)
  return out
}

/** Like {@link encodeArp}, into 28 bytes of `out` from `at`. */
export function writeArp(out: Uint8Array, at: number, packet: ArpPacket): void {
  setU32(out, at, ETHERNET_AND_IPV4)
  setU16(out, at + 4, ADDRESS_LENGTHS)
  setU16(out, at + 6, packet.operation)
  setMac(out, at + 8, packet.senderMac)
  setU32(out, at + 14, packet.sender)
  setMac(out, at + 18, packet.targetMac)
  setU32(out, at + 24, packet.target)
}
