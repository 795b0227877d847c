/** The KDC's mapping of certificates to accounts: modes by date and registry value, strengths, events 39, 40 and 41. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { days, instant, seconds, type Instant } from '../../src/base/time.ts'
import type { Account, Directory, KdcSettings } from '../../src/directory/directory.ts'
import {
  bindingMode,
  kdcRestsOn,
  mapCertificate,
  type BindingMode,
} from '../../src/directory/kdc.ts'
import type { Certificate } from '../../src/pki/certificate/certificate.ts'
import { thumbprint } from '../../src/pki/certificate/thumbprint.ts'
import { ASSUMPTIONS } from '../../src/windows/assumptions.ts'
import { held, pkiOf } from '../pki/contoso.ts'
import { PLAIN_ACCOUNT, PLAIN_DOMAIN } from './plain.ts'

const AT = instant('2026-03-02T08:00:00Z')
const COMPATIBLE = instant('2024-06-01T00:00:00Z')
const SID = 'S-1-5-21-1-2-3-1105'

const ada: Account = {
  kind: 'user',
  key: 'ada',
  name: 'ada',
  commonName: 'Ada Lovelace',
  sid: SID,
  distinguishedName: 'CN=Ada Lovelace, CN=Users, DC=corp, DC=contoso, DC=com',
  upn: 'ada.lovelace@contoso.com',
  created: instant('2023-01-01T00:00:00Z'),
  isDisabled: false,
  isLocked: false,
  groups: new Set(),
  altSecurityIdentities: [],
  ...PLAIN_ACCOUNT,
}
const directory = (kdc: KdcSettings = {}, ...accounts: readonly Account[]): Directory => ({
  domain: 'corp.contoso.com',
  netbios: 'CORP',
  accounts: accounts.length === 0 ? [ada] : accounts,
  autoenrolment: { user: false, computer: false },
  ntAuth: [],
  kdc,
  ...PLAIN_DOMAIN,
})

const { certificate: plain } = held(
  pkiOf({
    certificates: [
      {
        name: 'ike',
        issuer: 'issuing',
        subject: 'CN=Ada Lovelace, OU=Sales, DC=contoso, DC=com',
        upn: ['ada.lovelace@contoso.com'],
        eku: ['clientAuth'],
        validFor: days(365),
      },
    ],
  }),
)

const map = (
  certificate: Certificate,
  { kdc = {}, account = ada, at = AT }: { kdc?: KdcSettings; account?: Account; at?: Instant } = {},
) => mapCertificate(directory(kdc, account), certificate, at, ASSUMPTIONS)

describe('the mode follows the updates, and the registry as far as they heed it', () => {
  test.for<[at: string, value: 0 | 1 | 2 | undefined, mode: BindingMode]>([
    ['2022-05-09', undefined, 'unchecked'],
    ['2022-05-09', 2, 'unchecked'],
    ['2022-05-10', undefined, 'compatibility'],
    ['2022-05-10', 0, 'unchecked'],
    ['2022-05-10', 2, 'full'],
    ['2023-04-10', 0, 'unchecked'],
    ['2023-04-11', 0, 'compatibility'],
    ['2025-02-10', undefined, 'compatibility'],
    ['2025-02-11', undefined, 'full'],
    ['2025-02-11', 0, 'compatibility'],
    ['2025-02-11', 1, 'compatibility'],
    ['2025-09-08', 1, 'compatibility'],
    ['2025-09-09', 1, 'full'],
    ['2026-03-02', 0, 'full'],
  ])('on %s with the value %s: %s', ([at, value, mode]) => {
    const kdc = value === undefined ? {} : { strongCertificateBindingEnforcement: value }
    expect(bindingMode(kdc, instant(`${at}T00:00:00Z`), ASSUMPTIONS)).toBe(mode)
  })

  test('a domain controller without updates stays as it was', () => {
    const kdc = { updatedUntil: instant('2024-12-10T00:00:00Z') }
    expect(bindingMode(kdc, AT, ASSUMPTIONS)).toBe('compatibility')
    expect(bindingMode({}, AT, ASSUMPTIONS)).toBe('full')
  })

  test('the day on which compatibility ends can be set, and is named on that day only', () => {
    const kdc = { strongCertificateBindingEnforcement: 1 } as const
    const at = instant('2025-09-09T12:00:00Z')
    expect(bindingMode(kdc, at, { compatibilityEnds: '2025-09-10' })).toBe('compatibility')
    expect(kdcRestsOn(directory(), at)).toEqual(['compatibilityEnds'])
    expect(kdcRestsOn(directory(), AT)).toEqual([])
  })
})

describe('a name alone is weak', () => {
  test('in full mode it is turned down with event 39', () => {
    const { account, failure, event } = map(plain)
    expect(account).toBe(ada)
    expect(failure).toMatchObject({ code: 'account/not-strongly-mapped', got: 'none of them' })
    expect(event?.id).toBe(39)
  })

  test('in compatibility mode it is let in, and event 39 warns', () => {
    const { failure, warning, event } = map(plain, { at: COMPATIBLE })
    expect(failure).toBeUndefined()
    expect(warning?.code).toBe('account/not-strongly-mapped')
    expect(event?.id).toBe(39)
  })

  test('in compatibility mode a certificate older than its account is turned down with event 40', () => {
    const account = { ...ada, created: instant('2026-03-02T00:00:00Z') }
    const { failure, event } = map(plain, { at: COMPATIBLE, account })
    expect(failure?.code).toBe('account/predated')
    expect(event?.id).toBe(40)
    const kdc = { certificateBackdatingCompensation: days(2) }
    expect(map(plain, { at: COMPATIBLE, account, kdc }).warning).toBeDefined()
    const short = { certificateBackdatingCompensation: seconds(60) }
    expect(map(plain, { at: COMPATIBLE, account, kdc: short }).event?.id).toBe(40)
  })

  test('before May 2022 nobody asked for more', () => {
    expect(map(plain, { at: instant('2022-01-01T00:00:00Z') })).toEqual({ account: ada })
  })
})

describe('the SID binds', () => {
  test.for<[how: string, certificate: Certificate]>([
    ['in the extension', { ...plain, sid: SID }],
    ['in a URL', withUrl(`tag:microsoft.com,2022-09-14:sid:${SID}`)],
  ])('%s', ([, certificate]) => {
    expect(map(certificate)).toEqual({ account: ada })
  })

  test.for<[how: string, certificate: Certificate]>([
    ['in the extension', { ...plain, sid: 'S-1-5-21-1-2-3-500' }],
    ['in a URL', withUrl('tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500')],
  ])('that of another account %s is refused in every mode, with event 41', ([, certificate]) => {
    for (const at of [COMPATIBLE, AT]) {
      const { failure, event } = map(certificate, { at })
      expect(failure).toMatchObject({ code: 'account/sid-mismatch', expected: SID })
      expect(event?.id).toBe(41)
    }
  })

  test('a URL with another tag binds nothing', () => {
    expect(map(withUrl(`tag:microsoft.com,2020-01-01:sid:${SID}`)).event?.id).toBe(39)
  })
})

function withUrl(value: string): Certificate {
  return { ...plain, subjectAltName: [...plain.subjectAltName!, { kind: 'uri', value }] }
}

const reversedSerial = plain.serial.match(/../g)!.toReversed().join('')
const ISSUER = 'DC=com,DC=contoso,DC=corp,CN=Contoso Issuing CA'
const SUBJECT = 'DC=com,DC=contoso,OU=Sales,CN=Ada Lovelace'

describe('explicit mappings', () => {
  const mapped = (written: string, certificate = plain) =>
    map(certificate, { account: { ...ada, altSecurityIdentities: [written] } })

  test.for([
    ['issuer and serial number', `X509:<I>${ISSUER}<SR>${reversedSerial}`],
    [
      'issuer and serial number in capitals',
      `X509:<I>${ISSUER}<SR>${reversedSerial.toUpperCase()}`,
    ],
    ['subject key identifier', `X509:<SKI>${toHex(plain.subjectKeyId!)}`],
    ['SHA-1', `X509:<SHA1-PUKEY>${thumbprint(plain)}`],
  ] as const)('by %s is strong', ([, written]) => {
    expect(mapped(written).failure).toBeUndefined()
  })

  test.for([
    ['issuer and subject', `X509:<I>${ISSUER}<S>${SUBJECT}`],
    ['subject', `X509:<S>${SUBJECT}`],
    ['serial number the wrong way round', `X509:<I>${ISSUER}<SR>${plain.serial}`],
    [
      'issuer the wrong way round',
      `X509:<I>CN=Contoso Issuing CA,DC=corp,DC=contoso,DC=com<SR>${reversedSerial}`,
    ],
    ['another key identifier', 'X509:<SKI>00'],
    ['no mapping at all', 'Kerberos:ada@CONTOSO.COM'],
    ['garbage', 'X509:<I><SR><I>'],
  ] as const)('by %s is not', ([, written]) => {
    expect(mapped(written).event?.id).toBe(39)
  })

  test('by mail is weak, and finds an account that no user principal name finds', () => {
    const mail = {
      ...plain,
      subjectAltName: [{ kind: 'email', value: 'Ada@contoso.com' }],
    } as const satisfies Certificate
    const { account, event } = mapped('X509:<RFC822>ada@contoso.com', mail)
    expect(account?.key).toBe('ada')
    expect(event?.id).toBe(39)
  })

  test('what SHA1-PUKEY hashes is an assumption, and named', () => {
    const hash = createHash('sha1').update(plain.spki).digest('hex')
    const account = { ...ada, altSecurityIdentities: [`X509:<SHA1-PUKEY>${hash}`] }
    const byKey = { ...ASSUMPTIONS, sha1PublicKeyOf: 'public-key' } as const
    expect(mapCertificate(directory({}, account), plain, AT, byKey).failure).toBeUndefined()
    expect(mapCertificate(directory({}, account), plain, AT, ASSUMPTIONS).failure).toBeDefined()
    expect(kdcRestsOn(directory({}, account), AT)).toEqual(['sha1PublicKeyOf'])
  })
})

describe('the account', () => {
  const good = { ...plain, sid: SID }

  test('is found by its implicit name, too, and letter case does not count', () => {
    const account = { ...ada, upn: 'somebody@contoso.com' }
    const named = {
      ...good,
      subjectAltName: [{ kind: 'upn', value: 'ADA@CORP.contoso.com' }],
    } as const satisfies Certificate
    expect(map(named, { account })).toEqual({ account })
  })

  test('may be missing, or one of several', () => {
    expect(map(good, { account: { ...ada, upn: 'countess@contoso.com' } }).failure).toMatchObject({
      code: 'account/unknown',
      got: 'ada.lovelace@contoso.com',
    })
    const twin = { ...ada, key: 'twin', name: 'twin' }
    const { failure, account } = mapCertificate(directory({}, ada, twin), good, AT, ASSUMPTIONS)
    expect(account).toBeUndefined()
    expect(failure).toMatchObject({ code: 'account/ambiguous', got: 'ada, twin' })
  })

  test.for<[code: string, change: Partial<Account>]>([
    ['account/disabled', { isDisabled: true }],
    ['account/expired', { expires: AT }],
    ['account/locked', { isLocked: true }],
    ['account/outside-hours', { logonHours: [] }],
  ])('%s goes before any question of mapping', ([code, change]) => {
    expect(map(plain, { account: { ...ada, ...change } }).failure?.code).toBe(code)
  })

  test('that expires later is in use', () => {
    expect(map(good, { account: { ...ada, expires: (AT + 1) as Instant } }).failure).toBeUndefined()
  })
})
