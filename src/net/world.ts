/**
 * The event loop: one queue in (instant, sequence) order, under a clock that moves only while a script awaits an operation.
 * Not a network: links, stacks and services schedule themselves here and know nothing of each other.
 */
import { invariant } from '../base/invariant.ts'
import { rngFrom, type Rng } from '../base/rng.ts'
import { formatInstant, type Duration, type Instant } from '../base/time.ts'

/** More than any lab needs at once: reaching it means that a timer arms itself. */
export const EVENTS_MAX = 5_000_000

/** An operation waits, and nothing is left that could end it. */
export class StalledError extends Error {
  override name = 'StalledError'
}

/** Something that will happen; `cancel` makes it not happen. */
export interface Timer {
  cancel(): void
}

interface Event extends Timer {
  at: Instant
  sequence: number
  run: ((arg: never) => void) | undefined
  arg: unknown
}

interface Pending {
  readonly label: string
  readonly reject: (error: Error) => void
}

const cancel = function (this: Event): void {
  this.run = undefined
}

export class World {
  readonly rng: Rng
  readonly seed: string
  readonly start: Instant
  #now: Instant
  #sequence = 0
  // A binary heap. Cancelled events stay until their turn comes.
  readonly #heap: Event[] = []
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

  /** Events that wait for their turn, cancelled ones included. */
  get queued(): number {
    return this.#heap.length
  }

  /**
   * Run `run(arg)` after `delay` (µs, ≥ 0). Events of one instant run in the order in which they were scheduled.
   * The argument rides along so that a hot path needs no closure.
   */
  schedule<A>(delay: Duration, run: (arg: A) => void, arg: A): Timer {
    const heap = this.#heap
    invariant(delay >= 0, `an event was scheduled ${delay} µs into the past`)
    invariant(
      heap.length < EVENTS_MAX,
      `the event queue holds ${heap.length}: a timer is arming itself`,
    )
    const event: Event = {
      at: (this.#now + delay) as Instant,
      sequence: this.#sequence++,
      run,
      arg,
      cancel,
    }
    let child = heap.length
    heap.push(event)
    while (child > 0) {
      const parent = (child - 1) >> 1
      const above = heap[parent]!
      if (above.at <= event.at) break
      heap[child] = above
      child = parent
    }
    heap[child] = event
    return event
  }

  /**
   * Begin an operation at the present instant; the promise settles when `begin`'s `done` is called.
   * Awaiting it drives virtual time. `label` names the operation in a {@link StalledError}.
   */
  perform<T>(label: string, begin: (done: (value: T) => void) => void): Promise<T> {
    const id = this.#sequence++
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
    while (this.#heap.length > 0 && this.#heap[0]!.at <= until) this.#next()
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
        if (this.#heap.length === 0) return this.#stall()
        this.#next()
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

  #next(): void {
    const event = this.#take()
    this.#now = event.at
    const run = event.run as ((arg: unknown) => void) | undefined
    if (run !== undefined) run(event.arg)
  }

  #take(): Event {
    const heap = this.#heap
    const top = heap[0]!
    const last = heap.pop()!
    const size = heap.length
    if (size === 0) return top
    let parent = 0
    for (;;) {
      let child = 2 * parent + 1
      if (child >= size) break
      let least = heap[child]!
      const right = heap[child + 1]
      if (
        child + 1 < size &&
        (right!.at < least.at || (right!.at === least.at && right!.sequence < least.sequence))
      ) {
        least = right!
        child++
      }
      if (last.at < least.at || (last.at === least.at && last.sequence < least.sequence)) break
      heap[parent] = least
      parent = child
    }
    heap[parent] = last
    return top
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
