/**
 * What becomes of a packet that is for this host: ICMP, UDP, TCP, or a program that reads raw packets; and of ICMP errors about
 * packets it sent. Not the protocols themselves. RFC 1122 §3.2.2 and §3.3.
 */
import { formatIpv4 } from '../base/address.ts'
import type { Instant } from '../base/time.ts'
import { formatWireError } from '../wire/codec.ts'
import {
  decodeIcmp,
  icmpName,
  ICMP_TYPE,
  isIcmpError,
  UNREACHABLE,
  type IcmpMessage,
} from '../wire/icmp.ts'
import {
  destinationOf,
  headerLengthOf,
  PROTOCOL,
  protocolOf,
  sourceOf,
  totalLengthOf,
} from '../wire/ipv4.ts'
import { echoReply, portsOf, readQuote, socketErrorCode, unreachableBy } from './icmp.ts'
import type { TcpTransport, Transport, TransportPacket } from './ip-service.ts'
import type { IpLayer } from './ip.ts'
import { IP_OFFSET } from './packet.ts'
import type { QuotedPacket, RawHandlers, SocketError } from './sockets.ts'
import type { Trace } from './trace.ts'
import type { Transit } from './transit.ts'
import type { UdpLayer } from './udp.ts'

export interface TransportSettings {
  readonly node: string
  readonly respondsToPing: boolean
  readonly clock: () => Instant
}

export class Transports {
  readonly #settings: TransportSettings
  readonly #trace: Trace
  readonly #ip: IpLayer
  readonly #udp: UdpLayer
  readonly #tcp: TcpTransport
  readonly #raw = new Map<number, RawHandlers[]>()

  constructor(
    settings: TransportSettings,
    trace: Trace,
    layers: { readonly ip: IpLayer; readonly udp: UdpLayer; readonly tcp: TcpTransport },
  ) {
    this.#settings = settings
    this.#trace = trace
    this.#ip = layers.ip
    this.#udp = layers.udp
    this.#tcp = layers.tcp
  }

  /** Read packets of one protocol until the returned function is called. */
  openRaw(protocol: number, handlers: RawHandlers): () => void {
    this.#raw.set(protocol, [...this.#rawOf(protocol), handlers])
    return () =>
      void this.#raw.set(
        protocol,
        this.#rawOf(protocol).filter((other) => other !== handlers),
      )
  }

  /** A whole datagram for this host. */
  deliver(packet: Transit, nic: string): void {
    const { frame } = packet
    const protocol = protocolOf(frame, IP_OFFSET)
    const message: TransportPacket = {
      source: sourceOf(frame, IP_OFFSET),
      destination: destinationOf(frame, IP_OFFSET),
      payload: frame.subarray(
        IP_OFFSET + headerLengthOf(frame, IP_OFFSET),
        IP_OFFSET + totalLengthOf(frame, IP_OFFSET),
      ),
      nic,
      packet: packet.id,
      dscpEcn: frame[IP_OFFSET + 1]!,
    }
    const raw = this.#rawOf(protocol)
    for (const reader of raw) reader.onPacket?.({ ...message, payload: message.payload.slice() })
    switch (protocol) {
      case PROTOCOL.icmp:
        return this.#receiveIcmp(packet, message)
      case PROTOCOL.udp:
        return this.#pass(this.#udp, packet, message)
      case PROTOCOL.tcp:
        return this.#pass(this.#tcp, packet, message)
      default:
        if (raw.length > 0) return this.#noteDelivered(message, `protocol ${protocol}`)
        this.#ip.drop(packet, 'no-listener', `nobody reads IP protocol ${protocol}`)
        this.#ip.reportError(packet, unreachableBy(UNREACHABLE.protocol))
    }
  }

  #rawOf(protocol: number): readonly RawHandlers[] {
    return this.#raw.get(protocol) ?? []
  }

  #pass(transport: Transport, packet: Transit, message: TransportPacket): void {
    // Noted first: what a program answers comes after what it heard.
    if (this.#trace.detailed) {
      const isUdp = transport === this.#udp
      const { destination } = portsOf(PROTOCOL.udp, message.payload)
      this.#noteDelivered(message, `${isUdp ? 'UDP' : 'TCP'} port ${destination}`)
    }
    const drop = transport.receive(message)
    if (drop === undefined) return
    this.#ip.drop(packet, drop.reason, drop.detail)
    // TCP answers with an RST of its own.
    if (drop.reason === 'no-listener' && transport === this.#udp)
      this.#ip.reportError(packet, unreachableBy(UNREACHABLE.port))
  }

  #noteDelivered(message: TransportPacket, what: string): void {
    if (!this.#trace.detailed) return
    this.#trace.add({
      kind: 'delivered',
      node: this.#settings.node,
      packet: message.packet,
      nic: message.nic,
      to: `${formatIpv4(message.destination)} ${what}`,
    })
  }

  #receiveIcmp(packet: Transit, message: TransportPacket): void {
    const decoded = decodeIcmp(message.payload)
    if (!decoded.ok) {
      const reason = decoded.error.code === 'bad-checksum' ? 'bad-checksum' : 'malformed'
      return this.#ip.drop(packet, reason, formatWireError(decoded.error))
    }
    const icmp = decoded.value
    if (icmp.type === ICMP_TYPE.echo) return this.#answerEcho(packet, message, icmp)
    if (isIcmpError(icmp.type)) return this.#receiveError(packet, message, icmp)
    if (icmp.type !== ICMP_TYPE.echoReply && this.#rawOf(PROTOCOL.icmp).length === 0)
      return this.#ip.drop(packet, 'not-modelled', icmpName(icmp.type, icmp.code))
    this.#noteDelivered(message, icmpName(icmp.type, icmp.code))
  }

  #answerEcho(packet: Transit, message: TransportPacket, icmp: IcmpMessage): void {
    const { source, destination } = message
    if (!this.#settings.respondsToPing)
      return this.#ip.drop(packet, 'filter', 'echo requests are not answered here')
    // Linux' default: a ping to everybody is answered by nobody.
    if (!this.#ip.isOwn(destination))
      return this.#ip.drop(packet, 'no-listener', 'an echo request to a broadcast address')
    this.#noteDelivered(message, icmpName(icmp.type, icmp.code))
    const dscpEcn = packet.frame[IP_OFFSET + 1]!
    const header = { protocol: PROTOCOL.icmp, source: destination, destination: source, dscpEcn }
    this.#ip.send(header, echoReply(icmp))
  }

  #receiveError(packet: Transit, message: TransportPacket, icmp: IcmpMessage): void {
    const name = icmpName(icmp.type, icmp.code)
    const code = socketErrorCode(icmp.type, icmp.code)
    if (code === undefined) return this.#ip.drop(packet, 'not-modelled', name)
    const quoted = readQuote(icmp.payload)
    if (quoted === undefined) return this.#ip.drop(packet, 'malformed', `${name} quotes too little`)
    if (!this.#ip.isOwn(quoted.source))
      return this.#ip.drop(packet, 'no-listener', `${name} about somebody else's packet`)
    this.#noteDelivered(message, name)
    const error: SocketError = {
      code,
      to: {
        address: quoted.destination,
        port: portsOf(quoted.protocol, quoted.payload).destination,
      },
      from: message.source,
    }
    this.#tell(quoted, code === 'too-big' ? this.#learnMtu(quoted, icmp, error) : error)
  }

  #learnMtu(
    quoted: { readonly destination: SocketError['from']; readonly size: number },
    icmp: IcmpMessage,
    error: SocketError,
  ): SocketError {
    const said = { mtu: icmp.rest & 0xffff, size: quoted.size }
    const { pathMtus } = this.#ip
    const mtu = pathMtus.learn(quoted.destination, said, this.#settings.clock())
    return { ...error, mtu: mtu ?? this.#ip.mtuTo(quoted.destination) }
  }

  #tell(quoted: QuotedPacket & { readonly protocol: number }, error: SocketError): void {
    for (const reader of this.#rawOf(quoted.protocol)) reader.onError?.(error, quoted)
    if (quoted.protocol === PROTOCOL.udp) this.#udp.onIcmpError(quoted, error)
    if (quoted.protocol === PROTOCOL.tcp) this.#tcp.onIcmpError(quoted, error)
  }

  /** A packet of this host's own that no neighbour would take. */
  onUnreachable(packet: Transit): void {
    const { frame } = packet
    const quoted = readQuote(frame.subarray(IP_OFFSET))
    if (quoted === undefined) return
    this.#tell(quoted, {
      code: 'host-unreachable',
      to: {
        address: quoted.destination,
        port: portsOf(quoted.protocol, quoted.payload).destination,
      },
      from: quoted.source,
    })
  }
}
