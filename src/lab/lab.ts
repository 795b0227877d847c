/**
 * The lab as a script sees it: nodes, verbs, time, faults, and the trace of all that happened.
 * Not the construction: `lab/build.ts` makes one from a topology. Every verb is awaited, and time moves only then.
 */
import type { Duration, Instant } from '../base/time.ts'
import type { Cryptography } from '../engine/cryptography.ts'
import type { Fault } from '../net/faults.ts'
import type { Trace, TraceLevel } from '../net/trace.ts'
import type { EnrolmentOutcome } from '../pki/issuing/plan.ts'
import type { Edit } from '../topology/edit.ts'
import type { RequestSpec } from '../topology/pki.ts'
import type { Topology } from '../topology/topology.ts'
import type { Assumptions } from '../windows/assumptions.ts'
import type { SessionUsage } from '../engine/radius/accounting.ts'
import type { TerminateCause } from '../wire/radius/named-values.ts'
import type {
  AccountingReport,
  AuthenticationReport,
  CertificateUse,
  ChainReport,
  ConnectReport,
  EnrolmentReport,
  HttpReport,
  ProbeReport,
  ResolveReport,
  SelectionReport,
  SessionReport,
  TrustReport,
  TunnelReport,
} from './reports.ts'
import type { TunnelKind } from './vpn-profile.ts'
import type { TriggerEvent } from '../windows/triggers.ts'

export interface LabOptions {
  /** Default 1. */
  readonly seed?: number
  /** Start at this instant instead of the topology's `start`. Certificates stay dated from the topology. */
  readonly at?: Instant
  /** Default `all`. */
  readonly traceLevel?: TraceLevel
  /**
   * Default `real`. `modelled`: no cryptography is done where it costs, so that thousands of clients dial in seconds. Sizes and outcomes are the same;
   * nothing is hidden or proved, and Wireshark opens nothing of TLS, IKE or ESP in the capture.
   */
  readonly crypto?: Cryptography['kind']
}

/** Why a topology cannot be built: a path into it, or a place in a file that it names. */
export interface LabProblem {
  readonly message: string
  /** Path into the topology, `['nodes', 'edge', 'interfaces', 0, 'address']`. */
  readonly path?: readonly (string | number)[]
  /** A file that the topology names, with the place in it. */
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

/** What to send. Exactly one of `udp`, `tcp`, `icmp`, `esp`. */
export interface ProbeQuery<H extends string = string> {
  readonly from: H
  /** A node, an address, or a name that `from` resolves. */
  readonly to: string
  /** Destination port. */
  readonly udp?: number
  /** Destination port. */
  readonly tcp?: number
  readonly icmp?: true
  readonly esp?: true
  /** One of the sender's own addresses, where it has several. */
  readonly source?: string
  /** Bytes of UDP payload, where the port's own probe would be smaller: more than a packet holds is sent in fragments. */
  readonly size?: number
  /**
   * Which program of `from` sends it, for traffic filters and AppTrigger of a VPN: a path, or a package family name. Default: what Windows itself
   * would have sent.
   */
  readonly program?: string
}

export interface LabNode {
  readonly name: string
  /**
   * Ask as a Windows program does (`api`, the default), or as `nslookup` does, which bypasses the NRPT. A name whose rule has AutoTrigger dials the
   * user's tunnel first, as it does for {@link LabNode.get}.
   */
  resolve(
    name: string,
    type?: string,
    options?: { readonly mode?: 'api' | 'nslookup' },
  ): Promise<ResolveReport>
  /** HTTP GET, by way of this node's own resolver. */
  get(url: string): Promise<HttpReport>
  /**
   * Would this node accept the certificate of `of` (`gateway`, `gateway:ike`)? `name` is the name it dialled; without it, the
   * certificate's first DNS name. The chain is the one that `of` would send; CRLs come over the simulated network.
   */
  judge(of: string, options?: JudgeOptions): Promise<ChainReport>
  /**
   * On a gateway: ask its RADIUS servers whether a user may come in, as it would for a VPN connection. The client's packets do not travel to
   * the gateway; those between the gateway and NPS do.
   */
  authenticate(options?: AuthenticateOptions): Promise<AuthenticationReport>
  /**
   * On a Windows client: dial a tunnel of its ProfileXML, as Windows does when something triggers it. The report says how far it came; a tunnel
   * that stands stays, and carries what this node sends, until {@link LabNode.disconnect} or its end.
   */
  connect(options?: ConnectOptions): Promise<ConnectReport>
  /**
   * Say good-bye to the gateway, as a click on Disconnect does. Nothing where no such tunnel stands, and where the profile is a LockDown profile:
   * Windows has no such button for it.
   */
  disconnect(tunnel?: TunnelKind): Promise<void>
  /** The tunnels that stand, by the name of the connection. */
  tunnels(): readonly TunnelReport[]
  /** On a gateway: tell its RADIUS servers that a session that they let in begins, goes on or ends. Nobody is put out where none answers. */
  account(options: AccountOptions): Promise<AccountingReport>
  /** On a gateway: names of settings that were changed and count when RemoteAccess starts again. */
  pendingRestart(): readonly string[]
  /** On an NPS: the lines of its local log so far, in the format of its settings. */
  accountingLog(): readonly string[]
  /** Which of its certificates it would show; `to`: the gateway that a device dials. */
  selectCertificate(
    use: CertificateUse,
    options?: { readonly to?: string },
  ): Promise<SelectionReport>
  /** Names of the certificates that it holds: what `judge` takes after the colon. */
  certificateNames(): readonly string[]
  /** How it, and those who sign in on it, fared with the domain's CAs: by template, or by autoenrolment. */
  enrolments(): readonly EnrolmentOutcome[]
  /**
   * Ask the domain's CA for a certificate by a template, over the network: its name is resolved here, and its TCP 135 must answer.
   * What is issued is held from then on. As with Windows' own, a denial has a code.
   */
  enrol(template: string, options?: EnrolOptions): Promise<EnrolmentReport>
  /** Ask for all that autoenrolment finds missing or due for renewal, as `certutil -pulse` does. */
  autoenrol(): Promise<readonly EnrolmentReport[]>
  /** Unplug the single interface and plug it into `network`; its address then comes by DHCP. */
  moveTo(network: string): Promise<void>
  /**
   * Trusted-network detection: does an interface that is up have a DNS suffix which the profiles list? Then no tunnel is dialled.
   * The category of the network is not asked.
   */
  trustedNetwork(): Promise<TrustReport>
  /** Forget cached names and revocation lists, as `ipconfig /flushdns` and `certutil -urlcache * delete` do. */
  flushCaches(): void
  /** Forget revocation lists and fetched certificates alone, as `certutil -urlcache * delete` does. */
  flushUrlCache(): void
}

/** Who comes to the gateway, and how. */
export interface AuthenticateOptions {
  /** The node at which the user sits: its profile, certificates and trust count. */
  readonly client?: string
  /** Logon name of the directory's user; default: the first who signs in on the client. */
  readonly user?: string
  /** What is typed; default the user's own password. */
  readonly password?: string
  /** A new one, for those whose password has expired. */
  readonly newPassword?: string
  /** Default `profile`: what the client's ProfileXML says; without one PEAP with EAP-TLS. */
  readonly method?: AuthenticationMethod
  /** Name of the client's certificate, or `none`; default what Windows would select. */
  readonly certificate?: string
  /** Identity outside the tunnel of PEAP, or User-Name without EAP; default the user's own name. */
  readonly identity?: string
  /** Largest EAP packet that the client sends; default 1,400 bytes. */
  readonly fragmentSize?: number
  /** The client's TLS; default 1.2 alone, which is all that NPS takes. */
  readonly tls?: {
    readonly minimum?: '1.2' | '1.3'
    readonly maximum?: '1.2' | '1.3'
    /** Names as OpenSSL writes them. */
    readonly ciphers?: readonly string[]
  }
  /** How the client answers PEAP's crypto-binding: not at all, as old ones do, or as somebody does who stands between. Default as it should. */
  readonly cryptoBinding?: 'none' | 'wrong'
  /** The client is gone after so many answers, its identity the first. */
  readonly leavesAfter?: number
  /** What becomes of an answer of the client before the gateway gets it; RADIUS around it stays whole. */
  readonly tampering?: Tampering
  /** Attributes of the request that are other than RRAS would send, by name; `undefined` leaves one out. */
  readonly attributes?: Readonly<Record<string, string | number | undefined>>
  /** What no source confirms, set otherwise than by default. */
  readonly assume?: Partial<Assumptions>
}

/** Which tunnel is dialled, by whom, and why. */
export interface ConnectOptions extends Omit<
  AuthenticateOptions,
  'client' | 'method' | 'attributes' | 'tampering' | 'leavesAfter'
> {
  /** Default `user`. */
  readonly tunnel?: TunnelKind
  /**
   * What has happened; default `sign-in`, of a device tunnel `boot`. `manual`: somebody clicks on Connect, and neither trusted networks nor
   * AlwaysOn count.
   */
  readonly trigger?: TriggerEvent['kind']
  /** With `trigger: 'name'` what a program asked for, with `app` which program: a path, or a package family name. */
  readonly triggerName?: string
}

/**
 * `record`: one byte of the client's second TLS flight is another. `message`: its ClientHello is some other message. `sequence`: in place
 * of the ClientHello comes an acknowledgement of nothing.
 */
export type Tampering = 'record' | 'message' | 'sequence'

/** Of which session, and what becomes of it. */
export interface AccountOptions {
  /** `session` of the report that let it in. */
  readonly session: string
  readonly status: 'start' | 'interim' | 'stop'
  /** What went through since it began; default nothing. */
  readonly usage?: Partial<SessionUsage>
  /** Why it ends; default User-Request. */
  readonly cause?: TerminateCause
}

export const AUTHENTICATION_METHODS = [
  'profile',
  'peap-tls',
  'peap-mschapv2',
  'eap-tls',
  'eap-mschapv2',
  'pap',
  'chap',
  'ms-chap',
  'ms-chap-v2',
  'none',
] as const
export type AuthenticationMethod = (typeof AUTHENTICATION_METHODS)[number]

export interface JudgeOptions {
  /**
   * Relying-party profile; default `strict`, for the purpose that the certificate has in the topology. Windows' own take their settings
   * from this node, its ProfileXML and its domain.
   */
  readonly profile?: string
  readonly name?: string
  /** What no source confirms, set otherwise than by default. */
  readonly assume?: Partial<Assumptions>
}

export interface EnrolOptions {
  /** Logon name of the user who asks; absent: the computer. */
  readonly for?: string
  /** Name under which the node will hold it; default the template's. */
  readonly name?: string
  /** For templates that take the subject from the request. */
  readonly request?: RequestSpec
}

export interface LabStep {
  readonly title: string
  readonly status: 'passed' | 'failed'
}

export interface Lab<H extends string = string> {
  readonly topology: Topology
  readonly seed: number
  readonly trace: Trace
  readonly now: Instant
  readonly nodes: Readonly<Record<H, LabNode>>
  readonly steps: readonly LabStep[]
  /** Run a part of a script under a title that reports and walkthroughs show. */
  step<T>(title: string, act: () => Promise<T>): Promise<T>
  /** Let virtual time pass. Years cost no more than seconds, but for the events in them. */
  advance(by: Duration): Promise<void>
  /**
   * Change the running lab by an edit of its topology; disposing undoes it. Rules, routes, addresses, gateways, trunks, zones,
   * services, certificates and profiles change in place; sessions, caches, leases and certificates that were enrolled live on, as they
   * do on site. Throws RangeError,
   * and changes nothing, for an edit that changes nothing, cannot be built, or lays other cables.
   */
  apply(edit: Edit<string, H>): Disposable
  /** Put a fault on links; disposing lifts it. Disposing throws when it never matched, unless it is optional. */
  inject(fault: Fault): Disposable
  /** The node hears and says nothing until it is resumed; disposing resumes it. Its timers and its clock run on. */
  pause(node: H): Disposable
  resume(node: H): void
  /**
   * The node forgets what it does not keep on disk: sessions, mappings, neighbours, cached names and lists; it asks for its leases
   * again, and its services start anew. It takes no time.
   */
  reboot(node: H): void
  /**
   * Stop and start a service. What was changed on a gateway since RemoteAccess started last (`pendingRestart`) is in force then; its clients are put
   * out. Throws RangeError where it does not run.
   */
  restartService(node: H, service: 'RemoteAccess'): void
  /** Set the node's own clock forward (or back, by less than zero); disposing sets it right again. Certificates are judged by it. */
  skewClock(node: H, by: Duration): Disposable
  /**
   * Stop all clocks at an instant, each as far beside it as it is wrong; disposing lets them go again. Packets take their time as ever,
   * but whatever is judged is judged at that instant. What the network itself counts (leases, sessions, cached names) is not touched.
   */
  holdClocks(at: Instant): Disposable
  probe(query: ProbeQuery<H>): Promise<ProbeReport>
  /** What the connection tracking of a firewall, or the table of a NAT router, holds now. */
  sessions(node: H): readonly SessionReport[]
  /** The transport payloads, in hexadecimal, that the packet of a probe had on its way: one, if nobody changed it. */
  payloads(probe: ProbeReport): readonly string[]
  /** Everything seen at every interface so far, as pcapng (one interface a NIC; Ethernet, tunnels raw IP). */
  capture(): Uint8Array
  /**
   * Files of a Wireshark profile with which it opens the IKE and ESP of the capture: name → content. The keys of TLS are in the capture itself.
   */
  wiresharkTables(): Readonly<Record<string, string>>
  /** SHA-256 of the trace. */
  digest(): string
}
