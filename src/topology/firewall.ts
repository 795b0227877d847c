/**
 * Firewall rules, NAT and RFC 4787 routers as plain data. The semantics are those of Linux netfilter; `net/filter` runs them,
 * `replica/render` writes them as nftables. Not an engine: nothing is evaluated here.
 */
import type { Duration } from '../base/time.ts'

/** A firewall's whole rule set. Rules are tried in order; the first accept, drop or reject decides. */
export interface FilterSpec<N extends string = string, G extends string = string> {
  /** Named groups of networks, to be used wherever a rule says `from` or `to`. */
  readonly zones?: Readonly<Record<G, readonly N[]>>
  readonly rules: readonly RuleSpec<N | NoInfer<G>>[]
  /** What happens, per hook, to a packet that no rule decided. Default: forward drop, input drop, output accept. */
  readonly otherwise?: {
    readonly forward?: DefaultPolicy
    readonly input?: DefaultPolicy
    readonly output?: DefaultPolicy
  }
  readonly nat?: readonly NatRuleSpec<N | NoInfer<G>>[]
  readonly sessions?: SessionTimeouts
}

/** Accept or drop, under the name that explanations quote. */
export interface DefaultPolicy {
  readonly name: string
  readonly verdict: 'accept' | 'drop'
}

export type Hook = 'forward' | 'input' | 'output'

export type RejectWith =
  | 'port-unreachable'
  | 'host-unreachable'
  | 'net-unreachable'
  | 'proto-unreachable'
  | 'host-prohibited'
  | 'net-prohibited'
  | 'admin-prohibited'
  | 'tcp-reset'

export type RuleVerdict = 'accept' | 'drop' | 'continue' | { readonly reject: RejectWith }

export type ConnectionState = 'new' | 'established' | 'related' | 'invalid'
export type TcpFlag = 'fin' | 'syn' | 'rst' | 'psh' | 'ack' | 'urg'
export type ProtocolName = 'icmp' | 'tcp' | 'udp' | 'gre' | 'esp' | 'ah'
/** A port or an inclusive range, 0 … 65535. */
export type PortMatch = number | readonly [from: number, to: number]
/** `10.0.0.0/8`, `10.0.0.6`; with `!` in front: everything else. */
export type PrefixMatch = string

/** Every field that is present must match. A list matches when one of its entries does. */
export interface RuleSpec<N extends string = string> {
  /** Unique in its firewall: it is what explanations quote. */
  readonly name: string
  /** The row of the deployment guide this rule carries, such as `FW-E-01`. */
  readonly id?: string
  /** Default: `forward` on a firewall, `input` on a host. */
  readonly hook?: Hook
  /** `continue` counts and logs only. */
  readonly verdict: RuleVerdict
  /** Network or zone the packet came in by (not for output). */
  readonly from?: N
  /** Network or zone the packet leaves by (not for input). */
  readonly to?: N
  readonly source?: PrefixMatch | readonly PrefixMatch[]
  readonly destination?: PrefixMatch | readonly PrefixMatch[]
  /** An IP protocol, by name or number. Ports and ICMP types imply theirs. */
  readonly protocol?: ProtocolName | number
  /** Destination ports. `udp: []` is any UDP. Both `udp` and `tcp` given: one or the other. */
  readonly udp?: readonly PortMatch[]
  readonly tcp?: readonly PortMatch[]
  readonly sourcePorts?: readonly PortMatch[]
  /** ICMP type, or type and code. */
  readonly icmp?: readonly (number | readonly [type: number, code: number])[]
  /** Of the flags in `mask`, exactly those in `set` are on. */
  readonly tcpFlags?: { readonly mask: readonly TcpFlag[]; readonly set: readonly TcpFlag[] }
  readonly state?: readonly ConnectionState[]
  /** Note each match in the trace and the firewall's log. */
  readonly log?: boolean
}

interface NatMatch<N extends string> {
  readonly name: string
  readonly id?: string
  readonly from?: N
  readonly to?: N
  readonly source?: PrefixMatch
  readonly destination?: PrefixMatch
  readonly protocol?: ProtocolName | number
  readonly udp?: readonly PortMatch[]
  readonly tcp?: readonly PortMatch[]
}

export type NatRuleSpec<N extends string = string> =
  /** Change where a new flow goes, before routing and filtering. `from` may be given, `to` may not. */
  | (NatMatch<N> & { readonly kind: 'dnat'; readonly toAddress: string; readonly toPort?: number })
  /** Change where a new flow seems to come from, after routing and filtering. `to` may be given, `from` may not. */
  | (NatMatch<N> & {
      readonly kind: 'snat'
      readonly toAddress: string
      readonly toPorts?: readonly [number, number]
    })
  /** snat to the address of the interface by which the packet leaves. */
  | (NatMatch<N> & { readonly kind: 'masquerade'; readonly toPorts?: readonly [number, number] })

/** Idle times per conntrack state; the defaults are Linux's. */
export interface SessionTimeouts {
  readonly udp?: Duration
  /** Once both directions were seen for two seconds (conntrack: udp_timeout_stream). */
  readonly udpStream?: Duration
  readonly icmp?: Duration
  readonly generic?: Duration
  readonly tcpSynSent?: Duration
  readonly tcpSynReceived?: Duration
  readonly tcpEstablished?: Duration
  readonly tcpFinWait?: Duration
  readonly tcpCloseWait?: Duration
  readonly tcpLastAck?: Duration
  readonly tcpTimeWait?: Duration
  readonly tcpClose?: Duration
}

/** RFC 4787 §4.1 and §5, used for mapping and for filtering. */
export type NatBehaviour =
  | 'endpoint-independent'
  | 'address-dependent'
  | 'address-and-port-dependent'

/** A consumer or carrier NAT. Inside is every network that is not `outside`. */
export interface NatRouterSpec<N extends string = string> {
  readonly outside: N
  readonly mapping?: NatBehaviour
  readonly filtering?: NatBehaviour
  /** Inside hosts reach each other by their outside endpoint (RFC 4787 §6). Default false. */
  readonly hairpinning?: boolean
  /** Idle time of a mapping; defaults UDP 2 min (RFC 4787 §4.3 floor), TCP 2 h 4 min (RFC 5382), ICMP 60 s (RFC 5508). */
  readonly timeouts?: { readonly udp?: Duration; readonly tcp?: Duration; readonly icmp?: Duration }
  readonly forwards?: readonly PortForward[]
  /** Refused outbound traffic: a hotel that only lets the web through. First match decides; otherwise allowed. */
  readonly blocks?: readonly BlockSpec[]
  /** Some networks throw away every IP fragment. Default false. */
  readonly dropsFragments?: boolean
}

export interface PortForward {
  readonly name: string
  readonly udp?: number
  readonly tcp?: number
  readonly toAddress: string
  readonly toPort?: number
}

/** Outbound traffic that a NAT router refuses (drop, silently). `exceptPorts` names the destination ports that pass. */
export interface BlockSpec {
  readonly name: string
  readonly protocol: ProtocolName | number
  readonly ports?: readonly PortMatch[]
  readonly exceptPorts?: readonly PortMatch[]
}

type Match<N extends string> = Omit<RuleSpec<N>, 'name' | 'verdict'>

export const allow = <const N extends string = never>(
  name: string,
  match: Match<N> = {},
): RuleSpec<N> => ({
  name,
  verdict: 'accept',
  ...match,
})
export const deny = <const N extends string = never>(
  name: string,
  match: Match<N> = {},
): RuleSpec<N> => ({
  name,
  verdict: 'drop',
  ...match,
})
export const reject = <const N extends string = never>(
  name: string,
  rejectWith: RejectWith,
  match: Match<N> = {},
): RuleSpec<N> => ({ name, verdict: { reject: rejectWith }, ...match })

/** The rule that stateful firewalls begin with. */
export const allowEstablished = (name = 'established'): RuleSpec<never> => ({
  name,
  verdict: 'accept',
  state: ['established', 'related'],
})
