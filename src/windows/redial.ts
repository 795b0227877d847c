/**
 * What Windows does after a tunnel of an Always On profile has ended: whether it dials again by itself, and when. Its phonebook says
 * RedialOnLinkFailure=1, RedialAttempts=3 and RedialSeconds=60; what follows after these three is not documented. Not the trigger
 * (`triggers.ts`), which is asked again before each dial.
 */
import { seconds, type Duration } from '../base/time.ts'
import { ASSUMPTIONS, type Assumptions } from './assumptions.ts'
import type { ConnectionEnd } from './connect/ends.ts'

/** Somebody or something on this computer wanted it so. */
const WANTED: readonly ConnectionEnd[] = [
  'user',
  'signed-out',
  'suspended',
  'hibernated',
  'service-stopped',
]

/** What the gateway itself has ended, or let end: there is no failure of a link in it. */
const BY_GATEWAY: readonly ConnectionEnd[] = ['idle', 'session-limit', 'remote']

/** Whether Windows dials again, as far as the end decides it. */
export function redialsAfter(
  end: ConnectionEnd,
  { redialsEndedByGateway }: Assumptions = ASSUMPTIONS,
): boolean {
  if (WANTED.includes(end)) return false
  return redialsEndedByGateway || !BY_GATEWAY.includes(end)
}

/** How long after the loss (`failed` 0), or after so many dials that failed since, the next one comes. */
export function redialDelay(
  failed: number,
  { redialAttempts, redialPause, redialPauseLater }: Assumptions = ASSUMPTIONS,
): Duration {
  if (failed === 0) return seconds(0)
  return failed < redialAttempts ? redialPause : redialPauseLater
}
