/**
 * The reason codes of NPS (event 6273) that a certificate or the account behind it can lead to: meaning in our words, and what the VPN
 * client shows for each. Not the reasons of policies and passwords. Sources: Microsoft's "NPS Reason Codes", mprapi's IAS symbols.
 */
import type { PathFailureCode } from '../pki/profile/failure.ts'
import type { LoggedEvent, WindowsOutcome } from '../pki/profile/profile.ts'
import type { Assumption, Assumptions } from './assumptions.ts'
import { outcome, type WindowsCode } from './outcomes.ts'

export const NPS_REASONS = {
  8: 'no such account',
  16: 'the certificate is not bound to the account that it names',
  22: 'the server cannot use the EAP type: there is no certificate for it',
  23: 'an error inside EAP',
  34: 'the account is disabled',
  35: 'the account has expired',
  36: 'the account is locked out',
  73: 'the certificate has none of the purposes that the policy allows',
  256: 'the certificate was revoked',
  257: 'revocation cannot be checked: Windows lacks the code for it',
  258: 'revocation cannot be checked: the certificate names no place',
  259: 'revocation cannot be checked: the list cannot be had, or is too old',
  262: 'a signature does not verify',
  264: 'the clocks of client and server differ',
  265: 'the chain ends in a root that is not trusted',
  267: 'the certificate is not for client authentication',
  268: 'the certificate has expired',
  272: 'the certificate maps to several accounts',
  278: 'a certificate of the chain is not within its dates',
  280: 'an issuer in the chain is no certification authority',
  281: 'the chain is longer than one of its authorities allows',
  282: 'a critical extension is not known',
  285: 'the certificate cannot be read',
  287: 'no chain to a trusted root could be built',
  288: 'the certificate is not trusted for another reason',
  289: 'the certificate was revoked',
  291: 'the place of the revocation list cannot be reached',
  294: 'the certificate is distrusted by name',
  295: 'the issuing authority may not sign people in: it is not in NTAuth',
  296: 'the policies of the certificate do not hold',
  297: 'the certificate has no name that is valid',
  298: 'the certificate has no user principal name',
} as const

export type NpsReason = keyof typeof NPS_REASONS

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
  'account/not-strongly-mapped': 16,
  'account/predated': 16,
  'account/sid-mismatch': 16,
}

/** Event 6273: network access was denied. */
export const denied = (reason: NpsReason): LoggedEvent => ({
  on: 'nps',
  source: 'Microsoft-Windows-Security-Auditing',
  id: 6273,
  text: `access denied, reason code ${reason}: ${NPS_REASONS[reason]}`,
})

/** What the client shows for a reason: 853 unless the reason is one of those that Windows tells apart. */
function clientCode(reason: NpsReason, assume: Assumptions): readonly [WindowsCode, Assumption?] {
  switch (reason) {
    case 257:
    case 259:
    case 291:
      return [assume.clientCodeWithoutCrl, 'clientCodeWithoutCrl']
    case 258:
    case 22:
      return ['812']
    case 73:
      return [assume.clientCodeOfPurposeConstraint, 'clientCodeOfPurposeConstraint']
    case 256:
    case 289:
      return ['855']
    case 265:
      return ['861']
    case 268:
      return ['854']
    case 8:
      return [assume.clientCodeOfUnknownAccount, 'clientCodeOfUnknownAccount']
    case 34:
    case 35:
    case 36:
      return [assume.clientCodeOfAccountState, 'clientCodeOfAccountState']
    default:
      return ['853']
  }
}

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
  let reason = REASON_OF[failure]
  if (failure === 'pki/revoked') {
    reason = assume.reasonOfRevoked
    restsOn.push('reasonOfRevoked')
  }
  if (failure === 'pki/certificate-not-yet-valid') {
    reason = assume.reasonOfNotYetValid
    restsOn.push('reasonOfNotYetValid')
  }
  const [shown, assumption] = code === undefined ? clientCode(reason, assume) : [code]
  if (assumption !== undefined) restsOn.push(assumption)
  return outcome(shown, {
    reason: { code: reason, text: NPS_REASONS[reason] },
    events: [denied(reason), ...events],
    ...(restsOn.length > 0 && { restsOn }),
  })
}
