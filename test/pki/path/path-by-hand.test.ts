import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex } from '../../../src/base/bytes.ts'
import {
  readCertificate,
  subjectOf,
  type Certificate,
} from '../../../src/pki/certificate/certificate.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'
import { PROFILES } from '../../../src/windows/relying-parties.ts'
import { signSha256Rsa, verifySignature } from '../../../src/pki/keys/signature.ts'
import { held, judge, pkiOf, reread, rootOf } from '../contoso.ts'

const pki = pkiOf()
const gateway = held(pki)
const issuing = pki.authority('issuing')!

describe('certificates by hand', () => {
  /** Take an issued certificate apart, add to it, and have `signer` sign it again. */
  function withExtension(
    base: Certificate,
    signer: 'root' | 'issuing',
    extra: Uint8Array,
  ): Certificate {
    const extensions = base.extensions.map(({ oid, critical, value }) =>
      write.sequence(
        write.oid(oid),
        ...(critical ? [write.boolean(true)] : []),
        write.octetString(value),
      ),
    )
    const algorithm = base.signatureAlgorithm.der
    const tbs = write.sequence(
      write.explicit(0, write.integer(2)),
      write.element(2, fromHex(base.serial)),
      algorithm,
      base.issuer.der,
      write.sequence(write.time(base.notBefore), write.time(base.notAfter)),
      base.subject.der,
      base.spki,
      write.explicit(3, write.sequence(...extensions, extra)),
    )
    const signature = signSha256Rsa(tbs, pki.authority(signer)!.privateKey)
    return reread(write.sequence(tbs, algorithm, write.bitString(signature)))
  }
  const unknown = (critical: boolean) =>
    write.sequence(
      write.oid('1.2.3.4'),
      ...(critical ? [write.boolean(true)] : []),
      write.octetString(write.nullElement()),
    )

  test('an unknown critical extension spoils a path, an unknown other one does not', () => {
    expect(
      judge(pki, { leaf: withExtension(gateway.certificate, 'issuing', unknown(false)) }).valid,
    ).toBe(true)
    const spoiled = judge(pki, {
      leaf: withExtension(gateway.certificate, 'issuing', unknown(true)),
    })
    expect(spoiled.failures).toMatchObject([
      { code: 'pki/unknown-critical-extension', got: '1.2.3.4' },
    ])
  })

  test('an authority’s extKeyUsage limits what it issues', () => {
    const usage = write.sequence(
      write.oid(OID.extKeyUsage),
      write.octetString(write.sequence(write.oid('1.3.6.1.5.5.7.3.2'))),
    )
    const limited = withExtension(issuing.certificate, 'root', usage)
    expect(judge(pki, { sent: [limited] }).failures).toMatchObject([
      { code: 'pki/wrong-eku', subject: subjectOf(issuing.certificate) },
    ])
  })

  test('an end entity’s key issues nothing that holds', () => {
    const { certificate, privateKey } = gateway
    const tbs = write.sequence(
      write.explicit(0, write.integer(2)),
      write.integer(5),
      certificate.signatureAlgorithm.der,
      certificate.subject.der,
      write.sequence(write.time(certificate.notBefore), write.time(certificate.notAfter)),
      certificate.subject.der,
      rootOf(pki).spki,
    )
    const below = reread(
      write.sequence(
        tbs,
        certificate.signatureAlgorithm.der,
        write.bitString(signSha256Rsa(tbs, privateKey)),
      ),
    )
    const verdict = judge(pki, {
      leaf: below,
      sent: [certificate, issuing.certificate],
      profile: PROFILES['ike-client'],
    })
    expect(verdict.failures.map(({ code, got }) => [code, got])).toEqual([
      ['pki/not-a-ca', 'no basicConstraints'],
      ['pki/not-a-ca', 'digitalSignature, keyEncipherment'],
      ['pki/path-too-long', '1'],
    ])
  })

  test('an issuer whose key nothing here can use is told apart from a forgery', () => {
    const odd = {
      ...issuing.certificate,
      spki: write.sequence(write.sequence(write.oid('1.2.3')), write.bitString(Uint8Array.of(1))),
    }
    expect(verifySignature(gateway.certificate, odd.spki)).toBe('unsupported')
    expect(judge(pki, { sent: [odd] }).failures).toMatchObject([
      { code: 'pki/bad-signature', got: 'unsupported signature' },
    ])
  })
})

test('one changed byte never throws, and never makes a chain good that covers it', () => {
  const path = [gateway.certificate, issuing.certificate]
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.nat({ max: 1 }),
      (where, flip, which) => {
        const { der } = path[which]!
        const at = where % der.length
        const changed = Uint8Array.of(der[at]! ^ flip)
        const read = readCertificate(concat(der.slice(0, at), changed, der.slice(at + 1)))
        if (!read.ok) return
        const verdict =
          which === 0 ? judge(pki, { leaf: read.value }) : judge(pki, { sent: [read.value] })
        expect(verdict.valid).toBe(false)
      },
    ),
    { numRuns: 400 },
  )
})
