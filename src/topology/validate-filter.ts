/**
 * Filter rules, NAT rules and NAT routers that cannot be built: names that are no network or zone, prefixes, ranges, twins.
 * Not an opinion: a rule that can never match is a finding of `check`.
 */
import type { Duration } from '../base/time.ts'
import type {
  FilterSpec,
  NatRouterSpec,
  NatRuleSpec,
  PortMatch,
  RuleSpec,
  SessionTimeouts,
} from './firewall.ts'
import type { Problems } from './problems.ts'
import type { NatRouterNodeSpec, Topology } from './topology.ts'
import { spanComplaint } from './validate-pki.ts'
import { ipv4Complaint, prefixMatchComplaint, unknownName } from './values.ts'

export function validateFilter(t: Topology, filter: FilterSpec, problems: Problems): void {
  const { networks } = t
  const zones = Object.entries(filter.zones ?? {})
  for (const [zone, members] of zones) {
    const here = problems.at('zones', zone)
    members.forEach((member, i) => here.at(i).add(unknownName('network', member, networks)))
    if (Object.hasOwn(networks, zone) && members.join() !== zone) {
      here.add(`a network has the name '${zone}', too: rules could mean either`)
    }
  }
  const places = { ...networks, ...filter.zones }
  uniqueNames('rule', filter.rules, problems.at('rules'))
  filter.rules.forEach((rule, i) => validateRule(rule, places, problems.at('rules', i)))
  uniqueNames('NAT rule', filter.nat ?? [], problems.at('nat'))
  filter.nat?.forEach((rule, i) => validateNatRule(rule, places, problems.at('nat', i)))
  validateTimeouts(filter.sessions ?? {}, problems.at('sessions'))
}

/** The name is what explanations quote, so it must say which one. */
function uniqueNames(
  what: string,
  named: readonly { readonly name: string }[],
  problems: Problems,
): void {
  const seen = new Set<string>()
  named.forEach(({ name }, i) => {
    if (name === '') problems.at(i, 'name').add(`a ${what} needs a name`)
    else if (seen.has(name)) problems.at(i, 'name').add(`there is another ${what} '${name}' here`)
    seen.add(name)
  })
}

/** Networks and zones by name: where a packet may come from or go to. */
type Places = Readonly<Record<string, unknown>>

/** What filter and NAT rules have in common. */
type Matched = Pick<
  RuleSpec,
  'from' | 'to' | 'source' | 'destination' | 'udp' | 'tcp' | 'sourcePorts'
>

function validateMatch(match: Matched, places: Places, problems: Problems): void {
  for (const side of ['from', 'to'] as const) {
    const name = match[side]
    if (name !== undefined) problems.at(side).add(unknownName('network or zone', name, places))
  }
  for (const side of ['source', 'destination'] as const) {
    const written = match[side]
    if (typeof written === 'string') problems.at(side).add(prefixMatchComplaint(written))
    else written?.forEach((text, i) => problems.at(side, i).add(prefixMatchComplaint(text)))
  }
  for (const list of ['udp', 'tcp', 'sourcePorts'] as const) {
    match[list]?.forEach((ports, i) => validateRange(ports, problems.at(list, i)))
  }
}

function validateRange(range: PortMatch, problems: Problems): void {
  if (typeof range !== 'number' && range[0] > range[1]) {
    problems.add(`the range begins at ${range[0]}, after its end ${range[1]}`)
  }
}

function validateRule(rule: RuleSpec, places: Places, problems: Problems): void {
  validateMatch(rule, places, problems)
  if (rule.hook === 'input' && rule.to !== undefined) {
    problems.at('to').add('a packet at the input hook leaves by no network')
  }
  if (rule.hook === 'output' && rule.from !== undefined) {
    problems.at('from').add('a packet at the output hook came in by no network')
  }
  const stray = rule.tcpFlags?.set.find((flag) => !rule.tcpFlags!.mask.includes(flag))
  if (stray !== undefined) {
    problems.at('tcpFlags').add(`'${stray}' is in set and not in mask: it could never match`)
  }
}

function validateNatRule(rule: NatRuleSpec, places: Places, problems: Problems): void {
  validateMatch(rule, places, problems)
  if (rule.kind === 'dnat' && rule.to !== undefined) {
    problems.at('to').add('dnat comes before routing, so nobody knows yet where the packet leaves')
  }
  if (rule.kind !== 'dnat' && rule.from !== undefined) {
    problems.at('from').add(`${rule.kind} comes after routing and knows only where packets leave`)
  }
  if (rule.kind !== 'masquerade') problems.at('toAddress').add(ipv4Complaint(rule.toAddress))
  if (rule.kind !== 'dnat' && rule.toPorts !== undefined) {
    validateRange(rule.toPorts, problems.at('toPorts'))
  }
}

function validateTimeouts(
  timeouts: SessionTimeouts | NonNullable<NatRouterSpec['timeouts']>,
  problems: Problems,
): void {
  for (const [state, span] of Object.entries<Duration | undefined>({ ...timeouts })) {
    if (span !== undefined) problems.at(state).add(spanComplaint(span))
  }
}

export function validateNatRouter(t: Topology, node: NatRouterNodeSpec, problems: Problems): void {
  const { nat } = node
  const unknown = unknownName('network', nat.outside, t.networks)
  problems.at('outside').add(unknown)
  if (unknown === undefined && !node.interfaces.some(({ network }) => network === nat.outside)) {
    problems.at('outside').add(`this node has no interface on '${nat.outside}'`)
  }
  validateTimeouts(nat.timeouts ?? {}, problems.at('timeouts'))
  validateForwards(nat, problems.at('forwards'))
  uniqueNames('block', nat.blocks ?? [], problems.at('blocks'))
  nat.blocks?.forEach((block, i) => {
    for (const list of ['ports', 'exceptPorts'] as const) {
      block[list]?.forEach((ports, j) => validateRange(ports, problems.at('blocks', i, list, j)))
    }
  })
}

function validateForwards(nat: NatRouterSpec, problems: Problems): void {
  uniqueNames('port forward', nat.forwards ?? [], problems)
  nat.forwards?.forEach((forward, i) => {
    problems.at(i, 'toAddress').add(ipv4Complaint(forward.toAddress))
    if (forward.udp === undefined && forward.tcp === undefined) {
      problems.at(i).add('forwards nothing: give it a udp or a tcp port')
    }
  })
}
