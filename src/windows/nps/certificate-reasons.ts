/**
 * The reason code that NPS gives for each failure of a client's certificate or of the account behind it, and what client and log show.
 * Not the table of reasons, which is {@link ./reasons.ts}, and none that policies or passwords lead to.
 */
import type { PathFailureCode } from '../../pki/profile/failure.ts'
import type { LoggedEvent, WindowsOutcome } from '../../pki/profile/profile.ts'
import type { Assumption, Assumptions } from '../assumptions.ts'
import { outcome, type WindowsCode } from '../outcomes.ts'
import { clientCodeOf, reasonOf, type NpsReason } from './reasons.ts'

/** The NPS reason for each failure of a client's certificate. */
const REASON_OF: Readonly<Record<PathFailureCode, NpsReason>> = {
  'pki/malformed': 285,
  'pki/distrusted': 294,
  'pki/bad-signature': 262,
  'pki/untrusted-root': 265,
  'pki/missing-intermediate': 287,
  'pki/path-search-limit': 287,
  'pki/certificate-expired': 268,
  'pki/certificate-not-yet-valid': 278,
  'pki/revoked': 256,
  'pki/not-a-ca': 280,
  'pki/path-too-long': 281,
  'pki/name-constraint': 297,
  'pki/policy': 296,
  'pki/unknown-critical-extension': 282,
  'pki/weak-algorithm': 288,
  'pki/not-conforming': 285,
  'pki/crl-expired': 259,
  'pki/crl-not-yet-valid': 259,
  'pki/crl-invalid': 259,
  'pki/crl-unreachable': 259,
  'pki/no-crl-distribution-point': 258,
  'pki/ocsp-unreachable': 259,
  'pki/ocsp-invalid': 259,
  'pki/ocsp-expired': 259,
  'pki/ocsp-unknown': 259,
  'pki/wrong-eku': 267,
  'pki/wrong-key-usage': 288,
  'pki/name-mismatch': 297,
  'pki/name-case-mismatch': 297,
  'pki/root-not-accepted': 265,
  'pki/not-in-ntauth': 295,
  'pki/eku-not-accepted': 73,
  'pki/no-account-name': 298,
  'account/unknown': 8,
  'account/ambiguous': 272,
  'account/disabled': 34,
  'account/expired': 35,
  'account/locked': 36,
  'account/outside-hours': 37,
  'account/not-strongly-mapped': 16,
  'account/predated': 16,
  'account/sid-mismatch': 16,
}

/** Where Microsoft's list has several reasons for one failure, the assumption that says which. */
const ASSUMED = {
  'pki/revoked': 'reasonOfRevoked',
  'pki/certificate-not-yet-valid': 'reasonOfNotYetValid',
  'pki/crl-unreachable': 'reasonOfUnreachableList',
  'pki/ocsp-unreachable': 'reasonOfUnreachableList',
  'pki/wrong-eku': 'reasonOfWrongPurpose',
  'pki/untrusted-root': 'reasonOfUntrustedRoot',
} as const satisfies Partial<Record<PathFailureCode, Assumption>>

const isAssumed = (failure: PathFailureCode): failure is keyof typeof ASSUMED =>
  Object.hasOwn(ASSUMED, failure)

/** Event 6273: network access was denied. */
export const denied = (reason: NpsReason): LoggedEvent => ({
  on: 'nps',
  source: 'Microsoft-Windows-Security-Auditing',
  id: 6273,
  text: `access denied, reason code ${reason}: ${reasonOf(reason).text}`,
})

/** What a client and the log of NPS show where NPS turns a client's certificate down. */
export function npsOutcome(
  failure: PathFailureCode,
  assume: Assumptions,
  {
    code,
    events = [],
  }: { readonly code?: WindowsCode; readonly events?: readonly LoggedEvent[] } = {},
): WindowsOutcome {
  const restsOn: Assumption[] = []
  let reason: NpsReason = REASON_OF[failure]
  if (isAssumed(failure)) {
    reason = assume[ASSUMED[failure]]
    restsOn.push(ASSUMED[failure])
  }
  const shown = code === undefined ? clientCodeOf(reason, assume) : { code, restsOn: [] }
  restsOn.push(...shown.restsOn)
  return outcome(shown.code, {
    reason: reasonOf(reason),
    events: [denied(reason), ...events],
    ...(restsOn.length > 0 && { restsOn }),
  })
}
