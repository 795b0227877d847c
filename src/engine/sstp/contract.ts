/**
 * What a host gives an SSTP session and hears from it ([MS-SSTP]). A session is one TLS connection with one peer, in either role, from the first byte
 * inside TLS to the last. Not the session: `session.ts`; not TLS, whose chain the host has judged before; not PPP: `engine/ppp`, which runs inside.
 *
 * The host starts a session when TLS is established; it feeds what TLS yields, in pieces of any size, and every timer that went off; it carries out the
 * outputs in order, and answers each question (`ask-port`, `eap`, `ask-address`) once, now or later. After `over` it closes the connection and feeds no more.
 */
import type { Duration } from '../../base/time.ts'
import type { SstpHashProtocol } from '../../crypto/sstp-binding.ts'
import type { WireError } from '../../wire/codec.ts'
import type { SstpHttpRequest } from '../../wire/sstp-http.ts'
import type { PppEnd, PppLease, PppOptions, PppReport, PppTunnel, Side } from '../ppp/contract.ts'

export type SstpInput =
  /** What TLS yielded. Kept for a while: the host does not write into it again. */
  | { readonly kind: 'stream'; readonly bytes: Uint8Array }
  /** The peer will say no more: its side of TLS or of TCP is closed. */
  | { readonly kind: 'stream-ended' }
  | { readonly kind: 'timer'; readonly timer: string }
  /** Answers `ask-port`. `status`: what HTTP says to who is not let in; default 503. */
  | { readonly kind: 'port'; readonly granted: true }
  | {
      readonly kind: 'port'
      readonly granted: false
      readonly why: string
      readonly status?: number
    }
  /** An EAP packet for the peer: of the server's host a request, of the client's host a response. Answers output `eap`. */
  | { readonly kind: 'eap'; readonly packet: Uint8Array }
  /**
   * The method is over and good. `msk`: 64 bytes as a rule, MS-MPPE-Recv-Key and MS-MPPE-Send-Key of the server in that order; empty or absent: a method
   * without keys. The server's host gives the EAP-Success packet too; the client's answers with this when it was handed that packet.
   */
  | { readonly kind: 'eap-success'; readonly packet?: Uint8Array; readonly msk?: Uint8Array }
  /** The server's host: the EAP-Failure packet for the peer. The client's: it was handed one, or gives up itself. `why` goes into the report. */
  | { readonly kind: 'eap-failure'; readonly packet?: Uint8Array; readonly why?: string }
  /** Answers `ask-address`. Absent: there is none to give, and the session ends. */
  | { readonly kind: 'address'; readonly lease?: PppLease }
  /** An IP packet for the peer. Passed over while the tunnel is not up, and where it is longer than the tunnel's MTU. */
  | { readonly kind: 'packet'; readonly bytes: Uint8Array }
  /** Say good-bye and end: of the link first, then of SSTP. `silent`: without a word, at once. `why` goes into the report. */
  | { readonly kind: 'close'; readonly silent?: boolean; readonly why?: string }

export type SstpOutput =
  /** Bytes for TLS. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** Names of timers are the session's own: the host keeps them apart by session. Arming a timer that is armed moves it. */
  | { readonly kind: 'arm'; readonly timer: string; readonly after: Duration }
  | { readonly kind: 'disarm'; readonly timer: string }
  | { readonly kind: 'report'; readonly report: SstpReport | PppReport }
  /** Has this gateway a port for one more? Server only; nothing was answered yet. */
  | { readonly kind: 'ask-port'; readonly request: SstpHttpRequest }
  /**
   * For the authenticator's host (server): the peer's EAP packet; without one: begin. For the peer's host (client): the server's packet, EAP-Success and
   * EAP-Failure included. Answered by `eap`, `eap-success` or `eap-failure`.
   */
  | { readonly kind: 'eap'; readonly packet?: Uint8Array }
  /** What shall this peer be given? Server only. */
  | { readonly kind: 'ask-address' }
  /** The tunnel stands: proved, bound to TLS, with addresses. */
  | { readonly kind: 'up'; readonly tunnel: PppTunnel }
  /** An IP packet of the peer. Not looked at: its source may be any. */
  | { readonly kind: 'packet'; readonly bytes: Uint8Array }
  /** The tunnel stands no more. Said once for each `up`. */
  | { readonly kind: 'down' }
  /**
   * The session is at its end: close the connection. All timers are gone already, and `down` has been said. `abort`: what the peer sends cannot be read, or
   * nobody is there; nothing is left to be said in an orderly way ([MS-SSTP] §3.1.5.1, §3.1.2.3).
   */
  | { readonly kind: 'over'; readonly why: SstpEnd; readonly abort: boolean }

interface CommonOptions {
  /** The server's certificate in DER, as TLS showed it or saw it: the binding has its hash. */
  readonly certificate: Uint8Array
  /** Hash protocols that are offered or taken. Default SHA-256 and SHA-1, as Windows. */
  readonly hashes?: readonly SstpHashProtocol[]
  readonly ppp?: Omit<PppOptions, 'role' | 'carries'>
  readonly timers?: Partial<SstpTimers>
}

export interface SstpClientOptions extends CommonOptions {
  readonly role: 'client'
  /** What was dialled. */
  readonly host: string
  /** A GUID in braces: `newCorrelationId` of `wire/sstp-http.ts` makes one. */
  readonly correlationId: string
  readonly tenantId?: string
  /** CALL_CONNECT_REQUESTs after the first, to a server that says no. Default 3, as Windows. */
  readonly retries?: number
}

export interface SstpServerOptions extends CommonOptions {
  readonly role: 'server'
  /** CALL_CONNECT_NAKs before it gives up. Default 3, as Windows. */
  readonly retries?: number
}

export type SstpOptions = SstpClientOptions | SstpServerOptions

/** Defaults are [MS-SSTP]'s: §3.1.2, §3.2.2, §3.3.2, §4.1. */
export interface SstpTimers {
  /** For the HTTP answer or request. 60 s. */
  readonly http: Duration
  /** For each step of the negotiation. 60 s. */
  readonly negotiation: Duration
  /** Of silence, before a question whether there is anybody; and of silence after it. 60 s. */
  readonly hello: Duration
  /** After our CALL_ABORT 3 s, after the peer's 1 s. */
  readonly abort: readonly [own: Duration, peer: Duration]
  /** After our CALL_DISCONNECT 5 s, after the peer's 1 s. */
  readonly disconnect: readonly [own: Duration, peer: Duration]
}

/** How a session ended; the first reason counts. */
export type SstpEnd =
  /** The server: it is no request for SSTP. The client: the answer is not 200. */
  | 'http-refused'
  | 'http-malformed'
  /** No port was granted. */
  | 'no-port'
  /** No packet can be told from the next. */
  | 'stream-malformed'
  /** A message that cannot be read, or whose attributes are wrong. */
  | 'invalid-message'
  /** A message that has no place at that moment. */
  | 'unexpected-message'
  | 'negotiation-timed-out'
  /** CALL_CONNECT_NAK more often than either side repeats itself. */
  | 'call-refused'
  /** The binding is missing or wrong: who was proved is not whom TLS ends at. */
  | 'crypto-binding'
  /** No sign of the peer after ECHO_REQUEST. */
  | 'no-answer'
  | 'aborted-by-peer'
  | 'disconnected-by-peer'
  | 'stream-ended'
  | PppEnd

/** What is wrong with a Crypto Binding attribute ([MS-SSTP] §3.3.5.2.3). */
export type BindingFault =
  | 'missing'
  | 'not-authenticated'
  | 'hash-protocol'
  | 'nonce'
  | 'certificate'
  | 'compound-mac'

export type SstpReport =
  /** A control message as it went or came; attributes by name. */
  | {
      readonly kind: 'sstp/message'
      readonly direction: 'sent' | 'received'
      readonly message: string
      readonly attributes: readonly string[]
    }
  /** Server: somebody asks for SSTP. */
  | { readonly kind: 'sstp/http-request'; readonly request: SstpHttpRequest }
  /** Server: somebody asks for something else, or there is no port. */
  | {
      readonly kind: 'sstp/http-refused'
      readonly by: Side
      readonly status: number
      readonly detail: string
    }
  /** SSTP itself stands; its tunnel may still want addresses. */
  | {
      readonly kind: 'sstp/connected'
      readonly hash: 'SHA1' | 'SHA256'
      readonly took: Duration
    }
  | { readonly kind: 'sstp/crypto-binding'; readonly fault: BindingFault }
  /** `status` as in Status Info, `INVALID_FRAME_RECEIVED`; absent: the peer gave none. */
  | { readonly kind: 'sstp/aborted'; readonly by: Side; readonly status?: string }
  | { readonly kind: 'sstp/malformed'; readonly error: WireError }
  | {
      readonly kind: 'sstp/unexpected'
      readonly message: string
      readonly state: string
    }
  | {
      readonly kind: 'sstp/timed-out'
      readonly doing: 'HTTP' | 'negotiation' | 'hello'
    }
  | { readonly kind: 'sstp/over'; readonly why: SstpEnd; readonly detail?: string }
