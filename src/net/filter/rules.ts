/**
 * An ordered rule list, compiled: the first rule that matches and decides wins. Counters are kept here.
 * Not connection tracking and not NAT: both only bring their words (state, translated addresses) along in the {@link View}.
 */
import { u16, u32 } from '../../base/bytes.ts'
import { IP_OFFSET, type Packet } from '../packet.ts'
import type { ConnectionState } from '../../topology/firewall.ts'
import { ipEnd } from './conntrack.ts'
import type { Branch, IcmpMatch, Match } from './match.ts'
import { inRanges, type Ranges } from './ranges.ts'
import { ipHeaderLength, TCP } from './tuple.ts'

export interface Counter {
  packets: number
  bytes: number
}

const STATE_BITS: Readonly<Record<ConnectionState, number>> = {
  new: 1,
  established: 2,
  related: 4,
  invalid: 8,
}

/** The packet as rules see it, read once for a whole list. One view serves a filter for all its packets. */
export class View {
  bytes: Uint8Array = new Uint8Array(0)
  l4 = 0
  /** Bytes of transport header and payload that are there. */
  available = 0
  /** Total length, in bytes of IP packet. */
  length = 0
  protocol = 0
  source = 0
  destination = 0
  from = 0
  to = 0
  state = 0

  read(packet: Packet, nics: Nics, state: ConnectionState): void {
    const b = packet.frame
    const end = ipEnd(packet)
    this.bytes = b
    this.l4 = IP_OFFSET + ipHeaderLength(b, IP_OFFSET)
    this.available = end - this.l4
    this.length = end - IP_OFFSET
    this.protocol = b[IP_OFFSET + 9]!
    this.source = u32(b, IP_OFFSET + 12)
    this.destination = u32(b, IP_OFFSET + 16)
    this.from = nics.indexOf(packet.inNic)
    this.to = nics.indexOf(packet.outNic)
    this.state = STATE_BITS[state]
  }
}

/** Networks that rules name, as small numbers: 0 is none, 1 any other. */
export class Nics {
  readonly #indexes = new Map<string | undefined, number>([[undefined, 0]])

  constructor(networks: readonly string[]) {
    for (const name of networks)
      if (!this.#indexes.has(name)) this.#indexes.set(name, this.#indexes.size + 1)
  }

  get count(): number {
    return this.#indexes.size + 1
  }

  indexOf(network: string | undefined): number {
    return this.#indexes.get(network) ?? 1
  }

  /** One byte a network, 1 where it is among `networks`. */
  flags(networks: readonly string[] | undefined): Uint8Array | undefined {
    if (networks === undefined) return undefined
    const out = new Uint8Array(this.count)
    for (const name of networks) {
      out[this.indexOf(name)] = 1
    }
    return out
  }
}

/** A match in the form in which it is tried: cheap questions first, no strings, no allocation. */
export class Matcher {
  readonly #from: Uint8Array | undefined
  readonly #to: Uint8Array | undefined
  readonly #states: number
  readonly #source: Ranges | undefined
  readonly #destination: Ranges | undefined
  readonly #branches: readonly Branch[]
  /** It reads what changes from packet to packet of one TCP connection. */
  readonly variesInFlow: boolean

  constructor(match: Match, nics: Nics) {
    this.#from = nics.flags(match.from)
    this.#to = nics.flags(match.to)
    this.#states = (match.states ?? ['new', 'established', 'related', 'invalid']).reduce(
      (bits, state) => bits | STATE_BITS[state],
      0,
    )
    this.#source = match.source
    this.#destination = match.destination
    this.#branches = match.branches
    this.variesInFlow = match.branches.some((branch) => branch.flags !== undefined)
  }

  matches(view: View): boolean {
    if ((this.#states & view.state) === 0) return false
    if (this.#from !== undefined && this.#from[view.from] !== 1) return false
    if (this.#to !== undefined && this.#to[view.to] !== 1) return false
    if (this.#destination !== undefined && !inRanges(this.#destination, view.destination))
      return false
    if (this.#source !== undefined && !inRanges(this.#source, view.source)) return false
    for (const branch of this.#branches) if (branchMatches(branch, view)) return true
    return false
  }
}

function branchMatches(branch: Branch, view: View): boolean {
  if (branch.protocol === undefined) return true
  if (branch.protocol !== view.protocol) return false
  const { bytes, l4, available } = view
  if (branch.destinationPorts !== undefined) {
    // A header that is cut short has no port, and so not the one asked for.
    if (available < 4 || !inRanges(branch.destinationPorts, u16(bytes, l4 + 2))) return false
  }
  if (branch.sourcePorts !== undefined) {
    if (available < 2 || !inRanges(branch.sourcePorts, u16(bytes, l4))) return false
  }
  if (branch.flags !== undefined) {
    if (available < 14 || (bytes[l4 + 13]! & branch.flags.mask) !== branch.flags.set) return false
  }
  return branch.icmp === undefined || icmpMatches(branch.icmp, view)
}

function icmpMatches(wanted: readonly IcmpMatch[], { bytes, l4, available }: View): boolean {
  for (const { type, code } of wanted) {
    if (available < (code === undefined ? 1 : 2) || bytes[l4] !== type) continue
    if (code === undefined || bytes[l4 + 1] === code) return true
  }
  return false
}

export interface Rule {
  readonly name: string
  readonly matcher: Matcher
  readonly counter: Counter
  /** False: it counts and logs, and the next rule is asked. */
  readonly decides: boolean
  readonly log: boolean
}

/** What came of a list: the rule that decided (undefined: none did), and whether the next packet of the flow must ask again. */
export interface Ruling<R extends Rule> {
  rule: R | undefined
  repeatable: boolean
}

export class RuleList<R extends Rule> {
  readonly rules: readonly R[]
  readonly #ruling: Ruling<R> = { rule: undefined, repeatable: false }

  constructor(rules: readonly R[]) {
    this.rules = rules
  }

  /** The result is valid until the next call. `passed` hears of rules that match and do not decide. */
  decide(view: View, passed?: (rule: R) => void): Ruling<R> {
    const ruling = this.#ruling
    ruling.repeatable = true
    for (const rule of this.rules) {
      if (rule.matcher.variesInFlow && view.protocol === TCP) ruling.repeatable = false
      if (!rule.matcher.matches(view)) continue
      count(rule, view.length)
      if (rule.decides) {
        ruling.rule = rule
        return ruling
      }
      ruling.repeatable = false
      passed?.(rule)
    }
    ruling.rule = undefined
    return ruling
  }
}

export function count(rule: Rule, bytes: number): void {
  rule.counter.packets++
  rule.counter.bytes += bytes
}
