/** Claims about judged and selected certificates: what passes, what does not, and how a failed claim reads. */
import { describe, expect, test } from 'vitest'
import { instant } from '../../src/base/time.ts'
import { chainMatchers, selectionMatchers, type ChainPlace } from '../../src/lab/chain-matchers.ts'
import type { ChainReport, SelectionReport } from '../../src/lab/reports.ts'

const refused: ChainReport = {
  on: 'nps1',
  of: 'laptop:user',
  profile: 'nps-user',
  at: instant('2026-03-02T08:00:00Z'),
  valid: false,
  path: [],
  failures: [
    { code: 'account/not-strongly-mapped', subject: 'CN=ada', message: 'by a name only' },
    { code: 'pki/crl-expired', subject: 'CN=ada', message: 'too old' },
  ],
  fetches: [],
  tolerated: [],
  fromCache: [],
  rejected: [],
  windows: {
    code: '853',
    name: 'ERROR_EAP_USER_CERT_INVALID',
    reason: { code: 16, text: 'not bound' },
    events: [
      { on: 'nps', source: 'Security', id: 6273, text: 'denied' },
      { on: 'dc', source: 'KDC', id: 39, text: 'weak' },
    ],
  },
}
const { windows: _, ...rest } = refused
const accepted: ChainReport = {
  ...rest,
  valid: true,
  failures: [],
  warnings: [{ on: 'dc', source: 'KDC', id: 39, text: 'weak' }],
}

describe('a certificate fails because of', () => {
  const claim = (code: string, where?: ChainPlace) =>
    chainMatchers.toFailBecause(refused, code, where).pass

  test('any of its failures, and Windows shows the code, the reason and the event', () => {
    expect(claim('account/not-strongly-mapped')).toBe(true)
    expect(claim('pki/crl-expired', { subject: 'CN=ada' })).toBe(true)
    expect(claim('account/not-strongly-mapped', { windows: '853', reason: 16, event: 39 })).toBe(
      true,
    )
    expect(claim('account/not-strongly-mapped', { event: 6273 })).toBe(true)
  })

  test.for<[what: string, code: string, where: ChainPlace]>([
    ['another code', 'pki/revoked', {}],
    ['another subject', 'pki/crl-expired', { subject: 'CN=bob' }],
    ['another code of Windows', 'account/not-strongly-mapped', { windows: '812' }],
    ['another reason', 'account/not-strongly-mapped', { reason: 8 }],
    ['another event', 'account/not-strongly-mapped', { event: 41 }],
  ])('not %s', ([, code, where]) => {
    expect(claim(code, where)).toBe(false)
  })

  test('and a failed claim says what was wanted and what is shown', () => {
    const finding = chainMatchers.toFailBecause(refused, 'pki/crl-expired', { windows: '812' })
    expect(finding.claim).toBe('fail because of pki/crl-expired, shown as 812')
    expect(finding.actual).toMatchObject({ windows: '853', reason: 16, events: [6273, 39] })
  })
})

test('a warning is an event of what was accepted', () => {
  expect(chainMatchers.toWarn(accepted, 39).pass).toBe(true)
  expect(chainMatchers.toWarn(accepted, 40).pass).toBe(false)
  expect(chainMatchers.toWarn(refused, 39).pass).toBe(false)
})

describe('a selection', () => {
  const base = {
    on: 'laptop',
    use: 'eap-tls',
    passedOver: [{ name: 'old', why: 'is older' }],
  } as const
  const one: SelectionReport = { ...base, selected: 'user' }
  const asked: SelectionReport = { ...base, asks: ['a', 'b'] }
  const none: SelectionReport = {
    ...base,
    windows: { code: '798', name: 'ERROR_NO_EAPTLS_CERTIFICATE' },
  }

  test('is of one certificate, a question, or none', () => {
    expect(selectionMatchers.toSelect(one, 'user').pass).toBe(true)
    expect(selectionMatchers.toSelect(one, 'device').pass).toBe(false)
    expect(selectionMatchers.toSelect(asked, 'a').pass).toBe(false)
    expect(selectionMatchers.toFindNone(none, { windows: '798' }).pass).toBe(true)
    expect(selectionMatchers.toFindNone(none, { windows: '13806' }).pass).toBe(false)
    expect(selectionMatchers.toFindNone(asked, {}).pass).toBe(false)
    expect(selectionMatchers.toFindNone(one, {}).pass).toBe(false)
  })

  test('tells why the others were passed over', () => {
    const finding = selectionMatchers.toSelect(none, 'user')
    expect(finding.found).toBe('it has none to show (798)')
    expect(finding.causes).toMatchObject([{ message: "'old' is older" }])
  })
})
