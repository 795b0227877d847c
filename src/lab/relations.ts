/**
 * Who judges whose certificate, and as which Windows relying party: read off the topology and the profiles on its clients.
 * Not a judgement: `LabNode.judge` makes one. What a client would dial is its profile's first server.
 */
import type { Certificate } from '../pki/certificate/certificate.ts'
import { isNamed } from '../pki/profile/host-name.ts'
import { EKU_OIDS } from '../pki/encoding/oids.ts'
import type { VpnGatewaySpec } from '../topology/services.ts'
import type { ProfileName } from '../windows/relying-parties.ts'
import type { Compiled } from './compile.ts'
import { serviceOf } from './inventory.ts'
import { ipNodesOf } from './network.ts'
import { selectOn } from './selection.ts'

/** Windows programs that judge certificates in an Always On VPN compiled. */
export type RelationProfile = Exclude<ProfileName, 'strict'>

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

interface NamedCertificate {
  readonly name: string
  readonly certificate: Certificate
}

interface Client {
  readonly node: string
  readonly certificates: readonly NamedCertificate[]
  readonly hasUserTunnel: boolean
  /** The first server of each of its profiles, each once. */
  readonly dials: readonly string[]
}

interface Server {
  readonly node: string
  /** What it shows; absent: it has nothing to show. */
  readonly shown?: NamedCertificate
}

interface Gateway extends Server {
  readonly service: VpnGatewaySpec
}

/** Every relation of the topology: servers' certificates first, then clients'. In topology order. */
export function relationsOf(compiled: Compiled): readonly Relation[] {
  const clients = clientsOf(compiled)
  const gateways = gatewaysOf(compiled)
  const radiusServers = radiusServersOf(compiled, gateways)
  return [
    ...clients.flatMap((client) => dialled(client, gateways)),
    ...clients.flatMap((client) =>
      client.hasUserTunnel ? radiusServers.flatMap((server) => peap(client, server)) : [],
    ),
    ...clients.flatMap((client) => presented(client, gateways, radiusServers)),
  ]
}

/**
 * What a certificate of the topology is for: a gateway and an NPS show theirs as servers, everybody else theirs as clients, unless
 * what stands in it says otherwise.
 */
export function purposeOf(compiled: Compiled, of: string): 'serverAuth' | 'clientAuth' {
  const [node = '', name] = of.split(':')
  const gateways = gatewaysOf(compiled)
  const servers = [...gateways, ...radiusServersOf(compiled, gateways)]
  const isShown = servers.some(
    (each) => each.node === node && (name === undefined || each.shown?.name === name),
  )
  if (isShown) return 'serverAuth'
  const held = certificatesOf(compiled, node)
  const certificate = (held.find((each) => each.name === name) ?? held[0])?.certificate
  const { extKeyUsage = [] } = certificate ?? {}
  if (extKeyUsage.includes(EKU_OIDS.serverAuth)) return 'serverAuth'
  const isClients = certificate !== undefined && hasName(certificate, 'upn')
  return isClients || extKeyUsage.includes(EKU_OIDS.clientAuth) ? 'clientAuth' : 'serverAuth'
}

/** What a node has, or had when it was first issued to it. */
const certificatesOf = ({ pki }: Compiled, node: string): readonly NamedCertificate[] =>
  pki.certificateNames(node).flatMap((name) => {
    const held = pki.certificate(node, name)
    return held === undefined ? [] : [{ name, certificate: held.certificate }]
  })

const hasName = ({ subjectAltName = [] }: Certificate, kind: 'upn' | 'dns'): boolean =>
  subjectAltName.some((name) => name.kind === kind)

function clientsOf(compiled: Compiled): readonly Client[] {
  return [...compiled.profiles].flatMap(([node, { user, device }]) => {
    if (user === undefined && device === undefined) return []
    const dials = [user, device].flatMap(
      (profile) => profile?.nativeProfile?.servers[0]?.value ?? [],
    )
    return [
      {
        node,
        certificates: certificatesOf(compiled, node),
        hasUserTunnel: user !== undefined,
        dials: [...new Set(dials)],
      },
    ]
  })
}

const gatewaysOf = (compiled: Compiled): readonly Gateway[] =>
  ipNodesOf(compiled.topology).flatMap(([node, { services = [] }]) =>
    services.flatMap((service) =>
      service.service === 'vpn-gateway'
        ? [
            {
              node,
              service,
              ...shown(compiled, node, service.certificate ?? selected(compiled, node)),
            },
          ]
        : [],
    ),
  )

/** Those that a gateway asks. */
function radiusServersOf(compiled: Compiled, gateways: readonly Gateway[]): readonly Server[] {
  const asked = new Set(
    gateways.flatMap(({ service }) => (service.radius ?? []).flatMap(({ server }) => server ?? [])),
  )
  return ipNodesOf(compiled.topology)
    .filter(([node]) => asked.has(node))
    .map(([node]) => ({
      node,
      ...shown(compiled, node, serviceOf(compiled.topology, node, 'nps')?.certificate),
    }))
}

/** What Windows takes for IKEv2 where nothing is bound. */
const selected = (compiled: Compiled, node: string): string | undefined =>
  selectOn({ node, use: 'ike', compiled, at: compiled.start }).selected

/** The certificate that a service shows: the one that it names, or else the first of its host. */
function shown(
  compiled: Compiled,
  node: string,
  name?: string,
): { readonly shown?: NamedCertificate } {
  const held = certificatesOf(compiled, node)
  const found = name === undefined ? held[0] : held.find((each) => each.name === name)
  return found === undefined ? {} : { shown: found }
}

const keyOf = (node: string, { name }: NamedCertificate): string => `${node}:${name}`

/** What a client asks of the gateways behind the names that it dials: IKEv2, and SSTP where a gateway listens for it. */
function dialled(client: Client, gateways: readonly Gateway[]): readonly Relation[] {
  return gateways.flatMap((gateway) => {
    const { node, shown: certificate, service } = gateway
    if (certificate === undefined) return []
    const of = keyOf(node, certificate)
    const programs: readonly RelationProfile[] =
      service.sstp === true ? ['ike-client', 'sstp-client'] : ['ike-client']
    return programs.flatMap((as) =>
      client.dials
        .filter((name) => isAt(name, gateway, gateways))
        .map((name) => ({ as, on: client.node, of, name, client: client.node })),
    )
  })
}

/** Where several gateways share the load under names of their own, a name leads to those that are certified for it. */
function isAt(name: string, gateway: Gateway, gateways: readonly Gateway[]): boolean {
  const isFor = ({ shown: certificate }: Gateway): boolean =>
    certificate !== undefined && isNamed(certificate.certificate, name, { commonName: 'always' })
  return isFor(gateway) || !gateways.some(isFor)
}

const peap = (client: Client, { node, shown: certificate }: Server): readonly Relation[] =>
  certificate === undefined
    ? []
    : [{ as: 'peap-client', on: client.node, of: keyOf(node, certificate), client: client.node }]

/** What a client shows of itself: a user's certificate to NPS, a computer's to the gateway. */
const presented = (
  client: Client,
  gateways: readonly Gateway[],
  radiusServers: readonly Server[],
): readonly Relation[] =>
  client.certificates.flatMap((held): readonly Relation[] => {
    const base = { of: keyOf(client.node, held), client: client.node }
    if (hasName(held.certificate, 'upn')) {
      return radiusServers.map(({ node }) => ({ ...base, as: 'nps-user', on: node }))
    }
    // A computer stands under its DNS name.
    return hasName(held.certificate, 'dns')
      ? gateways.map(({ node }) => ({ ...base, as: 'gateway-device', on: node }))
      : []
  })
