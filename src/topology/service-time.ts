/**
 * How long a server works at one request. No source says what NPS or RRAS takes: there is no default, and where nothing is set each answers at once.
 */
import type { Duration } from '../base/time.ts'

export interface ServiceTimeSpec {
  /** Of one request, above 0. */
  readonly each: Duration
  /** Requests that are worked on at once; default 1. */
  readonly workers?: number
  /** Requests that wait at most; one more is thrown away, as if it had been lost. Default: any number. */
  readonly queue?: number
}
