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
import { EventQueue, Lane } from './event-queue.ts'

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
  #now: Instant
  #operations = 0
  readonly #queue = new EventQueue()
  readonly #pending = new Map<number, Pending>()
  #armed = false
  #crash: unknown

  constructor(options: { readonly seed: string; readonly start: Instant }) {
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
    return this.#queue.schedule((this.#now + delay) as Instant, run, arg)
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
      this.#pending.set(id, { label, until: after(this.#now, within), reject })
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
   * Run every event that is due up to and including `until`, without a promise: for engines' benches and drivers that
   * are synchronous themselves. The clock ends at `until`.
   */
  runUntil(until: Instant): void {
    for (;;) {
      const at = this.#queue.nextAt
      if (at === undefined || at > until) break
      this.#now = at
      this.#queue.runNext()
    }
    if (until > this.#now) this.#now = until
  }

  #arm(): void {
    if (this.#armed) return
    this.#armed = true
    // All microtasks drain first, so every operation that the script starts in this turn begins at the same instant.
    setImmediate(() => this.#pump())
  }

  #pump(): void {
    this.#armed = false
    const before = this.#pending.size
    const until = Math.min(...Array.from(this.#pending.values(), (pending) => pending.until))
    try {
      while (this.#pending.size === before) {
        const at = this.#queue.nextAt
        if (at === undefined) return this.#stall()
        if (at > until) return this.#giveUp(until)
        this.#now = at
        this.#queue.runNext()
      }
    } catch (thrown) {
      // Our own bug: whoever awaits must hear of it, or the run would hang.
      this.#crash = thrown
      const when = formatInstant(this.#now)
      return this.#reject([...this.#pending.keys()], ({ label }) =>
        Object.assign(new InvariantError(`${label} met an internal error at ${when}`), {
          cause: thrown,
        }),
      )
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

  #giveUp(until: number): void {
    const late = [...this.#pending].filter(([, pending]) => pending.until <= until)
    this.#reject(
      late.map(([id]) => id),
      ({ label }) =>
        new StalledError(`${label} is still waiting after ${formatDuration(OPERATION_MAX)}`),
    )
    if (this.#pending.size > 0) this.#arm()
  }

  #reject(ids: readonly number[], reason: (pending: Pending) => Error): void {
    for (const id of ids) {
      const pending = this.#pending.get(id)!
      this.#pending.delete(id)
      pending.reject(reason(pending))
    }
  }
}
