/**
 * Events in (instant, sequence) order: a binary heap, and lanes for events that never overtake each other.
 * Not a clock: `net/world.ts` holds the time and decides when the next event may run.
 */
import { invariant } from '../base/invariant.ts'
import type { Instant } from '../base/time.ts'

/** More than any lab needs at once: reaching it means that a timer arms itself. */
export const EVENTS_MAX = 5_000_000

/** Below this many cancelled events, sweeping them out costs more than it frees. */
const CANCELLED_MIN = 1024

type Run = (arg: unknown) => void

class QueuedEvent {
  at: number
  sequence: number
  run: Run | undefined
  arg: unknown
  readonly queue: EventQueue
  readonly lane: Lane<unknown> | undefined

  constructor(queue: EventQueue, at: number, run: Run, lane?: Lane<unknown>) {
    this.queue = queue
    this.at = at
    this.sequence = 0
    this.run = run
    this.arg = undefined
    this.lane = lane
  }

  cancel(): void {
    if (this.run === undefined) return
    this.run = undefined
    this.arg = undefined
    this.queue.onCancelled()
  }
}

/**
 * A first-in, first-out row of events, such as frames in flight on one link. The row takes one place in the heap and none of its
 * entries allocates, however many wait; each still runs at its own (instant, sequence), as if it had been scheduled alone.
 */
export class Lane<A> {
  readonly #queue: EventQueue
  readonly #event: QueuedEvent
  readonly #run: (arg: A) => void
  // A ring whose capacity is a power of two.
  #args: (A | undefined)[] = [undefined, undefined]
  #times = new Float64Array(4)
  #head = 0
  #length = 0
  #last = 0

  constructor(queue: EventQueue, run: (arg: A) => void) {
    this.#queue = queue
    this.#run = run
    this.#event = new QueuedEvent(queue, 0, NOTHING, this as Lane<unknown>)
  }

  /** When the newest entry is due. */
  get last(): Instant {
    return this.#last as Instant
  }

  /** `at` must not lie before {@link last}. */
  push(at: Instant, arg: A): void {
    // The messages are built only when needed: this runs once a frame.
    if (at < this.#last) invariant(false, `a lane's ${at} would overtake ${this.#last}`)
    if (this.#length === this.#args.length) this.#grow()
    const sequence = this.#queue.nextSequence()
    const slot = (this.#head + this.#length) & (this.#args.length - 1)
    this.#args[slot] = arg
    this.#times[2 * slot] = at
    this.#times[2 * slot + 1] = sequence
    this.#last = at
    if (++this.#length > 1) return
    this.#event.at = at
    this.#event.sequence = sequence
    this.#queue.insert(this.#event)
  }

  /** Take the first entry out, put the event in its successor's place, then run it. */
  runFirst(): void {
    const slot = this.#head
    const arg = this.#args[slot] as A
    this.#args[slot] = undefined
    this.#head = (slot + 1) & (this.#args.length - 1)
    if (--this.#length > 0) {
      this.#event.at = this.#times[2 * this.#head]!
      this.#event.sequence = this.#times[2 * this.#head + 1]!
      this.#queue.replaceTop(this.#event)
    } else {
      this.#queue.removeTop()
    }
    this.#run(arg)
  }

  #grow(): void {
    const old = this.#args.length
    invariant(old < EVENTS_MAX, `a lane holds ${old} entries: something sends without end`)
    const args = Array.from<A | undefined>({ length: 2 * old })
    const times = new Float64Array(4 * old)
    for (let i = 0; i < old; i++) {
      const slot = (this.#head + i) & (old - 1)
      args[i] = this.#args[slot]
      times[2 * i] = this.#times[2 * slot]!
      times[2 * i + 1] = this.#times[2 * slot + 1]!
    }
    this.#args = args
    this.#times = times
    this.#head = 0
  }
}

const NOTHING = (): void => undefined

const isBefore = (a: QueuedEvent, b: QueuedEvent): boolean =>
  a.at < b.at || (a.at === b.at && a.sequence < b.sequence)

export class EventQueue {
  #heap: QueuedEvent[] = []
  #sequence = 0
  #waiting = 0
  #cancelled = 0

  /** Events that wait for their turn. */
  get waiting(): number {
    return this.#waiting
  }

  /** When the next event is due; undefined when none waits. */
  get nextAt(): Instant | undefined {
    this.#dropCancelledTop()
    return this.#heap[0]?.at as Instant | undefined
  }

  schedule<A>(at: Instant, run: (arg: A) => void, arg: A): { cancel(): void } {
    const event = new QueuedEvent(this, at, run as Run)
    event.arg = arg
    event.sequence = this.nextSequence()
    this.insert(event)
    return event
  }

  /** Run the next event. One must be waiting: ask {@link nextAt} first. */
  runNext(): void {
    const event = this.#heap[0]!
    this.#waiting--
    if (event.lane !== undefined) return event.lane.runFirst()
    this.removeTop()
    const { run, arg } = event
    // A timer that has fired has nothing left to cancel.
    event.run = undefined
    run!(arg)
  }

  // For lanes and events only.

  nextSequence(): number {
    if (++this.#waiting > EVENTS_MAX)
      invariant(false, `the event queue holds ${this.#waiting}: a timer is arming itself`)
    return this.#sequence++
  }

  insert(event: QueuedEvent): void {
    const heap = this.#heap
    let child = heap.length
    heap.push(event)
    while (child > 0) {
      const parent = (child - 1) >> 1
      const above = heap[parent]!
      if (isBefore(above, event)) break
      heap[child] = above
      child = parent
    }
    heap[child] = event
  }

  removeTop(): void {
    const last = this.#heap.pop()!
    if (this.#heap.length > 0) this.#sink(0, last)
  }

  replaceTop(event: QueuedEvent): void {
    this.#sink(0, event)
  }

  onCancelled(): void {
    this.#waiting--
    this.#cancelled++
    if (this.#cancelled > CANCELLED_MIN && this.#cancelled > this.#heap.length / 2) this.#sweep()
  }

  #dropCancelledTop(): void {
    while (this.#heap.length > 0 && this.#heap[0]!.run === undefined) {
      this.#cancelled--
      this.removeTop()
    }
  }

  #sweep(): void {
    this.#heap = this.#heap.filter((event) => event.run !== undefined)
    this.#cancelled = 0
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at, this.#heap[at]!)
  }

  #sink(from: number, event: QueuedEvent): void {
    const heap = this.#heap
    const size = heap.length
    let parent = from
    for (;;) {
      let child = 2 * parent + 1
      if (child >= size) break
      let least = heap[child]!
      if (child + 1 < size && isBefore(heap[child + 1]!, least)) least = heap[++child]!
      if (isBefore(event, least)) break
      heap[parent] = least
      parent = child
    }
    heap[parent] = event
  }
}
