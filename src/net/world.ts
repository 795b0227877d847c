/**
 * The event loop: one queue in (instant, sequence) order, under a clock that moves only while a script awaits an operation.
 * Not a network: links, stacks and services schedule themselves here and know nothing of each other.
 */
import { invariant } from '../base/invariant.ts'
import { rngFrom, type Rng } from '../base/rng.ts'
import { formatInstant, type Duration, type Instant } from '../base/time.ts'
import { EventQueue, Lane } from './event-queue.ts'

/** An operation waits, and nothing is left that could end it. */
export class StalledError extends Error {
  override name = 'StalledError'
}

/** Something that will happen; `cancel` makes it not happen. */
export interface Timer {
  cancel(): void
}

interface Pending {
  readonly label: string
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
   * Awaiting it drives virtual time. `label` names the operation in a {@link StalledError}.
   */
  perform<T>(label: string, begin: (done: (value: T) => void) => void): Promise<T> {
    const id = this.#operations++
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { label, reject })
      const done = (value: T): void => {
        if (this.#pending.delete(id)) resolve(value)
      }
      this.schedule(0 as Duration, begin, done)
      this.#arm()
    })
  }

  /** Let `d` of virtual time pass. */
  advance(d: Duration): Promise<void> {
    return this.perform('advance', (done) => void this.schedule(d, done, undefined))
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
    try {
      while (this.#pending.size === before) {
        const at = this.#queue.nextAt
        if (at === undefined) return this.#stall()
        this.#now = at
        this.#queue.runNext()
      }
    } catch (thrown) {
      // Our own bug: whoever awaits must hear of it, or the run would hang.
      this.#crash = thrown
      return this.#rejectAll(
        (p) =>
          new Error(`${p.label} met an internal error at ${formatInstant(this.#now)}`, {
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
    this.#rejectAll((p) => new StalledError(`${p.label} is waiting, and nothing is left to happen`))
  }

  #rejectAll(reason: (pending: Pending) => Error): void {
    const stuck = [...this.#pending.values()]
    this.#pending.clear()
    for (const pending of stuck) pending.reject(reason(pending))
  }
}
