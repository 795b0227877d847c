/**
 * Ethernet II frames and 802.1Q tags: 14 bytes of header, 18 with a tag; no FCS and no padding to 60 bytes, as captures show them.
 * Not a network: `net/segment.ts` carries frames. IEEE 802.3 clause 3, IEEE 802.1Q clause 9.
 */
import { setU16, u16 } from '../base/bytes.ts'
import type { Rng } from '../base/rng.ts'
import { decoder } from './codec.ts'

export const ETHERNET_HEADER = 14
export const VLAN_TAG = 4
export const ETHER_TYPE = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd } as const

const ETHER_TYPE_AT = 12

/** `destination` and `source` are 6 bytes each; `vlan` is the 12-bit id of an 802.1Q tag, where the frame has one. */
export interface EthernetFrame {
  readonly destination: Uint8Array
  readonly source: Uint8Array
  readonly vlan?: number
  readonly etherType: number
  /** With any padding: Ethernet II does not say where the payload ends. */
  readonly payload: Uint8Array
}

export const BROADCAST_MAC: Uint8Array = new Uint8Array(6).fill(0xff)

export const decodeEthernet = decoder<EthernetFrame>('ethernet', (r) => {
  const destination = r.take(6, 'Destination Address', 'IEEE 802.3 §3.2.4')
  const source = r.take(6, 'Source Address', 'IEEE 802.3 §3.2.5')
  const type = r.u16('Length/Type', 'IEEE 802.3 §3.2.6')
  if (type !== ETHER_TYPE.vlan) return { destination, source, etherType: type, payload: r.rest() }
  const vlan = r.u16('TCI', 'IEEE 802.1Q §9.6') & 0xfff
  const etherType = r.u16('Length/Type', 'IEEE 802.3 §3.2.6')
  return { destination, source, vlan, etherType, payload: r.rest() }
})

/** A new frame of 14 (tagged: 18) + payload bytes. */
export function encodeEthernet(frame: EthernetFrame): Uint8Array {
  const header = frame.vlan === undefined ? ETHERNET_HEADER : ETHERNET_HEADER + VLAN_TAG
  const out = new Uint8Array(header + frame.payload.length)
  writeHeader(out, frame.destination, frame.source, frame.etherType)
  if (frame.vlan !== undefined) {
    setU16(out, ETHER_TYPE_AT, ETHER_TYPE.vlan)
    setU16(out, ETHER_TYPE_AT + 2, frame.vlan)
    setU16(out, header - 2, frame.etherType)
  }
  out.set(frame.payload, header)
  return out
}

/** The 14 bytes of an untagged frame's header, in place. */
export function writeHeader(
  frame: Uint8Array,
  destination: Uint8Array,
  source: Uint8Array,
  etherType: number,
): void {
  setMac(frame, 0, destination)
  setMac(frame, 6, source)
  setU16(frame, ETHER_TYPE_AT, etherType)
}

/** The type field at its untagged place; 0x8100 where a tag follows. The frame has 14 bytes or more. */
export const etherTypeOf = (frame: Uint8Array): number => u16(frame, ETHER_TYPE_AT)

/** The VLAN id of a tagged frame, or undefined. */
export const vlanOf = (frame: Uint8Array): number | undefined =>
  frame.length >= ETHERNET_HEADER + VLAN_TAG && etherTypeOf(frame) === ETHER_TYPE.vlan
    ? u16(frame, ETHERNET_HEADER) & 0xfff
    : undefined

/** A copy of an untagged frame with an 802.1Q tag: priority 0, not drop eligible. */
export function tagFrame(frame: Uint8Array, vlan: number): Uint8Array {
  const out = new Uint8Array(frame.length + VLAN_TAG)
  out.set(frame.subarray(0, ETHER_TYPE_AT), 0)
  setU16(out, ETHER_TYPE_AT, ETHER_TYPE.vlan)
  setU16(out, ETHER_TYPE_AT + 2, vlan)
  out.set(frame.subarray(ETHER_TYPE_AT), ETHER_TYPE_AT + VLAN_TAG)
  return out
}

/** A copy of a tagged frame without its outermost tag. */
export function untagFrame(frame: Uint8Array): Uint8Array {
  const out = new Uint8Array(frame.length - VLAN_TAG)
  out.set(frame.subarray(0, ETHER_TYPE_AT), 0)
  out.set(frame.subarray(ETHER_TYPE_AT + VLAN_TAG), ETHER_TYPE_AT)
  return out
}

export function setMac(frame: Uint8Array, at: number, mac: Uint8Array): void {
  for (let i = 0; i < 6; i++) frame[at + i] = mac[i]!
}

/** A copy of 6 bytes of `frame` from `at`. */
export function macAt(frame: Uint8Array, at: number): Uint8Array {
  const mac = new Uint8Array(6)
  for (let i = 0; i < 6; i++) mac[i] = frame[at + i]!
  return mac
}

/** Whether 6 bytes of `frame` from `at` are `mac`. */
export const isMac = (frame: Uint8Array, at: number, mac: Uint8Array): boolean =>
  frame[at + 5] === mac[5] &&
  frame[at + 4] === mac[4] &&
  frame[at + 3] === mac[3] &&
  frame[at + 2] === mac[2] &&
  frame[at + 1] === mac[1] &&
  frame[at] === mac[0]

/** Broadcast or multicast: the group bit of the destination is set (IEEE 802.3 §3.2.3). */
export const isGroupFrame = (frame: Uint8Array): boolean => (frame[0]! & 1) === 1

/** A locally administered unicast address (`02-…`), drawn from `rng`. */
export function drawMac(rng: Rng): Uint8Array {
  const mac = rng.bytes(6)
  mac[0] = 0x02
  return mac
}

/** `02-00-5E-10-00-01`, as Windows prints it. */
export const formatMac = (mac: Uint8Array): string =>
  Array.from(mac, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('-')
