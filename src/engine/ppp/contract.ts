/**
 * What a PPP link is given by whatever carries it, and what it wants done (RFC 1661). One link with one peer, as the side that is let in (`client`) or
 * lets in (`server`). Not the link: `link.ts`. SSTP carries it here (`engine/sstp`), but nothing in this room knows.
 *
 * The carrier feeds whole frames in order; it answers each question (`eap`, `ask-address`) once, now or later. After `over` the link says nothing more.
 */
import type { Ipv4 } from '../../base/address.ts'
import { seconds, type Duration } from '../../base/time.ts'
import type { WireError } from '../../wire/codec.ts'

export type PppInput =
  /** The carrier takes frames from now on; the negotiation begins. */
  | { readonly kind: 'up' }
  /** It takes none any more. */
  | { readonly kind: 'down' }
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  | { readonly kind: 'timer'; readonly timer: string }
  /** An EAP packet for the peer: of the server's host a request, of the client's host a response. Answers output `eap`. */
  | { readonly kind: 'eap'; readonly packet: Uint8Array }
  /**
   * The method is over and good. `msk`: its key; absent: a method without. The server's host gives the EAP-Success packet too; the client's answers with
   * this when it was handed that packet.
   */
  | { readonly kind: 'eap-success'; readonly packet?: Uint8Array; readonly msk?: Uint8Array }
  /** The server's host: the EAP-Failure packet for the peer. The client's: it was handed one, or gives up itself. `why` goes into the report. */
  | { readonly kind: 'eap-failure'; readonly packet?: Uint8Array; readonly why?: string }
  /** Answers `ask-address`. Absent: there is none to give, and the link ends. */
  | { readonly kind: 'address'; readonly lease?: PppLease }
  /** An IP packet for the peer. Passed over while the tunnel is not up. */
  | { readonly kind: 'packet'; readonly bytes: Uint8Array }
  /** Say good-bye and end. `why` goes into the report. */
  | { readonly kind: 'close'; readonly why?: string }

export type PppOutput =
  /** `isData`: of a network layer, not of the link or a negotiation. */
  | { readonly kind: 'frame'; readonly bytes: Uint8Array; readonly isData: boolean }
  /** Arming a timer that is armed moves it. Names begin with `ppp/`. */
  | { readonly kind: 'arm'; readonly timer: string; readonly after: Duration }
  | { readonly kind: 'disarm'; readonly timer: string }
  | { readonly kind: 'report'; readonly report: PppReport }
  /**
   * For the authenticator's host (server): the peer's EAP packet; without one: begin. For the peer's host (client): the server's packet, EAP-Success and
   * EAP-Failure included. Answered by `eap`, `eap-success` or `eap-failure`.
   */
  | { readonly kind: 'eap'; readonly packet?: Uint8Array }
  /** Who is there has been proved; frames that follow may be of the network. */
  | { readonly kind: 'authenticated'; readonly msk?: Uint8Array }
  /** What shall this peer be given? Server only. */
  | { readonly kind: 'ask-address' }
  /** Addresses are agreed: packets may go, and come. */
  | { readonly kind: 'up'; readonly tunnel: PppTunnel }
  /** An IP packet of the peer. Not looked at: its source may be any. */
  | { readonly kind: 'packet'; readonly bytes: Uint8Array }
  /** No packets go or come any more. Said only after `up`, and before it once more where addresses are agreed again. */
  | { readonly kind: 'down' }
  /** The link is at its end. All timers are gone already. */
  | { readonly kind: 'over'; readonly why: PppEnd }

/** What a server gives a peer, and calls itself. */
export interface PppLease {
  readonly address: Ipv4
  /** The server's own: of RRAS the address of its interface `Internal`. */
  readonly server: Ipv4
  /** Two count; a peer that asks for more hears that there is none. */
  readonly dns: readonly Ipv4[]
  readonly wins?: readonly Ipv4[]
}

/** What both sides have agreed. `own` and `peer` are the ends of the tunnel as this side sees them. */
export interface PppTunnel {
  readonly own: Ipv4
  readonly peer: Ipv4
  /** Client: as the server gave them. Server: as it gave them. */
  readonly dns: readonly Ipv4[]
  readonly wins: readonly Ipv4[]
  /** The longest packet that the peer takes, in bytes. */
  readonly mtu: number
}

export interface PppOptions {
  readonly role: 'client' | 'server'
  /** The longest packet that this side takes. Default {@link PPP_MRU}. */
  readonly mru?: number
  /** The longest packet that the carrier takes. Default: none. */
  readonly carries?: number
  /** How long a request waits for its answer. Default 3 s (RFC 1661 §4.6). */
  readonly restart?: Duration
  /** Max-Configure, default 10; Max-Terminate, default 2; Max-Failure, default 5 (RFC 1661 §4.6). */
  readonly tries?: {
    readonly configure?: number
    readonly terminate?: number
    readonly failure?: number
  }
  /** Texts that a client says of itself in LCP (RFC 1570 §2.1); Windows says `MSRASV5.20` and `MSRAS-0-` with its name. Default: none. */
  readonly identification?: readonly string[]
}

/** What Windows asks for in SSTP. */
export const PPP_MRU = 4091
export const PPP_RESTART: Duration = seconds(3)

/** How a link ended. */
export type PppEnd =
  /** No answer after the whole schedule. */
  | 'ppp-timed-out'
  | 'terminated-by-peer'
  | 'authentication-failed'
  /** The sides have no way in common to prove who is there, or the server asks for none. */
  | 'authentication-protocol'
  | 'no-address'
  /** The peer turns down whatever it is offered, or a protocol without which there is nothing. */
  | 'not-converging'
  /** A peer that begins anew when everything was agreed: who is there would have to be proved again. */
  | 'renegotiated'
  | 'closed'
  | 'carrier-down'

/** How far a link has come. `addressing`: the server's host looks for an address. `terminate`: only LCP is left. */
export type PppPhase =
  | 'dead'
  | 'establish'
  | 'authenticate'
  | 'addressing'
  | 'network'
  | 'terminate'
  | 'over'

/** Which side did it. */
export type Side = 'own' | 'peer'

export type PppReport =
  /** A control packet as it went or came; options by name and value, `AUTH EAP`. `times` from 2: sent again. */
  | {
      readonly kind: 'ppp/packet'
      readonly direction: 'sent' | 'received'
      readonly protocol: 'LCP' | 'IPCP'
      readonly code: string
      readonly identifier: number
      readonly options?: readonly string[]
      readonly times?: number
    }
  /** LCP is through. `mru`: of the peer. */
  | { readonly kind: 'ppp/link-established'; readonly mru: number }
  /** `by` turns down what the other side asks for; `wanted` is what it has instead, as far as it says. */
  | {
      readonly kind: 'ppp/authentication-protocol'
      readonly by: Side
      readonly asked: string
      readonly wanted?: string
    }
  | { readonly kind: 'ppp/authenticated' }
  | { readonly kind: 'ppp/authentication-failed'; readonly why?: string }
  /** `by` own: the pool has none; `by` peer: the server gives none. */
  | { readonly kind: 'ppp/no-address'; readonly by: Side }
  /** What the peer says of itself (RFC 1570 §2.1). */
  | { readonly kind: 'ppp/identification'; readonly text: string }
  | { readonly kind: 'ppp/protocol-rejected'; readonly by: Side; readonly protocol: string }
  | { readonly kind: 'ppp/timed-out'; readonly protocol: 'LCP' | 'IPCP'; readonly times: number }
  /** `took` since the carrier was up. */
  | {
      readonly kind: 'ppp/established'
      readonly tunnel: PppTunnel
      readonly took: Duration
    }
  /** `during`: how far it had come. */
  | {
      readonly kind: 'ppp/over'
      readonly why: PppEnd
      readonly during: PppPhase
      readonly detail?: string
    }
  /** Passed over: the link goes on as if it had not come. */
  | { readonly kind: 'ppp/ignored'; readonly what: string }
  | { readonly kind: 'ppp/malformed'; readonly error: WireError }
