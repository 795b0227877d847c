/**
 * When a RADIUS client sends again, and when it gives a server up (RFC 5080 §2.2.1). Pure arithmetic: the client arms the timers.
 */
import type { Rng } from '../../base/rng.ts'
import { microseconds, seconds, type Duration } from '../../base/time.ts'

/** The parameters of RFC 5080 §2.2.1, for one server. */
export interface Retransmission {
  /** IRT: the first wait. */
  readonly initial: Duration
  /** MRT: no wait is longer, but for the jitter. */
  readonly longest: Duration
  /** MRC: how often it is sent; 0: no limit. */
  readonly count: number
  /** MRD: how long it is tried; 0: no limit. One of `count` and `duration` is above 0. */
  readonly duration: Duration
  /** RAND: waits vary by up to this part of them, either way. 0 … 0.5. */
  readonly jitter: number
}

/** The values of RFC 5080 §2.2.1. */
export const RFC_5080_RETRANSMISSION: Retransmission = {
  initial: seconds(2),
  longest: seconds(16),
  count: 5,
  duration: seconds(30),
  jitter: 0.1,
}

/** RRAS waits 5 s for an answer (Add-RemoteAccessRadius). OWN: that it sends twice before it turns to the next server. */
export const RRAS_TRIES = 2
export const RRAS_TIMEOUT: Duration = seconds(5)

/** A constant wait, as RRAS and NPS have it. */
export const rrasRetransmission = (timeout = RRAS_TIMEOUT, count = RRAS_TRIES): Retransmission => ({
  initial: timeout,
  longest: timeout,
  count,
  duration: seconds(0),
  jitter: 0,
})

/** How long to wait now; `wait` is the last wait, undefined at first, `since` the time since it was sent first. Ends with MRD at the latest. */
export function nextWait(
  rule: Retransmission,
  { wait, since }: { readonly wait: Duration | undefined; readonly since: Duration },
  rng: Rng,
): Duration {
  const left = rule.duration === 0 ? Infinity : rule.duration - since
  const rand = rule.jitter === 0 ? 0 : (rng.fraction() * 2 - 1) * rule.jitter
  const plain = wait === undefined ? rule.initial * (1 + rand) : wait * (2 + rand)
  const capped = plain > rule.longest ? rule.longest * (1 + rand) : plain
  return microseconds(Math.min(capped, left))
}

/** Now that a wait is over: is it sent once more, after `times`? */
export const sendsAgain = (
  rule: Retransmission,
  { times, since }: { readonly times: number; readonly since: Duration },
): boolean =>
  (rule.count === 0 || times < rule.count) && (rule.duration === 0 || since < rule.duration)
