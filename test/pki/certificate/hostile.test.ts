/** Bytes that nobody who means well sends: whatever they are, they come back as a value, after bounded work. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../src/base/bytes.ts'
import { readCertificate, type Certificate } from '../../../src/pki/certificate/certificate.ts'
import { readCrl } from '../../../src/pki/revocation/crl.ts'
import { readDer } from '../../../src/pki/encoding/der.ts'
import { readCertificateExtension } from '../../../src/pki/certificate/extensions.ts'
import type { GeneralName } from '../../../src/pki/certificate/general-name.ts'
import type { NameConstraints } from '../../../src/pki/certificate/name-constraint-extension.ts'
import { NAME_COMPARISONS_MAX } from '../../../src/pki/path/name-constraints.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'
import { PATHS_MAX } from '../../../src/pki/path/path.ts'
import { publicKeyForm } from '../../../src/pki/keys/public-key.ts'
import { verifySignature } from '../../../src/pki/keys/signature.ts'
import { checkCost } from '../../../src/pki/keys/verification-key.ts'
import { PROFILES } from '../../../src/windows/relying-parties.ts'
import { codesOf, crlOf, held, judge, pkiOf, START } from '../contoso.ts'

const pki = pkiOf()
const { certificate: leaf } = held(pki)
const issuing = pki.authority('issuing')!.certificate
const crl = crlOf(pki, 'issuing', START)

/** `bytes` with one octet changed, some cut away or some put in. */
const mutated = (bytes: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(fc.nat(bytes.length - 1), fc.uint8Array({ maxLength: 5 }), fc.nat(3))
    .map(([at, put, cut]) => concat(bytes.slice(0, at), put, bytes.slice(at + cut)))

describe('any bytes', () => {
  test('are a certificate, a CRL and a key, or are not', () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      mutated(leaf.der),
      mutated(crl.der),
      mutated(leaf.spki),
    )
    fc.assert(
      fc.property(any, (bytes) => {
        expect(readCertificate(bytes)).toHaveProperty('ok')
        expect(readCrl(bytes)).toHaveProperty('ok')
        expect(checkCost(bytes)).toBeGreaterThan(0)
        expect(() => publicKeyForm(bytes)).not.toThrow()
        expect(verifySignature({ ...leaf }, bytes)).not.toBe('good')
      }),
      { numRuns: 300 },
    )
  })

  test('stand in an extension, known or not', () => {
    const oids = fc.constantFrom(...Object.values(OID))
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(...leaf.extensions.map(({ value }) => value)).chain(mutated),
    )
    fc.assert(
      fc.property(oids, any, (oid, value) => {
        const read = readDer(value, 'extension', (r) => {
          if (!readCertificateExtension(oid, r, value, {})) r.element('value')
        })
        expect(read).toHaveProperty('ok')
      }),
      { numRuns: 1000 },
    )
  })

  test('in a certificate or a CRL of a path never make it hold, and are judged as every party judges', () => {
    const profiles = fc.constantFrom(...Object.values(PROFILES))
    const certificates = fc
      .constantFrom(leaf, issuing)
      .chain((whole) => mutated(whole.der).map((der) => ({ whole, der })))
    fc.assert(
      fc.property(certificates, profiles, ({ whole, der }, profile) => {
        const read = readCertificate(der)
        fc.pre(read.ok && Buffer.compare(der, whole.der) !== 0)
        const changed = read.ok ? read.value : whole
        const asked = whole === leaf ? { leaf: changed } : { sent: [changed] }
        expect(judge(pki, { ...asked, profile }).valid).toBe(false)
      }),
      { numRuns: 100 },
    )
    fc.assert(
      fc.property(mutated(crl.der), profiles, (der, profile) => {
        const read = readCrl(der)
        fc.pre(read.ok && Buffer.compare(der, crl.der) !== 0)
        const crls = [read.ok ? read.value : crl]
        const hard = { ...profile, revocation: 'hard' } as const
        const asked = { profile: hard, crls: () => ({ kind: 'known', crls }) as const }
        expect(judge(pki, asked).valid).toBe(false)
      }),
      { numRuns: 100 },
    )
  })
})

describe('bounded work', () => {
  const OFFLINE = { ...PROFILES.strict, revocation: 'none', demandsConformance: false } as const
  const hosts = (count: number): readonly GeneralName[] =>
    Array.from({ length: count }, (_, i) => ({ kind: 'dns', value: `h${i}.test` }))
  const constraining = (count: number): NameConstraints => ({
    permitted: hosts(count).map((base) => ({ base, bounded: false })),
    excluded: [],
  })

  test('names held against constraints are given up, and the certificate with the names is told', () => {
    const many = Math.ceil(Math.sqrt(NAME_COMPARISONS_MAX)) + 1
    const { failures } = judge(pki, {
      profile: OFFLINE,
      leaf: { ...leaf, subjectAltName: hosts(many) },
      sent: [{ ...issuing, nameConstraints: constraining(many) }],
    })
    expect(failures).toContainEqual(
      expect.objectContaining({
        code: 'pki/name-constraint',
        subject: 'CN=vpn.contoso.com',
        expected: `at most ${NAME_COMPARISONS_MAX} comparisons`,
      }),
    )
  })

  test('constraints that nothing is held against cost as well, and all paths pay from one purse', () => {
    const long = constraining(NAME_COMPARISONS_MAX / 4)
    const ways = Array.from({ length: 6 }, (_, i): Certificate => ({
      ...issuing,
      der: concat(issuing.der, Uint8Array.of(i)),
      nameConstraints: long,
    }))
    const { rejected } = judge(pki, {
      profile: OFFLINE,
      leaf: { ...leaf, subjectAltName: [] },
      sent: ways,
      name: 'nobody.test',
    })
    const given = rejected.map((path) => codesOf(path).includes('pki/name-constraint'))
    expect(given).toContain(true)
    expect(given).toContain(false)
  })

  test('a thousand mappings and policies are followed, and not their products', () => {
    const policies = Array.from({ length: 1000 }, (_, i) => `1.2.3.${i}`)
    const bomb = {
      certificatePolicies: policies,
      policyMappings: policies.flatMap((issuer, i) => [
        { issuer, subject: policies[(i + 1) % 1000]! },
        { issuer, subject: policies[(i + 7) % 1000]! },
      ]),
      policyConstraints: { requireExplicitPolicy: 0 },
    }
    const inputs = {
      acceptable: ['1.2.9'],
      requireExplicit: true,
      inhibitMapping: false,
      inhibitAny: false,
    }
    const { failures } = judge(pki, {
      profile: OFFLINE,
      leaf: { ...leaf, certificatePolicies: policies },
      sent: [{ ...issuing, ...bomb }],
      policies: inputs,
    })
    expect(failures).toMatchObject([{ code: 'pki/policy', subject: 'CN=vpn.contoso.com' }])
  })

  test('many certificates of one authority are looked at until a few are refused', () => {
    const copies = Array.from({ length: 300 }, (_, i): Certificate => ({
      ...issuing,
      der: concat(issuing.der, Uint8Array.of(i >> 8, i & 255)),
      notAfter: START,
      notBefore: START,
    }))
    const at = leaf.notAfter
    const dead = judge(pki, { profile: OFFLINE, sent: copies, anchors: [], at })
    expect(dead.rejected).toHaveLength(PATHS_MAX)
    const anchored = judge(pki, { profile: OFFLINE, sent: copies, at })
    expect(anchored.rejected).toHaveLength(PATHS_MAX + 1)
    expect(anchored.rejected.flatMap(codesOf)).toContain('pki/path-search-limit')
  })
})
