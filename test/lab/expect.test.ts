/** The claims of stories: what holds, what does not, and the sentence and cause that a failure carries. */
import { describe, expect as check, test } from 'vitest'
import { expect } from '../../src/lab/expect.ts'
import { StoryFailure } from '../../src/lab/failure.ts'
import type { ChainReport, HttpReport, ProbeReport, ResolveReport } from '../../src/lab/reports.ts'
import { instant } from '../../src/base/time.ts'

const AT = instant('2026-03-02T08:00:00Z')

const answered: ProbeReport = {
  packet: 1,
  from: 'laptop',
  target: '203.0.113.10:4500/udp (gateway, by edgeFirewall)',
  disposition: 'delivered',
  at: 'gateway',
  replied: true,
  hops: [
    { node: 'laptop', at: AT, steps: [{ kind: 'sent', nic: 'homeLan' }] },
    {
      node: 'homeRouter',
      at: AT,
      steps: [{ kind: 'translate', rule: 'nat', from: '192.168.1.100:1', to: '198.51.100.2:1' }],
    },
  ],
  replyHops: [{ node: 'gateway', at: AT, steps: [{ kind: 'sent', nic: 'perimeterExternal' }] }],
  seed: '1',
}
const denied: ProbeReport = {
  ...answered,
  disposition: 'denied',
  at: 'edgeFirewall',
  rule: 'default-deny',
  reason: 'filter',
  replied: false,
  replyHops: [],
}
const replyLost: ProbeReport = {
  ...answered,
  replied: false,
  replyHops: [
    {
      node: 'innerFirewall',
      at: AT,
      steps: [{ kind: 'drop', reason: 'filter', rule: 'inner-default-deny' }],
    },
  ],
}
const resolved: ResolveReport = {
  on: 'laptop',
  name: 'vpn.contoso.com',
  type: 'A',
  rcode: 'NOERROR',
  answers: [
    { name: 'vpn.contoso.com', type: 'CNAME', ttl: 60, data: 'gw.contoso.com' },
    { name: 'gw.contoso.com', type: 'A', ttl: 60, data: '203.0.113.10' },
  ],
  servers: ['192.168.1.1'],
  why: [],
  fromCache: false,
}
const expired: ChainReport = {
  on: 'laptop',
  of: 'gateway:ike',
  profile: 'strict',
  at: AT,
  valid: false,
  path: [],
  failures: [
    { code: 'pki/certificate-expired', subject: 'CN=vpn.contoso.com', message: 'ended yesterday' },
  ],
  rejected: [],
  tolerated: [],
  fetches: [],
  fromCache: [],
}
const page: HttpReport = { on: 'laptop', url: 'http://x/', outcome: 'response', status: 200 }

function failureOf(claim: () => void): StoryFailure {
  try {
    claim()
  } catch (thrown) {
    if (thrown instanceof StoryFailure) return thrown
    throw thrown
  }
  throw new Error('the claim held')
}

describe('claims that hold, and their opposites that do not', () => {
  test.for<[string, () => void, () => void]>([
    [
      'toArrive',
      () => expect(answered).toArrive({ at: 'gateway' }),
      () => expect(answered).not.toArrive(),
    ],
    [
      'toBeAnswered',
      () => expect(answered).toBeAnswered({ by: 'perimeterExternal' }),
      () => expect(answered).toBeAnswered({ by: 'perimeterInternal' }),
    ],
    [
      'toGoUnanswered',
      () => expect(replyLost).toGoUnanswered({ at: 'innerFirewall' }),
      () => expect(answered).toGoUnanswered(),
    ],
    [
      'toBeDropped',
      () => expect(denied).toBeDropped({ at: 'edgeFirewall', rule: 'default-deny' }),
      () => expect(denied).toBeDropped({ rule: 'another' }),
    ],
    [
      'toFailWith',
      () => expect(denied).toFailWith('denied'),
      () => expect(denied).toFailWith('no-route'),
    ],
    [
      'toBeTranslatedBy',
      () => expect(answered).toBeTranslatedBy(['homeRouter']),
      () => expect(answered).toBeTranslatedBy([]),
    ],
    [
      'toResolveTo',
      () => expect(resolved).toResolveTo('203.0.113.10'),
      () => expect(resolved).toResolveTo(['203.0.113.10', '203.0.113.11']),
    ],
    [
      'toHaveRcode',
      () => expect(resolved).toHaveRcode('NOERROR'),
      () => expect(resolved).toHaveRcode('NXDOMAIN'),
    ],
    [
      'toUseRule',
      () => expect(resolved).toUseRule(undefined),
      () => expect(resolved).toUseRule('.contoso.com'),
    ],
    [
      'toHaveAsked',
      () => expect(resolved).toHaveAsked('192.168.1.1'),
      () => expect(resolved).toHaveAsked([]),
    ],
    ['toBeTrusted', () => expect(expired).not.toBeTrusted(), () => expect(expired).toBeTrusted()],
    [
      'toFailBecause',
      () =>
        expect(expired).toFailBecause('pki/certificate-expired', { subject: 'CN=vpn.contoso.com' }),
      () => expect(expired).toFailBecause('pki/revoked'),
    ],
    ['toHaveStatus', () => expect(page).toHaveStatus(200), () => expect(page).toHaveStatus(404)],
    ['toEqual', () => expect([1, { a: 2 }]).toEqual([1, { a: 2 }]), () => expect([1]).toEqual([2])],
    ['toContain', () => expect(['a', 'b']).toContain('b'), () => expect('abc').toContain('d')],
    ['toHaveLength', () => expect([1, 2]).toHaveLength(2), () => expect(undefined).toHaveLength(0)],
    ['toBeGreaterThan', () => expect(2).toBeGreaterThan(1), () => expect(1).toBeGreaterThan(1)],
  ])('%s', ([, holds, fails]) => {
    holds()
    check(failureOf(fails).message).toMatch(/ should .*, but /)
  })
})

test('a drop is told with the node, the rule and what was aimed at', () => {
  const failure = failureOf(() => expect(denied).toBeAnswered())
  check(failure.message).toBe(
    "a packet from laptop to 203.0.113.10:4500/udp (gateway, by edgeFirewall) should be answered, but it ended at edgeFirewall: denied by rule 'default-deny'",
  )
  check(failure.diagnosis).toMatchObject([
    { code: 'firewall/denied', at: 'edgeFirewall', rule: 'default-deny' },
  ])
})

test('a reply that was dropped names who dropped it, not who was asked', () => {
  const [cause] = failureOf(() => expect(replyLost).toBeAnswered()).diagnosis
  check(cause).toMatchObject({
    code: 'firewall/denied',
    at: 'innerFirewall',
    rule: 'inner-default-deny',
  })
})
