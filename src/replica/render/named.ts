/**
 * A DNS server of a topology as the files that BIND's `named` loads: named.conf and the zones' master files.
 * Not a launcher: whoever writes the files starts `named -g -c named.conf`. What BIND cannot say is returned as lines for people.
 */
import type { DnsPolicySpec, DnsServerSpec } from '../../topology/services.ts'
import type { ZoneSpec } from '../../topology/topology.ts'

export interface NamedServer {
  readonly spec: DnsServerSpec
  /** The topology's zones by key. */
  readonly zones: Readonly<Record<string, ZoneSpec>>
  readonly listen: { readonly address: string; readonly port: number }
  /** Absolute path of the folder that will hold the files. */
  readonly directory: string
}

export interface RenderedFile {
  /** Relative to the folder. */
  readonly name: string
  readonly text: string
  /** A secret, or what changes with the day: written where the server starts, and kept nowhere. Absent: configuration, the same whenever it is rendered. */
  readonly isMadeAtStart?: true
}

export interface NamedFiles {
  /** `named.conf` first, then one file a zone, byte for byte as the topology has it. */
  readonly files: readonly RenderedFile[]
  /** What this server does and BIND cannot be told, one line each. */
  readonly notRendered: readonly string[]
}

/** Render one server. Zone scopes with policies become views; keys that name no zone are passed over. */
export function renderNamed(server: NamedServer): NamedFiles {
  const { spec, zones } = server
  const used = [...new Set([...(spec.zones ?? []), ...Object.values(spec.scopes ?? {})])]
  const known = used.filter((key) => zones[key] !== undefined)
  const files = known.map((key) => ({ name: zoneFileName(key), text: zones[key]!.file.text }))
  const policies = spec.policies ?? []
  const views = policies.filter(isView)
  const body =
    views.length === 0
      ? contents(server, spec.zones ?? [], spec.recursion === true)
      : viewsOf(server, views)
  const hints =
    spec.rootHints === undefined ? [] : [{ name: 'root.hints', text: rootHints(spec.rootHints) }]
  const conf = [options(server), 'controls { };', body].join('\n')
  return {
    files: [{ name: 'named.conf', text: `${conf}\n` }, ...files, ...hints],
    notRendered: policies.filter((policy) => !isView(policy)).map(notRendered),
  }
}

const zoneFileName = (key: string): string => `${key.replace(/[^A-Za-z0-9_.-]/g, '_')}.zone`
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
const list = (items: readonly string[]): string => `{ ${items.map((item) => `${item}; `).join('')}}`

function options({ listen, directory, spec }: NamedServer): string {
  return [
    'options {',
    `  directory ${quoted(directory)};`,
    '  pid-file none;',
    '  session-keyfile none;',
    `  listen-on port ${listen.port} ${list([listen.address])};`,
    '  listen-on-v6 { none; };',
    '  allow-query { any; };',
    '  allow-transfer { none; };',
    '  notify no;',
    '  dnssec-validation no;',
    '  empty-zones-enable no;',
    '  minimal-responses no;',
    '  answer-cookie no;',
    '  check-names primary ignore;',
    '  check-integrity no;',
    '  rrset-order { order none; };',
    `  recursion ${spec.recursion === true ? 'yes' : 'no'};`,
    ...(spec.recursion === true ? ['  allow-recursion { any; };'] : []),
    ...((spec.forwarders?.length ?? 0) > 0
      ? ['  forward only;', `  forwarders ${list(spec.forwarders ?? [])};`]
      : []),
    '};',
  ].join('\n')
}

/** What stands at the top level, or in one view: whether to recurse, the zones, and where to forward. */
function contents(server: NamedServer, keys: readonly string[], recursion: boolean): string {
  const { spec, zones } = server
  const lines = keys
    .filter((key) => zones[key] !== undefined)
    .map(
      (key) =>
        `zone ${quoted(zones[key]!.origin)} { type primary; file ${quoted(zoneFileName(key))}; };`,
    )
  const forwards = Object.entries(spec.conditionalForwarders ?? {}).map(
    ([origin, to]) =>
      `zone ${quoted(origin)} { type forward; forward only; forwarders ${list(to)}; };`,
  )
  const servesRoot = keys.some((key) => zones[key]?.origin === '.')
  const hints =
    spec.rootHints === undefined || servesRoot
      ? []
      : ['zone "." { type hint; file "root.hints"; };']
  return [...lines, ...(recursion ? [...forwards, ...hints] : [])].join('\n')
}

/** Only the addresses of the two ends choose a view in BIND. */
const isView = (policy: DnsPolicySpec): boolean =>
  policy.fqdn === undefined && policy.action === 'allow'

function viewsOf(server: NamedServer, policies: readonly DnsPolicySpec[]): string {
  const { spec } = server
  const views = policies.map((policy) => ({
    name: policy.name,
    clients: policy.clientSubnet,
    destination: policy.serverInterface,
    keys: zonesInScope(server, policy.scope),
    recursion: policy.recursion ?? spec.recursion === true,
  }))
  const rest = { name: 'default-scope', clients: undefined, destination: undefined }
  const last = { ...rest, keys: spec.zones ?? [], recursion: spec.recursion === true }
  return [...views, last]
    .map((view) =>
      [
        `view ${quoted(view.name)} {`,
        `match-clients ${list([view.clients ?? 'any'])};`,
        `match-destinations ${list([view.destination ?? 'any'])};`,
        `recursion ${view.recursion ? 'yes' : 'no'};`,
        ...(view.recursion ? ['allow-recursion { any; };'] : []),
        contents(server, view.keys, view.recursion),
        '};',
      ].join('\n'),
    )
    .join('\n')
}

/** The default scope's zones, with the scope's own in the place of the one with its origin. */
function zonesInScope({ spec, zones }: NamedServer, scope: string | undefined): readonly string[] {
  const key = scope === undefined ? undefined : spec.scopes?.[scope]
  const own = spec.zones ?? []
  if (key === undefined || zones[key] === undefined) return own
  return [...own.filter((other) => zones[other]?.origin !== zones[key]!.origin), key]
}

const notRendered = (policy: DnsPolicySpec): string =>
  `policy '${policy.name}': BIND's views do not know ${policy.fqdn === undefined ? `the action ${policy.action}` : `the criterion fqdn ${policy.fqdn}`}`

const rootHints = (addresses: readonly string[]): string =>
  addresses
    .flatMap((address, i) => [
      `. 3600000 IN NS root${i}.hints.invalid.`,
      `root${i}.hints.invalid. 3600000 IN ${address.includes(':') ? 'AAAA' : 'A'} ${address}`,
    ])
    .join('\n')
    .concat('\n')
