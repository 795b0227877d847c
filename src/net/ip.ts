/**
 * The IPv4 layer of one host: receive, route, forward, deliver, send; with the five hooks where netfilter has them and Linux's order
 * of checks in between (ip_input.c, ip_forward.c, ip_output.c). Not sockets and not settings: `net/stack.ts` is the host. RFC 791, 1122, 1812.
 */
import { formatIpv4, type Ipv4 } from '../base/address.ts'
import { setU16, setU32 } from '../base/bytes.ts'
import type { Rng } from '../base/rng.ts'
import { microseconds } from '../base/time.ts'
import { BROADCAST_MAC, ETHER_TYPE, isGroupFrame } from '../wire/ethernet.ts'
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
  protocolOf,
  sourceOf,
  totalLengthOf,
  ttlOf,
  writeHeaderChecksum,
} from '../wire/ipv4.ts'
import { fragment, Reassembler } from './fragments.ts'
import {
  errorMessage,
  mayReportError,
  portsOf,
  REJECT_ERRORS,
  resetFor,
  unreachableBy,
  type IcmpError,
} from './icmp.ts'
import type { OutgoingPacket } from './ip-service.ts'
import type { Nic } from './nic.ts'
import { IP_OFFSET, type PacketHooks, type Stop } from './packet.ts'
import { PathMtus } from './path-mtu.ts'
import {
  isLoopback,
  isMulticast,
  isThisNetwork,
  LIMITED_BROADCAST,
  LocalAddresses,
  RouteTable,
} from './routes.ts'
import { Slab } from './slab.ts'
import type { SocketError } from './sockets.ts'
import type { DropReason, Trace } from './trace.ts'
import { Transit } from './transit.ts'
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
  /** RFC 1122 §3.3.4.2: take packets only on the interface that has their destination address. */
  readonly strongHost: boolean
  readonly ttl: number
  readonly rng: Rng
}

/** What is above: gets every packet for this host, after the input hook. */
export type Deliver = (packet: Transit, nic: string) => void

/** The header of a packet of this host. `dscpEcn` is the former TOS byte; with `nic` it leaves there, whatever the routes say. */
export type LocalHeader = Omit<OutgoingPacket, 'payload'> & {
  readonly nic?: string | undefined
}

export interface Sent {
  /** The packet's id in the trace. */
  readonly packet: number
  readonly error: SocketError | undefined
}

/** Where the transport's message begins in a frame from {@link IpLayer.frameFor}. */
export const MESSAGE_OFFSET = IP_OFFSET + IPV4_HEADER

interface Way {
  readonly nic: Nic
  readonly nextHop: Ipv4
}

export class IpLayer {
  readonly routes = new RouteTable<Nic>()
  readonly locals = new LocalAddresses<Nic>()
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
  readonly #nics: readonly Nic[]
  readonly #slab = new Slab()
  #identification: number

  constructor(
    world: World,
    trace: Trace,
    host: {
      readonly settings: IpSettings
      readonly nics: readonly Nic[]
      readonly deliver: Deliver
    },
  ) {
    this.#world = world
    this.#trace = trace
    this.#settings = host.settings
    this.#nics = host.nics
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
  receive(nic: Nic, packet: Transit): void {
    const fault = headerFault(packet.frame, IP_OFFSET)
    if (fault !== undefined) {
      const reason = fault.code === 'bad-checksum' ? 'bad-checksum' : 'malformed'
      return this.drop(packet, reason, `IPv4: ${fault.code} at ${fault.field}`)
    }
    if (isFragment(packet.frame, IP_OFFSET)) return this.#receiveFragment(nic, packet)
    this.#afterDefragmentation(nic, packet)
  }

  #receiveFragment(nic: Nic, packet: Transit): void {
    if (this.dropsFragments)
      return this.drop(packet, 'fragment-dropped', 'fragments are not let through here')
    if (this.hooks === undefined) return this.#afterDefragmentation(nic, packet)
    const whole = this.#fragments.add(packet)
    if (whole !== undefined) this.#afterDefragmentation(nic, whole)
  }

  #afterDefragmentation(nic: Nic, packet: Transit): void {
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
    this.#leave(packet, nic, nextHop, undefined)
  }

  /** Without DF; or with DF, when it came in fragments that fit. */
  #mayCut(packet: Transit, mtu: number): boolean {
    if (mayFragment(packet.frame, IP_OFFSET)) return true
    return packet.fragmentMax > 0 && packet.fragmentMax <= mtu
  }

  /** To `nextHop`, or with `group` to that hardware address. */
  #leave(packet: Transit, nic: Nic, nextHop: Ipv4, group: Uint8Array | undefined): void {
    if (this.hooks !== undefined) {
      const stop = this.hooks.postrouting(packet)
      if (stop !== undefined) return this.#refuse(packet, stop)
    }
    const { fragmentMax } = packet
    const limit = fragmentMax > 0 && fragmentMax < nic.mtu ? fragmentMax : nic.mtu
    if (totalLengthOf(packet.frame, IP_OFFSET) <= limit) emit(packet, nic, nextHop, group)
    else
      for (const piece of fragment(packet, Math.max(limit, MTU_MIN)))
        emit(piece, nic, nextHop, group)
  }

  /** Broadcasts and multicasts need no ARP. */
  #groupOf(nextHop: Ipv4): Uint8Array | undefined {
    if (this.locals.get(nextHop)?.kind === 'broadcast') return BROADCAST_MAC
    return isMulticast(nextHop) ? groupMac(nextHop) : undefined
  }

  /** A blank frame for a message of `length` bytes, which goes in at {@link MESSAGE_OFFSET}. */
  frameFor(length: number): Uint8Array {
    const total = IPV4_HEADER + length
    // Only a transport of ours can ask for more, and encodes no such message.
    if (total > IPV4_LENGTH_MAX) throw new RangeError(`an IPv4 packet of ${total} bytes`)
    return this.#slab.take(IP_OFFSET + total)
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
    const way = this.#wayTo(local.destination, local.nic)
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
    this.#leave(packet, nic, nextHop, this.#groupOf(nextHop))
    return undefined
  }

  #reroute(packet: Transit, destination: Ipv4): SocketError | undefined {
    const way = this.#wayTo(destination, undefined)
    if (way === undefined) {
      this.drop(packet, 'no-route', `no route to ${formatIpv4(destination)}`)
      return refusal(packet.frame, 'no-route')
    }
    packet.outNic = way.nic.name
    this.#leave(packet, way.nic, way.nextHop, this.#groupOf(way.nextHop))
    return undefined
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

  #wayTo(destination: Ipv4, nicName: string | undefined): Way | undefined {
    if (nicName !== undefined) {
      const nic = this.#nics.find((n) => n.name === nicName && n.up)
      if (nic === undefined) return undefined
      // Without a route by this interface the destination is taken to be on its link, as DHCP needs.
      return { nic, nextHop: this.routes.lookupOn(destination, nic)?.via ?? destination }
    }
    const local = this.locals.get(destination)
    if (destination !== LIMITED_BROADCAST && local?.kind === 'broadcast')
      return { nic: local.nic, nextHop: destination }
    const route = this.routes.lookup(destination)
    if (route !== undefined) {
      const isDirect = route.via === undefined || destination === LIMITED_BROADCAST
      return { nic: route.nic, nextHop: isDirect ? destination : route.via }
    }
    const nic = this.#nics.find((n) => n.up)
    return destination === LIMITED_BROADCAST && nic !== undefined
      ? { nic, nextHop: destination }
      : undefined
  }

  /** One of this host's own unicast addresses, or in 127/8. */
  isOwn(address: Ipv4): boolean {
    return isLoopback(address) || this.locals.isUnicast(address)
  }

  /** The address that a packet to `destination` would bear; undefined: no route. */
  sourceFor(destination: Ipv4): Ipv4 | undefined {
    if (this.isOwn(destination)) return destination
    return this.#wayTo(destination, undefined)?.nic.config.address
  }

  mtuTo(destination: Ipv4): number {
    if (this.isOwn(destination)) return IPV4_LENGTH_MAX
    const mtu = this.#wayTo(destination, undefined)?.nic.mtu ?? IPV4_LENGTH_MAX
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
    if (stop.kind === 'drop') this.drop(packet, stop.reason, undefined, stop.rule)
    else this.drop(packet, 'filter', `answered with ${stop.with}`, stop.rule)
  }
}

/** Why a packet of this host did not go out. */
function refusal(frame: Uint8Array, code: SocketError['code'], mtu?: number): SocketError {
  const address = destinationOf(frame, IP_OFFSET)
  const message = frame.subarray(MESSAGE_OFFSET)
  const port = portsOf(protocolOf(frame, IP_OFFSET), message).destination
  const error = { code, to: { address, port }, from: sourceOf(frame, IP_OFFSET) }
  return mtu === undefined ? error : { ...error, mtu }
}

function emit(packet: Transit, nic: Nic, nextHop: Ipv4, group: Uint8Array | undefined): void {
  if (group === undefined) nic.neighbours.send(packet, nextHop)
  else nic.sendTo(group, packet)
}

/** RFC 1112 §6.4: the low 23 bits of the group. */
const groupMac = (group: Ipv4): Uint8Array =>
  Uint8Array.of(0x01, 0x00, 0x5e, (group >>> 16) & 0x7f, (group >>> 8) & 0xff, group & 0xff)

/** What a program hears when its own host's filter stops it: EPERM, or what a router's error would have said. */
function refusalCode(stop: Stop): SocketError['code'] {
  if (stop.kind === 'drop') return 'prohibited'
  switch (stop.with) {
    case 'host-unreachable':
    case 'net-unreachable':
    case 'port-unreachable':
      return stop.with
    case 'proto-unreachable':
      return 'port-unreachable'
    default:
      return 'prohibited'
  }
}
