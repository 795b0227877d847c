import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { after, days, hours } from '../../src/base/time.ts'
import { FETCHES_MAX } from '../../src/node/relying-party.ts'
import { AIA_BYTES_MAX } from '../../src/node/retrieval.ts'
import type { HttpOutcome } from '../../src/node/web-client.ts'
import { subjectOf } from '../../src/pki/certificate/certificate.ts'
import { PROFILES } from '../../src/windows/relying-parties.ts'
import { codesOf, GATEWAY, held, pkiOf, rootOf, START } from '../pki/contoso.ts'
import { Laptop, response, SERVER, TIMED_OUT } from './laptop.ts'

const ROOT_CRL = 'http://pki.contoso.com/root.crl'
const ISSUING_CRL = 'http://pki.contoso.com/issuing.crl'
const ISSUING_CRT = 'http://pki.contoso.com/issuing.crt'
const ROOT_CRT = 'http://pki.contoso.com/root.crt'

describe('CRLs are fetched', () => {
  test('one for each certificate below the root, and the chain is good', () => {
    const judgement = new Laptop(pkiOf()).judge()
    expect(judgement).toMatchObject({
      valid: true,
      failures: [],
      profile: 'sstp-client',
      at: START,
    })
    expect(judgement.fetches).toEqual([
      { url: ISSUING_CRL, outcome: '200' },
      { url: ROOT_CRL, outcome: '200' },
    ])
    expect(judgement.path.map(({ subject }) => subject)).toHaveLength(3)
    expect(judgement.path[0]).toMatchObject({ serial: held(pkiOf()).certificate.serial })
  })

  test('no CRL is fetched where the relying party looks at none', () => {
    const laptop = new Laptop(pkiOf())
    expect(laptop.judge({ profile: PROFILES['ike-client'] }).valid).toBe(true)
    expect(laptop.asked).toEqual([])
  })

  test.for<[string, HttpOutcome, RegExp]>([
    ['timed out', TIMED_OUT, /^timed-out at 10\.0\.0\.5:80$/],
    ['refused', { kind: 'refused', to: SERVER }, /^refused at/],
    [
      'not resolved',
      { kind: 'unresolved', name: 'pki.contoso.com', rcode: 'NXDOMAIN' },
      /^unresolved: NXDOMAIN$/,
    ],
    ['unreachable', { kind: 'unreachable', to: SERVER }, /^unreachable at/],
    ['in a circle', { kind: 'too-many-redirects', url: ISSUING_CRL }, /^too-many-redirects$/],
    ['no HTTP', { kind: 'malformed', detail: 'no status line' }, /^malformed: no status line$/],
    ['absent', response(ISSUING_CRL, 404, new Uint8Array()), /^404$/],
    [
      'an error page',
      response(ISSUING_CRL, 200, utf8('<html>')),
      /^200, but certificateList, byte 0: /,
    ],
  ])('%s: the chain fails, and the reason is told', ([, outcome, told]) => {
    const laptop = new Laptop(pkiOf())
    laptop.blocked.set(ISSUING_CRL, outcome)
    const judgement = laptop.judge()
    expect(codesOf(judgement)).toEqual(['pki/crl-unreachable'])
    expect(judgement.failures[0]!.subject).toBe('CN=vpn.contoso.com')
    expect(judgement.windows).toEqual({ code: '0x80092013', name: 'CRYPT_E_REVOCATION_OFFLINE' })
    expect(judgement.fetches[0]!.outcome).toMatch(told)
  })

  test('the next URL is tried when one fails; LDAP is not modelled, and not needed then', () => {
    const ldap = 'ldap:///CN=CDP?certificateRevocationList'
    const other = 'http://backup.contoso.com/issuing.crl'
    const laptop = new Laptop(pkiOf({ issuing: { crlUrls: [ldap, other, ISSUING_CRL] } }))
    laptop.blocked.set(other, TIMED_OUT)
    const judgement = laptop.judge()
    expect(judgement.valid).toBe(true)
    expect(judgement.fetches.map(({ outcome }) => outcome)).toEqual([
      'timed-out at 10.0.0.5:80',
      '200',
      '200',
    ])
    expect(laptop.asked).not.toContain(ldap)
  })

  test('LDAP is tried last, and named where nothing else answered', () => {
    const ldap = 'ldap:///CN=CDP?certificateRevocationList'
    const laptop = new Laptop(pkiOf({ issuing: { crlUrls: [ldap, ISSUING_CRL] } }))
    laptop.blocked.set(ISSUING_CRL, TIMED_OUT)
    expect(laptop.judge().failures).toMatchObject([
      {
        code: 'pki/crl-unreachable',
        got: `${ISSUING_CRL}: timed-out at 10.0.0.5:80, ${ldap}: ldap is not modelled`,
      },
    ])
  })

  test.for<[string, (laptop: Laptop) => Uint8Array, string, RegExp]>([
    [
      'another issuer’s list',
      ({ pki, wallClock }) => pki.crl('root', wallClock)!,
      'pki/crl-invalid',
      /got CN=Contoso Root CA/,
    ],
    [
      'a list in PEM',
      () => utf8('-----BEGIN X509 CRL-----\nMII=\n-----END X509 CRL-----\n'),
      'pki/crl-unreachable',
      /200, but in PEM/,
    ],
    [
      'a delta where the complete list belongs',
      ({ pki, wallClock }) => pki.deltaCrl('issuing', wallClock)!,
      'pki/crl-invalid',
      /no CRL that is known/,
    ],
  ])('%s at one URL does not keep the next one from being tried', ([, body, code, told]) => {
    const first = 'http://wrong.contoso.com/issuing.crl'
    const spec = (crlUrls: readonly string[]) => ({
      issuing: { crlUrls, crl: { every: days(7), delta: { every: days(1), urls: [] } } },
    })
    const laptop = new Laptop(pkiOf(spec([first, ISSUING_CRL])))
    laptop.blocked.set(first, response(first, 200, body(laptop)))
    expect(laptop.judge().valid).toBe(true)
    const alone = new Laptop(pkiOf(spec([first])))
    alone.blocked.set(first, response(first, 200, body(alone)))
    const [failure] = alone.judge().failures
    expect(failure).toMatchObject({ code })
    expect(`${failure!.message}, got ${failure!.got}`).toMatch(told)
  })

  test('an old list is reported as expired, not as unreachable', () => {
    const laptop = new Laptop(pkiOf({ issuing: { crl: { validFor: hours(2) } } }))
    laptop.wallClock = after(START, hours(3))
    const judgement = laptop.judge()
    expect(codesOf(judgement)).toEqual(['pki/crl-expired'])
    expect(judgement.fetches[0]).toEqual({ url: ISSUING_CRL, outcome: '200' })
  })

  test('softly, an unreachable list is only noted', () => {
    const laptop = new Laptop(pkiOf())
    laptop.blocked.set(ISSUING_CRL, TIMED_OUT)
    const judgement = laptop.judge({ profile: { ...PROFILES['ike-client'], revocation: 'soft' } })
    expect(judgement.valid).toBe(true)
    expect(judgement.tolerated.map(({ code }) => code)).toEqual(['pki/crl-unreachable'])
  })

  test('more URLs than the limit are left alone', () => {
    const crlUrls = Array.from({ length: 40 }, (_, i) => `http://nowhere.contoso.com/${i}.crl`)
    const laptop = new Laptop(pkiOf({ issuing: { crlUrls } }))
    for (const url of crlUrls) laptop.blocked.set(url, TIMED_OUT)
    expect(codesOf(laptop.judge())).toContain('pki/crl-unreachable')
    expect(laptop.asked).toHaveLength(FETCHES_MAX)
  })
})

describe('the cache', () => {
  const revoked = { at: hours(30), reason: 'keyCompromise' as const }
  const laptopAfterOneJudgement = () => {
    const laptop = new Laptop(pkiOf({ certificates: [{ ...GATEWAY, revoked }] }))
    expect(laptop.judge().valid).toBe(true)
    laptop.asked.length = 0
    return laptop
  }

  test('a list that is kept is not fetched again', () => {
    const laptop = laptopAfterOneJudgement()
    expect(laptop.judge()).toMatchObject({
      valid: true,
      fetches: [],
      fromCache: [ISSUING_CRL, ROOT_CRL],
    })
    expect(laptop.asked).toEqual([])
  })

  test('a revocation is not seen while the kept list is current', () => {
    const laptop = laptopAfterOneJudgement()
    laptop.wallClock = after(START, days(2))
    expect(laptop.judge().valid).toBe(true)
    laptop.wallClock = after(START, days(3))
    expect(codesOf(laptop.judge())).toEqual(['pki/revoked'])
    expect(laptop.asked).toEqual([ISSUING_CRL])
  })

  test('it is seen at once after a flush', () => {
    const laptop = laptopAfterOneJudgement()
    laptop.wallClock = after(START, days(2))
    laptop.cache.flush()
    expect(codesOf(laptop.judge())).toEqual(['pki/revoked'])
  })

  test('a list that came back expired is asked for again the next time', () => {
    const laptop = new Laptop(pkiOf({ issuing: { crl: { validFor: hours(2) } } }))
    laptop.wallClock = after(START, hours(3))
    laptop.judge()
    laptop.judge()
    expect(laptop.asked.filter((url) => url === ISSUING_CRL)).toHaveLength(2)
  })
})

describe('a missing intermediate', () => {
  const silent = () => new Laptop(pkiOf({ certificates: [{ ...GATEWAY, sendsChain: false }] }))

  test('is fetched from its AIA URL, and kept', () => {
    const laptop = silent()
    expect(laptop.judge()).toMatchObject({
      valid: true,
      fetches: [{ url: ISSUING_CRT, outcome: '200' }, {}, {}],
    })
    expect(laptop.judge()).toMatchObject({
      valid: true,
      fetches: [],
      fromCache: [ISSUING_CRT, ISSUING_CRL, ROOT_CRL],
    })
  })

  test('fails the chain when the URL does not answer', () => {
    const laptop = silent()
    laptop.blocked.set(ISSUING_CRT, TIMED_OUT)
    const judgement = laptop.judge({ profile: PROFILES['ike-client'] })
    expect(codesOf(judgement)).toEqual(['pki/missing-intermediate'])
    expect(judgement.windows?.code).toBe('13801')
    expect(judgement.fetches).toEqual([{ url: ISSUING_CRT, outcome: 'timed-out at 10.0.0.5:80' }])
  })

  test('fails the chain when there is no URL', () => {
    const laptop = new Laptop(
      pkiOf({ issuing: { aiaUrls: [] }, certificates: [{ ...GATEWAY, sendsChain: false }] }),
    )
    expect(codesOf(laptop.judge())).toEqual(['pki/missing-intermediate'])
    expect(laptop.asked).toEqual([])
  })

  test('is not fetched by a relying party that does not do so', () => {
    const laptop = silent()
    expect(codesOf(laptop.judge({ profile: PROFILES.strict }))).toEqual([
      'pki/missing-intermediate',
    ])
    expect(laptop.asked).toEqual([])
  })

  test('is taken from the host’s own store without any fetch', () => {
    const laptop = silent()
    const intermediates = [laptop.pki.authority('issuing')!.certificate]
    expect(laptop.judge({ intermediates, profile: PROFILES['ike-client'] }).valid).toBe(true)
    expect(laptop.asked).toEqual([])
  })

  test('a huge file is refused', () => {
    const laptop = silent()
    const body = new Uint8Array(AIA_BYTES_MAX + 1)
    laptop.blocked.set(ISSUING_CRT, response(ISSUING_CRT, 200, body))
    const judgement = laptop.judge({ profile: PROFILES['ike-client'] })
    expect(codesOf(judgement)).toEqual(['pki/missing-intermediate'])
    expect(judgement.fetches[0]!.outcome).toBe('200, but 100001 bytes, more than 100000')
  })

  test('an untrusted root is fetched too, and stays untrusted', () => {
    const laptop = silent()
    const judgement = laptop.judge({ anchors: [] })
    expect(judgement.failures).toMatchObject([
      { code: 'pki/untrusted-root', subject: subjectOf(rootOf(laptop.pki)) },
    ])
    expect(laptop.asked).toEqual([ISSUING_CRT, ROOT_CRT])
  })
})

describe('what a peer sends', () => {
  const { certificate, chain } = held(pkiOf())
  const junk = certificate.der.slice(0, 100)

  test.for<[string, Uint8Array[], string]>([
    ['nothing', [], 'nobody'],
    ['a broken end entity', [junk, chain[0]!.der], 'certificate 1 of those sent'],
    ['a broken issuer', [certificate.der, junk], 'certificate 2 of those sent'],
  ])('%s is malformed', ([, presented, subject]) => {
    const judgement = new Laptop(pkiOf()).judge({ presented, profile: PROFILES.strict })
    expect(judgement.failures[0]).toMatchObject({ code: 'pki/malformed', subject })
  })

  test('a broken certificate that is not needed does no harm, and is told last', () => {
    const presented = [certificate.der, junk, chain[0]!.der]
    expect(new Laptop(pkiOf()).judge({ presented }).valid).toBe(true)
    const misnamed = new Laptop(pkiOf()).judge({ presented, name: 'x.contoso.com' })
    expect(codesOf(misnamed)).toEqual(['pki/name-mismatch', 'pki/malformed'])
  })
})
