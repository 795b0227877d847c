import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, utf8 } from '../../../src/base/bytes.ts'
import { after, days, type Instant } from '../../../src/base/time.ts'
import {
  contextConstructed,
  contextPrimitive,
  formatDerFault,
  TAG,
} from '../../../src/pki/encoding/der.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'
import {
  certIdOf,
  readOcspRequest,
  writeCertId,
  writeOcspRequest,
  type CertId,
} from '../../../src/pki/revocation/ocsp-request.ts'
import {
  readOcspResponse,
  writeOcspError,
  writeOcspResponse,
  type SingleResponse,
} from '../../../src/pki/revocation/ocsp-response.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'
import { held, pkiOf, START } from '../contoso.ts'
import { delegateOf, responseOf } from './ocsp-maker.ts'

const pki = pkiOf()
const leaf = held(pki).certificate
const issuing = pki.authority('issuing')!.certificate
const id = certIdOf(leaf, issuing)
const request = writeOcspRequest(id, new Uint8Array(16).fill(9))
const response = responseOf(pki, { signer: delegateOf(pki) })

const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })
const serial = bytes(1, 20).map((octets) =>
  Buffer.from(octets.map((octet, i) => (i === 0 ? (octet & 0x3f) | 0x40 : octet))).toString('hex'),
)
const certId: fc.Arbitrary<CertId> = fc.record({
  hashAlgorithm: fc.constantFrom(OID.sha1, OID.sha256, '1.2.3.4'),
  issuerNameHash: bytes(0, 40),
  issuerKeyHash: bytes(0, 40),
  serial,
})
const moment = fc
  .integer({ min: -2_000_000_000, max: 200_000_000_000 })
  .map((s) => (s * 1e6) as Instant)
const single: fc.Arbitrary<SingleResponse> = fc
  .record(
    {
      certId,
      status: fc.constantFrom('good', 'revoked', 'unknown'),
      revokedAt: moment,
      reason: fc.constantFrom('keyCompromise', 'removeFromCRL', 'certificateHold'),
      thisUpdate: moment,
      nextUpdate: moment,
    },
    { requiredKeys: ['certId', 'status', 'revokedAt', 'thisUpdate'] },
  )
  .map(({ revokedAt, reason, ...rest }) =>
    rest.status === 'revoked' ? { ...rest, revokedAt, ...(reason && { reason }) } : rest,
  )

describe('what is written reads back', () => {
  test('requests', () => {
    fc.assert(
      fc.property(certId, fc.option(bytes(1, 128), { nil: undefined }), (asked, nonce) => {
        expect(readOcspRequest(writeOcspRequest(asked, nonce))).toEqual({
          ok: true,
          value: { certIds: [asked], ...(nonce && { nonce }), unknownCritical: [] },
        })
      }),
    )
  })

  test('responses', () => {
    fc.assert(
      fc.property(
        fc.array(single, { minLength: 1, maxLength: 3 }),
        fc.option(bytes(1, 128), { nil: undefined }),
        moment,
        fc.boolean(),
        (responses, nonce, producedAt, byName) => {
          const keyHash = new Uint8Array(20)
          const der = writeOcspResponse(
            {
              responder: byName
                ? { kind: 'name', der: issuing.subject.der }
                : { kind: 'key', keyHash },
              producedAt,
              responses,
              ...(nonce && { nonce }),
              certificates: [leaf.der],
            },
            () => Uint8Array.of(1, 2, 3),
          )
          const read = readOcspResponse(der)
          expect(read).toMatchObject({
            ok: true,
            value: {
              status: 'successful',
              basic: {
                responder: byName
                  ? { kind: 'name', name: issuing.subject }
                  : { kind: 'key', keyHash },
                producedAt,
                signature: Uint8Array.of(1, 2, 3),
                unknownCritical: [],
                certificates: [{ serial: leaf.serial }],
              },
            },
          })
          if (!read.ok || read.value.status !== 'successful') return
          expect(read.value.basic.responses).toEqual(responses)
          expect(read.value.basic.nonce).toEqual(nonce)
        },
      ),
    )
  })

  test.for([
    'malformedRequest',
    'internalError',
    'tryLater',
    'sigRequired',
    'unauthorized',
  ] as const)('the error status %s', (status) => {
    expect(readOcspResponse(writeOcspError(status))).toEqual({ ok: true, value: { status } })
  })
})

test('a moment of a year beyond 2049 stands in a response as it does before', () => {
  const at = after(START, days(36_500))
  const read = readOcspResponse(responseOf(pki, { single: { thisUpdate: at, nextUpdate: at } }))
  expect(read).toMatchObject({ value: { basic: { responses: [{ thisUpdate: at }] } } })
})

describe('hostile bytes are a value', () => {
  const changed = (der: Uint8Array) =>
    fc
      .array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map((places) => {
        const copy = der.slice()
        for (const [at, octet] of places) copy[at] = octet
        return copy
      })
  const readers = [readOcspRequest, readOcspResponse] as const

  test.for<[string, fc.Arbitrary<Uint8Array>]>([
    ['random', bytes(0, 300)],
    ['a request with other octets', changed(request)],
    ['a response with other octets', changed(response)],
    ['a request that is cut', fc.nat(request.length - 1).map((n) => request.slice(0, n))],
    ['a response that is cut', fc.nat(response.length - 1).map((n) => response.slice(0, n))],
    ['a response and more', bytes(1, 20).map((more) => concat(response, more))],
  ])('%s', ([, arbitrary]) => {
    fc.assert(
      fc.property(arbitrary, (der) => {
        for (const read of readers) {
          const result = read(der)
          if (result.ok) continue
          expect(result.error.offset).toBeGreaterThanOrEqual(0)
          expect(result.error.offset).toBeLessThanOrEqual(der.length)
        }
      }),
      { numRuns: 400 },
    )
  })

  test('no part of either is whole', () => {
    for (let n = 0; n < request.length; n++)
      expect(readOcspRequest(request.slice(0, n)).ok).toBe(false)
    for (let n = 0; n < response.length; n++)
      expect(readOcspResponse(response.slice(0, n)).ok).toBe(false)
  })
})

describe('what DER and RFC 6960 do not allow', () => {
  const v1 = write.explicit(0, write.integer(0))
  const ids = write.sequence(write.sequence(writeCertId(id)))
  const extension = (oid: string, value: Uint8Array, ...critical: Uint8Array[]) =>
    write.sequence(write.oid(oid), ...critical, write.octetString(value))
  const extensions = (n: number, ...each: Uint8Array[]) =>
    write.explicit(n, write.sequence(...each))
  const fault = (read: typeof readOcspRequest | typeof readOcspResponse, der: Uint8Array) => {
    const result = read(der)
    return result.ok ? 'read' : formatDerFault(result.error)
  }

  test.for<[string, Uint8Array, RegExp]>([
    [
      'version 1, written out',
      write.sequence(write.sequence(v1, ids)),
      /^version, byte 4: only v1/,
    ],
    [
      'nobody asked about',
      write.sequence(write.sequence(write.sequence())),
      /^requestList, byte 6: at least one/,
    ],
    [
      '65 certificates',
      write.sequence(
        write.sequence(
          write.sequence(...Array.from({ length: 65 }, () => write.sequence(writeCertId(id)))),
        ),
      ),
      /^requestList.*more than 64/,
    ],
    [
      'a nonce of no octets',
      write.sequence(
        write.sequence(
          ids,
          extensions(2, extension(OID.ocspNonce, write.octetString(new Uint8Array()))),
        ),
      ),
      /^nonce.*0 octets/,
    ],
    [
      'a nonce of 129 octets',
      write.sequence(
        write.sequence(
          ids,
          extensions(2, extension(OID.ocspNonce, write.octetString(new Uint8Array(129)))),
        ),
      ),
      /^nonce.*129 octets/,
    ],
    [
      'a nonce that is no OCTET STRING',
      write.sequence(write.sequence(ids, extensions(2, extension(OID.ocspNonce, fromHex('0500'))))),
      /^nonce.*0x05, expected 0x04/,
    ],
    [
      'two nonces',
      write.sequence(
        write.sequence(
          ids,
          extensions(
            2,
            ...[1, 2].map(() => extension(OID.ocspNonce, write.octetString(utf8('x')))),
          ),
        ),
      ),
      /stands twice/,
    ],
    [
      'a signature without an algorithm',
      write.sequence(write.sequence(ids), write.explicit(0, write.sequence())),
      /^optionalSignature.*missing/,
    ],
  ])('a request with %s', ([, der, rule]) => {
    expect(fault(readOcspRequest, der)).toMatch(rule)
  })

  test('a critical extension that nobody knows makes a request unanswerable', () => {
    const critical = extension('2.5.29.99', fromHex('0500'), write.boolean(true))
    const single = write.sequence(write.sequence(writeCertId(id), extensions(0, critical)))
    const der = write.sequence(write.sequence(single, extensions(2, critical)))
    expect(readOcspRequest(der)).toMatchObject({
      ok: true,
      value: { unknownCritical: ['2.5.29.99', '2.5.29.99'] },
    })
  })

  const algorithm = write.sequence(write.oid(OID.sha256WithRSAEncryption), write.nullElement())
  const successful = (type: string, inner: Uint8Array) =>
    write.sequence(
      write.integer(0, TAG.enumerated),
      write.explicit(0, write.sequence(write.oid(type), write.octetString(inner))),
    )
  const basic = (tbs: Uint8Array, ...more: Uint8Array[]) =>
    successful(
      OID.ocspBasic,
      write.sequence(tbs, algorithm, write.bitString(Uint8Array.of(1)), ...more),
    )
  const key = write.explicit(2, write.octetString(new Uint8Array(20)))
  const now = write.generalizedTime(START)
  const good = write.element(contextPrimitive(0))
  const data = (...parts: Uint8Array[]) => basic(write.sequence(...parts))
  const said = (...parts: Uint8Array[]) =>
    data(key, now, write.sequence(write.sequence(writeCertId(id), ...parts)))

  test.for<[string, Uint8Array, RegExp]>([
    ['a status that is not used', fromHex('30030a0104'), /^responseStatus, byte 5: 4 is not/],
    ['success without an answer', fromHex('30030a0100'), /^responseBytes.*missing/],
    [
      'an answer without success',
      write.sequence(write.integer(1, TAG.enumerated), write.explicit(0, write.sequence())),
      /bytes follow/,
    ],
    [
      'another response type',
      successful('1.2.3', write.sequence()),
      /1\.2\.3 is not id-pkix-ocsp-basic/,
    ],
    ['version 1, written out', data(v1, key, now), /^version/],
    [
      '17 certificates',
      responseOf(pki, { contents: { certificates: Array.from({ length: 17 }, () => leaf.der) } }),
      /^certs.*more than 16/,
    ],
    ['no responder', data(now), /^responderID/],
    [
      'a name that is half one',
      data(write.explicit(1, fromHex('3003300130')), now),
      /^responderID/,
    ],
    ['producedAt as UTCTime', data(key, write.time(START)), /^producedAt.*not GeneralizedTime/],
    ['nothing said', data(key, now, write.sequence()), /^responses.*at least one/],
    ['another status', said(write.element(contextPrimitive(3)), now), /^certStatus.*neither good/],
    [
      'good with contents',
      said(write.element(contextPrimitive(0), utf8('x')), now),
      /^certStatus.*no contents/,
    ],
    ['revoked without a time', said(write.element(contextConstructed(1)), now), /^revocationTime/],
    [
      'reason 7',
      said(
        write.element(
          contextConstructed(1),
          now,
          write.explicit(0, write.integer(7, TAG.enumerated)),
        ),
        now,
      ),
      /^revocationReason.*7 is not/,
    ],
    ['no thisUpdate', said(good), /^thisUpdate/],
    [
      'a fraction of a second',
      said(good, write.element(TAG.generalizedTime, utf8('20260302080000.5Z'))),
      /^thisUpdate.*not a date/,
    ],
    [
      'a certificate that is none',
      basic(
        write.sequence(key, now, write.sequence(write.sequence(writeCertId(id), good, now))),
        write.explicit(0, write.sequence(write.sequence())),
      ),
      /^certs certificate/,
    ],
  ])('a response with %s', ([, der, rule]) => {
    expect(fault(readOcspResponse, der)).toMatch(rule)
  })

  test('critical extensions: archive cutoff changes nothing, an unknown one is kept for the judgement', () => {
    const critical = (oid: string) => extension(oid, fromHex('0500'), write.boolean(true))
    const read = readOcspResponse(
      said(good, now, extensions(1, critical(OID.ocspArchiveCutoff), critical('2.5.29.99'))),
    )
    expect(read).toMatchObject({ ok: true, value: { basic: { unknownCritical: ['2.5.29.99'] } } })
  })

  test('the offset of a fault in a certificate that was sent along counts from the first byte', () => {
    const at = Buffer.from(response).lastIndexOf(Buffer.from(delegateOf(pki).certificate.der))
    const spoilt = response.slice()
    // The version of the certificate: 30 82 xx xx 30 82 xx xx a0 03 02 01 02
    spoilt[at + 12] = 9
    const read = readOcspResponse(spoilt)
    expect(!read.ok && read.error).toMatchObject({ field: 'certs version', offset: at + 13 })
  })
})
