/** `sallyport calendar` on the topology that `init` writes: its one certificate lives for a year. */
import { describe, expect, test } from 'vitest'
import { startedFolder, type Ran } from './sallyport.ts'

interface Document {
  readonly from: string
  readonly until: string
  readonly entries: readonly Record<string, unknown>[]
}

const json = (ran: Ran): Document => JSON.parse(ran.stdout) as Document

describe('calendar', () => {
  test('nothing breaks before the date: exit 0, one line', () => {
    using folder = startedFolder()
    const ran = folder.run('calendar', 'topology.ts', '--until', '2027-01-01')
    expect(ran.status).toBe(0)
    expect(ran.stdout).toMatch(/^✓ nothing breaks from 2026-\d\d-\d\d to 2027-01-01 /)
    expect(ran.stderr).toBe('')
  })

  test('something does: exit 1, a line with date, distance, subject, what and whom', () => {
    using folder = startedFolder()
    const ran = folder.run('calendar', 'topology.ts', '--until', '2029-01-01')
    expect(ran.status).toBe(1)
    expect(ran.stdout).toMatch(
      /✗ 2027-03-01 08:00:01 {2}in \d+ days {2}CN=vpn\.example\.com {2}expires: ike-client shows 13801\n +for laptop\n/,
    )
    expect(ran.stderr).toBe('')
  })

  test('JSON: one document, the keys that scripts rely on', () => {
    using folder = startedFolder()
    const ran = folder.run('calendar', 'topology.ts', '--until', '2029-01-01', '--json')
    expect(ran.status).toBe(1)
    const { entries, ...span } = json(ran)
    expect(span).toMatchObject({ until: '2029-01-01T00:00:00Z', asked: { relations: 1 } })
    expect(entries.filter(({ kind }) => kind === 'break')).toEqual([
      {
        kind: 'break',
        date: '2027-03-01T08:00:01Z',
        isStanding: false,
        isLate: false,
        subject: 'CN=vpn.example.com',
        what: 'expires',
        code: 'pki/certificate-expired',
        windows: [{ as: 'ike-client', code: '13801', name: 'ERROR_IPSEC_IKE_AUTH_FAIL' }],
        alsoEnds: [],
        affects: ['laptop'],
        relations: [{ as: 'ike-client', on: 'laptop', of: 'gateway:ike' }],
        fix: 'renew CN=vpn.example.com and bind the new certificate where it is used',
      },
    ])
  })

  test('--at is where it begins: what is broken then stands first', () => {
    using folder = startedFolder()
    const args = ['--at', '2028-06-01', '--until', '2029-01-01']
    const ran = folder.run('calendar', 'topology.ts', ...args, '--json')
    expect(ran.status).toBe(1)
    expect(json(ran)).toMatchObject({
      from: '2028-06-01T00:00:00Z',
      entries: [{ isStanding: true, date: '2028-06-01T00:00:00Z' }],
    })
    const people = folder.run('calendar', 'topology.ts', ...args)
    expect(people.stdout).toContain('and the first is broken now')
  })

  test.for([
    [['topology.ts', '--until', '2020-01-01'], 'is not after'],
    [['topology.ts', '--until', 'never'], 'A date is written'],
    [['topology.ts'], "required option '--until <date>' not specified"],
    [['nowhere.ts', '--until', '2029-01-01'], 'nowhere.ts'],
  ] as const)('wrong use: %s', ([args, message]) => {
    using folder = startedFolder()
    const ran = folder.run('calendar', ...args)
    expect(ran.status).toBe(2)
    expect(ran.stdout).toBe('')
    expect(ran.stderr).toContain(message)
  })
})
