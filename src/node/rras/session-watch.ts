/**
 * How long a client may stay, and when the gateway speaks of it: the time without traffic, the time altogether, and interim accounting. What the RADIUS
 * server grants goes before the gateway's own settings. RFC 2865 §5.27 and §5.28, RFC 2869 §5.16. Not the good-bye: the connection says it.
 */
import { between, minutes, seconds, type Duration, type Instant } from '../../base/time.ts'
import type { Timer } from '../../net/world.ts'
import { attributeValue } from '../../wire/radius/attributes.ts'
import type { NasOutcome } from '../nas/nas.ts'
import type { RasEnding } from './client.ts'

/** Undefined: without limit, or never. */
export interface SessionTerms {
  readonly session?: Duration
  readonly idle?: Duration
  readonly interim?: Duration
}

/** RFC 2869 §5.16: no shorter. */
const INTERIM_MIN: Duration = minutes(1)

/** Of an acceptance; a value of 0 is none (OWN). */
export function termsOf(outcome: NasOutcome | undefined): SessionTerms {
  if (outcome?.kind !== 'accepted') return {}
  const { attributes } = outcome.packet
  const span = (name: 'Session-Timeout' | 'Idle-Timeout' | 'Acct-Interim-Interval') => {
    const told = attributeValue(attributes, name)
    return told === undefined || told === 0 ? undefined : seconds(told)
  }
  const session = span('Session-Timeout')
  const idle = span('Idle-Timeout')
  const interim = span('Acct-Interim-Interval')
  return {
    ...(session !== undefined && { session }),
    ...(idle !== undefined && { idle }),
    ...(interim !== undefined && {
      interim: interim < INTERIM_MIN ? INTERIM_MIN : interim,
    }),
  }
}

export interface WatchHost {
  readonly now: Instant
  after(delay: Duration, run: () => void): Timer
}

export interface Watched {
  /** When it last carried a packet. */
  carried(): Instant
  /** Once. */
  end(why: Extract<RasEnding, 'idle' | 'session-limit'>): void
  interim(): void
}

export class SessionWatch {
  readonly #host: WatchHost
  readonly #watched: Watched
  readonly #timers = new Map<keyof SessionTerms, Timer>()

  constructor(host: WatchHost, watched: Watched) {
    this.#host = host
    this.#watched = watched
  }

  start({ session, idle, interim }: SessionTerms): void {
    this.stop()
    if (idle !== undefined) this.#awaitIdle(idle, idle)
    if (session !== undefined) this.#arm('session', session, () => this.#end('session-limit'))
    if (interim !== undefined) this.#everyInterim(interim)
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  #arm(name: keyof SessionTerms, within: Duration, run: () => void): void {
    this.#timers.set(name, this.#host.after(within, run))
  }

  #awaitIdle(limit: Duration, within: Duration): void {
    this.#arm('idle', within, () => {
      const quiet = between(this.#watched.carried(), this.#host.now)
      if (quiet < limit) this.#awaitIdle(limit, (limit - quiet) as Duration)
      else this.#end('idle')
    })
  }

  #everyInterim(interval: Duration): void {
    this.#arm('interim', interval, () => {
      this.#watched.interim()
      this.#everyInterim(interval)
    })
  }

  #end(why: 'idle' | 'session-limit'): void {
    this.stop()
    this.#watched.end(why)
  }
}
