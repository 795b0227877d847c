/**
 * What NPS made of one request, as a whole: for its logs, for whoever asks why, and for the answer. Nothing secret is in it.
 * Not how it was found.
 */
import type { Instant } from '../../base/time.ts'
import type { RadiusAttributeSetting } from '../../topology/nps.ts'
import type { Assumption } from '../../windows/assumptions.ts'
import type { PolicyTrail } from '../../windows/nps/connection-request.ts'
import type { AccessRecord } from '../../windows/nps/events.ts'
import type { NpsReason } from '../../windows/nps/reasons.ts'

export interface NpsDecision {
  readonly at: Instant
  /** `discarded`: without an answer. */
  readonly result: 'granted' | 'denied' | 'discarded'
  readonly reason: NpsReason
  readonly record: AccessRecord
  /** Of what was in the way, one line each: what was expected, what was there. */
  readonly why: readonly string[]
  /** Policies that were passed over before one decided. */
  readonly trail: readonly PolicyTrail[]
  /** Sent with Access-Accept, keys left out. */
  readonly attributes: readonly RadiusAttributeSetting[]
  readonly isResumed: boolean
  readonly restsOn: readonly Assumption[]
}
