/**
 * Firewall, connection tracking and NAT of one host, with the semantics of Linux netfilter: {@link createFilter} makes its packet hooks.
 * Not a stack: routing, fragments, ICMP errors and resets are made by `net/stack.ts`, which calls the hooks in netfilter's order.
 */
import { formatIpv4, type Ipv4 } from '../../base/address.ts'
import { u16, u32 } from '../../base/bytes.ts'
import type { Rng } from '../../base/rng.ts'
import type { Instant } from '../../base/time.ts'
import type { ConnectionState, FilterSpec, Hook } from '../../topology/firewall.ts'
import { IP_OFFSET, type Packet, type PacketHooks, type Stop } from '../packet.ts'
import { isAnswerable, isResettable } from './checksums.ts'
import {
  compile,
  hasPorts,
  type Chain,
  type Compiled,
  type FilterRule,
  type NatRule,
} from './compile.ts'
import { Conntrack, ipEnd, isIcmpError } from './conntrack.ts'
import { UNTRACKABLE, type Flow, type Track } from './flows.ts'
import { isTranslated, isUntranslatableRedirect, Nat, type Target } from './nat.ts'
import type { Side } from './rewrite.ts'
import { count, View, type Counter, type RuleList } from './rules.ts'
import { describeSession, type SessionView } from './sessions.ts'
import { timeoutsOf } from './timeouts.ts'
import { ICMP, ipHeaderLength, TCP, UDP } from './tuple.ts'

/** What a filter tells the trace; the host adds its name. The shapes are those of `net/trace.ts`. */
export type FilterEvent =
  | {
      readonly kind: 'filtered'
      readonly packet: number
      readonly hook: Hook
      readonly rule: string
      readonly verdict: 'accept' | 'drop' | 'reject' | 'continue'
      readonly state: ConnectionState
    }
  | {
      readonly kind: 'translated'
      readonly packet: number
      readonly rule: string
      readonly from: string
      readonly to: string
    }
  /** A rule with `log: true` matched. */
  | { readonly kind: 'logged'; readonly source: 'firewall'; readonly text: string }

export interface FilterEnv {
  readonly clock: () => Instant
  /** Draws source ports when the one that a flow came with is taken. */
  readonly rng: Rng
  /** The host's address on a network: what a masquerade puts in place of the source. */
  readonly addressOf: (network: string) => Ipv4 | undefined
  /** Hears of logged matches and, where `detailed`, of every decision and translation. */
  readonly report?: ((event: FilterEvent) => void) | undefined
  /** Asked before an event other than a log entry is built. Default: nothing is wanted. */
  readonly detailed?: (() => boolean) | undefined
  /** The hook of rules that name none: `forward` on a firewall, `input` on a host. */
  readonly defaultHook: 'forward' | 'input'
}

export interface Filter extends PacketHooks {
  /** By rule, policy and translation name; bytes are IP packet lengths. */
  counters(): ReadonlyMap<string, Readonly<Counter>>
  /** Live entries of connection tracking. */
  sessions(): readonly SessionView[]
  /** Entries in the table (`conntrack -C`), some of which may have run out. */
  readonly size: number
  /** Forget every session (`conntrack -F`). */
  flush(): void
  /** Put other rules in force; sessions and their translations live on, counters begin again. */
  reload(spec: FilterSpec): void
}

/** The hooks of one host. `spec` has passed validation: names resolve, addresses parse. */
export const createFilter = (spec: FilterSpec, env: FilterEnv): Filter => new Netfilter(spec, env)

/** Which rule decided over the last packet of a direction, and where and in which state it was asked. */
interface Remembered {
  readonly chain: Chain
  readonly inNic: string | undefined
  readonly outNic: string | undefined
  readonly state: ConnectionState
  readonly rule: FilterRule
}

const CLASH: Stop = { kind: 'drop', rule: 'connection tracking', reason: 'nat-clash' }
const UNTRANSLATABLE: Stop = { kind: 'drop', rule: 'connection tracking', reason: 'malformed' }

class Netfilter implements Filter {
  readonly #env: FilterEnv
  readonly #conntrack: Conntrack
  readonly #nat: Nat
  readonly #view = new View()
  #compiled: Compiled
  /** The packet that came in last: errors that the stack now makes about it belong to its flow. */
  #inHand: Packet | undefined
  /** It was rejected with a reset, which the stack is about to send. */
  #resetIsDue = false

  constructor(spec: FilterSpec, env: FilterEnv) {
    this.#env = env
    this.#compiled = compile(spec, env.defaultHook)
    this.#conntrack = new Conntrack(timeoutsOf(spec.sessions), env.clock)
    this.#nat = new Nat(this.#conntrack, env.rng)
  }

  prerouting(packet: Packet): Stop | undefined {
    const track = this.#conntrack.track(packet, true)
    packet.track = track
    this.#inHand = packet
    this.#resetIsDue = false
    return this.#translate(packet, track, 'destination', this.#compiled.nat?.arriving)
  }

  input(packet: Packet): Stop | undefined {
    const track = trackOf(packet)
    return (
      this.#filter(packet, track, this.#compiled.input) ??
      this.#translate(packet, track, 'source', undefined) ??
      this.#confirm(track)
    )
  }

  forward(packet: Packet): Stop | undefined {
    return this.#filter(packet, trackOf(packet), this.#compiled.forward)
  }

  output(packet: Packet): Stop | undefined {
    const track = this.#trackSent(packet)
    packet.track = track
    return (
      this.#translate(packet, track, 'destination', undefined) ??
      this.#filter(packet, track, this.#compiled.output)
    )
  }

  postrouting(packet: Packet): Stop | undefined {
    const track = trackOf(packet)
    return (
      this.#translate(packet, track, 'source', this.#compiled.nat?.leaving) ?? this.#confirm(track)
    )
  }

  counters(): ReadonlyMap<string, Readonly<Counter>> {
    return this.#compiled.counters
  }

  sessions(): readonly SessionView[] {
    return Array.from(this.#conntrack.table.flows(this.#env.clock()), describeSession)
  }

  get size(): number {
    return this.#conntrack.table.size
  }

  flush(): void {
    this.#conntrack.table.clear()
  }

  reload(spec: FilterSpec): void {
    // Remembered rulings name the chain they are from, and these chains are new.
    this.#compiled = compile(spec, this.#env.defaultHook)
    this.#conntrack.timeouts = timeoutsOf(spec.sessions)
  }

  /** What the stack sends because of another packet (ICMP error, RST) is related to that one's flow (nf_ct_attach). */
  #trackSent(packet: Packet): Track {
    const cause = (packet.track ?? this.#causeOf(packet)) as Track | undefined
    if (cause?.flow !== undefined) return cause.flow.track('related', !cause.isReply)
    return this.#conntrack.track(packet, false)
  }

  #causeOf(packet: Packet): unknown {
    const cause = this.#inHand
    if (cause === undefined) return undefined
    const isReset = this.#resetIsDue && isReversed(packet.frame, cause.frame)
    this.#resetIsDue = false
    return isReset || isErrorAbout(packet.frame, cause.frame) ? cause.track : undefined
  }

  #confirm(track: Track): Stop | undefined {
    return this.#conntrack.confirm(track) ? undefined : CLASH
  }

  #filter(packet: Packet, track: Track, chain: Chain): Stop | undefined {
    const { flow } = track
    const slot = track.isReply ? 1 : 0
    const remembered = flow?.verdicts[slot] as Remembered | undefined
    if (
      remembered !== undefined &&
      remembered.state === track.state &&
      remembered.chain === chain &&
      remembered.inNic === packet.inNic &&
      remembered.outNic === packet.outNic
    ) {
      count(remembered.rule, ipEnd(packet) - IP_OFFSET)
      return this.#rule(packet, track, chain, remembered.rule)
    }
    const view = this.#view
    view.read(packet, this.#compiled.nics, track.state)
    const ruling = chain.list.decide(view, (rule) => this.#report(packet, track, chain, rule))
    const rule = ruling.rule ?? chain.otherwise
    if (ruling.rule === undefined) count(rule, view.length)
    // An error is related to the flow that it is about, and has addresses of its own.
    if (flow !== undefined && track.state !== 'related' && ruling.repeatable) {
      const { inNic, outNic } = packet
      const { state } = track
      flow.verdicts[slot] = { chain, inNic, outNic, state, rule } satisfies Remembered
    }
    return this.#rule(packet, track, chain, rule)
  }

  #rule(packet: Packet, track: Track, chain: Chain, rule: FilterRule): Stop | undefined {
    this.#report(packet, track, chain, rule)
    if (rule.verdict === 'accept') return undefined
    return rule.reject === undefined ? rule.drop : this.#reject(packet, track, rule)
  }

  /** What `reject` would not answer is dropped: damaged packets, and a RST with a RST. */
  #reject(packet: Packet, track: Track, rule: FilterRule): Stop {
    const end = ipEnd(packet)
    if (rule.reject!.with !== 'tcp-reset')
      return isAnswerable(packet.frame, IP_OFFSET, end) ? rule.reject! : rule.drop
    if (!isResettable(packet.frame, IP_OFFSET, end)) return rule.drop
    if (track.flow !== undefined) this.#conntrack.close(track.flow)
    this.#resetIsDue = true
    return rule.reject!
  }

  #translate(
    packet: Packet,
    track: Track,
    side: Side,
    rules: RuleList<NatRule> | undefined,
  ): Stop | undefined {
    const { flow } = track
    if (flow === undefined || this.#compiled.nat === undefined) return undefined
    if (track.state === 'related' && packet.frame[IP_OFFSET + 9] === ICMP) {
      if (isUntranslatableRedirect(packet, flow)) return UNTRANSLATABLE
    } else if (track.state === 'established' || isDecided(flow, side)) {
      if (this.#hasMoved(packet, track, side)) {
        this.#conntrack.table.remove(flow)
        return CLASH
      }
    } else {
      const stop = this.#decide(packet, track, side, rules)
      if (stop !== undefined) return stop
    }
    if (!isTranslated(flow, track.isReply, side)) return undefined
    const before = this.#env.detailed?.() === true ? describeSide(packet, side) : undefined
    if (!this.#nat.translate(packet, track, side)) return UNTRANSLATABLE
    if (before !== undefined) this.#reportTranslation(packet, track, side, before)
    return undefined
  }

  #decide(
    packet: Packet,
    track: Track,
    side: Side,
    rules: RuleList<NatRule> | undefined,
  ): Stop | undefined {
    const flow = track.flow!
    if (flow.confirmed) return undefined
    this.#view.read(packet, this.#compiled.nics, track.state)
    const rule = rules?.decide(this.#view).rule
    let target: Target | undefined
    if (rule !== undefined) {
      const address =
        rule.kind === 'masquerade' ? this.#env.addressOf(packet.outNic!) : rule.address
      if (address === undefined) return { kind: 'drop', rule: rule.name, reason: 'nat-clash' }
      target = { address, ports: hasPorts(flow.protocol) ? rule.ports : undefined }
      if (rule.kind === 'masquerade') flow.masqueradeNic = packet.outNic
    }
    this.#nat.decide(flow, side, target)
    if (side === 'source') flow.sourceRule = rule?.name
    else flow.destinationRule = rule?.name
    return undefined
  }

  /** A masqueraded flow whose route now leaves by another network has lost its address: it must begin again. */
  #hasMoved(packet: Packet, track: Track, side: Side): boolean {
    const { masqueradeNic } = track.flow!
    return (
      side === 'source' &&
      !track.isReply &&
      masqueradeNic !== undefined &&
      packet.outNic !== undefined &&
      masqueradeNic !== packet.outNic
    )
  }

  #report(packet: Packet, track: Track, chain: Chain, rule: FilterRule): void {
    const { report, detailed } = this.#env
    if (report === undefined) return
    const { name, verdict } = rule
    if (rule.log)
      report({ kind: 'logged', source: 'firewall', text: describeMatch(packet, track, rule) })
    if (detailed?.() !== true) return
    report({
      kind: 'filtered',
      packet: packet.id,
      hook: chain.hook,
      rule: name,
      verdict,
      state: track.state,
    })
  }

  #reportTranslation(packet: Packet, track: Track, side: Side, from: string): void {
    const flow = track.flow!
    const bySource = (side === 'source') !== track.isReply
    this.#env.report?.({
      kind: 'translated',
      packet: packet.id,
      rule: (bySource ? flow.sourceRule : flow.destinationRule) ?? 'port taken',
      from,
      to: describeSide(packet, side),
    })
  }
}

const trackOf = (packet: Packet): Track => (packet.track as Track | undefined) ?? UNTRACKABLE

/** The error quotes this packet: same identification, protocol and addresses. */
function isErrorAbout(error: Uint8Array, cause: Uint8Array): boolean {
  const icmp = IP_OFFSET + ipHeaderLength(error, IP_OFFSET)
  if (error[IP_OFFSET + 9] !== ICMP || !isIcmpError(error[icmp]!)) return false
  const quoted = icmp + 8
  return (
    u16(error, quoted + 4) === u16(cause, IP_OFFSET + 4) &&
    error[quoted + 9] === cause[IP_OFFSET + 9] &&
    u32(error, quoted + 12) === u32(cause, IP_OFFSET + 12) &&
    u32(error, quoted + 16) === u32(cause, IP_OFFSET + 16)
  )
}

const isReversed = (answer: Uint8Array, cause: Uint8Array): boolean =>
  answer[IP_OFFSET + 9] === cause[IP_OFFSET + 9] &&
  u32(answer, IP_OFFSET + 12) === u32(cause, IP_OFFSET + 16) &&
  u32(answer, IP_OFFSET + 16) === u32(cause, IP_OFFSET + 12)

const isDecided = (flow: Flow, side: Side): boolean =>
  side === 'source' ? flow.sourceDecided : flow.destinationDecided

/** `10.0.0.5:49152`, or the address alone where there are no ports. */
function describeSide(packet: Packet, side: Side): string {
  const b = packet.frame
  const isSource = side === 'source'
  const address = formatIpv4(u32(b, IP_OFFSET + (isSource ? 12 : 16)) as Ipv4)
  if (!hasPorts(b[IP_OFFSET + 9]!)) return address
  const l4 = IP_OFFSET + ipHeaderLength(b, IP_OFFSET)
  return `${address}:${u16(b, l4 + (isSource ? 0 : 2))}`
}

function describeMatch(packet: Packet, track: Track, rule: FilterRule): string {
  const protocol = packet.frame[IP_OFFSET + 9]!
  const name = ({ [ICMP]: 'icmp', [TCP]: 'tcp', [UDP]: 'udp' } as const)[protocol]
  const ends = `${describeSide(packet, 'source')} > ${describeSide(packet, 'destination')}`
  return `${rule.name}: ${rule.verdict} ${name ?? `protocol ${protocol}`} ${ends} (${track.state})`
}
