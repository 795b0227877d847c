/**
 * Why a dial led to no tunnel: a closed union, one member a cause. What Windows shows for each: {@link ./decisions.ts}.
 * Not a diagnosis: which firewall or file is at fault, the trace says.
 */
import type { PathFailureCode } from '../../pki/profile/failure.ts'
import type { WindowsOutcome } from '../../pki/profile/profile.ts'
import type { NpsReason } from '../nps/reasons.ts'
import type { DiscardCause } from '../nps/system-events.ts'
import type { NotAttempted } from '../triggers.ts'

/** Who dials, and how: the columns of the decision table. */
export type Dial = 'ikev2-user' | 'ikev2-device' | 'sstp-user'

export type ConnectFailure =
  /** Windows does not dial by itself; nothing is shown anywhere. */
  | { readonly kind: 'not-attempted'; readonly why: NotAttempted }
  | { readonly kind: 'name-unresolved'; readonly name: string }
  /** What was waited for in vain, and the port that it should have come from. */
  | {
      readonly kind: 'no-answer'
      readonly waitedFor: 'IKE_SA_INIT' | 'IKE_AUTH' | 'TCP'
      readonly port: number
    }
  /** Every protocol of `Automatic` failed, each in its own way. */
  | { readonly kind: 'automatic-all-failed'; readonly failures: readonly ConnectFailure[] }
  /** The gateway has no free port of the protocol, or has none at all. */
  | { readonly kind: 'no-port' }
  /** The gateway has as many IKE SAs with this address as it may have. */
  | { readonly kind: 'too-many-sas' }
  | { readonly kind: 'ike-proposal-mismatch' }
  /** The gateway has no certificate that it could show. */
  | { readonly kind: 'server-certificate-missing' }
  /** `failure`: what was wrong; `outcome`: what the relying party of the dial says of it. */
  | {
      readonly kind: 'server-certificate-rejected'
      readonly failure: PathFailureCode
      readonly outcome: WindowsOutcome
    }
  /** None on the device, or none below an authority that the gateway asks for. */
  | { readonly kind: 'device-certificate-missing' }
  /** `failure`, where it is known: what the gateway, which says no more than AUTHENTICATION_FAILED, found wrong. */
  | {
      readonly kind: 'device-certificate-rejected'
      readonly failure?: PathFailureCode
      readonly outcome: WindowsOutcome
    }
  /** UserAuthProtocolAccepted lacks what the client comes with. */
  | { readonly kind: 'method-not-accepted'; readonly method: 'eap' | 'certificate' }
  /** No RADIUS server answered, or none in a way that the gateway believes: with another secret, the two look alike. */
  | { readonly kind: 'radius-silent'; readonly cause?: RadiusSilence }
  /** None in the user's store that EAP could use. */
  | { readonly kind: 'no-user-certificate' }
  /** NPS has none that it could show, so that its EAP does not begin. */
  | { readonly kind: 'nps-certificate-missing' }
  | { readonly kind: 'nps-certificate-rejected'; readonly outcome: WindowsOutcome }
  | {
      readonly kind: 'nps-rejected'
      readonly reason: NpsReason
      /** Default `certificate`. */
      readonly credentials?: 'certificate' | 'password'
    }
  /** The keys of EAP differ on the two sides: the last AUTH does not verify. */
  | { readonly kind: 'auth-mismatch' }
  /** Authentication was not finished within NegotiateTime. */
  | { readonly kind: 'negotiate-time-over' }
  | { readonly kind: 'no-address' }
  | { readonly kind: 'esp-proposal-mismatch' }
  | { readonly kind: 'ts-unacceptable' }

/** Why no RADIUS server answered: none can be reached, its name has no address, or it threw the request away. */
export type RadiusSilence = 'unreachable' | 'unresolved' | DiscardCause

export type ConnectFailureKind = ConnectFailure['kind']
