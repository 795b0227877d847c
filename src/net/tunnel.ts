/**
 * An interface without a cable: what IP sends by it goes to a program of this host, and what the program hands in comes out of it. The near
 * end of a VPN on a client, or a gateway's interface for all its clients. Not a protocol and not Ethernet: nobody is asked by ARP, except
 * where a gateway answers for its clients. In a trace it has Ethernet headers whose addresses are zero, so that all frames there are of one kind.
 */
import type { Ipv4, Prefix } from '../base/address.ts'
import { setU16 } from '../base/bytes.ts'
import { microseconds } from '../base/time.ts'
import { ETHER_TYPE } from '../wire/ethernet.ts'
import { totalLengthOf } from '../wire/ipv4.ts'
import { isMoved, isOnLink, type IpInterface, type Nic, type NicConfig } from './nic.ts'
import { IP_OFFSET } from './packet.ts'
import type {
  NetworkChange,
  NicView,
  Tunnel,
  TunnelPacketHandler,
  TunnelRefusal,
  TunnelRoute,
  TunnelSettings,
} from './sockets.ts'
import type { DropReason, Trace } from './trace.ts'
import { Transit } from './transit.ts'
import type { World } from './world.ts'

/** A host address alone: nobody else is on the link. */
const PREFIX_LENGTH_DEFAULT = 32
const NO_MAC = new Uint8Array(0)
/** RFC 791: no link may have less. */
const MTU_MIN = 68

/** Whether a frame of a trace was seen at a tunnel: no interface with a cable has the address zero, or sends to it. */
export const isTunnelFrame = (frame: Uint8Array): boolean =>
  frame.subarray(0, IP_OFFSET - 2).every((byte) => byte === 0)

/** What tunnels need from their host. */
export interface TunnelHost {
  readonly name: string
  readonly world: World
  readonly trace: Trace
  readonly isDown: boolean
  readonly nics: readonly NicView[]
  /** The Ethernet interface of that name. */
  nicNamed(name: string): Nic | undefined
  /** Takes ownership of the frame. */
  receiveIpv4(nic: IpInterface, packet: Transit): void
  /** Addresses or routes are others now; without `kind`, routes alone. */
  onTunnelChanged(nic: string, kind?: NetworkChange['kind']): void
  onTunnelRoute(change: 'added' | 'removed', tunnel: TunnelNic, route: TunnelRoute): void
}

/** All tunnels of one host, in the order in which they were opened. */
export class Tunnels {
  readonly open: TunnelNic[] = []
  readonly #host: TunnelHost
  /** How many packets of this host are being handed to programs now, one within another. */
  handing = 0

  constructor(host: TunnelHost) {
    this.#host = host
  }

  openTunnel(settings: TunnelSettings, onPacket: TunnelPacketHandler): TunnelNic {
    const { name } = settings
    if (this.#host.nics.some((nic) => nic.name === name))
      throw new RangeError(`${this.#host.name} has an interface '${name}' already`)
    const tunnel = new TunnelNic(this, this.#host, settings, onPacket)
    this.open.push(tunnel)
    this.#host.onTunnelChanged(name, 'link')
    return tunnel
  }

  /** Whether a tunnel's far end has `address`, and this host answers ARP for it on `nic`. */
  answersArp(nic: Nic, address: Ipv4): boolean {
    return this.open.some((tunnel) => tunnel.answersArp(nic, address))
  }

  // For tunnels only.

  /** A blank frame for an IP packet of `length` bytes. */
  frameFor(length: number): Uint8Array {
    return this.#host.world.frames.take(IP_OFFSET + length)
  }

  close(tunnel: TunnelNic): void {
    this.open.splice(this.open.indexOf(tunnel), 1)
    this.#host.onTunnelChanged(tunnel.name, 'link')
  }
}

export class TunnelNic implements IpInterface, Tunnel {
  readonly name: string
  readonly #tunnels: Tunnels
  readonly #host: TunnelHost
  readonly #onPacket: TunnelPacketHandler
  #settings: TunnelSettings
  #config: NicConfig
  /** By prefix. Far ends are those of a single address. */
  readonly #routes = new Map<number, TunnelRoute>()
  #isOpen = true
  #isHanding = false

  constructor(
    tunnels: Tunnels,
    host: TunnelHost,
    settings: TunnelSettings,
    onPacket: TunnelPacketHandler,
  ) {
    this.name = settings.name
    this.#tunnels = tunnels
    this.#host = host
    this.#onPacket = onPacket
    this.#settings = settings
    this.#config = configOf(settings)
  }

  // IpInterface

  get up(): boolean {
    return this.#isOpen && !this.#host.isDown
  }

  get mtu(): number {
    return this.#settings.mtu
  }

  get metric(): number {
    return this.#settings.metric
  }

  get config(): NicConfig {
    return this.#config
  }

  get outranks(): boolean {
    return this.#settings.outranks === true
  }

  get routes(): Iterable<TunnelRoute> {
    return this.#routes.values()
  }

  has(address: Ipv4): boolean {
    return this.#settings.address === address
  }

  get view(): NicView {
    const { address, prefixLength = PREFIX_LENGTH_DEFAULT, dns = [], suffix } = this.#settings
    return {
      name: this.name,
      kind: 'tunnel',
      up: this.up,
      address,
      prefixLength,
      gateway: undefined,
      dns,
      suffix,
      metric: this.metric,
      mac: NO_MAC,
    }
  }

  leave(packet: Transit): TunnelRefusal | undefined {
    const { frame } = packet
    if (this.#host.isDown) {
      this.#drop(packet, 'host-down', 'the host is down')
      return undefined
    }
    // Its carrier's packets were routed into the tunnel itself (Linux: "Dead loop on virtual device").
    if (this.#isHanding) return 'net-unreachable'
    const end = IP_OFFSET + totalLengthOf(frame, IP_OFFSET)
    if (this.#host.trace.detailed) {
      frame.fill(0, 0, IP_OFFSET - 2)
      this.#host.trace.add({
        kind: 'sent',
        node: this.#host.name,
        nic: this.name,
        packet: packet.id,
        frame: frame.subarray(0, end),
      })
    }
    this.#isHanding = true
    this.#tunnels.handing++
    try {
      return this.#onPacket(frame.subarray(IP_OFFSET, end), packet.id) ?? undefined
    } finally {
      this.#isHanding = false
      this.#tunnels.handing--
    }
  }

  // Tunnel

  deliver(packet: Uint8Array, within?: number): number {
    const frame = this.#tunnels.frameFor(packet.length)
    setU16(frame, IP_OFFSET - 2, ETHER_TYPE.ipv4)
    frame.set(packet, IP_OFFSET)
    const transit = new Transit(frame, this.#host.trace.nextPacket())
    // Whoever answers while this host is in the midst of sending is heard when it has sent.
    if (this.#tunnels.handing > 0)
      this.#host.world.schedule(microseconds(0), () => this.#receive(transit, within), undefined)
    else this.#receive(transit, within)
    return transit.id
  }

  setRoutes(routes: readonly TunnelRoute[]): void {
    if (!this.#isOpen) return
    const known = new Set(this.#routes.keys())
    this.#routes.clear()
    for (const route of routes) this.#routes.set(keyOf(route.to), route)
    this.#host.onTunnelChanged(this.name)
    for (const [key, { to }] of this.#routes) if (!known.has(key)) this.#announce(to)
  }

  addRoute(route: TunnelRoute): void {
    if (!this.#isOpen) return
    const had = this.#routes.get(keyOf(route.to))
    if (had !== undefined) this.#host.onTunnelRoute('removed', this, had)
    this.#routes.set(keyOf(route.to), route)
    this.#host.onTunnelRoute('added', this, route)
    if (had === undefined) this.#announce(route.to)
  }

  removeRoute(to: Prefix<Ipv4>): void {
    const had = this.#routes.get(keyOf(to))
    if (!this.#isOpen || had === undefined) return
    this.#routes.delete(keyOf(to))
    this.#host.onTunnelRoute('removed', this, had)
  }

  update(settings: Omit<TunnelSettings, 'name'>): void {
    if (!this.#isOpen) return
    const had = this.#config
    this.#settings = { ...settings, name: this.name }
    this.#config = configOf(this.#settings)
    this.#host.onTunnelChanged(this.name, isMoved(had, this.#config) ? 'address' : undefined)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#tunnels.close(this)
  }

  /** Clients that have an address of the NIC's own network cannot answer for themselves there (RFC 1027). */
  answersArp(nic: Nic, address: Ipv4): boolean {
    if (this.#settings.proxyArpOn !== nic.name) return false
    const isHere = this.has(address) || this.#routes.has(keyOf({ address, length: 32 }))
    return isHere && isOnLink(nic, address)
  }

  /** Tell the NIC's network of a new far end, so that it forgets who had its address before. */
  #announce({ address, length }: Prefix<Ipv4>): void {
    const { proxyArpOn } = this.#settings
    const nic = proxyArpOn === undefined ? undefined : this.#host.nicNamed(proxyArpOn)
    if (nic !== undefined && length === 32 && this.answersArp(nic, address))
      nic.neighbours.announce(address)
  }

  #receive(packet: Transit, within: number | undefined): void {
    const host = this.#host
    if (host.isDown) return this.#drop(packet, 'host-down', 'the host is down')
    if (!this.#isOpen) return this.#drop(packet, 'link-lost', 'the tunnel is closed')
    if (host.trace.detailed)
      host.trace.add({
        kind: 'received',
        node: host.name,
        nic: this.name,
        packet: packet.id,
        frame: packet.frame,
        ...(within === undefined ? {} : { within }),
      })
    packet.inNic = this.name
    host.receiveIpv4(this, packet)
  }

  #drop(packet: Transit, reason: DropReason, detail: string): void {
    const { name: node, trace } = this.#host
    const { id, frame } = packet
    trace.add({ kind: 'dropped', node, nic: this.name, reason, packet: id, detail, frame })
  }
}

/** One number for a prefix: lengths need six bits. */
const keyOf = ({ address, length }: Prefix<Ipv4>): number => (address >>> 0) * 64 + length

function configOf(settings: TunnelSettings): NicConfig {
  const { address, prefixLength = PREFIX_LENGTH_DEFAULT, dns, suffix, mtu } = settings
  if (mtu < MTU_MIN)
    throw new RangeError(`tunnel '${settings.name}' has an MTU of ${mtu}, below ${MTU_MIN}`)
  return {
    address,
    prefixLength,
    ...(dns === undefined ? {} : { dns }),
    ...(suffix === undefined ? {} : { suffix }),
  }
}
