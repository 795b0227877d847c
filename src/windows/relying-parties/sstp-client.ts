/**
 * The Windows client that judges the gateway's TLS certificate in SSTP. Not HTTPS in general: a browser asks less of revocation.
 */
import { EKU_OIDS } from '../../pki/encoding/oids.ts'
import type { RelyingPartyProfile } from '../../pki/profile/profile.ts'
import type { RevocationSpec } from '../../topology/revocation.ts'
import { ASSUMPTIONS, type Assumptions } from '../assumptions.ts'
import { outcome } from '../outcomes.ts'
import { sstpClientRevocation } from '../revocation-switches.ts'
import { CHAIN, DATES, REVOCATION, WINDOWS } from './common.ts'
import { TLS_OUTCOMES } from './windows-tls.ts'

export interface SstpClientSettings {
  /** NoCertRevocationCheck counts. */
  readonly switches?: RevocationSpec
}

/**
 * "Client → SSTP TLS cert": chain, purpose, name, dates, and a revocation list that must be had unless NoCertRevocationCheck is set.
 * 0x800B0109 root · 0x80070040 not for servers · 0x800B010F name · 0x800B0101 dates · 0x80092010 revoked · 0x80092013 no list.
 */
export function sstpClient(
  { switches }: SstpClientSettings = {},
  assume: Assumptions = ASSUMPTIONS,
): RelyingPartyProfile {
  return {
    name: 'sstp-client',
    ...WINDOWS,
    purposes: [EKU_OIDS.serverAuth],
    commonName: 'without-dns-names',
    ...sstpClientRevocation(switches).profile,
    order: [...CHAIN, 'pki/wrong-eku', 'pki/name-mismatch', ...DATES, ...REVOCATION],
    outcomes: {
      ...TLS_OUTCOMES,
      'pki/wrong-eku': outcome(assume.sstpWrongPurpose, { restsOn: ['sstpWrongPurpose'] }),
    },
  }
}
