/** Hours of a week: days by the calendar, times of day in UTC, the last minute of a span exclusive. */
import { expect, test } from 'vitest'
import { instant } from '../../src/base/time.ts'
import { WEEKDAYS } from '../../src/topology/nps.ts'
import { isWithinHours, minuteOfDay } from '../../src/topology/weekly-hours.ts'

// 2 March 2026 is a Monday.
const monday = (time: string) => instant(`2026-03-02T${time}Z`)

test('a span holds its first minute and not its last', () => {
  const hours = [{ days: ['Mo' as const], from: '08:00', to: '18:00' }]
  expect(isWithinHours(hours, monday('07:59:59'))).toBe(false)
  expect(isWithinHours(hours, monday('08:00:00'))).toBe(true)
  expect(isWithinHours(hours, monday('17:59:59'))).toBe(true)
  expect(isWithinHours(hours, monday('18:00:00'))).toBe(false)
  expect(isWithinHours(hours, instant('2026-03-03T08:00:00Z'))).toBe(false)
})

test.for(WEEKDAYS.map((day, i) => ({ day, date: `2026-03-0${1 + i}` })))(
  '$date is a $day and no other day',
  ({ day, date }) => {
    const at = instant(`${date}T23:59:59Z`)
    expect(WEEKDAYS.filter((each) => isWithinHours([{ days: [each] }], at))).toEqual([day])
  },
)

test('one of several spans is enough; no span is never; an open one is always', () => {
  const at = instant('1969-12-31T12:00:00Z')
  expect(isWithinHours([], at)).toBe(false)
  expect(isWithinHours([{}], at)).toBe(true)
  expect(isWithinHours([{ to: '08:00' }, { days: ['We'], from: '12:00' }], at)).toBe(true)
})

test('a time of day has two digits each and ends at 24:00', () => {
  expect(['00:00', '08:30', '24:00'].map(minuteOfDay)).toEqual([0, 510, 1440])
  expect(['8:30', '24:01', '12:60', 'noon', ''].map(minuteOfDay)).toEqual(Array(5).fill(undefined))
})
