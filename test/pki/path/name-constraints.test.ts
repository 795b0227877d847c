import { describe, expect, test } from 'vitest'
import { fromHex } from '../../../src/base/bytes.ts'
import type { GeneralName } from '../../../src/pki/certificate/general-name.ts'
import {
  constrainedNames,
  malformedConstraint,
  NAME_COMPARISONS_MAX,
  nameViolation,
} from '../../../src/pki/path/name-constraints.ts'
import { PROFILES } from '../../../src/windows/relying-parties.ts'
import { subjectOf, type Certificate } from '../../../src/pki/certificate/certificate.ts'
import { codesOf, held, judge, pkiOf } from '../contoso.ts'

const subtrees = (...bases: GeneralName[]) => bases.map((base) => ({ base, bounded: false }))
const dns = (value: string): GeneralName => ({ kind: 'dns', value })
const email = (value: string): GeneralName => ({ kind: 'email', value })
const upn = (value: string): GeneralName => ({ kind: 'upn', value })
const uri = (value: string): GeneralName => ({ kind: 'uri', value })
const ip = (hex: string): GeneralName => ({ kind: 'ip', address: fromHex(hex) })
const other = (tag: number): GeneralName => ({ kind: 'other', tag, contents: Uint8Array.of(1) })

const passes = (
  which: 'permitted' | 'excluded',
  bases: readonly GeneralName[],
  name: GeneralName,
): boolean =>
  nameViolation({ permitted: [], excluded: [], [which]: subtrees(...bases) }, [name]) === undefined

describe('permitted subtrees (RFC 5280 §4.2.1.10)', () => {
  test.for<[string, GeneralName, GeneralName, boolean]>([
    ['the host itself', dns('contoso.com'), dns('contoso.com'), true],
    ['a host below, whatever the case', dns('Contoso.com'), dns('vpn.CONTOSO.com'), true],
    ['a longer label', dns('contoso.com'), dns('notcontoso.com'), false],
    ['the parent', dns('vpn.contoso.com'), dns('contoso.com'), false],
    ['every host', dns(''), dns('fabrikam.com'), true],
    ['a wildcard within', dns('contoso.com'), dns('*.contoso.com'), true],
    ['a wildcard that reaches beyond', dns('vpn.contoso.com'), dns('*.contoso.com'), false],
    ['a malformed name', dns('contoso.com'), dns('.contoso.com'), false],
    ['a mailbox', email('ada@contoso.com'), email('ada@CONTOSO.com'), true],
    ['another user', email('ada@contoso.com'), email('Ada@contoso.com'), false],
    ['a host of mailboxes', email('contoso.com'), email('ada@contoso.com'), true],
    ['a host below it', email('contoso.com'), email('ada@eu.contoso.com'), false],
    ['a domain of mailboxes', email('.contoso.com'), email('ada@eu.contoso.com'), true],
    ['the domain itself', email('.contoso.com'), email('ada@contoso.com'), false],
    ['a UPN', upn('contoso.com'), upn('ada@contoso.com'), true],
    ['a UPN of another suffix', upn('contoso.com'), upn('ada@fabrikam.com'), false],
    ['the host of a URI', uri('pki.contoso.com'), uri('http://u@pki.contoso.com:80/a'), true],
    ['a URI below', uri('.contoso.com'), uri('ldap://dc1.contoso.com/CN=x'), true],
    ['a URI without a host', uri('.contoso.com'), uri('urn:contoso.com'), false],
    ['a URI with an address', uri('.contoso.com'), uri('http://192.0.2.1/'), false],
    ['an address', ip('c0000200ffffff00'), ip('c0000207'), true],
    ['an address outside', ip('c0000200ffffff00'), ip('c0000307'), false],
    ['an address of the other family', ip('c0000200ffffff00'), ip('00'.repeat(16)), false],
    ['a form that is not processed', other(0xa3), other(0xa3), false],
    ['another form', dns('contoso.com'), ip('c0000307'), true],
  ])('%s', ([, base, name, passed]) => {
    expect(passes('permitted', [base], name)).toBe(passed)
  })

  test('one of several suffices', () => {
    const bases = [dns('contoso.com'), dns('fabrikam.com')]
    expect(passes('permitted', bases, dns('vpn.fabrikam.com'))).toBe(true)
  })
})

describe('excluded subtrees', () => {
  test.for<[string, GeneralName, GeneralName, boolean]>([
    ['a host below', dns('contoso.com'), dns('vpn.contoso.com'), false],
    ['a host beside', dns('contoso.com'), dns('fabrikam.com'), true],
    ['a wildcard that may stand for it', dns('vpn.contoso.com'), dns('*.contoso.com'), false],
    ['a wildcard two levels up', dns('a.vpn.contoso.com'), dns('*.contoso.com'), true],
    ['an address within', ip('c0000200ffffff00'), ip('c0000207'), false],
    ['a name of the same unprocessed form', other(0xa0), other(0xa0), false],
  ])('%s', ([, base, name, passed]) => {
    expect(passes('excluded', [base], name)).toBe(passed)
  })
})

test.for<[string, GeneralName, boolean]>([
  ['a leading period in a host', dns('.contoso.com'), true],
  ['a wildcard', dns('*.contoso.com'), true],
  ['two at signs', email('a@b@contoso.com'), true],
  ['nobody', email('@contoso.com'), true],
  ['literal asterisks', email('**@contoso.com'), false],
  ['an address without a mask', ip('c0000201'), true],
  ['a mask with holes', ip('c0000200ff00ff00'), true],
  ['every address', ip('0000000000000000'), false],
])('a malformed constraint: %s', ([, base, isMalformed]) => {
  const constraints = { permitted: [], excluded: subtrees(base) }
  expect(malformedConstraint(constraints, false) !== undefined).toBe(isMalformed)
})

test('only a relying party that demands conformance minds a leading period in a host', () => {
  const constraints = { permitted: subtrees(dns('.contoso.com')), excluded: [] }
  expect(malformedConstraint(constraints, true)).toBeUndefined()
  expect(nameViolation(constraints, [dns('vpn.contoso.com')])).toBeUndefined()
  expect(nameViolation(constraints, [dns('vpn.fabrikam.com')])).toMatchObject({
    expected: 'within DNS .contoso.com',
    got: 'DNS vpn.fabrikam.com',
  })
})

describe('in a path', () => {
  const pki = pkiOf()
  const gateway = held(pki).certificate
  const issuing = pki.authority('issuing')!.certificate
  const constrained = (...bases: GeneralName[]): Certificate => ({
    ...issuing,
    nameConstraints: { permitted: subtrees(...bases), excluded: [] },
  })

  test('the name, its holder and the limit are told', () => {
    const verdict = judge(pki, { sent: [constrained(dns('fabrikam.com'))] })
    expect(verdict.failures).toMatchObject([
      {
        code: 'pki/name-constraint',
        subject: subjectOf(gateway),
        expected: 'within DNS fabrikam.com',
        got: 'DNS vpn.contoso.com',
      },
    ])
  })

  test('a common name is held to constraints on hosts by Windows alone, and only without dNSNames', () => {
    const { subjectAltName: _, ...bare } = gateway
    const hosts = (certificate: Certificate, commonName: boolean) =>
      constrainedNames(certificate, commonName).filter(({ kind }) => kind === 'dns')
    expect(hosts(bare, true)).toEqual([dns('vpn.contoso.com')])
    expect(hosts(bare, false)).toEqual([])
    expect(hosts(gateway, true)).toEqual([dns('vpn.contoso.com')])
    expect(hosts({ ...gateway, subjectAltName: [dns('a.b')] }, true)).toEqual([dns('a.b')])
  })

  test('long lists held against each other are given up', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => dns(`h${i}.contoso.com`))
    const leaf = { ...gateway, subjectAltName: many(1000) }
    const sent = [constrained(...many(NAME_COMPARISONS_MAX / 1000), dns('contoso.com'))]
    const verdict = judge(pki, { leaf, sent, name: 'h1.contoso.com' })
    expect(codesOf(verdict)).toEqual(['pki/name-constraint'])
    expect(verdict.failures[0]!.expected).toMatch(/comparisons/)
  })

  test('a self-issued authority is exempt, the end entity never (§6.1.3 (b))', () => {
    const own = { ...gateway, subject: issuing.subject }
    const sent = [constrained(dns('fabrikam.com'))]
    const profile = { ...PROFILES.strict, revocation: 'none' } as const
    expect(codesOf(judge(pki, { leaf: own, sent, profile }))).toContain('pki/name-constraint')
  })
})
