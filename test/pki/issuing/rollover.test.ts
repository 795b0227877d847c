/** A CA whose certificate is renewed: with the same key or a new one, what it signs before and after, and the CRL of each key. */
import { describe, expect, test } from 'vitest'
import { after, days, hours } from '../../../src/base/time.ts'
import type { AuthorityRenewal, CertificateSpec } from '../../../src/topology/pki.ts'
import { readCrl } from '../../../src/pki/revocation/crl.ts'
import { codesOf, GATEWAY, judge, pkiOf, START } from '../contoso.ts'

const RENEWAL: AuthorityRenewal = { at: days(100), key: 'new' }
/** Installed by hand, and dated after the renewal. */
const LATER: CertificateSpec = { ...GATEWAY, name: 'later', validFrom: days(120) }
const both = (key: AuthorityRenewal['key'], certificates = [GATEWAY, LATER]) =>
  pkiOf({ issuing: { renewals: [{ ...RENEWAL, key }] }, certificates })

const crl = (pki: ReturnType<typeof pkiOf>, at: number, keyIndex: number) => {
  const read = readCrl(pki.crl('issuing', after(START, days(at)), keyIndex)!)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value
}

describe('the authority', () => {
  test('has one certificate before and another after, both of one name', () => {
    const pki = both('new')
    const first = pki.authority('issuing', START)!.certificate
    const second = pki.authority('issuing', after(START, days(100)))!.certificate
    expect(second.subject.key).toBe(first.subject.key)
    expect(second.subjectKeyId).not.toEqual(first.subjectKeyId)
    expect(second.notBefore).toBe(after(START, days(100)))
    expect(pki.authorityCertificates('issuing', START)).toEqual([first])
    expect(pki.authorityCertificates('issuing', after(START, days(101)))).toEqual([second, first])
  })

  test('keeps its key identifier where it keeps its key', () => {
    const pki = both('same')
    const [second, first] = pki.authorityCertificates('issuing', after(START, days(101)))
    expect(second!.subjectKeyId).toEqual(first!.subjectKeyId)
    expect(second!.serial).not.toBe(first!.serial)
  })

  test('gets no more time than its issuer has left', () => {
    const pki = pkiOf({
      root: { validFor: days(1000) },
      issuing: { validFor: days(700), renewals: [{ at: days(600), key: 'same' }] },
    })
    const renewed = pki.authority('issuing', after(START, days(601)))!.certificate
    expect(renewed.notAfter).toBe(pki.authority('root')!.certificate.notAfter)
  })

  test('a renewal moves nothing that was issued before it', () => {
    const plain = pkiOf({ certificates: [GATEWAY] })
    const before = plain.certificate('gateway', 'ike')!.certificate.der
    expect(both('same').certificate('gateway', 'ike')!.certificate.der).toEqual(before)
    expect(both('new').authority('root')!.certificate.der).toEqual(
      plain.authority('root')!.certificate.der,
    )
  })
})

describe('what it issues', () => {
  test('names the key, and the places, of its day', () => {
    const pki = both('new')
    const [now, later] = ['ike', 'later'].map((name) => pki.certificate('gateway', name)!)
    const renewed = pki.authority('issuing', after(START, days(120)))!.certificate
    expect(later!.certificate.authorityKeyId).toEqual(renewed.subjectKeyId)
    expect(later!.chain.map(({ serial }) => serial)).toEqual([renewed.serial])
    const urlOf = (held: typeof now) =>
      held!.certificate.crlDistributionPoints?.flatMap(({ fullName }) => fullName)
    expect(urlOf(now)).toEqual([{ kind: 'uri', value: 'http://pki.contoso.com/issuing.crl' }])
    expect(urlOf(later)).toEqual([{ kind: 'uri', value: 'http://pki.contoso.com/issuing(1).crl' }])
  })

  test('is good before and after, with the CRL of its own key', () => {
    const pki = both('new')
    const at = after(START, days(130))
    const { certificate, chain } = pki.certificate('gateway', 'later')!
    const crls = (keys: readonly number[]) => () =>
      ({ kind: 'known', crls: keys.map((key) => crl(pki, 130, key)) }) as const
    const root = pki.crl('root', at)!
    const rootCrl = readCrl(root)
    if (!rootCrl.ok) throw new Error('unreadable')
    const question = (key: number) =>
      judge(pki, {
        at,
        leaf: certificate,
        sent: chain,
        crls: (wanted) =>
          wanted.issuer.key === rootCrl.value.issuer.key
            ? { kind: 'known', crls: [rootCrl.value] }
            : crls([key])(),
      })
    expect(codesOf(question(1))).toEqual([])
    expect(question(0).valid).toBe(false)
  })

  test('is published beside what was there', () => {
    const urls = both('new')
      .publications()
      .filter(({ authority }) => authority === 'issuing')
      .map(({ url }) => url)
    expect(urls).toEqual([
      'http://pki.contoso.com/issuing.crl',
      'http://pki.contoso.com/issuing(1).crl',
      'http://pki.contoso.com/issuing.crt',
      'http://pki.contoso.com/issuing(1).crt',
    ])
    expect(
      both('same')
        .publications()
        .map(({ url }) => url),
    ).not.toContain('http://pki.contoso.com/issuing(1).crl')
  })
})

describe('CRLs', () => {
  const revoked = { at: days(125), reason: 'superseded' as const }

  test('a revocation stands on the list of the key that signed', () => {
    const pki = both('new', [GATEWAY, { ...LATER, revoked }])
    expect(crl(pki, 130, 0).entries.size).toBe(0)
    expect([...crl(pki, 130, 1).entries.keys()]).toEqual([
      pki.certificate('gateway', 'later')!.certificate.serial,
    ])
  })

  test('the first of a new key is published when the key begins', () => {
    const pki = pkiOf({
      issuing: { crl: { every: days(7), validFor: days(8) }, renewals: [RENEWAL] },
    })
    expect(crl(pki, 100, 1).thisUpdate).toBe(after(START, days(100)))
    expect(crl(pki, 100, 0).thisUpdate).toBe(after(START, (days(98) - hours(1)) as never))
    expect(crl(pki, 106, 1).thisUpdate).toBe(crl(pki, 106, 0).thisUpdate)
  })

  test('a key that the authority does not have, has none', () => {
    expect(both('new').crl('issuing', START, 2)).toBeUndefined()
    expect(both('same').crl('issuing', START, 1)).toBeUndefined()
  })
})
