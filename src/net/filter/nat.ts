/**
 * Which addresses and ports a new flow is given, and every later packet with it (nf_nat_core): a flow keeps its source port where that
 * is free, one source keeps one mapping where it can, and what cannot be made unique is a clash. Not the rules that ask for it.
 */
import type { Rng } from '../../base/rng.ts'
import { foldChecksum, checksumSum, setU16 } from '../../base/bytes.ts'
import { IP_OFFSET, type Packet } from '../packet.ts'
import { ipEnd, type Conntrack } from './conntrack.ts'
import type { Flow, Track } from './flows.ts'
import { rewriteSide, type Side } from './rewrite.ts'
import { SYN_SENT, TIME_WAIT } from './tcp-tracking.ts'
import {
  copyTuple,
  emptyTuple,
  ICMP,
  invertTuple,
  ipHeaderLength,
  TCP,
  UDP,
  type Tuple,
} from './tuple.ts'

/** Where a mapping may lie. Without `ports` the port is kept if it is free, else drawn from its own class (RFC 4787 §4.2.2's parity aside). */
export interface Target {
  readonly address: number
  readonly ports: readonly [from: number, to: number] | undefined
}

/** Candidates tried in a row before the search starts elsewhere. */
const ATTEMPTS_MAX = 128
/** With so few candidates left, closed TCP connections may lose their port. */
const ATTEMPTS_BEFORE_EVICTION = 32
const ATTEMPTS_MIN = 16

const ICMP_REDIRECT = 5

export class Nat {
  readonly #conntrack: Conntrack
  readonly #rng: Rng
  readonly #present = emptyTuple()
  readonly #candidate = emptyTuple()
  readonly #reply = emptyTuple()

  constructor(conntrack: Conntrack, rng: Rng) {
    this.#conntrack = conntrack
    this.#rng = rng
  }

  /** Settle one side of a flow that is not in the table yet. Without a target: keep it, but for a port that is taken. */
  decide(flow: Flow, side: Side, target: Target | undefined): void {
    const present = this.#present
    invertTuple(present, flow.reply)
    const kept = side === 'source' ? present.source : present.destination
    this.#choose(flow, side, target ?? { address: kept, ports: undefined })
    const changed = invertTuple(this.#reply, this.#candidate) && !sameTuple(this.#reply, flow.reply)
    if (changed) copyTuple(flow.reply, this.#reply)
    if (side === 'source') {
      flow.sourceDecided = true
      flow.sourceTranslated ||= changed
    } else {
      flow.destinationDecided = true
      flow.destinationTranslated ||= changed
    }
  }

  #choose(flow: Flow, side: Side, target: Target): void {
    const present = this.#present
    const tuple = this.#candidate
    copyTuple(tuple, present)
    if (side === 'source') {
      if (isWithin(present, target)) {
        if (!this.#isTaken(tuple)) return
      } else if (this.#reuseMapping(target)) {
        return
      }
      copyTuple(tuple, present)
      tuple.source = target.address
    } else {
      tuple.destination = target.address
    }
    if (target.ports !== undefined) {
      const [from, to] = target.ports
      const key = side === 'source' ? tuple.sourceKey : tuple.destinationKey
      if (key >= from && key <= to && (from === to || !this.#isTaken(tuple))) return
    } else if (!this.#isTaken(tuple)) {
      return
    }
    this.#search(flow, side, target)
  }

  /** A flow from the same source has a mapping that fits: have the same (endpoint-independent mapping, RFC 4787 §4.1). */
  #reuseMapping(target: Target): boolean {
    const tuple = this.#candidate
    for (const other of this.#conntrack.table.fromSource(this.#present)) {
      invertTuple(tuple, other.reply)
      tuple.destination = this.#present.destination
      tuple.destinationKey = this.#present.destinationKey
      if (isWithin(tuple, target)) return !this.#isTaken(tuple)
    }
    return false
  }

  #search(flow: Flow, side: Side, target: Target): void {
    const tuple = this.#candidate
    const range = searchRange(tuple, side, target)
    if (range === undefined) return
    const [from, size] = range
    let attempts = Math.min(size, ATTEMPTS_MAX)
    // A destination is looked for from its lowest port on, a source from anywhere.
    let offset = side === 'source' ? this.#rng.below(size) : 0
    for (;;) {
      for (let i = 0; i < attempts; i++, offset++) {
        const key = from + (offset % size)
        // An ICMP identifier is the same in both directions.
        if (side === 'source' || tuple.protocol === ICMP) tuple.sourceKey = key
        else tuple.destinationKey = key
        if (!this.#isTakenForGood(flow, attempts - i)) return
      }
      if (attempts >= size || attempts < ATTEMPTS_MIN) return
      attempts >>>= 1
      offset = this.#rng.below(size)
    }
  }

  #isTaken(tuple: Tuple): boolean {
    invertTuple(this.#reply, tuple)
    return this.#conntrack.find(this.#reply) !== undefined
  }

  /** As the search comes to its end, a closed TCP connection gives way to one whose sequence numbers are beyond its own. */
  #isTakenForGood(flow: Flow, attemptsLeft: number): boolean {
    invertTuple(this.#reply, this.#candidate)
    const found = this.#conntrack.find(this.#reply)
    if (found === undefined) return false
    const old = found.flow
    if (attemptsLeft > ATTEMPTS_BEFORE_EVICTION || !found.isReply) return true
    if (flow.tcp?.state !== SYN_SENT || old.tcp === undefined) return true
    const mayGo =
      old.tcp.state >= TIME_WAIT &&
      old.sourceTranslated &&
      ((flow.tcp.originEnd - old.tcp.originEnd) | 0) > 0
    if (mayGo) this.#conntrack.table.remove(old)
    return !mayGo
  }

  /** Rewrite one side of a packet as its flow wants it. False: it cannot be done. */
  translate(packet: Packet, track: Track, side: Side): boolean {
    const flow = track.flow!
    if (!isTranslated(flow, track.isReply, side)) return true
    const other = track.isReply ? flow.original : flow.reply
    const whole = { at: IP_OFFSET, end: ipEnd(packet) }
    const isError = track.state === 'related' && packet.frame[IP_OFFSET + 9] === ICMP
    const isSource = side === 'source'
    const address = isSource ? other.destination : other.source
    if (isError) {
      if (!translateQuoted(packet.frame, whole.end, other, side)) return false
      return rewriteSide(packet.frame, whole, side, address, undefined)
    }
    const key = isSource && flow.protocol !== ICMP ? other.destinationKey : other.sourceKey
    return rewriteSide(packet.frame, whole, side, address, key)
  }
}

/** A redirect names addresses of this side of the translation: it must not cross. */
export function isUntranslatableRedirect(packet: Packet, flow: Flow): boolean {
  const b = packet.frame
  if (b[IP_OFFSET + ipHeaderLength(b, IP_OFFSET)] !== ICMP_REDIRECT) return false
  const decided = flow.sourceDecided && flow.destinationDecided
  return !decided || flow.sourceTranslated || flow.destinationTranslated
}

/** Source translation concerns what original packets leave by and what replies come to; and the other way round. */
export function isTranslated(flow: Flow, isReply: boolean, side: Side): boolean {
  return (side === 'source') !== isReply ? flow.sourceTranslated : flow.destinationTranslated
}

/** The quoted packet went the other way, so its opposite side changes; then the ICMP checksum is made anew. */
function translateQuoted(b: Uint8Array, end: number, other: Tuple, side: Side): boolean {
  const icmp = IP_OFFSET + ipHeaderLength(b, IP_OFFSET)
  if (end - icmp < 28) return false
  const quoted = { at: icmp + 8, end }
  const isSource = side === 'source'
  const quotedSide = isSource ? 'destination' : 'source'
  const address = isSource ? other.destination : other.source
  const key = isSource && other.protocol !== ICMP ? other.destinationKey : other.sourceKey
  if (!rewriteSide(b, quoted, quotedSide, address, key)) return false
  setU16(b, icmp + 2, 0)
  setU16(b, icmp + 2, foldChecksum(checksumSum(b, icmp, end)))
  return true
}

const sameTuple = (a: Tuple, b: Tuple): boolean =>
  a.source === b.source &&
  a.destination === b.destination &&
  a.sourceKey === b.sourceKey &&
  a.destinationKey === b.destinationKey

const isWithin = (tuple: Tuple, target: Target): boolean =>
  tuple.source === target.address &&
  (target.ports === undefined ||
    (tuple.sourceKey >= target.ports[0] && tuple.sourceKey <= target.ports[1]))

/** First candidate and their number; undefined: this protocol (or a destination without a range) has nothing to vary. */
function searchRange(
  tuple: Tuple,
  side: Side,
  target: Target,
): readonly [from: number, size: number] | undefined {
  if (tuple.protocol === ICMP) return [0, 65_536]
  if (tuple.protocol !== TCP && tuple.protocol !== UDP) return undefined
  if (target.ports !== undefined) return [target.ports[0], target.ports[1] - target.ports[0] + 1]
  if (side === 'destination') return undefined
  // Privileged ports stay privileged: some services trust them.
  if (tuple.sourceKey < 512) return [1, 511]
  return tuple.sourceKey < 1024 ? [600, 424] : [1024, 64_512]
}
