/**
 * What can be wrong with a certificate path: a closed list of codes, in the order in which the first one is told.
 * Not the judgement: {@link ./path.ts} finds failures, {@link ./profiles.ts} says what Windows shows for each.
 */

/**
 * Most telling first. The order follows the base and SSL chain policies of CertVerifyCertificateChainPolicy, which report one
 * error where several hold: signatures and trust, then dates, revocation, constraints, usage, and the name last.
 */
export const PATH_FAILURE_CODES = [
  'pki/malformed',
  'pki/bad-signature',
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
  'pki/crl-expired',
  'pki/crl-not-yet-valid',
  'pki/crl-invalid',
  'pki/crl-unreachable',
  'pki/no-crl-distribution-point',
  'pki/wrong-eku',
  'pki/name-mismatch',
] as const

export type PathFailureCode = (typeof PATH_FAILURE_CODES)[number]

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

/** The same failures, most telling first; equal codes keep their order. */
export const rankFailures = (failures: readonly PathFailure[]): readonly PathFailure[] =>
  failures.toSorted((a, b) => rank(a) - rank(b))

const rank = ({ code }: PathFailure): number => PATH_FAILURE_CODES.indexOf(code)
