/**
 * What a session remembers: the IKE SA, its predecessors that are not gone yet, its children, and how far the first exchanges have come. Changed in
 * place: a gateway has thousands, and copies nothing at a datagram. No step of the protocol is here.
 */
import { REAL_IKE, type IkeCryptography } from '../../crypto/ike/cryptography.ts'
import type { KeyExchange } from '../../crypto/ike/groups.ts'
import type { IkeCipher } from '../../crypto/ike/ike-cipher.ts'
import type { IkeKeys } from '../../crypto/ike/keys.ts'
import type { IkeSuite } from '../../crypto/ike/transforms.ts'
import type { Duration, Instant } from '../../base/time.ts'
import type { ConfigurationAttribute } from '../../wire/ikev2/configuration.ts'
import type { IdPayload, IkePayload } from '../../wire/ikev2/payloads.ts'
import type { IkeProposal } from '../../wire/ikev2/security-association.ts'
import type { TrafficSelector } from '../../wire/ikev2/traffic-selectors.ts'
import type { Env } from '../engine.ts'
import type { IkeChild, IkeOutput } from './contract.ts'
import type { Behind } from './nat-detection.ts'
import type {
  IkeEndpoints,
  IkeIdentity,
  IkeInitiatorOptions,
  IkeResponderOptions,
} from './options.ts'
import type { IkeReport, IkeSecrets, OverReason } from './report.ts'

/** What protects the messages of one IKE SA. */
export interface Protection {
  readonly suite: IkeSuite
  readonly keys: IkeKeys
  readonly outbound: IkeCipher
  readonly inbound: IkeCipher
}

/** A message as it went out: its datagrams, each whole, without marker. */
export type Datagrams = readonly Uint8Array[]

/** A request of ours without an answer yet. */
export interface Outstanding {
  readonly messageId: number
  readonly exchange: number
  readonly datagrams: Datagrams
  readonly purpose: Purpose
  readonly payloads: readonly string[]
  readonly began: Instant
  times: number
}

/** What a request is for; the answer is read by it. */
export type Purpose =
  | { readonly kind: 'sa-init' }
  | { readonly kind: 'auth' }
  | { readonly kind: 'rekey-child'; readonly attempt: ChildAttempt }
  | { readonly kind: 'rekey-ike'; readonly attempt: IkeAttempt }
  | { readonly kind: 'delete-children'; readonly spis: readonly number[] }
  | { readonly kind: 'delete-ike' }
  | { readonly kind: 'probe' }
  | { readonly kind: 'move' }
  | { readonly kind: 'routability'; readonly cookie: Uint8Array }

/** A request that waits for its turn: there is one at a time (RFC 7296 §2.3). */
export type Task =
  | { readonly kind: 'rekey-child'; readonly spi: number; readonly group?: number }
  | { readonly kind: 'rekey-ike' }
  /** `isGone`: this side has ended them already. */
  | {
      readonly kind: 'delete-children'
      readonly spis: readonly number[]
      readonly isGone?: boolean
    }
  | { readonly kind: 'delete-ike' }
  | { readonly kind: 'probe' }
  | { readonly kind: 'move' }
  | { readonly kind: 'routability' }

/** A child SA that is being replaced by us. */
export interface ChildAttempt {
  /** Even if it is gone meanwhile: the peer may have replaced it, too. */
  readonly old: Child
  readonly spi: number
  readonly nonce: Uint8Array
  readonly ke?: KeyExchange
  readonly proposals: readonly IkeProposal[]
  readonly localSelectors: readonly TrafficSelector[]
  readonly remoteSelectors: readonly TrafficSelector[]
  /** The SPI of a pair that the peer has deleted meanwhile and that is not known: it may be this one. */
  deleted?: number
}

/** The IKE SA that is being replaced by us. */
export interface IkeAttempt {
  readonly spi: Uint8Array
  readonly nonce: Uint8Array
  readonly ke: KeyExchange
  readonly proposals: readonly IkeProposal[]
}

/** Fragments of the message that is coming in (RFC 7383 §2.6). */
export interface Reassembly {
  readonly messageId: number
  readonly total: number
  readonly parts: (Uint8Array | undefined)[]
  first: number
  /** The end of the first fragment's datagram. */
  tail: Uint8Array
  have: number
  bytes: number
}

/** The last answer, for who asks again. */
export interface Answered {
  readonly messageId: number
  /** The end of the request's datagram, or of its first fragment: a repetition is the same to the bit (RFC 7296 §2.1). */
  readonly tail: Uint8Array
  readonly datagrams: Datagrams
}

export interface IkeSa {
  /** Counts within the session, for the names of timers. */
  readonly id: number
  /** Who began this SA: of a rekeyed one the side that asked for the rekeying. */
  readonly role: 'initiator' | 'responder'
  readonly spiI: Uint8Array
  spiR: Uint8Array
  protection: Protection | undefined
  /** `replaced`: another has taken over, this one is only to be deleted. */
  state: 'opening' | 'up' | 'replaced' | 'gone'
  nextRequest: number
  outstanding: Outstanding | undefined
  readonly queue: Task[]
  nextExpected: number
  /** The request that is worked on: its answer waits for the host. */
  answering:
    | {
        readonly messageId: number
        readonly exchange: number
        readonly tail: Uint8Array
        readonly endpoints: IkeEndpoints
      }
    | undefined
  answered: Answered | undefined
  requestParts: Reassembly | undefined
  responseParts: Reassembly | undefined
  /** Of counters that make IVs. */
  sealed: number
  /** The peer replaced this SA while ours was under way. */
  rival: { readonly sa: IkeSa; readonly lowest: Uint8Array } | undefined
}

/** All its members at once, and none is ever deleted: thousands of them are of one shape. */
export const newIkeSa = (
  state: { saCount: number },
  role: IkeSa['role'],
  spiI: Uint8Array,
  spiR: Uint8Array,
): IkeSa => ({
  id: state.saCount++,
  role,
  spiI,
  spiR,
  protection: undefined,
  state: 'opening',
  nextRequest: 0,
  outstanding: undefined,
  queue: [],
  nextExpected: 0,
  answering: undefined,
  answered: undefined,
  requestParts: undefined,
  responseParts: undefined,
  sealed: 0,
  rival: undefined,
})

export interface Child {
  readonly child: IkeChild
  /** Another pair has taken over; this one is received until it is deleted. `redundant`: it lost against one that was made at the same time. */
  replaced: 'rekeyed' | 'redundant' | undefined
  /** Its delete is on the way. */
  closing: boolean
  /** Ours is under way. */
  rekeying: boolean
  /** The peer replaced it while ours was under way. */
  rival: { readonly spi: number; readonly lowest: Uint8Array } | undefined
}

/** The two first messages as they went over the wire, which AUTH signs (RFC 7296 §2.15). */
export interface Transcript {
  readonly messageI: Uint8Array
  readonly messageR: Uint8Array
  readonly nonceI: Uint8Array
  readonly nonceR: Uint8Array
}

/** What the initiator asked for with its first IKE_AUTH, for the last answer. */
export interface FirstChildOffer {
  readonly proposals: readonly IkeProposal[]
  readonly selectorsI: readonly TrafficSelector[]
  readonly selectorsR: readonly TrafficSelector[]
  readonly configuration?: readonly ConfigurationAttribute[]
}

export type InitiatorPhase =
  | {
      readonly name: 'sa-init'
      readonly ke: KeyExchange
      readonly nonce: Uint8Array
      readonly cookie?: Uint8Array
      readonly cookies: number
      readonly groups: readonly number[]
      readonly message: Uint8Array
    }
  | { readonly name: 'ask-certificate' }
  | { readonly name: 'auth-sent' }
  /** `payloads`: the responder's first answer. */
  | { readonly name: 'judging'; readonly payloads: readonly IkePayload[] }
  /** `isRefused`: the server has said EAP-Failure, and is at its end itself. */
  | { readonly name: 'eap-host'; readonly isRefused: boolean }
  | { readonly name: 'eap-peer' }
  | { readonly name: 'final' }
  | { readonly name: 'done' }

export type ResponderPhase =
  | { readonly name: 'sa-init' }
  | { readonly name: 'auth' }
  | { readonly name: 'judging' }
  /** `begun`: the first answer, with what proves who we are, has gone. */
  | { readonly name: 'eap-host'; readonly begun: boolean }
  | { readonly name: 'eap-peer' }
  | { readonly name: 'final' }
  | { readonly name: 'addressing' }
  | { readonly name: 'done' }

interface Common {
  readonly began: Instant
  endpoints: IkeEndpoints
  behind: Behind
  /** What both sides have. */
  fragmentation: boolean
  mobike: boolean
  peerHashes: readonly number[] | undefined
  /** Authorities that the peer trusts. */
  authorities: readonly Uint8Array[]
  sa: IkeSa
  /** Predecessors, and new ones that lost, until they are deleted. */
  readonly others: IkeSa[]
  saCount: number
  readonly children: Map<number, Child>
  readonly timers: Set<string>
  transcript: Transcript | undefined
  peer: IdPayload | undefined
  ownId: IkeIdentity | undefined
  authenticated: 'eap' | 'certificate' | undefined
  msk: Uint8Array | undefined
  offer: FirstChildOffer | undefined
  heard: Instant
  sent: Instant
  established: boolean
  /** Nothing but repeated requests is answered any more. */
  ending: OverReason | undefined
  over: boolean
}

export interface InitiatorState extends Common {
  readonly role: 'initiator'
  phase: InitiatorPhase
  /** The inbound SPI that the first child was asked with. */
  firstSpi: number
}

export interface ResponderState extends Common {
  readonly role: 'responder'
  phase: ResponderPhase
  /** The key under which repeated IKE_SA_INIT requests come. */
  firstRoute: string | undefined
  /** What the peer may be, as it was granted. */
  allowed: readonly TrafficSelector[] | undefined
  lastEap: Uint8Array | undefined
}

export type IkeState = InitiatorState | ResponderState

/** One step: what it may look at, and what it asks for. */
export type Run =
  | {
      readonly role: 'initiator'
      readonly options: IkeInitiatorOptions
      readonly state: InitiatorState
      readonly env: Env
      readonly outputs: IkeOutput[]
    }
  | {
      readonly role: 'responder'
      readonly options: IkeResponderOptions
      readonly state: ResponderState
      readonly env: Env
      readonly outputs: IkeOutput[]
    }

export type InitiatorRun = Extract<Run, { role: 'initiator' }>
export type ResponderRun = Extract<Run, { role: 'responder' }>

export const say = (run: Run, report: IkeReport): void => {
  run.outputs.push({ kind: 'report', report })
}

export const cryptographyOf = ({ options }: Run): IkeCryptography =>
  options.cryptography ?? REAL_IKE

/** Keys for whoever opens captures. Modelled ones open nothing. */
export const tellSecrets = (run: Run, secrets: IkeSecrets): void => {
  if (cryptographyOf(run).kind === 'real') run.outputs.push({ kind: 'secrets', secrets })
}

export function arm({ state, outputs }: Run, timer: string, after: Duration): void {
  state.timers.add(timer)
  outputs.push({ kind: 'arm', timer, after })
}

export function disarm({ state, outputs }: Run, timer: string): void {
  if (state.timers.delete(timer)) outputs.push({ kind: 'disarm', timer })
}
