/**
 * An IPv4 packet on its way through one stack, and the five hooks at which a filter may look at it (netfilter's own five).
 * Not a decoder: `wire/ipv4.ts` has the header. A packet has one owner, who may rewrite it in place and keeps its checksums right.
 */
import type { RejectWith } from '../topology/firewall.ts'

/** Where IPv4 begins in {@link Packet.frame}. Interfaces strip and add VLAN tags, so inside a stack this never changes. */
export const IP_OFFSET = 14

export interface Packet {
  /** An untagged Ethernet frame: 14 bytes of header, then IPv4. Bytes beyond Total Length are padding. */
  frame: Uint8Array
  /** The id that the packet keeps on its whole way, translated or not; fragments share it. */
  readonly id: number
  /** Network by which it came in; undefined for what this host sends. */
  inNic: string | undefined
  /** Network by which it will leave; undefined before routing and for what is delivered here. */
  outNic: string | undefined
  /** Connection tracking's own note on this packet, between its hooks. */
  track: unknown
}

/** Why a hook stopped a packet. `undefined` in place of this means: go on. */
export type Stop =
  | {
      readonly kind: 'drop'
      readonly rule: string
      readonly reason: 'filter' | 'blocked' | 'no-mapping' | 'nat-clash' | 'malformed'
      /** One line for people. */
      readonly detail?: string
    }
  | { readonly kind: 'reject'; readonly rule: string; readonly with: RejectWith }

/**
 * Firewall, NAT and connection tracking of one host. The stack calls, in this order:
 * received: prerouting, then (routing) input, or forward and postrouting; sent: output, then postrouting.
 * A reassembled datagram passes the hooks whole: connection tracking defragments before prerouting.
 * The outgoing ICMP error or RST of a `reject` is made by the stack (RFC 1812 §4.3.2 limits apply) and passes output and postrouting itself.
 */
export interface PacketHooks {
  prerouting(packet: Packet): Stop | undefined
  input(packet: Packet): Stop | undefined
  forward(packet: Packet): Stop | undefined
  output(packet: Packet): Stop | undefined
  postrouting(packet: Packet): Stop | undefined
}
