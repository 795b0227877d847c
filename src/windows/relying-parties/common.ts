/**
 * What all of Windows' relying parties have in common: how strong keys must be, that missing issuers are fetched, and in what order
 * the parts of a chain are looked at. Not a profile of its own.
 */
import { MICROSOFT_EXTENSIONS } from '../../pki/certificate/extensions.ts'
import {
  PATH_FAILURE_CODES,
  REVOCATION_DOUBTS,
  type PathFailure,
  type PathFailureCode,
} from '../../pki/profile/failure.ts'
import { oidName } from '../../pki/encoding/oids.ts'
import type { Outcomes, RelyingPartyProfile, WindowsOutcome } from '../../pki/profile/profile.ts'
import { subjectOf, type Certificate } from '../../pki/certificate/certificate.ts'

/** RSA keys below 1024 bits do not count in Windows since KB2661254; SHA-1 does, below a root of one's own. */
export const WINDOWS = {
  anyPurposeSuffices: true,
  readsApplicationPolicies: true,
  processes: MICROSOFT_EXTENSIONS,
  commonName: 'never',
  constrainsCommonName: true,
  demandsConformance: false,
  strength: { modulusMin: 1024, curveMin: 0, allowsSha1: true },
  fetchesIntermediates: true,
} as const satisfies Partial<RelyingPartyProfile>

/** Whether there is a chain to a trusted root, and whether its authorities may issue what they issued. */
export const CHAIN = [
  'pki/malformed',
  'pki/distrusted',
  'pki/bad-signature',
  'pki/untrusted-root',
  'pki/missing-intermediate',
  'pki/path-search-limit',
  'pki/not-a-ca',
  'pki/path-too-long',
  'pki/name-constraint',
  'pki/policy',
  'pki/unknown-critical-extension',
  'pki/weak-algorithm',
  'pki/not-conforming',
] as const satisfies readonly PathFailureCode[]

export const DATES = [
  'pki/certificate-expired',
  'pki/certificate-not-yet-valid',
] as const satisfies readonly PathFailureCode[]

/** A revoked certificate, then everything for which revocation could not be checked. */
export const REVOCATION = [
  'pki/revoked',
  ...REVOCATION_DOUBTS,
] as const satisfies readonly PathFailureCode[]

/** One outcome for each of these codes, or for every code that a path can break. */
export const outcomesOf = (
  outcomeOf: (code: PathFailureCode) => WindowsOutcome,
  codes: readonly PathFailureCode[] = PATH_FAILURE_CODES,
): Outcomes => Object.fromEntries(codes.map((code) => [code, outcomeOf(code)]))

/** A failure of one certificate. */
export const failureOf = (
  certificate: Certificate,
  failure: Omit<PathFailure, 'subject'>,
): PathFailure => ({ ...failure, subject: subjectOf(certificate) })

/** A list of purposes of which the end entity must name one; empty: no such list. `message` says whose list it is. */
export function acceptedPurposeFailures(
  [leaf]: readonly Certificate[],
  oids: readonly string[],
  message: string,
): readonly PathFailure[] {
  const purposes = leaf?.extKeyUsage ?? []
  if (leaf === undefined || oids.length === 0 || oids.some((oid) => purposes.includes(oid))) {
    return []
  }
  const expected = oids.map(oidName).join(' or ')
  const got = purposes.map(oidName).join(', ') || 'no extKeyUsage'
  return [failureOf(leaf, { code: 'pki/eku-not-accepted', message, expected, got })]
}
