/**
 * A consumer or carrier NAT as the hooks of a stack: RFC 4787 for UDP, RFC 5382 for TCP, RFC 5508 for ICMP, and for
 * protocols without ports one inside host per peer. Not a firewall: it refuses what nobody inside asked for, and its blocks.
 */
import { formatIpv4, type Ipv4 } from '../base/address.ts'
import type { Rng } from '../base/rng.ts'
import type { Instant } from '../base/time.ts'
import type { BlockSpec, NatRouterSpec, PortMatch, ProtocolName } from '../topology/firewall.ts'
import { PROTOCOL, protocolName } from '../wire/ipv4.ts'
import {
  hasPorts,
  icmpChecksumHolds,
  icmpKindOf,
  readNatHeaders,
  readQuote,
  resealIcmp,
  rewriteAddress,
  rewriteEndpoint,
  tcpFlagsOf,
  type IcmpKind,
  type NatHeaders,
  type Side,
} from './nat-headers.ts'
import { IN, NatTable, OUT, type Mapping } from './nat-table.ts'
import { IP_OFFSET, type Packet, type PacketHooks, type Stop } from './packet.ts'
import type { Endpoint } from './sockets.ts'
import type { NewEvent } from './trace.ts'

/** A `translated` event before its node is known: whoever builds the router adds it. */
export type NatEvent = Omit<Extract<NewEvent, { kind: 'translated' }>, 'node'>

export interface NatEnv {
  /** The address of the outside interface as it is now; undefined while it has none (a lease may come and go). */
  readonly outsideAddress: () => Ipv4 | undefined
  readonly insideNetworks: readonly string[]
  readonly clock: () => Instant
  /** For ports that cannot be preserved. */
  readonly rng: Rng
  readonly report: (event: NatEvent) => void
  /** Asked before an event is built. */
  readonly detailed: () => boolean
}

/** One mapping as it is now, for reports and tests. */
export interface MappingView {
  readonly protocol: number
  readonly inside: Endpoint
  readonly outside: Endpoint
  /** Who outside may use it or was sent to, the latest last. */
  readonly peers: readonly Endpoint[]
  /** Undefined for a port forward, which stays. */
  readonly expires: Instant | undefined
  /** Name of the port forward. */
  readonly forward: string | undefined
}

export interface NatRouter extends PacketHooks {
  /** Those that live now, port forwards first. */
  mappings(): readonly MappingView[]
  /** Forget everything, as a reboot does. Port forwards stay: they are settings. */
  flush(): void
  /** Take on new settings; mappings live on where they still can. */
  reload(spec: NatRouterSpec): void
}

const { icmp: ICMP, udp: UDP } = PROTOCOL
const DHCP_CLIENT_PORT = 68

const stop = (
  reason: Extract<Stop, { kind: 'drop' }>['reason'],
  rule: string,
): Extract<Stop, { kind: 'drop' }> => ({ kind: 'drop', reason, rule })

const MALFORMED = stop('malformed', 'nat')
const NO_OUTSIDE = stop('no-mapping', 'no outside address')
const NOT_OUTBOUND = stop('no-mapping', 'inside addresses are not reachable from outside')
const NO_HAIRPIN = stop('no-mapping', 'no hairpinning')

/**
 * Give the router's stack these hooks. Everything is synchronous; packets are rewritten in place.
 * `spec.dropsFragments` is the stack's to obey (`Stack.dropsFragments`): hooks see whole datagrams only.
 */
export function createNatRouter(spec: NatRouterSpec, env: NatEnv): NatRouter {
  const nat = new Nat(spec, env)
  return {
    prerouting: (packet) => nat.prerouting(packet),
    input: (packet) => nat.input(packet),
    forward: (packet) => nat.forward(packet),
    output: () => undefined,
    postrouting: (packet) => nat.postrouting(packet),
    mappings: () => nat.mappings(),
    flush: () => nat.table.flush(),
    reload: (changed) => nat.reload(changed),
  }
}

class Nat {
  #spec: NatRouterSpec
  readonly #env: NatEnv
  readonly #inside: ReadonlySet<string>
  readonly table: NatTable
  #lastOutside: Ipv4 | undefined

  constructor(spec: NatRouterSpec, env: NatEnv) {
    this.#spec = spec
    this.#env = env
    this.#inside = new Set(env.insideNetworks)
    this.table = new NatTable(spec, env.clock, env.rng)
  }

  reload(spec: NatRouterSpec): void {
    this.#spec = spec
    this.table.reload(spec)
  }

  /** Only packets to the outside address are translated here; the rest is routed first. */
  prerouting(packet: Packet): Stop | undefined {
    const headers = readNatHeaders(packet.frame, IP_OFFSET)
    if (headers === undefined) return MALFORMED
    const outside = this.#outside()
    if (outside === undefined || headers.destination !== outside) return undefined
    if (packet.inNic !== this.#spec.outside) return this.#hairpin(packet, headers, outside)
    return this.#inbound(packet, headers)
  }

  /** From outside the router itself hears only what belongs to a mapping of its own, and its DHCP server. */
  input(packet: Packet): Stop | undefined {
    if (packet.inNic !== this.#spec.outside || packet.track !== undefined) return undefined
    const headers = readNatHeaders(packet.frame, IP_OFFSET)
    if (headers === undefined) return MALFORMED
    const dhcp = headers.protocol === UDP && headers.destinationPort === DHCP_CLIENT_PORT
    return dhcp ? undefined : this.#unsolicited(headers)
  }

  forward(packet: Packet): Stop | undefined {
    if (packet.inNic === this.#spec.outside) {
      return packet.track === undefined ? NOT_OUTBOUND : undefined
    }
    if (packet.outNic !== this.#spec.outside || !this.#isInside(packet.inNic)) return undefined
    const headers = readNatHeaders(packet.frame, IP_OFFSET)
    if (headers === undefined) return MALFORMED
    const block = this.#spec.blocks?.find((each) => blocks(each, headers))
    // A block refuses what begins inside: the answers of a forwarded server are not its business.
    const refused = block !== undefined && !this.#answersInvited(headers)
    return refused ? stop('blocked', block.name) : undefined
  }

  /** The router is an inside host of its own NAT: its packets hold mappings too, and so their answers are let in. */
  postrouting(packet: Packet): Stop | undefined {
    const turned = packet.track instanceof Hairpin ? packet.track : undefined
    if (packet.outNic !== this.#spec.outside && turned === undefined) return undefined
    const headers = readNatHeaders(packet.frame, IP_OFFSET)
    if (headers === undefined) return MALFORMED
    if (turned !== undefined) return this.#turn(packet, headers, turned)
    const own = packet.inNic === undefined
    const outside = this.#outside()
    // DHCP: no address yet, or nobody in particular to send to.
    if (own && (headers.source === 0 || isGroup(headers.destination))) return undefined
    if (outside === undefined) return own ? undefined : NO_OUTSIDE
    return this.#translateOut(packet, headers, outside)
  }

  mappings(): readonly MappingView[] {
    const address = this.#outside() ?? (0 as Ipv4)
    return this.table.mappings().map((mapping) => ({
      protocol: mapping.protocol,
      inside: mapping.inside,
      outside: { address, port: mapping.outsidePort },
      peers: this.table.peersOf(mapping).map(({ address, port }) => ({ address, port })),
      expires: mapping.forward === undefined ? mapping.expires : undefined,
      forward: mapping.forward,
    }))
  }

  #isInside(nic: string | undefined): boolean {
    return nic !== undefined && this.#inside.has(nic)
  }

  /** A new outside address makes every mapping void: nobody can answer to the old one. */
  #outside(): Ipv4 | undefined {
    const now = this.#env.outsideAddress()
    if (now !== this.#lastOutside) {
      this.#lastOutside = now
      this.table.flush()
    }
    return now
  }

  #inbound(packet: Packet, headers: NatHeaders): Stop | undefined {
    const kind = kindOf(packet, headers)
    if (kind === 'error') return this.#inboundError(packet, headers)
    if (kind === 'request' || kind === 'other') return this.#unsolicited(headers)
    return this.#translateIn(packet, headers, peerOn(headers, 'source'))
  }

  /** To whoever holds the outside port, if filtering lets `remote` in. */
  #translateIn(packet: Packet, headers: NatHeaders, remote: Endpoint): Stop | undefined {
    const mapping = this.table.holder(headers.protocol, headers.destinationPort, remote.address)
    if (mapping === undefined) return this.#unsolicited(headers)
    if (!this.table.admits(mapping, remote)) return this.#unsolicited(headers, remote)
    this.table.touch(mapping, remote, IN, tcpFlagsOf(packet.frame, headers))
    rewriteEndpoint(packet.frame, headers, 'destination', mapping.inside)
    packet.track = mapping
    this.#report(packet, mapping, endpointOf(headers, 'destination'), mapping.inside)
    return undefined
  }

  /** RFC 5508 §4.2: the error goes to whoever sent the packet that it quotes, and quotes it as it was sent. */
  #inboundError(packet: Packet, headers: NatHeaders): Stop | undefined {
    if (!icmpChecksumHolds(packet.frame, headers)) return MALFORMED
    const quote = readQuote(packet.frame, headers)
    if (quote === undefined) return MALFORMED
    const remote = peerOn(quote, 'destination')
    const mapping = this.table.holder(quote.protocol, quote.sourcePort, remote.address)
    if (mapping === undefined || !this.table.hasPeer(mapping, remote)) {
      return this.#unsolicited(headers)
    }
    rewriteEndpoint(packet.frame, quote, 'source', mapping.inside)
    rewriteAddress(packet.frame, headers, 'destination', mapping.inside.address)
    resealIcmp(packet.frame, headers)
    packet.track = mapping
    this.#report(packet, mapping, endpointOf(quote, 'source'), mapping.inside)
    return undefined
  }

  #translateOut(packet: Packet, headers: NatHeaders, outside: Ipv4): Stop | undefined {
    const kind = kindOf(packet, headers)
    if (kind === 'error') return this.#outboundError(packet, headers, outside)
    // Nobody outside can have asked a host inside, so there is nothing to reply to (RFC 5508 REQ-1).
    if (kind === 'reply' || kind === 'other')
      return stop('no-mapping', 'no ICMP query from outside')
    const mapping = this.#claim(packet, headers)
    if (mapping === undefined) return stop('nat-clash', clashOf(headers))
    const to = { address: outside, port: mapping.outsidePort }
    rewriteEndpoint(packet.frame, headers, 'source', to)
    packet.track = mapping
    this.#report(packet, mapping, endpointOf(headers, 'source'), to)
    return undefined
  }

  #claim(packet: Packet, headers: NatHeaders): Mapping | undefined {
    const remote = peerOn(headers, 'destination')
    const inside = endpointOf(headers, 'source')
    const mapping = this.table.claim(headers.protocol, inside, remote)
    if (mapping !== undefined) {
      this.table.touch(mapping, remote, OUT, tcpFlagsOf(packet.frame, headers))
    }
    return mapping
  }

  /** RFC 5508 §4.2: an error from inside about a packet that came in; nobody outside may see an inside address in it. */
  #outboundError(packet: Packet, headers: NatHeaders, outside: Ipv4): Stop | undefined {
    const refused = this.#coverQuote(packet, headers, outside)
    if (refused === undefined) rewriteAddress(packet.frame, headers, 'source', outside)
    return refused
  }

  #coverQuote(packet: Packet, headers: NatHeaders, outside: Ipv4): Stop | undefined {
    const quote = readQuote(packet.frame, headers)
    if (quote === undefined) return MALFORMED
    const inside = endpointOf(quote, 'destination')
    const mapping = this.table.find(quote.protocol, inside, peerOn(quote, 'source'))
    // The router's own word about its own address needs no translation.
    if (mapping === undefined && inside.address === outside) return undefined
    if (mapping === undefined) return stop('no-mapping', 'the error quotes a packet of no mapping')
    const to = { address: outside, port: mapping.outsidePort }
    rewriteEndpoint(packet.frame, quote, 'destination', to)
    resealIcmp(packet.frame, headers)
    packet.track = mapping
    this.#report(packet, mapping, inside, to)
    return undefined
  }

  /**
   * RFC 4787 §6: from inside to the outside address. The receiver sees the sender's outside address and port (REQ-9a), and
   * filtering judges the sender like anybody outside. Here the destination changes; the source does after routing, which
   * would take a packet from the router's own address for a forgery.
   */
  #hairpin(packet: Packet, headers: NatHeaders, outside: Ipv4): Stop | undefined {
    const kind = kindOf(packet, headers)
    // The router answers pings to any of its addresses itself.
    if (kind !== 'flow' && kind !== 'error') return undefined
    const flow = kind === 'flow' ? headers : readQuote(packet.frame, headers)
    if (flow === undefined) return MALFORMED
    const sought = kind === 'flow' ? flow.destinationPort : flow.sourcePort
    const held = hasPorts(flow.protocol) && this.table.holder(flow.protocol, sought, outside)
    // Nobody inside holds it: it is for the router itself.
    if (held === undefined || held === false) return undefined
    if (this.#spec.hairpinning !== true) return NO_HAIRPIN
    if (kind === 'flow') return this.#hairpinFlow(packet, headers, outside)
    const refused =
      this.#coverQuote(packet, headers, outside) ?? this.#inboundError(packet, headers)
    packet.track = new Hairpin({ address: outside, port: 0 }, undefined)
    return refused
  }

  #hairpinFlow(packet: Packet, headers: NatHeaders, outside: Ipv4): Stop | undefined {
    const mapping = this.#claim(packet, headers)
    if (mapping === undefined) return stop('nat-clash', clashOf(headers))
    const seenAs = { address: outside, port: mapping.outsidePort }
    const refused = this.#translateIn(packet, headers, seenAs)
    packet.track = new Hairpin(seenAs, mapping)
    return refused
  }

  /** The second half of a hairpin. */
  #turn(packet: Packet, headers: NatHeaders, { seenAs, mapping }: Hairpin): undefined {
    if (mapping === undefined) {
      rewriteAddress(packet.frame, headers, 'source', seenAs.address)
    } else {
      rewriteEndpoint(packet.frame, headers, 'source', seenAs)
      this.#report(packet, mapping, endpointOf(headers, 'source'), seenAs)
    }
  }

  #answersInvited(headers: NatHeaders): boolean {
    const remote = peerOn(headers, 'destination')
    const mapping = this.table.find(headers.protocol, endpointOf(headers, 'source'), remote)
    return mapping !== undefined && this.table.peerOf(mapping, remote)?.invited === true
  }

  #unsolicited(headers: NatHeaders, remote?: Endpoint): Stop {
    const to = nameOf(headers.protocol, headers.destinationPort)
    const why =
      remote === undefined
        ? `nobody inside holds ${to}`
        : `the holder of ${to} never sent to ${formatEndpoint(headers.protocol, remote)}`
    return stop('no-mapping', `${this.table.filtering} filtering: ${why}`)
  }

  #report(packet: Packet, mapping: Mapping, from: Endpoint, to: Endpoint): void {
    if (!this.#env.detailed()) return
    if (from.address === to.address && from.port === to.port) return
    this.#env.report({
      kind: 'translated',
      packet: packet.id,
      rule: mapping.forward ?? 'mapping',
      from: formatEndpoint(mapping.protocol, from),
      to: formatEndpoint(mapping.protocol, to),
    })
  }
}

/** Notes on a packet from inside to inside by way of the outside address. */
class Hairpin {
  /** What the receiver will see as its source; of an ICMP error, the address alone. */
  readonly seenAs: Endpoint
  /** The sender's mapping; undefined for an ICMP error. */
  readonly mapping: Mapping | undefined
  constructor(seenAs: Endpoint, mapping: Mapping | undefined) {
    this.seenAs = seenAs
    this.mapping = mapping
  }
}

/** A `flow` has ports, or is of a protocol that knows only addresses. */
const kindOf = (packet: Packet, headers: NatHeaders): IcmpKind | 'flow' =>
  headers.protocol === ICMP ? icmpKindOf(packet.frame, headers) : 'flow'

const endpointOf = (headers: NatHeaders, side: Side): Endpoint =>
  side === 'source'
    ? { address: headers.source, port: headers.sourcePort }
    : { address: headers.destination, port: headers.destinationPort }

/** The far end of a flow. An ICMP identifier belongs to the querier alone: who answers has no number. */
const peerOn = (headers: NatHeaders, side: Side): Endpoint =>
  headers.protocol === ICMP
    ? { address: endpointOf(headers, side).address, port: 0 }
    : endpointOf(headers, side)

const isGroup = (address: Ipv4): boolean => address === 0xffffffff || address >>> 28 === 14

const NUMBERS: Readonly<Record<ProtocolName, number>> = PROTOCOL
const numberOf = (protocol: ProtocolName | number): number =>
  typeof protocol === 'number' ? protocol : NUMBERS[protocol]

const within = (port: number, matches: readonly PortMatch[]): boolean =>
  matches.some((match) =>
    typeof match === 'number' ? match === port : match[0] <= port && port <= match[1],
  )

const blocks = (block: BlockSpec, headers: NatHeaders): boolean =>
  numberOf(block.protocol) === headers.protocol &&
  (block.ports === undefined || within(headers.destinationPort, block.ports)) &&
  !within(headers.destinationPort, block.exceptPorts ?? [])

/** As rules write it. */
const ruleName = (protocol: number): string => protocolName(protocol).toLowerCase()

/** `udp 500`, `icmp id 7`, `esp`. */
const nameOf = (protocol: number, port: number): string =>
  protocol === ICMP
    ? `icmp id ${port}`
    : hasPorts(protocol)
      ? `${ruleName(protocol)} ${port}`
      : ruleName(protocol)

/** `10.0.0.5:500`, `10.0.0.5 id 7`, `10.0.0.5`. */
const formatEndpoint = (protocol: number, { address, port }: Endpoint): string =>
  protocol === ICMP
    ? `${formatIpv4(address)} id ${port}`
    : `${formatIpv4(address)}${hasPorts(protocol) ? `:${port}` : ''}`

const clashOf = (headers: NatHeaders): string =>
  hasPorts(headers.protocol)
    ? `no outside port is left for ${ruleName(headers.protocol)}`
    : `another inside host holds ${ruleName(headers.protocol)} to ${formatIpv4(headers.destination)}`
