/**
 * Hours of a week, and a moment in one, as explanations show them.
 * Not whether a moment is among them: `topology/weekly-hours.ts`.
 */
import { formatInstant, type Instant } from '../../base/time.ts'
import { WEEKDAYS, type WeeklyHours } from '../../topology/nps.ts'

/** 1 January 1970 was a Thursday. */
const WEEKDAY_OF_EPOCH = WEEKDAYS.indexOf('Th')
const DAY = 86_400e6

/** `Mo, Fr 08:00-18:00 or every day 00:00-24:00`; an empty list is `never`. */
export const formatHours = (hours: readonly WeeklyHours[]): string =>
  hours
    .map(
      ({ days, from = '00:00', to = '24:00' }) =>
        `${days?.join(', ') ?? 'every day'} ${from}-${to}`,
    )
    .join(' or ') || 'never'

/** `Mo 08:00`. */
export function formatMoment(at: Instant): string {
  const day = Math.floor(at / DAY) + WEEKDAY_OF_EPOCH
  return `${WEEKDAYS[((day % 7) + 7) % 7]!} ${formatInstant(at).slice(11, 16)}`
}
