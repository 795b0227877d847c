/**
 * Who judges whose certificate, and as which Windows relying party: read off the topology and the profiles on its clients.
 * Not a judgement: `LabNode.judge` makes one. What a client would dial is its profile's first server.
 */
import type { CertificateSpec } from '../topology/pki.ts'
import type { VpnGatewaySpec } from '../topology/services.ts'
import { PROFILES } from '../windows/relying-parties.ts'
import type { Compiled } from './compile.ts'
import type { IpNodeSpec } from './network.ts'
import { ipNodesOf } from './network.ts'

/** Windows programs that judge certificates in an Always On VPN deployment. */
export type RelationProfile =
  | 'ike-client'
  | 'sstp-client'
  | 'peap-client'
  | 'nps-user'
  | 'gateway-device'

export interface Relation {
  readonly as: RelationProfile
  /** The node that judges. */
  readonly on: string
  /** Whose certificate: `gateway:ike`. */
  readonly of: string
  /** The name that was dialled, where one is. */
  readonly name?: string
  /** The client that stays without its tunnel when the certificate is refused. */
  readonly client: string
}

type Deployment = Pick<Compiled, 'topology' | 'profiles'>

interface Client {
  readonly node: string
  readonly spec: IpNodeSpec
  readonly hasUserTunnel: boolean
  /** The first server of each of its profiles, each once. */
  readonly dials: readonly string[]
}

interface Server {
  readonly node: string
  readonly spec: IpNodeSpec
  /** Absent: it has none to show. */
  readonly certificate?: CertificateSpec
}

interface Gateway extends Server {
  readonly service: VpnGatewaySpec
}

/** Every relation of the topology: servers' certificates first, then clients'. In topology order. */
export function relationsOf(deployment: Deployment): readonly Relation[] {
  const clients = clientsOf(deployment)
  const gateways = gatewaysOf(deployment)
  const radiusServers = radiusServersOf(deployment, gateways)
  return [
    ...clients.flatMap((client) => dialled(client, gateways)),
    ...clients.flatMap((client) =>
      client.hasUserTunnel ? radiusServers.flatMap((server) => peap(client, server)) : [],
    ),
    ...clients.flatMap((client) => presented(client, gateways, radiusServers)),
  ].filter(({ as }) => Object.hasOwn(PROFILES, as))
}

/**
 * What a certificate of the topology is for: a gateway and an NPS show theirs as servers, everybody else theirs as clients, unless
 * what stands in it says otherwise.
 */
export function purposeOf(deployment: Deployment, of: string): 'serverAuth' | 'clientAuth' {
  const [node = '', name] = of.split(':')
  const gateways = gatewaysOf(deployment)
  const servers = [...gateways, ...radiusServersOf(deployment, gateways)]
  const server = servers.find((each) => each.node === node)
  if (server !== undefined && (name === undefined || server.certificate?.name === name))
    return 'serverAuth'
  const spec = ipNodesOf(deployment.topology).find(([key]) => key === node)?.[1]
  const held = spec?.certificates ?? []
  const certificate = held.find((each) => each.name === name) ?? held[0]
  const { eku = [], upn = [] } = certificate ?? {}
  if (eku.includes('serverAuth')) return 'serverAuth'
  return eku.includes('clientAuth') || upn.length > 0 ? 'clientAuth' : 'serverAuth'
}

const clientsOf = ({ topology, profiles }: Deployment): readonly Client[] =>
  ipNodesOf(topology).flatMap(([node, spec]) => {
    const installed = profiles.get(node)
    if (installed === undefined) return []
    const { user, device } = installed
    const dials = [user, device].flatMap(
      (profile) => profile?.nativeProfile?.servers[0]?.value ?? [],
    )
    const client = { node, spec, hasUserTunnel: user !== undefined, dials: [...new Set(dials)] }
    return user === undefined && device === undefined ? [] : [client]
  })

const gatewaysOf = ({ topology }: Deployment): readonly Gateway[] =>
  ipNodesOf(topology).flatMap(([node, spec]) => {
    const service = spec.services?.find((each) => each.service === 'vpn-gateway')
    if (service === undefined) return []
    return [{ node, spec, service, ...shown(spec, service.certificate) }]
  })

/** Those that a gateway asks. */
function radiusServersOf(
  { topology }: Deployment,
  gateways: readonly Gateway[],
): readonly Server[] {
  const asked = new Set(gateways.flatMap(({ service }) => service.radius ?? []))
  return ipNodesOf(topology)
    .filter(([node]) => asked.has(node))
    .map(([node, spec]) => ({ node, spec, ...shown(spec) }))
}

/** The certificate that a service shows: the one that it names, or else the first of its host. */
function shown(spec: IpNodeSpec, name?: string): { readonly certificate?: CertificateSpec } {
  const held = spec.certificates ?? []
  const certificate = name === undefined ? held[0] : held.find((each) => each.name === name)
  return certificate === undefined ? {} : { certificate }
}

const keyOf = (node: string, { name }: CertificateSpec): string => `${node}:${name}`

/** What a client asks of the gateways behind the names that it dials: IKEv2, and SSTP where a gateway listens for it. */
function dialled(client: Client, gateways: readonly Gateway[]): readonly Relation[] {
  return gateways.flatMap((gateway) => {
    const { node, certificate, service } = gateway
    if (certificate === undefined) return []
    const programs: readonly RelationProfile[] =
      service.sstp === true ? ['ike-client', 'sstp-client'] : ['ike-client']
    return programs.flatMap((as) =>
      client.dials
        .filter((name) => isAt(name, gateway, gateways))
        .map((name) => ({
          as,
          on: client.node,
          of: keyOf(node, certificate),
          name,
          client: client.node,
        })),
    )
  })
}

/** Where several gateways share the load under names of their own, a name leads to those that are certified for it. */
function isAt(name: string, gateway: Gateway, gateways: readonly Gateway[]): boolean {
  const wanted = name.toLowerCase()
  const isFor = ({ certificate }: Gateway): boolean =>
    certificate?.dns?.some((dns) => dns.toLowerCase() === wanted) === true
  return isFor(gateway) || !gateways.some(isFor)
}

const peap = (client: Client, { node, certificate }: Server): readonly Relation[] =>
  certificate === undefined
    ? []
    : [{ as: 'peap-client', on: client.node, of: keyOf(node, certificate), client: client.node }]

/** What a client shows of itself: a user's certificate to NPS, a computer's to the gateway. */
function presented(
  client: Client,
  gateways: readonly Gateway[],
  radiusServers: readonly Server[],
): readonly Relation[] {
  return (client.spec.certificates ?? []).flatMap((certificate): readonly Relation[] => {
    const of = keyOf(client.node, certificate)
    const isUsers = (certificate.upn?.length ?? 0) > 0
    if (isUsers) {
      return radiusServers.map(({ node }) => ({
        as: 'nps-user',
        on: node,
        of,
        client: client.node,
      }))
    }
    const isDevices = (certificate.dns?.length ?? 0) > 0
    if (!isDevices) return []
    return gateways.map(({ node }) => ({
      as: 'gateway-device',
      on: node,
      of,
      client: client.node,
    }))
  })
}
