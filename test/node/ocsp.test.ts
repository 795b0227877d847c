/** OCSP as a host uses it: which way it asks, what it keeps, and when it falls back to CRLs. */
import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../src/base/bytes.ts'
import { after, days, hours } from '../../src/base/time.ts'
import type { RelyingPartyProfile } from '../../src/pki/profile/profile.ts'
import { AIA_BYTES_MAX } from '../../src/node/retrieval.ts'
import { writeOcspError } from '../../src/pki/revocation/ocsp-response.ts'
import { readOcspRequest, requestOfTarget } from '../../src/pki/revocation/ocsp-request.ts'
import type { AuthoritySpec, OcspSpec } from '../../src/topology/pki.ts'
import { PROFILES } from '../../src/windows/relying-parties.ts'
import { codesOf, GATEWAY, pkiOf, START } from '../pki/contoso.ts'
import { RESPONDER, responseOf } from '../pki/revocation/ocsp-maker.ts'
import { Laptop, response, TIMED_OUT } from './laptop.ts'

const ROOT_CRL = 'http://pki.contoso.com/root.crl'
const ISSUING_CRL = 'http://pki.contoso.com/issuing.crl'
const REVOKED = { at: hours(2), reason: 'keyCompromise' as const }

const laptopOf = (
  ocsp: Partial<OcspSpec> = {},
  issuing: Partial<AuthoritySpec> = {},
  revoked?: typeof REVOKED,
) =>
  new Laptop(
    pkiOf({
      issuing: { ocsp: { urls: [RESPONDER], ...ocsp }, ...issuing },
      certificates: [{ ...GATEWAY, ...(revoked && { revoked }) }],
    }),
  )
const outcomes = (judgement: { readonly fetches: readonly { url: string; outcome: string }[] }) =>
  judgement.fetches.map(({ url, outcome }) => [url, outcome])
const SSTP = PROFILES['sstp-client']

describe('the responder is asked', () => {
  test('by GET, before any CRL of the same issuer', () => {
    const laptop = laptopOf()
    const judgement = laptop.judge()
    expect(judgement.valid).toBe(true)
    expect(outcomes(judgement)).toEqual([
      [RESPONDER, '200'],
      [ROOT_CRL, '200'],
    ])
    expect(laptop.asked[0]!.startsWith(`${RESPONDER}/MF`)).toBe(true)
    expect(laptop.asked).not.toContain(ISSUING_CRL)
    expect(laptop.posted).toEqual([])
    const request = readOcspRequest(requestOfTarget(laptop.asked[0]!.slice(RESPONDER.length + 1))!)
    expect(request.ok && request.value.nonce).toBeUndefined()
  })

  test('by POST where the URL of a GET would be too long', () => {
    const url = `http://ocsp.contoso.com/${'x'.repeat(180)}`
    const laptop = laptopOf({ urls: [url] })
    expect(laptop.judge().valid).toBe(true)
    expect(laptop.posted).toEqual([url])
    expect(laptop.judge().fromCache).toEqual([url, ROOT_CRL])
  })

  test('the next one where the first does not answer', () => {
    const laptop = laptopOf({
      urls: ['ldap:///CN=ocsp', 'http://down.contoso.com/ocsp', RESPONDER],
    })
    laptop.blocked.set('http://down.contoso.com/ocsp', TIMED_OUT)
    expect(outcomes(laptop.judge())).toEqual([
      ['http://down.contoso.com/ocsp', 'timed-out at 10.0.0.5:80'],
      [RESPONDER, '200'],
      [ROOT_CRL, '200'],
    ])
  })

  test('after the CRL, and only where that does not answer, by a profile that prefers CRLs', () => {
    const profile: RelyingPartyProfile = { ...SSTP, prefersOcsp: false }
    const laptop = laptopOf()
    expect(laptop.judge({ profile }).valid).toBe(true)
    expect(laptop.asked).toEqual([ISSUING_CRL, ROOT_CRL])
    const other = laptopOf()
    other.blocked.set(ISSUING_CRL, TIMED_OUT)
    expect(other.judge({ profile }).valid).toBe(true)
    expect(outcomes(other.judge({ profile }))[0]).toEqual([ISSUING_CRL, 'timed-out at 10.0.0.5:80'])
  })

  test('not at all by one that does not look at revocation', () => {
    const laptop = laptopOf()
    expect(laptop.judge({ profile: PROFILES['ike-client'] }).valid).toBe(true)
    expect(laptop.asked).toEqual([])
  })

  test('and what the peer staples saves the asking', () => {
    const laptop = laptopOf()
    expect(laptop.judge({ stapled: [responseOf(laptop.pki)] }).valid).toBe(true)
    expect(laptop.asked).toEqual([ROOT_CRL])
  })

  test('a revocation is told, and no CRL is fetched for it', () => {
    const laptop = laptopOf({}, { crl: { every: hours(1) } }, REVOKED)
    laptop.wallClock = after(START, hours(2))
    expect(laptop.judge().failures).toMatchObject([
      { code: 'pki/revoked', subject: 'CN=vpn.contoso.com' },
    ])
    expect(laptop.asked).not.toContain(ISSUING_CRL)
  })
})

describe('where the responder gives no answer, the CRL decides', () => {
  const answering = (body: (laptop: Laptop) => Uint8Array) => (laptop: Laptop) =>
    laptop.blocked.set(RESPONDER, (url) => response(url, 200, body(laptop)))

  test.for<[string, (laptop: Laptop) => unknown, string, string]>([
    [
      'silence',
      (l) => l.blocked.set(RESPONDER, TIMED_OUT),
      'timed-out at 10.0.0.5:80',
      'pki/ocsp-unreachable',
    ],
    [
      'an HTTP error',
      (l) => l.blocked.set(RESPONDER, response(RESPONDER, 503, utf8(''))),
      '503',
      'pki/ocsp-unreachable',
    ],
    [
      'an error page',
      answering(() => utf8('<html>')),
      '200, but ocspResponse, byte 0: identifier octet is 0x3c, expected 0x30',
      'pki/ocsp-invalid',
    ],
    [
      'tryLater',
      answering(() => writeOcspError('tryLater')),
      '200, but tryLater',
      'pki/ocsp-unreachable',
    ],
    [
      'unauthorized',
      answering(() => writeOcspError('unauthorized')),
      '200, but unauthorized',
      'pki/ocsp-unreachable',
    ],
    [
      'unknown',
      answering((l) => responseOf(l.pki, { single: { status: 'unknown' } })),
      '200',
      'pki/ocsp-unknown',
    ],
    [
      'an old answer',
      answering((l) => responseOf(l.pki, { single: { nextUpdate: after(START, hours(-0.5)) } })),
      '200',
      'pki/ocsp-expired',
    ],
    [
      'an answer about another certificate',
      answering((l) =>
        responseOf(l.pki, {
          single: {
            certId: {
              hashAlgorithm: '1.3.14.3.2.26',
              issuerNameHash: new Uint8Array(20),
              issuerKeyHash: new Uint8Array(20),
              serial: '01',
            },
          },
        }),
      ),
      '200',
      'pki/ocsp-invalid',
    ],
  ])('%s', ([, spoil, outcome, code]) => {
    const laptop = laptopOf()
    spoil(laptop)
    const judgement = laptop.judge()
    expect(judgement.valid).toBe(true)
    expect(outcomes(judgement)).toEqual([
      [RESPONDER, outcome],
      [ISSUING_CRL, '200'],
      [ROOT_CRL, '200'],
    ])
    const alone = laptopOf({}, { crlUrls: [] })
    spoil(alone)
    const [failure] = alone.judge().failures
    expect(failure).toMatchObject({ code, subject: 'CN=vpn.contoso.com' })
    expect(failure!.got).toContain(`${RESPONDER}: ${outcome}`)
    expect(alone.judge().windows).toEqual({
      code: '0x80092013',
      name: 'CRYPT_E_REVOCATION_OFFLINE',
    })
  })

  test('and where that cannot be had either, both are told', () => {
    const laptop = laptopOf()
    laptop.blocked.set(RESPONDER, TIMED_OUT)
    laptop.blocked.set(ISSUING_CRL, response(ISSUING_CRL, 404, utf8('')))
    expect(laptop.judge().failures).toMatchObject([
      {
        code: 'pki/crl-unreachable',
        got: `${ISSUING_CRL}: 404; pki/ocsp-unreachable: ${RESPONDER}: timed-out at 10.0.0.5:80`,
      },
    ])
  })
})

describe('responses are kept', () => {
  const kept = () => {
    const laptop = laptopOf({}, { crl: { every: days(1), validFor: days(2) } }, REVOKED)
    expect(laptop.judge().valid).toBe(true)
    laptop.asked.length = 0
    return laptop
  }

  test('until their nextUpdate, so a revocation is seen late', () => {
    const laptop = kept()
    laptop.wallClock = after(START, days(1.5))
    expect(laptop.judge()).toMatchObject({
      valid: true,
      fetches: [],
      fromCache: [RESPONDER, ROOT_CRL],
    })
    laptop.wallClock = after(START, days(2))
    expect(codesOf(laptop.judge())).toEqual(['pki/revoked'])
  })

  test('and are gone after a flush of that kind', () => {
    const laptop = kept()
    laptop.wallClock = after(START, days(1.5))
    laptop.cache.flush('crl')
    expect(laptop.judge().valid).toBe(true)
    laptop.cache.flush('ocsp')
    expect(codesOf(laptop.judge())).toEqual(['pki/revoked'])
  })

  test('in one list with CRLs and certificates', () => {
    const laptop = new Laptop(
      pkiOf({
        issuing: { ocsp: { urls: [RESPONDER] } },
        certificates: [{ ...GATEWAY, sendsChain: false }],
      }),
    )
    laptop.judge()
    const entries = laptop.cache.entries()
    expect(entries.map(({ kind }) => kind)).toEqual(['certificates', 'ocsp', 'crl'])
    expect(entries.map(({ until }) => until)).toEqual([
      undefined,
      after(START, (days(3) - hours(1)) as never),
      after(START, (days(180) - hours(1)) as never),
    ])
    laptop.cache.flush()
    expect(laptop.cache.entries()).toEqual([])
  })

  test('an error is not', () => {
    const laptop = laptopOf({ fails: 'tryLater' })
    laptop.judge()
    laptop.judge()
    expect(laptop.asked.filter((url) => url.startsWith(RESPONDER))).toHaveLength(2)
  })
})

describe('a profile that sends a nonce', () => {
  const offered: RelyingPartyProfile = { ...SSTP, ocspNonce: 'offered' }
  const demanded: RelyingPartyProfile = { ...SSTP, ocspNonce: 'demanded' }

  test('gets its own back, draws a new one each time, and keeps nothing', () => {
    const laptop = laptopOf({ nonces: true })
    expect(laptop.judge({ profile: demanded })).toMatchObject({ valid: true, fromCache: [] })
    expect(laptop.judge({ profile: demanded })).toMatchObject({
      valid: true,
      fromCache: [ROOT_CRL],
    })
    expect(laptop.nonces).toBe(2)
  })

  test('takes the CRL from a responder without NONCE support', () => {
    const judgement = laptopOf().judge({ profile: offered })
    expect(judgement.valid).toBe(true)
    expect(outcomes(judgement)[0]).toEqual([RESPONDER, '200, but unauthorized'])
  })

  test.for([
    ['none', offered, []],
    ['none', demanded, ['pki/ocsp-invalid']],
    ['another one', offered, ['pki/ocsp-invalid']],
  ] as const)('%s in the answer, to a profile that says %o', ([what, profile, codes]) => {
    const laptop = laptopOf({}, { crlUrls: [] })
    const contents = what === 'none' ? {} : { nonce: new Uint8Array(32) }
    laptop.blocked.set(RESPONDER, (url) => response(url, 200, responseOf(laptop.pki, { contents })))
    expect(codesOf(laptop.judge({ profile }))).toEqual(codes)
  })
})

test('a response of a megabyte is not read', () => {
  const laptop = laptopOf()
  const body = concat(responseOf(laptop.pki), new Uint8Array(1e6))
  laptop.blocked.set(RESPONDER, (url) => response(url, 200, body))
  const [fetched] = laptop.judge().fetches
  expect(fetched!.outcome).toBe(`200, but ${body.length} bytes, more than ${AIA_BYTES_MAX}`)
})
