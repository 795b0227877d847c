/**
 * Authentication methods of policies as FreeRADIUS's modules: one `eap` instance for each set of methods, another for what is inside PEAP.
 * Not the choice between them: `policies.ts` makes it.
 */
import type { Duration } from '../../../base/time.ts'
import type { AuthenticationMethods, EapTypeName, EapTypeSpec } from '../../../topology/nps.ts'
import type { NpsRevocationSpec } from '../../../topology/revocation.ts'
import { CREDENTIALS } from './conditions.ts'
import { block, value, type Lines } from './text.ts'

/** The methods of one policy, and what depends on it. */
export interface MethodSet {
  /** Of its modules and servers: `network_1`, `request_2`. */
  readonly id: string
  /** For people. */
  readonly policy: string
  readonly methods: AuthenticationMethods
  readonly framedMtu?: number | undefined
  readonly allowedCertificateOids?: readonly string[] | undefined
  /** Who it is, and whether he may, is only asked once the method knows: a connection request policy decides the method. */
  readonly asksLate: boolean
}

export interface TlsVersions {
  readonly minimum: '1.2' | '1.3'
  readonly maximum: '1.2' | '1.3'
  /** As OpenSSL writes them; default those that OpenSSL has by default. */
  readonly ciphers?: string | undefined
}

export interface MethodSettings {
  readonly directory: string
  readonly tls: TlsVersions
  /** By name of certificate: file without its ending. Absent: the node has none of that name. */
  readonly identities: ReadonlyMap<string, string>
  /** Name of the certificate of types that name none. */
  readonly certificate: string | undefined
  readonly trusted: string
  readonly eapTimeout: Duration
  readonly revocation: Readonly<Record<'tls' | 'peap', NpsRevocationSpec>>
}

/** NPS's own limit of an EAP message when no Framed-MTU says less: what an Ethernet frame holds. */
const FRAMED_MTU = 1500
/** Framed-MTU counts the EAP header and the flags of EAP-TLS, FreeRADIUS only what is behind them. */
const EAP_TLS_HEADER = 10
/** FreeRADIUS takes no smaller fragments. */
const FRAGMENT_MIN = 100
/**
 * So much smaller is what travels inside of PEAP: record, tag and padding must fit into one fragment outside. Otherwise the identifiers
 * of the two conversations part, and FreeRADIUS finds its session no more.
 */
export const INSIDE_SMALLER = 100

const NAMES: Readonly<Record<EapTypeName, string>> = {
  peap: 'peap',
  tls: 'tls',
  mschapv2: 'mschapv2',
}

/** The `eap` module of a set, and that for the inside of its PEAP. */
export function eapModules(set: MethodSet, settings: MethodSettings): Lines {
  const types = usableTypes(set, settings)
  const [first] = types
  if (first === undefined) return []
  const common = [
    `timer_expire = ${Math.max(1, Math.round(settings.eapTimeout / 1e6))}`,
    'ignore_unknown_eap_types = no',
    'max_sessions = 65536',
  ]
  const outer = block(
    `eap eap_${set.id}`,
    `default_eap_type = ${NAMES[first.type]}`,
    ...common,
    ...tlsConfigs(set, types, settings),
    ...types.map((type) => typeBlock(set, type)),
  )
  const peap = types.find((type) => type.type === 'peap')
  if (peap === undefined) return outer
  const inside = peap.inner.map((type) => ({ type }))
  return [
    ...outer,
    ...block(
      `eap eap_${set.id}_inner`,
      `default_eap_type = ${NAMES[peap.inner[0] ?? 'tls']}`,
      ...common,
      ...tlsConfigs(set, [{ type: 'peap', inner: [], ...pick(peap) }], settings, 'tls'),
      ...inside.map(({ type }) =>
        type === 'tls'
          ? block('tls', 'tls = tls_peap', `virtual_server = certificate_${set.id}`)
          : block('mschapv2', 'send_error = no'),
      ),
    ),
  ]
}

const pick = ({ certificate }: { readonly certificate?: string }) =>
  certificate === undefined ? {} : { certificate }

/** Whether an `eap` module stands for the set. */
export const hasEap = (set: MethodSet, settings: MethodSettings): boolean =>
  usableTypes(set, settings).length > 0

/** Types whose certificate the node holds: without one, NPS does not offer them. */
const usableTypes = (
  { methods }: MethodSet,
  { identities, certificate }: MethodSettings,
): readonly EapTypeSpec[] =>
  (methods.eap ?? []).filter(
    (type) => type.type === 'mschapv2' || identities.has(type.certificate ?? certificate ?? ''),
  )

function typeBlock(set: MethodSet, type: EapTypeSpec): Lines {
  switch (type.type) {
    case 'tls':
      return block('tls', 'tls = tls_tls', `virtual_server = certificate_${set.id}`)
    case 'mschapv2':
      return block('mschapv2', 'send_error = no')
    case 'peap':
      return block(
        'peap',
        'tls = tls_peap',
        `default_eap_type = ${NAMES[type.inner[0] ?? 'tls']}`,
        // Conditions look at what the gateway said of itself, and inside as well.
        'copy_request_to_tunnel = yes',
        'use_tunneled_reply = yes',
        `virtual_server = inner_${set.id}`,
      )
  }
}

/** A `tls-config` for each type with a certificate. `checkedAs`: whose switches of revocation hold. */
function tlsConfigs(
  set: MethodSet,
  types: readonly EapTypeSpec[],
  settings: MethodSettings,
  checkedAs?: 'tls' | 'peap',
): Lines {
  const { directory, identities, tls, trusted, revocation } = settings
  const inside = checkedAs === undefined ? 0 : INSIDE_SMALLER
  const fragment = Math.max(FRAGMENT_MIN, (set.framedMtu ?? FRAMED_MTU) - EAP_TLS_HEADER - inside)
  return types.flatMap((type) => {
    if (type.type === 'mschapv2') return []
    const file = identities.get(type.certificate ?? settings.certificate ?? '')
    const checks = revocation[checkedAs ?? type.type].noRevocationCheck !== true
    return block(
      `tls-config tls_${type.type}`,
      `certificate_file = ${value(`${directory}/${file}.pem`)}`,
      `private_key_file = ${value(`${directory}/${file}.key`)}`,
      `ca_file = ${value(`${directory}/${trusted}`)}`,
      'auto_chain = no',
      `fragment_size = ${fragment}`,
      'include_length = yes',
      // A complete list of every certificate above the user's as well: NPS checks the whole chain.
      `check_crl = ${checks ? 'yes' : 'no'}`,
      `check_all_crl = ${checks ? 'yes' : 'no'}`,
      `cipher_list = ${value(tls.ciphers ?? 'DEFAULT')}`,
      `tls_min_version = "${tls.minimum}"`,
      `tls_max_version = "${tls.maximum}"`,
      'ecdh_curve = ""',
      block('cache', 'enable = no'),
    )
  })
}

const PLAIN = {
  pap: 'PAP',
  chap: 'CHAP',
  'ms-chap': 'MS-CHAP',
  'ms-chap-v2': 'MS-CHAP',
} as const

const allowsPlain = (methods: AuthenticationMethods) =>
  ({
    pap: methods.pap === true,
    chap: methods.chap === true,
    'ms-chap': methods.msChap === true,
    'ms-chap-v2': methods.msChapV2 === true,
  }) as const

/** Picks what authenticates a request; what the policy does not allow is turned away. Last item of `authorize`. */
export function chooseMethod(set: MethodSet, settings: MethodSettings): Lines {
  const allowed = allowsPlain(set.methods)
  const eap = hasEap(set, settings)
  const plain = (Object.keys(PLAIN) as (keyof typeof PLAIN)[]).map(
    (type) =>
      [
        CREDENTIALS[type],
        allowed[type] ? [`update control {`, `\t&Auth-Type := ${PLAIN[type]}`, '}'] : ['reject'],
      ] as const,
  )
  const unauthenticated =
    set.methods.unauthenticated === true
      ? block('update control', '&Auth-Type := Accept')
      : ['reject']
  const cases: readonly (readonly [string, Lines])[] = [
    ['&EAP-Message', eap ? [`eap_${set.id}`] : ['reject']],
    ...plain,
  ]
  return [
    ...cases.flatMap(([attribute, then], i) =>
      block(`${i === 0 ? 'if' : 'elsif'} (${attribute})`, then),
    ),
    ...block('else', unauthenticated),
  ]
}
