/**
 * The Windows client that judges the gateway's TLS certificate in SSTP. Not HTTPS in general: a browser asks less of revocation.
 */
import type { PathFailureCode } from '../../pki/failure.ts'
import { EKU_OIDS } from '../../pki/oids.ts'
import type { RelyingPartyProfile } from '../../pki/profile.ts'
import type { RevocationSpec } from '../../topology/revocation.ts'
import { ASSUMPTIONS, type Assumptions } from '../assumptions.ts'
import { outcome, type WindowsCode } from '../outcomes.ts'
import { sstpClientRevocation } from '../revocation-switches.ts'
import { CHAIN, DATES, REVOCATION, WINDOWS } from './common.ts'

export interface SstpClientSettings {
  /** NoCertRevocationCheck counts. */
  readonly switches?: RevocationSpec
}

/** The HRESULTs of the SSL chain policy, which SSTP passes on. */
const TLS_CODES: Readonly<Partial<Record<PathFailureCode, WindowsCode>>> = {
  'pki/malformed': '0x80093100',
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
  'pki/name-mismatch': '0x800B010F',
}

/**
 * "Client → SSTP TLS cert": chain, purpose, name, dates, and a revocation list that must be had unless NoCertRevocationCheck is set.
 * 0x800B0109 root · 0x80070040 not for servers · 0x800B010F name · 0x800B0101 dates · 0x80092010 revoked · 0x80092013 no list.
 */
export function sstpClient(
  { switches }: SstpClientSettings = {},
  assume: Assumptions = ASSUMPTIONS,
): RelyingPartyProfile {
  const codes = Object.entries(TLS_CODES).map(([failure, code]) => [failure, outcome(code)])
  return {
    name: 'sstp-client',
    ...WINDOWS,
    purposes: [EKU_OIDS.serverAuth],
    commonName: 'without-dns-names',
    ...sstpClientRevocation(switches).profile,
    order: [...CHAIN, 'pki/wrong-eku', 'pki/name-mismatch', ...DATES, ...REVOCATION],
    outcomes: {
      ...Object.fromEntries(codes),
      'pki/wrong-eku': outcome(assume.sstpWrongPurpose, { restsOn: ['sstpWrongPurpose'] }),
    },
  }
}
