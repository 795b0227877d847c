/**
 * The IPv4 layer of one host: receive, route, forward, deliver, send; with the five hooks where netfilter has them and Linux's order
 * of checks in between (ip_input.c, ip_forward.c, ip_output.c). Not sockets and not settings: `net/stack.ts` is the host. RFC 791, 1122, 1812.
 */
import { formatIpv4, type Ipv4 } from '../base/address.ts'
import { setU16, setU32 } from '../base/bytes.ts'
import type { Rng } from '../base/rng.ts'
import { microseconds } from '../base/time.ts'
import { ETHER_TYPE, isGroupFrame } from '../wire/ethernet.ts'
import { ICMP_TYPE, TIME_EXCEEDED, UNREACHABLE } from '../wire/icmp.ts'
import {
  decrementTtl,
  destinationOf,
  DONT_FRAGMENT,
  headerFault,
  IPV4_HEADER,
  IPV4_LENGTH_MAX,
  isFragment,
  mayFragment,
  PROTOCOL,
  sourceOf,
  totalLengthOf,
  ttlOf,
  writeHeaderChecksum,
} from '../wire/ipv4.ts'
import { fragment, Reassembler } from './fragments.ts'
import {
  errorMessage,
  errorOf,
  mayReportError,
  REJECT_ERRORS,
  resetFor,
  unreachableBy,
  type IcmpError,
} from './icmp.ts'
import type { LocalHeader, Sent } from './ip-service.ts'
import type { IpInterface } from './nic.ts'
import { IP_OFFSET, type PacketHooks, type Stop } from './packet.ts'
import { PathMtus } from './path-mtu.ts'
import { REFUSED_BY_INTERFACE, refusal, refusalCode } from './refusals.ts'
import {
  isLoopback,
  isMulticast,
  isThisNetwork,
  LIMITED_BROADCAST,
  LocalAddresses,
  RouteTable,
} from './routes.ts'
import type { SocketError, TunnelRefusal } from './sockets.ts'
import type { DropReason, Trace } from './trace.ts'
import { Transit } from './transit.ts'
import { Ways, type Way } from './ways.ts'
import type { World } from './world.ts'

/** Name under which a host hears itself. */
export const LOOPBACK = 'loopback'

/** Precedence "internetwork control": what RFC 1812 §4.3.2.5 wants on ICMP errors. */
const INTERNETWORK_CONTROL = 0xc0
/** No link is narrower (RFC 791), whatever a topology says: less could carry no fragment. */
const MTU_MIN = 68

export interface IpSettings {
  readonly name: string
  readonly forwards: boolean
  /** RFC 1122 §3.3.4.2: take packets only on the interface that has their destination address, send them by the one that has their source. */
  readonly strongHost: boolean
  readonly ttl: number
  readonly rng: Rng
}

/** What is above: gets every packet for this host, after the input hook. */
export type Deliver = (packet: Transit, nic: string) => void

/** Where the transport's message begins in a frame from {@link IpLayer.frameFor}. */
export const MESSAGE_OFFSET = IP_OFFSET + IPV4_HEADER

export class IpLayer {
  readonly routes = new RouteTable<IpInterface>()
  readonly locals = new LocalAddresses<IpInterface>()
  readonly pathMtus = new PathMtus()
  /** Firewall and NAT. With hooks, fragments are put together before they are looked at, and cut again on the way out. */
  hooks: PacketHooks | undefined
  /** Throw every fragment away on receipt, as some networks do. */
  dropsFragments = false
  readonly #settings: IpSettings
  readonly #world: World
  readonly #trace: Trace
  readonly #deliver: Deliver
  readonly #fragments: Reassembler
  readonly #ways: Ways
  #identification: number

  constructor(
    world: World,
    trace: Trace,
    host: {
      readonly settings: IpSettings
      readonly nics: readonly IpInterface[]
      readonly deliver: Deliver
    },
  ) {
    this.#world = world
    this.#trace = trace
    this.#settings = host.settings
    const { settings, nics } = host
    const { routes, locals } = this
    this.#ways = new Ways({ routes, locals, nics, strongHost: () => settings.strongHost })
    this.#deliver = host.deliver
    this.#identification = host.settings.rng.below(0x10000)
    this.#fragments = new Reassembler(world, {
      onDropped: (packet, reason, detail, first) => {
        this.drop(packet, reason, detail)
        // Only the destination itself complains of what did not arrive (RFC 792).
        if (first !== undefined && this.locals.isUnicast(destinationOf(first.frame, IP_OFFSET)))
          this.reportError(first, {
            type: ICMP_TYPE.timeExceeded,
            code: TIME_EXCEEDED.reassembly,
          })
      },
    })
  }

  /** A frame with IPv4 in it, from the wire. Takes ownership. */
  receive(nic: IpInterface, packet: Transit): void {
    const fault = headerFault(packet.frame, IP_OFFSET)
    if (fault !== undefined) {
      const reason = fault.code === 'bad-checksum' ? 'bad-checksum' : 'malformed'
      return this.drop(packet, reason, `IPv4: ${fault.code} at ${fault.field}`)
    }
    if (isFragment(packet.frame, IP_OFFSET)) return this.#receiveFragment(nic, packet)
    this.#afterDefragmentation(nic, packet)
  }

  #receiveFragment(nic: IpInterface, packet: Transit): void {
    if (this.dropsFragments)
      return this.drop(packet, 'fragment-dropped', 'fragments are not let through here')
    if (this.hooks === undefined) return this.#afterDefragmentation(nic, packet)
    const whole = this.#fragments.add(packet)
    if (whole !== undefined) this.#afterDefragmentation(nic, whole)
  }

  #afterDefragmentation(nic: IpInterface, packet: Transit): void {
    if (this.hooks !== undefined) {
      const stop = this.hooks.prerouting(packet)
      if (stop !== undefined) return this.#refuse(packet, stop)
    }
    const source = sourceOf(packet.frame, IP_OFFSET)
    const destination = destinationOf(packet.frame, IP_OFFSET)
    if (this.#isMartian(source, destination)) {
      const flow = `${formatIpv4(source)} → ${formatIpv4(destination)}`
      return this.drop(packet, 'martian', `${flow} cannot come from a wire`)
    }
    const local = this.locals.get(destination)
    if (local === undefined) return this.#forward(packet, destination)
    const isForOther = local.kind === 'unicast' && this.#settings.strongHost && local.nic !== nic
    if (isForOther && !nic.has(destination))
      return this.drop(
        packet,
        'not-forwarding',
        `${formatIpv4(destination)} is not on this interface`,
      )
    this.#input(packet, nic.name)
  }

  /** Addresses that no packet from a wire may bear (ip_route_input_slow); reverse-path filtering is off. */
  #isMartian(source: Ipv4, destination: Ipv4): boolean {
    if (isLoopback(source) || isLoopback(destination)) return true
    if (isMulticast(source) || source === LIMITED_BROADCAST) return true
    if (destination === LIMITED_BROADCAST) return false
    return (
      isThisNetwork(source) ||
      isThisNetwork(destination) ||
      this.locals.get(source)?.kind === 'unicast'
    )
  }

  #input(packet: Transit, nic: string): void {
    if (isFragment(packet.frame, IP_OFFSET)) {
      const whole = this.#fragments.add(packet)
      if (whole !== undefined) this.#input(whole, nic)
      return
    }
    if (this.hooks !== undefined && nic !== LOOPBACK) {
      const stop = this.hooks.input(packet)
      if (stop !== undefined) return this.#refuse(packet, stop)
    }
    this.#deliver(packet, nic)
  }

  // The order of checks is ip_route_input's and ip_forward's: a route, the TTL, the size, and only then the filter.
  #forward(packet: Transit, destination: Ipv4): void {
    const { frame } = packet
    if (isMulticast(destination)) return this.drop(packet, 'not-modelled', 'multicast')
    if (!this.#settings.forwards || isGroupFrame(frame))
      return this.drop(packet, 'not-forwarding', `${formatIpv4(destination)} is not this host`)
    const route = this.routes.lookup(destination)
    if (route === undefined) {
      this.reportError(packet, unreachableBy(UNREACHABLE.net))
      return this.drop(packet, 'no-route', `no route to ${formatIpv4(destination)}`)
    }
    if (ttlOf(frame, IP_OFFSET) <= 1) {
      this.reportError(packet, { type: ICMP_TYPE.timeExceeded, code: TIME_EXCEEDED.inTransit })
      return this.drop(packet, 'ttl-expired', `TTL was ${ttlOf(frame, IP_OFFSET)}`)
    }
    const { nic } = route
    const size = totalLengthOf(frame, IP_OFFSET)
    if (size > nic.mtu && !this.#mayCut(packet, nic.mtu)) {
      this.reportError(packet, unreachableBy(UNREACHABLE.fragmentationNeeded, nic.mtu))
      return this.drop(packet, 'too-big', `${size} bytes with DF, MTU ${nic.mtu}`)
    }
    decrementTtl(frame, IP_OFFSET)
    packet.outNic = nic.name
    if (this.hooks !== undefined) {
      const stop = this.hooks.forward(packet)
      if (stop !== undefined) return this.#refuse(packet, stop)
    }
    const nextHop = route.via ?? destination
    if (this.#trace.detailed)
      this.#trace.add({
        kind: 'forwarded',
        node: this.#settings.name,
        packet: packet.id,
        nic: nic.name,
        via: formatIpv4(nextHop),
      })
    const refused = this.#leave(packet, nic, nextHop, false)
    if (refused !== undefined) this.#refused(packet, nic, refused)
  }

  /** Without DF; or with DF, when it came in fragments that fit. */
  #mayCut(packet: Transit, mtu: number): boolean {
    if (mayFragment(packet.frame, IP_OFFSET)) return true
    return packet.fragmentMax > 0 && packet.fragmentMax <= mtu
  }

  /** To `nextHop`, or with `group` to everybody there. What comes back: why the interface would not. */
  #leave(
    packet: Transit,
    nic: IpInterface,
    nextHop: Ipv4,
    group: boolean,
  ): TunnelRefusal | undefined {
    if (this.hooks !== undefined) {
      const stop = this.hooks.postrouting(packet)
      if (stop !== undefined) {
        this.#refuse(packet, stop)
        return undefined
      }
    }
    const { fragmentMax } = packet
    const limit = fragmentMax > 0 && fragmentMax < nic.mtu ? fragmentMax : nic.mtu
    if (totalLengthOf(packet.frame, IP_OFFSET) <= limit) return nic.leave(packet, nextHop, group)
    for (const piece of fragment(packet, Math.max(limit, MTU_MIN))) {
      const refused = nic.leave(piece, nextHop, group)
      if (refused !== undefined) return refused
    }
    return undefined
  }

  /** A broadcast or multicast has no single next hop. */
  #isGroup(nextHop: Ipv4): boolean {
    return this.locals.get(nextHop)?.kind === 'broadcast' || isMulticast(nextHop)
  }

  /** A blank frame for a message of `length` bytes, which goes in at {@link MESSAGE_OFFSET}. */
  frameFor(length: number): Uint8Array {
    const total = IPV4_HEADER + length
    // Only a transport of ours can ask for more, and encodes no such message.
    if (total > IPV4_LENGTH_MAX) throw new RangeError(`an IPv4 packet of ${total} bytes`)
    return this.#world.frames.take(IP_OFFSET + total)
  }

  /** Send a packet of this host; the payload is copied. */
  send(local: LocalHeader, payload: Uint8Array): Sent {
    const frame = this.frameFor(payload.length)
    frame.set(payload, MESSAGE_OFFSET)
    return this.sendFrame(local, frame)
  }

  /** Send a frame from {@link frameFor} whose message is in place; everything before it is written here. */
  sendFrame(local: LocalHeader, frame: Uint8Array): Sent {
    this.#writeHeader(local, frame)
    const id = this.#trace.nextPacket()
    const packet = new Transit(frame, id)
    if (this.isOwn(local.destination)) {
      this.#world.schedule(microseconds(0), (p: Transit) => this.#input(p, LOOPBACK), packet)
      return { packet: id, error: undefined }
    }
    const { source } = local
    // Linux refuses to send for a socket whose address is gone (ip_route_output_key: EINVAL), and so does Windows.
    if (local.ownSource === true && !this.isOwn(source) && !isThisNetwork(source)) {
      this.drop(packet, 'no-route', `${formatIpv4(source)} is not this host's`)
      return { packet: id, error: refusal(frame, 'no-route') }
    }
    const way = this.#ways.from(source, local.destination, local.nic)
    if (way === undefined) {
      this.drop(packet, 'no-route', `no route to ${formatIpv4(local.destination)}`)
      return { packet: id, error: refusal(frame, 'no-route') }
    }
    return { packet: id, error: this.#sendBy(way, packet, local) }
  }

  #sendBy({ nic, nextHop }: Way, packet: Transit, local: LocalHeader): SocketError | undefined {
    const { frame } = packet
    const mtu = this.pathMtus.get(local.destination, nic.mtu, this.#world.now)
    const size = totalLengthOf(frame, IP_OFFSET)
    if (size > mtu && local.dontFragment === true) {
      this.drop(packet, 'too-big', `${size} bytes with DF, path MTU ${mtu}`)
      return refusal(frame, 'too-big', mtu)
    }
    packet.fragmentMax = mtu < nic.mtu ? mtu : 0
    packet.outNic = nic.name
    if (this.hooks !== undefined) {
      const stop = this.hooks.output(packet)
      if (stop !== undefined) {
        this.#noteStop(packet, stop)
        return refusal(frame, refusalCode(stop))
      }
      // NAT of what this host sends, errors about translated packets above all, may lead elsewhere (Linux: ip_route_me_harder).
      const destination = destinationOf(frame, IP_OFFSET)
      if (destination !== local.destination) return this.#reroute(packet, destination)
    }
    return this.#sendTo({ nic, nextHop }, packet)
  }

  #reroute(packet: Transit, destination: Ipv4): SocketError | undefined {
    const way = this.#ways.to(destination, undefined)
    if (way === undefined) {
      this.drop(packet, 'no-route', `no route to ${formatIpv4(destination)}`)
      return refusal(packet.frame, 'no-route')
    }
    packet.outNic = way.nic.name
    return this.#sendTo(way, packet)
  }

  #sendTo({ nic, nextHop }: Way, packet: Transit): SocketError | undefined {
    const refused = this.#leave(packet, nic, nextHop, this.#isGroup(nextHop))
    if (refused === undefined) return undefined
    const { code, mtu } = this.#noteRefused(packet, nic, refused)
    const { frame } = packet
    if (code !== 'too-big') return refusal(frame, code)
    // Less than the interface's own is what a tunnel knows of the way to its far end: so it is to all that lies behind.
    const size = totalLengthOf(frame, IP_OFFSET)
    const destination = destinationOf(frame, IP_OFFSET)
    if (mtu < nic.mtu) this.pathMtus.learn(destination, { mtu, size }, this.#world.now)
    return refusal(frame, code, mtu)
  }

  /** The interface by which a packet of somebody else's was to leave would not have it. */
  #refused(packet: Transit, nic: IpInterface, refused: TunnelRefusal): void {
    const { code, mtu } = this.#noteRefused(packet, nic, refused)
    this.reportError(packet, errorOf(code, mtu))
  }

  #noteRefused(
    packet: Transit,
    nic: IpInterface,
    refused: TunnelRefusal,
  ): { readonly code: SocketError['code']; readonly mtu: number } {
    const { code, mtu } = typeof refused === 'string' ? { code: refused, mtu: nic.mtu } : refused
    this.drop(packet, REFUSED_BY_INTERFACE[code], `${nic.name} refused it: ${code}`)
    return { code, mtu }
  }

  #writeHeader(local: LocalHeader, frame: Uint8Array): void {
    setU16(frame, IP_OFFSET - 2, ETHER_TYPE.ipv4)
    frame[IP_OFFSET] = 0x45
    frame[IP_OFFSET + 1] = local.dscpEcn ?? 0
    setU16(frame, IP_OFFSET + 2, frame.length - IP_OFFSET)
    setU16(frame, IP_OFFSET + 4, local.identification ?? this.#nextIdentification())
    setU16(frame, IP_OFFSET + 6, local.dontFragment === true ? DONT_FRAGMENT : 0)
    frame[IP_OFFSET + 8] = local.ttl ?? this.#settings.ttl
    frame[IP_OFFSET + 9] = local.protocol
    setU32(frame, IP_OFFSET + 12, local.source)
    setU32(frame, IP_OFFSET + 16, local.destination)
    writeHeaderChecksum(frame, IP_OFFSET)
  }

  #nextIdentification(): number {
    this.#identification = (this.#identification + 1) & 0xffff
    return this.#identification
  }

  /** One of this host's own unicast addresses, or in 127/8. */
  isOwn(address: Ipv4): boolean {
    return this.#ways.isOwn(address)
  }

  /** The address that a packet to `destination` would bear; undefined: no route. */
  sourceFor(destination: Ipv4): Ipv4 | undefined {
    return this.#ways.sourceFor(destination)
  }

  mtuTo(destination: Ipv4): number {
    if (this.isOwn(destination)) return IPV4_LENGTH_MAX
    const mtu = this.#ways.to(destination, undefined)?.nic.mtu ?? IPV4_LENGTH_MAX
    return this.pathMtus.get(destination, mtu, this.#world.now)
  }

  /** Tell the sender of `packet` of an error, if the rules allow; from the packet's destination where that is this host. */
  reportError(packet: Transit, error: IcmpError): void {
    const { frame } = packet
    const asked = destinationOf(frame, IP_OFFSET)
    if (!mayReportError(frame) || this.locals.get(asked)?.kind === 'broadcast') return
    const destination = sourceOf(frame, IP_OFFSET)
    const source = this.isOwn(asked) ? asked : this.sourceFor(destination)
    if (source === undefined) return
    const dscpEcn = INTERNETWORK_CONTROL | (frame[IP_OFFSET + 1]! & 0x1e)
    const header = { protocol: PROTOCOL.icmp, source, destination, dscpEcn }
    this.send(header, errorMessage(frame, error))
  }

  drop(packet: Transit, reason: DropReason, detail?: string, rule?: string): void {
    const nic = packet.inNic ?? packet.outNic
    this.#trace.add({
      kind: 'dropped',
      node: this.#settings.name,
      reason,
      packet: packet.id,
      frame: packet.frame,
      ...(detail === undefined ? {} : { detail }),
      ...(nic === undefined ? {} : { nic }),
      ...(rule === undefined ? {} : { rule }),
    })
  }

  /** A hook stopped a packet that somebody else sent. */
  #refuse(packet: Transit, stop: Stop): void {
    this.#noteStop(packet, stop)
    if (stop.kind !== 'reject') return
    if (stop.with !== 'tcp-reset') return this.reportError(packet, REJECT_ERRORS[stop.with])
    const reset = resetFor(packet.frame)
    if (reset === undefined) return
    const { source, destination, payload } = reset
    // As nf_send_reset does: nobody may cut it, so it needs no identification (RFC 6864).
    const header = { protocol: PROTOCOL.tcp, dontFragment: true, identification: 0 }
    this.send({ ...header, source, destination }, payload)
  }

  #noteStop(packet: Transit, stop: Stop): void {
    if (stop.kind === 'drop') this.drop(packet, stop.reason, stop.detail, stop.rule)
    else this.drop(packet, 'filter', `answered with ${stop.with}`, stop.rule)
  }
}
