/**
 * What Windows' revocation switches make of a relying party: fields of its profile. Sources: Microsoft, "Configure NPS CRL check
 * registry settings", Always On VPN device tunnel (CertAuthFlags), Set-NetFirewallSetting. Not the check: `pki/revocation/revocation-check.ts`.
 */
import { REVOCATION_DOUBTS, type PathFailureCode } from '../pki/profile/failure.ts'
import type { RelyingPartyProfile } from '../pki/profile/profile.ts'
import type { NpsRevocationSpec, RevocationSpec } from '../topology/revocation.ts'

/** What no source confirms: another value could change a verdict that rests on it. */
export interface SwitchDefaults {
  /**
   * Microsoft writes that IgnoreNoRevocationCheck lets pass where NPS "does not perform or cannot complete" a check, and has another
   * switch for servers that are offline. False: it lets pass CRYPT_E_NO_REVOCATION_CHECK alone, whose name it has.
   */
  readonly ignoreNoRevocationCheckCoversOffline: boolean
  /** Whether the IPsec setting of the firewall also holds for IKEv2 tunnels of RAS. */
  readonly certValidationLevelHoldsForRas: boolean
}

export const SWITCH_DEFAULTS: SwitchDefaults = {
  ignoreNoRevocationCheckCoversOffline: false,
  certValidationLevelHoldsForRas: true,
}

/** How a relying party looks at revocation. */
export interface RevocationBehaviour {
  readonly profile: Pick<RelyingPartyProfile, 'revocation' | 'toleratedRevocation'> & {
    readonly checksRootRevocation: boolean
    readonly demandsDelta: boolean
  }
  /** Settings behind it that no source confirms. */
  readonly restsOn: readonly (keyof SwitchDefaults)[]
}

/** What Windows tells as CRYPT_E_NO_REVOCATION_CHECK. */
const NO_CHECK: readonly PathFailureCode[] = ['pki/no-crl-distribution-point']

/** What Windows tells as CRYPT_E_REVOCATION_OFFLINE: nothing could be had, or nothing current ("either offline or stale"). */
const OFFLINE = REVOCATION_DOUBTS.filter((code) => !NO_CHECK.includes(code))

/** CertAuthFlags: look at the revocation of a device's certificate. */
const CERT_AUTH_CHECK_REVOCATION = 4

const NOTHING: RevocationBehaviour = {
  profile: { revocation: 'none', checksRootRevocation: false, demandsDelta: false },
  restsOn: [],
}
/** Where deltas are published, base and delta must both be available and valid (Microsoft's PKI team on CRL publication). */
const HARD: RevocationBehaviour = {
  profile: { revocation: 'hard', checksRootRevocation: false, demandsDelta: true },
  restsOn: [],
}

/**
 * NPS judging a client's chain in one EAP type. By default everything must be cleared, the root included where it names a CRL. What is
 * revoked is refused whatever is ignored; only NoRevocationCheck lets it pass.
 */
export function npsRevocation(
  switches: NpsRevocationSpec = {},
  defaults: SwitchDefaults = SWITCH_DEFAULTS,
): RevocationBehaviour {
  const { ignoreNoRevocationCheck = false, ignoreRevocationOffline = false } = switches
  if (switches.noRevocationCheck === true) return NOTHING
  const coversOffline =
    ignoreRevocationOffline ||
    (ignoreNoRevocationCheck && defaults.ignoreNoRevocationCheckCoversOffline)
  return {
    profile: {
      ...HARD.profile,
      toleratedRevocation: [
        ...(ignoreNoRevocationCheck ? NO_CHECK : []),
        ...(coversOffline ? OFFLINE : []),
      ],
      checksRootRevocation: switches.noRootRevocationCheck !== true,
    },
    restsOn:
      ignoreNoRevocationCheck && !ignoreRevocationOffline
        ? ['ignoreNoRevocationCheckCoversOffline']
        : [],
  }
}

/** The gateway judging a device's certificate in IKEv2: not at all, unless CertAuthFlags says so. */
export const gatewayRevocation = ({
  certAuthFlags = 0,
}: RevocationSpec = {}): RevocationBehaviour =>
  (certAuthFlags & CERT_AUTH_CHECK_REVOCATION) === 0 ? NOTHING : HARD

/** A client judging the gateway's certificate in IKEv2: not at all, unless CertValidationLevel says so. */
export function ikeClientRevocation(
  { certValidationLevel = 'None' }: RevocationSpec = {},
  defaults: SwitchDefaults = SWITCH_DEFAULTS,
): RevocationBehaviour {
  if (certValidationLevel === 'None') return NOTHING
  const { profile } = !defaults.certValidationLevelHoldsForRas
    ? NOTHING
    : certValidationLevel === 'RequireCrlCheck'
      ? HARD
      : { profile: { ...HARD.profile, revocation: 'soft' as const } }
  return { profile, restsOn: ['certValidationLevelHoldsForRas'] }
}

/** A client judging the gateway's certificate in SSTP: strictly, unless NoCertRevocationCheck says otherwise. */
export const sstpClientRevocation = ({
  noCertRevocationCheck = false,
}: RevocationSpec = {}): RevocationBehaviour => (noCertRevocationCheck ? NOTHING : HARD)

/**
 * The switches that count: NPS's are those that were written when the server last booted (a restart of the service is not enough), the
 * others those that are written now.
 */
export function effectiveSwitches(written: RevocationSpec, atBoot: RevocationSpec): RevocationSpec {
  const { nps: _, ...others } = written
  return atBoot.nps === undefined ? others : { ...others, nps: atBoot.nps }
}
