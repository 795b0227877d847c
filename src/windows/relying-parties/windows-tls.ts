/**
 * Windows that judges a TLS server by itself, as its own programs have it judge, and the HRESULTs of that judgement.
 * Not SSTP, which asks for more ({@link ./sstp-client.ts}). Sources: winerror.h, verdicts on BetterTLS published in 2021.
 */
import type { PathFailureCode } from '../../pki/profile/failure.ts'
import { EKU_OIDS } from '../../pki/encoding/oids.ts'
import type { Outcomes, RelyingPartyProfile } from '../../pki/profile/profile.ts'
import { STRICT } from '../../pki/profile/profiles.ts'
import { outcome, type WindowsCode } from '../outcomes.ts'
import { WINDOWS } from './common.ts'

const TLS_CODES: Readonly<Partial<Record<PathFailureCode, WindowsCode>>> = {
  'pki/malformed': '0x80093100',
  'pki/distrusted': '0x800B0111',
  'pki/bad-signature': '0x80096004',
  'pki/untrusted-root': '0x800B0109',
  'pki/missing-intermediate': '0x800B010A',
  'pki/path-search-limit': '0x800B010A',
  'pki/certificate-expired': '0x800B0101',
  'pki/certificate-not-yet-valid': '0x800B0101',
  'pki/revoked': '0x80092010',
  'pki/not-a-ca': '0x80096019',
  'pki/path-too-long': '0x80096019',
  'pki/name-constraint': '0x800B0114',
  'pki/policy': '0x800B0113',
  'pki/weak-algorithm': '0x80096004',
  'pki/not-conforming': '0x800B010A',
  'pki/unknown-critical-extension': '0x800B0105',
  'pki/crl-expired': '0x80092013',
  'pki/crl-not-yet-valid': '0x80092013',
  'pki/crl-invalid': '0x80092013',
  'pki/crl-unreachable': '0x80092013',
  'pki/no-crl-distribution-point': '0x80092012',
  'pki/ocsp-unreachable': '0x80092013',
  'pki/ocsp-invalid': '0x80092013',
  'pki/ocsp-expired': '0x80092013',
  'pki/ocsp-unknown': '0x80092013',
  'pki/wrong-eku': '0x800B0110',
  'pki/wrong-key-usage': '0x800B0110',
  'pki/name-mismatch': '0x800B010F',
}

/** The HRESULTs of the SSL chain policy. */
export const TLS_OUTCOMES: Outcomes = Object.fromEntries(
  Object.entries(TLS_CODES).map(([failure, code]) => [failure, outcome(code)]),
)

/**
 * A TLS server in the eyes of Edge on Windows 10, 2021. CryptoAPI builds and judges the path with the SSL policy; Edge itself matches
 * names and refuses what is too weak. Differences from RFC 5280, each as Windows answered on BetterTLS:
 * - `constrainsCommonName`: without a dNSName the common name is held to dNSName constraints as if it were one, so that a certificate
 *   for an address fails by a name that nobody asked for.
 * - `commonName: 'never'` and `strength` are Edge's own: CryptoAPI alone would read the common name, and take SHA-1 below a root
 *   of one's own.
 * - `demandsConformance: false`: what RFC 5280 §4 asks of issuers is not looked at, nor are their constraints refused where they are
 *   not critical or begin with a period.
 * - `readsApplicationPolicies`, `anyPurposeSuffices`, roots included: extKeyUsage and Microsoft's own extension constrain downwards.
 */
export const WINDOWS_TLS: RelyingPartyProfile = {
  name: 'windows',
  ...WINDOWS,
  purposes: [EKU_OIDS.serverAuth],
  commonName: 'never',
  revocation: 'soft',
  strength: STRICT.strength,
  outcomes: TLS_OUTCOMES,
}
