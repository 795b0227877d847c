/**
 * What the lab answers: plain data, printed by the command line, asserted by stories, compared by what-ifs.
 * Not rendered text: `lab/render.ts` writes lines from these.
 */
import type { Duration, Instant } from '../base/time.ts'
import type { DropReason } from '../net/trace.ts'
import type { ChainLink } from '../pki/path/chain-link.ts'
import type { Denial } from '../pki/issuing/denial.ts'
import type { LoggedEvent, WindowsOutcome } from '../pki/profile/profile.ts'
import type { Phase } from '../windows/connect/decision-table.ts'
import type { TunnelKind } from './vpn-profile.ts'

/** Where a packet's way ended. A closed list (batfish's words where they fit). */
export type Disposition =
  | 'delivered'
  | 'denied'
  | 'rejected'
  | 'no-route'
  | 'no-listener'
  | 'ttl-expired'
  | 'too-big'
  | 'lost'
  | 'malformed'
  | 'unresolved'

export type HopStep =
  | { readonly kind: 'sent' | 'received'; readonly nic: string }
  | {
      readonly kind: 'filter'
      readonly rule: string
      readonly verdict: string
      readonly hook: string
    }
  | {
      readonly kind: 'translate'
      readonly rule: string
      readonly from: string
      readonly to: string
    }
  | { readonly kind: 'forward'; readonly nic: string; readonly via: string }
  | { readonly kind: 'deliver'; readonly to: string }
  | {
      readonly kind: 'drop'
      readonly reason: DropReason
      readonly rule?: string
      readonly detail?: string
    }

export interface Hop {
  readonly node: string
  readonly at: Instant
  readonly steps: readonly HopStep[]
}

/** The answer to: does this packet arrive, and where does it die? */
export interface ProbeReport {
  readonly from: string
  /** The address and port that were aimed at, in words: `203.0.113.10:500/udp (gateway, by edgeFirewall)`. */
  readonly target: string
  readonly disposition: Disposition
  /** Node at which the way ended. */
  readonly at: string
  readonly rule?: string
  readonly reason?: DropReason
  /** An answer came back to the sender. */
  readonly replied: boolean
  /** The way there, hop by hop. */
  readonly hops: readonly Hop[]
  /** The way back, as far as it got. */
  readonly replyHops: readonly Hop[]
  /** The packet's id in the trace: its way is `trace.ofPacket(packet)`. 0 when nothing was sent. */
  readonly packet: number
  readonly seed: string
}

export interface ResolveReport {
  readonly on: string
  readonly name: string
  readonly type: string
  /** NOERROR, NXDOMAIN, SERVFAIL, REFUSED, or TIMEOUT when nobody answered. */
  readonly rcode: string
  readonly answers: readonly {
    readonly name: string
    readonly type: string
    readonly ttl: number
    readonly data: string
  }[]
  /** Servers that were asked, in order. */
  readonly servers: readonly string[]
  /** The NRPT rule that chose the servers, as its namespace is written; absent: none matched. */
  readonly nrptRule?: string
  /** One line a step: why these servers, which suffix was tried, what came back. */
  readonly why: readonly string[]
  readonly fromCache: boolean
  /** Settings behind the answer that no source confirms; another value could change it. */
  readonly restsOn?: readonly string[]
}

/** One broken rule of a certificate path. */
export interface ChainFailure {
  readonly code: string
  readonly subject: string
  readonly message: string
  readonly expected?: string
  readonly got?: string
}

/** A path that does not hold. */
export interface RejectedChain {
  readonly path: readonly string[]
  readonly failures: readonly ChainFailure[]
}

export interface ChainReport {
  readonly on: string
  readonly of: string
  readonly profile: string
  /** What a profile without a purpose of its own asked for: `serverAuth`. */
  readonly purpose?: string
  readonly at: Instant
  readonly valid: boolean
  /** End entity first. */
  readonly path: readonly ChainLink[]
  /** Most telling first. */
  readonly failures: readonly ChainFailure[]
  /** The other paths that were tried, the one that came closest first: subjects, end entity first. */
  readonly rejected: readonly RejectedChain[]
  /** What was looked over: revocation that a soft check could not find out, what a setting does not ask for. */
  readonly tolerated: readonly ChainFailure[]
  /** What Windows shows for the first failure, and what it logs; absent when valid, or where no Windows program judges. */
  readonly windows?: WindowsOutcome
  /** What is logged though the certificate was accepted. */
  readonly warnings?: readonly LoggedEvent[]
  /** Assumptions that no source confirms and behind which the answer could be another. */
  readonly restsOn?: readonly string[]
  /** What was set and does not count yet. */
  readonly notes?: readonly string[]
  /** Each fetch over the network (CRL, issuer): URL and what came of it. */
  readonly fetches: readonly { readonly url: string; readonly outcome: string }[]
  /** URLs whose CRL or certificate was in the cache. */
  readonly fromCache: readonly string[]
}

/** For what a certificate is shown: by a client in EAP-TLS or a device tunnel, by a gateway in IKEv2, by NPS in PEAP. */
export type CertificateUse = 'eap-tls' | 'device-tunnel' | 'ike' | 'nps'

/** Which of its certificates a node would show. */
export interface SelectionReport {
  readonly on: string
  readonly use: CertificateUse
  /** Name of the certificate; absent: none, or the user is asked. */
  readonly selected?: string
  /** The user chooses among these. */
  readonly asks?: readonly string[]
  /** Nothing prefers the selected one to these: another time it may be one of them. */
  readonly equals?: readonly string[]
  readonly passedOver: readonly { readonly name: string; readonly why: string }[]
  /** What Windows shows where there is none. */
  readonly windows?: WindowsOutcome
}

/** What came of asking for a certificate. */
export interface EnrolmentReport {
  readonly on: string
  /** Who asked: `ada`, `GATEWAY$`. */
  readonly account: string
  readonly template: string
  /** Name under which the node holds the certificate now, or would. */
  readonly name: string
  /** By the node's own clock. */
  readonly at: Instant
  readonly issued: boolean
  /** The CA's host as it was dialled, `ca1.corp.contoso.com`; absent: no CA was found. */
  readonly server?: string
  readonly denial?: Denial
}

/** What came of an HTTP request. */
export interface HttpReport {
  readonly on: string
  readonly url: string
  /** `response`, or why there was none: `unresolved`, `refused`, `timed-out`, … */
  readonly outcome: string
  readonly status?: number
  readonly body?: string
  /** One line for people. */
  readonly detail?: string
}

/** What came of asking a RADIUS server whether somebody may come in. */
export interface AuthenticationReport {
  /** The RADIUS client. */
  readonly on: string
  /** User-Name as it was sent. */
  readonly user: string
  /** `PEAP with EAP-TLS`, `PAP`. */
  readonly method: string
  /**
   * `accepted`, `rejected`: a server said so. `no-answer`: none did. `abandoned`: the client itself gave up, because of what the server
   * showed. `not-attempted`: the client has nothing to show.
   */
  readonly outcome: 'accepted' | 'rejected' | 'no-answer' | 'abandoned' | 'not-attempted'
  /** The server that answered, as the gateway knows it. */
  readonly server?: string
  /** Acct-Session-Id of a session that was let in: what `account` asks for. */
  readonly session?: string
  /** Servers that were asked and did not answer, in order; absent: one did, or none was asked. */
  readonly silent?: readonly string[]
  /** What NPS wrote into its log about it: reason code and the policies that decided. Absent: it wrote nothing. */
  readonly nps?: {
    readonly event: number
    readonly reason: number
    readonly text: string
    /** What was in the way, one line each, most telling first. */
    readonly why: readonly string[]
    readonly connectionRequestPolicy?: string
    readonly networkPolicy?: string
  }
  /** What the client shows. */
  readonly windows?: WindowsOutcome
  /** Attributes of the last answer; keys are left out. */
  readonly attributes: readonly { readonly name: string; readonly value: string }[]
  /** The keys that both sides derived are the same; absent: the method makes none, or it did not succeed. */
  readonly keysAgree?: boolean
  /** A fast reconnect: no certificate or password was looked at. */
  readonly resumed?: boolean
  /** Requests that the gateway sent, repeated ones included. */
  readonly requests: number
  /** From the first request to the end. */
  readonly took: Duration
  /** What hosts wrote into their event logs meanwhile, in order. */
  readonly events: readonly {
    readonly node: string
    readonly source: string
    readonly id?: number
    readonly text: string
  }[]
  /** What the client's or the server's own side says went wrong inside EAP. */
  readonly detail?: string
  /** Assumptions that no source confirms and behind which the answer could be another. */
  readonly restsOn?: readonly string[]
}

/** What came of dialling a tunnel. */
export interface ConnectReport {
  readonly on: string
  readonly tunnel: TunnelKind
  /** Name of the connection. */
  readonly connection: string
  /** As the profile has it. */
  readonly server: string
  /** Who signs in; absent: the computer. */
  readonly user?: string
  /** `not-attempted`: Windows does not dial by itself; nothing is shown anywhere. */
  readonly outcome: 'connected' | 'failed' | 'not-attempted'
  /** How far it came. */
  readonly phase: Phase
  readonly phases: readonly {
    readonly phase: Phase
    readonly after: Duration
    readonly text: string
  }[]
  readonly took: Duration
  /** Of a tunnel that stands. */
  readonly inner?: TunnelReport
  /** What was agreed on: `ENCR_AES_CBC_256/…`. */
  readonly suites?: { readonly ike: string; readonly esp?: string }
  /** Why there is no tunnel, by the name of its cause. */
  readonly failure?: string
  /** One line each, most telling first. */
  readonly why: readonly string[]
  /** What the client shows. */
  readonly windows?: WindowsOutcome
  /** Acct-Session-Id by which the gateway asked about the user. */
  readonly session?: string
  readonly nps?: AuthenticationReport['nps']
  /** What hosts wrote into their event logs meanwhile, in order. */
  readonly events: AuthenticationReport['events']
  /** Assumptions that no source confirms and behind which the answer could be another. */
  readonly restsOn?: readonly string[]
}

/** A tunnel that stands. */
export interface TunnelReport {
  readonly tunnel: TunnelKind
  readonly connection: string
  readonly protocol: 'IKEv2' | 'SSTP'
  /** The gateway's address outside. */
  readonly gateway: string
  readonly address: string
  readonly dns: readonly string[]
  /** What goes into the tunnel, and what is kept out of it. */
  readonly routes: readonly { readonly to: string; readonly by: 'tunnel' | 'physical' }[]
  /** IKEv2: ESP in UDP, because somebody on the way translates addresses; else as a protocol of its own. */
  readonly natTraversal: boolean
}

/** What came of telling a RADIUS server of a session. */
export interface AccountingReport {
  readonly on: string
  readonly session: string
  readonly status: 'start' | 'interim' | 'stop'
  /** `no-answer`: nobody has taken it down, as far as the gateway knows. */
  readonly outcome: 'recorded' | 'no-answer'
  readonly server?: string
  /** Servers that were asked and did not answer, in order; absent: one did. */
  readonly silent?: readonly string[]
  /** Requests that the gateway sent, repeated ones included. */
  readonly requests: number
  readonly took: Duration
}

/** One flow that a firewall or a NAT router remembers. Endpoints are `address:port`; for ICMP the port is the identifier. */
export interface SessionReport {
  readonly protocol: number
  readonly from: string
  /** Where it goes; for a NAT router: what it looks like outside. */
  readonly to: string
  /** Packets came back, or may. */
  readonly replied: boolean
}

/** Whether a client takes itself to be inside (TrustedNetworkDetection). */
export interface TrustReport {
  readonly inside: boolean
  /** Connection-specific suffixes of the interfaces that are up. */
  readonly suffixes: readonly string[]
  /** The one that the profile lists. */
  readonly matched?: string
}
