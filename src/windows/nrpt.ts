/**
 * The Name Resolution Policy Table: which rule decides over a name, and what it says. Pure functions on rules as they are written.
 * Not a resolver: `node/stub-resolver.ts` asks the servers. Where Microsoft is silent, the answer is a default with a name, which can be set,
 * and a decision that rests on one says so.
 */
import { isIpv4, parseIpv4, parsePrefix, prefixContains } from '../base/address.ts'
import { isWithin, parseName, sameName, type Name } from '../wire/dns/name.ts'

export interface NrptRule {
  /** `.corp.contoso.com`: the name and all below; `app.corp.contoso.com`: that name; `hrweb`: a first label; `.`: every name; `10.0.0.0/8`: reverse names. */
  readonly namespace: string
  /** Addresses. Absent: an exemption, the interface's servers are asked. Empty: written, and blank. */
  readonly servers?: readonly string[]
  /** Local rules only: also while the tunnel is down. Default false. */
  readonly persistent?: boolean
  /** Local rules only: whether the tunnel that it came with is up. Default: what the table says of all. */
  readonly connected?: boolean
}

export interface NrptTable {
  /** Rules of VPN profiles and of Add-DnsClientNrptRule. */
  readonly local: readonly NrptRule[]
  /** Rules of domain Group Policy. Present, even if empty: the local rules are not looked at. */
  readonly groupPolicy?: readonly NrptRule[] | undefined
  /** Whether the tunnel to which local rules belong is up. */
  readonly connected: boolean
}

/** What Microsoft does not describe, and what is assumed here. */
export interface NrptDefaults {
  /** Whether a first-label rule beats a suffix rule or gives way to it. */
  readonly prefixOrder: 'before-suffix' | 'after-suffix'
  /** Which of several local rules with one namespace counts. */
  readonly duplicates: 'last' | 'first' | 'none'
  /** What a list of servers that is there but blank means: as if it were omitted, or a rule that leads nowhere. */
  readonly blankServers: 'exemption' | 'no-servers'
}

export const NRPT_DEFAULTS: NrptDefaults = {
  prefixOrder: 'before-suffix',
  duplicates: 'last',
  blankServers: 'exemption',
}

export type NrptKind = 'fqdn' | 'prefix' | 'suffix' | 'subnet' | 'any' | 'star' | 'unreadable'

export interface NrptDecision {
  /** The rule that decides alone, however its servers fare; undefined: no rule matches. */
  readonly rule: NrptRule | undefined
  /** Whom to ask: the rule's servers, or the interface's. */
  readonly ask: 'rule' | 'interface'
  readonly servers: readonly string[]
  /** One line a step. */
  readonly why: readonly string[]
  /** Names of the {@link NrptDefaults} without which the decision could have been another. */
  readonly restsOn: readonly (keyof NrptDefaults)[]
}

/** What a namespace means by the way it is written. A star is taken literally, which no name matches. */
export function nrptKind(namespace: string): NrptKind {
  if (namespace.includes('*')) return 'star'
  if (namespace === '.') return 'any'
  if (namespace.includes('/')) return parsePrefix(namespace).ok ? 'subnet' : 'unreadable'
  if (!parseName(bare(namespace)).ok) return 'unreadable'
  if (namespace.startsWith('.')) return 'suffix'
  return bare(namespace).includes('.') ? 'fqdn' : 'prefix'
}

/** Without the dot in front and the one behind. */
const bare = (namespace: string): string => namespace.replace(/^\./, '').replace(/\.$/, '')

/** Which rule decides over `name` (fully qualified, with or without the last dot), and whom it sends to. */
export function decideByNrpt(
  name: string,
  table: NrptTable,
  defaults: NrptDefaults = NRPT_DEFAULTS,
): NrptDecision {
  const wanted = parseName(bare(name))
  const { rules, why } = rulesInForce(table)
  const matching = wanted.ok ? rules.filter((rule) => matches(rule.namespace, wanted.value)) : []
  const notes = [...why, ...starLines(rules)]
  const restsOn = new Set<keyof NrptDefaults>()
  const chosen: NrptRule[] = []
  for (const same of byNamespace(matching)) {
    if (same.length > 1 && table.groupPolicy === undefined) restsOn.add('duplicates')
    const rule = oneOf(same, table, defaults)
    if (rule === undefined) notes.push(conflictLine(same, table))
    else chosen.push(rule)
  }
  const kinds = chosen.map((rule) => nrptKind(rule.namespace))
  if (kinds.includes('prefix') && kinds.includes('suffix') && !kinds.includes('fqdn')) {
    restsOn.add('prefixOrder')
  }
  const best = chosen.toSorted((a, b) => compare(a, b, defaults))[0]
  if (best?.servers?.length === 0) restsOn.add('blankServers')
  return best === undefined
    ? {
        rule: undefined,
        ask: 'interface',
        servers: [],
        why: [...notes, 'no NRPT rule matches'],
        restsOn: [...restsOn],
      }
    : verdict(best, notes, [...restsOn], defaults)
}

const starLines = (rules: readonly NrptRule[]): string[] =>
  rules
    .filter((rule) => nrptKind(rule.namespace) === 'star')
    .map((rule) => `the rule ${rule.namespace} matches nothing: a star is taken literally`)

/** Rules that are written for the same namespace, in order of first appearance. */
function byNamespace(rules: readonly NrptRule[]): NrptRule[][] {
  const groups = new Map<string, NrptRule[]>()
  for (const rule of rules) {
    const key = rule.namespace.replace(/(.)\.$/, '$1').toLowerCase()
    groups.set(key, [...(groups.get(key) ?? []), rule])
  }
  return [...groups.values()]
}

function verdict(
  rule: NrptRule,
  notes: readonly string[],
  restsOn: readonly (keyof NrptDefaults)[],
  defaults: NrptDefaults,
): NrptDecision {
  const blank = rule.servers?.length === 0
  const exempt = rule.servers === undefined || (blank && defaults.blankServers === 'exemption')
  const line = exempt
    ? `the NRPT rule ${rule.namespace} exempts the name: the interface's servers are asked`
    : `the NRPT rule ${rule.namespace} sends the name to ${rule.servers?.join(', ') || 'no server at all'}`
  return {
    rule,
    ask: exempt ? 'interface' : 'rule',
    servers: exempt ? [] : (rule.servers ?? []),
    why: [...notes, line],
    restsOn,
  }
}

/** A policy key, even an empty one, hides every local rule; of the local ones those without `persistent` live with the tunnel. */
function rulesInForce(table: NrptTable): { rules: readonly NrptRule[]; why: readonly string[] } {
  const { local, groupPolicy, connected } = table
  if (groupPolicy !== undefined) {
    const hidden =
      local.length === 0
        ? []
        : [`Group Policy has an NRPT, so ${local.length} local rule(s) are ignored`]
    return { rules: groupPolicy, why: hidden }
  }
  const rules = local.filter((rule) => (rule.connected ?? connected) || rule.persistent === true)
  const asleep = local.length - rules.length
  return {
    rules,
    why: asleep === 0 ? [] : [`${asleep} NRPT rule(s) apply only while the tunnel is up`],
  }
}

function matches(namespace: string, name: Name): boolean {
  const kind = nrptKind(namespace)
  if (kind === 'any') return true
  if (kind === 'star' || kind === 'unreadable') return false
  if (kind === 'subnet') return inSubnet(namespace, name)
  const rule = parseName(bare(namespace))
  if (!rule.ok) return false
  if (kind === 'fqdn') return sameName(name, rule.value)
  if (kind === 'suffix') return isWithin(name, rule.value)
  return name.length > 0 && sameName(name.slice(0, 1), rule.value)
}

/** `4.3.2.10.in-addr.arpa` is 10.2.3.4. */
function inSubnet(namespace: string, name: Name): boolean {
  const prefix = parsePrefix(namespace)
  const reverse = name.length === 6 && isWithin(name, ['in-addr', 'arpa'])
  const address = reverse ? parseIpv4(name.slice(0, 4).toReversed().join('.')) : undefined
  return (
    prefix.ok &&
    isIpv4(prefix.value.address) &&
    address !== undefined &&
    prefixContains(prefix.value, address)
  )
}

/** The more specific first: the name itself, the first label, the longer suffix, any name. */
function compare(a: NrptRule, b: NrptRule, defaults: NrptDefaults): number {
  const [kindA, kindB] = [nrptKind(a.namespace), nrptKind(b.namespace)]
  const order = rankOf(kindA, defaults) - rankOf(kindB, defaults)
  return order === 0 ? specificity(b.namespace, kindB) - specificity(a.namespace, kindA) : order
}

function rankOf(kind: NrptKind, defaults: NrptDefaults): number {
  if (kind === 'fqdn') return 0
  if (kind === 'prefix') return defaults.prefixOrder === 'before-suffix' ? 1 : 3
  return kind === 'suffix' ? 2 : kind === 'subnet' ? 4 : 5
}

const specificity = (namespace: string, kind: NrptKind): number =>
  kind === 'subnet' ? Number(namespace.split('/')[1]) : bare(namespace).split('.').length

/** Of rules with one namespace: from two policies neither counts; of local ones the default says which. */
function oneOf(
  same: readonly NrptRule[],
  table: NrptTable,
  defaults: NrptDefaults,
): NrptRule | undefined {
  if (same.length === 1) return same[0]
  if (table.groupPolicy !== undefined || defaults.duplicates === 'none') return undefined
  return defaults.duplicates === 'first' ? same[0] : same.at(-1)
}

const conflictLine = (same: readonly NrptRule[], table: NrptTable): string =>
  table.groupPolicy === undefined
    ? `${same.length} NRPT rules for ${same[0]!.namespace}: none counts`
    : `two policies have a rule for ${same[0]!.namespace}: neither counts`
