/**
 * A host's TCP layer: finds the connection or listener of each segment, and refuses the rest (RFC 9293 §3.10.7).
 * Not modelled: window scaling, timestamps, SACK, urgent data, Nagle and delayed acknowledgements.
 */
import type { Ipv4 } from '../base/address.ts'
import { u16, u32 } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Rng } from '../base/rng.ts'
import { formatWireError } from '../wire/codec.ts'
import {
  decodeTcp,
  segmentLength,
  TCP_PROTOCOL,
  TcpFlag,
  tcpHeaderBytes,
  writeTcp,
  type TcpSegment,
} from '../wire/tcp.ts'
import type {
  IpService,
  LocalHeader,
  TcpTransport,
  TransportDrop,
  TransportPacket,
} from './ip-service.ts'
import { MESSAGE_OFFSET } from './ip.ts'
import type {
  Endpoint,
  QuotedPacket,
  SocketError,
  TcpConnection,
  TcpHandlers,
  TcpListener,
} from './sockets.ts'
import { Connection, type ConnectionContext, type Departure } from './tcp-connection.ts'
import { seqAdd } from './tcp-sequence.ts'
import { WINDOWS_TCP, type TcpSettings } from './tcp-timing.ts'

/** RFC 3168 §5: the low two bits of the former TOS byte. */
const ECN_MASK = 3
/** IPv4 and TCP headers without options. */
const HEADERS_BYTES = 40
/** RFC 6335 §6; Windows draws from the same range. */
const EPHEMERAL_FIRST = 49_152
const EPHEMERAL_COUNT = 65_536 - EPHEMERAL_FIRST

/** The source of a connection to where no route leads. */
const UNSPECIFIED = 0 as Ipv4

const OF_CONNECTION = { ownSource: true } as const

type Accept = (connection: TcpConnection) => TcpHandlers

interface Listener {
  readonly port: number
  /** Undefined: every address of the host. */
  readonly address: Ipv4 | undefined
  readonly accept: Accept
}

const keyOf = (local: Endpoint, remote: Endpoint): string =>
  `${local.address}:${local.port} ${remote.address}:${remote.port}`

export class TcpLayer implements TcpTransport {
  readonly #ip: IpService
  readonly #context: ConnectionContext
  readonly #ports: Rng
  /** Of initial sequence numbers, one stream for each pair. */
  readonly #initials: Rng
  readonly #connections = new Map<string, Connection>()
  readonly #listeners: Listener[] = []

  constructor(ip: IpService, settings: TcpSettings = WINDOWS_TCP) {
    this.#ip = ip
    this.#ports = ip.rng.fork('tcp/ports')
    this.#initials = ip.rng.fork('tcp/initial-sequence-numbers')
    this.#context = {
      settings,
      get now() {
        return ip.now
      },
      after: (delay, run) => ip.after(delay, run),
      segmentBytesTo: (remote) => ip.mtuTo(remote.address) - HEADERS_BYTES,
      transmit: (connection, segment) =>
        this.#send(connection.local, connection.remote, segment, OF_CONNECTION),
      accepted: (connection) =>
        // A listener that closed during the handshake left nobody to accept.
        this.#listenerFor(connection.local)?.accept(connection) ?? this.#orphan(connection),
      forget: (connection) => {
        this.#connections.delete(keyOf(connection.local, connection.remote))
      },
    }
  }

  /** Connections that exist now, TIME-WAIT included. */
  get connections(): readonly Connection[] {
    return [...this.#connections.values()]
  }

  listen(
    bind: { readonly port: number; readonly address?: Ipv4 },
    accept: Accept,
  ): Result<TcpListener, 'port-in-use'> {
    const taken = this.#listeners.some((l) => l.port === bind.port && l.address === bind.address)
    if (taken) return err('port-in-use')
    const listener: Listener = { port: bind.port, address: bind.address, accept }
    this.#listeners.push(listener)
    return ok({
      close: () => {
        const at = this.#listeners.indexOf(listener)
        if (at >= 0) this.#listeners.splice(at, 1)
      },
    })
  }

  connect(
    to: Endpoint,
    handlers: TcpHandlers,
    options: { readonly source?: Ipv4 } = {},
  ): TcpConnection {
    const address = options.source ?? this.#ip.sourceFor(to.address) ?? UNSPECIFIED
    const local = { address, port: this.#ephemeralPort(to, address) }
    const ends = { local, remote: to }
    const connection = Connection.open(this.#context, ends, this.#initial(ends), handlers)
    this.#connections.set(keyOf(local, to), connection)
    return connection
  }

  /** Ports on which programs listen. Ascending. */
  get services(): readonly number[] {
    return [...new Set(this.#listeners.map(({ port }) => port))].toSorted((a, b) => a - b)
  }

  /** Hand an open connection, however it came, to whoever listens on its local end. Undefined: nobody does. */
  accept(connection: TcpConnection): TcpHandlers | undefined {
    return this.#listenerFor(connection.local)?.accept(connection)
  }

  /** Take in one packet's payload. What is returned was dropped, for the trace; a RST has been sent where one is due. */
  receive(packet: TransportPacket): TransportDrop | undefined {
    const decoded = decodeTcp(packet.payload, packet)
    if (!decoded.ok) {
      const reason = decoded.error.code === 'bad-checksum' ? 'bad-checksum' : 'malformed'
      return { reason, detail: formatWireError(decoded.error) }
    }
    const segment = decoded.value
    const local = { address: packet.destination, port: segment.destinationPort }
    const remote = { address: packet.source, port: segment.sourcePort }
    const connection = this.#connections.get(keyOf(local, remote))
    if (connection !== undefined) {
      connection.receive(segment)
      return undefined
    }
    if (this.#listenerFor(local) !== undefined && this.#receiveInListen(local, remote, segment)) {
      return undefined
    }
    // As Linux answers for nobody: with the class of what it answers, and without its congestion bits.
    this.#refuse(local, remote, segment, packet.dscpEcn & ~ECN_MASK)
    return { reason: 'no-listener', detail: `nothing listens on or owns TCP port ${local.port}` }
  }

  /** Tell the connection whose segment an ICMP error quotes. Quotes of anything else are ignored. */
  onIcmpError(quoted: QuotedPacket, error: SocketError): void {
    if (quoted.payload.length < 8) return
    const local = { address: quoted.source, port: u16(quoted.payload, 0) }
    const remote = { address: quoted.destination, port: u16(quoted.payload, 2) }
    this.#connections.get(keyOf(local, remote))?.onIcmpError(u32(quoted.payload, 4), error)
  }

  /** RFC 9293 §3.10.7.2. False: what a listener cannot use and must refuse. */
  #receiveInListen(local: Endpoint, remote: Endpoint, segment: TcpSegment): boolean {
    const { flags } = segment
    if ((flags & TcpFlag.rst) !== 0) return true
    if ((flags & TcpFlag.ack) !== 0) return false
    if ((flags & TcpFlag.syn) === 0) return true
    const ends = { local, remote }
    const connection = Connection.answer(this.#context, ends, this.#initial(ends), segment)
    this.#connections.set(keyOf(local, remote), connection)
    return true
  }

  /** RST to a segment that nobody owns (RFC 9293 §3.10.7.1), so that the sender would accept it. */
  #refuse(local: Endpoint, remote: Endpoint, segment: TcpSegment, dscpEcn: number): void {
    if ((segment.flags & TcpFlag.rst) !== 0) return
    const acknowledges = (segment.flags & TcpFlag.ack) !== 0
    const refusal = {
      sequence: acknowledges ? segment.acknowledgement : 0,
      acknowledgement: acknowledges ? 0 : seqAdd(segment.sequence, segmentLength(segment)),
      flags: acknowledges ? TcpFlag.rst : TcpFlag.rst | TcpFlag.ack,
      window: 0,
      options: [],
      payload: new Uint8Array(),
    }
    // A packet that nobody may cut needs no identification, and one of no connection has no count to take it from (RFC 6864, Linux).
    this.#send(local, remote, refusal, { identification: 0, dscpEcn })
  }

  #send(
    local: Endpoint,
    remote: Endpoint,
    segment: Departure,
    header: Pick<LocalHeader, 'identification' | 'dscpEcn' | 'ownSource'> = {},
  ): SocketError | undefined {
    if (local.address === UNSPECIFIED) return { code: 'no-route', to: remote, from: UNSPECIFIED }
    const ip = { source: local.address, destination: remote.address }
    const { options, payload } = segment
    const frame = this.#ip.frameFor(tcpHeaderBytes(options) + payload.length)
    // Member by member: every segment passes here, and to spread several objects into one is dear.
    const whole: TcpSegment = {
      sourcePort: local.port,
      destinationPort: remote.port,
      urgentPointer: 0,
      sequence: segment.sequence,
      acknowledgement: segment.acknowledgement,
      flags: segment.flags,
      window: segment.window,
      options,
      payload,
    }
    writeTcp(frame, MESSAGE_OFFSET, whole, ip)
    return this.#ip.sendFrame(
      {
        protocol: TCP_PROTOCOL,
        source: ip.source,
        destination: ip.destination,
        dontFragment: true,
        identification: header.identification,
        dscpEcn: header.dscpEcn,
        ...(header.ownSource !== undefined && { ownSource: header.ownSource }),
      },
      frame,
    ).error
  }

  /** A listener on the very address comes before one on all. */
  #listenerFor(local: Endpoint): Listener | undefined {
    const here = this.#listeners.filter((l) => l.port === local.port)
    return (
      here.find((l) => l.address === local.address) ?? here.find((l) => l.address === undefined)
    )
  }

  #orphan(connection: Connection): TcpHandlers {
    connection.abort()
    return {}
  }

  /**
   * RFC 6528 §3: a clock of 4 µs, and beside it a number of the pair's own. A pair that comes again begins above where it ended, so that a peer which
   * has the old connection in TIME-WAIT takes the new one (RFC 9293 §3.6.1). The same each run, where the clock is.
   */
  #initial({ local, remote }: { readonly local: Endpoint; readonly remote: Endpoint }): number {
    const clock = Math.floor(this.#ip.now / 4) % 2 ** 32
    return seqAdd(clock, this.#initials.fork(keyOf(local, remote)).below(2 ** 32))
  }

  #ephemeralPort(to: Endpoint, address: Ipv4): number {
    for (;;) {
      const port = EPHEMERAL_FIRST + this.#ports.below(EPHEMERAL_COUNT)
      const local = { address, port }
      const listening = this.#listeners.some((l) => l.port === port)
      if (!listening && !this.#connections.has(keyOf(local, to))) return port
    }
  }
}
