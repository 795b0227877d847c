import { describe, expect, test } from 'vitest'
import { fromHex } from '../../../src/base/bytes.ts'
import { after, days, hours, type Duration } from '../../../src/base/time.ts'
import * as extend from '../../../src/pki/certificate/extension-writer.ts'
import { certIdOf } from '../../../src/pki/revocation/ocsp-request.ts'
import { writeOcspError } from '../../../src/pki/revocation/ocsp-response.ts'
import { readCrl, writeCrl } from '../../../src/pki/revocation/crl.ts'
import { signSha256Rsa } from '../../../src/pki/keys/signature.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'
import type { CrlSource } from '../../../src/pki/revocation/revocation.ts'
import { codesOf, forge, freshCrls, GATEWAY, held, judge, pkiOf, START } from '../contoso.ts'
import { delegateOf, RESPONDER, responseOf, saying, SILENT } from './ocsp-maker.ts'
import { PROFILES } from '../../../src/windows/relying-parties.ts'

const OCSP = { urls: [RESPONDER] }
/** What it issues names no CRL. */
const pki = pkiOf({ issuing: { ocsp: OCSP, crlUrls: [] } })
const issuing = pki.authority('issuing')!
const other = pkiOf({
  issuing: { ocsp: OCSP },
  certificates: [GATEWAY, { ...GATEWAY, name: 'sstp' }],
})

/** Only the root's CRL is known: of the gateway only OCSP can tell. */
const rootCrl = freshCrls(pki, START, ['root'])
const judgeBy = (der: Uint8Array, nonce?: Uint8Array, change = {}) =>
  judge(pki, { crls: rootCrl, ocsp: saying(der, nonce), ...change })

describe('a response clears a certificate', () => {
  test.for<[string, Uint8Array]>([
    ['signed by the issuer', responseOf(pki)],
    ['signed by a delegate', responseOf(pki, { signer: delegateOf(pki) })],
    [
      'with the responder’s name',
      responseOf(pki, {
        contents: { responder: { kind: 'name', der: issuing.certificate.subject.der } },
      }),
    ],
    [
      'with SHA-256 in the CertID',
      responseOf(pki, {
        single: { certId: certIdOf(held(pki).certificate, issuing.certificate, OID.sha256) },
      }),
    ],
    [
      'by a delegate without nocheck that names no CRL',
      responseOf(pki, {
        signer: delegateOf(pki, { extensions: [extend.extKeyUsage([OID.ocspSigning])] }),
      }),
    ],
  ])('%s', ([, der]) => {
    expect(judgeBy(der)).toMatchObject({ valid: true, failures: [] })
  })

  test('the CRL is not looked at then', () => {
    const asked: string[] = []
    const crls: CrlSource = (wanted) => {
      asked.push(wanted.issuer.text)
      return freshCrls(pki, START)(wanted)
    }
    expect(judge(pki, { crls, ocsp: saying(responseOf(pki)) }).valid).toBe(true)
    expect(asked).toEqual(['CN=Contoso Root CA, O=Contoso'])
  })
})

describe('what is held against a response', () => {
  const wrongEku = [extend.extKeyUsage([OID.anyExtendedKeyUsage])]
  const signer = (change: Parameters<typeof delegateOf>[1]) =>
    responseOf(pki, { signer: delegateOf(pki, change) })
  const at = (single: Record<string, Duration>) =>
    responseOf(pki, {
      single: Object.fromEntries(
        Object.entries(single).map(([field, offset]) => [field, after(START, offset)]),
      ),
    })
  const signed = delegateOf(pki)

  test.for<[string, Uint8Array, string, RegExp]>([
    [
      'revoked',
      responseOf(pki, { single: { status: 'revoked', revokedAt: START, reason: 'keyCompromise' } }),
      'pki/revoked',
      /revoked on 2026-03-02T08:00:00Z \(keyCompromise\)/,
    ],
    [
      'unknown',
      responseOf(pki, { single: { status: 'unknown' } }),
      'pki/ocsp-unknown',
      /does not know it/,
    ],
    ['old', at({ nextUpdate: hours(-0.5) }), 'pki/ocsp-expired', /expired on 2026-03-02T07:30:00Z/],
    ['of the future', at({ thisUpdate: hours(1) }), 'pki/ocsp-invalid', /begins in the future/],
    [
      'signed in the future',
      responseOf(pki, { contents: { producedAt: after(START, hours(1)) } }),
      'pki/ocsp-invalid',
      /begins in the future/,
    ],
    [
      'about another certificate',
      responseOf(other, {
        single: { certId: certIdOf(held(other, 'sstp').certificate, issuing.certificate) },
      }),
      'pki/ocsp-invalid',
      /another certificate/,
    ],
    [
      'about another issuer’s certificate',
      responseOf(pki, {
        single: { certId: certIdOf(held(pki).certificate, pki.authority('root')!.certificate) },
      }),
      'pki/ocsp-invalid',
      /another certificate/,
    ],
    [
      'signed by nobody known',
      responseOf(pki, { signer: signed, contents: { certificates: [] } }),
      'pki/ocsp-invalid',
      /not verify.*certificate is not known/,
    ],
    [
      'with the name of another signer',
      responseOf(pki, {
        contents: {
          responder: { kind: 'name', der: pki.authority('root')!.certificate.subject.der },
        },
      }),
      'pki/ocsp-invalid',
      /not verify/,
    ],
    [
      'with a spoilt signature',
      responseOf(pki, { signer: { ...signed, sign: (tbs) => signed.sign(tbs.slice(1)) } }),
      'pki/ocsp-invalid',
      /not verify.*bad signature/,
    ],
    ['by a delegate of the root', signer({ issuer: 'root' }), 'pki/ocsp-invalid', /did not issue/],
    [
      'by a delegate with a forged certificate',
      responseOf(pki, { signer: { ...signed, certificate: forge(signed.certificate) } }),
      'pki/ocsp-invalid',
      /did not issue/,
    ],
    [
      'by a delegate for another purpose',
      signer({ extensions: wrongEku }),
      'pki/ocsp-invalid',
      /OCSPSigning/,
    ],
    ['by a delegate for no purpose', signer({ extensions: [] }), 'pki/ocsp-invalid', /OCSPSigning/],
    [
      'by a delegate with another key usage',
      signer({
        extensions: [extend.keyUsage('keyEncipherment'), extend.extKeyUsage([OID.ocspSigning])],
      }),
      'pki/ocsp-invalid',
      /digitalSignature/,
    ],
    [
      'by a delegate that has expired',
      signer({ notBefore: after(START, days(-20)) }),
      'pki/ocsp-invalid',
      /not valid now/,
    ],
    [
      'by a delegate with an unknown critical extension',
      signer({
        extensions: [
          extend.extKeyUsage([OID.ocspSigning]),
          { oid: '2.5.29.99', critical: true, value: fromHex('3000') },
        ],
      }),
      'pki/ocsp-invalid',
      /2\.5\.29\.99/,
    ],
    [
      'by a delegate whose CRL nobody has',
      signer({
        extensions: [
          extend.extKeyUsage([OID.ocspSigning]),
          extend.crlDistributionPoints(['http://pki.contoso.com/issuing.crl']),
        ],
      }),
      'pki/ocsp-invalid',
      /CN=OCSP: /,
    ],
    ['that is no answer', writeOcspError('tryLater'), 'pki/ocsp-unreachable', /got tryLater/],
    ['that is no response', fromHex('3003'), 'pki/ocsp-invalid', /cannot be read.*byte 0/],
  ])('%s', ([, der, code, told]) => {
    const [failure, ...others] = judgeBy(der).failures
    expect(failure).toMatchObject({ code, subject: 'CN=vpn.contoso.com' })
    expect(`${failure!.message}, expected ${failure!.expected}, got ${failure!.got}`).toMatch(told)
    expect(failure!.code === 'pki/revoked' || failure!.got?.includes(`${RESPONDER}: 200`)).toBe(
      true,
    )
    expect(others).toEqual([])
  })

  test('no nextUpdate: it could be replayed for ever (RFC 5019 §4)', () => {
    const single = {
      certId: certIdOf(held(pki).certificate, issuing.certificate),
      status: 'good',
      thisUpdate: START,
    } as const
    const der = responseOf(pki, { contents: { responses: [single] } })
    expect(judgeBy(der).failures).toMatchObject([
      { code: 'pki/ocsp-invalid', expected: 'a nextUpdate (RFC 5019 §4)' },
    ])
  })

  test.for<[string, string[], string[]]>([
    ['a CRL that clears it: it is heard', [], []],
    ['a CRL that has it: it is not', ['51'], ['pki/ocsp-invalid']],
  ])('a delegate without nocheck, and %s', ([, serials, codes]) => {
    const extensions = [
      extend.extKeyUsage([OID.ocspSigning]),
      extend.crlDistributionPoints(['http://pki.contoso.com/issuing.crl']),
    ]
    const list = readCrl(
      writeCrl(
        {
          issuer: issuing.certificate.subject.der,
          thisUpdate: after(START, hours(-1)),
          nextUpdate: after(START, hours(1)),
          entries: serials.map((serial) => ({ serial, revokedAt: START })),
          number: 1,
          authorityKeyId: issuing.certificate.subjectKeyId!,
        },
        (tbs) => signSha256Rsa(tbs, issuing.privateKey),
      ),
    )
    if (!list.ok) throw new Error(list.error.rule)
    // Only the delegate names a CRL.
    const crls: CrlSource = (wanted) =>
      wanted.urls.includes('http://pki.contoso.com/issuing.crl')
        ? { kind: 'known', crls: [list.value] }
        : rootCrl(wanted)
    const der = responseOf(pki, { signer: delegateOf(pki, { extensions }) })
    expect(codesOf(judgeBy(der, undefined, { crls }))).toEqual(codes)
  })
})

describe('the nonce', () => {
  const sent = new Uint8Array(32).fill(7)
  const demanding = { profile: { ...PROFILES.strict, ocspNonce: 'demanded' as const } }

  test('the same one comes back', () => {
    const der = responseOf(pki, { contents: { nonce: sent } })
    expect(judgeBy(der, sent, demanding).valid).toBe(true)
  })

  test('another one answers another request', () => {
    const der = responseOf(pki, { contents: { nonce: new Uint8Array(32) } })
    expect(judgeBy(der, sent).failures[0]).toMatchObject({
      code: 'pki/ocsp-invalid',
      message: 'its OCSP response answers another request',
    })
  })

  test('none comes back: tolerated, unless the profile demands it', () => {
    expect(judgeBy(responseOf(pki), sent).valid).toBe(true)
    expect(codesOf(judgeBy(responseOf(pki), sent, demanding))).toEqual(['pki/ocsp-invalid'])
  })
})

describe('OCSP and CRLs', () => {
  const both = pkiOf({ issuing: { ocsp: OCSP } })
  const crls = freshCrls(both, START)
  const revokedPki = pkiOf({
    issuing: { ocsp: OCSP },
    certificates: [{ ...GATEWAY, revoked: { at: hours(-2), reason: 'superseded' } }],
  })

  test.for<[string, Uint8Array | undefined]>([
    ['is silent', undefined],
    ['says tryLater', writeOcspError('tryLater')],
    ['says unknown', responseOf(pki, { single: { status: 'unknown' } })],
    ['is out of date', responseOf(pki, { single: { nextUpdate: after(START, hours(-0.5)) } })],
  ])('the CRL decides where the responder %s', ([, der]) => {
    const ocsp = der === undefined ? SILENT : saying(der)
    expect(judge(both, { crls, ocsp }).valid).toBe(true)
    expect(codesOf(judge(revokedPki, { ocsp }))).toEqual(['pki/revoked'])
  })

  test('one that prefers CRLs asks the responder where they do not answer', () => {
    const profile = { ...PROFILES.strict, prefersOcsp: false }
    expect(judge(pki, { crls: rootCrl, ocsp: saying(responseOf(pki)), profile }).valid).toBe(true)
    const ocsp = () => {
      throw new Error('asked')
    }
    expect(judge(pki, { crls, ocsp, profile }).valid).toBe(true)
  })

  test('both are told where neither answers', () => {
    const crlUrl = 'http://pki.contoso.com/issuing.crl'
    const unreachable: CrlSource = (wanted) =>
      wanted.urls.includes(crlUrl)
        ? { kind: 'unreachable', tried: [{ url: crlUrl, outcome: '404' }] }
        : rootCrl(wanted)
    expect(judge(both, { crls: unreachable, ocsp: SILENT }).failures).toMatchObject([
      {
        code: 'pki/crl-unreachable',
        got: `${crlUrl}: 404; pki/ocsp-unreachable: ${RESPONDER}: timed-out`,
      },
    ])
  })

  test('a certificate without a CDP fails by its responder', () => {
    expect(codesOf(judge(pki, { crls: rootCrl, ocsp: SILENT }))).toEqual(['pki/ocsp-unreachable'])
  })

  test('softly, a silent responder is only noted', () => {
    const profile = { ...PROFILES.strict, revocation: 'soft' as const }
    const { valid, tolerated } = judge(pki, { crls: rootCrl, ocsp: SILENT, profile })
    expect(valid).toBe(true)
    expect(tolerated.map(({ code }) => code)).toEqual(['pki/ocsp-unreachable'])
  })
})

describe('stapled', () => {
  const never = () => {
    throw new Error('asked')
  }

  test('what the peer sent is looked at before anybody is asked', () => {
    expect(judge(pki, { crls: rootCrl, stapled: [responseOf(pki)], ocsp: never }).valid).toBe(true)
  })

  test('a revocation that the peer staples itself counts', () => {
    const stapled = [responseOf(pki, { single: { status: 'revoked', revokedAt: START } })]
    expect(codesOf(judge(pki, { stapled }))).toEqual(['pki/revoked'])
  })

  test('responses on other certificates are passed over', () => {
    const elsewhere = responseOf(other, {
      single: { certId: certIdOf(held(other, 'sstp').certificate, issuing.certificate) },
    })
    expect(
      judge(pki, { crls: rootCrl, stapled: [elsewhere, responseOf(pki)], ocsp: never }).valid,
    ).toBe(true)
    expect(
      judge(pki, { crls: rootCrl, stapled: [elsewhere], ocsp: saying(responseOf(pki)) }).valid,
    ).toBe(true)
  })

  test('junk is told where nothing else answers, and of the end entity only', () => {
    const { failures } = judge(pki, { crls: rootCrl, stapled: [fromHex('30')], ocsp: SILENT })
    expect(failures).toMatchObject([{ code: 'pki/ocsp-invalid', subject: 'CN=vpn.contoso.com' }])
    expect(failures[0]!.message).toBe('its OCSP response cannot be read (stapled)')
    expect(judge(pki, { stapled: [fromHex('30')] }).valid).toBe(true)
  })
})

describe('what a profile lets pass', () => {
  const profile = {
    ...PROFILES.strict,
    toleratedRevocation: ['pki/ocsp-unreachable', 'pki/revoked'] as const,
  }

  test('the codes that it names are noted; what is revoked stays refused', () => {
    const { valid, tolerated } = judge(pki, { crls: rootCrl, ocsp: SILENT, profile })
    expect({ valid, codes: tolerated.map(({ code }) => code) }).toEqual({
      valid: true,
      codes: ['pki/ocsp-unreachable'],
    })
    const revoked = saying(responseOf(pki, { single: { status: 'revoked', revokedAt: START } }))
    expect(codesOf(judge(pki, { ocsp: revoked, profile }))).toEqual(['pki/revoked'])
    const unknown = saying(responseOf(pki, { single: { status: 'unknown' } }))
    expect(codesOf(judge(pki, { crls: rootCrl, ocsp: unknown, profile }))).toEqual([
      'pki/ocsp-unknown',
    ])
  })
})
