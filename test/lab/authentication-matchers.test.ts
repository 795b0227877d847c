/** Claims about asking a RADIUS server: what passes, what does not, and how a failed claim reads. */
import { describe, expect, test } from 'vitest'
import { ms } from '../../src/base/time.ts'
import { authenticationMatchers as claims } from '../../src/lab/authentication-matchers.ts'
import { noteOf } from '../../src/lab/note.ts'
import { sentenceOf } from '../../src/lab/failure.ts'
import type { AuthenticationReport } from '../../src/lab/reports.ts'
import { instant } from '../../src/base/time.ts'

const rejected: AuthenticationReport = {
  on: 'gateway',
  user: 'eve@corp.contoso.com',
  method: 'PAP',
  outcome: 'rejected',
  server: 'nps1',
  nps: {
    event: 6273,
    reason: 65,
    text: 'denied',
    why: ["expected a policy that grants access, got 'Nobody', which denies it"],
    connectionRequestPolicy: 'VPN',
    networkPolicy: 'Nobody',
  },
  windows: { code: '812', name: 'ERROR_SERVER_POLICY' },
  attributes: [],
  requests: 1,
  took: ms(2),
  events: [{ node: 'nps1', source: 'Security', id: 6273, text: 'access denied' }],
}
const { nps: _, windows: __, server: ___, ...base } = rejected
const accepted: AuthenticationReport = {
  ...base,
  outcome: 'accepted',
  server: 'nps1',
  nps: { event: 6272, reason: 0, text: 'let in', why: [], networkPolicy: 'Staff' },
  events: [],
}
const silence: AuthenticationReport = {
  ...base,
  outcome: 'no-answer',
  silent: ['nps1', 'nps2'],
  requests: 5,
  events: [],
}

describe('a rejection', () => {
  test.each([
    [65, {}, true],
    [65, { windows: '812', event: 6273, policy: 'Nobody' }, true],
    [65, { policy: 'VPN' }, true],
    [66, {}, false],
    [65, { windows: '691' }, false],
    [65, { event: 6274 }, false],
    [65, { policy: 'Staff' }, false],
  ] as const)('for reason %d with %o: %s', (reason, where, pass) => {
    expect(claims.toBeRejectedFor(rejected, reason, where).pass).toBe(pass)
  })

  test('is no acceptance, no silence, and nothing that was thrown away', () => {
    expect(claims.toBeAccepted(rejected).pass).toBe(false)
    expect(claims.toGetNoAnswer(rejected).pass).toBe(false)
    expect(claims.toBeDiscardedFor(rejected, 65).pass).toBe(false)
    expect(claims.toBeAbandoned(rejected).pass).toBe(false)
  })

  test('reads like a note: who, what, because of which policy, and what the log says', () => {
    const finding = claims.toBeAccepted(rejected)
    const { causes } = finding
    expect(sentenceOf(finding, false)).toContain("reason 65: denied by policy 'Nobody'")
    const note = noteOf({ causes: causes!, events: [], start: instant('2026-03-02T08:00:00Z') })
    expect(note.write(note.causes)).toEqual([
      "  because  nps/reason-65  expected a policy that grants access, got 'Nobody', which denies it",
      '  also     event/6273  Security on nps1: access denied',
    ])
  })
})

test('an acceptance may be claimed by its policy', () => {
  expect(claims.toBeAccepted(accepted).pass).toBe(true)
  expect(claims.toBeAccepted(accepted, { policy: 'Staff' }).pass).toBe(true)
  expect(claims.toBeAccepted(accepted, { policy: 'Guests' }).pass).toBe(false)
  expect(claims.toBeRejectedFor(accepted, 0).pass).toBe(false)
})

test('silence is claimed of exactly these servers, and of so many requests', () => {
  expect(claims.toGetNoAnswer(silence).pass).toBe(true)
  expect(claims.toGetNoAnswer(silence, { servers: ['nps2', 'nps1'], requests: 5 }).pass).toBe(true)
  expect(claims.toGetNoAnswer(silence, { servers: ['nps1'] }).pass).toBe(false)
  expect(claims.toGetNoAnswer(silence, { requests: 4 }).pass).toBe(false)
  expect(claims.toGetNoAnswer(accepted).pass).toBe(false)
})

test('a request that NPS threw away has a reason, and no answer', () => {
  const full: AuthenticationReport = {
    ...silence,
    nps: { event: 6274, reason: 80, text: 'the log could not be written', why: [] },
    events: [{ node: 'nps1', source: 'Security', id: 6274, text: 'discarded' }],
  }
  expect(claims.toBeDiscardedFor(full, 80, { event: 6274 }).pass).toBe(true)
  expect(claims.toBeDiscardedFor(silence, 80).pass).toBe(false)
})
