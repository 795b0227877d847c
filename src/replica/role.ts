/**
 * Which program stands for a node of a topology, and which nodes a replica has: a client, and whoever is on its way. One image a role.
 * Not their configuration: `plan.ts` has it rendered.
 */
import { ipNodesOf, type IpNodeSpec } from '../lab/network.ts'
import type { ServiceSpec } from '../topology/services.ts'
import type { Topology } from '../topology/topology.ts'

/** A folder each in `docker`. */
export const ROLES = ['client', 'gateway', 'nps', 'dns', 'web', 'firewall', 'router'] as const
export type Role = (typeof ROLES)[number]

type ServiceName = ServiceSpec['service']

/** The services that the image of a role has a program for. */
const SERVICES: Readonly<Record<Role, readonly ServiceName[]>> = {
  client: [],
  gateway: ['vpn-gateway'],
  nps: ['nps'],
  dns: ['dns-server'],
  web: ['web-server'],
  firewall: [],
  router: ['dns-server'],
}

export const isServedBy = (role: Role, service: ServiceName): boolean =>
  SERVICES[role].includes(service)

/** The services that make a host what it is, the most telling first. */
const TELLING = [
  ['vpn-gateway', 'gateway'],
  ['nps', 'nps'],
  ['dns-server', 'dns'],
  ['web-server', 'web'],
] as const

/** Undefined: no program stands for anything that the node does. */
function roleOf(spec: IpNodeSpec): Role | undefined {
  if (spec.kind === 'firewall') return 'firewall'
  if (spec.kind === 'nat-router') return 'router'
  if (spec.profiles?.user !== undefined) return 'client'
  const has = (name: ServiceName): boolean =>
    spec.services?.some(({ service }) => service === name) === true
  const told = TELLING.find(([service]) => has(service))
  return told?.[1] ?? (spec.forwards === true ? 'router' : undefined)
}

export interface Cast {
  /** In the order of the topology. */
  readonly nodes: ReadonlyMap<string, Role>
  /** Who is left out, one line each. */
  readonly notRendered: readonly string[]
}

/**
 * The nodes of a replica with `client` in it: no other client, and no NAT router that nobody is left behind. RangeError: the client
 * is no host with a ProfileXML for its users.
 */
export function castOf(topology: Topology, client: string): Cast {
  const roles = new Map<string, Role>()
  const notRendered: string[] = []
  const specs = new Map(ipNodesOf(topology))
  const own = specs.get(client)
  if (own === undefined || roleOf(own) !== 'client') {
    throw new RangeError(`${client} has no ProfileXML for its users`)
  }
  for (const [name, spec] of specs) {
    const role = roleOf(spec)
    if (role === undefined) notRendered.push(`${name} is left out: no program stands for it`)
    else if (role !== 'client' || name === client) roles.set(name, role)
  }
  for (let lonely = lonelyRouter(specs, roles); lonely !== undefined;) {
    roles.delete(lonely)
    lonely = lonelyRouter(specs, roles)
  }
  return { nodes: roles, notRendered }
}

/** A NAT router with nobody else on the networks inside. */
function lonelyRouter(
  specs: ReadonlyMap<string, IpNodeSpec>,
  roles: ReadonlyMap<string, Role>,
): string | undefined {
  return [...roles.keys()].find((name) => {
    const spec = specs.get(name)
    if (spec?.kind !== 'nat-router') return false
    const inside = spec.interfaces.map((nic) => nic.network).filter((at) => at !== spec.nat.outside)
    return ![...roles.keys()].some(
      (other) =>
        other !== name && specs.get(other)!.interfaces.some((nic) => inside.includes(nic.network)),
    )
  })
}

/** The client that a replica has when nobody names one: the first host with a ProfileXML for users. */
export const firstClient = (topology: Topology): string | undefined =>
  ipNodesOf(topology).find(([, spec]) => roleOf(spec) === 'client')?.[0]
