/**
 * A FilterSpec as an nftables ruleset and as the sysctls of its timeouts: text that `nft -f` loads into a Linux router.
 * Pure functions; nothing is run here. The kernel that loads it is also the judge of `net/filter`, which starts from the same matches.
 */
import { formatIpv4, type Ipv4 } from '../../base/address.ts'
import type { Duration } from '../../base/time.ts'
import { policyOf } from '../../net/filter/compile.ts'
import { natMatch, ruleMatch, type Branch, type Match, type Zones } from '../../net/filter/match.ts'
import type { Ranges } from '../../net/filter/ranges.ts'
import { ICMP, TCP, UDP } from '../../net/filter/tuple.ts'
import type {
  FilterSpec,
  Hook,
  NatRuleSpec,
  RejectWith,
  RuleVerdict,
  SessionTimeouts,
} from '../../topology/firewall.ts'

export interface NftablesOptions {
  /** The hook of rules that name none. */
  readonly defaultHook: 'forward' | 'input'
  /** The Linux interface on a network. Default: it is called like the network. */
  readonly interfaceOf?: (network: string) => string
  /** Log every filter rule and policy that matches to this NFLOG group, so that each verdict can be traced to its rule by {@link ruleTag}. */
  readonly attributeTo?: number
}

/** What a rule's NFLOG prefix says with `attributeTo`: the hook's first letter and the rule's place in the spec, `*` for the policy. */
export const ruleTag = (hook: Hook, place: number | undefined): string =>
  `${hook[0]}${place ?? '*'}`

const TABLE = 'sallyport'
const TEXT_MAX = 120

/** A whole ruleset; loading it replaces what was there and forgets no session. */
export function renderNftables(spec: FilterSpec, options: NftablesOptions): string {
  const zones: Zones = spec.zones ?? {}
  const hooks = ['input', 'forward', 'output'] as const
  return [
    'flush ruleset',
    `table ip ${TABLE} {`,
    ...trackingChain(),
    ...natChains(spec.nat ?? [], zones, options),
    ...hooks.flatMap((hook) => filterChain(spec, hook, zones, options)),
    '}',
    '',
  ].join('\n')
}

/** Linux tracks connections, and puts fragments together, only where a rule asks for a state: this one always does. */
const trackingChain = (): readonly string[] => [
  '\tchain tracking {',
  '\t\ttype filter hook prerouting priority filter; policy accept;',
  '\t\tct state invalid counter',
  '\t}',
]

function filterChain(
  spec: FilterSpec,
  hook: Hook,
  zones: Zones,
  options: NftablesOptions,
): readonly string[] {
  const policy = policyOf(spec, hook)
  const rules = spec.rules.flatMap((rule, place) => {
    if ((rule.hook ?? options.defaultHook) !== hook) return []
    const actions = [
      'counter',
      ...attribution(options, ruleTag(hook, place)),
      ...(rule.log === true ? [`log prefix "${quotable(rule.name)}: "`] : []),
      verdictText(rule.verdict),
      `comment "${quotable(rule.name)}"`,
    ].join(' ')
    return matchLines(ruleMatch(rule, zones), options).map((match) => joinWords(match, actions))
  })
  return [
    `\tchain ${hook} {`,
    `\t\ttype filter hook ${hook} priority filter; policy ${policy.verdict};`,
    ...indent(rules),
    `\t\t${joinWords(
      'counter',
      ...attribution(options, ruleTag(hook, undefined)),
      policy.verdict,
      `comment "${quotable(policy.name)}"`,
    )}`,
    '\t}',
  ]
}

function attribution({ attributeTo }: NftablesOptions, tag: string): readonly string[] {
  return attributeTo === undefined ? [] : [`log prefix "${tag}" group ${attributeTo}`]
}

/** nft names `proto-unreachable` after its abbreviation; the others are called as we call them. */
const REJECTIONS: Readonly<Record<RejectWith, string>> = {
  'port-unreachable': 'icmp port-unreachable',
  'host-unreachable': 'icmp host-unreachable',
  'net-unreachable': 'icmp net-unreachable',
  'proto-unreachable': 'icmp prot-unreachable',
  'host-prohibited': 'icmp host-prohibited',
  'net-prohibited': 'icmp net-prohibited',
  'admin-prohibited': 'icmp admin-prohibited',
  'tcp-reset': 'tcp reset',
}

const verdictText = (verdict: RuleVerdict): string =>
  typeof verdict === 'object' ? `reject with ${REJECTIONS[verdict.reject]}` : verdict

function natChains(
  rules: readonly NatRuleSpec[],
  zones: Zones,
  options: NftablesOptions,
): readonly string[] {
  if (rules.length === 0) return []
  const lines = (arriving: boolean): readonly string[] =>
    rules
      .filter((rule) => (rule.kind === 'dnat') === arriving)
      .flatMap((rule) => natLines(rule, natMatch(rule, zones), options))
  return [
    '\tchain prerouting {',
    '\t\ttype nat hook prerouting priority dstnat; policy accept;',
    ...indent(lines(true)),
    '\t}',
    '\tchain postrouting {',
    '\t\ttype nat hook postrouting priority srcnat; policy accept;',
    ...indent(lines(false)),
    '\t}',
  ]
}

/** Ports are said where the protocol has some; a second line translates the rest by address alone. */
function natLines(rule: NatRuleSpec, match: Match, options: NftablesOptions): readonly string[] {
  const action = (ports: string): string => {
    const to = rule.kind === 'masquerade' ? '' : rule.toAddress
    const target = `${to}${ports}`
    return joinWords(
      'counter',
      rule.kind,
      target === '' ? '' : `to ${target}`,
      `comment "${quotable(rule.name)}"`,
    )
  }
  const ports = portText(rule)
  if (ports === '') return matchLines(match, options).map((line) => joinWords(line, action('')))
  const isOpen = match.branches.some((branch) => branch.protocol === undefined)
  const withPorts = isOpen
    ? [UDP, TCP].map((protocol) => ({ ...ANY, protocol }))
    : match.branches.filter(({ protocol }) => protocol === TCP || protocol === UDP)
  const without = match.branches.filter(({ protocol }) => protocol !== TCP && protocol !== UDP)
  return [
    ...matchLines({ ...match, branches: withPorts }, options).map((line) =>
      joinWords(line, action(ports)),
    ),
    ...matchLines({ ...match, branches: without }, options).map((line) =>
      joinWords(line, action('')),
    ),
  ]
}

const ANY: Branch = {
  protocol: undefined,
  sourcePorts: undefined,
  destinationPorts: undefined,
  icmp: undefined,
  flags: undefined,
}

function portText(rule: NatRuleSpec): string {
  if (rule.kind === 'dnat') return rule.toPort === undefined ? '' : `:${rule.toPort}`
  return rule.toPorts === undefined ? '' : `:${rule.toPorts[0]}-${rule.toPorts[1]}`
}

/** One line for each way in which the match can hold; no two lines hold for one packet. */
function matchLines(match: Match, options: NftablesOptions): readonly string[] {
  const { states, source, destination } = match
  if (states?.length === 0 || source?.length === 0 || destination?.length === 0) return []
  const common = joinWords(
    interfaceWords('iifname', match.from, options),
    interfaceWords('oifname', match.to, options),
    states === undefined ? '' : `ct state ${states.join(',')}`,
    source === undefined ? '' : `ip saddr ${addressSet(source)}`,
    destination === undefined ? '' : `ip daddr ${addressSet(destination)}`,
  )
  return match.branches.flatMap(branchLines).map((line) => joinWords(common, line))
}

function interfaceWords(
  key: string,
  networks: readonly string[] | undefined,
  { interfaceOf = (network) => network }: NftablesOptions,
): string {
  if (networks === undefined) return ''
  const names = [...new Set(networks)].map((network) => `"${interfaceOf(network)}"`)
  return `${key} ${names.length === 1 ? names[0]! : `{ ${names.join(', ')} }`}`
}

function branchLines(branch: Branch): readonly string[] {
  switch (branch.protocol) {
    case undefined:
      return ['']
    case TCP:
    case UDP:
      return [portLine(branch, branch.protocol === TCP ? 'tcp' : 'udp')]
    case ICMP:
      return icmpLines(branch)
    default:
      return [`meta l4proto ${branch.protocol}`]
  }
}

function portLine(branch: Branch, protocol: 'tcp' | 'udp'): string {
  const { sourcePorts, destinationPorts, flags } = branch
  return joinWords(
    `meta l4proto ${protocol}`,
    sourcePorts === undefined ? '' : `${protocol} sport ${rangeSet(sourcePorts, String)}`,
    destinationPorts === undefined ? '' : `${protocol} dport ${rangeSet(destinationPorts, String)}`,
    flags === undefined || flags.mask === 0 ? '' : `tcp flags & ${flags.mask} == ${flags.set}`,
  )
}

function icmpLines({ icmp }: Branch): readonly string[] {
  if (icmp === undefined) return ['meta l4proto icmp']
  const whole = new Set(icmp.filter(({ code }) => code === undefined).map(({ type }) => type))
  const pairs = new Set(
    icmp
      .filter(({ type, code }) => code !== undefined && !whole.has(type))
      .map(({ type, code }) => `icmp type ${type} icmp code ${code}`),
  )
  return [...(whole.size === 0 ? [] : [`icmp type { ${[...whole].join(', ')} }`]), ...pairs]
}

const addressSet = (ranges: Ranges): string =>
  rangeSet(ranges, (address) => formatIpv4(address as Ipv4))

function rangeSet(ranges: Ranges, format: (value: number) => string): string {
  const parts: string[] = []
  for (let i = 0; i < ranges.length; i += 2) {
    const [from, to] = [ranges[i]!, ranges[i + 1]!]
    parts.push(from === to ? format(from) : `${format(from)}-${format(to)}`)
  }
  return parts.length === 1 ? parts[0]! : `{ ${parts.join(', ')} }`
}

const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => `\t\t${line}`)
const joinWords = (...words: readonly string[]): string => words.filter((w) => w !== '').join(' ')
/** nft knows no escapes inside quotes. */
const quotable = (text: string): string => text.replace(/["\\\n]/g, "'").slice(0, TEXT_MAX)

const SYSCTLS: Readonly<Record<keyof SessionTimeouts, string>> = {
  udp: 'udp_timeout',
  udpStream: 'udp_timeout_stream',
  icmp: 'icmp_timeout',
  generic: 'generic_timeout',
  tcpSynSent: 'tcp_timeout_syn_sent',
  tcpSynReceived: 'tcp_timeout_syn_recv',
  tcpEstablished: 'tcp_timeout_established',
  tcpFinWait: 'tcp_timeout_fin_wait',
  tcpCloseWait: 'tcp_timeout_close_wait',
  tcpLastAck: 'tcp_timeout_last_ack',
  tcpTimeWait: 'tcp_timeout_time_wait',
  tcpClose: 'tcp_timeout_close',
}

/** Lines for `sysctl -p`: only the timeouts that the spec sets, in whole seconds as Linux wants them. */
export function renderSysctls(spec: FilterSpec): string {
  const set = Object.entries(spec.sessions ?? {}) as [keyof SessionTimeouts, Duration][]
  return set
    .map(
      ([key, span]) => `net.netfilter.nf_conntrack_${SYSCTLS[key]} = ${Math.round(span / 1e6)}\n`,
    )
    .join('')
}
