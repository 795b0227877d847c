/**
 * The virtual servers of one NPS: what listens, and which policies a request passes, outside and inside of PEAP and once a certificate
 * is known. Not the policies themselves.
 */
import type {
  ConnectionRequestPolicySpec,
  NetworkPolicySpec,
  NpsSpec,
} from '../../../topology/nps.ts'
import {
  INSIDE_SMALLER,
  chooseMethod,
  hasEap,
  type MethodSet,
  type MethodSettings,
} from './methods.ts'
import { firstMatch, permission, replyOf, type Placed } from './policies.ts'
import { block, remark, word, type Lines } from './text.ts'

export interface Site {
  readonly spec: NpsSpec
  /** In order, with those that FreeRADIUS cannot be asked about in full. */
  readonly order: {
    readonly request: readonly Placed<ConnectionRequestPolicySpec>[]
    readonly network: readonly Placed<NetworkPolicySpec>[]
  }
  /** Those that it can. */
  readonly requestPolicies: readonly Placed<ConnectionRequestPolicySpec>[]
  readonly networkPolicies: readonly Placed<NetworkPolicySpec>[]
  readonly sets: readonly MethodSet[]
  readonly settings: MethodSettings
  /** How FreeRADIUS writes the key identifiers of NTAuth. */
  readonly ntAuthKeyIds: readonly string[]
  /** Turns away whose hour it is not. */
  readonly logonHours: Lines
  readonly listen: {
    readonly address: string
    readonly authenticationPorts: readonly number[]
    readonly accountingPorts: readonly number[]
  }
}

const SILENCE: Lines = [
  ...block('update control', '&Response-Packet-Type := Do-Not-Respond'),
  'handled',
]

/** `policy { … }`: each step by its name. */
export const policySection = (site: Site): Lines =>
  block(
    'policy',
    remark('The clock: days from Sunday, minutes of the day, UTC.'),
    block(
      'nps_clock',
      block(
        'update control',
        '&Sallyport-Now := "%l"',
        '&Sallyport-Weekday := "%{expr:((%l / 86400) + 4) %% 7}"',
        '&Sallyport-Minute := "%{expr:(%l %% 86400) / 60}"',
      ),
    ),
    block(
      'nps_request_policy',
      block('update control', '&Sallyport-Request-Policy := windows'),
      firstMatch('Sallyport-Request-Policy', site.order.request, ['noop']),
    ),
    accountPolicy(site),
    block(
      'nps_network_policy',
      firstMatch('Sallyport-Network-Policy', site.order.network, ['reject']),
      permission(site.networkPolicies),
    ),
    passwordPolicy(),
    block('nps_reply', replyOf(site.networkPolicies)),
  )

const accountPolicy = ({ logonHours }: Site): Lines =>
  block(
    'nps_account',
    'account_names',
    block('if (!&control:Sallyport-Account)', 'reject'),
    'accounts',
    block('if (&control:Sallyport-Refused)', 'reject'),
    block(
      'if (&control:Sallyport-Expires && &control:Sallyport-Now >= &control:Sallyport-Expires)',
      'reject',
    ),
    logonHours,
  )

/** What only stops those who sign in by password. */
const passwordPolicy = (): Lines =>
  block(
    'nps_password',
    block('if (&control:Sallyport-Password-Refused)', 'reject'),
    block(
      'if (&control:Sallyport-Password-Expires && &control:Sallyport-Now >= &control:Sallyport-Password-Expires)',
      'reject',
    ),
    'noop',
  )

/** All servers. */
export const servers = (site: Site): Lines => [
  ...block(
    'server nps',
    listeners(site),
    block('authorize', authorize(site)),
    block('authenticate', authenticate(site)),
    block('post-auth', postAuth(site)),
    block('preacct', 'ok'),
    block('accounting', accounting(site.spec)),
    ...(site.spec.remoteGroups === undefined ? [] : [block('pre-proxy', 'ok')]),
  ),
  ...site.sets
    .filter((set) => hasEap(set, site.settings))
    .flatMap((set) => [...certificateServer(set, site), ...innerServer(set, site)]),
]

const listeners = ({ listen }: Site): Lines => [
  ...listen.authenticationPorts.flatMap((port) => listener('auth', listen.address, port)),
  ...listen.accountingPorts.flatMap((port) => listener('acct', listen.address, port)),
]

const listener = (type: string, address: string, port: number): Lines =>
  block('listen', `type = ${type}`, `ipaddr = ${address}`, `port = ${port}`)

/** A server that cannot write its log, or whose extension throws requests away, says nothing. */
const discards = ({ accounting = {}, extension }: NpsSpec): boolean =>
  extension === 'discards' ||
  extension === 'fails' ||
  (accounting.diskFree === 0 &&
    accounting.format !== 'none' &&
    accounting.discardsWhenLoggingFails !== false)

function authorize(site: Site): Lines {
  const { spec, requestPolicies } = site
  if (discards(spec)) return SILENCE
  if (spec.extension === 'rejects') return ['reject']
  const own = requestPolicies.flatMap(({ id, spec: policy }) => {
    const set = site.sets.find((each) => each.id === id)
    const then = requestSteps(policy, set, site)
    return then === undefined ? [] : block(`case ${word(id)}`, remark(policy.name), then)
  })
  return [
    'nps_clock',
    'nps_request_policy',
    ...block(
      'switch &control:Sallyport-Request-Policy',
      own,
      block('case', 'nps_account', 'nps_network_policy', byNetworkPolicy(site)),
    ),
  ]
}

/** Undefined: as of a policy that decides here, by the methods of the network policy. */
function requestSteps(
  { provider = 'local' }: ConnectionRequestPolicySpec,
  set: MethodSet | undefined,
  { settings, spec }: Site,
): Lines | undefined {
  if (provider === 'accept') return block('update control', '&Auth-Type := Accept')
  if (provider !== 'local') {
    const place = Object.keys(spec.remoteGroups ?? {}).indexOf(provider.forwardTo)
    return place < 0
      ? ['reject']
      : block('update control', `&Proxy-To-Realm := remote_${place + 1}`)
  }
  if (set === undefined) return undefined
  return [
    // Whoever hides his name outside of PEAP is asked inside it.
    ...block('if (!&EAP-Message)', 'nps_account', 'nps_network_policy'),
    ...chooseMethod(set, settings),
  ]
}

function byNetworkPolicy({ networkPolicies, sets, settings }: Site): Lines {
  if (networkPolicies.length === 0) return ['reject']
  return block(
    'switch &control:Sallyport-Network-Policy',
    ...networkPolicies.map(({ id, spec }) => {
      const set = sets.find((each) => each.id === id)
      const steps = set === undefined ? ['reject'] : chooseMethod(set, settings)
      return block(`case ${word(id)}`, remark(spec.name), steps)
    }),
    block('case', 'reject'),
  )
}

/** Modules by Auth-Type. */
const authenticate = ({ sets, settings }: Site): Lines => [
  ...block('Auth-Type PAP', 'nps_password', 'pap'),
  ...block(
    'Auth-Type CHAP',
    'nps_password',
    block('if (!&control:Sallyport-Reversible)', 'reject'),
    'chap',
  ),
  ...block('Auth-Type MS-CHAP', 'nps_password', 'mschap'),
  ...sets.filter((set) => hasEap(set, settings)).map(({ id }) => `eap_${id}`),
]

function postAuth(site: Site): Lines {
  const sets = site.sets.filter((set) => hasEap(set, site.settings))
  const late = sets.filter(({ asksLate }) => asksLate)
  return [
    // PEAP and EAP-TLS have asked before: inside, and of the certificate.
    ...late.flatMap(({ id }) =>
      block(
        `if (&control:Sallyport-Request-Policy == ${word(id)} && &EAP-Message && &EAP-Type == MSCHAPv2)`,
        'nps_account',
        'nps_network_policy',
      ),
    ),
    'nps_reply',
    ...block('Post-Auth-Type REJECT', ...sets.map(({ id }) => endOfEap(id))),
  ]
}

/** EAP-Failure goes along with a rejection. */
const endOfEap = (id: string): Lines => block('if (&EAP-Message)', `eap_${id}`)

const accounting = (spec: NpsSpec): Lines =>
  discards(spec) ? SILENCE : spec.accounting?.format === 'none' ? ['ok'] : ['accounting_log']

/** Asked by EAP-TLS when the chain has been found good: is it one that may sign this account in? */
function certificateServer(set: MethodSet, site: Site): Lines {
  const isForNtAuth = site.ntAuthKeyIds.map(
    (id) => `"%{TLS-Client-Cert-X509v3-Authority-Key-Identifier}" =~ /${id}/`,
  )
  const oids = (set.allowedCertificateOids ?? []).map(
    (oid) => `&TLS-Client-Cert-X509v3-Extended-Key-Usage-OID[*] == ${word(oid)}`,
  )
  return block(
    `server certificate_${set.id}`,
    block(
      'authorize',
      'nps_clock',
      remark('Its issuer is in the NTAuth store.'),
      isForNtAuth.length === 0
        ? ['reject']
        : block(`if (!(${isForNtAuth.join(' || ')}))`, 'reject'),
      remark('It is for client authentication, or for anything.'),
      block(
        "if (&TLS-Client-Cert-X509v3-Extended-Key-Usage-OID && !(&TLS-Client-Cert-X509v3-Extended-Key-Usage-OID[*] == '1.3.6.1.5.5.7.3.2'))",
        'reject',
      ),
      ...(oids.length === 0 ? [] : [block(`if (!(${oids.join(' || ')}))`, 'reject')]),
      'nps_account',
      remark('It names the account.'),
      block(
        "if (&control:Sallyport-Kind == 'user')",
        block(
          'if ("%{tolower:%{TLS-Client-Cert-Subject-Alt-Name-Upn}}" != "%{control:Sallyport-Upn}")',
          'reject',
        ),
      ),
      block(
        'elsif ("%{tolower:%{TLS-Client-Cert-Subject-Alt-Name-Dns}}" != "%{control:Sallyport-Dns-Name}")',
        'reject',
      ),
      'nps_network_policy',
      block('update control', '&Auth-Type := Accept'),
    ),
  )
}

/** The inside of PEAP. */
function innerServer(set: MethodSet, site: Site): Lines {
  const peap = set.methods.eap?.find((type) => type.type === 'peap')
  if (peap === undefined || !hasIdentity(site.settings, peap.certificate)) return []
  return block(
    `server inner_${set.id}`,
    block(
      'authorize',
      block(
        'if (&Framed-MTU)',
        block('update request', `&Framed-MTU := "%{expr:%{Framed-MTU} - ${INSIDE_SMALLER}}"`),
      ),
      'nps_clock',
      'nps_account',
      'nps_network_policy',
      `eap_${set.id}_inner`,
    ),
    block(
      'authenticate',
      block('Auth-Type MS-CHAP', 'nps_password', 'mschap'),
      `eap_${set.id}_inner`,
    ),
    block('post-auth', 'ok', block('Post-Auth-Type REJECT', 'ok')),
  )
}

const hasIdentity = (settings: MethodSettings, certificate?: string): boolean =>
  settings.identities.has(certificate ?? settings.certificate ?? '')
