/**
 * From a FilterSpec to the lists that are tried per packet: one filter list a hook, one list of translations a side.
 * Not the engine: `filter.ts` runs what is made here.
 */
import { parseIpv4, type Ipv4 } from '../../base/address.ts'
import { invariant } from '../../base/invariant.ts'
import type {
  DefaultPolicy,
  FilterSpec,
  Hook,
  NatRuleSpec,
  RejectWith,
  RuleSpec,
} from '../../topology/firewall.ts'
import type { Stop } from '../packet.ts'
import { natMatch, networksOf, ruleMatch, type Zones } from './match.ts'
import type { Target } from './nat.ts'
import { Matcher, Nics, RuleList, type Counter, type Rule } from './rules.ts'
import { TCP, UDP } from './tuple.ts'

export interface FilterRule extends Rule {
  readonly verdict: 'accept' | 'drop' | 'reject' | 'continue'
  /** Made once: dropping a packet allocates nothing. */
  readonly drop: Stop
  readonly reject: (Stop & { kind: 'reject' }) | undefined
}

export interface NatRule extends Rule {
  readonly kind: NatRuleSpec['kind']
  readonly address: Ipv4 | undefined
  readonly ports: Target['ports']
}

export interface Chain {
  readonly hook: Hook
  readonly list: RuleList<FilterRule>
  readonly otherwise: FilterRule
}

export interface Compiled {
  readonly nics: Nics
  readonly forward: Chain
  readonly input: Chain
  readonly output: Chain
  /** Undefined: this host translates nothing, and so ports never change either. */
  readonly nat:
    | { readonly arriving: RuleList<NatRule>; readonly leaving: RuleList<NatRule> }
    | undefined
  /** By name; rules, policies and translations. */
  readonly counters: ReadonlyMap<string, Counter>
}

/** What Linux-like firewalls do when a FilterSpec does not say: nothing passes, nothing enters, everything leaves. */
export const DEFAULT_POLICIES: Readonly<Record<Hook, DefaultPolicy>> = {
  forward: { name: 'default forward', verdict: 'drop' },
  input: { name: 'default input', verdict: 'drop' },
  output: { name: 'default output', verdict: 'accept' },
}

export const policyOf = (spec: FilterSpec, hook: Hook): DefaultPolicy =>
  spec.otherwise?.[hook] ?? DEFAULT_POLICIES[hook]

export function compile(spec: FilterSpec, defaultHook: 'forward' | 'input'): Compiled {
  const zones: Zones = spec.zones ?? {}
  const named = [...spec.rules, ...(spec.nat ?? [])]
    .flatMap(({ from, to }) => [from, to])
    .filter((name) => name !== undefined)
    .flatMap((name) => networksOf(name, zones))
  const nics = new Nics(named)
  const counters = new Map<string, Counter>()
  // Rules that share a name share a counter.
  const counterOf = (name: string): Counter => {
    const counter = counters.get(name) ?? { packets: 0, bytes: 0 }
    counters.set(name, counter)
    return counter
  }
  const chain = (hook: Hook): Chain => ({
    hook,
    list: new RuleList(
      spec.rules
        .filter((rule) => (rule.hook ?? defaultHook) === hook)
        .map((rule) => filterRule(rule, new Matcher(ruleMatch(rule, zones), nics), counterOf)),
    ),
    otherwise: filterRule(
      policyOf(spec, hook),
      new Matcher(ruleMatch(policyOf(spec, hook), zones), nics),
      counterOf,
    ),
  })
  const natList = (kinds: readonly NatRuleSpec['kind'][]): RuleList<NatRule> =>
    new RuleList(
      (spec.nat ?? [])
        .filter((rule) => kinds.includes(rule.kind))
        .map((rule) => natRule(rule, new Matcher(natMatch(rule, zones), nics), counterOf)),
    )
  return {
    nics,
    forward: chain('forward'),
    input: chain('input'),
    output: chain('output'),
    nat:
      spec.nat === undefined || spec.nat.length === 0
        ? undefined
        : { arriving: natList(['dnat']), leaving: natList(['snat', 'masquerade']) },
    counters,
  }
}

function filterRule(
  rule: Pick<RuleSpec, 'name' | 'verdict' | 'log'>,
  matcher: Matcher,
  counterOf: (name: string) => Counter,
): FilterRule {
  const { name, verdict } = rule
  const rejectWith: RejectWith | undefined =
    typeof verdict === 'object' ? verdict.reject : undefined
  return {
    name,
    matcher,
    counter: counterOf(name),
    decides: verdict !== 'continue',
    log: rule.log ?? false,
    verdict: typeof verdict === 'object' ? 'reject' : verdict,
    drop: { kind: 'drop', rule: name, reason: 'filter' },
    reject: rejectWith && { kind: 'reject', rule: name, with: rejectWith },
  }
}

function natRule(
  rule: NatRuleSpec,
  matcher: Matcher,
  counterOf: (name: string) => Counter,
): NatRule {
  const address = rule.kind === 'masquerade' ? undefined : parseIpv4(rule.toAddress)
  invariant(
    rule.kind === 'masquerade' || address !== undefined,
    `NAT rule '${rule.name}' translates to what is no address`,
  )
  return {
    name: rule.name,
    matcher,
    counter: counterOf(rule.name),
    decides: true,
    log: false,
    kind: rule.kind,
    address,
    ports: portsOf(rule),
  }
}

const portsOf = (rule: NatRuleSpec): Target['ports'] =>
  rule.kind === 'dnat'
    ? rule.toPort === undefined
      ? undefined
      : [rule.toPort, rule.toPort]
    : rule.toPorts

/** `toPorts` bounds the ports of protocols that have some; others are translated by address alone. */
export const hasPorts = (protocol: number): boolean => protocol === TCP || protocol === UDP
