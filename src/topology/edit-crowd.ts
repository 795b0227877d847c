/**
 * Many more clients like one that is there: each with a user of its own, behind NAT routers that a few share, as people work from home.
 * Not what a gateway needs to bear them: its pool, its ports and its servers stay as they are, which is what one wants to know of.
 */
import { formatIpv4, parseIpv4, type Ipv4 } from '../base/address.ts'
import { numberedSid } from './accounts.ts'
import { edit, mustFind, type Edit } from './edit.ts'
import type { HostSpec, NodeSpec } from './topology.ts'

export interface CrowdSpec {
  /** The host that they are like: its system, profiles and certificates of users. */
  readonly like: string
  /** 1 to 100,000. */
  readonly clients: number
  /** Clients behind one NAT router, 1 to 200; default 20. */
  readonly perSite?: number
  /** The host that forwards for the Internet: the sites' routers are joined to it. */
  readonly through: string
  /** The resolver that they ask. */
  readonly dns: string
  /** The group that each user is put in. */
  readonly group: string
}

/** Addresses for benchmarks (RFC 2544 appendix C.2.2), so that they are nobody's in the topology. */
const ACCESS = { network: 'crowdAccess', prefix: '198.18.0.0/15', router: '198.18.0.1' } as const
const FIRST_SITE = (parseIpv4(ACCESS.router)! + 1) as Ipv4
const LAN = { prefix: '192.168.1.0/24', router: '192.168.1.1', first: parseIpv4('192.168.1.10')! }
const PER_SITE_MAX = 200
const CLIENTS_MAX = 100_000

/** The `i`th client of a crowd, from 0. */
export const crowdClient = (i: number): string => `crowd${i + 1}`

/** Who works there. */
const crowdUser = (i: number): string => `crowdUser${i + 1}`

/** Throws RangeError for numbers out of range, and for names that the topology has not. */
export const withCrowd = <N extends string, H extends string, Z extends string>(
  crowd: CrowdSpec,
): Edit<N, H, Z> => {
  const { clients, perSite = 20, like, through, group } = crowd
  requireWithin('clients', clients, CLIENTS_MAX)
  requireWithin('clients at one site', perSite, PER_SITE_MAX)
  return edit(`${clients} clients like ${like} come by ${through}`, (topology) => {
    const names = Object.keys(topology.nodes)
    mustFind('node', like, names)
    mustFind('node', through, names)
    const pattern = topology.nodes[like as H] as NodeSpec
    const internet = topology.nodes[through as H] as NodeSpec
    if (pattern.kind !== 'host') throw new RangeError(`${like} is a ${pattern.kind}, not a client`)
    if (internet.kind === 'switch')
      throw new RangeError(`${through} is a switch: it routes nothing`)
    const { directory } = topology
    if (directory === undefined) throw new RangeError('without a directory nobody has an account')
    const { domain } = directory
    const sites = Math.ceil(clients / perSite)
    const everybody = Array.from({ length: clients }, (_, i) => crowdUser(i))
    const join = { network: ACCESS.network, address: ACCESS.router }
    return {
      ...topology,
      networks: {
        ...topology.networks,
        [ACCESS.network]: { prefix: ACCESS.prefix },
        ...keyed(sites, (i) => [siteNetwork(i), { prefix: LAN.prefix }]),
      },
      directory: {
        ...directory,
        users: {
          ...directory.users,
          ...keyed(clients, (i) => [crowdUser(i), { sid: numberedSid(domain, 2 * i) }]),
        },
        computers: {
          ...directory.computers,
          ...keyed(clients, (i) => [crowdClient(i), { sid: numberedSid(domain, 2 * i + 1) }]),
        },
        groups: {
          ...directory.groups,
          [group]: [...(directory.groups?.[group] ?? []), ...everybody],
        },
      },
      nodes: {
        ...topology.nodes,
        [through]: { ...internet, interfaces: [...internet.interfaces, join] },
        ...keyed(sites, (i) => [`crowdRouter${i + 1}`, siteRouter(i)]),
        ...keyed(clients, (i) => [
          crowdClient(i),
          clientLike(pattern, crowd, {
            client: i,
            site: Math.floor(i / perSite),
            seat: i % perSite,
          }),
        ]),
      },
    }
  })
}

function requireWithin(what: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return
  throw new RangeError(`${what}: a whole number from 1 to ${max}, not ${value}`)
}

const keyed = <T>(count: number, each: (i: number) => readonly [string, T]): Record<string, T> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => each(i)))

const siteNetwork = (site: number): string => `crowdSite${site + 1}`

function siteRouter(site: number): NodeSpec {
  const outside = formatIpv4((FIRST_SITE + site) as Ipv4)
  return {
    kind: 'nat-router',
    interfaces: [
      { network: siteNetwork(site), address: LAN.router },
      { network: ACCESS.network, address: outside, gateway: ACCESS.router },
    ],
    nat: {
      outside: ACCESS.network,
      mapping: 'endpoint-independent',
      filtering: 'address-and-port-dependent',
    },
  }
}

function clientLike(
  { roams: _roams, users: _users, ...pattern }: HostSpec,
  { dns }: CrowdSpec,
  { client, site, seat }: { readonly client: number; readonly site: number; readonly seat: number },
): NodeSpec {
  const address = formatIpv4((LAN.first + seat) as Ipv4)
  const { user } = pattern.profiles ?? {}
  return {
    ...pattern,
    interfaces: [{ network: siteNetwork(site), address, gateway: LAN.router, dns: [dns] }],
    users: [crowdUser(client)],
    ...(user !== undefined && { profiles: { user } }),
  }
}
