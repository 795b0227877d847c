/**
 * The shape of an EAP method on either side of a conversation: type-data in, type-data out, and questions that only the host can answer.
 * Not a method, and not the packets around them: `peer.ts` and `server.ts` wrap each method's data (RFC 3748 §4).
 */
import type { TlsAlert, TlsEndpoint, TlsTurn, TlsFailure } from '../tls.ts'
import type { Env } from '../engine.ts'

/**
 * What a method asks of its host. One question at a time: the answer is the method's next input, whatever else arrives meanwhile.
 * `tls`: hand these bytes of the peer's flight (empty: begin) to the endpoint, then write `data` into it, and say what came of it.
 */
export type EapAsk =
  | {
      readonly kind: 'tls'
      readonly endpoint: TlsEndpoint
      readonly bytes: Uint8Array
      readonly data?: Uint8Array
    }
  /**
   * Is this chain good? DER, the end entity first. `resumed`: it was found good when the session began, and is not shown again; a server asks
   * whether whom it names is still let in.
   */
  | {
      readonly kind: 'judge'
      readonly chain: readonly Uint8Array[]
      readonly resumed: boolean
    }
  /** A server asks whether credentials are good. */
  | { readonly kind: 'logon'; readonly logon: LogonRequest }
  /** A peer is told that its password has expired: has its user a new one? */
  | { readonly kind: 'new-password' }

export type EapAnswer =
  | { readonly kind: 'tls'; readonly turn: TlsTurn }
  | { readonly kind: 'judged'; readonly verdict: ChainAnswer }
  | { readonly kind: 'logon'; readonly result: LogonResult }
  | { readonly kind: 'new-password'; readonly password?: string }

/** `alert`: what TLS says to the peer; absent: nothing, and the server ends with EAP-Failure. `failure` is carried to the report. */
export type ChainAnswer =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly failure: string; readonly alert?: TlsAlert }

/** Credentials that the directory verifies (RFC 2759 §8). `user` is the name as the peer gave it. */
export type LogonRequest =
  | {
      readonly kind: 'ms-chap-v2'
      readonly user: string
      /** 16 bytes each. */
      readonly authenticatorChallenge: Uint8Array
      readonly peerChallenge: Uint8Array
      /** 24 bytes. */
      readonly ntResponse: Uint8Array
    }
  | {
      readonly kind: 'ms-chap-v2-change'
      readonly user: string
      readonly authenticatorChallenge: Uint8Array
      readonly peerChallenge: Uint8Array
      readonly ntResponse: Uint8Array
      /** 516 bytes: the new password under the old one's hash. */
      readonly encryptedPassword: Uint8Array
      /** 16 bytes. */
      readonly encryptedHash: Uint8Array
    }

export type LogonResult =
  | {
      readonly ok: true
      /** 20 bytes, the digest of `S=…` (RFC 2759 §8.7). */
      readonly authenticatorResponse: Uint8Array
      /** 16 bytes, the hash of the password's hash, from which keys are made (RFC 3079 §3). */
      readonly passwordHashHash: Uint8Array
    }
  | {
      readonly ok: false
      /** RFC 2759 §6: 646 hours, 647 disabled, 648 expired password, 649 no dial-in, 691 authentication failure, 709 changing. */
      readonly error: 646 | 647 | 648 | 649 | 691 | 709
      /** Reason code of NPS, carried to the report. */
      readonly reason: number
      readonly retry: boolean
    }

/** What ended a method badly. One closed list: NPS turns each into its reason code, the client into its error. */
export type EapFault =
  /** The peer's Nak names no type that is offered, or a peer was asked for a type that it does not have. */
  | {
      readonly code: 'eap/no-common-type'
      readonly offered: readonly number[]
      readonly wanted: readonly number[]
    }
  | { readonly code: 'eap/malformed'; readonly detail: string }
  /** A packet that has no place here. */
  | { readonly code: 'eap/out-of-sequence'; readonly detail: string }
  | {
      readonly code: 'eap/tls-failed'
      readonly failure: TlsFailure['code']
      readonly detail: string
    }
  | { readonly code: 'eap/tls-alert-received'; readonly alert: TlsAlert }
  /** Our own side turned the peer's chain down. */
  | {
      readonly code: 'eap/certificate-refused'
      readonly failure: string
      readonly within: 'tls' | 'peap'
    }
  | { readonly code: 'eap/no-certificate'; readonly side: 'own' | 'peer' }
  | { readonly code: 'eap/credentials-refused'; readonly error: number; readonly reason: number }
  /** The peer could not prove that it knows the password, or a server that it does (RFC 2759 §5). */
  | { readonly code: 'eap/mutual-authentication-failed' }
  | { readonly code: 'eap/crypto-binding'; readonly what: 'missing' | 'invalid' }
  /** The other side says that it failed. */
  | { readonly code: 'eap/refused-by-peer' }
  | { readonly code: 'eap/timed-out' }

export type MethodResult =
  | {
      readonly ok: true
      /** 64 bytes: MS-MPPE-Recv-Key and MS-MPPE-Send-Key of the server, in that order (RFC 3748 §7.10, RFC 2548 §2.4). */
      readonly msk: Uint8Array
      /** 16 bytes of inner key each way, for a tunnel around it: peer to server, then server to peer; absent: none. */
      readonly innerKeys?: Uint8Array
      /** Whom the method itself proved, where it is not the identity of the conversation. */
      readonly identity?: string
      /** The session was resumed: no certificate or password was looked at. */
      readonly resumed?: boolean
      /** Types from the outside in, `[25, 13]`. */
      readonly types: readonly number[]
    }
  | {
      readonly ok: false
      readonly fault: EapFault
      /** As in a good result, as far as it came. */
      readonly identity?: string
      readonly types?: readonly number[]
    }

export type MethodInput =
  /** Type-data of a request (peer) or of a response (server). */
  | {
      readonly kind: 'data'
      readonly data: Uint8Array
      /** Of the EAP packet that brought it. */
      readonly identifier?: number
    }
  | { readonly kind: 'answer'; readonly answer: EapAnswer }

export type MethodOutput =
  /** Type-data of the next response (peer) or request (server). */
  | { readonly kind: 'data'; readonly data: Uint8Array }
  | { readonly kind: 'ask'; readonly ask: EapAsk }
  /** The method is over. A peer's last `data` may come with it; EAP-Success or EAP-Failure is the engine's. */
  | { readonly kind: 'result'; readonly result: MethodResult }

export interface MethodStep<State> {
  readonly state: State
  readonly outputs: readonly MethodOutput[]
}

/** `start` of a peer's method says nothing: the server's first request is its first input. */
export interface EapMethod<State = unknown> {
  /** EAP type number. */
  readonly type: number
  start(env: Env): MethodStep<State>
  step(state: State, input: MethodInput, env: Env): MethodStep<State>
}
