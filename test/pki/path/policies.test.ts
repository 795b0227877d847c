import { describe, expect, test } from 'vitest'
import type { Certificate } from '../../../src/pki/certificate/certificate.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'
import { ANY_POLICY, policyViolation, type PolicyInputs } from '../../../src/pki/path/policies.ts'
import { codesOf, held, judge, pkiOf, rootOf } from '../contoso.ts'

const pki = pkiOf()
const gateway = held(pki).certificate
const issuing = pki.authority('issuing')!.certificate
const root = rootOf(pki)

type Policies = Pick<
  Partial<Certificate>,
  'certificatePolicies' | 'policyMappings' | 'policyConstraints' | 'inhibitAnyPolicy'
>

/** Gateway, issuing CA, root. */
const violation = (leaf: Policies, authority: Policies, inputs: Partial<PolicyInputs> = {}) =>
  policyViolation([{ ...gateway, ...leaf }, { ...issuing, ...authority }, root], {
    ...ANY_POLICY,
    ...inputs,
  })

const GOLD = '1.2.3.1'
const SILVER = '1.2.3.2'
const gold = { certificatePolicies: [GOLD] }
const silver = { certificatePolicies: [SILVER] }
const any = { certificatePolicies: [OID.anyPolicy] }
const explicit = { requireExplicit: true }

describe('the policies of a path (RFC 5280 §6.1)', () => {
  test('none is needed unless somebody says so', () => {
    expect(violation({}, {})).toBeUndefined()
    expect(violation(gold, silver)).toBeUndefined()
    expect(violation({}, {}, explicit)).toMatchObject({ index: 1, got: 'no certificatePolicies' })
    expect(violation(gold, silver, explicit)).toMatchObject({ index: 0, got: GOLD })
  })

  test('one that runs through the path holds, and anyPolicy stands for each', () => {
    expect(violation(gold, gold, explicit)).toBeUndefined()
    expect(violation(gold, any, explicit)).toBeUndefined()
    expect(violation(any, gold, explicit)).toBeUndefined()
    expect(violation(any, gold, { ...explicit, acceptable: [SILVER] })).toMatchObject({ got: GOLD })
  })

  test('an authority may demand one, at once or further down', () => {
    const demanding = (requireExplicitPolicy: number) => ({
      ...silver,
      policyConstraints: { requireExplicitPolicy },
    })
    expect(violation(gold, demanding(0))).toMatchObject({ index: 0 })
    expect(violation(gold, demanding(2))).toBeUndefined()
    expect(
      violation({ ...gold, policyConstraints: { requireExplicitPolicy: 0 } }, silver),
    ).toMatchObject({ index: 0 })
  })

  test('anyPolicy stops to count where it is inhibited', () => {
    expect(violation(any, { ...gold, inhibitAnyPolicy: 0 }, explicit)).toMatchObject({ index: 0 })
    expect(violation(any, { ...gold, inhibitAnyPolicy: 1 }, explicit)).toBeUndefined()
    expect(violation(gold, any, { ...explicit, inhibitAny: true })).toMatchObject({ index: 1 })
  })

  test('a mapped policy counts under the name that the anchor’s domain has for it', () => {
    const mapping = { ...gold, policyMappings: [{ issuer: GOLD, subject: SILVER }] }
    const wanted = (policy: string) => ({ ...explicit, acceptable: [policy] })
    expect(violation(silver, mapping, wanted(GOLD))).toBeUndefined()
    expect(violation(silver, mapping, wanted(SILVER))).toMatchObject({ got: GOLD })
    expect(violation(gold, mapping, explicit)).toMatchObject({ index: 0 })
    expect(violation(silver, mapping, { ...explicit, inhibitMapping: true })).toMatchObject({
      index: 0,
    })
    const fromAny = { ...mapping, ...any }
    expect(violation(silver, fromAny, wanted(GOLD))).toBeUndefined()
  })

  test('anyPolicy cannot be mapped', () => {
    const policyMappings = [{ issuer: OID.anyPolicy, subject: GOLD }]
    expect(violation(gold, { ...any, policyMappings })).toMatchObject({ got: 'anyPolicy' })
  })

  test('many policies and mappings in each of many certificates stay cheap (RFC 9618)', () => {
    const names = Array.from({ length: 60 }, (_, i) => `1.2.3.${i}`)
    const policyMappings = names.flatMap((issuer) => names.map((subject) => ({ issuer, subject })))
    const layer = { ...issuing, certificatePolicies: names, policyMappings }
    const path = [
      { ...gateway, certificatePolicies: names },
      ...Array.from({ length: 10 }, () => layer),
      root,
    ]
    expect(policyViolation(path, { ...ANY_POLICY, ...explicit })).toBeUndefined()
    const wanted = { ...ANY_POLICY, ...explicit, acceptable: ['1.2.4'] }
    expect(policyViolation(path, wanted)).toMatchObject({ index: 0 })
  })
})

test('the verdict tells which certificate carries no policy', () => {
  const policies = { ...ANY_POLICY, requireExplicit: true }
  expect(codesOf(judge(pki, { policies }))).toEqual(['pki/policy'])
})
