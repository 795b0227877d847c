/**
 * Whose certificate is this? How a domain controller maps one to an account, and how sure it must be since KB5014754.
 * Not Kerberos: nothing is asked over a network, and no ticket is issued. Pure: the time and the settings are arguments.
 */
import { rememberEach } from '../base/remember.ts'
import { formatInstant, instant, type Instant } from '../base/time.ts'
import { subjectOf, type Certificate } from '../pki/certificate/certificate.ts'
import type { PathFailure, PathFailureCode } from '../pki/profile/failure.ts'
import type { LoggedEvent } from '../pki/profile/profile.ts'
import { isWithinHours } from '../topology/weekly-hours.ts'
import type { Account, Directory, KdcSettings } from './directory.ts'
import {
  explicitMapping,
  type MappingAssumptions,
  type MappingStrength,
} from './explicit-mapping.ts'

/** How the domain controllers treat a certificate that is only weakly bound to its account. */
export type BindingMode =
  /** Before KB5014754: nothing beyond the name is looked at. */
  | 'unchecked'
  /** Let in, and logged, unless the certificate is older than the account. */
  | 'compatibility'
  /** Turned down. */
  | 'full'

export interface KdcAssumptions extends MappingAssumptions {
  /** The update with which compatibility mode ended: sources say the 9th and the 10th of September 2025. */
  readonly compatibilityEnds: '2025-09-09' | '2025-09-10'
}

/** The updates that changed how certificates are mapped, by the day on which Microsoft published them. */
export const BINDING_UPDATES = {
  /** KB5014754: the SID extension, compatibility mode. */
  introduced: instant('2022-05-10T00:00:00Z'),
  /** The value 0 has no effect from here on. */
  disablingEnds: instant('2023-04-11T00:00:00Z'),
  /** Full enforcement unless the registry says 1. */
  fullByDefault: instant('2025-02-11T00:00:00Z'),
} as const

const SOURCE = 'Microsoft-Windows-Kerberos-Key-Distribution-Center'

const event = (id: number, text: string): LoggedEvent => ({ on: 'dc', source: SOURCE, id, text })

/** What the System log of the domain controller says, in our words. */
export const KDC_EVENTS = {
  'account/not-strongly-mapped': event(
    39,
    'a certificate names its account, but nothing binds the two beyond doubt',
  ),
  'account/predated': event(
    40,
    'a certificate that nothing binds to its account is older than the account, and was turned down',
  ),
  'account/sid-mismatch': event(41, 'a certificate carries the SID of another account'),
} as const satisfies Partial<Record<PathFailureCode, LoggedEvent>>

/**
 * The mode at `at`: the registry value StrongCertificateBindingEnforcement as far as the newest update that is installed still
 * heeds it. Domain controllers are taken to install each update on its day, up to `updatedUntil`.
 */
export function bindingMode(
  { strongCertificateBindingEnforcement: wanted, updatedUntil }: KdcSettings,
  at: Instant,
  { compatibilityEnds }: Pick<KdcAssumptions, 'compatibilityEnds'>,
): BindingMode {
  const level = updatedUntil !== undefined && updatedUntil < at ? updatedUntil : at
  if (level < BINDING_UPDATES.introduced) return 'unchecked'
  if (level >= instant(`${compatibilityEnds}T00:00:00Z`)) return 'full'
  if (wanted === 2) return 'full'
  if (wanted === 0 && level < BINDING_UPDATES.disablingEnds) return 'unchecked'
  if (wanted !== undefined) return 'compatibility'
  return level >= BINDING_UPDATES.fullByDefault ? 'full' : 'compatibility'
}

/** Which assumptions a mapping in this directory at this moment may rest on. */
export function kdcRestsOn(directory: Directory, at: Instant): readonly (keyof KdcAssumptions)[] {
  const inDoubt = at >= instant('2025-09-09T00:00:00Z') && at < instant('2025-09-10T00:00:00Z')
  return [
    ...(hasHashMapping(directory) ? (['sha1PublicKeyOf'] as const) : []),
    ...(inDoubt ? (['compatibilityEnds'] as const) : []),
  ]
}

const hasHashMapping = rememberEach(({ accounts }: Directory): boolean =>
  accounts.some(({ altSecurityIdentities }) =>
    altSecurityIdentities.some((written) => /<SHA1-PUKEY>/i.test(written)),
  ),
)

export interface CertificateMapping {
  /** Absent: none, or several. */
  readonly account?: Account
  /** Why its holder is turned down. */
  readonly failure?: PathFailure
  /** What would be a failure under full enforcement. */
  readonly warning?: PathFailure
  /** What the domain controller logs of it. */
  readonly event?: LoggedEvent
}

/**
 * Find the account of a certificate, and decide whether its holder may use it at `at`. `isLocked`: a running domain knows of more lockouts
 * than the topology says.
 */
export function mapCertificate(
  directory: Directory,
  certificate: Certificate,
  at: Instant,
  assume: KdcAssumptions,
  isLocked: (account: Account) => boolean = (account) => account.isLocked,
): CertificateMapping {
  const [account, ...others] = candidates(directory, certificate, assume)
  const names = namesIn(certificate).join(', ')
  if (account === undefined) {
    const message = 'names nobody who has an account'
    const expected = `an account in ${directory.domain}`
    return {
      failure: failed('account/unknown', certificate, message, expected, names || 'no name'),
    }
  }
  if (others.length > 0) {
    const got = [account, ...others].map(({ name }) => name).join(', ')
    const message = 'maps to several accounts'
    return { failure: failed('account/ambiguous', certificate, message, 'one account', got) }
  }
  const state = stateFailure(account, certificate, at, isLocked(account))
  if (state !== undefined) return { account, failure: state }
  return { account, ...binding(account, certificate, at, { kdc: directory.kdc, assume }) }
}

const failed = (
  code: PathFailureCode,
  certificate: Certificate,
  message: string,
  expected: string,
  got: string,
): PathFailure => ({ code, subject: subjectOf(certificate), message, expected, got })

const namesIn = ({ subjectAltName = [] }: Certificate): readonly string[] =>
  subjectAltName.flatMap((name) => (name.kind === 'upn' ? [name.value] : []))

/**
 * By the user principal name, explicit or the implicit one (sAMAccountName@domain); where no account has it, by explicit mapping.
 */
function candidates(
  directory: Directory,
  certificate: Certificate,
  assume: MappingAssumptions,
): readonly Account[] {
  const index = accountsByUpn(directory)
  const named = new Set(namesIn(certificate).flatMap((upn) => index.get(upn.toLowerCase()) ?? []))
  return named.size > 0
    ? [...named]
    : directory.accounts.filter((account) => strengthOf(account, certificate, assume) !== undefined)
}

/** By explicit and implicit user principal names in lower case. A directory does not change: an edit makes another. */
const accountsByUpn = rememberEach(
  ({ accounts, domain }: Directory): ReadonlyMap<string, readonly Account[]> => {
    const index = new Map<string, Account[]>()
    for (const account of accounts) {
      const names = new Set(
        [account.upn, `${account.name}@${domain}`].flatMap((upn) => upn?.toLowerCase() ?? []),
      )
      for (const name of names) index.set(name, [...(index.get(name) ?? []), account])
    }
    return index
  },
)

/** The best of the account's explicit mappings. */
function strengthOf(
  { altSecurityIdentities }: Account,
  certificate: Certificate,
  assume: MappingAssumptions,
): MappingStrength | undefined {
  const found = altSecurityIdentities.map((each) => explicitMapping(each, certificate, assume))
  return found.includes('strong') ? 'strong' : found.find((strength) => strength !== undefined)
}

function stateFailure(
  account: Account,
  certificate: Certificate,
  at: Instant,
  isLocked: boolean,
): PathFailure | undefined {
  const { name, isDisabled, expires, logonHours } = account
  const is = (code: PathFailureCode, state: string): PathFailure =>
    failed(code, certificate, `its account ${name} ${state}`, 'an account in use', state)
  if (isDisabled) return is('account/disabled', 'is disabled')
  if (expires !== undefined && expires <= at) {
    return is('account/expired', `expired on ${formatInstant(expires)}`)
  }
  if (isLocked) return is('account/locked', 'is locked out')
  return logonHours === undefined || isWithinHours(logonHours, at)
    ? undefined
    : is('account/outside-hours', 'may not sign in at this hour')
}

/** A URL in the subject alternative name that carries the SID, for certificates whose subject was supplied. */
const SID_URL = /^tag:microsoft\.com,2022-09-14:sid:(S-1-[0-9-]+)$/i

const sidsIn = ({ sid, subjectAltName = [] }: Certificate): readonly string[] => [
  ...(sid === undefined ? [] : [sid]),
  ...subjectAltName.flatMap((name) =>
    name.kind === 'uri' ? (SID_URL.exec(name.value)?.slice(1) ?? []) : [],
  ),
]

interface BindingRules {
  readonly kdc: KdcSettings
  readonly assume: KdcAssumptions
}

function binding(
  account: Account,
  certificate: Certificate,
  at: Instant,
  { kdc, assume }: BindingRules,
): Omit<CertificateMapping, 'account'> {
  const mode = bindingMode(kdc, at, assume)
  if (mode === 'unchecked') return {}
  const sids = sidsIn(certificate)
  if (sids.some((sid) => sid !== account.sid)) {
    const message = `carries the SID of another account than ${account.name}`
    return turnedDown('account/sid-mismatch', certificate, message, account.sid, sids.join(', '))
  }
  if (sids.length > 0 || strengthOf(account, certificate, assume) === 'strong') return {}

  const age = kdc.certificateBackdatingCompensation ?? 0
  if (mode === 'compatibility' && certificate.notBefore + age < account.created) {
    const message = `is older than the account ${account.name}, and nothing but a name binds the two`
    const expected = `issued after ${formatInstant(account.created)}`
    const got = `issued on ${formatInstant(certificate.notBefore)}`
    return turnedDown('account/predated', certificate, message, expected, got)
  }
  const code = 'account/not-strongly-mapped'
  const message = `is bound to the account ${account.name} by a name only`
  const expected = 'the SID extension, a SID URL, or a strong explicit mapping'
  if (mode === 'full') return turnedDown(code, certificate, message, expected, 'none of them')
  return {
    warning: failed(code, certificate, message, expected, 'none of them'),
    event: KDC_EVENTS[code],
  }
}

const turnedDown = (
  code: keyof typeof KDC_EVENTS,
  ...rest: [certificate: Certificate, message: string, expected: string, got: string]
): Omit<CertificateMapping, 'account'> => ({
  failure: failed(code, ...rest),
  event: KDC_EVENTS[code],
})
