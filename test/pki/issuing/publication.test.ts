/** The CRLs, deltas and OCSP answers that an authority publishes, on AD CS's schedule. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { after, days, hours, minutes, type Duration, type Instant } from '../../../src/base/time.ts'
import { readCrl, type Crl } from '../../../src/pki/revocation/crl.ts'
import { issuePki, type Pki } from '../../../src/pki/issuing/issue.ts'
import { certIdOf, writeOcspRequest } from '../../../src/pki/revocation/ocsp-request.ts'
import { readOcspResponse } from '../../../src/pki/revocation/ocsp-response.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'
import type { CrlSource } from '../../../src/pki/revocation/revocation.ts'
import type { AuthoritySpec, CertificateSpec, OcspSpec } from '../../../src/topology/pki.ts'
import {
  codesOf,
  crlOf,
  freshCrls,
  GATEWAY,
  held,
  judge,
  pkiOf,
  rootOf,
  site,
  START,
} from '../contoso.ts'
import { missingOpenssl, openssl, pem } from '../judges.ts'
import { RESPONDER } from '../revocation/ocsp-maker.ts'

/** The first CRL of the tests' authorities is an hour old at the start. */
const FIRST = after(START, hours(-1))
const WEEKLY = { every: days(7), delta: { every: days(1) } } satisfies AuthoritySpec['crl']

function deltaOf(pki: Pki, at: Instant): Crl {
  const read = readCrl(pki.deltaCrl('issuing', at)!)
  if (!read.ok) throw new Error(read.error.rule)
  return read.value
}
const serialOf = (pki: Pki) => held(pki).certificate.serial

describe('how long a CRL lasts', () => {
  test.for<[string, AuthoritySpec['crl'], Duration]>([
    ['a week and AD CS’s overlap, at most twelve hours', { every: days(7) }, hours(7 * 24 + 12)],
    ['a day and a tenth of it', { every: days(1) }, hours(26.4)],
    ['as the overlap says', { every: days(7), overlap: days(2) }, days(9)],
    ['as validFor says', { every: days(7), validFor: days(8) }, days(8)],
    ['seven days, published once', {}, days(7)],
  ])('%s', ([, crl, lasts]) => {
    const list = crlOf(pkiOf({ issuing: { crl: crl! } }), 'issuing', START)
    expect(list.nextUpdate).toBe(after(FIRST, lasts))
    const every = crl!.every
    expect(list.nextPublish).toBe(every === undefined ? undefined : after(FIRST, every))
  })

  test('during the overlap the old list still holds, and the new one is out', () => {
    const pki = pkiOf({ issuing: { crl: { every: days(7) } } })
    const old = crlOf(pki, 'issuing', START)
    const at = after(FIRST, days(7.2))
    expect(crlOf(pki, 'issuing', at).thisUpdate).toBe(after(FIRST, days(7)))
    const crls: CrlSource = (wanted) =>
      wanted.issuer.key === old.issuer.key
        ? { kind: 'known', crls: [old] }
        : freshCrls(pki, at)(wanted)
    expect(judge(pki, { at, crls }).valid).toBe(true)
    expect(codesOf(judge(pki, { at: after(FIRST, days(7.6)), crls }))).toEqual(['pki/crl-expired'])
  })
})

describe('delta CRLs', () => {
  const revoked = { at: days(2.5), reason: 'superseded' as const }
  const pki = pkiOf({ issuing: { crl: WEEKLY }, certificates: [{ ...GATEWAY, revoked }] })

  test('point from the complete list to where they are published, with AD CS’s plus sign', () => {
    const [point] = crlOf(pki, 'issuing', START).freshestCrl!
    expect(point!.fullName).toEqual([{ kind: 'uri', value: 'http://pki.contoso.com/issuing+.crl' }])
    const published = pki.publications().find(({ url }) => url.endsWith('issuing+.crl'))
    expect(published?.bytes(START)).toEqual(pki.deltaCrl('issuing', START))
    expect(pki.deltaCrl('root', START)).toBeUndefined()
  })

  test.for<[number, string, string, string[]]>([
    [0, '01', '01', []],
    [2, '01', '03', []],
    [3, '01', '04', [serialOf(pki)]],
    [6.9, '01', '07', [serialOf(pki)]],
    // The last week's list holds for half a day more, and a delta must serve whoever kept it.
    [7, '01', '08', [serialOf(pki)]],
    [8, '08', '09', []],
  ])('after %d days', ([day, base, number, serials]) => {
    const delta = deltaOf(pki, after(FIRST, days(day)))
    expect({ base: delta.deltaBase, number: delta.number }).toEqual({ base, number })
    expect([...delta.entries.keys()]).toEqual(serials)
    expect(delta.extensions.find(({ oid }) => oid === OID.deltaCRLIndicator)?.critical).toBe(true)
    expect(crlOf(pki, 'issuing', after(FIRST, days(day))).number).toBe(day < 7 ? '01' : '08')
  })

  test('in the overlap a kept list and the new delta go together', () => {
    const at = after(FIRST, days(7.2))
    const kept = crlOf(pki, 'issuing', after(FIRST, days(6)))
    const crls: CrlSource = (wanted) => {
      if (wanted.kind === 'delta') return { kind: 'known', crls: [deltaOf(pki, at)] }
      const isOurs = wanted.issuer.key === kept.issuer.key
      return isOurs ? { kind: 'known', crls: [kept] } : freshCrls(pki, at)(wanted)
    }
    expect(codesOf(judge(pki, { at, crls }))).toEqual(['pki/revoked'])
  })

  test('a delta revokes what the complete list does not have yet', () => {
    const at = after(FIRST, days(3))
    const both: CrlSource = (wanted) =>
      wanted.kind === 'delta'
        ? { kind: 'known', crls: [deltaOf(pki, at)] }
        : freshCrls(pki, at)(wanted)
    expect(codesOf(judge(pki, { at, crls: both }))).toEqual(['pki/revoked'])
    const complete: CrlSource = (wanted) =>
      wanted.kind === 'delta' ? { kind: 'unreachable', tried: [] } : freshCrls(pki, at)(wanted)
    expect(judge(pki, { at, crls: complete }).valid).toBe(true)
  })
})

describe('a certificate that was on hold', () => {
  const revoked = {
    at: hours(-2),
    reason: 'certificateHold' as const,
    releasedAt: days(2),
  }
  const pki = pkiOf({ issuing: { crl: WEEKLY }, certificates: [{ ...GATEWAY, revoked }] })
  const judgeAt = (at: Instant) =>
    codesOf(
      judge(pki, {
        at,
        crls: (wanted) =>
          wanted.kind === 'delta'
            ? { kind: 'known', crls: [deltaOf(pki, at)] }
            : freshCrls(pki, at)(wanted),
      }),
    )

  test('is refused, released by a delta, and gone from the next complete list', () => {
    expect(judgeAt(START)).toEqual(['pki/revoked'])
    const released = after(FIRST, days(3))
    expect(crlOf(pki, 'issuing', released).entries.get(serialOf(pki))?.reason).toBe(
      'certificateHold',
    )
    expect(deltaOf(pki, released).entries.get(serialOf(pki))?.reason).toBe('removeFromCRL')
    expect(judgeAt(released)).toEqual([])
    const next = after(FIRST, days(7))
    expect(crlOf(pki, 'issuing', next).entries.size).toBe(0)
    expect(judgeAt(next)).toEqual([])
    expect(deltaOf(pki, after(FIRST, days(8))).entries.size).toBe(0)
  })

  test('one that came and went between two complete lists is removed by the delta, too', () => {
    const brief = { ...revoked, at: days(1) }
    const other = pkiOf({
      issuing: { crl: WEEKLY },
      certificates: [{ ...GATEWAY, revoked: brief }],
    })
    const reasons = [1, 2, 4].map(
      (day) => deltaOf(other, after(FIRST, days(day))).entries.get(serialOf(other))?.reason,
    )
    expect(reasons).toEqual([undefined, 'certificateHold', 'removeFromCRL'])
  })
})

describe('the Online Responder', () => {
  const build = (
    ocsp: Partial<OcspSpec> = {},
    issuing: Partial<AuthoritySpec> = {},
    certificate: Partial<CertificateSpec> = {},
  ) =>
    pkiOf({
      issuing: { ocsp: { urls: [RESPONDER], ...ocsp }, ...issuing },
      certificates: [{ ...GATEWAY, ...certificate }],
    })
  const ask = (pki: Pki, at: Instant, nonce?: Uint8Array) => {
    const issuing = pki.authority('issuing')!.certificate
    const request = writeOcspRequest(certIdOf(held(pki).certificate, issuing), nonce)
    const read = readOcspResponse(pki.responders()[0]!.answer(request, at))
    if (!read.ok) throw new Error(read.error.rule)
    return read.value
  }
  const basic = (pki: Pki, at: Instant) => {
    const said = ask(pki, at)
    if (said.status !== 'successful') throw new Error(said.status)
    return said.basic
  }

  test('knows of a revocation when the CRL that has it is published, not before', () => {
    const revoked = { at: hours(1), reason: 'keyCompromise' as const }
    const pki = build({}, {}, { revoked })
    expect(basic(pki, after(START, hours(2))).responses[0]!.status).toBe('good')
    expect(basic(pki, after(FIRST, days(1))).responses[0]).toMatchObject({
      status: 'revoked',
      reason: 'keyCompromise',
      revokedAt: after(START, hours(1)),
    })
  })

  test('a delta is as good as a complete list, also to release a hold', () => {
    const revoked = {
      at: hours(1),
      reason: 'certificateHold' as const,
      releasedAt: days(2),
    }
    const pki = build({}, { crl: WEEKLY }, { revoked })
    const said = [0.5, 1, 3].map((day) => basic(pki, after(FIRST, days(day))).responses[0]!.status)
    expect(said).toEqual(['good', 'revoked', 'good'])
  })

  test('both dates are the CRL’s, unless it answers for less long', () => {
    const at = after(START, minutes(5))
    const { thisUpdate, nextUpdate } = crlOf(build(), 'issuing', at)
    expect(basic(build(), at)).toMatchObject({
      producedAt: at,
      responses: [{ thisUpdate, nextUpdate }],
    })
    const short = basic(build({ validFor: hours(1) }), at)
    expect(short.responses[0]).toMatchObject({ thisUpdate, nextUpdate: after(at, hours(1)) })
  })

  test('the delegate’s certificate is short-lived, exempt from revocation, and replaced in time', () => {
    const pki = build({}, { crl: { every: days(1) } })
    const first = basic(pki, START).certificates[0]!
    expect(first).toMatchObject({
      extKeyUsage: [OID.ocspSigning],
      notAfter: after(first.notBefore, days(14)),
    })
    expect(first.extensions.map(({ oid }) => oid)).toContain(OID.ocspNoCheck)
    const later = basic(pki, after(START, days(12))).certificates[0]!
    expect(later.serial).not.toBe(first.serial)
    for (const day of [0, 5, 11, 12, 13, 100, 200]) {
      const at = after(START, days(day))
      const [signer] = basic(pki, at).certificates
      expect(signer!.notBefore <= at && at <= signer!.notAfter, `day ${day}`).toBe(true)
    }
  })

  test('the authority signs itself where it is told to', () => {
    expect(basic(build({ signer: 'authority' }), START).certificates).toEqual([])
  })

  test('the same request at the same instant gets the same bytes', () => {
    const request = writeOcspRequest(
      certIdOf(held(build()).certificate, build().authority('issuing')!.certificate),
    )
    const [one, other] = [build(), build()].map((pki) =>
      pki.responders()[0]!.answer(request, START),
    )
    expect(one).toEqual(other)
  })

  const nonce = new Uint8Array(16).fill(1)
  test.for<[string, () => string, string]>([
    ['a nonce without NONCE support', () => ask(build(), START, nonce).status, 'unauthorized'],
    ['a nonce with it', () => ask(build({ nonces: true }), START, nonce).status, 'successful'],
    [
      'everything, when it is told to fail',
      () => ask(build({ fails: 'internalError' }), START).status,
      'internalError',
    ],
    [
      'a CRL that has run out',
      () => ask(build({}, { crl: { validFor: hours(2) } }), after(START, hours(2))).status,
      'tryLater',
    ],
  ])('answers %s', ([, said, status]) => {
    expect(said()).toBe(status)
  })

  test('what is no request, or about others’ certificates, gets an error', () => {
    const pki = build()
    const [responder] = pki.responders()
    const status = (request: Uint8Array) => {
      const read = readOcspResponse(responder!.answer(request, START))
      return read.ok && read.value.status
    }
    expect(status(new Uint8Array())).toBe('malformedRequest')
    const issuing = pki.authority('issuing')!.certificate
    expect(status(writeOcspRequest(certIdOf(issuing, rootOf(pki))))).toBe('unauthorized')
  })

  test('stands in what the authority issues, and on the node that is named', () => {
    const pki = build({ publishedOn: 'ocsp1' })
    expect(held(pki).certificate.authorityInfoAccess).toContainEqual({
      method: OID.ocsp,
      at: { kind: 'uri', value: RESPONDER },
    })
    expect(pki.responders()).toMatchObject([{ node: 'ocsp1', path: '/ocsp', authority: 'issuing' }])
    expect(build().responders()).toMatchObject([{ node: 'ca1' }])
    expect(pkiOf().responders()).toEqual([])
  })

  test.for<[string, Partial<AuthoritySpec>, (string | number)[]]>([
    ['a URL with blanks', { ocsp: { urls: ['http://a b/'] } }, ['ocsp', 'urls', 0]],
    [
      'a signer for no time',
      { ocsp: { urls: [], signerValidFor: hours(0) } },
      ['ocsp', 'signerValidFor'],
    ],
    ['deltas each instant', { crl: { delta: { every: hours(0) } } }, ['crl', 'delta', 'every']],
    [
      'a delta’s URL with blanks',
      { crl: { delta: { every: days(1), urls: ['a b'] } } },
      ['crl', 'delta', 'urls', 0],
    ],
  ])('%s cannot be issued', ([, issuing, at]) => {
    const result = issuePki(site({ issuing }))
    expect(!result.ok && result.error.map((problem) => problem.path)).toEqual([
      ['authorities', 'issuing', ...at],
    ])
  })
})

const skipped = missingOpenssl()
const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-crl-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe.skipIf(skipped !== undefined)('OpenSSL takes our deltas', () => {
  const revoked = { at: days(2.5), reason: 'superseded' as const }
  const hold = {
    at: hours(-2),
    reason: 'certificateHold' as const,
    releasedAt: days(2),
  }
  const file = (name: string, content: string) => {
    writeFileSync(path.join(folder, name), content)
    return path.join(folder, name)
  }
  test.for<[string, CertificateSpec['revoked'], number, boolean, RegExp]>([
    ['nothing is revoked', undefined, 3, true, /leaf\.pem: OK/],
    ['revoked since the complete list', revoked, 3, true, /certificate revoked/],
    ['the same without the delta', revoked, 3, false, /leaf\.pem: OK/],
    ['not revoked yet', revoked, 2, true, /leaf\.pem: OK/],
    ['on hold', hold, 1, true, /certificate revoked/],
    ['released', hold, 3, true, /leaf\.pem: OK/],
    ['after the next complete list', revoked, 7, true, /certificate revoked/],
    ['in the overlap, by last week’s list', undefined, 7.4, false, /leaf\.pem: OK/],
  ])('%s', ([, held0, day, deltas, said]) => {
    const certificates = [held0 === undefined ? GATEWAY : { ...GATEWAY, revoked: held0 }]
    const pki = pkiOf({ issuing: { crl: WEEKLY }, certificates })
    const at = after(FIRST, days(day))
    const { certificate, chain } = held(pki)
    const published = day === 7.4 ? after(FIRST, days(6.9)) : at
    const lists = ['root', 'issuing'].map((key) => pem('X509 CRL', pki.crl(key, published)!))
    const delta = pem('X509 CRL', pki.deltaCrl('issuing', at)!)
    const issuing = file('issuing.pem', pem('CERTIFICATE', chain[0]!.der))
    const { output } = openssl(
      'verify',
      '-x509_strict',
      '-no-CApath',
      '-no-CAstore',
      `-attime=${at / 1e6}`,
      '-crl_check',
      ...(deltas ? ['-extended_crl', '-use_deltas'] : []),
      '-CAfile',
      file('root.pem', pem('CERTIFICATE', rootOf(pki).der)),
      '-untrusted',
      issuing,
      '-CRLfile',
      file('lists.pem', [...lists, ...(deltas ? [delta] : [])].join('')),
      file('leaf.pem', pem('CERTIFICATE', certificate.der)),
    )
    expect(output).toMatch(said)
    const { output: verified } = openssl(
      'crl',
      '-in',
      file('delta.pem', delta),
      '-CAfile',
      issuing,
      '-noout',
      '-verify',
    )
    expect(verified).toMatch(/verify OK/)
  })
})
