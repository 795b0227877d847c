/**
 * What can be wrong with a certificate in the eyes of a relying party: a closed list of codes, in the order in which the first one is
 * told. Not the judgement: {@link ../path/path.ts} finds failures, a {@link ./profile.ts} says what Windows shows for each.
 */

/** Why it is not known whether a certificate is revoked. */
export const REVOCATION_DOUBTS = [
  'pki/crl-expired',
  'pki/crl-not-yet-valid',
  'pki/crl-invalid',
  'pki/crl-unreachable',
  'pki/no-crl-distribution-point',
  'pki/ocsp-unreachable',
  'pki/ocsp-invalid',
  'pki/ocsp-expired',
  'pki/ocsp-unknown',
] as const

/** No account for a certificate, or one that may not sign in. */
export const ACCOUNT_FAILURES = [
  'pki/no-account-name',
  'account/unknown',
  'account/ambiguous',
  'account/disabled',
  'account/expired',
  'account/locked',
  'account/outside-hours',
] as const

/**
 * Most telling first. The order follows the base and SSL chain policies of CertVerifyCertificateChainPolicy, which report one
 * error where several hold: signatures and trust, then dates, revocation, constraints, usage, and the name last.
 */
export const PATH_FAILURE_CODES = [
  'pki/malformed',
  'pki/bad-signature',
  'pki/distrusted',
  'pki/untrusted-root',
  'pki/missing-intermediate',
  'pki/path-search-limit',
  'pki/certificate-expired',
  'pki/certificate-not-yet-valid',
  'pki/revoked',
  'pki/not-a-ca',
  'pki/path-too-long',
  'pki/name-constraint',
  'pki/policy',
  'pki/unknown-critical-extension',
  'pki/weak-algorithm',
  'pki/not-conforming',
  ...REVOCATION_DOUBTS,
  'pki/wrong-eku',
  'pki/wrong-key-usage',
  'pki/name-mismatch',
] as const

/** What relying parties demand beside a good path: a root or a purpose of their choice, an account that the certificate stands for. */
export const DEMAND_FAILURE_CODES = [
  'pki/root-not-accepted',
  'pki/name-case-mismatch',
  'pki/not-in-ntauth',
  'pki/eku-not-accepted',
  ...ACCOUNT_FAILURES,
  'account/not-strongly-mapped',
  'account/predated',
  'account/sid-mismatch',
] as const

export type PathFailureCode =
  | (typeof PATH_FAILURE_CODES)[number]
  | (typeof DEMAND_FAILURE_CODES)[number]

/** One broken rule. */
export interface PathFailure {
  readonly code: PathFailureCode
  /** Name of the certificate that breaks it. */
  readonly subject: string
  /** One sentence for people, without the subject. */
  readonly message: string
  readonly expected?: string
  readonly got?: string
}

/**
 * The same failures, most telling first; equal codes keep their order. `first`: codes that go before all others, in that order.
 */
export function rankFailures(
  failures: readonly PathFailure[],
  first: readonly PathFailureCode[] = [],
): readonly PathFailure[] {
  const order = [...first, ...PATH_FAILURE_CODES, ...DEMAND_FAILURE_CODES]
  return failures.toSorted((a, b) => order.indexOf(a.code) - order.indexOf(b.code))
}
