/** What a question may say beside the chain: how anchors count, who is trusted or distrusted as such, which names and algorithms. */
import { describe, expect, test } from 'vitest'
import { days, instant } from '../../../src/base/time.ts'
import type { ChainQuestion } from '../../../src/pki/path/path.ts'
import { WHOLE_ANCHORS, type AnchorRules } from '../../../src/pki/profile/profile.ts'
import { STRICT } from '../../../src/pki/profile/profiles.ts'
import { codesOf, held, judge, pkiOf, rootOf } from '../contoso.ts'

const pki = pkiOf()
const root = rootOf(pki)
const leaf = held(pki).certificate
const issuing = pki.authority('issuing')!.certificate
const OFFLINE = { ...STRICT, revocation: 'none' } as const
const codes = (change: Partial<ChainQuestion>) =>
  codesOf(judge(pki, { profile: OFFLINE, ...change }))

describe('anchors', () => {
  const counting = (rules: Partial<AnchorRules>) => ({
    ...OFFLINE,
    anchorRules: { ...WHOLE_ANCHORS, ...rules },
  })
  const { basicConstraints: _, ...unconstrained } = root

  test.for<readonly [string, typeof root, Partial<AnchorRules>, readonly string[]]>([
    ['expired', { ...root, notAfter: instant('2001-01-01') }, {}, ['pki/certificate-expired']],
    ['expired', { ...root, notAfter: instant('2001-01-01') }, { dates: false }, []],
    ['for no authority', { ...root, basicConstraints: { cA: false } }, {}, ['pki/not-a-ca']],
    ['for no authority', { ...root, basicConstraints: { cA: false } }, { constraints: false }, []],
    [
      'for no authority',
      { ...root, basicConstraints: { cA: false } },
      { basicConstraints: false },
      ['pki/not-a-ca'],
    ],
    ['without basicConstraints', unconstrained, {}, ['pki/not-a-ca']],
    ['without basicConstraints', unconstrained, { basicConstraints: false }, []],
    ['without basicConstraints, of version 1', { ...unconstrained, version: 1 }, {}, []],
    ['for other purposes', { ...root, extKeyUsage: ['1.3.6.1.5.5.7.3.4'] }, {}, ['pki/wrong-eku']],
    [
      'for other purposes',
      { ...root, extKeyUsage: ['1.3.6.1.5.5.7.3.4'] },
      { constraints: false },
      [],
    ],
    [
      'for other names',
      {
        ...root,
        nameConstraints: {
          permitted: [{ base: { kind: 'dns', value: 'fabrikam.com' }, bounded: false }],
          excluded: [],
        },
      },
      {},
      ['pki/name-constraint'],
    ],
    ['asking for policies', { ...root, policyConstraints: { requireExplicitPolicy: 0 } }, {}, []],
    [
      'asking for policies',
      { ...root, policyConstraints: { requireExplicitPolicy: 0 } },
      { policies: true },
      ['pki/policy'],
    ],
  ])('%s %#', ([, anchor, rules, expected]) => {
    // What the certificate says is changed and not its bytes: they are looked up by those.
    const profile = { ...counting(rules), demandsConformance: false }
    expect(codes({ anchors: [anchor], profile })).toEqual(expected)
  })

  test('an anchor may be the end entity, where that is so', () => {
    expect(codes({ anchors: [leaf], sent: [] })).toEqual([])
    const profile = counting({ endEntities: false })
    expect(codes({ anchors: [leaf], sent: [], profile })).toEqual(['pki/missing-intermediate'])
  })
})

describe('trust without an anchor', () => {
  test('a trusted peer needs no issuer, but is judged like any other', () => {
    const asked = { anchors: [], sent: [], trustedPeers: [leaf] }
    expect(codes(asked)).toEqual([])
    expect(codes({ ...asked, at: instant('2031-01-01') })).toContain('pki/certificate-expired')
    expect(codes({ ...asked, name: 'other.contoso.com' })).toContain('pki/name-mismatch')
  })

  test('a trusted peer issues nothing', () => {
    expect(codes({ anchors: [], trustedPeers: [root] })).toEqual(['pki/untrusted-root'])
  })

  test.for([
    ['end entity', leaf],
    ['authority', issuing],
    ['root', root],
  ] as const)('a distrusted %s spoils every path', ([, certificate]) => {
    expect(codes({ distrusted: [certificate] })[0]).toBe('pki/distrusted')
  })
})

test('dates can be left aside, and nothing else with them', () => {
  const at = instant('2061-01-01T00:00:00Z')
  expect(codes({ at })).toContain('pki/certificate-expired')
  expect(codes({ at, ignoresDates: true })).toEqual([])
  const name = 'other.contoso.com'
  expect(codes({ at, ignoresDates: true, name })).toEqual(['pki/name-mismatch'])
})

describe('names', () => {
  const mailbox = {
    ...leaf,
    subjectAltName: [{ kind: 'email', value: 'Ada@Contoso.com' }],
  } as const
  test.for([
    ['Ada@contoso.COM', []],
    ['ada@contoso.com', ['pki/name-mismatch']],
    ['Ada@corp.contoso.com', ['pki/name-mismatch']],
  ] as const)('the mailbox %s', ([name, expected]) => {
    const profile = { ...OFFLINE, demandsConformance: false }
    expect(codes({ leaf: mailbox, name, profile })).toEqual(expected)
  })
})

test('only the signature algorithms that count do, below the anchor', () => {
  const only = (...algorithms: readonly string[]) => ({
    profile: { ...OFFLINE, strength: { ...OFFLINE.strength, algorithms } },
  })
  expect(codes(only('1.2.840.113549.1.1.11'))).toEqual([])
  expect(codes(only('1.3.101.112'))).toEqual(['pki/weak-algorithm', 'pki/weak-algorithm'])
})

test('one authority too many is told of itself, by whoever allows fewer', () => {
  const tall = pkiOf({
    root: { pathLength: 0 },
    authorities: { third: { subject: 'CN=Third', validFor: days(90), issuer: 'issuing' } },
  })
  const asked = { profile: OFFLINE, leaf: held(tall).certificate, sent: held(tall).chain }
  expect(judge(tall, { ...asked, authoritiesMax: 0 }).failures).toMatchObject([
    { code: 'pki/path-too-long', subject: issuing.subject.text, expected: 'at most 0' },
    { code: 'pki/path-too-long', subject: issuing.subject.text },
  ])
})
