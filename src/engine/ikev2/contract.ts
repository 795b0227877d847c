/**
 * What a host gives an IKE session and hears from it. A session is one IKE SA and its successors with one peer, in either role. Not the session:
 * `session.ts`; nor what a gateway does with datagrams that belong to none yet: `door.ts`.
 *
 * The host feeds every datagram that {@link routeOf} sends here, without the non-ESP marker, and every timer that went off; it carries out the outputs in
 * order, and answers each question (`ask-…`, `eap`) once, now or later. After `over` it may forget the session and feeds it no more.
 */
import type { Duration } from '../../base/time.ts'
import type { EspSuite } from '../../crypto/ike/transforms.ts'
import type { ConfigurationAttribute } from '../../wire/ikev2/configuration.ts'
import type { TrafficSelector } from '../../wire/ikev2/traffic-selectors.ts'
import type { IkeCertificate, IkeEndpoint, IkeEndpoints, IkeIdentity } from './options.ts'
import type { IkeReport, IkeSecrets, OverReason } from './report.ts'

export type IkeInput =
  /** `endpoints` as it arrived: `local` where, `remote` from where. `bytes` begin with the IKE header. Kept: the host does not write into them again. */
  | {
      readonly kind: 'datagram'
      readonly bytes: Uint8Array
      readonly endpoints: IkeEndpoints
    }
  | { readonly kind: 'timer'; readonly timer: string }
  /**
   * An EAP packet for the peer: of the responder's host a request, of the initiator's host a response. Answers output `eap`.
   */
  | { readonly kind: 'eap'; readonly packet: Uint8Array }
  /**
   * The method is over and good. `msk`: 64 bytes as a rule; empty or absent: a method without keys, and AUTH is made with SK_p (RFC 7296 §2.16). The
   * responder's host gives the EAP-Success packet too; the initiator's answers with this when it was handed that packet.
   */
  | { readonly kind: 'eap-success'; readonly packet?: Uint8Array; readonly msk?: Uint8Array }
  /** The responder's host: the EAP-Failure packet for the peer. The initiator's: it was handed one, or gives up itself. `why` goes into the report. */
  | { readonly kind: 'eap-failure'; readonly packet?: Uint8Array; readonly why?: string }
  /** Answers `ask-judge`. `failure` goes into the report. */
  | { readonly kind: 'judged'; readonly accepted: true }
  | { readonly kind: 'judged'; readonly accepted: false; readonly failure: string }
  /** Answers `ask-certificate`. Absent: there is none, and the session is over before anything was sent. */
  | { readonly kind: 'certificate'; readonly certificate?: IkeCertificate }
  /**
   * Answers `ask-address`: the attributes of CFG_REPLY. Addresses among them are what the peer may be. Absent: there is none to give, and the peer hears
   * INTERNAL_ADDRESS_FAILURE; the IKE SA stands without a child.
   */
  | { readonly kind: 'address'; readonly reply?: readonly ConfigurationAttribute[] }
  /** Replace a child SA now; absent: all. `spi` is the inbound one. */
  | { readonly kind: 'rekey-child'; readonly spi?: number }
  | { readonly kind: 'rekey-ike' }
  /** An EspSa nears its limit of bytes or sequence numbers (`soft`), or has reached it (`hard`). `spi` is the inbound one. */
  | { readonly kind: 'child-wears'; readonly spi: number; readonly limit: 'soft' | 'hard' }
  /** Close one child SA, the IKE SA stays. */
  | { readonly kind: 'close-child'; readonly spi: number }
  /** Ask the peer for a sign of life now. */
  | { readonly kind: 'probe' }
  /** This host has another address, or another path: MOBIKE (RFC 4555 §3.5). `remote` absent: as before. Initiator only. */
  | { readonly kind: 'moved'; readonly local: IkeEndpoint; readonly remote?: IkeEndpoint }
  /** Say good-bye and end. `silent`: without a word, at once. `why` goes into the report. */
  | { readonly kind: 'close'; readonly silent?: boolean; readonly why?: string }

export type IkeOutput =
  /**
   * A datagram. `marker`: four zero bytes go before it (RFC 3948 §2.2). A NAT-keepalive is a single byte 0xff without.
   */
  | {
      readonly kind: 'send'
      readonly endpoints: IkeEndpoints
      readonly marker: boolean
      readonly bytes: Uint8Array
    }
  /** Names of timers are the session's own: the host keeps them apart by session. Arming a timer that is armed moves it. */
  | { readonly kind: 'arm'; readonly timer: string; readonly after: Duration }
  | { readonly kind: 'disarm'; readonly timer: string }
  | { readonly kind: 'report'; readonly report: IkeReport }
  /** Datagrams whose {@link routeOf} is this key are for this session, or no longer. */
  | { readonly kind: 'route'; readonly change: 'add' | 'remove'; readonly key: string }
  /**
   * For the authenticator's host (responder): the peer's EAP packet; without one: begin, the peer says it is `identity`. For the peer's host
   * (initiator): the server's packet, EAP-Success and EAP-Failure included. Answered by `eap`, `eap-success` or `eap-failure`.
   */
  | { readonly kind: 'eap'; readonly packet?: Uint8Array; readonly identity?: IkeIdentity }
  /**
   * Is this chain good for whom the peer says it is? DER in the order of the CERT payloads, the end entity first; AUTH is the work of that key already.
   * `subject`: what the peer is on this IKE SA; `identity` its ID payload; `encodings` of the CERT payloads that are no X.509 are left out.
   */
  | {
      readonly kind: 'ask-judge'
      readonly subject: 'initiator' | 'responder'
      readonly chain: readonly Uint8Array[]
      readonly identity: IkeIdentity
    }
  /** Which certificate shall we show to somebody who trusts these authorities? SHA-1 hashes of SubjectPublicKeyInfo; empty: it did not say. */
  | { readonly kind: 'ask-certificate'; readonly authorities: readonly Uint8Array[] }
  /** What shall this peer be given? The attributes of its CFG_REQUEST. Responder only. */
  | {
      readonly kind: 'ask-address'
      readonly request: readonly ConfigurationAttribute[]
      readonly peer: IkePeer
    }
  /** A child SA stands: outbound packets may use it, inbound ones may come. */
  | { readonly kind: 'child-up'; readonly child: IkeChild }
  /** As {@link IkeChild.asked} says; the one it replaces is still received until its `child-down`. */
  | { readonly kind: 'child-down'; readonly spi: number; readonly why: ChildDownReason }
  /** Where packets of all child SAs go from now on. */
  | { readonly kind: 'moved'; readonly endpoints: IkeEndpoints; readonly encapsulates: boolean }
  /** For captures only: never into a report or a log. */
  | { readonly kind: 'secrets'; readonly secrets: IkeSecrets }
  /** The session is at its end. All routes and timers are gone already, and `child-down` has been said for each child. */
  | { readonly kind: 'over'; readonly why: OverReason }

/** Who is there, when it has been proved. */
export interface IkePeer {
  readonly identity: IkeIdentity
  readonly authenticated: 'eap' | 'certificate'
  readonly endpoints: IkeEndpoints
}

export type ChildDownReason =
  | 'rekeyed'
  | 'deleted-by-peer'
  | 'closed'
  | 'expired'
  | 'ike-sa-over'
  | 'redundant'

/** A pair of ESP SAs (RFC 7296 §2.17), in tunnel mode. */
export interface IkeChild {
  /** The SPI in packets that we receive; names the pair in inputs and outputs. */
  readonly spi: number
  /** The SPI in packets that we send. */
  readonly remoteSpi: number
  /** The inbound SPI of the pair that this one replaces: receive with both until its `child-down`. */
  readonly replaces?: number
  /**
   * Who asked for it. A pair that replaces another is sent with at once by who asked; the other side goes on with the old one until it has received
   * something good on the new, or the old is down: only then the asker is sure to have it (RFC 7296 §2.8).
   */
  readonly asked: 'own' | 'peer'
  readonly suite: EspSuite
  readonly inbound: EspKeys
  readonly outbound: EspKeys
  readonly localSelectors: readonly TrafficSelector[]
  readonly remoteSelectors: readonly TrafficSelector[]
  readonly endpoints: IkeEndpoints
  /** In UDP on port 4500 (RFC 3948), because there is a NAT; else IP protocol 50. */
  readonly encapsulates: boolean
  /** Initiator: attributes of CFG_REPLY. Responder: what it replied. Of the first child only. */
  readonly configuration?: readonly ConfigurationAttribute[]
  /** For an EspSa: the byte limits. Time is the session's own affair. */
  readonly bytes?: { readonly soft: number; readonly hard: number }
}

/** As `crypto/ike` takes them: the salt of an AEAD stands behind its key; `integrity` is empty then. */
export interface EspKeys {
  readonly encryption: Uint8Array
  readonly integrity: Uint8Array
}
