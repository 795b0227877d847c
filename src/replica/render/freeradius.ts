/**
 * The NPS of a topology as the files that FreeRADIUS 3.2 loads: clients, policies, accounts, EAP methods, certificates and lists.
 * Not a launcher: whoever writes the files starts `freeradius -f -l stdout -d FOLDER`. What FreeRADIUS cannot say is returned as lines for people.
 */
import { seconds, type Instant } from '../../base/time.ts'
import type { Compiled } from '../../lab/compile.ts'
import type { NpsSpec, RadiusClientSpec, RadiusServerSpec } from '../../topology/nps.ts'
import type { HostSpec, NodeSpec } from '../../topology/topology.ts'
import { accountsFile, logonHours, namesFile } from './freeradius/accounts.ts'
import { identityFiles, ntAuthKeyIds, trustFile } from './freeradius/certificates.ts'
import {
  eapModules,
  type MethodSet,
  type MethodSettings,
  type TlsVersions,
} from './freeradius/methods.ts'
import { notRenderedOf } from './freeradius/not-rendered.ts'
import { placePolicies } from './freeradius/policies.ts'
import { policySection, servers, type Site } from './freeradius/site.ts'
import { block, isWritable, remark, value, type Lines } from './freeradius/text.ts'
import type { RenderedFile } from './named.ts'

export interface FreeRadiusServer {
  readonly compiled: Compiled
  /** The node that has the service `nps`. */
  readonly node: string
  readonly listen: {
    readonly address: string
    /** Default: those of the service. */
    readonly authenticationPorts?: readonly number[]
    readonly accountingPorts?: readonly number[]
  }
  /** Absolute path of the folder that will hold the files. */
  readonly directory: string
  /** The real address of a RADIUS client's address or range in the topology; default the same. */
  readonly realAddress?: (address: string) => string
  /** As of when accounts, certificates and lists are; default the topology's start. */
  readonly at?: Instant
  /** Default TLS 1.2 up to what the service speaks, with OpenSSL's own cipher suites. */
  readonly tls?: TlsVersions
}

export interface FreeRadiusFiles {
  /**
   * `radiusd.conf` first. Shared secrets are in `clients.conf` and `proxy.conf`, passwords in `accounts`, private keys in `*.key`, and
   * nowhere else.
   */
  readonly files: readonly RenderedFile[]
  /** What this server does and FreeRADIUS cannot be told, one line each. */
  readonly notRendered: readonly string[]
}

const AUTHENTICATION_PORTS = [1812, 1645]
const ACCOUNTING_PORTS = [1813, 1646]
const EAP_TIMEOUT = seconds(30)
const TRUSTED = 'trusted.pem'

/** Render the NPS of a node. RangeError: the node has none, or the topology has no directory. */
export function renderFreeRadius(server: FreeRadiusServer): FreeRadiusFiles {
  const { compiled, node, directory, listen } = server
  const { topology, start, directory: domain } = compiled
  const at = server.at ?? start
  const host = topology.nodes[node]
  const spec = host === undefined || host.kind === 'switch' ? undefined : npsOf(host)
  if (spec === undefined || topology.directory === undefined || domain === undefined) {
    throw new RangeError(`${node} has no NPS in a domain that could be rendered`)
  }
  const request = placePolicies('request', spec.connectionRequestPolicies ?? [])
  const network = placePolicies('network', spec.networkPolicies ?? [])
  const sets = methodSets(request.placed, network.placed)
  const identities = identitiesOf(server, spec, sets, at)
  const settings: MethodSettings = {
    directory,
    tls: server.tls ?? { minimum: '1.2', maximum: spec.tlsMaximum ?? '1.2' },
    identities: new Map(identities.map(({ name, file }) => [name, file])),
    certificate: spec.certificate,
    trusted: TRUSTED,
    eapTimeout: spec.eapTimeout ?? EAP_TIMEOUT,
    revocation: {
      tls: (host as HostSpec).revocation?.nps?.eapTls ?? {},
      peap: (host as HostSpec).revocation?.nps?.peap ?? {},
    },
  }
  const site: Site = {
    spec,
    order: { request: request.order, network: network.order },
    requestPolicies: request.placed,
    networkPolicies: network.placed,
    sets,
    settings,
    ntAuthKeyIds: ntAuthKeyIds(compiled, at),
    logonHours: logonHours(domain, topology.directory),
    listen: {
      address: listen.address,
      authenticationPorts:
        listen.authenticationPorts ?? spec.authenticationPorts ?? AUTHENTICATION_PORTS,
      accountingPorts: listen.accountingPorts ?? spec.accountingPorts ?? ACCOUNTING_PORTS,
    },
  }
  return {
    files: [
      file('radiusd.conf', mainFile(directory, spec)),
      file('dictionary', DICTIONARY),
      fresh(file('clients.conf', clients(spec, server.realAddress))),
      ...(spec.remoteGroups === undefined
        ? []
        : [fresh(file('proxy.conf', proxies(spec, compiled)))]),
      file('modules.conf', modules(site)),
      file('policy.conf', policySection(site)),
      file('site.conf', servers(site)),
      { name: 'names', text: namesFile(domain) },
      fresh({ name: 'accounts', text: accountsFile(domain, topology.directory, start) }),
      trustFile(compiled, node, at, TRUSTED),
      ...identities.flatMap(({ files }) => files),
    ],
    notRendered: [
      ...request.notRendered,
      ...network.notRendered,
      ...notRenderedOf(compiled, host as HostSpec, spec),
    ],
  }
}

const file = (name: string, lines: Lines): RenderedFile => ({
  name,
  text: `${lines.join('\n')}\n`,
})

const fresh = (rendered: RenderedFile): RenderedFile => ({ ...rendered, isMadeAtStart: true })

const npsOf = (host: Exclude<NodeSpec, { readonly kind: 'switch' }>): NpsSpec | undefined =>
  host.services?.find((service): service is NpsSpec => service.service === 'nps')

function methodSets(
  request: Site['requestPolicies'],
  network: Site['networkPolicies'],
): readonly MethodSet[] {
  return [
    ...request.flatMap(({ id, spec }) =>
      spec.authentication === undefined || (spec.provider ?? 'local') !== 'local'
        ? []
        : [{ id, policy: spec.name, methods: spec.authentication, asksLate: true }],
    ),
    ...network.map(({ id, spec }) => ({
      id,
      policy: spec.name,
      methods: spec.constraints?.authentication ?? {},
      framedMtu: spec.framedMtu,
      allowedCertificateOids: spec.allowedCertificateOids,
      asksLate: false,
    })),
  ]
}

/** The certificates that some EAP type shows. */
function identitiesOf(
  { compiled, node }: FreeRadiusServer,
  spec: NpsSpec,
  sets: readonly MethodSet[],
  at: Instant,
) {
  const named = sets.flatMap(({ methods }) =>
    (methods.eap ?? []).flatMap((type) =>
      type.type === 'mschapv2' ? [] : [type.certificate ?? spec.certificate],
    ),
  )
  const names = [...new Set(named)].filter((name) => name !== undefined)
  return names.flatMap((name, place) => {
    const file = `server-${place + 1}`
    const files = identityFiles(compiled, { node, name, at }, file)
    return files === undefined ? [] : [{ name, file, files }]
  })
}

const mainFile = (directory: string, spec: NpsSpec): Lines => [
  'prefix = /usr',
  `raddbdir = ${value(directory)}`,
  `logdir = ${value(directory)}`,
  `run_dir = ${value(directory)}`,
  'libdir = /usr/lib/freeradius',
  'correct_escapes = true',
  'max_request_time = 30',
  'cleanup_delay = 5',
  'max_requests = 65536',
  'hostname_lookups = no',
  ...block('log', 'destination = stdout', 'auth = no'),
  ...block('security', 'max_attributes = 200', 'reject_delay = 0', 'status_server = yes'),
  ...block(
    'thread pool',
    'start_servers = 2',
    'max_servers = 8',
    'min_spare_servers = 2',
    'max_spare_servers = 8',
    'max_requests_per_server = 0',
  ),
  `proxy_requests = ${spec.remoteGroups === undefined ? 'no' : 'yes'}`,
  '$INCLUDE clients.conf',
  ...(spec.remoteGroups === undefined ? [] : ['$INCLUDE proxy.conf']),
  ...block('modules', '$INCLUDE modules.conf'),
  '$INCLUDE policy.conf',
  '$INCLUDE site.conf',
]

/** Attributes of our own carry what was found out about a request; none of them ever leaves the server. */
const DICTIONARY: Lines = [
  ['Request-Policy', 'string'],
  ['Network-Policy', 'string'],
  ['Account', 'string'],
  ['Kind', 'string'],
  ['Upn', 'string'],
  ['Dns-Name', 'string'],
  ['Group', 'string'],
  ['Dial-In', 'string'],
  ['Refused', 'string'],
  ['Expires', 'integer'],
  ['Caller-Id', 'string'],
  ['Framed-IP', 'ipaddr'],
  ['Password-Refused', 'string'],
  ['Password-Expires', 'integer'],
  ['Reversible', 'string'],
  ['Now', 'integer'],
  ['Weekday', 'integer'],
  ['Minute', 'integer'],
].map(([name, type], i) => `ATTRIBUTE Sallyport-${name} ${3100 + i} ${type}`)

const clients = (spec: NpsSpec, realAddress = (address: string): string => address): Lines =>
  usableClients(spec).flatMap((client, place) =>
    block(
      `client client_${place + 1}`,
      remark(client.name),
      `ipaddr = ${realAddress(client.address)}`,
      `secret = ${value(client.secret)}`,
      `shortname = client_${place + 1}`,
      `friendly_name = ${value(client.name.replace(/[\p{Cc}'\\]/gu, ' '))}`,
      `vendor = ${client.vendor ?? 'standard'}`,
      `require_message_authenticator = ${
        client.requiresMessageAuthenticator === true || spec.requireMessageAuthenticator === true
          ? 'yes'
          : 'no'
      }`,
    ),
  )

/** Those that NPS knows when it starts. An edition without ranges has none of them. */
const usableClients = ({
  clients: all = [],
  allowsClientRanges = true,
}: NpsSpec): readonly RadiusClientSpec[] =>
  all.filter(
    ({ enabled = true, address, secret }) =>
      enabled && isWritable(secret) && (allowsClientRanges || !address.includes('/')),
  )

function proxies({ remoteGroups = {} }: NpsSpec, { topology }: Compiled): Lines {
  return Object.entries(remoteGroups).flatMap(([group, members], at) => {
    const realm = `remote_${at + 1}`
    const ordered = members.toSorted((a, b) => (b.score ?? 30) - (a.score ?? 30))
    return [
      remark(group),
      ...ordered.flatMap((member, i) => homeServer(`${realm}_${i + 1}`, member, topology.nodes)),
      ...block(
        `home_server_pool ${realm}`,
        'type = fail-over',
        ...ordered.map((_, i) => `home_server = ${realm}_${i + 1}`),
      ),
      ...block(`realm ${realm}`, `auth_pool = ${realm}`, 'nostrip'),
    ]
  })
}

function homeServer(
  name: string,
  member: RadiusServerSpec,
  nodes: Readonly<Record<string, NodeSpec>>,
): Lines {
  const node = member.server === undefined ? undefined : nodes[member.server]
  const nic = node === undefined || node.kind === 'switch' ? undefined : node.interfaces[0]
  const address = member.address ?? nic?.address.split('/')[0] ?? '0.0.0.0'
  return block(
    `home_server ${name}`,
    'type = auth',
    `ipaddr = ${address}`,
    `port = ${member.port ?? 1812}`,
    `secret = ${value(member.secret)}`,
    `response_window = ${Math.max(5, Math.round((member.timeout ?? seconds(5)) / 1e6))}`,
  )
}

const modules = (site: Site): Lines => [
  ...block('expr'),
  ...block('always reject', 'rcode = reject'),
  ...block('always ok', 'rcode = ok'),
  ...block('always noop', 'rcode = noop'),
  ...block('always handled', 'rcode = handled'),
  ...block('pap', 'normalise = no'),
  ...block('chap'),
  ...block('mschap', 'use_mppe = yes', 'require_encryption = yes', 'require_strong = yes'),
  ...block(
    'files account_names',
    `filename = ${value(`${site.settings.directory}/names`)}`,
    'key = "%{tolower:%{User-Name}}"',
  ),
  ...block(
    'files accounts',
    `filename = ${value(`${site.settings.directory}/accounts`)}`,
    'key = "%{control:Sallyport-Account}"',
  ),
  ...block('detail accounting_log', `filename = ${value(`${site.settings.directory}/accounting`)}`),
  ...site.sets.flatMap((set) => eapModules(set, site.settings)),
]
