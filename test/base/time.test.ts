import { expect, test } from 'vitest'
import {
  after,
  days,
  formatDuration,
  formatInstant,
  hours,
  instant,
  minutes,
  ms,
  parseInstant,
  seconds,
} from '../../src/base/time.ts'

test('a date is midnight UTC, a date-time is to the second or finer', () => {
  expect(instant('1970-01-02')).toBe(86_400_000_000)
  expect(instant('2026-03-02T08:00:00Z')).toBe(1_772_438_400_000_000)
  expect(instant('2026-03-02T08:00Z')).toBe(instant('2026-03-02T08:00:00Z'))
  expect(instant('2026-03-02T08:00:00.000001Z') - instant('2026-03-02T08:00:00Z')).toBe(1)
})

test.for([
  '2026-02-30',
  '2026-13-01',
  '2026-03-02T24:00:00Z',
  '2026-03-02T08:60:00Z',
  '2026-03-02T08:00:00',
  '2026-03-02T08:00:00+01:00',
  '02.03.2026',
  '',
  'tomorrow',
])("'%s' is no instant", (text) => {
  expect(parseInstant(text)).toBeUndefined()
  expect(() => instant(text)).toThrow(RangeError)
})

test('an instant is written as it was read', () => {
  for (const text of [
    '2026-03-02T08:00:00Z',
    '1969-12-31T23:59:59.999999Z',
    '2049-12-31T00:00:00.100000Z',
  ]) {
    expect(formatInstant(instant(text))).toBe(text)
  }
})

test('a leap day is a day', () => {
  expect(formatInstant(after(instant('2028-02-28'), days(2)))).toBe('2028-03-01T00:00:00Z')
})

test.for([
  [12, '12 µs'],
  [ms(41), '41 ms'],
  [seconds(31), '31 s'],
  [minutes(10), '10 min'],
  [hours(8), '8 h'],
  [days(400), '400 d'],
] as const)('%i µs reads as %s', ([duration, text]) => {
  expect(formatDuration(duration as ReturnType<typeof ms>)).toBe(text)
})
