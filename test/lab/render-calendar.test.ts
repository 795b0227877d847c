import { describe, expect, test } from 'vitest'
import { after, days, hours, instant } from '../../src/base/time.ts'
import type { CalendarEntry } from '../../src/lab/calendar-entries.ts'
import { ASCII_MARKS, PLAIN_CANVAS } from '../../src/lab/layout.ts'
import { renderCalendar } from '../../src/lab/render-calendar.ts'

const FROM = instant('2026-01-01')

const entry = (change: Partial<CalendarEntry>): CalendarEntry => ({
  kind: 'break',
  date: after(FROM, days(30)),
  isStanding: false,
  isLate: false,
  subject: 'CN=vpn.contoso.com',
  what: 'expires',
  code: 'pki/certificate-expired',
  windows: [{ as: 'ike-client', code: '13801', name: 'ERROR_IPSEC_IKE_AUTH_FAIL' }],
  alsoEnds: [],
  affects: ['laptop'],
  relations: [],
  fix: 'renew it',
  ...change,
})

const render = (entries: readonly CalendarEntry[], all = false, canvas = PLAIN_CANVAS) =>
  renderCalendar(
    { from: FROM, until: instant('2027-01-01'), entries, asked: { relations: 2, judgements: 9 } },
    { all },
    canvas,
  )

const late = (n: number): CalendarEntry => {
  const date = after(FROM, days(10 * n))
  return entry({ date, until: after(date, hours(60)), subject: 'CRL of CN=Root', windows: [] })
}

describe('a calendar in lines', () => {
  test('nothing to tell is one line', () => {
    expect(render([])).toEqual([
      '✓ nothing breaks from 2026-01-01 to 2027-01-01 (2 relations asked 9 times)',
    ])
  })

  test('a break: when, how far off, what, what Windows shows, and for whom', () => {
    expect(render([entry({})])).toEqual([
      '✗ 1 break from 2026-01-01 to 2027-01-01, the first in 30 days (2 relations asked 9 times)',
      '',
      '✗ 2026-01-31 00:00:00  in 30 days  CN=vpn.contoso.com  expires: ike-client shows 13801',
      '                                   for laptop',
    ])
  })

  test('one cause that hits many names four of them', () => {
    const affects = ['a', 'b', 'c', 'd', 'e', 'f']
    expect(
      render([entry({ affects })])
        .at(-1)
        ?.trim(),
    ).toBe('for a, b, c, d and 2 more')
  })

  test('what comes again and again is told once, three times each for itself', () => {
    const thrice = [1, 2, 3].map(late)
    expect(render(thrice).filter((line) => line.includes('CRL of CN=Root'))).toHaveLength(3)
    const often = render([...thrice, late(4)])
    expect(often.filter((line) => line.includes('CRL of CN=Root'))).toHaveLength(1)
    const text = often.join(' ').replace(/ +/g, ' ')
    expect(text).toContain('until 2026-01-13 12:00:00 (2 days); 4 times up to 2026-02-10 00:00:00')
  })

  test('renewals are shown when all is asked for', () => {
    const renewal = entry({ kind: 'renewal', what: 'is renewed up to 2027-02-01', windows: [] })
    expect(render([renewal])).toHaveLength(1)
    expect(render([renewal], true)[2]).toMatch(/^✓ .* is renewed up to 2027-02-01$/)
  })

  test.for([
    [{ isStanding: true, date: FROM }, 'now'],
    [{ isLate: true }, 'those whom it hits are refused already'],
    [{ kind: 'expiry', affects: [], windows: [] }, 'nobody relies on it'],
    [{ alsoEnds: ['CN=a', 'CN=b'] }, 'and 2 certificates with it'],
    [{ subject: 'CN=Ada Lovelace, CN=Users, DC=corp, DC=contoso' }, 'CN=Ada Lovelace, ...'],
  ] as const)('%j: %s', ([change, words]) => {
    expect(
      render([entry(change)])
        .join(' ')
        .replace(/ +/g, ' '),
    ).toContain(words)
  })

  test.for([60, 80, 120])('at %i columns no line of the table is longer', (width) => {
    const affects = ['hotelLaptop', 'laptop', 'mobileLaptop', 'officePc']
    const lines = render([entry({ affects, isLate: true })], false, { ...PLAIN_CANVAS, width })
    expect(lines.slice(2).filter((line) => line.length > width)).toEqual([])
  })

  test('a terminal without UTF-8 gets ASCII', () => {
    const lines = render([entry({})], true, { ...PLAIN_CANVAS, marks: ASCII_MARKS })
    expect(lines.join('\n')).toMatch(/^[\x20-\x7e\n]+$/)
  })
})
