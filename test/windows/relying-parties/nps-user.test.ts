/** NPS that judges the certificate of a user: each check with its reason code, and what the client shows. */
import { describe, expect, test } from 'vitest'
import { days, instant } from '../../../src/base/time.ts'
import type { Account, Directory, KdcSettings } from '../../../src/directory/directory.ts'
import { NO_CRLS } from '../../../src/pki/revocation/revocation.ts'
import { thumbprint } from '../../../src/pki/certificate/thumbprint.ts'
import type { CertificateSpec } from '../../../src/topology/pki.ts'
import { ASSUMPTIONS, type Assumptions } from '../../../src/windows/assumptions.ts'
import { npsOutcome } from '../../../src/windows/nps/certificate-reasons.ts'
import { PROFILES } from '../../../src/windows/relying-parties.ts'
import { npsUser, type NpsUserSettings } from '../../../src/windows/relying-parties/nps-user.ts'
import { PLAIN_ACCOUNT, PLAIN_DOMAIN } from '../../directory/plain.ts'
import { codesOf, freshCrls, START } from '../../pki/contoso.ts'
import { ask, certified, later, type Asked } from './ask.ts'

const SID = 'S-1-5-21-1-2-3-1105'
const ada: Account = {
  kind: 'user',
  key: 'ada',
  name: 'ada',
  commonName: 'Ada Lovelace',
  sid: SID,
  distinguishedName: 'CN=Ada Lovelace, CN=Users, DC=contoso, DC=com',
  upn: 'ada@contoso.com',
  created: instant('2023-01-01T00:00:00Z'),
  isDisabled: false,
  isLocked: false,
  groups: new Set(),
  altSecurityIdentities: [],
  ...PLAIN_ACCOUNT,
}
const directory = (accounts: readonly Account[], kdc: KdcSettings): Directory => ({
  domain: 'contoso.com',
  netbios: 'CONTOSO',
  accounts,
  autoenrolment: { user: false, computer: false },
  ntAuth: [],
  kdc,
  ...PLAIN_DOMAIN,
})

describe('NPS judges a user', () => {
  const USER: Partial<CertificateSpec> = {
    subject: 'CN=Ada Lovelace',
    dns: [],
    upn: ['ada@contoso.com'],
    eku: ['clientAuth'],
  }
  const user = certified(USER)
  const bound = { ...user, leaf: { ...user.leaf, sid: SID } }
  const issuing = user.pki.authority('issuing')!.certificate
  const settings = (account: Partial<Account> = {}, kdc: KdcSettings = {}): NpsUserSettings => ({
    directory: directory([{ ...ada, ...account }], kdc),
    ntAuth: [thumbprint(issuing)],
  })
  const by = (change: Partial<NpsUserSettings> = {}, asked: Partial<Asked> = {}) =>
    ask({ ...bound, ...asked, profile: npsUser({ ...settings(), ...change }) })

  test('chain, NTAuth, purpose, dates, account, binding and revocation are good', () => {
    const { verdict } = by()
    expect(codesOf(verdict)).toEqual([])
    expect(verdict.tolerated).toEqual([])
  })

  const other = certified({ ...USER, upn: [] })
  const server = certified({ ...USER, eku: ['serverAuth'] })
  const revoked = certified({ ...USER, revoked: { at: days(-1), reason: 'superseded' } })
  const withSid = ({ leaf, ...rest }: ReturnType<typeof certified>) => ({
    ...rest,
    leaf: { ...leaf, sid: SID },
  })

  test.for<
    [
      reason: number,
      shown: string,
      failure: string,
      change: Partial<NpsUserSettings>,
      asked?: Partial<Asked>,
    ]
  >([
    [265, '861', 'pki/untrusted-root', {}, { anchors: [] }],
    [287, '853', 'pki/missing-intermediate', {}, { sent: [] }],
    [295, '853', 'pki/not-in-ntauth', { ntAuth: [] }],
    [295, '853', 'pki/not-in-ntauth', { ntAuth: [thumbprint(user.anchors[0]!)] }],
    [267, '853', 'pki/wrong-eku', {}, withSid(server)],
    [268, '854', 'pki/certificate-expired', {}, { at: later(400) }],
    [278, '853', 'pki/certificate-not-yet-valid', {}, { at: later(-5) }],
    [298, '853', 'pki/no-account-name', {}, withSid(other)],
    [8, '853', 'account/unknown', settings({ upn: 'countess@contoso.com', name: 'countess' })],
    [272, '853', 'account/ambiguous', { directory: directory([ada, { ...ada, key: 'b' }], {}) }],
    [34, '812', 'account/disabled', settings({ isDisabled: true })],
    [35, '812', 'account/expired', settings({ expires: START })],
    [36, '812', 'account/locked', settings({ isLocked: true })],
    [16, '853', 'account/not-strongly-mapped', {}, user],
    [16, '853', 'account/sid-mismatch', settings({ sid: 'S-1-5-21-1-2-3-1106' })],
    [
      16,
      '853',
      'account/predated',
      settings({ created: START }, { updatedUntil: instant('2024-01-01T00:00:00Z') }),
      user,
    ],
    [256, '855', 'pki/revoked', {}, withSid(revoked)],
    [259, '812', 'pki/crl-unreachable', {}, { crls: NO_CRLS }],
    [73, '812', 'pki/eku-not-accepted', { allowedCertificateOids: ['1.3.6.1.4.1.311.87'] }],
  ])('reason %i, the client shows %s: %s', ([reason, code, failure, change, asked]) => {
    const { verdict, shown } = by(change, asked)
    expect(verdict.failures[0]?.code).toBe(failure)
    expect(shown).toMatchObject({ code, reason: { code: reason } })
    expect(shown?.events?.[0]).toMatchObject({ on: 'nps', id: 6273 })
  })

  test('the domain controller logs 39, 40 or 41 beside event 6273', () => {
    expect(by({}, user).shown?.events?.[1]).toMatchObject({ on: 'dc', id: 39 })
    const older = { created: START }
    const old = settings(older, { updatedUntil: instant('2024-01-01T00:00:00Z') })
    expect(by(old, user).shown?.events?.[1]).toMatchObject({ on: 'dc', id: 40 })
    expect(by(settings({ sid: 'S-1-5-9' })).shown?.events?.[1]).toMatchObject({ on: 'dc', id: 41 })
  })

  test('in compatibility mode a name alone is let in, with a warning', () => {
    const kdc = { updatedUntil: instant('2024-01-01T00:00:00Z') }
    const { verdict } = by(settings({}, kdc), user)
    expect(verdict.valid).toBe(true)
    expect(verdict.tolerated.map(({ code }) => code)).toEqual(['account/not-strongly-mapped'])
  })

  test('every certificate below the root is looked up, the issuing authority as well', () => {
    const onlyIssuing = freshCrls(user.pki, START, ['issuing'])
    const { verdict } = by({}, { crls: onlyIssuing })
    expect(verdict.failures).toMatchObject([
      { code: 'pki/crl-unreachable', subject: expect.stringContaining('Contoso Issuing CA') },
    ])
  })

  test('what is not known is not asked: without a directory the certificate is judged alone', () => {
    expect(ask({ ...user, profile: PROFILES['nps-user'] }).verdict.valid).toBe(true)
    expect(codesOf(ask({ ...other, profile: PROFILES['nps-user'] }).verdict)).toEqual([
      'pki/no-account-name',
    ])
  })

  test('codes that rest on an assumption say so, and follow it', () => {
    const assume = { ...ASSUMPTIONS, clientCodeWithoutCrl: '853', reasonOfRevoked: 289 } as const
    const profile = npsUser(settings(), assume)
    expect(ask({ ...bound, crls: NO_CRLS, profile }).shown).toMatchObject({
      code: '853',
      restsOn: ['reasonOfUnreachableList', 'clientCodeWithoutCrl'],
    })
    expect(ask({ ...withSid(revoked), profile }).shown).toMatchObject({
      reason: { code: 289 },
      restsOn: ['reasonOfRevoked'],
    })
  })

  test.for([
    ['pki/crl-unreachable', 'reasonOfUnreachableList', 259, 291],
    ['pki/wrong-eku', 'reasonOfWrongPurpose', 267, 283],
    ['pki/untrusted-root', 'reasonOfUntrustedRoot', 265, 286],
  ] as const)('%s has the reason that %s names', ([failure, assumption, first, other]) => {
    const reasonUnder = (assume: Assumptions) => npsOutcome(failure, assume).reason?.code
    expect(reasonUnder(ASSUMPTIONS)).toBe(first)
    expect(reasonUnder({ ...ASSUMPTIONS, [assumption]: other })).toBe(other)
  })
})
