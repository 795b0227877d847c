import { describe, expect, test } from 'vitest'
import { after, before, days, hours, seconds, type Instant } from '../../../src/base/time.ts'
import { subjectOf } from '../../../src/pki/certificate/certificate.ts'
import { PATH_FAILURE_CODES } from '../../../src/pki/profile/failure.ts'
import type { ChainQuestion } from '../../../src/pki/path/path.ts'
import { PROFILES } from '../../../src/windows/relying-parties.ts'
import { NO_CRLS } from '../../../src/pki/revocation/revocation.ts'
import type { AuthoritySpec } from '../../../src/topology/pki.ts'
import {
  codesOf,
  forge,
  freshCrls,
  GATEWAY,
  held,
  ISSUING,
  judge,
  pkiOf,
  rootOf,
  START,
  type Site,
} from '../contoso.ts'

const pki = pkiOf()
const gateway = held(pki)
const issuing = pki.authority('issuing')!

const gatewayWith = (change: Partial<typeof GATEWAY>, rest: Site = {}) =>
  pkiOf({ ...rest, certificates: [{ ...GATEWAY, ...change }] })

test('a good chain is found, end entity first', () => {
  const verdict = judge(pki)
  expect(verdict).toMatchObject({ valid: true, failures: [], tolerated: [], rejected: [] })
  expect(verdict.path.map(subjectOf)).toEqual([
    'CN=vpn.contoso.com',
    'CN=Contoso Issuing CA, DC=corp, DC=contoso, DC=com',
    'CN=Contoso Root CA, O=Contoso',
  ])
})

describe('one thing wrong is one failure', () => {
  const revoked = { at: hours(-5), reason: 'keyCompromise' as const }
  const third: AuthoritySpec = { ...ISSUING, subject: 'CN=Third CA', issuer: 'issuing' }

  test.for<[string, ReturnType<typeof pkiOf>, Partial<ChainQuestion>, object]>([
    [
      'expired',
      pki,
      { at: after(START, days(365)) },
      {
        code: 'pki/certificate-expired',
        subject: 'CN=vpn.contoso.com',
        message: 'expired on 2027-03-01T08:00:00Z',
      },
    ],
    [
      'not yet valid',
      gatewayWith({ validFrom: hours(1) }),
      {},
      { code: 'pki/certificate-not-yet-valid', message: 'valid only from 2026-03-02T09:00:00Z' },
    ],
    [
      'an expired issuer',
      pkiOf({ issuing: { validFor: days(30) } }),
      { at: after(START, hours(1)) },
      { code: 'pki/certificate-expired', subject: subjectOf(issuing.certificate) },
    ],
    [
      'an expired root',
      pkiOf({ root: { validFor: days(30) } }),
      { at: after(START, hours(1)) },
      { code: 'pki/certificate-expired', subject: 'CN=Contoso Root CA, O=Contoso' },
    ],
    [
      'wrong EKU',
      gatewayWith({ eku: ['clientAuth', 'ikeIntermediate'] }),
      {},
      {
        code: 'pki/wrong-eku',
        message: 'is not for serverAuth',
        got: 'clientAuth, ikeIntermediate',
      },
    ],
    [
      'wrong name',
      pki,
      { name: 'vpn.fabrikam.com' },
      {
        code: 'pki/name-mismatch',
        expected: 'vpn.fabrikam.com',
        got: 'DNS vpn.contoso.com, CN vpn.contoso.com',
      },
    ],
    [
      'revoked',
      gatewayWith({ revoked }),
      {},
      { code: 'pki/revoked', message: 'revoked on 2026-03-02T03:00:00Z (keyCompromise)' },
    ],
    [
      'no intermediate',
      pki,
      { sent: [] },
      {
        code: 'pki/missing-intermediate',
        subject: 'CN=vpn.contoso.com',
        expected: subjectOf(issuing.certificate),
      },
    ],
    [
      'no root',
      pki,
      { anchors: [] },
      {
        code: 'pki/untrusted-root',
        subject: subjectOf(issuing.certificate),
        expected: 'CN=Contoso Root CA, O=Contoso',
      },
    ],
    [
      'an untrusted root that was sent',
      pki,
      { anchors: [], sent: [issuing.certificate, rootOf(pki)] },
      {
        code: 'pki/untrusted-root',
        subject: 'CN=Contoso Root CA, O=Contoso',
        message: 'is a root that is not trusted here',
      },
    ],
    [
      'a forged end entity',
      pki,
      { leaf: forge(gateway.certificate) },
      { code: 'pki/bad-signature', subject: 'CN=vpn.contoso.com' },
    ],
    [
      'a path too long',
      pkiOf({
        authorities: { third: { ...third, issuer: 'issuing' } },
        certificates: [{ ...GATEWAY, issuer: 'third' }],
      }),
      { profile: { ...PROFILES.strict, revocation: 'none' } },
      {
        code: 'pki/path-too-long',
        subject: 'CN=Third CA',
        expected: 'at most 0',
        got: '1',
      },
    ],
    [
      'no CRL URL',
      pkiOf({ issuing: { crlUrls: [] } }),
      {
        crls: (wanted) =>
          wanted.urls.length === 0 ? NO_CRLS(wanted) : freshCrls(pki, START)(wanted),
      },
      { code: 'pki/no-crl-distribution-point', subject: 'CN=vpn.contoso.com' },
    ],
    [
      'an old CRL',
      pki,
      {
        crls: freshCrls(pkiOf({ issuing: { crl: { validFor: hours(2) } } }), START),
        at: after(START, hours(2)),
      },
      {
        code: 'pki/crl-expired',
        message:
          'the CRL of CN=Contoso Issuing CA, DC=corp, DC=contoso, DC=com expired on 2026-03-02T09:00:00Z',
      },
    ],
    [
      'a CRL of the future',
      pki,
      { crls: freshCrls(pkiOf({ issuing: { crl: { thisUpdate: hours(1) } } }), START) },
      { code: 'pki/crl-not-yet-valid' },
    ],
  ])('%s', ([, site, change, failure]) => {
    const verdict = judge(site, change)
    expect(verdict.valid).toBe(false)
    expect(verdict.failures).toHaveLength(1)
    expect(verdict.failures[0]).toMatchObject(failure)
  })

  test('each CRL that could not be fetched is told with what came of it', () => {
    const tried = [{ url: 'http://pki.contoso.com/issuing.crl', outcome: 'timed-out' }]
    expect(judge(pki, { crls: () => ({ kind: 'unreachable', tried }) }).failures).toMatchObject([
      {
        code: 'pki/crl-unreachable',
        subject: 'CN=vpn.contoso.com',
        got: 'http://pki.contoso.com/issuing.crl: timed-out',
      },
      { code: 'pki/crl-unreachable', subject: subjectOf(issuing.certificate) },
    ])
  })
})

describe('several things wrong', () => {
  test('are told in a fixed order, trust and dates before usage and name', () => {
    const site = gatewayWith({
      eku: ['clientAuth'],
      revoked: { at: hours(-2), reason: 'superseded' },
    })
    const codes = codesOf(
      judge(site, { at: after(START, days(366)), name: 'x', crls: freshCrls(site, START) }),
    )
    expect(codes).toEqual([
      'pki/certificate-expired',
      'pki/revoked',
      'pki/crl-expired',
      'pki/wrong-eku',
      'pki/name-mismatch',
    ])
    expect(codes).toEqual(
      codes.toSorted(
        (a, b) => PATH_FAILURE_CODES.indexOf(a as never) - PATH_FAILURE_CODES.indexOf(b as never),
      ),
    )
  })
})

describe('dates', () => {
  test.for([
    [gateway.certificate.notBefore, true],
    [before(gateway.certificate.notBefore, seconds(1)), false],
    [(after(gateway.certificate.notAfter, seconds(1)) - 1) as Instant, true],
    [after(gateway.certificate.notAfter, seconds(1)), false],
  ] as const)('at %i: %j; both ends are included, the last second whole', ([at, valid]) => {
    expect(
      judge(pki, {
        at,
        crls: freshCrls(pki, at),
        profile: { ...PROFILES.strict, revocation: 'none' },
      }).valid,
    ).toBe(valid)
  })
})

describe('profiles', () => {
  const revoked = gatewayWith({ revoked: { at: hours(-2), reason: 'keyCompromise' } })
  const unreachable = { crls: NO_CRLS }

  test('the IKEv2 client accepts a revoked gateway: Windows’ IPsec looks at no CRL', () => {
    expect(judge(revoked, { profile: PROFILES['ike-client'], ...unreachable }).valid).toBe(true)
  })

  test('soft revocation refuses what is listed and notes what could not be had', () => {
    const soft = { ...PROFILES['ike-client'], revocation: 'soft' as const }
    expect(codesOf(judge(revoked, { profile: soft }))).toEqual(['pki/revoked'])
    const verdict = judge(revoked, { profile: soft, ...unreachable })
    expect(verdict.valid).toBe(true)
    expect(verdict.tolerated.map(({ code }) => code)).toEqual([
      'pki/crl-unreachable',
      'pki/crl-unreachable',
    ])
  })

  test('the SSTP client wants every CRL', () => {
    expect(codesOf(judge(pki, { profile: PROFILES['sstp-client'], ...unreachable }))).toEqual([
      'pki/crl-unreachable',
      'pki/crl-unreachable',
    ])
  })

  test.for([
    ['ike-client', 'pki/wrong-eku', '13801'],
    ['ike-client', 'pki/untrusted-root', '13801'],
    ['sstp-client', 'pki/untrusted-root', '0x800B0109'],
    ['sstp-client', 'pki/name-mismatch', '0x800B010F'],
    ['sstp-client', 'pki/certificate-expired', '0x800B0101'],
    ['sstp-client', 'pki/crl-unreachable', '0x80092013'],
  ] as const)('%s shows %s as %s', ([profile, code, shown]) => {
    expect(PROFILES[profile].outcomes[code]?.code).toBe(shown)
  })

  test('Windows’ profiles have an outcome for every code', () => {
    for (const name of ['ike-client', 'sstp-client'] as const) {
      expect(Object.keys(PROFILES[name].outcomes).toSorted()).toEqual(
        [...PATH_FAILURE_CODES].toSorted(),
      )
    }
  })

  test('the common name counts for IKEv2 beside the dNSNames, for SSTP only without them', () => {
    const site = gatewayWith({ subject: 'CN=cn.contoso.com' })
    const wrong = (profile: keyof typeof PROFILES) =>
      codesOf(judge(site, { profile: PROFILES[profile], name: 'cn.contoso.com' }))
    expect(wrong('ike-client')).toEqual([])
    expect(wrong('sstp-client')).toEqual(['pki/name-mismatch'])
  })
})
