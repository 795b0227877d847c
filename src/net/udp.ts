/**
 * A host's UDP: sockets, and who of them gets a datagram.
 * Not the codec (`wire/udp.ts`). RFC 768, RFC 1122 §4.1; ephemeral ports per RFC 6335 §6.
 */
import type { Ipv4 } from '../base/address.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Rng } from '../base/rng.ts'
import { microseconds } from '../base/time.ts'
import { formatWireError, type WireError } from '../wire/codec.ts'
import { IPV4_HEADER, PROTOCOL } from '../wire/ipv4.ts'
import { decodeUdp, UDP_HEADER, writeUdp } from '../wire/udp.ts'
import { portsOf } from './icmp.ts'
import type { IpService, Transport, TransportDrop, TransportPacket } from './ip-service.ts'
import { MESSAGE_OFFSET } from './ip.ts'
import { isMulticast } from './routes.ts'
import type {
  Datagram,
  Endpoint,
  QuotedPacket,
  SendOptions,
  SocketError,
  Udp,
  UdpHandlers,
  UdpSocket,
} from './sockets.ts'

const EPHEMERAL_FIRST = 49_152
const EPHEMERAL_COUNT = 65_536 - EPHEMERAL_FIRST
const HEADERS = IPV4_HEADER + UDP_HEADER
const UNSPECIFIED = 0 as Ipv4

/** IP as UDP needs it: by a chosen interface where asked. */
export interface UdpIp extends IpService {
  /** The first address of an interface. */
  addressOf(nic: string): Ipv4 | undefined
  isBroadcast(address: Ipv4): boolean
}

interface Bind {
  readonly port?: number
  readonly address?: Ipv4
  readonly nic?: string
}

class Socket implements UdpSocket {
  readonly port: number
  readonly bind: Bind
  readonly handlers: UdpHandlers
  readonly #layer: UdpLayer

  constructor(layer: UdpLayer, port: number, bind: Bind, handlers: UdpHandlers) {
    this.#layer = layer
    this.port = port
    this.bind = bind
    this.handlers = handlers
  }

  get takesAll(): boolean {
    return this.bind.address === undefined && this.bind.nic === undefined
  }

  send(to: Endpoint, bytes: Uint8Array, options: SendOptions = {}): number {
    return this.#layer.send(this, to, bytes, options)
  }

  close(): void {
    this.#layer.close(this)
  }

  /** 0 when it may not have the datagram, else the more the more its binding says. */
  fit(address: Ipv4, nic: string | undefined, toGroup: boolean): number {
    const { bind } = this
    if (bind.nic !== undefined && nic !== undefined && bind.nic !== nic) return 0
    if (bind.address !== undefined && bind.address !== address && !toGroup) return 0
    return 1 + (bind.address === undefined ? 0 : 2) + (bind.nic === undefined ? 0 : 1)
  }
}

const NO_SOCKETS: readonly Socket[] = []

const overlaps = <T>(a: T | undefined, b: T | undefined): boolean =>
  a === undefined || b === undefined || a === b

/**
 * A way for datagrams that is not the simulated network. Undefined: this one does not go that way; else its number in the trace.
 * `port`: the socket's own. `source`: the address that the sender chose, if it did.
 */
export type UdpDiversion = (
  port: number,
  to: Endpoint,
  bytes: Uint8Array,
  source: Ipv4 | undefined,
) => number | undefined

export class UdpLayer implements Udp, Transport {
  /** Asked for each datagram before IP is; absent: all go by IP. */
  divert: UdpDiversion | undefined
  readonly #ip: UdpIp
  readonly #ports: Rng
  readonly #byPort = new Map<number, Socket[]>()

  constructor(ip: UdpIp) {
    this.#ip = ip
    this.#ports = ip.rng.fork('udp/ports')
  }

  open(handlers: UdpHandlers, bind: Bind = {}): Result<UdpSocket, 'port-in-use'> {
    const port = bind.port ?? this.#ephemeral()
    if (port === undefined) return err('port-in-use')
    const others = this.#byPort.get(port) ?? []
    const isTaken = others.some(
      (o) => overlaps(o.bind.address, bind.address) && overlaps(o.bind.nic, bind.nic),
    )
    if (isTaken) return err('port-in-use')
    const socket = new Socket(this, port, bind, handlers)
    this.#byPort.set(port, [...others, socket])
    return ok(socket)
  }

  receive(packet: TransportPacket): TransportDrop | undefined {
    const { source, destination, nic, payload } = packet
    const decoded = decodeUdp(payload, packet)
    if (!decoded.ok) {
      const { error } = decoded
      const reason = error.code === 'bad-checksum' ? 'bad-checksum' : 'malformed'
      return { reason, detail: formatWireError(error) }
    }
    const { sourcePort, destinationPort } = decoded.value
    return this.deliver({
      bytes: decoded.value.payload,
      from: { address: source, port: sourcePort },
      to: { address: destination, port: destinationPort },
      nic,
      packet: packet.packet,
    })
  }

  /** Ports that programs opened by their number on all interfaces: what this host serves. Ascending. */
  get services(): readonly number[] {
    const isService = ({ bind }: Socket): boolean =>
      bind.port !== undefined && bind.nic === undefined
    return [...this.#byPort]
      .filter(([, sockets]) => sockets.some(isService))
      .map(([port]) => port)
      .toSorted((a, b) => a - b)
  }

  /** Hand a datagram to whoever has its port, however it came. What is returned was dropped, for the trace. */
  deliver(datagram: Datagram): TransportDrop | undefined {
    const { nic } = datagram
    const { address: destination, port: destinationPort } = datagram.to
    const sockets = this.#byPort.get(destinationPort) ?? NO_SOCKETS
    // Most ports have one socket, which takes all that comes.
    const only = sockets.length === 1 && sockets[0]!.takesAll ? sockets[0]! : undefined
    if (only !== undefined) return unread(only.handlers.onDatagram(datagram))
    const toGroup = isMulticast(destination) || this.#ip.isBroadcast(destination)
    const matching = bestFirst(sockets, destination, nic, toGroup)
    if (matching.length === 0)
      return { reason: 'no-listener', detail: `nobody listens on UDP port ${destinationPort}` }
    // A broadcast is for every socket that may have it; each owns its bytes.
    const faults = (toGroup ? matching : matching.slice(0, 1)).map((socket) =>
      socket.handlers.onDatagram({ ...datagram, bytes: datagram.bytes.slice() }),
    )
    return unread(faults.find((fault) => fault !== undefined))
  }

  onIcmpError(quoted: QuotedPacket, error: SocketError): void {
    const { source: port } = portsOf(PROTOCOL.udp, quoted.payload)
    const sockets = this.#byPort.get(port) ?? NO_SOCKETS
    const [socket] = bestFirst(sockets, quoted.source, undefined, false)
    socket?.handlers.onError?.(error)
  }

  // For sockets only.

  send(socket: Socket, to: Endpoint, bytes: Uint8Array, options: SendOptions): number {
    const chosen = options.source ?? socket.bind.address
    const diverted = this.divert?.(socket.port, to, bytes, chosen)
    if (diverted !== undefined) return diverted
    const ip = this.#ip
    const nic = options.nic ?? socket.bind.nic
    const source =
      chosen ?? (nic === undefined ? ip.sourceFor(to.address) : ip.addressOf(nic)) ?? UNSPECIFIED
    const frame = ip.frameFor(UDP_HEADER + bytes.length)
    const datagram = { sourcePort: socket.port, destinationPort: to.port, payload: bytes }
    writeUdp(frame, MESSAGE_OFFSET, datagram, { source, destination: to.address })
    const header = {
      protocol: PROTOCOL.udp,
      source,
      destination: to.address,
      dontFragment: options.dontFragment ?? HEADERS + bytes.length <= ip.mtuTo(to.address),
      nic,
      // Always there, if undefined: headers of one shape are what keeps this path fast.
      ttl: options.ttl,
      ownSource: true,
    }
    const sent = ip.sendFrame(header, frame)
    const { error } = sent
    if (error !== undefined) {
      ip.after(microseconds(0), () => {
        if (this.#isOpen(socket)) socket.handlers.onError?.(error)
      })
    }
    return sent.packet
  }

  close(socket: Socket): void {
    const left = this.#byPort.get(socket.port)?.filter((other) => other !== socket) ?? []
    if (left.length === 0) this.#byPort.delete(socket.port)
    else this.#byPort.set(socket.port, left)
  }

  #isOpen(socket: Socket): boolean {
    return this.#byPort.get(socket.port)?.includes(socket) === true
  }

  #ephemeral(): number | undefined {
    const first = this.#ports.below(EPHEMERAL_COUNT)
    for (let i = 0; i < EPHEMERAL_COUNT; i++) {
      const port = EPHEMERAL_FIRST + ((first + i) % EPHEMERAL_COUNT)
      if (!this.#byPort.has(port)) return port
    }
    return undefined
  }
}

/** What a program could not read is a drop like any other. */
const unread = (fault: WireError | undefined | void): TransportDrop | undefined =>
  fault === undefined ? undefined : { reason: 'malformed', detail: formatWireError(fault) }

/** Those that may have it, the most closely bound first; equals in the order in which they were opened. */
const bestFirst = (
  sockets: readonly Socket[],
  address: Ipv4,
  nic: string | undefined,
  toGroup: boolean,
): Socket[] =>
  sockets
    .filter((socket) => socket.fit(address, nic, toGroup) > 0)
    .sort((a, b) => b.fit(address, nic, toGroup) - a.fit(address, nic, toGroup))
