/**
 * The event loop: one queue in (instant, sequence) order, under a clock that moves only while a script awaits an operation.
 * Not a network: links, stacks and services schedule themselves here and know nothing of each other.
 */
import { invariant, InvariantError } from '../base/invariant.ts'
import { rngFrom, type Rng } from '../base/rng.ts'
import {
  after,
  days,
  formatDuration,
  formatInstant,
  type Duration,
  type Instant,
} from '../base/time.ts'
import { REAL_CRYPTOGRAPHY, type Cryptography } from '../engine/cryptography.ts'
import { EventQueue, Lane } from './event-queue.ts'
import { Slab } from './slab.ts'

/** No operation of a lab takes longer, but for waiting itself. Leases are renewed for ever, so the queue alone would never run dry. */
export const OPERATION_MAX = days(1)

/** An operation waits, and nothing is left that could end it, or it has waited too long. */
export class StalledError extends Error {
  override name = 'StalledError'
}

/** Something that will happen; `cancel` makes it not happen. */
export interface Timer {
  cancel(): void
}

interface Pending {
  readonly label: string
  readonly until: Instant
  readonly reject: (error: Error) => void
}

export class World {
  readonly rng: Rng
  readonly seed: string
  readonly start: Instant
  readonly cryptography: Cryptography
  /** Of all hosts: ten thousand that have sent a packet or two would hold a block each. */
  readonly frames = new Slab()
  #now: Instant
  #operations = 0
  readonly #queue = new EventQueue()
  readonly #pending = new Map<number, Pending>()
  /** No operation that waits is late before; perhaps none is until long after, for those that have ended are not taken out of it. */
  #noneLateUntil: number = Infinity
  #armed = false
  #holds = 0
  #wake: (() => void) | undefined
  #crash: unknown

  /** `cryptography`: default the real one; it is given what calls back within the present instant. */
  constructor(options: {
    readonly seed: string
    readonly start: Instant
    readonly cryptography?: (later: World['later']) => Cryptography
  }) {
    this.cryptography = options.cryptography?.(this.later) ?? REAL_CRYPTOGRAPHY
    this.seed = options.seed
    this.rng = rngFrom(options.seed)
    this.start = options.start
    this.#now = options.start
  }

  get now(): Instant {
    return this.#now
  }

  /** Events that wait for their turn. */
  get queued(): number {
    return this.#queue.waiting
  }

  /**
   * Run `run(arg)` after `delay` (µs, ≥ 0). Events of one instant run in the order in which they were scheduled.
   * The argument rides along so that a hot path needs no closure.
   */
  schedule<A>(delay: Duration, run: (arg: A) => void, arg: A): Timer {
    if (!(delay >= 0)) invariant(false, `an event was scheduled ${delay} µs into the past`)
    if (this.#wake !== undefined) this.#wake()
    return this.#queue.schedule((this.#now + delay) as Instant, run, arg)
  }

  /** At no delay: in the present instant, when what goes on is over. */
  readonly later = <A>(run: (arg: A) => void, arg: A): void => {
    this.schedule(0 as Duration, run, arg)
  }

  /** A row for events that never overtake each other, each with an argument for `run`. */
  lane<A>(run: (arg: A) => void): Lane<A> {
    return new Lane(this.#queue, run)
  }

  /**
   * Begin an operation at the present instant; the promise settles when `begin`'s `done` is called.
   * Awaiting it drives virtual time. `label` names the operation in the {@link StalledError} that ends it when nothing else is left to
   * happen, or when it has taken more than `within`.
   */
  perform<T>(
    label: string,
    begin: (done: (value: T) => void) => void,
    within: Duration = OPERATION_MAX,
  ): Promise<T> {
    const id = this.#operations++
    return new Promise<T>((resolve, reject) => {
      const until = after(this.#now, within)
      this.#pending.set(id, { label, until, reject })
      this.#noneLateUntil = Math.min(this.#noneLateUntil, until)
      const done = (value: T): void => {
        if (this.#pending.delete(id)) resolve(value)
      }
      this.schedule(0 as Duration, begin, done)
      this.#arm()
    })
  }

  /** Let `d` of virtual time pass. */
  advance(d: Duration): Promise<void> {
    return this.perform('advance', (done) => void this.schedule(d, done, undefined), d)
  }

  /**
   * Stop the clock until the returned function is called: something outside must answer, and it answers within this instant. No event runs
   * meanwhile. Whoever holds the clock lets it go exactly once, from a later turn of the platform's own loop.
   */
  hold(): () => void {
    this.#holds += 1
    let isHeld = true
    return () => {
      invariant(isHeld, 'the clock was let go twice')
      isHeld = false
      this.#holds -= 1
      if (this.#holds > 0) return
      if (this.#wake !== undefined) this.#wake()
      else if (this.#pending.size > 0) this.#arm()
    }
  }

  /**
   * Leave it to somebody else to run the events, by {@link runUntil}, until this is called with undefined. `wake` is told whenever there may
   * be something to run: an event was scheduled, or the clock was let go. Operations then take as long as whoever paces lets them.
   */
  pace(wake: (() => void) | undefined): void {
    this.#wake = wake
    if (this.#pending.size > 0) this.#arm()
  }

  /** End every operation that waits, because our own code broke a promise while nobody's operation ran. */
  fail(thrown: unknown): void {
    this.#crash = thrown
    const when = formatInstant(this.#now)
    // Whoever awaits must hear of it, or would hang.
    this.#reject([...this.#pending.keys()], ({ label }) =>
      Object.assign(new InvariantError(`${label} met an internal error at ${when}`), {
        cause: thrown,
      }),
    )
  }

  /** Whether somebody holds the clock. */
  get isHeld(): boolean {
    return this.#holds > 0
  }

  /** When the next event is due; undefined: nothing is left to happen. */
  get nextAt(): Instant | undefined {
    return this.#queue.nextAt
  }

  /**
   * Run every event that is due up to and including `until`, without a promise: for engines' benches and drivers that
   * are synchronous themselves. The clock ends at `until`, or where somebody holds it.
   */
  runUntil(until: Instant): void {
    while (this.#holds === 0) {
      const at = this.#queue.nextAt
      if (at === undefined || at > until) break
      this.#now = at
      this.#queue.runNext()
    }
    if (this.#holds === 0 && until > this.#now) this.#now = until
    if (this.#wake !== undefined && this.#pending.size > 0) this.#expire()
  }

  #arm(): void {
    if (this.#wake !== undefined) return this.#wake()
    if (this.#armed) return
    this.#armed = true
    // All microtasks drain first, so every operation that the script starts in this turn begins at the same instant.
    setImmediate(() => this.#pump())
  }

  #pump(): void {
    this.#armed = false
    if (this.#holds > 0 || this.#wake !== undefined) return
    const before = this.#pending.size
    try {
      while (this.#pending.size === before) {
        const at = this.#queue.nextAt
        if (at === undefined) return this.#stall()
        if (at > this.#noneLateUntil && at > this.#firstLate()) return this.#giveUp()
        this.#now = at
        this.#queue.runNext()
        // Whoever lets the clock go arms it again.
        if (this.#holds > 0) return
      }
    } catch (thrown) {
      return this.fail(thrown)
    }
    if (this.#pending.size > 0) this.#arm()
  }

  /** The exception that stopped the world, if one did. */
  get crash(): unknown {
    return this.#crash
  }

  #stall(): void {
    this.#reject(
      [...this.#pending.keys()],
      ({ label }) => new StalledError(`${label} is waiting, and nothing is left to happen`),
    )
  }

  /** When the first of the operations that wait is late. Thousands may wait, and the loop is entered anew for each: so it is looked up only when due. */
  #firstLate(): number {
    let first = Infinity
    for (const { until } of this.#pending.values()) first = Math.min(first, until)
    this.#noneLateUntil = first
    return first
  }

  #giveUp(): void {
    this.#rejectLate((pending) => pending.until <= this.#noneLateUntil)
    if (this.#pending.size > 0) this.#arm()
  }

  /** What was due at an operation's last instant has run by now. */
  #expire(): void {
    this.#rejectLate((pending) => pending.until < this.#now)
  }

  #rejectLate(isLate: (pending: Pending) => boolean): void {
    const late = [...this.#pending].filter(([, pending]) => isLate(pending))
    this.#reject(
      late.map(([id]) => id),
      ({ label }) =>
        new StalledError(`${label} is still waiting after ${formatDuration(OPERATION_MAX)}`),
    )
  }

  #reject(ids: readonly number[], reason: (pending: Pending) => Error): void {
    for (const id of ids) {
      const pending = this.#pending.get(id)!
      this.#pending.delete(id)
      pending.reject(reason(pending))
    }
  }
}
