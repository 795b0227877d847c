/**
 * What a transport protocol gets from the IP layer below it, and what it must offer in return.
 * Not a stack: `net/stack.ts` provides the service; `net/tcp.ts` and `net/udp.ts` use it. Shapes after RFC 1122 §3.4.
 */
import type { Ipv4 } from '../base/address.ts'
import type { Rng } from '../base/rng.ts'
import type { Duration, Instant } from '../base/time.ts'
import type { QuotedPacket, SocketError, Tcp } from './sockets.ts'
import type { Timer } from './world.ts'

/** IP as a transport protocol sees it (RFC 1122 §3.4). */
export interface IpService {
  readonly now: Instant
  /** The host's stream; a transport forks it by its own name. */
  readonly rng: Rng
  after(delay: Duration, run: () => void): Timer
  /** Address of the interface by which the route to `destination` leaves; undefined: no route. */
  sourceFor(destination: Ipv4): Ipv4 | undefined
  /** The path MTU to `destination` as known now, in bytes of IP packet; the interface's MTU until an ICMP error said less. */
  mtuTo(destination: Ipv4): number
  /** A blank frame for a message of `length` bytes, which goes in at MESSAGE_OFFSET. */
  frameFor(length: number): Uint8Array
  /** Send a frame from {@link frameFor} whose message is in place; everything before it is written here. */
  sendFrame(header: LocalHeader, frame: Uint8Array): Sent
}

export interface Sent {
  /** The packet's id in the trace. */
  readonly packet: number
  /**
   * Undefined: it went out (or was lost on the way, which nobody tells a sender). Else this host itself refused: `no-route`, `prohibited` by its
   * own firewall, or `too-big` with `dontFragment`.
   */
  readonly error: SocketError | undefined
}

export interface OutgoingPacket {
  readonly protocol: number
  readonly source: Ipv4
  readonly destination: Ipv4
  readonly payload: Uint8Array
  /** Default false: this host and routers may fragment. */
  readonly dontFragment?: boolean
  /** The former TOS byte; default 0. */
  readonly dscpEcn?: number | undefined
  /** Default: the next of the host's own count. */
  readonly identification?: number | undefined
  /** Default 128 on Windows, 64 elsewhere: the stack knows. */
  readonly ttl?: number | undefined
  /** A socket's packet: its source must be an address of this host still, or it goes nowhere. Default false. */
  readonly ownSource?: boolean
}

/** The header of a packet of this host. With `nic` it leaves there, whatever the routes say. */
export type LocalHeader = Omit<OutgoingPacket, 'payload'> & {
  readonly nic?: string | undefined
}

/** A packet that reached its transport: reassembled, checksum of the IP header verified, addressed to this host. */
export interface TransportPacket {
  readonly source: Ipv4
  readonly destination: Ipv4
  /** The IP payload. A view into the frame: whoever keeps it beyond the call copies. */
  readonly payload: Uint8Array
  /** Interface by which it came. */
  readonly nic: string
  /** Its id in the trace. */
  readonly packet: number
  /** The former TOS byte. */
  readonly dscpEcn: number
}

/** Why a packet reached nobody, in the words of the trace. The stack notes it and answers as the protocol demands. */
export interface TransportDrop {
  readonly reason: 'malformed' | 'bad-checksum' | 'no-listener'
  readonly detail: string
}

/** What the stack needs from a transport protocol. */
export interface Transport {
  /** Undefined: somebody got it. */
  receive(packet: TransportPacket): TransportDrop | undefined
  onIcmpError(quoted: QuotedPacket, error: SocketError): void
}

export interface TcpTransport extends Tcp, Transport {}
