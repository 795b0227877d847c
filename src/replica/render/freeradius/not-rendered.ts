/** What an NPS does and FreeRADIUS cannot be told, in lines for people. Not what it was told. */
import type { Compiled } from '../../../lab/compile.ts'
import type { AuthenticationMethods, EapTypeSpec, NpsSpec } from '../../../topology/nps.ts'
import type { HostSpec } from '../../../topology/topology.ts'
import { isRenderable } from './policies.ts'
import { isWritable, type Lines } from './text.ts'

export function notRenderedOf(compiled: Compiled, host: HostSpec, spec: NpsSpec): Lines {
  return [
    ...ofPolicies(spec),
    ...ofServer(spec),
    ...ofDomain(compiled),
    ...ofRevocation(compiled, host),
  ]
}

const tell = (holds: boolean, line: string): Lines => (holds ? [line] : [])

function ofPolicies({ connectionRequestPolicies = [], networkPolicies = [] }: NpsSpec): Lines {
  return [
    ...connectionRequestPolicies.flatMap((policy) => [
      ...ofMethods(policy.name, policy.authentication ?? {}),
      ...tell(
        policy.rewritesUserName !== undefined,
        `policy '${policy.name}': User-Name is not rewritten`,
      ),
      ...tell(
        policy.accountingTo !== undefined,
        `policy '${policy.name}': accounting is not sent on`,
      ),
    ]),
    ...networkPolicies.flatMap((policy) => [
      ...ofMethods(policy.name, policy.constraints?.authentication ?? {}),
      ...(policy.attributes ?? [])
        .filter((attribute) => !isRenderable(attribute))
        .map(({ name }) => `policy '${policy.name}': FreeRADIUS knows no attribute '${name}'`),
    ]),
  ]
}

function ofMethods(policy: string, methods: AuthenticationMethods): Lines {
  const changes =
    methods.msChapV2PasswordChange === true || (methods.eap ?? []).some(changesPasswords)
  const peap = (methods.eap ?? []).filter((type) => type.type === 'peap')
  return [
    ...tell(changes, `policy '${policy}': nobody can change an expired password`),
    ...tell(
      peap.some(({ requiresCryptoBinding }) => requiresCryptoBinding === true),
      `policy '${policy}': PEAP without cryptobinding is let through`,
    ),
    ...tell(
      peap.some(({ fastReconnect }) => fastReconnect !== false),
      `policy '${policy}': no fast reconnect, every sign-in is a whole one`,
    ),
  ]
}

/** By default it can be done. */
const changesPasswords = (type: EapTypeSpec): boolean =>
  type.type !== 'tls' &&
  (type.type === 'mschapv2' || type.inner.includes('mschapv2')) &&
  type.allowsPasswordChange !== false

const ofServer = (spec: NpsSpec): Lines => [
  ...(spec.clients ?? [])
    .filter(({ secret }) => !isWritable(secret))
    .map(({ name }) => `client ${name} is left out: FreeRADIUS cannot read its secret`),
  ...tell(
    (spec.accounting?.format ?? 'dts') !== 'none',
    `the accounting log is one of FreeRADIUS's own (detail), not ${spec.accounting?.format ?? 'dts'}`,
  ),
  ...tell(spec.limitProxyState === true, 'Proxy-State is not limited (FreeRADIUS 3.2.1 cannot)'),
  ...tell(spec.firewallSidFixed === false, "the firewall's own RADIUS rules are Windows' alone"),
  ...tell(spec.audit !== undefined, 'audit: there is no Windows event log'),
]

function ofDomain({ topology, directory }: Compiled): Lines {
  const spec = topology.directory
  const mapped = (directory?.accounts ?? []).filter(
    ({ altSecurityIdentities }) => altSecurityIdentities.length > 0,
  )
  return [
    'certificates are mapped to accounts by name alone: no SID, no KB5014754',
    ...mapped.map(({ name }) => `account ${name}: explicit certificate mappings`),
    ...(spec?.trustedDomains ?? []).map((domain) => `trusted domain ${domain}`),
    ...tell(
      (spec?.passwordPolicy?.lockoutThreshold ?? 0) > 0,
      'nobody is locked out by wrong passwords',
    ),
  ]
}

function ofRevocation(
  { topology }: Compiled,
  { revocation = {}, intermediates = [] }: HostSpec,
): Lines {
  const switches = { 'EAP-TLS': revocation.nps?.eapTls, PEAP: revocation.nps?.peap }
  return [
    ...Object.entries(switches).flatMap(([type, own = {}]) => [
      ...tell(
        own.ignoreNoRevocationCheck === true || own.ignoreRevocationOffline === true,
        `${type}: a certificate that cannot be checked is refused all the same`,
      ),
      ...tell(own.noRootRevocationCheck === true, `${type}: the root is checked all the same`),
    ]),
    ...Object.entries(topology.authorities).flatMap(([key, authority]) => [
      ...tell(authority.crl?.delta !== undefined, `${key}: delta lists are not read`),
      ...tell(authority.ocsp !== undefined, `${key}: the responder is not asked, the list holds`),
    ]),
    ...tell(
      intermediates.length > 0,
      `clients must send their chain: ${intermediates.join(', ')} cannot be known without being trusted`,
    ),
    'revocation lists are as of the rendering, wherever NPS could fetch them or not',
  ]
}
