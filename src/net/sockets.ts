/**
 * What a host offers to the services and clients that run on it: UDP sockets, TCP connections, timers, a log.
 * Not an implementation: `net/host.ts` provides it. Everything is synchronous and calls back under virtual time.
 */
import type { Ipv4, Prefix } from '../base/address.ts'
import type { Result } from '../base/result.ts'
import type { Rng } from '../base/rng.ts'
import type { Cryptography } from '../engine/cryptography.ts'
import type { Duration, Instant } from '../base/time.ts'
import type { WireError } from '../wire/codec.ts'
import type { Timer } from './world.ts'

export interface Endpoint {
  readonly address: Ipv4
  readonly port: number
}

export interface Datagram {
  /** The UDP payload; the receiver owns it. */
  readonly bytes: Uint8Array
  readonly from: Endpoint
  /** As it was addressed when it reached this host, after any translation. */
  readonly to: Endpoint
  /** Name of the interface (its network) by which it came. */
  readonly nic: string
  /** The packet's id in the trace. */
  readonly packet: number
}

/** An ICMP error that quotes a packet of this socket, or the stack's own refusal to send. */
export interface SocketError {
  readonly code:
    | 'port-unreachable'
    | 'host-unreachable'
    | 'net-unreachable'
    | 'prohibited'
    | 'too-big'
    | 'no-route'
    | 'ttl-expired'
  readonly to: Endpoint
  /** Who said so; the host itself for `no-route`. */
  readonly from: Ipv4
  /** With `too-big`: the next hop's MTU. */
  readonly mtu?: number
}

export interface SendOptions {
  /** Source address; default: the address of the interface the route leaves by. */
  readonly source?: Ipv4
  /** Send on this interface whatever the routes say (DHCP does). The destination may be a broadcast address. */
  readonly nic?: string
  /** Set DF; default true for UDP up to the path MTU, as Windows does. `false` lets routers fragment. */
  readonly dontFragment?: boolean
  readonly ttl?: number
}

export interface UdpSocket {
  readonly port: number
  /** Returns the packet's id in the trace. A payload larger than the MTU is fragmented unless `dontFragment`. */
  send(to: Endpoint, bytes: Uint8Array, options?: SendOptions): number
  close(): void
}

export interface UdpHandlers {
  /** What cannot be read is handed back with why: the host then counts and traces it as a malformed drop. */
  readonly onDatagram: (datagram: Datagram) => WireError | undefined | void
  readonly onError?: (error: SocketError) => void
}

export interface Udp {
  /** Without a port: an ephemeral one (49152 … 65535, drawn from the host's rng). Without an address: all of the host's. */
  open(
    handlers: UdpHandlers,
    bind?: { readonly port?: number; readonly address?: Ipv4; readonly nic?: string },
  ): Result<UdpSocket, 'port-in-use'>
}

export type CloseReason = 'closed' | 'reset' | 'refused' | 'timed-out' | 'unreachable'

export interface TcpHandlers {
  readonly onConnected?: () => void
  readonly onData?: (bytes: Uint8Array) => void
  /** The peer will send no more (FIN). */
  readonly onEnd?: () => void
  /** The connection is gone; called once, last. `detail` quotes the ICMP error where one was the cause. */
  readonly onClosed?: (reason: CloseReason, detail?: SocketError) => void
}

export interface TcpConnection {
  readonly local: Endpoint
  readonly remote: Endpoint
  send(bytes: Uint8Array): void
  /** Send what is queued, then FIN. */
  close(): void
  /** RST, now. */
  abort(): void
}

export interface TcpListener {
  close(): void
}

export interface Tcp {
  listen(
    bind: { readonly port: number; readonly address?: Ipv4 },
    accept: (connection: TcpConnection) => TcpHandlers,
  ): Result<TcpListener, 'port-in-use'>
  connect(to: Endpoint, handlers: TcpHandlers, options?: { readonly source?: Ipv4 }): TcpConnection
}

/** The part of a packet that an ICMP error quotes: enough to find the socket it belongs to (RFC 792). */
export interface QuotedPacket {
  readonly source: Ipv4
  readonly destination: Ipv4
  /** First bytes of the transport header, eight or more. */
  readonly payload: Uint8Array
}

/** A packet of one IP protocol that reached this host: whole, and addressed to it. */
export interface RawPacket {
  readonly source: Ipv4
  readonly destination: Ipv4
  /** What follows the IP header; the receiver owns it. */
  readonly payload: Uint8Array
  /** Name of the interface by which it came. */
  readonly nic: string
  /** Its id in the trace. */
  readonly packet: number
  /** The former TOS byte. */
  readonly dscpEcn: number
}

/** Raw readers see packets beside the protocol's own handling. */
export interface RawHandlers {
  readonly onPacket?: (packet: RawPacket) => void
  /** An ICMP error about a packet of this protocol, whoever of this host sent it; or this host's own refusal to send. */
  readonly onError?: (error: SocketError, quoted: QuotedPacket) => void
}

export interface RawSocket {
  /** `payload` is copied; default: it may be cut on the way. Returns the packet's id in the trace. */
  send(to: Ipv4, payload: Uint8Array, options?: SendOptions): number
  close(): void
}

/** IP protocols that have no sockets of their own, as ESP (50) has none. */
export interface Raw {
  open(protocol: number, handlers: RawHandlers): RawSocket
}

/** One interface's present settings, as `ipconfig /all` shows them. */
export interface NicView {
  readonly name: string
  readonly kind: 'ethernet' | 'tunnel'
  readonly up: boolean
  readonly address: Ipv4 | undefined
  readonly prefixLength: number | undefined
  readonly gateway: Ipv4 | undefined
  readonly dns: readonly Ipv4[]
  readonly suffix: string | undefined
  readonly metric: number
  /** Empty where there is none: `ipconfig /all` shows a VPN's physical address as blank. */
  readonly mac: Uint8Array
}

/** A virtual interface: a VPN client's, or the one that a gateway has for all its clients. */
export interface TunnelSettings {
  /** Like an interface's network: filters and the trace call it so. No other interface of the host has it. */
  readonly name: string
  readonly address: Ipv4
  /** Default 32: the host's own address alone. */
  readonly prefixLength?: number
  /** Largest inner IP packet in bytes; 68 or more. */
  readonly mtu: number
  /** Added to each route's. Resolvers ask the DNS servers of a lower metric first. */
  readonly metric: number
  readonly dns?: readonly Ipv4[]
  readonly suffix?: string
  /**
   * Raise the metrics of all other interfaces above this one's while the tunnel is open, as Windows does for a tunnel that has the default
   * route. More specific routes of others still win. Default false.
   */
  readonly outranks?: boolean
  /**
   * An Ethernet interface on which this host answers ARP for the tunnel's own address and for the far ends, which are routed into it as single
   * addresses (/32): for those that lie in that interface's network.
   */
  readonly proxyArpOn?: string
}

/** Where a packet goes that is for `to`: into the tunnel. Lower `metric` is better; the tunnel's is added. Default 1. */
export interface TunnelRoute {
  readonly to: Prefix<Ipv4>
  readonly metric?: number
}

/** Why a packet is not carried. `mtu`: what could be carried to that far end, in bytes; else it is the interface's. */
export type TunnelRefusal = SocketError['code'] | { readonly code: 'too-big'; readonly mtu: number }

/**
 * Gets each inner IPv4 packet that leaves by a tunnel, whole, with its checksums right, and owns it; `id` is its number in the trace. Who
 * cannot carry it returns why, and leaves it as it was: its sender, here or elsewhere, then hears that error.
 */
export type TunnelPacketHandler = (packet: Uint8Array, id: number) => TunnelRefusal | void

export interface Tunnel {
  readonly name: string
  /**
   * An inner IPv4 packet that came out of the tunnel: received as from a wire, with an id of its own in the trace, which is returned. It is
   * copied. `within` is the id of the packet that carried it, for the trace.
   */
  deliver(packet: Uint8Array, within?: number): number
  /** Replace all routes into the tunnel. The gateway's far ends are those of length 32. */
  setRoutes(routes: readonly TunnelRoute[]): void
  /** Add a route, in place of one to the same prefix. Costs the same however many there are. */
  addRoute(route: TunnelRoute): void
  removeRoute(to: Prefix<Ipv4>): void
  /** Replace all settings but the name; routes stay. */
  update(settings: Omit<TunnelSettings, 'name'>): void
  /** Its address and routes are gone at once; what is delivered later is dropped. */
  close(): void
}

/** One line of an entry's details, under a heading where it has one. */
export interface EventField {
  readonly group?: string
  readonly name: string
  readonly value: string
}

/** `link`: an interface came, went, or has its cable in another place. `address`: its address or its gateway is another one, or gone. */
export interface NetworkChange {
  /** As it is called now. */
  readonly nic: string
  readonly kind: 'link' | 'address'
}

/** `tls`: the NSS key log; `ikev2` and `esp`: Wireshark's ikev2_decryption_table and esp_sa. */
export type SecretTable = 'tls' | 'ikev2' | 'esp'

/** The host as its services see it. */
export interface Host {
  readonly name: string
  readonly udp: Udp
  readonly tcp: Tcp
  readonly raw: Raw
  /** Virtual time of the world. */
  readonly now: Instant
  /** What this host's clock shows: world time plus its offset and drift. Certificates are judged by it. */
  readonly wallClock: Instant
  /** The host's own stream; fork it by the service's name. */
  readonly rng: Rng
  /** The world's: real, or modelled. */
  readonly cryptography: Cryptography
  readonly nics: readonly NicView[]
  after(delay: Duration, run: () => void): Timer
  /** Stop the world's clock until the returned function is called: the platform answers within the present instant. */
  hold(): () => void
  /** What Wireshark needs to read a connection of this host, for captures only. Default a line of the NSS key log format. */
  addSecret(line: string, table?: SecretTable): void
  /** An entry of the host's event log; shows in the trace. */
  log(source: string, text: string, id?: number, fields?: readonly EventField[]): void
  /** What DHCP learned, or `undefined` when the lease is gone. Replaces address, gateway, DNS servers and suffix of one interface. */
  configure(nic: string, settings: NicSettings | undefined): void
  /** Be told after an interface, a tunnel included, got or lost its link or its address, until the returned function is called. */
  onNetworkChange(listener: (change: NetworkChange) => void): () => void
  /**
   * Send packets to `to` as they would go if there were no tunnels, until the returned function is called: so a tunnel's own carrier stays
   * outside of it, and what is excluded from it. The route follows this host from network to network, and is gone while there is no way.
   */
  pinRoute(to: Ipv4 | Prefix<Ipv4>): () => void
  /** Forward packets between interfaces, tunnels included, until the returned function is called. A router does so anyway. */
  startForwarding(): () => void
  /** A new interface that is up at once, without routes but to its own network. Packets that leave by it go to `onPacket`. */
  openTunnel(settings: TunnelSettings, onPacket: TunnelPacketHandler): Tunnel
}

export interface NicSettings {
  readonly address: Ipv4
  readonly prefixLength: number
  readonly gateway?: Ipv4
  readonly dns?: readonly Ipv4[]
  readonly suffix?: string
}
