/**
 * The network of a topology, running: segments, trunks, and a stack for each node with its filter or NAT. Follows edits in place.
 * Not services and not verbs: `lab/services.ts` and `lab/node.ts` put those on top.
 */
import {
  formatIpv4,
  isIpv4,
  parseInterfaceAddress,
  parseIpv4,
  parsePrefix,
  type Ipv4,
  type Prefix,
} from '../base/address.ts'
import { invariant } from '../base/invariant.ts'
import { rememberEach } from '../base/remember.ts'
import { after, ms, type Duration, type Instant } from '../base/time.ts'
import { createFilter, type Filter } from '../net/filter/filter.ts'
import type { SessionView } from '../net/filter/sessions.ts'
import { createNatRouter, type MappingView, type NatRouter } from '../net/nat-router.ts'
import { Segment } from '../net/segment.ts'
import type { NicSettings } from '../net/sockets.ts'
import { Stack } from '../net/stack.ts'
import { Switch, type Trunk } from '../net/switch.ts'
import type { Trace } from '../net/trace.ts'
import type { World } from '../net/world.ts'
import type { FilterSpec } from '../topology/firewall.ts'
import { heededFirewall } from './host-firewall.ts'
import type { InterfaceSpec, NetworkSpec, NodeSpec, Topology } from '../topology/topology.ts'
import type { SessionReport } from './reports.ts'

/** A node that speaks IP: everything but a switch. */
export type IpNodeSpec = Exclude<NodeSpec, { kind: 'switch' }>

export const DHCP = 'dhcp'
const LATENCY_DEFAULT = ms(0.1)

export const ipNodesOf = (topology: Topology): readonly (readonly [string, IpNodeSpec])[] =>
  Object.entries(topology.nodes).filter(
    (entry): entry is [string, IpNodeSpec] => entry[1].kind !== 'switch',
  )

/** The filter that a node has: a firewall's own, or a host's, as far as Windows heeds it. */
const filterOf = (spec: IpNodeSpec): FilterSpec | undefined =>
  spec.kind === 'firewall' ? spec.filter : spec.kind === 'host' ? heededFirewall(spec) : undefined

export class Network {
  readonly segments = new Map<string, Segment>()
  readonly stacks = new Map<string, Stack>()
  readonly #world: World
  readonly #trace: Trace
  readonly #filters = new Map<string, Filter>()
  readonly #natRouters = new Map<string, NatRouter>()
  /** `switch node` → the tagged cable between them. */
  readonly #trunks = new Map<string, Trunk>()
  #heldAt: Instant | undefined
  readonly #skews = new Map<string, Duration>()
  #topology: Topology

  constructor(world: World, trace: Trace, topology: Topology) {
    this.#world = world
    this.#trace = trace
    this.#topology = topology
    for (const [name, spec] of Object.entries(topology.networks)) {
      this.segments.set(name, new Segment(world, trace, segmentOptions(name, spec)))
    }
    for (const [name, spec] of Object.entries(topology.nodes)) {
      if (spec.kind === 'switch') this.#addSwitch(name, spec)
    }
    for (const [name, spec] of ipNodesOf(topology)) this.#addStack(name, spec)
  }

  /** Put another topology of the same nodes and networks in force. Sessions, leases and caches live on. */
  update(topology: Topology): void {
    const before = this.#topology
    this.#topology = topology
    for (const [name, spec] of Object.entries(topology.nodes)) {
      const old = before.nodes[name]
      if (old === spec || old === undefined) continue
      if (spec.kind === 'switch') this.#setTrunks(name, spec)
      else if (old.kind === spec.kind) this.#updateStack(name, old, spec)
    }
  }

  stack(name: string): Stack {
    const stack = this.stacks.get(name)
    invariant(stack !== undefined, `the lab has no IP node '${name}'`)
    return stack
  }

  /** Throws RangeError when there is none: a script may name any. */
  segment(name: string): Segment {
    const segment = this.segments.get(name)
    if (segment === undefined) throw new RangeError(`the lab has no network '${name}'`)
    return segment
  }

  /** The tagged cable by which a node reaches a network, where a switch has one. */
  trunkTo(node: string, network: string): Trunk | undefined {
    for (const [name, { networks }] of switchesOf(this.#topology)) {
      if (!networks.includes(network)) continue
      const trunk = this.#trunks.get(`${name} ${node}`)
      if (trunk !== undefined) return trunk
    }
    return undefined
  }

  /** Forget sessions, mappings and neighbours, and pull and plug every cable, so that leases are asked for again. */
  reboot(node: string): void {
    this.#filters.get(node)?.flush()
    this.#natRouters.get(node)?.flush()
    const stack = this.stack(node)
    for (const { name } of stack.nics.filter((nic) => nic.up && nic.kind === 'ethernet')) {
      stack.unplug(name)
      stack.plug(name, this.segment(name), this.trunkTo(node, name))
    }
  }

  /** Put the node's clock `by` beside where its topology has it. */
  skewClock(node: string, by: Duration): void {
    this.#skews.set(node, by)
  }

  /** Stop every clock at `at`, each as far beside it as it is wrong; undefined lets them go again. */
  holdClocks(at: Instant | undefined): void {
    this.#heldAt = at
  }

  /** What connection tracking, or a NAT router's table, remembers now. */
  sessionsOf(node: string): readonly SessionReport[] {
    const filter = this.#filters.get(node)
    if (filter !== undefined) return filter.sessions().map(sessionReport)
    return this.#natRouters.get(node)?.mappings().map(mappingReport) ?? []
  }

  /** Flows in the table of a filter; undefined: there is none. */
  trackedBy(node: string): number | undefined {
    return this.#filters.get(node)?.size
  }

  #addSwitch(name: string, spec: Extract<NodeSpec, { kind: 'switch' }>): void {
    const running = new Switch(this.#trace, { name })
    for (const { to } of spec.trunks) this.#trunks.set(`${name} ${to}`, running.trunk(to))
    this.#setTrunks(name, spec)
  }

  #setTrunks(name: string, spec: Extract<NodeSpec, { kind: 'switch' }>): void {
    for (const { to, allows } of spec.trunks) {
      const trunk = this.#trunks.get(`${name} ${to}`)
      trunk?.allows.clear()
      trunk?.allow(...allows)
    }
  }

  #addStack(name: string, spec: IpNodeSpec): void {
    const stack = new Stack(this.#world, this.#trace, {
      name,
      forwards: spec.kind !== 'host' || spec.forwards === true,
      os: spec.os?.startsWith('windows') === true ? 'windows' : 'linux',
      wallClock: (now) => this.#wallClockOf(name, now),
    })
    this.stacks.set(name, stack)
    for (const nic of spec.interfaces) {
      const trunk = this.trunkTo(name, nic.network)
      const { alsoAt } = settingsIn(this.#topology.networks[nic.network]!)
      stack.addNic(this.segment(nic.network), {
        ...this.#settingsOf(nic),
        alsoAt: alsoAt(nic),
        ...(nic.metric === undefined ? {} : { metric: nic.metric }),
        ...(trunk === undefined ? {} : { trunk }),
      })
    }
    stack.setRoutes(routesOf(spec))
    this.#setHooks(name, spec)
  }

  #updateStack(name: string, old: IpNodeSpec, spec: IpNodeSpec): void {
    const stack = this.stack(name)
    if (old.routes !== spec.routes) stack.setRoutes(routesOf(spec))
    for (const nic of spec.interfaces) {
      const was = old.interfaces.find((other) => other.network === nic.network)
      const isPlugged = stack.nics.some((view) => view.name === nic.network)
      if (was === nic || !isPlugged || nic.address === DHCP) continue
      stack.configure(nic.network, this.#settingsOf(nic) as NicSettings)
    }
    this.#setHooks(name, spec)
  }

  #setHooks(name: string, spec: IpNodeSpec): void {
    const stack = this.stack(name)
    const filterSpec = filterOf(spec)
    if (spec.kind === 'nat-router') this.#setNatRouter(stack, spec)
    else if (filterSpec === undefined) stack.hooks = undefined
    else this.#setFilter(stack, spec, filterSpec)
  }

  #setFilter(stack: Stack, spec: IpNodeSpec, filterSpec: FilterSpec): void {
    const known = this.#filters.get(stack.name)
    known?.reload(filterSpec)
    const filter =
      known ??
      createFilter(filterSpec, {
        clock: () => this.#world.now,
        rng: stack.rng.fork('filter'),
        addressOf: (network) => stack.addressOf(network),
        detailed: () => this.#trace.detailed,
        report: (event) => this.#trace.add({ ...event, node: stack.name }),
        defaultHook: spec.kind === 'firewall' ? 'forward' : 'input',
      })
    this.#filters.set(stack.name, filter)
    stack.hooks = filter
  }

  #setNatRouter(stack: Stack, spec: Extract<IpNodeSpec, { kind: 'nat-router' }>): void {
    const { nat } = spec
    const known = this.#natRouters.get(stack.name)
    known?.reload(nat)
    const router =
      known ??
      createNatRouter(nat, {
        outsideAddress: () => stack.addressOf(nat.outside),
        insideNetworks: spec.interfaces.map((nic) => nic.network).filter((n) => n !== nat.outside),
        clock: () => this.#world.now,
        rng: stack.rng.fork('nat'),
        detailed: () => this.#trace.detailed,
        report: (event) => this.#trace.add({ ...event, node: stack.name }),
      })
    this.#natRouters.set(stack.name, router)
    stack.dropsFragments = nat.dropsFragments === true
    stack.hooks = router
  }

  #settingsOf(nic: InterfaceSpec): Partial<NicSettings> {
    return settingsIn(this.#topology.networks[nic.network]!).of(nic)
  }

  #wallClockOf(name: string, worldNow: Instant): Instant {
    const now = this.#heldAt ?? worldNow
    const spec = this.#topology.nodes[name]
    const clock = spec === undefined || spec.kind === 'switch' ? undefined : spec.clock
    const drift = ((now - this.#world.start) * (clock?.driftPpm ?? 0)) / 1e6
    const offset = (clock?.offset ?? 0) + (this.#skews.get(name) ?? 0)
    return after(now, Math.round(offset + drift) as Duration)
  }
}

/** Topologies are frozen, and every lab of one asks again. */
const switchesOf = rememberEach(({ nodes }: Topology) =>
  Object.entries(nodes).flatMap(([name, spec]) =>
    spec.kind === 'switch' ? [[name, spec] as const] : [],
  ),
)

const prefixOf = rememberEach(({ prefix: text }: NetworkSpec): Prefix => {
  const prefix = parsePrefix(text)
  invariant(prefix.ok, `network prefix '${text}' was validated`)
  return prefix.value
})

/** What interfaces on a network are set to. */
const settingsIn = rememberEach((network: NetworkSpec) => ({
  of: rememberEach((nic: InterfaceSpec) => settingsOf(nic, prefixOf(network))),
  alsoAt: rememberEach(({ alsoAt = [] }: InterfaceSpec) =>
    alsoAt.flatMap((text) => addressOf(text, prefixOf(network)) ?? []),
  ),
}))

function segmentOptions(name: string, spec: NetworkSpec) {
  const { prefix: _, latency = LATENCY_DEFAULT, ...rest } = spec
  return { name, latency, ...rest }
}

/** An interface's settings as they are entered by hand; nothing for DHCP. */
function settingsOf(nic: InterfaceSpec, network: Prefix): Partial<NicSettings> {
  const own = nic.address === DHCP ? undefined : addressOf(nic.address, network)
  const gateway = nic.gateway === undefined ? undefined : parseIpv4(nic.gateway)
  const dns = (nic.dns ?? []).flatMap((text) => parseIpv4(text) ?? [])
  return {
    ...own,
    ...(gateway === undefined ? {} : { gateway }),
    ...(dns.length === 0 ? {} : { dns }),
    ...(nic.suffix === undefined ? {} : { suffix: nic.suffix }),
  }
}

/** `192.0.2.10` on the network's own prefix, or `192.0.2.10/28`. Undefined for IPv6, which is not routed here. */
function addressOf(
  text: string,
  network: Prefix,
): { readonly address: Ipv4; readonly prefixLength: number } | undefined {
  const written = parseInterfaceAddress(text.includes('/') ? text : `${text}/${network.length}`)
  if (!written.ok || !isIpv4(written.value.address)) return undefined
  return { address: written.value.address, prefixLength: written.value.prefix.length }
}

const routesOf = rememberEach((spec: IpNodeSpec) =>
  (spec.routes ?? []).flatMap(({ to, via, metric }) => {
    const prefix = parsePrefix(to)
    const hop = parseIpv4(via)
    if (!prefix.ok || !isIpv4(prefix.value.address) || hop === undefined) return []
    return [
      { to: prefix.value as Prefix<Ipv4>, via: hop, ...(metric === undefined ? {} : { metric }) },
    ]
  }),
)

const endpointText = (address: Ipv4, port: number): string => `${formatIpv4(address)}:${port}`

const sessionReport = ({ protocol, original, seenReply }: SessionView): SessionReport => ({
  protocol,
  from: endpointText(original.source, original.sourcePort),
  to: endpointText(original.destination, original.destinationPort),
  replied: seenReply,
})

const mappingReport = ({ protocol, inside, outside, peers }: MappingView): SessionReport => ({
  protocol,
  from: endpointText(inside.address, inside.port),
  to: endpointText(outside.address, outside.port),
  replied: peers.length > 0,
})
