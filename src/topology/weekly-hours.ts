/**
 * Hours of a week as a topology writes them, `[{ days: ['Mo'], from: '08:00' }]`: whether an instant is among them.
 * Not a time zone: the hours of a lab are UTC.
 */
import { seconds, type Instant } from '../base/time.ts'
import { WEEKDAYS, type WeeklyHours } from './nps.ts'

const MINUTE = seconds(60)
const MINUTES_A_DAY = 1440
/** 1 January 1970 was a Thursday. */
const WEEKDAY_OF_EPOCH = WEEKDAYS.indexOf('Th')

/** Minutes since midnight of `08:00`, up to `24:00`; undefined: it is no time of day. */
export function minuteOfDay(text: string): number | undefined {
  const [, hour, minute] = /^(\d\d):([0-5]\d)$/.exec(text) ?? []
  if (hour === undefined) return undefined
  const minutes = Number(hour) * 60 + Number(minute)
  return minutes <= MINUTES_A_DAY ? minutes : undefined
}

/** Whether one of the spans holds `at`: from its first minute, up to its last one, exclusive. An empty list holds nothing. */
export function isWithinHours(hours: readonly WeeklyHours[], at: Instant): boolean {
  const minutes = Math.floor(at / MINUTE)
  const day = Math.floor(minutes / MINUTES_A_DAY)
  const minute = minutes - day * MINUTES_A_DAY
  const weekday = WEEKDAYS[(((day + WEEKDAY_OF_EPOCH) % 7) + 7) % 7]!
  return hours.some(
    ({ days, from = '00:00', to = '24:00' }) =>
      (days?.includes(weekday) ?? true) &&
      minute >= (minuteOfDay(from) ?? 0) &&
      minute < (minuteOfDay(to) ?? MINUTES_A_DAY),
  )
}
