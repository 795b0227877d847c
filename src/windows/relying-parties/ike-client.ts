/**
 * The Windows client that judges the gateway's certificate in IKEv2, for the user tunnel and for the device tunnel.
 * Not the signature of IKE_AUTH, which proves possession of the key: that is the engine's to verify.
 */
import type { PathFailureCode } from '../../pki/profile/failure.ts'
import { EKU_OIDS } from '../../pki/encoding/oids.ts'
import type { RelyingPartyProfile } from '../../pki/profile/profile.ts'
import type { RevocationSpec } from '../../topology/revocation.ts'
import { ASSUMPTIONS, type Assumptions } from '../assumptions.ts'
import { outcome } from '../outcomes.ts'
import { ikeClientRevocation } from '../revocation-switches.ts'
import { CHAIN, DATES, outcomesOf, REVOCATION, WINDOWS } from './common.ts'

export interface IkeClientSettings {
  /** CertValidationLevel counts; Windows' default is not to look. */
  readonly switches?: RevocationSpec
  /** The phonebook flag DisableIKENameEkuCheck: neither name nor purpose is looked at. */
  readonly disableNameEkuCheck?: boolean
}

const NAME_AND_EKU: readonly PathFailureCode[] = ['pki/wrong-eku', 'pki/name-mismatch']

/**
 * "Client → VPN server cert (IKEv2)": chain to LocalMachine\Root, dates, Server Authentication, the common name or a DNS name equal to
 * what was dialled. Whatever is wrong, RAS shows 13801.
 */
export function ikeClient(
  { switches, disableNameEkuCheck = false }: IkeClientSettings = {},
  assume: Assumptions = ASSUMPTIONS,
): RelyingPartyProfile {
  return {
    name: 'ike-client',
    ...WINDOWS,
    purposes: [EKU_OIDS.serverAuth],
    commonName: 'always',
    ...ikeClientRevocation(switches, assume).profile,
    ...(disableNameEkuCheck && { overlooks: ({ code }) => NAME_AND_EKU.includes(code) }),
    order: [...CHAIN, ...DATES, ...NAME_AND_EKU, ...REVOCATION],
    outcomes: outcomesOf(() => outcome('13801')),
    restsOn: { certValidationLevelHoldsForRas: REVOCATION },
  }
}
