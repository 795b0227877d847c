/**
 * A Windows client, or a gateway, of a topology as the files that strongSwan 5.9 loads: `strongswan.conf` for charon, and what `swanctl` reads. Not a
 * launcher: whoever writes the files starts `charon-systemd` with STRONGSWAN_CONF, then `swanctl --load-all` with SWANCTL_DIR. What strongSwan cannot
 * say is returned as lines for people.
 */
import { formatIpv4, maskOf, parsePrefix, type Ipv4 } from '../../base/address.ts'
import type { Instant } from '../../base/time.ts'
import type { Compiled } from '../../lab/compile.ts'
import type { VpnGatewaySpec } from '../../topology/services.ts'
import type { HostSpec } from '../../topology/topology.ts'
import { clientSuites, gatewaySuites, type IpsecSuites } from '../../windows/ipsec-suites.ts'
import { weaknessesOf } from '../../windows/ipsec-suites.ts'
import type { RenderedFile } from './named.ts'
import { identityFiles, rootFiles, type RootFile } from './strongswan/certificates.ts'
import { daemonFiles, type EapRadiusServer } from './strongswan/daemon.ts'
import { espProposal, ikeProposal, proposalsOf } from './strongswan/proposals.ts'
import { include, isWritable, section, setting, settingIf, type Lines } from './strongswan/text.ts'

export interface StrongSwanFiles {
  /**
   * `strongswan.conf` first, then `swanctl/…`. Secrets are in `radius.conf` and `swanctl/secrets.conf`, private keys in `swanctl/private`,
   * and nowhere else.
   */
  readonly files: readonly RenderedFile[]
  /** What Windows does here and strongSwan cannot be told, one line each. */
  readonly notRendered: readonly string[]
}

interface Common {
  readonly compiled: Compiled
  readonly node: string
  /** Absolute path of the folder that will hold the files. */
  readonly directory: string
  /** As of when certificates are; default the topology's start. */
  readonly at?: Instant
  /** Seconds of silence after which it asks the other side for a sign of life. Default: it never does. */
  readonly asksAfter?: number
}

/** How a client proves who it is. PEAP is not among them: Debian's charon has none. */
export type StrongSwanProof =
  | { readonly kind: 'certificate'; readonly certificate: string }
  | {
      readonly kind: 'eap-tls'
      readonly certificate: string
      readonly identity: string
      /** What the certificate of NPS must be called. */
      readonly serverName: string
    }
  | { readonly kind: 'eap-mschapv2'; readonly identity: string; readonly password: string }

export interface StrongSwanClient extends Common {
  readonly proof: StrongSwanProof
  readonly gateway: {
    readonly address: string
    /** What it is dialled by: the common name that its certificate must have. */
    readonly name: string
  }
}

export interface StrongSwanGateway extends Common {
  /** Where it listens in the real world. */
  readonly address: string
  /** Instead of the RADIUS servers of the service. */
  readonly radius: readonly EapRadiusServer[]
  /** With so many SAs half open, strangers must bring a cookie. Default charon's own. */
  readonly cookiesFrom?: number
}

/** By this name swanctl initiates the client's tunnel. */
export const CHILD_NAME = 'tunnel'
const EVERYTHING = '0.0.0.0/0'
/** Longer than anybody watches: whoever starts it says when keys are renewed. */
const NEVER = '0s'

/** Render a node as a client of a gateway. RangeError: it is no host, or does not hold the certificate. */
export function renderStrongSwanClient(client: StrongSwanClient): StrongSwanFiles {
  const { compiled, node, proof, gateway, directory } = client
  const at = client.at ?? compiled.start
  const { os, vpnClient = {} } = hostOf(compiled, node)
  const { ipsec: policy, negotiateDh2048Aes256, disableMobility, ikeFragmentation } = vpnClient
  const suites = writtenSuites(clientSuites({ os, policy, negotiateDh2048Aes256 }))
  const own = 'certificate' in proof ? identityOf(compiled, node, proof.certificate, at) : undefined
  const roots = rootFiles(compiled, { node, at })
  const connection = section(
    CHILD_NAME,
    setting('version', 2),
    setting('remote_addrs', gateway.address),
    setting('vips', '0.0.0.0'),
    setting('proposals', suites.ike),
    setting('mobike', disableMobility === true ? 'no' : 'yes'),
    setting('fragmentation', ikeFragmentation === false ? 'no' : 'yes'),
    setting('encap', 'yes'),
    ...askingAfter(client),
    ...LASTING,
    section('local', ...proofSettings(proof, own?.file)),
    section(
      'remote',
      setting('auth', 'pubkey'),
      setting('id', `CN=${gateway.name}`),
      setting('cacerts', roots.map(({ file }) => file).join(',')),
    ),
    section(
      'children',
      section(
        CHILD_NAME,
        setting('remote_ts', EVERYTHING),
        setting('esp_proposals', suites.esp),
        ...CHILD_LASTING,
      ),
    ),
  )
  const texts = 'identity' in proof ? Object.values(proof) : [gateway.name]
  return {
    files: [
      ...daemonFiles({ directory }),
      ...swanctlFiles([section('connections', connection)], secretsOf(proof)),
      ...(own?.files ?? []),
      ...roots.map(asRendered),
    ],
    notRendered: [...suites.notRendered, ...texts.flatMap(unwritable)],
  }
}

/** Render a node that has the service `vpn-gateway`. RangeError: it has none, or not the certificate that it names. */
export function renderStrongSwanGateway(gateway: StrongSwanGateway): StrongSwanFiles {
  const { compiled, node, address, radius } = gateway
  const at = gateway.at ?? compiled.start
  const host = hostOf(compiled, node)
  const spec = gatewayOf(host, node)
  const suites = writtenSuites(
    gatewaySuites({ ...(host.os !== undefined && { os: host.os }), ...spec }),
  )
  const own = identityOf(compiled, node, spec.certificate, at)
  const roots = rootFiles(compiled, { node, at })
  const names = spec.deviceTunnel?.rootCertificateNames
  const accepted = roots.filter(({ subject }) => names === undefined || names.includes(subject))
  const proofs =
    spec.authentication ?? (spec.deviceTunnel === undefined ? ['eap'] : ['eap', 'certificate'])
  const connection = (name: string, remote: Lines): Lines =>
    section(
      name,
      setting('version', 2),
      setting('local_addrs', address),
      setting('pools', 'clients'),
      setting('proposals', suites.ike),
      setting('fragmentation', spec.serverFragmentation === true ? 'yes' : 'no'),
      setting('send_cert', 'always'),
      setting('encap', 'yes'),
      ...askingAfter(gateway),
      ...LASTING,
      section('local', setting('auth', 'pubkey'), setting('certs', own.file)),
      section('remote', remote),
      section(
        'children',
        section(
          name,
          setting('local_ts', EVERYTHING),
          setting('esp_proposals', suites.esp),
          ...CHILD_LASTING,
        ),
      ),
    )
  const connections = [
    ...(proofs.includes('eap')
      ? [connection('users', [setting('auth', 'eap-radius'), setting('eap_id', '%any')])]
      : []),
    ...(proofs.includes('certificate')
      ? [
          connection('devices', [
            setting('auth', 'pubkey'),
            setting('cacerts', accepted.map(({ file }) => file).join(',')),
          ]),
        ]
      : []),
  ]
  return {
    files: [
      ...gatewayDaemon(gateway, spec),
      ...swanctlFiles([
        section('connections', ...connections),
        section('pools', poolSection(spec, host)),
      ]),
      ...own.files,
      ...roots.map(asRendered),
    ],
    notRendered: [
      ...suites.notRendered,
      ...radius.flatMap(({ secret }) => unwritable(secret)),
      ...(spec.sstp === true ? ['SSTP: strongSwan speaks IKE alone'] : []),
    ],
  }
}

const asRendered = ({ name, text, isMadeAtStart }: RootFile): RenderedFile => ({
  name,
  text,
  ...(isMadeAtStart === true && { isMadeAtStart }),
})

const gatewayDaemon = (
  { directory, radius, cookiesFrom }: StrongSwanGateway,
  { accounting }: VpnGatewaySpec,
): readonly RenderedFile[] =>
  daemonFiles({
    directory,
    radius,
    accounts: accounting === 'radius',
    ...(cookiesFrom !== undefined && { cookiesFrom }),
  })

const LASTING: Lines = [setting('rekey_time', NEVER), setting('reauth_time', NEVER)]
const CHILD_LASTING: Lines = [setting('rekey_time', NEVER), setting('life_time', NEVER)]

const askingAfter = ({ asksAfter }: Common): Lines =>
  settingIf('dpd_delay', asksAfter === undefined ? undefined : `${asksAfter}s`)

function hostOf({ topology }: Compiled, node: string): HostSpec {
  const spec = topology.nodes[node]
  if (spec?.kind !== 'host') throw new RangeError(`${node} is no host`)
  return spec
}

function gatewayOf({ services = [] }: HostSpec, node: string): VpnGatewaySpec {
  const spec = services.find((each): each is VpnGatewaySpec => each.service === 'vpn-gateway')
  if (spec === undefined) throw new RangeError(`${node} has no VPN gateway that could be rendered`)
  return spec
}

function identityOf(compiled: Compiled, node: string, name: string | undefined, at: Instant) {
  const found = name === undefined ? undefined : identityFiles(compiled, { node, name, at })
  if (found === undefined) throw new RangeError(`${node} holds no certificate ${name ?? ''}`)
  return found
}

/** IDi is the subject of a certificate, or with EAP the address, as Windows has it. */
function proofSettings(proof: StrongSwanProof, certificate: string | undefined): Lines {
  const shown = settingIf('certs', certificate)
  switch (proof.kind) {
    case 'certificate':
      return [setting('auth', 'pubkey'), ...shown]
    case 'eap-tls':
      return [
        setting('auth', 'eap-tls'),
        ...shown,
        setting('id', '%any'),
        setting('eap_id', proof.identity),
        setting('aaa_id', `fqdn:${proof.serverName}`),
      ]
    case 'eap-mschapv2':
      return [
        setting('auth', 'eap-mschapv2'),
        setting('id', '%any'),
        setting('eap_id', proof.identity),
      ]
  }
}

const secretsOf = (proof: StrongSwanProof): Lines =>
  proof.kind === 'eap-mschapv2'
    ? section(
        'secrets',
        section('eap-1', setting('id', proof.identity), setting('secret', proof.password)),
      )
    : []

const SECRETS_FILE = 'secrets.conf'

function swanctlFiles(parts: readonly Lines[], secrets: Lines = []): readonly RenderedFile[] {
  const file = (name: string, lines: Lines): RenderedFile => ({
    name: `swanctl/${name}`,
    text: `${lines.join('\n')}\n`,
  })
  if (secrets.length === 0) return [file('swanctl.conf', parts.flat())]
  return [
    file('swanctl.conf', [...parts.flat(), include(SECRETS_FILE)]),
    { ...file(SECRETS_FILE, secrets), isMadeAtStart: true },
  ]
}

interface WrittenSuites {
  readonly ike: string
  readonly esp: string
  readonly notRendered: readonly string[]
}

function writtenSuites({ ike, esp }: IpsecSuites): WrittenSuites {
  const ikes = proposalsOf(ike, ikeProposal)
  const esps = proposalsOf(esp, espProposal)
  return {
    ike: ikes.proposals.join(','),
    esp: esps.proposals.join(','),
    notRendered: [...ikes.missing, ...esps.missing].map(
      (suite) =>
        `no such suite in strongSwan: ${JSON.stringify(suite)} (${weaknessesOf(suite).join(', ')})`,
    ),
  }
}

/** RRAS keeps the first address of a pool for itself; clients are told the DNS servers of the inner interface. */
function poolSection(spec: VpnGatewaySpec, { interfaces }: HostSpec): Lines {
  const { pool, addressAssignment } = spec
  const written = typeof addressAssignment === 'object' ? addressAssignment.pool : pool
  const prefix = written === undefined ? undefined : parsePrefix(written)
  if (prefix?.ok !== true || typeof prefix.value.address !== 'number') {
    throw new RangeError('a gateway without a static pool cannot be rendered')
  }
  const first = (prefix.value.address & maskOf(prefix.value.length)) >>> 0
  const last = (first | ~maskOf(prefix.value.length)) >>> 0
  const text = (address: number): string => formatIpv4(address as Ipv4)
  const dns = spec.dnsServers ?? interfaces.flatMap((each) => each.dns ?? [])
  return section(
    'clients',
    setting('addrs', `${text(first + 2)}-${text(last - 1)}`),
    ...(dns.length === 0 ? [] : [setting('dns', dns.join(','))]),
  )
}

const unwritable = (text: string): readonly string[] =>
  isWritable(text) ? [] : [`control characters became spaces in ${JSON.stringify(text)}`]
