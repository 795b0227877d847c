/**
 * What a session reports: what was agreed, what failed, with what was expected and what came. For the trace and for a diagnosis; names are the RFCs'.
 * No key is in a report: those go out as {@link IkeSecrets}.
 */
import type { Duration } from '../../base/time.ts'
import type { EspSuite, IkeSuite } from '../../crypto/ike/transforms.ts'
import type { WireError } from '../../wire/codec.ts'
import type { TrafficSelector } from '../../wire/ikev2/traffic-selectors.ts'
import type { IkeEndpoints, IkeIdentity } from './options.ts'

export type ExchangeName = 'IKE_SA_INIT' | 'IKE_AUTH' | 'CREATE_CHILD_SA' | 'INFORMATIONAL'

/** Which side did it. */
export type Side = 'own' | 'peer'

/** One algorithm for each purpose, as `ENCR_AES_CBC_256/PRF_HMAC_SHA2_256/AUTH_HMAC_SHA2_256_128/MODP_2048`; several of one type with `|` between. */
export type ProposalText = string

/** How an IKE SA ended; `over` has the same. */
export type OverReason =
  | 'no-proposal-chosen'
  | 'invalid-ke-payload'
  | 'invalid-syntax'
  | 'unsupported-critical-payload'
  | 'authentication-failed'
  | 'eap-failed'
  | 'no-certificate'
  | 'refused-by-peer'
  | 'timed-out'
  | 'not-established'
  | 'deleted-by-peer'
  | 'expired'
  | 'closed'

/** Why a side did not believe the other, or had nothing to show. */
export type AuthenticationFault =
  /** AUTH is not the work of that key: wrong key, wrong MSK, or a message was changed under way. */
  | { readonly code: 'bad-auth'; readonly method: number }
  | { readonly code: 'certificate-refused'; readonly failure: string }
  | { readonly code: 'no-certificate' }
  /** The first certificate cannot be read, or its key cannot. */
  | { readonly code: 'unreadable-certificate' }
  | { readonly code: 'eap-failed'; readonly why?: string }
  /** The peer wants to prove itself in a way that is not accepted here. */
  | {
      readonly code: 'method-not-accepted'
      readonly got: 'eap' | 'certificate'
      readonly accepted: readonly string[]
    }
  | { readonly code: 'missing-payload'; readonly expected: readonly string[] }
  /** It is not whom this side asked for (IDr). */
  | { readonly code: 'other-identity'; readonly wanted: IkeIdentity }

export type IkeReport =
  /** A message as it went or came, once for each transmission; payloads in order, notifications by name: `N(COOKIE)`. */
  | {
      readonly kind: 'ike/message'
      readonly direction: 'sent' | 'received'
      readonly exchange: ExchangeName
      readonly response: boolean
      readonly messageId: number
      readonly payloads: readonly string[]
      readonly fragments?: number
      /** From 2: sent again. */
      readonly times?: number
    }
  | { readonly kind: 'ike/agreed'; readonly suite: IkeSuite; readonly text: ProposalText }
  /** By NAT_DETECTION_*_IP (RFC 7296 §2.23): who sits behind one. */
  | { readonly kind: 'ike/nat-detected'; readonly behind: readonly Side[] }
  | { readonly kind: 'ike/cookie-demanded' }
  /** The group of KE is not the responder's: asked again with its own, or not, where it was not among the offered. */
  | {
      readonly kind: 'ike/invalid-ke'
      readonly exchange: ExchangeName
      readonly sent: number
      readonly wanted: number
      readonly offered: readonly number[]
      readonly retries: boolean
    }
  /** `by` own: nothing that the peer offered is accepted here; `by` peer: it said so, and what it accepts is not known. */
  | {
      readonly kind: 'ike/no-proposal-chosen'
      readonly by: Side
      readonly exchange: ExchangeName
      readonly protocol: 'IKE' | 'ESP'
      readonly offered: readonly ProposalText[]
      readonly accepted?: readonly ProposalText[]
    }
  /** `by` is who refuses. A peer that refuses says no more than AUTHENTICATION_FAILED, or ends EAP. */
  | {
      readonly kind: 'ike/authentication-failed'
      readonly by: 'own'
      readonly fault: AuthenticationFault
      readonly peer?: IkeIdentity
    }
  | { readonly kind: 'ike/authentication-failed'; readonly by: 'peer' }
  | {
      readonly kind: 'ike/authenticated'
      readonly peer: IkeIdentity
      readonly how: 'eap' | 'certificate'
    }
  /** The peer answered with an error that no other report has. */
  | {
      readonly kind: 'ike/refused'
      readonly exchange: ExchangeName
      readonly notify: string
      readonly type: number
    }
  /** The IKE SA stands; `hasChild`: with its first child. */
  | {
      readonly kind: 'ike/established'
      readonly peer: IkeIdentity
      readonly endpoints: IkeEndpoints
      readonly hasChild: boolean
      readonly took: Duration
    }
  /** No child came of it, the IKE SA stands. */
  | {
      readonly kind: 'ike/child-refused'
      readonly by: Side
      readonly exchange: ExchangeName
      readonly notify: string
      readonly type: number
    }
  /** The selectors of the two sides have nothing in common. */
  | {
      readonly kind: 'ike/ts-unacceptable'
      readonly by: Side
      readonly offered: {
        readonly initiator: readonly TrafficSelector[]
        readonly responder: readonly TrafficSelector[]
      }
      readonly accepted?: {
        readonly initiator: readonly TrafficSelector[]
        readonly responder: readonly TrafficSelector[]
      }
    }
  | {
      readonly kind: 'ike/child-established'
      readonly spi: number
      readonly remoteSpi: number
      readonly suite: EspSuite
      readonly text: ProposalText
      readonly replaces?: number
    }
  | {
      readonly kind: 'ike/child-over'
      readonly spi: number
      readonly remoteSpi: number
      readonly why: string
    }
  | { readonly kind: 'ike/rekeyed'; readonly text: ProposalText }
  /** Both sides replaced the same SA at once; the one with the lowest nonce gives way (RFC 7296 §2.8.1). */
  | {
      readonly kind: 'ike/simultaneous-rekey'
      readonly what: 'IKE' | 'ESP'
      readonly loser: Side
    }
  /** A replacement did not come about; `again`: it is tried later. */
  | {
      readonly kind: 'ike/rekey-failed'
      readonly what: 'IKE' | 'ESP'
      readonly notify: string
      readonly again: boolean
    }
  /** No answer after the whole schedule. */
  | {
      readonly kind: 'ike/timed-out'
      readonly exchange: ExchangeName
      readonly messageId: number
      readonly times: number
      readonly waited: Duration
      /** What the unanswered request was for: `first IKE_AUTH`, `dead peer detection`, `rekey`… */
      readonly doing: string
    }
  | {
      readonly kind: 'ike/moved'
      readonly by: Side
      readonly from: IkeEndpoints
      readonly to: IkeEndpoints
    }
  /** The peer does not take the addresses (RFC 4555 §3.5), or the path is another than the message says. */
  | { readonly kind: 'ike/move-failed'; readonly notify: string }
  | { readonly kind: 'ike/over'; readonly why: OverReason; readonly detail?: string }
  /** Passed over: the session goes on as if it had not come. */
  | { readonly kind: 'ike/ignored'; readonly why: IgnoredReason; readonly detail?: string }
  | {
      readonly kind: 'ike/malformed'
      readonly error: WireError
      /** Its ICV is right, so it is the peer's fault and ends the SA; else anybody may have sent it. */
      readonly authentic: boolean
    }
  | {
      readonly kind: 'ike/unexpected'
      readonly expected: readonly string[]
      readonly got: string
      readonly exchange: ExchangeName
    }

export type IgnoredReason =
  | 'bad-integrity'
  | 'not-ours'
  | 'old-message-id'
  | 'future-message-id'
  | 'busy'
  | 'fragment'
  | 'unprotected'
  | 'unexpected-exchange'
  | 'unexpected-notify'

/** What Wireshark needs to read a capture; `crypto/ike/wireshark.ts` writes the rows of its preferences. */
export type IkeSecrets =
  | {
      readonly kind: 'ike'
      /** 8 bytes each. */
      readonly spiI: Uint8Array
      readonly spiR: Uint8Array
      readonly suite: IkeSuite
      readonly skEi: Uint8Array
      readonly skEr: Uint8Array
      readonly skAi: Uint8Array
      readonly skAr: Uint8Array
    }
  | {
      readonly kind: 'esp'
      readonly from: IkeEndpoints['local']
      readonly to: IkeEndpoints['local']
      readonly spi: number
      readonly suite: EspSuite
      readonly encryption: Uint8Array
      readonly integrity: Uint8Array
    }
