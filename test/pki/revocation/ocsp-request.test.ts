import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  certIdOf,
  identifies,
  isIssuedBy,
  OCSP_GET_OCTETS_MAX,
  ocspGetUrl,
  requestOfTarget,
  writeOcspRequest,
} from '../../../src/pki/revocation/ocsp-request.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'
import { held, pkiOf, rootOf } from '../contoso.ts'
import { RESPONDER } from './ocsp-maker.ts'

const pki = pkiOf()
const leaf = held(pki).certificate
const issuing = pki.authority('issuing')!.certificate
const id = certIdOf(leaf, issuing)

describe('a CertID', () => {
  test.for([OID.sha1, OID.sha256])('with hash %s stands for exactly one certificate', (hash) => {
    const own = certIdOf(leaf, issuing, hash)
    expect(identifies(own, leaf, issuing)).toBe(true)
    expect(identifies({ ...own, serial: '01' }, leaf, issuing)).toBe(false)
    expect(identifies({ ...own, issuerKeyHash: own.issuerNameHash }, leaf, issuing)).toBe(false)
    expect(identifies({ ...own, issuerNameHash: own.issuerKeyHash }, leaf, issuing)).toBe(false)
    expect(identifies({ ...own, hashAlgorithm: '1.2.3' }, leaf, issuing)).toBe(false)
    expect(identifies(own, leaf, rootOf(pki))).toBe(false)
    expect(isIssuedBy(own, issuing)).toBe(true)
    expect(isIssuedBy(own, rootOf(pki))).toBe(false)
    expect(isIssuedBy({ ...own, hashAlgorithm: '1.2.3' }, issuing)).toBe(false)
  })

  test('needs a hash that is known here', () => {
    expect(() => certIdOf(leaf, issuing, '1.2.3')).toThrow(RangeError)
  })
})

describe('the way into a URL and back (RFC 6960 appendix A.1)', () => {
  test('base64, percent-encoded, below the responder’s path', () => {
    const url = ocspGetUrl(RESPONDER, Uint8Array.of(0xfb, 0xff, 0xfe, 0xff))
    expect(url).toBe(`${RESPONDER}/%2B%2F%2F%2B%2Fw%3D%3D`)
    expect(ocspGetUrl(`${RESPONDER}/`, Uint8Array.of(1, 2, 3))).toBe(`${RESPONDER}/AQID`)
    expect(requestOfTarget('%2B%2F%2F%2B%2Fw%3D%3D')).toEqual(Uint8Array.of(0xfb, 0xff, 0xfe, 0xff))
    expect(requestOfTarget('+//+/w==')).toEqual(Uint8Array.of(0xfb, 0xff, 0xfe, 0xff))
  })

  test('a longer URL is posted', () => {
    const lengths = [0, 32, 64, 100].map((n) => writeOcspRequest(id, new Uint8Array(n + 1)))
    const urls = lengths.map((der) => ocspGetUrl(RESPONDER, der))
    expect(urls.at(0)!.length).toBeLessThanOrEqual(OCSP_GET_OCTETS_MAX)
    expect(urls.at(-1)).toBeUndefined()
  })

  test('every request that fits comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (der) => {
        const url = ocspGetUrl('http://o', der)!
        expect(requestOfTarget(url.slice('http://o/'.length))).toEqual(der)
      }),
    )
  })

  test.for([
    '',
    '%',
    '%2',
    '%zz',
    'A',
    'AQI',
    'AQID=',
    '\u00e4\u00e4\u00e4\u00e4',
    '%80%80%80%80',
    'AB==',
    'A QI',
  ])('%j is no request', (rest) => {
    expect(requestOfTarget(rest)).toBeUndefined()
  })
})
