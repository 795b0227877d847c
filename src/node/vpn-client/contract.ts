/**
 * What a VPN connection of a Windows client is made of, by whichever protocol it dials, and what comes of it: RasMan's share.
 * Not the decision to dial (`windows/triggers.ts`), not the profile that it is made of, and not the code that Windows shows in the end.
 */
import type { Ipv4 } from '../../base/address.ts'
import type { Duration } from '../../base/time.ts'
import type { IkeCertificate, IkeInitiatorOptions } from '../../engine/ikev2/options.ts'
import type { IkeReport, OverReason } from '../../engine/ikev2/report.ts'
import type { PppReport } from '../../engine/ppp/contract.ts'
import type { SstpEnd, SstpReport } from '../../engine/sstp/contract.ts'
import type { CloseReason, Host } from '../../net/sockets.ts'
import type { Stack } from '../../net/stack.ts'
import type { Assumptions } from '../../windows/assumptions.ts'
import type { Phase } from '../../windows/connect/decision-table.ts'
import type { ConnectionEnd } from '../../windows/connect/ends.ts'
import type { TrafficFilter } from '../../windows/profile/traffic-filter.ts'
import type { vpnRoutes, VpnRoutes } from '../../windows/vpn-routes.ts'
import type { EapPeerSession } from '../eap-peer.ts'
import type { Judged } from '../ike/ike-runner.ts'
import type { JudgeTls } from '../tls-connection.ts'

/** What is dialled, as the profile has it. */
export interface Dial {
  /** The connection's name: that of its interface, too. */
  readonly name: string
  /** Host name or address of the gateway. */
  readonly server: string
  readonly initiator: Omit<
    IkeInitiatorOptions,
    'role' | 'endpoints' | 'authentication' | 'espTraffic' | 'isSpiFree' | 'name'
  >
  readonly authentication:
    /** `open` begins the user's EAP; undefined: there is nothing to come with. */
    | { readonly kind: 'eap'; open(): EapPeerSession | undefined }
    | {
        readonly kind: 'certificate'
        /** For who trusts these authorities (SHA-1 of their keys; empty: it did not say). */
        choose(authorities: readonly Uint8Array[]): IkeCertificate | undefined
      }
  readonly metric: number
  /** Of the interface, in bytes. */
  readonly mtu: number
  readonly outerDontFragment: Assumptions['outerDontFragment']
  /** What the profile says of routes. */
  readonly routing: Parameters<typeof vpnRoutes>[0]
  readonly suffix: string | undefined
  /** Without any, everything goes in and comes out. */
  readonly filters: readonly TrafficFilter[]
  /** MOBIKE, and how long a tunnel waits for its network; 0: for ever. */
  readonly mobility: { readonly isEnabled: boolean; readonly outage: Duration }
}

/** What of it a tunnel needs as long as it stands. */
export type Standing = Omit<Dial, 'authentication'>

export interface DialerDeps {
  /** Does this client take the gateway's certificate, for the name that it dialled? */
  judge(chain: readonly Uint8Array[], name: string, done: (judged: Judged) => void): void
  /** The same, where TLS asks. */
  readonly judgeTls: JudgeTls
  onPhase(phase: Phase, text: string): void
  onReport(report: IkeReport | SstpReport | PppReport): void
  /** What both sides know the connection by: the initiator's SPI of an IKE SA, in hexadecimal, or the correlation id of SSTP. */
  onKnown(key: string): void
}

export interface Connected {
  readonly kind: 'connected'
  readonly server: Ipv4
  readonly address: Ipv4
  readonly dns: readonly Ipv4[]
  readonly routes: VpnRoutes
  /** ESP in UDP, ESP as a protocol of its own, or PPP in TLS. */
  readonly carriage: 'udp' | 'esp' | 'tls'
}

export type DialEnd =
  | Connected
  | { readonly kind: 'no-network' }
  | { readonly kind: 'port-taken'; readonly port: number }
  | { readonly kind: 'over'; readonly why: OverReason }
  /** IKE stands, and no address or no child came of it. */
  | { readonly kind: 'no-child' }
  /** TCP to the gateway came to nothing. */
  | { readonly kind: 'tcp'; readonly reason: CloseReason }
  /** TLS was broken off by the gateway, or could not be agreed on. */
  | { readonly kind: 'tls-failed'; readonly detail: string }
  /** This client has turned down the gateway's certificate. */
  | { readonly kind: 'untrusted' }
  | { readonly kind: 'sstp-over'; readonly why: SstpEnd }

/** `done` is called once. */
export interface Dialling {
  /** The gateway's address. */
  readonly server: Ipv4
  readonly dial: Dial
  readonly deps: DialerDeps
  readonly done: (end: DialEnd) => void
}

/** Of a host, what a VPN client needs. */
export type ClientHost = Host &
  Pick<Stack, 'sourceFor' | 'mtuTo' | 'addGuard' | 'program' | 'runAs'>

/** A connection that dials, or stands. */
export interface VpnConnection {
  start(): void
  /** Say good-bye. */
  close(why: string): void
  /** The computer is gone: nobody is told. */
  vanish(): void
  /** Called when a connection that stood is gone. */
  onLost: ((why: ConnectionEnd) => void) | undefined
}
