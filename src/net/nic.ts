/**
 * One network interface: its addresses, its cable, its ARP table, and the place where frames enter the trace.
 * Not a router and not a driver: everything above Ethernet is `net/ip.ts`'s. An interface is named after its network.
 */
import { maskOf, prefixContains, type Ipv4, type Prefix } from '../base/address.ts'
import { decodeArp } from '../wire/arp.ts'
import { formatWireError } from '../wire/codec.ts'
import {
  BROADCAST_MAC,
  ETHER_TYPE,
  ETHERNET_HEADER,
  etherTypeOf,
  isGroupFrame,
  isMac,
  setMac,
} from '../wire/ethernet.ts'
import { Neighbours } from './neighbours.ts'
import { isMulticast } from './routes.ts'
import { onCable, type Link, type Segment, type Station } from './segment.ts'
import type { NicView, TunnelRefusal } from './sockets.ts'
import type { Trunk } from './switch.ts'
import type { DropReason, Trace } from './trace.ts'
import { Transit } from './transit.ts'
import type { World } from './world.ts'

/** Windows' automatic metric for a gigabit link; what the topology says by default, too. */
export const METRIC_DEFAULT = 25

/** How an interface is set: once by hand, again by DHCP. */
export interface NicConfig {
  readonly address?: Ipv4
  readonly prefixLength?: number
  /** Further addresses, with the same prefix length unless they say otherwise. */
  readonly alsoAt?: readonly { readonly address: Ipv4; readonly prefixLength?: number }[]
  readonly gateway?: Ipv4
  readonly dns?: readonly Ipv4[]
  readonly suffix?: string
}

/** What IP needs of an interface, whatever is below it. */
export interface IpInterface {
  readonly name: string
  readonly up: boolean
  /** Largest IP packet in bytes. */
  readonly mtu: number
  readonly metric: number
  readonly config: NicConfig
  readonly view: NicView
  has(address: Ipv4): boolean
  /** Send to the neighbour at `nextHop`, or with `group` to everybody there. What comes back: why it would not, at once. */
  leave(packet: Transit, nextHop: Ipv4, group: boolean): TunnelRefusal | undefined
}

/** What an Ethernet interface needs from its host. */
export interface NicHost {
  readonly name: string
  readonly world: World
  readonly trace: Trace
  readonly isDown: boolean
  /** Takes ownership; the frame holds IPv4 and is untagged. */
  receiveIpv4(nic: Nic, packet: Transit): void
  answersArp(nic: Nic, address: Ipv4): boolean
  onUnreachable(nic: Nic, packet: Transit, address: Ipv4): void
  onConflict(nic: Nic, address: Ipv4, mac: Uint8Array): void
}

export class Nic implements Station, IpInterface {
  readonly node: string
  readonly mac: Uint8Array
  readonly metric: number
  readonly neighbours: Neighbours
  config: NicConfig = {}
  readonly #host: NicHost
  #link: Link | undefined
  #name: string
  #mtu: number

  constructor(
    host: NicHost,
    segment: Segment,
    options: { readonly mac: Uint8Array; readonly metric: number; readonly trunk?: Trunk },
  ) {
    this.#host = host
    this.node = host.name
    this.mac = options.mac
    this.metric = options.metric
    this.#name = segment.name
    this.#mtu = segment.mtu
    this.neighbours = new Neighbours({
      world: host.world,
      mac: options.mac,
      primaryAddress: () => this.config.address,
      answersFor: (address) => host.answersArp(this, address),
      hasAddress: (address) => this.has(address),
      sendTo: (mac, packet) => this.sendTo(mac, packet),
      transmitArp: (frame) => this.transmit(new Transit(frame, host.trace.nextPacket())),
      onUnreachable: (packet, address) => host.onUnreachable(this, packet, address),
      onQueueFull: (packet) => this.drop(packet, 'queue-full', 'too many packets wait for ARP'),
      onConflict: (address, mac) => host.onConflict(this, address, mac),
    })
    this.plugInto(segment, options.trunk)
  }

  /** The network it is plugged into, or was last. */
  get name(): string {
    return this.#name
  }

  /** Largest IP packet in bytes. */
  get mtu(): number {
    return this.#mtu
  }

  get up(): boolean {
    return this.#link !== undefined && !this.#host.isDown
  }

  get segment(): Segment | undefined {
    return this.#link?.segment
  }

  /** Plug the cable in, after pulling it from wherever it was. */
  plugInto(segment: Segment, trunk?: Trunk): void {
    this.unplug()
    this.#name = segment.name
    this.#mtu = segment.mtu
    this.#link = trunk === undefined ? segment.plug(this) : trunk.plug(segment, this)
  }

  unplug(): void {
    this.#link?.unplug()
    this.#link = undefined
    this.neighbours.flush()
  }

  has(address: Ipv4): boolean {
    const { config } = this
    return (
      config.address === address || config.alsoAt?.some((also) => also.address === address) === true
    )
  }

  /** Broadcasts and multicasts need no ARP. */
  leave(packet: Transit, nextHop: Ipv4, group: boolean): undefined {
    if (!group) this.neighbours.send(packet, nextHop)
    else this.sendTo(isMulticast(nextHop) ? groupMac(nextHop) : BROADCAST_MAC, packet)
  }

  /** Send a frame to the station with `mac`: its Ethernet addresses are written here. */
  sendTo(mac: Uint8Array, packet: Transit): void {
    const { frame } = packet
    setMac(frame, 0, mac)
    setMac(frame, 6, this.mac)
    this.transmit(packet)
  }

  /** Send a frame whose Ethernet header is complete. */
  transmit(packet: Transit): void {
    const link = this.#link
    if (this.#host.isDown) return this.drop(packet, 'host-down', 'the host is down')
    if (link === undefined) return this.drop(packet, 'link-lost', 'the cable is unplugged')
    packet.reset()
    if (this.#host.trace.detailed) this.#record('sent', packet)
    link.send(packet)
  }

  receive(packet: Transit): void {
    const { frame } = packet
    if (this.#host.isDown) {
      packet.frame = onCable(frame, this.#link)
      return this.drop(packet, 'host-down', 'the host is down')
    }
    // Frames to others end here unseen, as in any interface that is not promiscuous.
    if (!isGroupFrame(frame) && !isMac(frame, 0, this.mac)) return
    if (this.#host.trace.detailed) this.#record('received', packet)
    packet.inNic = this.#name
    const type = etherTypeOf(packet.frame)
    if (type === ETHER_TYPE.ipv4) this.#host.receiveIpv4(this, packet)
    else if (type === ETHER_TYPE.arp) this.#receiveArp(packet)
    else this.drop(packet, 'not-modelled', etherTypeName(type))
  }

  drop(packet: Transit, reason: DropReason, detail: string): void {
    this.#host.trace.add({
      kind: 'dropped',
      node: this.node,
      nic: this.#name,
      reason,
      packet: packet.id,
      detail,
      frame: packet.frame,
    })
  }

  get view(): NicView {
    const { config } = this
    return {
      name: this.#name,
      kind: 'ethernet',
      up: this.up,
      address: config.address,
      prefixLength: config.prefixLength,
      gateway: config.gateway,
      dns: config.dns ?? [],
      suffix: config.suffix,
      metric: this.metric,
      mac: this.mac,
    }
  }

  #record(kind: 'sent' | 'received', packet: Transit): void {
    const { node } = this
    this.#host.trace.add({
      kind,
      node,
      nic: this.#name,
      packet: packet.id,
      frame: onCable(packet.frame, this.#link),
    })
  }

  #receiveArp(packet: Transit): void {
    const arp = decodeArp(packet.frame, ETHERNET_HEADER)
    if (arp.ok) this.neighbours.receive(arp.value)
    else this.drop(packet, 'malformed', formatWireError(arp.error))
  }
}

/** Whether an interface that was set so and is set so now has to be reached, or reaches others, in another way. */
export const isMoved = (was: NicConfig, is: NicConfig): boolean =>
  was.address !== is.address || was.prefixLength !== is.prefixLength || was.gateway !== is.gateway

/** Every address of an interface, and the network that it stands in. */
export function addressesOf(
  nic: IpInterface,
): { readonly address: Ipv4; readonly prefix: Prefix<Ipv4> }[] {
  const { address, prefixLength = 32, alsoAt = [] } = nic.config
  const all = alsoAt.map((also) => ({ length: also.prefixLength ?? prefixLength, ...also }))
  if (address !== undefined) all.unshift({ address, length: prefixLength })
  return all.map(({ address, length }) => ({
    address,
    prefix: { address: ((address & maskOf(length)) >>> 0) as Ipv4, length },
  }))
}

/** Whether an interface reaches `address` without a router. */
export const isOnLink = (nic: IpInterface, address: Ipv4): boolean =>
  addressesOf(nic).some(({ prefix }) => prefixContains(prefix, address))

/** RFC 1112 §6.4: the low 23 bits of the group. */
const groupMac = (group: Ipv4): Uint8Array =>
  Uint8Array.of(0x01, 0x00, 0x5e, (group >>> 16) & 0x7f, (group >>> 8) & 0xff, group & 0xff)

function etherTypeName(type: number): string {
  if (type === ETHER_TYPE.ipv6) return 'IPv6'
  if (type === ETHER_TYPE.vlan) return 'an 802.1Q tag on an untagged cable'
  return `EtherType 0x${type.toString(16).padStart(4, '0')}`
}
