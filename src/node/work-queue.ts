/**
 * What takes time on a server: so many pieces of work at once, each as long as it is said to take, and who comes meanwhile waits its turn, first come
 * first served. Not the work itself, and no scheduler of an operating system: every piece takes the same time.
 */
import { between, type Duration, type Instant } from '../base/time.ts'
import type { Host } from '../net/sockets.ts'
import type { ServiceTimeSpec } from '../topology/service-time.ts'

/** What has happened so far. `first…`: when somebody first had to wait, or was turned away. */
export interface WorkLoad {
  readonly underWay: number
  readonly waiting: number
  readonly workers: number
  readonly longestWait: Duration
  readonly firstWait: Instant | undefined
  readonly turnedAway: number
}

export class WorkQueue {
  readonly #host: Pick<Host, 'now' | 'after'>
  readonly #spec: () => ServiceTimeSpec | undefined
  readonly #waiting: { readonly since: Instant; readonly work: () => void }[] = []
  #taken = 0
  #underWay = 0
  #longestWait = 0 as Duration
  #firstWait: Instant | undefined
  #turnedAway = 0
  #isStopped = false

  /** `spec` is read anew for each piece of work; undefined: it takes no time. */
  constructor(host: Pick<Host, 'now' | 'after'>, spec: () => ServiceTimeSpec | undefined) {
    this.#host = host
    this.#spec = spec
  }

  /** `work` is done after its time; at once where none is set. False: so many wait already that this is thrown away. */
  take(work: () => void): boolean {
    const spec = this.#spec()
    if (spec === undefined) {
      work()
      return true
    }
    const { workers = 1, queue = Infinity } = spec
    if (this.#underWay < workers) {
      this.#begin(spec.each, work)
      return true
    }
    if (this.#length >= queue) {
      this.#turnedAway += 1
      return false
    }
    this.#firstWait ??= this.#host.now
    this.#waiting.push({ since: this.#host.now, work })
    return true
  }

  /** Nothing that waits or is under way is done. */
  stop(): void {
    this.#isStopped = true
    this.#waiting.length = 0
    this.#taken = 0
  }

  get load(): WorkLoad {
    return {
      underWay: this.#underWay,
      waiting: this.#length,
      workers: this.#spec()?.workers ?? 1,
      longestWait: this.#longestWait,
      firstWait: this.#firstWait,
      turnedAway: this.#turnedAway,
    }
  }

  get #length(): number {
    return this.#waiting.length - this.#taken
  }

  #begin(each: Duration, work: () => void): void {
    this.#underWay += 1
    this.#host.after(each, () => {
      this.#underWay -= 1
      if (this.#isStopped) return
      work()
      this.#next()
    })
  }

  #next(): void {
    const next = this.#waiting[this.#taken]
    if (next === undefined) return
    this.#taken += 1
    // Thousands may wait: the row is cut now and then, not at each step.
    if (this.#taken > 1000 || this.#taken === this.#waiting.length) {
      this.#waiting.splice(0, this.#taken)
      this.#taken = 0
    }
    const waited = between(next.since, this.#host.now)
    if (waited > this.#longestWait) this.#longestWait = waited
    this.#begin(this.#spec()?.each ?? (0 as Duration), next.work)
  }
}
