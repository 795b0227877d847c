/**
 * What a lab should contain, as frozen plain data, and the constructors that write it down.
 * Not a running thing: `lab` builds one from it. Names are checked by the compiler, values by `validate.ts`.
 *
 * Type parameters: N the networks, H the nodes, Z the DNS zones. All are inferred from the keys a topology writes.
 */
import type { Duration } from '../base/time.ts'
import type { DirectorySpec } from './directory.ts'
import type { SourceFile } from './files.ts'
import type { FilterSpec, NatRouterSpec } from './firewall.ts'
import type { AuthoritySpec, CertificateSpec } from './pki.ts'
import type { TemplateSpec } from './templates.ts'
import type { RevocationSpec } from './revocation.ts'
import type { ServiceSpec, VpnClientSpec } from './services.ts'

export interface Topology<
  N extends string = string,
  H extends string = string,
  Z extends string = string,
> {
  readonly name: string
  /** One or two sentences for people. */
  readonly description?: string
  /** The instant at which the lab starts, `2026-03-02T08:00:00Z`. The wall clock is never read. */
  readonly start: string
  readonly networks: Readonly<Record<N, NetworkSpec>>
  /** DNS zones by key; servers name the keys. */
  readonly zones: Readonly<Record<Z, ZoneSpec>>
  /** Certification authorities by key; certificates name the keys. */
  readonly authorities: Readonly<Record<string, AuthoritySpec<H>>>
  /** Certificate templates by key; authorities and certificates name the keys. */
  readonly templates?: Readonly<Record<string, TemplateSpec>>
  /** The Active Directory domain that its Windows nodes belong to. */
  readonly directory?: DirectorySpec<H>
  readonly nodes: Readonly<Record<H, NodeSpec<N, H, Z>>>
}

/** One broadcast domain: every interface on it hears every other. All link qualities are per direction. */
export interface NetworkSpec {
  /** `192.0.2.0/24`. Host bits are refused. */
  readonly prefix: string
  /** 802.1Q VLAN id (1 … 4094), used wherever this network rides a trunk. */
  readonly vlan?: number
  /** One-way delay; default 100 µs. */
  readonly latency?: Duration
  /** Up to this much is added to the latency, evenly drawn; order is kept. Default 0. */
  readonly jitter?: Duration
  /** Probability 0 … 1 that a frame is lost. Default 0. */
  readonly loss?: number
  /** Bits a second at each interface; default unlimited. */
  readonly bandwidth?: number
  /** Frames an interface may hold back while its link is busy; default 1000. Only with `bandwidth`. */
  readonly queue?: number
  /** Largest IP packet in bytes; default 1500. */
  readonly mtu?: number
}

export interface ZoneSpec {
  /** `corp.contoso.com`, without the last dot; `.` is the root. */
  readonly origin: string
  /** An RFC 1035 master file. */
  readonly file: SourceFile
}

export type OperatingSystem =
  | 'windows-10'
  | 'windows-11-21h2'
  | 'windows-11'
  | 'windows-server-2019'
  | 'windows-server-2022'
  | 'windows-server-2025'
  | 'linux'

export interface InterfaceSpec<N extends string = string> {
  readonly network: N
  /** `192.0.2.10` (the network's prefix length is meant), `192.0.2.10/28`, or `dhcp`. */
  readonly address: string
  /** Further addresses on the same interface: an edge firewall holds the public addresses that it forwards. */
  readonly alsoAt?: readonly string[]
  /** Default gateway entered on this interface. Two interfaces that each have one are a finding, not an error. */
  readonly gateway?: string
  /** DNS servers entered on this interface; DHCP fills them in otherwise. */
  readonly dns?: readonly string[]
  /** Connection-specific DNS suffix; DHCP fills it in otherwise. */
  readonly suffix?: string
  /** Interface metric; Windows prefers the lowest. Default 25. */
  readonly metric?: number
  /** What Windows' Network List Manager calls this network; default `public`. */
  readonly category?: 'public' | 'private' | 'domain'
}

export interface RouteSpec {
  /** `10.0.0.0/8`; `0.0.0.0/0` is the default route. */
  readonly to: string
  readonly via: string
  /** Default 1; the interface's metric is added, as Windows does. */
  readonly metric?: number
}

interface IpNode<N extends string, H extends string, Z extends string> {
  readonly interfaces: readonly InterfaceSpec<N>[]
  readonly routes?: readonly RouteSpec[]
  readonly services?: readonly ServiceSpec<H, Z>[]
  readonly os?: OperatingSystem
  /** The host's wall clock: world time + offset + drift. */
  readonly clock?: { readonly offset?: Duration; readonly driftPpm?: number }
  /** Certificates in LocalMachine\My, with their private keys. */
  readonly certificates?: readonly CertificateSpec[]
  /** Keys of `authorities` whose certificates are trusted roots here. */
  readonly trusts?: readonly string[]
  /** Keys of `authorities` whose certificates this node has as intermediates. */
  readonly intermediates?: readonly string[]
  /** Keys of `authorities` whose certificates are in its store of untrusted certificates (Disallowed): no chain may go through one. */
  readonly distrusts?: readonly string[]
  /** Whether, and how strictly, it looks at the revocation of others' certificates. */
  readonly revocation?: RevocationSpec
}

export interface HostSpec<
  N extends string = string,
  H extends string = string,
  Z extends string = string,
> extends IpNode<N, H, Z> {
  readonly kind: 'host'
  /** Routes packets between its interfaces (a Windows server with RRAS does). Default false. */
  readonly forwards?: boolean
  /** The host's own firewall (Windows Defender Firewall, or netfilter): hooks input and output. */
  readonly firewall?: FilterSpec<N>
  /** ProfileXML files as installed on a Windows client. */
  readonly profiles?: { readonly user?: SourceFile; readonly device?: SourceFile }
  /** How it judges VPN servers, beside what its profiles say. */
  readonly vpnClient?: VpnClientSpec
  /** Networks that a script may move this host to; its single interface then asks for an address by DHCP. */
  readonly roams?: readonly N[]
  /** NRPT rules from domain Group Policy; an empty list is the empty policy key that hides all local rules. */
  readonly groupPolicyNrpt?: readonly NrptRuleSpec[]
  /** A global suffix search list set by Group Policy. */
  readonly suffixSearchList?: readonly string[]
  /** Logon names of the directory's users who sign in here. */
  readonly users?: readonly string[]
}

/** One NRPT rule. `servers` absent: an exemption. */
export interface NrptRuleSpec {
  readonly namespace: string
  readonly servers?: readonly string[]
}

export interface FirewallSpec<
  N extends string = string,
  H extends string = string,
  Z extends string = string,
> extends IpNode<N, H, Z> {
  readonly kind: 'firewall'
  readonly filter: FilterSpec<N>
}

export interface NatRouterNodeSpec<
  N extends string = string,
  H extends string = string,
  Z extends string = string,
> extends IpNode<N, H, Z> {
  readonly kind: 'nat-router'
  readonly nat: NatRouterSpec<N>
}

/** An Ethernet switch with VLANs. Access ports are implied: every interface on one of `networks` not named in a trunk has one. */
export interface SwitchSpec<N extends string = string, H extends string = string> {
  readonly kind: 'switch'
  readonly networks: readonly N[]
  readonly trunks: readonly TrunkSpec<N, H>[]
}

/** A tagged cable to one node: a virtual machine host whose guests sit in several VLANs. */
export interface TrunkSpec<N extends string = string, H extends string = string> {
  readonly to: H
  /** The VLANs that the switch lets through. One that is missing here is a rehearsed mistake. */
  readonly allows: readonly N[]
}

export type NodeSpec<
  N extends string = string,
  H extends string = string,
  Z extends string = string,
> = HostSpec<N, H, Z> | FirewallSpec<N, H, Z> | NatRouterNodeSpec<N, H, Z> | SwitchSpec<N, H>

/** How an interface may be written in a constructor: an address, `dhcp`, or the whole thing without its network. */
export type InterfaceShorthand = string | Omit<InterfaceSpec, 'network'>

type On<N extends string> = { readonly [network in N]: InterfaceShorthand }
type Rest<S> = Omit<S, 'kind' | 'interfaces' | 'firewall' | 'filter'>

const interfacesOf = <N extends string>(on: On<N>): InterfaceSpec<N>[] =>
  (Object.entries(on) as [N, InterfaceShorthand][]).map(([network, written]) =>
    typeof written === 'string' ? { network, address: written } : { network, ...written },
  )

/** A computer: client, server, gateway. `on` maps each network to the address there. */
export const host = <
  const N extends string,
  const H extends string = never,
  const Z extends string = never,
  const G extends string = never,
  const R extends string = never,
>(
  on: On<N>,
  rest: Omit<Rest<HostSpec<NoInfer<N>, H, Z>>, 'roams'> & {
    readonly firewall?: FilterSpec<NoInfer<N>, G>
    readonly roams?: readonly R[]
  } = {},
): HostSpec<N | R, H, Z> => ({ kind: 'host', interfaces: interfacesOf(on), ...rest })

/** A stateful firewall with the semantics of Linux netfilter. */
export const firewall = <
  const N extends string,
  const H extends string = never,
  const Z extends string = never,
  const G extends string = never,
>(
  on: On<N>,
  rest: Rest<FirewallSpec<NoInfer<N>, H, Z>> & { readonly filter: FilterSpec<NoInfer<N>, G> },
): FirewallSpec<N, H, Z> => ({ kind: 'firewall', interfaces: interfacesOf(on), ...rest })

/** A home router, hotel gateway or carrier NAT, in the words of RFC 4787. */
export const natRouter = <
  const N extends string,
  const H extends string = never,
  const Z extends string = never,
>(
  on: On<N>,
  rest: Rest<NatRouterNodeSpec<NoInfer<N>, H, Z>>,
): NatRouterNodeSpec<N, H, Z> => ({ kind: 'nat-router', interfaces: interfacesOf(on), ...rest })

export const ethernetSwitch = <const N extends string, const H extends string>(
  rest: Omit<SwitchSpec<N, H>, 'kind'>,
): SwitchSpec<N, H> => ({ kind: 'switch', ...rest })

/** What `topology()` takes: the data of {@link Topology}, with prefixes as bare strings where nothing else is said. */
export interface TopologyInput<
  N extends string,
  H extends string,
  Z extends string,
  U extends string = string,
  G extends string = string,
> {
  readonly name: string
  readonly description?: string
  readonly start: string
  readonly networks: Readonly<Record<N, string | NetworkSpec>>
  readonly zones?: Readonly<Record<Z, ZoneSpec>>
  readonly authorities?: Readonly<Record<string, AuthoritySpec<NoInfer<H>>>>
  readonly templates?: Readonly<Record<string, TemplateSpec>>
  readonly directory?: DirectorySpec<NoInfer<H>, U, G>
  readonly nodes: Readonly<Record<H, NodeSpec<NoInfer<N>, NoInfer<H>, NoInfer<Z>>>>
}

/**
 * Write a topology down. The result is frozen plain data: printable, comparable, editable.
 * Mistyped networks, nodes and zones are compile errors; everything else is found by `validate.ts` when a lab is built.
 *
 * @example
 * const lan = topology({
 *   name: 'lan', start: '2026-03-02T08:00:00Z', networks: { lan: '10.0.0.0/24' },
 *   nodes: { pc: host({ lan: '10.0.0.2' }), printer: host({ lan: '10.0.0.3' }) },
 * })
 */
export function topology<
  const N extends string,
  const H extends string,
  const Z extends string = never,
  const U extends string = never,
  const G extends string = never,
>(input: TopologyInput<N, H, Z, U, G>): Topology<N, H, Z> {
  const networks = Object.fromEntries(
    Object.entries<string | NetworkSpec>(input.networks).map(([name, written]) => [
      name,
      typeof written === 'string' ? { prefix: written } : written,
    ]),
  ) as Record<N, NetworkSpec>
  return deepFreeze({
    zones: {} as Record<Z, ZoneSpec>,
    authorities: {},
    ...input,
    networks,
    nodes: input.nodes as Record<H, NodeSpec<N, H, Z>>,
  })
}

/** Freeze a value and all it holds; returns it. Already frozen parts are passed over. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}
