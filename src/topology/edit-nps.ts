/**
 * Named changes to NPS and to the gateways that ask it: clients, secrets, policies, servers.
 * Not the other edits, which are `edit.ts`; the rules are the same: pure, named, and one that changes nothing throws RangeError. No secret
 * stands in a name: names are printed.
 */
import { edit, keysOf, merged, mustFind, type Change, type Edit } from './edit.ts'
import type {
  ConnectionRequestPolicySpec,
  NetworkPolicySpec,
  NpsSpec,
  RadiusClientSpec,
  RadiusServerSpec,
} from './nps.ts'
import type { ServiceSpec, VpnGatewaySpec } from './services.ts'
import type { Topology } from './topology.ts'

/** Change the settings of the server itself. */
export const withNps = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  change: Change<Omit<NpsSpec<NoInfer<H>>, 'service'>>,
): Edit<N, H, Z> =>
  editNps(`NPS on ${node} changes (${keysOf(change)})`, node, (spec) => merged(spec, change))

/** Change the entry of a RADIUS client; `undefined` deletes it. A name that is new adds one, which needs an address and a secret. */
export const withRadiusClient = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  name: string,
  change: Change<Omit<RadiusClientSpec, 'name'>> | undefined,
): Edit<N, H, Z> => {
  const told = change === undefined ? 'goes' : `changes (${keysOf(change)})`
  return editNps(`NPS on ${node}: RADIUS client '${name}' ${told}`, node, (spec) => {
    const clients = spec.clients ?? []
    const known = clients.find((client) => client.name === name)
    if (change === undefined) {
      return { ...spec, clients: without(clients, name, `RADIUS client of ${node}`) }
    }
    if (known !== undefined) return { ...spec, clients: replaced(clients, name, change) }
    const { address, secret } = change
    if (address === undefined || secret === undefined) {
      mustFind(`RADIUS client of ${node}`, name, namesOf(clients))
    }
    return { ...spec, clients: [...clients, merged({ name } as RadiusClientSpec, change)] }
  })
}

/** Change a network policy. A name that is new adds one in front of the others, which needs `access`. */
export const withNetworkPolicy = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  name: string,
  change: Change<Omit<NetworkPolicySpec, 'name'>>,
): Edit<N, H, Z> =>
  editNps(`NPS on ${node}: network policy '${name}' changes (${keysOf(change)})`, node, (spec) => {
    const policies = spec.networkPolicies ?? []
    if (policies.some((policy) => policy.name === name)) {
      return { ...spec, networkPolicies: replaced(policies, name, change) }
    }
    if (change.access === undefined) {
      mustFind(`network policy of ${node}`, name, namesOf(policies))
    }
    const added = merged<NetworkPolicySpec>({ name, access: 'deny' }, change)
    return { ...spec, networkPolicies: [added, ...policies] }
  })

export const withoutNetworkPolicy = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  name: string,
): Edit<N, H, Z> =>
  editNps(`NPS on ${node} loses network policy '${name}'`, node, (spec) => ({
    ...spec,
    networkPolicies: without(spec.networkPolicies ?? [], name, `network policy of ${node}`),
  }))

/** Change a connection request policy. A name that is new adds one in front of the others, which needs `conditions`. */
export const withConnectionRequestPolicy = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  name: string,
  change: Change<Omit<ConnectionRequestPolicySpec, 'name'>>,
): Edit<N, H, Z> => {
  const told = `connection request policy '${name}' changes (${keysOf(change)})`
  return editNps(`NPS on ${node}: ${told}`, node, (spec) => {
    const policies = spec.connectionRequestPolicies ?? []
    const isKnown = policies.some((policy) => policy.name === name)
    if (!isKnown && change.conditions === undefined) {
      mustFind(`connection request policy of ${node}`, name, namesOf(policies))
    }
    return {
      ...spec,
      connectionRequestPolicies: isKnown
        ? replaced(policies, name, change)
        : [merged<ConnectionRequestPolicySpec>({ name }, change), ...policies],
    }
  })
}

export const withoutConnectionRequestPolicy = <
  N extends string,
  H extends string,
  Z extends string,
>(
  node: NoInfer<H>,
  name: string,
): Edit<N, H, Z> =>
  editNps(`NPS on ${node} loses connection request policy '${name}'`, node, (spec) => ({
    ...spec,
    connectionRequestPolicies: without(
      spec.connectionRequestPolicies ?? [],
      name,
      `connection request policy of ${node}`,
    ),
  }))

/** Change what a gateway knows of a RADIUS server, named by its node or address; default: the only one. */
export const withRadiusServer = <N extends string, H extends string, Z extends string>(
  gateway: NoInfer<H>,
  change: Change<Omit<RadiusServerSpec<NoInfer<H>>, 'secret'>>,
  { server }: { readonly server?: string } = {},
): Edit<N, H, Z> => {
  const which = server === undefined ? 'its RADIUS server' : `RADIUS server ${server}`
  return editServers(`${gateway} changes ${which} (${keysOf(change)})`, gateway, {
    server,
    change,
  })
}

/** The gateway has another secret for the server; default: the only one. What it is, nobody is told. */
export const withRadiusSecret = <N extends string, H extends string, Z extends string>(
  gateway: NoInfer<H>,
  secret: string,
  { server }: { readonly server?: string } = {},
): Edit<N, H, Z> => {
  const which = server === undefined ? 'its RADIUS server' : `RADIUS server ${server}`
  return editServers(`${gateway} has another secret for ${which}`, gateway, {
    server,
    change: { secret },
  })
}

/** The gateway asks these servers and no others. */
export const withGatewayRadius = <N extends string, H extends string, Z extends string>(
  gateway: NoInfer<H>,
  radius: readonly RadiusServerSpec<NoInfer<H>>[],
): Edit<N, H, Z> => {
  const told = radius.map(nameOf).join(', ') || 'no RADIUS server'
  return editService(`${gateway} asks ${told}`, gateway, 'vpn-gateway', (spec) => ({
    ...spec,
    radius,
  }))
}

// ── How they are made ────────────────────────────────────────────────────────────────────────────

const nameOf = ({ server, address }: RadiusServerSpec): string => server ?? address ?? '?'

const namesOf = (list: readonly { readonly name: string }[]): readonly string[] =>
  list.map(({ name }) => name)

function without<T extends { readonly name: string }>(
  list: readonly T[],
  name: string,
  what: string,
): T[] {
  mustFind(what, name, namesOf(list))
  return list.filter((element) => element.name !== name)
}

const replaced = <T extends { readonly name: string }>(
  list: readonly T[],
  name: string,
  change: Change<NoInfer<T>>,
): T[] => list.map((element) => (element.name === name ? merged<T>(element, change) : element))

function editServers<N extends string, H extends string, Z extends string>(
  name: string,
  gateway: string,
  {
    server,
    change,
  }: { readonly server: string | undefined; readonly change: Change<RadiusServerSpec> },
): Edit<N, H, Z> {
  return editService(name, gateway, 'vpn-gateway', (spec: VpnGatewaySpec) => {
    const radius = spec.radius ?? []
    if (server === undefined && radius.length !== 1) {
      throw new RangeError(`${gateway} has ${radius.length} RADIUS servers: name the one to change`)
    }
    const wanted = server ?? nameOf(radius[0]!)
    mustFind(`RADIUS server of ${gateway}`, wanted, radius.map(nameOf))
    return {
      ...spec,
      radius: radius.map((each) => (nameOf(each) === wanted ? merged(each, change) : each)),
    }
  })
}

const editNps = <N extends string, H extends string, Z extends string>(
  name: string,
  node: string,
  change: (spec: NpsSpec) => NpsSpec,
): Edit<N, H, Z> => editService(name, node, 'nps', change)

type ServiceOf<K extends ServiceSpec['service']> = Extract<ServiceSpec, { readonly service: K }>

/** Change the services of one kind on a node. Names inside it were checked by the compiler where the edit was written: here they are text. */
export const editService = <
  N extends string,
  H extends string,
  Z extends string,
  K extends ServiceSpec['service'],
>(
  name: string,
  node: string,
  kind: K,
  change: (spec: ServiceOf<K>) => ServiceOf<K>,
): Edit<N, H, Z> => edit(name, (topology) => inService(topology, node, { kind, change }))

function inService<T extends Topology, K extends ServiceSpec['service']>(
  topology: T,
  node: string,
  { kind, change }: { readonly kind: K; readonly change: (spec: ServiceOf<K>) => ServiceOf<K> },
): T {
  mustFind('node', node, Object.keys(topology.nodes))
  const spec = topology.nodes[node]!
  const services = spec.kind === 'switch' ? [] : (spec.services ?? [])
  const isOne = (service: ServiceSpec): service is ServiceOf<K> => service.service === kind
  if (!services.some(isOne)) throw new RangeError(`${node} has no service '${kind}'`)
  const changed = services.map((service) => (isOne(service) ? change(service) : service))
  return { ...topology, nodes: { ...topology.nodes, [node]: { ...spec, services: changed } } }
}
