/**
 * The table of flows: each entry is found by the packets of both directions, lives until its deadline, and knows its translation.
 * Not the tracker: what a packet does to an entry is in `conntrack.ts`. A chained hash; looking up allocates nothing.
 */
import { equalTuples, hashTuple, type Tuple } from './tuple.ts'
import type { TcpConnection } from './tcp-tracking.ts'
import type { ConnectionState } from '../../topology/firewall.ts'

/** One direction of a flow, as it hangs in the table. */
export class Direction implements Tuple {
  source: number
  destination: number
  protocol: number
  sourceKey: number
  destinationKey: number
  hash = 0
  next: Direction | undefined = undefined
  readonly flow: Flow
  readonly isReply: boolean

  constructor(tuple: Tuple, flow: Flow, isReply: boolean) {
    this.source = tuple.source
    this.destination = tuple.destination
    this.protocol = tuple.protocol
    this.sourceKey = tuple.sourceKey
    this.destinationKey = tuple.destinationKey
    this.flow = flow
    this.isReply = isReply
  }
}

/** What conntrack says of one packet: its flow, which way it goes, and the word that rules match on. */
export interface Track {
  readonly flow: Flow | undefined
  readonly isReply: boolean
  readonly state: ConnectionState
}

export const UNTRACKABLE: Track = { flow: undefined, isReply: false, state: 'invalid' }

export class Flow {
  readonly original: Direction
  readonly reply: Direction
  readonly protocol: number
  /** µs since the epoch; until the entry is confirmed, a span. */
  deadline = 0
  /** In the table. An entry whose first packet is dropped on its way never gets there. */
  confirmed = false
  seenReply = false
  assured = false
  sourceTranslated = false
  destinationTranslated = false
  /** Translation was decided for good, be it for none. */
  sourceDecided = false
  destinationDecided = false
  /** The rules that decided, where a rule did. */
  sourceRule: string | undefined
  destinationRule: string | undefined
  /** A masquerade is bound to the network by which it left. */
  masqueradeNic: string | undefined
  tcp: TcpConnection | undefined
  /** UDP: the instant after which answers make it a stream. */
  streamFrom = 0
  /** The filter's own note per direction: which rule decided last, so that established packets need not ask again. */
  readonly verdicts: [unknown, unknown] = [undefined, undefined]
  readonly #tracks: (Track | undefined)[] = []

  constructor(original: Tuple, reply: Tuple) {
    this.protocol = original.protocol
    this.original = new Direction(original, this, false)
    this.reply = new Direction(reply, this, true)
  }

  /** The note that packets of this flow carry. Made once for each of the few kinds there are. */
  track(state: ConnectionState, isReply: boolean): Track {
    const slot = (state === 'established' ? 0 : state === 'related' ? 2 : 4) + (isReply ? 1 : 0)
    return (this.#tracks[slot] ??= { flow: this, isReply, state })
  }
}

const BUCKETS_MIN = 64
/** Buckets looked through for expired entries each time an entry is added: bounded work, and no entry outlives its time for long. */
const SWEEP_BUCKETS = 2

export class FlowTable {
  #buckets: (Direction | undefined)[] = Array<undefined>(BUCKETS_MIN).fill(undefined)
  #size = 0
  #sweepAt = 0
  /** Entries by the original source of their packets, newest first: one source keeps one mapping where it can. */
  readonly #bySource = new Map<string, Flow[]>()

  get size(): number {
    return this.#size
  }

  /** The live entry that a packet with this tuple belongs to. Entries past their deadline that are met on the way go. */
  find(tuple: Tuple, now: number): Direction | undefined {
    const hash = hashTuple(tuple)
    let at = this.#buckets[hash & (this.#buckets.length - 1)]
    while (at !== undefined) {
      const { next } = at
      if (at.flow.deadline <= now) this.remove(at.flow)
      else if (at.hash === hash && equalTuples(at, tuple)) return at
      at = next
    }
    return undefined
  }

  add(flow: Flow, now: number): void {
    this.#sweep(now)
    if (this.#size >= this.#buckets.length) this.#grow()
    flow.confirmed = true
    this.#size++
    this.#link(flow.original)
    this.#link(flow.reply)
  }

  remove(flow: Flow): void {
    if (this.#unlink(flow.original) && this.#unlink(flow.reply)) this.#size--
    this.forgetSource(flow)
  }

  clear(): void {
    this.#buckets = Array<undefined>(BUCKETS_MIN).fill(undefined)
    this.#bySource.clear()
    this.#size = 0
  }

  /** Every live entry, in no order that means anything but always the same. */
  *flows(now: number): Generator<Flow> {
    for (const head of this.#buckets)
      for (let at = head; at !== undefined; at = at.next)
        if (!at.isReply && at.flow.deadline > now) yield at.flow
  }

  noteSource(flow: Flow): void {
    const key = sourceKeyOf(flow.original)
    const flows = this.#bySource.get(key)
    if (flows === undefined) this.#bySource.set(key, [flow])
    else flows.unshift(flow)
  }

  forgetSource(flow: Flow): void {
    if (!flow.sourceDecided) return
    const key = sourceKeyOf(flow.original)
    const left = this.#bySource.get(key)?.filter((other) => other !== flow)
    if (left === undefined) return
    if (left.length === 0) this.#bySource.delete(key)
    else this.#bySource.set(key, left)
  }

  fromSource(tuple: Tuple): readonly Flow[] {
    return this.#bySource.get(sourceKeyOf(tuple)) ?? []
  }

  #link(direction: Direction): void {
    direction.hash = hashTuple(direction)
    const bucket = direction.hash & (this.#buckets.length - 1)
    direction.next = this.#buckets[bucket]
    this.#buckets[bucket] = direction
  }

  #unlink(direction: Direction): boolean {
    const bucket = direction.hash & (this.#buckets.length - 1)
    let before: Direction | undefined
    let at = this.#buckets[bucket]
    while (at !== undefined && at !== direction) {
      before = at
      at = at.next
    }
    if (at === undefined) return false
    if (before === undefined) this.#buckets[bucket] = at.next
    else before.next = at.next
    return true
  }

  #grow(): void {
    const all = this.#buckets
    this.#buckets = Array<undefined>(all.length * 4).fill(undefined)
    for (const head of all) {
      for (let at = head; at !== undefined;) {
        const { next } = at
        this.#link(at)
        at = next
      }
    }
  }

  #sweep(now: number): void {
    for (let n = 0; n < SWEEP_BUCKETS; n++) {
      this.#sweepAt = (this.#sweepAt + 1) & (this.#buckets.length - 1)
      let at = this.#buckets[this.#sweepAt]
      while (at !== undefined) {
        const { next } = at
        if (at.flow.deadline <= now) this.remove(at.flow)
        at = next
      }
    }
  }
}

const sourceKeyOf = (t: Tuple): string => `${t.protocol} ${t.source} ${t.sourceKey}`
