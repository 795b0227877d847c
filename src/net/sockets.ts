/**
 * What a host offers to the services and clients that run on it: UDP sockets, TCP connections, timers, a log.
 * Not an implementation: `net/host.ts` provides it. Everything is synchronous and calls back under virtual time.
 */
import type { Ipv4 } from '../base/address.ts'
import type { Result } from '../base/result.ts'
import type { Rng } from '../base/rng.ts'
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

/** One interface's present settings, as `ipconfig /all` shows them. */
export interface NicView {
  readonly name: string
  readonly up: boolean
  readonly address: Ipv4 | undefined
  readonly prefixLength: number | undefined
  readonly gateway: Ipv4 | undefined
  readonly dns: readonly Ipv4[]
  readonly suffix: string | undefined
  readonly metric: number
  readonly mac: Uint8Array
}

/** One line of an entry's details, under a heading where it has one. */
export interface EventField {
  readonly group?: string
  readonly name: string
  readonly value: string
}

/** The host as its services see it. */
export interface Host {
  readonly name: string
  readonly udp: Udp
  readonly tcp: Tcp
  /** Virtual time of the world. */
  readonly now: Instant
  /** What this host's clock shows: world time plus its offset and drift. Certificates are judged by it. */
  readonly wallClock: Instant
  /** The host's own stream; fork it by the service's name. */
  readonly rng: Rng
  readonly nics: readonly NicView[]
  after(delay: Duration, run: () => void): Timer
  /** Stop the world's clock until the returned function is called: the platform answers within the present instant. */
  hold(): () => void
  /** A line of the NSS key log format, for captures only. */
  addSecret(line: string): void
  /** An entry of the host's event log; shows in the trace. */
  log(source: string, text: string, id?: number, fields?: readonly EventField[]): void
  /** What DHCP learned, or `undefined` when the lease is gone. Replaces address, gateway, DNS servers and suffix of one interface. */
  configure(nic: string, settings: NicSettings | undefined): void
}

export interface NicSettings {
  readonly address: Ipv4
  readonly prefixLength: number
  readonly gateway?: Ipv4
  readonly dns?: readonly Ipv4[]
  readonly suffix?: string
}
