/**
 * Drives a world by the machine's clock: what came from outside happens at the instant at which it came, and events run when they are due.
 * Not a second clock: virtual time is real time, and never more than {@link LEAD} ahead of it.
 */
import { after, microseconds, ms, type Instant } from '../base/time.ts'
import type { World } from '../net/world.ts'

/** How far events may run ahead of the real clock, so that the links of a lab (100 µs each) do not cost a timer each. */
export const LEAD = ms(5)

/** The longest that a timer of the platform is armed for: those have 31 bits. */
const SLEEP_MS_MAX = 3_600_000

const EPOCH = 0 as Instant

/** The machine's clock: microseconds since the epoch, UTC. */
export const wallClockNow = (): Instant => after(EPOCH, microseconds(Date.now() * 1e3))

export class RealTime {
  readonly #world: World
  readonly #onBroken: (thrown: unknown) => void
  /** What came in while somebody held the clock, in order. */
  readonly #waiting: (() => void)[] = []
  readonly #zero: { readonly instant: Instant; readonly ms: number }
  #timer: { readonly handle: NodeJS.Timeout; readonly at: number } | undefined
  #isRunning = false
  #isTurning = false
  #isWoken = false

  /** The world stands at or before now. `onBroken`: our own code threw; the world has stopped, and its operations have failed. */
  constructor(world: World, onBroken: (thrown: unknown) => void) {
    this.#world = world
    this.#onBroken = onBroken
    // A step of the machine's clock must not send virtual time backwards, so only its monotonic one is read from here on.
    this.#zero = { instant: wallClockNow(), ms: performance.now() }
  }

  get now(): Instant {
    const { instant, ms } = this.#zero
    return after(instant, microseconds((performance.now() - ms) * 1e3))
  }

  /** How many acts wait until the clock is let go. */
  get backlog(): number {
    return this.#waiting.length
  }

  start(): void {
    this.#isRunning = true
    this.#world.pace(() => this.#wake())
    this.#turn()
  }

  /** Leave the world where it stands; what waits is forgotten. Lab operations are under virtual time again. */
  stop(): void {
    this.#isRunning = false
    this.#waiting.length = 0
    clearTimeout(this.#timer?.handle)
    this.#timer = undefined
    this.#world.pace(undefined)
  }

  /** Do something in the world at the present instant, with what follows at once; while the clock is held, as soon as it is let go. */
  act(run: () => void): void {
    if (!this.#isRunning) return
    this.#waiting.push(run)
    this.#turn()
  }

  /** From outside a turn, and often: one turn follows for all. */
  #wake(): void {
    if (this.#isTurning || this.#isWoken) return
    this.#isWoken = true
    setImmediate(() => {
      this.#isWoken = false
      this.#turn()
    })
  }

  #turn(): void {
    if (this.#isTurning || !this.#isRunning) return
    this.#isTurning = true
    try {
      this.#catchUp()
      this.#runAhead()
    } catch (thrown) {
      this.stop()
      this.#world.fail(thrown)
      this.#onBroken(thrown)
    } finally {
      this.#isTurning = false
    }
    if (this.#isRunning) this.#arm()
  }

  #catchUp(): void {
    for (;;) {
      this.#world.runUntil(this.now)
      if (this.#world.isHeld) return
      const next = this.#waiting.shift()
      if (next === undefined) return
      next()
    }
  }

  /** Only as far as there are events: the world's clock does not run ahead for nothing. */
  #runAhead(): void {
    const limit = after(this.now, LEAD)
    while (!this.#world.isHeld) {
      const at = this.#world.nextAt
      if (at === undefined || at > limit) return
      this.#world.runUntil(at)
    }
  }

  /** A timer that is due too early wakes in vain and is armed anew: that is cheaper than to set one for each datagram. */
  #arm(): void {
    const at = this.#world.nextAt
    if (at === undefined || this.#world.isHeld) return
    if (this.#timer !== undefined && this.#timer.at <= at) return
    clearTimeout(this.#timer?.handle)
    const sleep = Math.min(SLEEP_MS_MAX, Math.max(1, Math.ceil((at - this.now) / 1e3)))
    const handle = setTimeout(() => {
      this.#timer = undefined
      this.#turn()
    }, sleep)
    this.#timer = { handle, at }
  }
}
