/**
 * A topology as a replica: which containers there are, on which networks, with which files. Those that hold a secret, or change with the day, are
 * apart from the configuration, which `docker` holds for Contoso. Not the containers themselves: `start.ts` has an engine make them.
 */
import { utf8 } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Instant } from '../base/time.ts'
import { compileTopology, type Compiled } from '../lab/compile.ts'
import { heededFirewall } from '../lab/host-firewall.ts'
import { ipNodeOf } from '../lab/inventory.ts'
import type { LabProblem } from '../lab/lab.ts'
import type { IpNodeSpec } from '../lab/network.ts'
import type { FilterSpec } from '../topology/firewall.ts'
import type { RadiusServerSpec } from '../topology/nps.ts'
import type { DnsServerSpec, ServiceSpec, VpnGatewaySpec } from '../topology/services.ts'
import type { Topology } from '../topology/topology.ts'
import { renderFreeRadius } from './render/freeradius.ts'
import {
  deviceOn,
  interfacesFile,
  Leases,
  linksNotRendered,
  plugged,
  resolverFile,
  type PluggedInterface,
} from './render/interfaces.ts'
import { renderNamed, type RenderedFile } from './render/named.ts'
import { natRouterFilter } from './render/nat-router.ts'
import { renderNftables, renderSysctls } from './render/nftables.ts'
import { renderNginx } from './render/nginx.ts'
import { renderStrongSwanClient, renderStrongSwanGateway } from './render/strongswan.ts'
import type { EapRadiusServer } from './render/strongswan/daemon.ts'
import { castOf, firstClient, isServedBy, type Role } from './role.ts'
import { signInPlan, withoutPeap, type SignInPlan } from './sign-in-plan.ts'

export interface ReplicaFile {
  /** Relative to the node's folder. */
  readonly name: string
  readonly bytes: Uint8Array
  /** Never in an image, and never in a folder that is kept: a secret, or what changes with the day. */
  readonly isMadeAtStart?: true
}

export interface ReplicaNode {
  readonly name: string
  readonly role: Role
  readonly interfaces: readonly PluggedInterface[]
  /** What Linux must be told before anything starts. */
  readonly sysctls: Readonly<Record<string, string>>
  readonly files: readonly ReplicaFile[]
}

export interface ReplicaPlan {
  /** Name of the topology. */
  readonly name: string
  readonly networks: readonly string[]
  /** In the order of the topology. */
  readonly nodes: readonly ReplicaNode[]
  readonly client: SignInPlan & { readonly node: string }
  /** What the topology says and no program here can be told, one line each. */
  readonly notRendered: readonly string[]
}

export interface ReplicaOptions {
  /** Who signs in; default the first host with a ProfileXML for users. */
  readonly client?: string | undefined
  /** As of when certificates, lists and accounts are; default the topology's start. */
  readonly at?: Instant
}

/** What stands in the way: what is wrong with the topology, each with its place. */
type Planned = Result<ReplicaPlan, readonly LabProblem[]>

/** The folder of a node in its container. */
export const folderOf = (node: string): string => `/etc/sallyport/${node}`

export function planReplica(written: Topology, options: ReplicaOptions = {}): Planned {
  const { topology, changed } = withoutPeap(written)
  const result = compileTopology(topology)
  if (!result.ok) return result
  const compiled = result.value
  const at = options.at ?? compiled.start
  const client = options.client ?? firstClient(topology)
  if (client === undefined) return refuse('no host has a ProfileXML for its users')
  try {
    const signIn = signInPlan(compiled, client, at)
    if (!signIn.ok) return refuse(signIn.error)
    const cast = castOf(topology, client)
    const names = [...cast.nodes.keys()]
    const leases = new Leases(topology, new Set(names))
    const rendered = [...cast.nodes].map(([name, role]) => {
      const spec = ipNodeOf(topology, name)!
      const interfaces = plugged(topology, name, spec, leases)
      return renderNode({ compiled, at, name, role, spec, interfaces, signIn: signIn.value })
    })
    const nodes = rendered.map(({ node }) => node)
    const used = new Set(nodes.flatMap((node) => node.interfaces.map(({ network }) => network)))
    const networks = Object.keys(topology.networks).filter((network) => used.has(network))
    return ok({
      name: topology.name,
      networks,
      nodes,
      client: { ...signIn.value, node: client },
      notRendered: [
        ...changed,
        ...cast.notRendered,
        ...linksNotRendered(topology, networks),
        ...rendered.flatMap(({ node, notRendered }) =>
          notRendered.map((line) => `${node.name}: ${line}`),
        ),
      ],
    })
  } catch (thrown) {
    // So renderers say that a topology holds what they cannot write.
    if (thrown instanceof RangeError) return refuse(thrown.message)
    throw thrown
  }
}

const refuse = (message: string): Planned => err([{ message }])

interface NodeToRender {
  readonly compiled: Compiled
  readonly at: Instant
  readonly name: string
  readonly role: Role
  readonly spec: IpNodeSpec
  readonly interfaces: readonly PluggedInterface[]
  readonly signIn: SignInPlan
}

interface RenderedNode {
  readonly node: ReplicaNode
  readonly notRendered: readonly string[]
}

/** What one program, or the kernel, is told. */
interface Part {
  readonly files: readonly RenderedFile[]
  readonly others?: readonly ReplicaFile[]
  readonly notRendered: readonly string[]
}

function renderNode(of: NodeToRender): RenderedNode {
  const { name, role, spec, interfaces } = of
  const filter = filterPart(of)
  const sysctls = { ...kernelSettings(spec, role), ...settingsIn(filter.sysctls) }
  const settings = Object.entries(sysctls).map(([key, value]) => `${key} = ${value}\n`)
  const resolver = resolverFile(interfaces)
  const parts: readonly Part[] = [filter, ...programParts(of)]
  const own: readonly RenderedFile[] = [
    { name: 'interfaces', text: interfacesFile(interfaces, spec.routes) },
    { name: 'sysctl.conf', text: settings.join('') },
    ...(resolver === undefined ? [] : [{ name: 'resolv.conf', text: resolver }]),
  ]
  const files = [...own, ...parts.flatMap((part) => part.files)]
  return {
    node: {
      name,
      role,
      interfaces,
      sysctls,
      files: [
        ...files.map(({ text, ...rest }) => ({ ...rest, bytes: utf8(text) })),
        ...parts.flatMap(({ others = [] }) => others),
      ],
    },
    notRendered: [
      ...parts.flatMap((part) => part.notRendered),
      ...unplugged(interfaces),
      ...(spec.services ?? [])
        .filter(({ service }) => !isServedBy(role, service))
        .map(({ service }) => `nothing stands for its service ${service}`),
    ],
  }
}

const unplugged = (interfaces: readonly PluggedInterface[]): readonly string[] =>
  interfaces
    .filter(({ addresses }) => addresses.length === 0)
    .map(({ network }) => `no address on ${network}: nobody serves any there`)

/** As the twin's hosts are: they route when told so, and take a packet by whichever interface it comes. */
function kernelSettings(spec: IpNodeSpec, role: Role): Readonly<Record<string, string>> {
  const forwards = spec.kind !== 'host' || spec.forwards === true || role === 'gateway'
  return {
    'net.ipv4.ip_forward': forwards ? '1' : '0',
    ...Object.fromEntries(
      ['all', 'default'].flatMap((which) =>
        ['rp_filter', 'send_redirects', 'accept_redirects'].map((each) => [
          `net.ipv4.conf.${which}.${each}`,
          '0',
        ]),
      ),
    ),
    // A gateway answers for clients whose addresses are those of the network behind it.
    ...(role === 'gateway' && { 'net.ipv4.conf.all.proxy_arp': '1' }),
  }
}

/** `key = value` lines, as `sysctl -p` takes them. */
const settingsIn = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const [key, value] = line.split(' = ')
      return key === undefined || value === undefined ? [] : [[key, value]]
    }),
  )

function filterPart({ spec, role }: NodeToRender): Part & { readonly sysctls: string } {
  const networks = spec.interfaces.map(({ network }) => network)
  const nat = spec.kind === 'nat-router' ? natRouterFilter(spec.nat, networks) : undefined
  const filter: FilterSpec | undefined =
    nat?.filter ??
    (spec.kind === 'firewall'
      ? spec.filter
      : spec.kind === 'host'
        ? heededFirewall(spec)
        : undefined)
  const notRendered = nat?.notRendered ?? []
  if (filter === undefined) return { files: [], notRendered, sysctls: '' }
  const text = renderNftables(filter, {
    defaultHook: role === 'firewall' || role === 'router' ? 'forward' : 'input',
    interfaceOf: deviceOn(spec.interfaces),
  })
  return {
    files: [{ name: 'nftables.conf', text }],
    notRendered,
    sysctls: renderSysctls(filter),
  }
}

function programParts(of: NodeToRender): readonly Part[] {
  const { role, spec } = of
  if (role === 'client') return [clientPart(of)]
  const services = (spec.services ?? []).filter(({ service }) => isServedBy(role, service))
  const first = (kind: ServiceSpec['service'], at: number): boolean =>
    services.findIndex(({ service }) => service === kind) === at
  // nginx serves all web servers of a node at once.
  return services
    .filter(({ service }, at) => first(service, at))
    .map((service) => servicePart(service, of))
}

function servicePart(service: ServiceSpec, of: NodeToRender): Part {
  const { compiled, at, name } = of
  const common = { compiled, node: name, directory: folderOf(name), at }
  switch (service.service) {
    case 'vpn-gateway':
      return gatewayPart(service, of)
    case 'nps':
      return renderFreeRadius({ ...common, listen: { address: '*' } })
    case 'dns-server':
      return dnsPart(service, of)
    case 'web-server': {
      const { files, published, notRendered } = renderNginx(common)
      const others = published.map((each) => ({ ...each, isMadeAtStart: true as const }))
      return { files, others, notRendered }
    }
    case 'dhcp-relay':
    case 'dhcp-server':
    case 'domain-controller':
    case 'listener':
      return { files: [], notRendered: [] }
  }
}

const clientPart = ({ compiled, at, name, signIn }: NodeToRender): Part =>
  renderStrongSwanClient({
    compiled,
    node: name,
    directory: folderOf(name),
    at,
    proof: signIn.proof,
    gateway: { address: signIn.gateway, name: signIn.gateway },
  })

/** `any`: a server with several addresses answers by the one that was asked. */
const dnsPart = (spec: DnsServerSpec, { compiled, name }: NodeToRender): Part =>
  renderNamed({
    spec,
    zones: compiled.topology.zones,
    listen: { address: 'any', port: 53 },
    directory: folderOf(name),
  })

function gatewayPart(spec: VpnGatewaySpec, of: NodeToRender): Part {
  const { compiled, at, name, interfaces } = of
  if (spec.isRunning === false) return { files: [], notRendered: ['RemoteAccess does not run'] }
  return renderStrongSwanGateway({
    compiled,
    node: name,
    directory: folderOf(name),
    at,
    address: '%any',
    radius: (spec.radius ?? []).flatMap(
      (server) => radiusServer(compiled.topology, server, interfaces) ?? [],
    ),
  })
}

/** A server that is a node is asked on a network that both are on, or else at its first address. */
function radiusServer(
  topology: Topology,
  { server, address: written, secret, port, accountingPort }: RadiusServerSpec,
  own: readonly PluggedInterface[],
): EapRadiusServer | undefined {
  const nics = server === undefined ? [] : (ipNodeOf(topology, server)?.interfaces ?? [])
  const near = nics.find(({ network }) => own.some((each) => each.network === network))
  const address = written ?? (near ?? nics[0])?.address.split('/')[0]
  if (address === undefined) return undefined
  return {
    address,
    secret,
    ...(port !== undefined && { authenticationPort: port }),
    ...(accountingPort !== undefined && { accountingPort }),
  }
}
