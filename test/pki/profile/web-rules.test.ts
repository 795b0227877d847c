/** The rules of the Baseline Requirements, each kept and broken; and that RFC 5280 alone has none of them. */
import { describe, expect, test } from 'vitest'
import { fromHex } from '../../../src/base/bytes.ts'
import { after, before, days, instant, seconds } from '../../../src/base/time.ts'
import type { Certificate } from '../../../src/pki/certificate/certificate.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'
import type { Extension } from '../../../src/pki/certificate/extensions.ts'
import { EKU_OIDS, OID } from '../../../src/pki/encoding/oids.ts'
import { WEBPKI } from '../../../src/pki/profile/profiles.ts'
import { demandsOf, WEB_RULES } from '../../../src/pki/profile/web-rules.ts'
import { codesOf, held, judge, pkiOf, rootOf } from '../contoso.ts'

const pki = pkiOf()
const root = rootOf(pki)
const issuing = pki.authority('issuing')!.certificate
const NOT_BEFORE = instant('2026-01-01T00:00:00Z')
/** A certificate for the web: one name, both in the subject and beside it, one year. */
const leaf: Certificate = {
  ...held(pki).certificate,
  extKeyUsage: [EKU_OIDS.serverAuth],
  notBefore: NOT_BEFORE,
  notAfter: after(NOT_BEFORE, days(365)),
}

const findings = (path: readonly Certificate[]) => demandsOf(WEB_RULES)(path, NOT_BEFORE).failures

/** An extension as it stands in a certificate, critical or not. */
const flagged = (oid: string, critical: boolean): readonly Extension[] =>
  leaf.extensions.map((extension) =>
    extension.oid === oid ? { ...extension, critical } : extension,
  )

const ecKey = (curve: Uint8Array): Uint8Array =>
  write.sequence(
    write.sequence(write.oid('1.2.840.10045.2.1'), curve),
    write.bitString(Uint8Array.of(4)),
  )

const rsaKey = (bits: number, exponent: number): Uint8Array => {
  const modulus = new Uint8Array(Math.ceil(bits / 8)).fill(0xff)
  modulus[0] = 0xff >> (8 * modulus.length - bits)
  const digits = modulus[0] >= 0x80 ? [Uint8Array.of(0), modulus] : [modulus]
  const key = write.sequence(write.element(2, ...digits), write.integer(exponent))
  return write.sequence(
    write.sequence(write.oid('1.2.840.113549.1.1.1'), write.nullElement()),
    write.bitString(key),
  )
}

test('a plain certificate for the web breaks none', () => {
  expect(findings([leaf, issuing, root])).toEqual([])
})

const { subjectAltName: _names, ...nameless } = leaf
const { extKeyUsage: _purposes, ...purposeless } = leaf

describe('an end entity', () => {
  test.for<readonly [string, string, Certificate]>([
    ['without subjectAltName', '7.1.2.7.12', nameless],
    [
      'with a mailbox',
      '7.1.2.7.12',
      {
        ...leaf,
        subjectAltName: [...leaf.subjectAltName!, { kind: 'email', value: 'ada@contoso.com' }],
      },
    ],
    [
      'with a critical subjectAltName beside a subject',
      '7.1.2.7.12',
      { ...leaf, extensions: flagged(OID.subjectAltName, true) },
    ],
    [
      'whose common name is not among its names',
      '7.1.4.3',
      { ...leaf, subjectAltName: [{ kind: 'dns', value: 'other.contoso.com' }] },
    ],
    [
      'whose common name is one of its names in other letters',
      '7.1.4.3',
      { ...leaf, subjectAltName: [{ kind: 'dns', value: 'VPN.contoso.com' }] },
    ],
    ['without extKeyUsage', '7.1.2.7.10', purposeless],
    [
      'with a critical extKeyUsage',
      '7.1.2.7.6',
      { ...leaf, extensions: flagged(OID.extKeyUsage, true) },
    ],
    [
      'for any purpose beside serverAuth',
      '7.1.2.7.10',
      { ...leaf, extKeyUsage: [EKU_OIDS.serverAuth, OID.anyExtendedKeyUsage] },
    ],
    ['that is an authority', '7.1.2.7.8', { ...leaf, basicConstraints: { cA: true } }],
    ['that signs CRLs', '7.1.2.7.11', { ...leaf, keyUsage: ['digitalSignature', 'cRLSign'] }],
    ['of version 1', '7.1.1', { ...leaf, version: 1 }],
    ['with an RSA key of 2047 bits', '6.1.5', { ...leaf, spki: rsaKey(2047, 65537) }],
    ['with an RSA key of 2052 bits', '6.1.5', { ...leaf, spki: rsaKey(2052, 65537) }],
    ['with an even exponent', '6.1.5', { ...leaf, spki: rsaKey(2048, 4) }],
    ['with the exponent one', '6.1.5', { ...leaf, spki: rsaKey(2048, 1) }],
    ['on P-192', '6.1.5', { ...leaf, spki: ecKey(write.oid('1.2.840.10045.3.1.1')) }],
    ['on a curve without a name', '6.1.5', { ...leaf, spki: ecKey(write.sequence()) }],
    [
      'with a key of Ed25519',
      '6.1.5',
      {
        ...leaf,
        spki: write.sequence(
          write.sequence(write.oid('1.3.101.112')),
          write.bitString(fromHex('00')),
        ),
      },
    ],
    [
      'of 398 days and a second, from 2020 on',
      '6.3.2',
      { ...leaf, notAfter: after(NOT_BEFORE, days(398)) },
    ],
    [
      'of 201 days, from March 2026 on',
      '6.3.2',
      {
        ...leaf,
        notBefore: instant('2026-03-15T00:00:00Z'),
        notAfter: after(instant('2026-03-15T00:00:00Z'), days(201)),
      },
    ],
  ])('%s', ([, rule, certificate]) => {
    const failures = findings([certificate, issuing, root])
    expect(failures).toMatchObject([
      { expected: `what §${rule} of the Baseline Requirements demands` },
    ])
  })

  test.for<readonly [string, Certificate]>([
    [
      'for a whole domain, named after it',
      { ...leaf, subjectAltName: [{ kind: 'dns', value: '*.vpn.contoso.com' }] },
    ],
    [
      'of 398 days to the second',
      { ...leaf, notAfter: before(after(NOT_BEFORE, days(398)), seconds(1)) },
    ],
    ['of ten years, from before there was a limit', { ...leaf, notBefore: instant('2010-01-01') }],
    ['on P-384', { ...leaf, spki: ecKey(write.oid('1.3.132.0.34')) }],
    ['with an RSA key of 3072 bits', { ...leaf, spki: rsaKey(3072, 65537) }],
  ] as readonly (readonly [string, Certificate])[])('%s keeps them', ([, certificate]) => {
    expect(findings([certificate, issuing, root])).toEqual([])
  })
})

describe('an authority', () => {
  const withAki = (value: Uint8Array): Certificate => ({
    ...root,
    authorityKeyId: root.subjectKeyId!,
    extensions: [{ oid: OID.authorityKeyIdentifier, critical: false, value }],
  })
  const own = write.element(0x80, root.subjectKeyId!)

  test('a root may name its own key, and nothing else', () => {
    expect(findings([leaf, issuing, withAki(write.sequence(own))])).toEqual([])
    const serial = write.element(0x82, Uint8Array.of(1))
    expect(findings([leaf, issuing, withAki(write.sequence(own, serial))])).toHaveLength(1)
    const other = { ...withAki(write.sequence(own)), authorityKeyId: Uint8Array.of(1) }
    expect(findings([leaf, issuing, other])).toHaveLength(1)
  })

  test('a root has no purposes, an authority below it may', () => {
    const purposes = { oid: OID.extKeyUsage, critical: false, value: write.sequence() }
    const limited = (certificate: Certificate): Certificate => ({
      ...certificate,
      extKeyUsage: [EKU_OIDS.serverAuth],
      extensions: [...certificate.extensions, purposes],
    })
    expect(findings([leaf, limited(issuing), root])).toEqual([])
    expect(findings([leaf, issuing, limited(root)])).toHaveLength(1)
  })
})

test('the profile judges by them, and knows public suffixes where it is told of them', () => {
  const own = pkiOf({
    certificates: [
      {
        name: 'ike',
        issuer: 'issuing',
        subject: 'CN=contoso.com',
        dns: ['*.contoso.com', 'contoso.com'],
        eku: ['serverAuth'],
        validFor: days(90),
      },
    ],
  })
  const asked = { profile: WEBPKI, name: 'vpn.contoso.com' }
  expect(codesOf(judge(own, asked))).toEqual([])
  const profile = { ...WEBPKI, isPublicSuffix: (domain: string) => domain === 'contoso.com' }
  expect(codesOf(judge(own, { ...asked, profile }))).toEqual(['pki/name-mismatch'])
  expect(codesOf(judge(own, { profile, name: 'contoso.com' }))).toEqual([])
})
