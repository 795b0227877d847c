/** A clock with events in order, for two engines in memory. */
import { after, between, instant, type Duration, type Instant } from '../../../src/base/time.ts'

interface Event {
  readonly at: Instant
  readonly serial: number
  readonly run: () => void
}

export const BEGAN = instant('2026-03-02T08:00:00Z')
const EVENTS_MAX = 200_000

export class Clock {
  now: Instant = BEGAN
  #events: Event[] = []
  #serial = 0

  after(duration: Duration, run: () => void): number {
    const serial = ++this.#serial
    this.#events.push({ at: after(this.now, duration), serial, run })
    return serial
  }

  /** Until `limit` from now, or until nothing is left to happen; how long it took. */
  run(limit: Duration): Duration {
    const began = this.now
    const until = after(began, limit)
    for (let count = 0; count < EVENTS_MAX; count++) {
      const next = this.#events.reduce<Event | undefined>(
        (first, each) =>
          first === undefined ||
          each.at < first.at ||
          (each.at === first.at && each.serial < first.serial)
            ? each
            : first,
        undefined,
      )
      if (next === undefined) return between(began, this.now)
      if (next.at > until) break
      this.#events = this.#events.filter((each) => each !== next)
      this.now = next.at
      next.run()
    }
    this.now = until
    return limit
  }
}
