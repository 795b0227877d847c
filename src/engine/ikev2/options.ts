/**
 * How an IKE SA is set up, on either side: who we are, what we offer or accept, and how patient we are. Not a Windows policy and no topology:
 * whoever opens a session has made this of them. All numbers are IANA's, as in `wire/ikev2`.
 */
import type { KeyObject } from 'node:crypto'
import type { Ipv4 } from '../../base/address.ts'
import { seconds, type Duration, type Instant } from '../../base/time.ts'
import type { IkeCryptography } from '../../crypto/ike/cryptography.ts'
import type { EspSuite, IkeSuite } from '../../crypto/ike/transforms.ts'
import type { ConfigurationAttribute } from '../../wire/ikev2/configuration.ts'
import type { IkeTransform } from '../../wire/ikev2/security-association.ts'
import type { TrafficSelector } from '../../wire/ikev2/traffic-selectors.ts'

export interface IkeEndpoint {
  readonly address: Ipv4
  readonly port: number
}

/** `local` is this host's own address, as it knows it behind whatever NAT. */
export interface IkeEndpoints {
  readonly local: IkeEndpoint
  readonly remote: IkeEndpoint
}

/** The body of an ID payload without its reserved bytes (RFC 7296 §3.5). */
export interface IkeIdentity {
  readonly type: number
  readonly data: Uint8Array
}

/** What proves who we are by signature: DER, the end entity first, and its private key. */
export interface IkeCertificate {
  readonly identity: IkeIdentity
  readonly chain: readonly Uint8Array[]
  readonly key: KeyObject
}

/** After how long an SA is replaced and, failing that, ended. Absent: never. */
export interface Lifetime {
  /** The hard end. The SA is replaced `margin` earlier, and up to `jitter` before that, by `env.rng`. */
  readonly time?: Duration
  /** Default a tenth of `time`. */
  readonly margin?: Duration
  /** Default half of `margin`. */
  readonly jitter?: Duration
}

export interface ChildLifetime extends Lifetime {
  /** Bytes of inner packets in one direction; the SA is replaced at nine tenths. The EspSa counts and says so: input `child-wears`. */
  readonly bytes?: number
}

/** What was last heard from the peer and last sent to it inside child SAs. Absent: nothing yet. */
export interface EspTraffic {
  readonly heard?: Instant
  readonly sent?: Instant
}

/** Both roles. */
export interface IkeOptions {
  /** Default the real one. Both sides have the same. */
  readonly cryptography?: IkeCryptography
  /** How long each transmission of a request waits for its answer; after the last the session ends. Default {@link IKE_RETRANSMISSION}. */
  readonly retransmission?: readonly Duration[]
  /**
   * RFC 7383, where the peer has it too. `packet`: the size of a whole IP packet, its header included, which no fragment exceeds. Absent: messages go
   * whole, and IP fragments them.
   */
  readonly fragmentation?: { readonly packet: number }
  /** RFC 4555. Default true. */
  readonly mobike?: boolean
  /** Ids of SIGNATURE_HASH_ALGORITHMS (RFC 7427 §4); empty or absent: not sent, and AUTH of RSA is signed with SHA-1. */
  readonly signatureHashes?: readonly number[]
  readonly vendorIds?: readonly Uint8Array[]
  readonly ikeLifetime?: Lifetime
  readonly childLifetime?: ChildLifetime
  /** After this long without a sign of the peer, an empty INFORMATIONAL asks for one. Absent: never. */
  readonly deadPeer?: Duration
  /** After this long of silence towards the peer a NAT-keepalive goes out, behind a NAT (RFC 3948 §4). Default 20 s; 0: never. */
  readonly keepalive?: Duration
  /** Asked when a timer of liveness goes off. Absent: child SAs are taken for silent. */
  readonly espTraffic?: () => EspTraffic
  /** Whether an inbound SPI of ESP is free on this host. Default: all are. */
  readonly isSpiFree?: (spi: number) => boolean
  /** Hashes of SubjectPublicKeyInfo of authorities, SHA-1, one after another, for CERTREQ. Absent or empty: none is sent. */
  readonly authorities?: Uint8Array
  /** The port of this host on which IKE goes without the non-ESP marker; on every other it goes with it. Default 500. */
  readonly ikePort?: number
  /** KE when this side replaces a child SA. Absent: an initiator sends none, a responder one of the group in use. */
  readonly pfsGroup?: number
}

export interface IkeInitiatorOptions extends IkeOptions {
  readonly role: 'initiator'
  /** As IKE_SA_INIT is sent: port 500 to 500, or 4500 to 4500. IKE_AUTH goes from 4500 to 4500, if the responder knows NAT traversal. */
  readonly endpoints: IkeEndpoints
  /** Ports of NAT traversal; default 4500 on both sides. */
  readonly natTraversalPorts?: { readonly local: number; readonly remote: number }
  /**
   * - `eap`: no AUTH in the first IKE_AUTH (RFC 7296 §2.16).
   * - `certificate`: AUTH by signature. Absent: asked for with the authorities that the responder names (output `ask-certificate`).
   */
  readonly authentication:
    | { readonly kind: 'eap'; readonly identity: IkeIdentity }
    | { readonly kind: 'certificate'; readonly certificate?: IkeCertificate }
  /** IDr as this side wishes it. Absent: none is sent. */
  readonly wantedResponder?: IkeIdentity
  /** Proposals in order. The first KE is of the first group here, or of `firstGroup`. */
  readonly ikeProposals: readonly (readonly IkeTransform[])[]
  readonly firstGroup?: number
  /** Without a group: it is no part of the first child (RFC 7296 §1.2); rekeying adds `pfsGroup`. ESN (type 5) included. */
  readonly espProposals: readonly (readonly IkeTransform[])[]
  /** CFG_REQUEST. Absent or empty: none. */
  readonly configuration?: readonly ConfigurationAttribute[]
  readonly localSelectors: readonly TrafficSelector[]
  readonly remoteSelectors: readonly TrafficSelector[]
}

export interface IkeResponderOptions extends IkeOptions {
  readonly role: 'responder'
  /** What is accepted, in this side's own order of preference. */
  readonly ikeSuites: readonly IkeSuite[]
  /** As `ikeSuites`; `group` counts when a child SA is replaced only. */
  readonly espSuites: readonly EspSuite[]
  /** Absent: nothing proves who we are, and every peer is refused in IKE_AUTH. */
  readonly certificate?: IkeCertificate
  readonly accepts: { readonly eap: boolean; readonly certificate: boolean }
  /** What peers may reach, before narrowing. */
  readonly localSelectors: readonly TrafficSelector[]
  /** What a peer may be. Absent: the addresses that it was assigned; without any, its own outer address. */
  readonly remoteSelectors?: readonly TrafficSelector[]
  /** An SA that is not established within this time is forgotten. Default 60 s. */
  readonly establishWithin?: Duration
  /** Whether a peer that has moved must show that it hears at its new address (RFC 4555 §3.7). Default false. */
  readonly checksReturn?: boolean
}

/** OWN: 1, 2, 4, 8 and 16 s; given up after 31 s. Windows' own schedule is not documented. */
export const IKE_RETRANSMISSION: readonly Duration[] = [1, 2, 4, 8, 16].map(seconds)
export const NAT_KEEPALIVE: Duration = seconds(20)
export const ESTABLISH_WITHIN: Duration = seconds(60)
