/**
 * Named changes to a topology: pure functions from one to the next, which what-ifs compare and a running lab takes over.
 * Not faults: an edit changes what is configured, not what happens on a wire. Each says in words what it does;
 * one that changes nothing throws RangeError, because it would prove nothing.
 *
 * Type parameters as in `topology.ts`; they come from where the edit is used, so that a mistyped name is a compile error there.
 */
import { isDeepStrictEqual } from 'node:util'
import type { FilterSpec, NatRuleSpec, RuleSpec } from './firewall.ts'
import type { AuthoritySpec, CertificateSpec } from './pki.ts'
import {
  deepFreeze,
  type InterfaceSpec,
  type NodeSpec,
  type NrptRuleSpec,
  type RouteSpec,
  type SwitchSpec,
  type Topology,
} from './topology.ts'
import { unknownName } from './values.ts'
import { withoutRecords, withRecordLine } from './zone-text.ts'

export interface Edit<
  N extends string = string,
  H extends string = string,
  Z extends string = string,
> {
  /** `edgeFirewall loses rule 'ike-to-gateway'`. */
  readonly name: string
  /** Throws RangeError when it would change nothing, and names what it did not find. */
  apply(topology: Topology<N, H, Z>): Topology<N, H, Z>
}

/** Fields to set; `undefined` takes an optional field away. */
export type Change<T> = {
  readonly [K in keyof T]?: object extends Pick<T, K> ? T[K] | undefined : T[K]
}

/** An edit of your own: `change` returns the new topology. */
export function edit<N extends string, H extends string, Z extends string>(
  name: string,
  change: (topology: Topology<N, H, Z>) => Topology<N, H, Z>,
): Edit<N, H, Z> {
  return {
    name,
    apply(topology) {
      const changed = change(topology)
      if (isDeepStrictEqual(changed, topology)) throw new RangeError(`'${name}' changes nothing`)
      return deepFreeze(changed)
    },
  }
}

/** Several edits as one, in their order. */
export function compose<N extends string, H extends string, Z extends string>(
  ...edits: readonly Edit<N, H, Z>[]
): Edit<N, H, Z> {
  return edit(edits.map(({ name }) => name).join(', and '), (topology) =>
    edits.reduce((changed, next) => next.apply(changed), topology),
  )
}

// ── Firewalls ────────────────────────────────────────────────────────────────────────────────────

export const withoutRule = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  rule: string,
): Edit<N, H, Z> =>
  editFilter(`${node} loses rule '${rule}'`, node, (filter) => ({
    ...filter,
    rules: without(filter.rules, rule, `rule on ${node}`),
  }))

/** Add a rule at the end, or before the rule that `before` names. */
export const withRule = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  rule: RuleSpec<NoInfer<N>>,
  { before }: { readonly before?: string } = {},
): Edit<N, H, Z> => {
  const place = before === undefined ? '' : ` before '${before}'`
  return editFilter(`${node} gains rule '${rule.name}'${place}`, node, (filter) => {
    const at =
      before === undefined ? filter.rules.length : indexOf(filter.rules, before, `rule on ${node}`)
    return { ...filter, rules: filter.rules.toSpliced(at, 0, rule) }
  })
}

export const withRuleChanged = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  rule: string,
  change: Change<RuleSpec<NoInfer<N>>>,
): Edit<N, H, Z> =>
  editFilter(`${node} changes rule '${rule}' (${keysOf(change)})`, node, (filter) => ({
    ...filter,
    rules: changed(filter.rules, rule, change, `rule on ${node}`),
  }))

/** A NAT rule of a firewall, or a port forward of a NAT router. */
export const withoutNatRule = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  rule: string,
): Edit<N, H, Z> => {
  const name = `${node} loses NAT rule '${rule}'`
  return editNode(name, node, (spec) => {
    if (spec.kind === 'nat-router') {
      const forwards = without(spec.nat.forwards ?? [], rule, `port forward on ${node}`)
      return { ...spec, nat: { ...spec.nat, forwards } }
    }
    return inFilter(spec, node, (filter) => ({
      ...filter,
      nat: without(filter.nat ?? [], rule, `NAT rule on ${node}`),
    }))
  })
}

/** Appended, or put before the rule named `before`: the first that matches a new flow decides. */
export const withNatRule = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  rule: NatRuleSpec<NoInfer<N>>,
  { before }: { readonly before?: string } = {},
): Edit<N, H, Z> =>
  editFilter(`${node} gains NAT rule '${rule.name}'`, node, (filter) => {
    const rules = filter.nat ?? []
    const at = before === undefined ? rules.length : indexOf(rules, before, `NAT rule on ${node}`)
    return { ...filter, nat: rules.toSpliced(at, 0, rule) }
  })

// ── Interfaces, routes, switches ─────────────────────────────────────────────────────────────────

export const withRoute = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  route: RouteSpec,
): Edit<N, H, Z> =>
  editIpNode(`${node} gains the route ${route.to} via ${route.via}`, node, (spec) => ({
    ...spec,
    routes: [...(spec.routes ?? []), route],
  }))

/** Without every static route to this prefix. */
export const withoutRoute = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  to: string,
): Edit<N, H, Z> =>
  editIpNode(`${node} loses the route to ${to}`, node, (spec) => {
    const routes = spec.routes ?? []
    mustFind(
      `route on ${node}`,
      to,
      routes.map((route) => route.to),
    )
    return { ...spec, routes: routes.filter((route) => route.to !== to) }
  })

export const withInterface = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  network: NoInfer<N>,
  change: Change<Omit<InterfaceSpec, 'network'>>,
): Edit<N, H, Z> =>
  editInterface(`${node} changes its interface on ${network} (${keysOf(change)})`, node, {
    network,
    change,
  })

/** Enter a default gateway on the interface, or take it away with `undefined`. */
export const withGateway = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  network: NoInfer<N>,
  gateway: string | undefined,
): Edit<N, H, Z> =>
  editInterface(
    gateway === undefined
      ? `${node} has no default gateway on ${network}`
      : `${node} has the default gateway ${gateway} on ${network}`,
    node,
    { network, change: { gateway } },
  )

/** Unplug the single interface and plug it into `network`, where it asks for an address by DHCP. */
export const moved = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  network: NoInfer<N>,
): Edit<N, H, Z> =>
  edit(`${node} moves to ${network}`, (topology) => {
    mustFind('network', network, Object.keys(topology.networks))
    return inIpNode(topology, node, (spec) => {
      const [nic, another] = spec.interfaces
      if (nic === undefined || another !== undefined) {
        throw new RangeError(`${node} has ${spec.interfaces.length} interfaces: only one can move`)
      }
      if (nic.network === network) throw new RangeError(`${node} is on ${network} already`)
      return { ...spec, interfaces: [{ network, address: 'dhcp' }] }
    })
  })

/** The switch no longer lets the network's VLAN through on the trunk to `to`. */
export const withoutTrunkVlan = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  to: NoInfer<H>,
  network: NoInfer<N>,
): Edit<N, H, Z> =>
  editNode(`${node} lets ${network} no longer through to ${to}`, node, (spec) => {
    if (spec.kind !== 'switch') throw new RangeError(`${node} is a ${spec.kind}, not a switch`)
    mustFind(
      `trunk on ${node} to`,
      to,
      spec.trunks.map((trunk) => trunk.to),
    )
    const allowed = spec.trunks.filter((trunk) => trunk.to === to).flatMap(({ allows }) => allows)
    mustFind(`network on the trunk to ${to}`, network, allowed)
    return {
      ...spec,
      trunks: spec.trunks.map((trunk) =>
        trunk.to === to
          ? { ...trunk, allows: trunk.allows.filter((name) => name !== network) }
          : trunk,
      ),
    }
  })

// ── DNS ──────────────────────────────────────────────────────────────────────────────────────────

/** Add a record to a zone file, written as there: `withRecord('contosoPublic', 'vpn IN A 203.0.113.10')`. */
export const withRecord = <N extends string, H extends string, Z extends string>(
  zone: NoInfer<Z>,
  record: string,
): Edit<N, H, Z> =>
  editZone(`zone ${zone} gains ${record}`, zone, (text, origin) =>
    withRecordLine(text, origin, record),
  )

/** Without all records of a name (absolute, relative, or `@`) and type. */
export const withoutRecord = <N extends string, H extends string, Z extends string>(
  zone: NoInfer<Z>,
  name: string,
  type: string,
): Edit<N, H, Z> =>
  editZone(`zone ${zone} loses ${name} ${type}`, zone, (text, origin) => {
    const left = withoutRecords(text, origin, name, type)
    if (left === text) throw new RangeError(`zone ${zone} has no ${type} record at '${name}'`)
    return left
  })

// ── Certificates ─────────────────────────────────────────────────────────────────────────────────

export const withCertificate = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  name: string,
  change: Change<CertificateSpec>,
): Edit<N, H, Z> =>
  editIpNode(`${node} changes certificate '${name}' (${keysOf(change)})`, node, (spec) => ({
    ...spec,
    certificates: changed(spec.certificates ?? [], name, change, `certificate on ${node}`),
  }))

export const withAuthority = <N extends string, H extends string, Z extends string>(
  key: string,
  change: Change<AuthoritySpec<NoInfer<H>>>,
): Edit<N, H, Z> =>
  edit(`authority ${key} changes (${keysOf(change)})`, (topology) => {
    mustFind('authority', key, Object.keys(topology.authorities))
    const authority = merged(topology.authorities[key]!, change)
    return { ...topology, authorities: { ...topology.authorities, [key]: authority } }
  })

/** Nobody publishes the authority's revocation list any more: its URLs stay in the certificates and lead nowhere. */
export const withoutCrl = <N extends string, H extends string, Z extends string>(
  key: string,
): Edit<N, H, Z> => ({
  ...withAuthority<N, H, Z>(key, { publishedOn: undefined }),
  name: `nobody publishes the CRL of ${key}`,
})

/** The node no longer trusts this root, or no longer knows this intermediate. */
export const withoutAuthorityOn = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  key: string,
): Edit<N, H, Z> =>
  editIpNode(`${node} forgets authority ${key}`, node, (spec) => {
    mustFind(`authority on ${node}`, key, [...(spec.trusts ?? []), ...(spec.intermediates ?? [])])
    const others = (keys: readonly string[] = []) => keys.filter((other) => other !== key)
    return { ...spec, trusts: others(spec.trusts), intermediates: others(spec.intermediates) }
  })

// ── Windows clients ──────────────────────────────────────────────────────────────────────────────

/** Change the text of a node's ProfileXML; `tunnel` defaults to the user tunnel. */
export const withProfileText = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  change: (text: string) => string,
  tunnel: 'user' | 'device' = 'user',
): Edit<N, H, Z> =>
  editNode(`${node} changes the profile of its ${tunnel} tunnel`, node, (spec) => {
    const file = spec.kind === 'host' ? spec.profiles?.[tunnel] : undefined
    if (spec.kind !== 'host' || file === undefined) {
      throw new RangeError(`${node} has no profile for a ${tunnel} tunnel`)
    }
    return {
      ...spec,
      profiles: { ...spec.profiles, [tunnel]: { ...file, text: change(file.text) } },
    }
  })

/** The NRPT of domain Group Policy on a client: rules, or an empty list for the empty policy key. */
export const withGroupPolicyNrpt = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  groupPolicyNrpt: readonly NrptRuleSpec[],
): Edit<N, H, Z> =>
  editNode(`${node} gets ${groupPolicyNrpt.length} NRPT rules by Group Policy`, node, (spec) => {
    if (spec.kind !== 'host') throw new RangeError(`${node} is a ${spec.kind}, not a client`)
    return { ...spec, groupPolicyNrpt }
  })

// ── How edits are made ───────────────────────────────────────────────────────────────────────────

type IpNode = Exclude<NodeSpec, SwitchSpec>

function editNode<N extends string, H extends string, Z extends string>(
  name: string,
  node: string,
  change: (spec: NodeSpec) => NodeSpec,
): Edit<N, H, Z> {
  return edit(name, (topology) => inNode(topology, node, change))
}

/** Anything about one node that has no edit of its own; `what` says what becomes of it. */
export const withNode = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  what: string,
  change: (spec: NodeSpec) => NodeSpec,
): Edit<N, H, Z> => editNode(`${node} ${what}`, node, change)

/** The names inside a node were checked by the compiler where the edit was written, so inside here they are text. */
function inNode<T extends Topology>(
  topology: T,
  node: string,
  change: (spec: NodeSpec) => NodeSpec,
): T {
  mustFind('node', node, Object.keys(topology.nodes))
  return { ...topology, nodes: { ...topology.nodes, [node]: change(topology.nodes[node]!) } }
}

const inIpNode = <T extends Topology>(
  topology: T,
  node: string,
  change: (spec: IpNode) => IpNode,
): T =>
  inNode(topology, node, (spec) => {
    if (spec.kind === 'switch') throw new RangeError(`${node} is a switch: it has no addresses`)
    return change(spec)
  })

const editIpNode = <N extends string, H extends string, Z extends string>(
  name: string,
  node: string,
  change: (spec: IpNode) => IpNode,
): Edit<N, H, Z> => edit(name, (topology) => inIpNode(topology, node, change))

const editFilter = <N extends string, H extends string, Z extends string>(
  name: string,
  node: string,
  change: (filter: FilterSpec) => FilterSpec,
): Edit<N, H, Z> => editNode(name, node, (spec) => inFilter(spec, node, change))

/** A firewall's filter, or a host's own. */
function inFilter(
  spec: NodeSpec,
  node: string,
  change: (filter: FilterSpec) => FilterSpec,
): NodeSpec {
  if (spec.kind === 'firewall') return { ...spec, filter: change(spec.filter) }
  if (spec.kind === 'host' && spec.firewall !== undefined) {
    return { ...spec, firewall: change(spec.firewall) }
  }
  throw new RangeError(`${node} is a ${spec.kind} without filter rules`)
}

function editInterface<N extends string, H extends string, Z extends string>(
  name: string,
  node: string,
  {
    network,
    change,
  }: { readonly network: string; readonly change: Change<Omit<InterfaceSpec, 'network'>> },
): Edit<N, H, Z> {
  return editIpNode(name, node, (spec) => {
    mustFind(
      `interface of ${node} on`,
      network,
      spec.interfaces.map((nic) => nic.network),
    )
    return {
      ...spec,
      interfaces: spec.interfaces.map((nic) =>
        nic.network === network ? merged(nic, change) : nic,
      ),
    }
  })
}

const editZone = <N extends string, H extends string, Z extends string>(
  name: string,
  zone: string,
  change: (text: string, origin: string) => string,
): Edit<N, H, Z> =>
  edit(name, (topology) => {
    mustFind('zone', zone, Object.keys(topology.zones))
    const { origin, file } = topology.zones[zone as Z]
    const text = change(file.text, origin)
    return {
      ...topology,
      zones: { ...topology.zones, [zone]: { origin, file: { ...file, text } } },
    }
  })

export function mustFind(what: string, name: string, known: readonly string[]): void {
  const complaint = unknownName(what, name, known)
  if (complaint !== undefined) throw new RangeError(complaint)
}

type Named = { readonly name: string }

function indexOf(list: readonly Named[], name: string, what: string): number {
  mustFind(
    what,
    name,
    list.map((element) => element.name),
  )
  return list.findIndex((element) => element.name === name)
}

const without = <T extends Named>(list: readonly T[], name: string, what: string): T[] =>
  list.toSpliced(indexOf(list, name, what), 1)

const changed = <T extends Named>(
  list: readonly T[],
  name: string,
  change: Change<T>,
  what: string,
): T[] => {
  const at = indexOf(list, name, what)
  return list.with(at, merged(list[at]!, change))
}

/** `change` laid over `value`. The cast is sound: only an optional field can be taken away. */
export function merged<T extends object>(value: T, change: Change<NoInfer<T>>): T {
  const fields = Object.entries({ ...value, ...change }).filter(([, field]) => field !== undefined)
  return Object.fromEntries(fields) as T
}

export const keysOf = (change: object): string => Object.keys(change).join(', ')
