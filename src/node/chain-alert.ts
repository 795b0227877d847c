/**
 * What TLS tells the peer of a chain that was turned down (RFC 8446 §6.2), for each failure of a judgement.
 * Not what Windows shows its own user: `windows/relying-parties` has that.
 */
import type { TlsAlert } from '../engine/tls.ts'
import type { PathFailureCode } from '../pki/profile/failure.ts'

const ALERTS: Partial<Record<PathFailureCode, TlsAlert>> = {
  'pki/malformed': 'bad_certificate',
  'pki/bad-signature': 'bad_certificate',
  'pki/distrusted': 'unknown_ca',
  'pki/untrusted-root': 'unknown_ca',
  'pki/missing-intermediate': 'unknown_ca',
  'pki/path-search-limit': 'unknown_ca',
  'pki/root-not-accepted': 'unknown_ca',
  'pki/not-in-ntauth': 'unknown_ca',
  'pki/certificate-expired': 'certificate_expired',
  'pki/certificate-not-yet-valid': 'certificate_expired',
  'pki/revoked': 'certificate_revoked',
  'pki/wrong-eku': 'unsupported_certificate',
  'pki/wrong-key-usage': 'unsupported_certificate',
  'pki/eku-not-accepted': 'unsupported_certificate',
  'pki/no-account-name': 'access_denied',
  'account/unknown': 'access_denied',
  'account/ambiguous': 'access_denied',
  'account/disabled': 'access_denied',
  'account/expired': 'access_denied',
  'account/locked': 'access_denied',
  'account/outside-hours': 'access_denied',
  'account/not-strongly-mapped': 'access_denied',
  'account/predated': 'access_denied',
  'account/sid-mismatch': 'access_denied',
}

/** `certificate_unknown`: acceptable for some other reason than those that have an alert of their own. */
export const alertOf = (code: PathFailureCode | undefined): TlsAlert =>
  (code === undefined ? undefined : ALERTS[code]) ?? 'certificate_unknown'
