import { describe, expect, test } from 'vitest'
import { days, formatInstant, hours, instant, seconds } from '../../src/base/time.ts'
import { buildLab } from '../../src/lab/build.ts'
import { calendarOf, type Calendar } from '../../src/lab/calendar.ts'
import type { CalendarEntry } from '../../src/lab/calendar-entries.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { contoso as written } from '../../topologies/contoso/topology.ts'
import { compiled, dated } from './deployment.ts'

const contoso = written as Topology

const FROM = '2026-01-01T00:00:00Z'

async function calendar(of: Topology, until: string, from = FROM): Promise<Calendar> {
  const lab = buildLab(of, { traceLevel: 'drops' })
  if (!lab.ok) throw new Error(JSON.stringify(lab.error))
  const span = { from: instant(from), until: instant(until) }
  return calendarOf(lab.value, compiled(of), span)
}

const line = ({ kind, date, until, subject, code, affects, windows }: CalendarEntry) => [
  kind,
  formatInstant(date),
  ...(until === undefined ? [] : [formatInstant(until)]),
  subject,
  code,
  affects.join(' '),
  windows.map(({ as, code: shown }) => `${as} ${shown}`).join(' '),
]

const lines = ({ entries }: Calendar) => entries.map(line)

/** Lists follow each other in time. */
const ON_TIME = { validFor: days(8), every: days(7) }

describe('a certificate that nobody renews', () => {
  test('breaks in the first second after its last, for the client, as each program shows it', async () => {
    // It begins on 31 December 2025 at midnight.
    const found = await calendar(dated({ validFor: days(91), crl: ON_TIME }), '2027-01-01')
    expect(lines(found)).toEqual([
      [
        'break',
        '2026-04-01T00:00:01Z',
        'CN=192.0.2.10',
        'pki/certificate-expired',
        'laptop',
        'ike-client 13801 sstp-client 0x800B0101',
      ],
    ])
  })

  test.for([
    ['2026-04-01T00:00:00Z', 0],
    ['2026-04-01T00:00:01Z', 1],
  ] as const)('a calendar up to %s has %i entries', async ([until, count]) => {
    const found = await calendar(dated({ validFor: days(91), crl: ON_TIME }), until)
    expect(found.entries).toHaveLength(count)
  })

  test('that is broken when the calendar begins stands there from the beginning', async () => {
    const of = dated({ validFor: days(91), crl: ON_TIME })
    const [entry] = (await calendar(of, '2027-01-01', '2026-06-01')).entries
    expect(entry).toMatchObject({ kind: 'break', isStanding: true, date: instant('2026-06-01') })
  })

  test('that is not valid yet is a break that heals', async () => {
    const of = dated({ crl: ON_TIME, sstp: false, gateway: { validFrom: hours(36) } })
    expect(lines(await calendar(of, '2027-01-01'))).toEqual([
      [
        'break',
        '2026-01-01T00:00:00Z',
        '2026-01-02T12:00:00Z',
        'CN=192.0.2.10',
        'pki/certificate-not-yet-valid',
        'laptop',
        'ike-client 13801',
      ],
    ])
  })
})

describe('revocation lists', () => {
  test('one list and never another: SSTP breaks a second after its nextUpdate, IKEv2 does not mind', async () => {
    const [entry, ...others] = (
      await calendar(dated({ crl: { validFor: days(30) } }), '2027-01-01')
    ).entries
    expect(line(entry!)).toEqual([
      'break',
      '2026-01-30T00:00:01Z',
      'CRL of CN=Root',
      'pki/crl-expired',
      'laptop',
      'sstp-client 0x80092013',
    ])
    expect(entry!.relations).toEqual([{ as: 'sstp-client', on: 'laptop', of: 'gateway:ike' }])
    expect(entry!.fix).toContain('certutil -crl')
    expect(others).toEqual([])
  })

  test('lists that come too late are gaps with both their ends', async () => {
    // Published on 31 December and every ten days, current for seven.
    const of = dated({ crl: { validFor: days(7), every: days(10) } })
    const found = await calendar(of, '2026-02-01')
    expect(lines(found).map(([, date, until]) => [date, until])).toEqual([
      ['2026-01-07T00:00:01Z', '2026-01-10T00:00:00Z'],
      ['2026-01-17T00:00:01Z', '2026-01-20T00:00:00Z'],
      ['2026-01-27T00:00:01Z', '2026-01-30T00:00:00Z'],
    ])
  })

  test('lists that follow in time are no entry, however many years', async () => {
    expect(lines(await calendar(dated({ crl: ON_TIME }), '2034-01-01'))).toEqual([])
  })

  test('without SSTP nobody relies on the list, and it is told all the same', async () => {
    const of = dated({ sstp: false, crl: { validFor: days(30) } })
    expect(lines(await calendar(of, '2027-01-01'))).toEqual([
      ['expiry', '2026-01-30T00:00:01Z', 'CRL of CN=Root', 'pki/crl-expired', '', ''],
    ])
  })

  test('a revocation breaks when the list that names the certificate is published', async () => {
    const revoked = { at: days(8), reason: 'keyCompromise' } as const
    const [entry] = (await calendar(dated({ crl: ON_TIME, gateway: { revoked } }), '2027-01-01'))
      .entries
    // Lists come on 31 December, 7 January, 14 January.
    expect(entry).toMatchObject({
      kind: 'break',
      code: 'pki/revoked',
      date: instant('2026-01-14T00:00:00Z'),
    })
  })
})

describe('authorities', () => {
  test('the root ends for everybody, who are refused already, and long before it cannot issue as it did', async () => {
    const of = dated({ validFor: days(366), rootValidFor: days(731), sstp: false, crl: ON_TIME })
    const found = await calendar(of, '2030-01-01')
    expect(lines(found)).toEqual([
      ['warning', '2026-12-31T00:00:01Z', 'CN=Root', 'calendar/rollover', 'gateway', ''],
      [
        'break',
        '2027-01-01T00:00:01Z',
        'CN=192.0.2.10',
        'pki/certificate-expired',
        'laptop',
        'ike-client 13801',
      ],
      ['break', '2028-01-01T00:00:01Z', 'CN=Root', 'pki/certificate-expired', 'laptop', ''],
    ])
    expect(found.entries.map(({ isLate }) => isLate)).toEqual([false, false, true])
  })
})

describe('Contoso', () => {
  test('until 2029: a list that nobody publishes, a gateway that nobody renews, and what renews itself', async () => {
    const found = await calendar(contoso, '2029-01-01', contoso.start)
    expect(lines(found).filter(([kind]) => kind === 'break')).toEqual([
      [
        'break',
        '2026-08-29T08:00:01Z',
        'CRL of CN=Contoso Root CA',
        'pki/crl-expired',
        'hotelLaptop laptop',
        'nps-user 812',
      ],
      [
        'break',
        '2028-01-31T08:00:01Z',
        'CN=vpn.contoso.com',
        'pki/certificate-expired',
        'hotelLaptop laptop mobileLaptop officePc',
        'ike-client 13801',
      ],
    ])
    // Six weeks before they end, whoever may enrol enrols again.
    const renewals = found.entries.filter(({ kind }) => kind === 'renewal')
    expect(renewals.map(({ date }) => formatInstant(date))).toContain('2027-01-18T08:00:00Z')
    expect(renewals.flatMap(({ relations }) => relations.map(({ of }) => of))).toEqual(
      expect.arrayContaining(['laptop:user', 'laptop:device', 'nps1:nps']),
    )
    const lapsing = found.entries.filter(({ kind }) => kind === 'expiry')
    expect(lapsing.map(({ subject }) => subject)).toEqual(['CN=intranet.corp.contoso.com'])
  })

  test('the end of the issuing authority ends what it issued, and cuts it short before', async () => {
    const found = await calendar(contoso, '2036-01-01', '2034-01-01')
    const issuing = found.entries.filter(({ subject }) => subject === 'CN=Contoso Issuing CA 1')
    expect(issuing.map(({ kind, code }) => [kind, code])).toEqual([
      ['warning', 'calendar/rollover'],
      ['warning', 'calendar/truncated'],
      ['break', 'pki/certificate-expired'],
    ])
    const end = issuing.at(-1)!
    expect(formatInstant(end.date)).toBe('2035-02-03T08:00:01Z')
    expect(end.alsoEnds).toContain('CN=laptop.corp.contoso.com')
    expect(end.affects).toEqual(['hotelLaptop', 'laptop', 'mobileLaptop', 'officePc'])
    expect(found.entries.filter(({ kind }) => kind === 'expiry')).toEqual([])
  })

  test('an update of the domain controllers refuses whom it only logged before', async () => {
    const issuingCa = { ...contoso.authorities['issuingCa']!, sidExtension: false }
    const authorities = { ...contoso.authorities, issuingCa }
    const old = { ...contoso, start: '2024-12-02T08:00:00Z', authorities }
    const found = await calendar(old, '2025-03-01', old.start)
    const weak = found.entries.filter(({ code }) => code === 'account/not-strongly-mapped')
    expect(weak.map(line).filter(([, , , subject]) => `${subject}`.includes('Ada'))).toEqual([
      [
        'warning',
        '2024-12-02T08:00:00Z',
        '2025-02-11T00:00:00Z',
        'CN=Ada Lovelace, CN=Users, DC=corp, DC=contoso, DC=com',
        'account/not-strongly-mapped',
        'laptop',
        '',
      ],
    ])
    expect(weak.map(line).filter(([kind]) => kind === 'break')[0]).toEqual([
      'break',
      '2025-02-11T00:00:00Z',
      'CN=Ada Lovelace, CN=Users, DC=corp, DC=contoso, DC=com',
      'account/not-strongly-mapped',
      'laptop',
      'nps-user 853',
    ])
  })
})

test('a deployment without certificates has an empty calendar, and asks nobody', async () => {
  const { minimal } = await import('../../topologies/minimal.ts')
  const found = await calendar(minimal, '2046-01-01', '2026-03-02T08:00:00Z')
  expect(found.entries).toEqual([])
  expect(found.asked).toEqual({ relations: 0, judgements: 0 })
})

test('the clocks of the lab run on when the calendar is done', async () => {
  const of = dated({ crl: ON_TIME })
  const lab = buildLab(of)
  if (!lab.ok) throw new Error('cannot be built')
  const span = { from: instant(FROM), until: instant('2027-01-01') }
  await calendarOf(lab.value, compiled(of), span)
  const before = (await lab.value.nodes['laptop']!.judge('gateway')).at
  await lab.value.advance(seconds(5))
  const later = (await lab.value.nodes['laptop']!.judge('gateway')).at
  expect(later - before).toBeGreaterThanOrEqual(seconds(5))
  expect(later).toBeLessThan(instant('2026-01-02'))
})

test('a client whose clock is wrong is refused on another day', async () => {
  const right = dated({ validFor: days(91), sstp: false, crl: ON_TIME })
  const laptop = { ...right.nodes['laptop']!, clock: { offset: days(10) } }
  const wrong = { ...right, nodes: { ...right.nodes, laptop } } as Topology
  const [entry] = (await calendar(wrong, '2027-01-01')).entries
  expect(formatInstant(entry!.date)).toBe('2026-03-22T00:00:01Z')
})
