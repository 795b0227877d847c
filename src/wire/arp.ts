/**
 * ARP for IPv4 over Ethernet: 28 bytes.
 * Not a cache: `net/neighbours.ts` keeps what was learned. RFC 826; announcements per RFC 5227 §3.
 */
import type { Ipv4 } from '../base/address.ts'
import { setU16, setU32 } from '../base/bytes.ts'
import { decoder } from './codec.ts'
import { ETHER_TYPE } from './ethernet.ts'

export const ARP_LENGTH = 28
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

export const decodeArp = decoder<ArpPacket>('arp', (r) => {
  if (r.u16('ar$hrd', 'RFC 826') !== 1) r.reject('bad-value', 'ar$hrd', 'RFC 826')
  if (r.u16('ar$pro', 'RFC 826') !== ETHER_TYPE.ipv4) r.reject('bad-value', 'ar$pro', 'RFC 826')
  if (r.u8('ar$hln', 'RFC 826') !== 6) r.reject('bad-value', 'ar$hln', 'RFC 826')
  if (r.u8('ar$pln', 'RFC 826') !== 4) r.reject('bad-value', 'ar$pln', 'RFC 826')
  const packet = {
    operation: r.u16('ar$op', 'RFC 826'),
    senderMac: r.take(6, 'ar$sha', 'RFC 826'),
    sender: r.u32('ar$spa', 'RFC 826') as Ipv4,
    targetMac: r.take(6, 'ar$tha', 'RFC 826'),
    target: r.u32('ar$tpa', 'RFC 826') as Ipv4,
  }
  r.rest() // Ethernet pads short frames.
  return packet
})

export function encodeArp(packet: ArpPacket): Uint8Array {
  const out = new Uint8Array(ARP_LENGTH)
  setU16(out, 0, 1)
  setU16(out, 2, ETHER_TYPE.ipv4)
  out[4] = 6
  out[5] = 4
  setU16(out, 6, packet.operation)
  out.set(packet.senderMac, 8)
  setU32(out, 14, packet.sender)
  out.set(packet.targetMac, 18)
  setU32(out, 24, packet.target)
  return out
}
