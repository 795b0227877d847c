/**
 * What a packet's way through the kernel exercised, and what a full run must have met at least once.
 * Counted from what the kernel did, never from what the twin thinks.
 */
import type { FilterSpec, RuleSpec } from '../../../src/topology/firewall.ts'
import { packetOf, isForwarded } from './compare.ts'
import type { Drawn } from './draw-traffic.ts'
import type { Outcome } from './kernel.ts'
import type { LabName } from './labs.ts'
import { isIcmpError, read, TCP, type Read } from './packets.ts'

export interface Met {
  readonly drawn: Drawn
  readonly input: Read
  readonly outcome: Outcome
  readonly specs: readonly FilterSpec[]
}

export function featuresOf(met: Met, lab: LabName): readonly string[] {
  const out = [...met.drawn.features, `lab: ${lab}`]
  const { outcome, specs, input } = met
  for (const { router, tag } of outcome.logs) {
    const place = Number(tag.slice(1))
    const spec = specs[router]!
    const rule = spec.rules[place]
    if (rule !== undefined) out.push(...ruleFeatures(rule, spec))
    else out.push(`policy: ${POLICY_HOOKS[tag[0]!]} ${policyVerdict(spec, tag)}`)
  }
  const seen = outcome.frames.map(({ frame }) => read(packetOf(frame)))
  const forwarded = seen.filter((s) => isForwarded(s, input))
  const made = seen.filter((s) => !isForwarded(s, input))
  for (const s of forwarded) out.push(...translationFeatures(s, input))
  if (forwarded.length > 1) out.push('cut into fragments')
  for (const s of made) out.push(`router sent: ${madeName(s)}`)
  return out
}

const POLICY_HOOKS: Readonly<Record<string, string>> = { f: 'forward', i: 'input', o: 'output' }

function policyVerdict(spec: FilterSpec, tag: string): string {
  const hook = POLICY_HOOKS[tag[0]!] as 'forward' | 'input' | 'output'
  return spec.otherwise?.[hook]?.verdict ?? 'default'
}

function ruleFeatures(rule: RuleSpec, spec: FilterSpec): readonly string[] {
  const verdict = typeof rule.verdict === 'object' ? `reject ${rule.verdict.reject}` : rule.verdict
  const place = (name: string | undefined): string =>
    name !== undefined && Object.hasOwn(spec.zones ?? {}, name) ? 'zone' : 'network'
  const lists = (match: RuleSpec['source']): string =>
    typeof match === 'string' ? (match.startsWith('!') ? 'all but one' : 'one') : 'list'
  return [
    `verdict: ${verdict}`,
    `hook: ${rule.hook ?? 'forward'}`,
    ...(rule.from === undefined ? [] : [`rule from: ${place(rule.from)}`]),
    ...(rule.to === undefined ? [] : [`rule to: ${place(rule.to)}`]),
    ...(rule.source === undefined ? [] : [`rule source: ${lists(rule.source)}`]),
    ...(rule.destination === undefined ? [] : [`rule destination: ${lists(rule.destination)}`]),
    ...(rule.protocol === undefined
      ? []
      : [`rule protocol: ${typeof rule.protocol === 'number' ? 'number' : rule.protocol}`]),
    ...(rule.udp === undefined ? [] : ['rule udp']),
    ...(rule.tcp === undefined ? [] : ['rule tcp']),
    ...(rule.sourcePorts === undefined ? [] : ['rule source ports']),
    ...(rule.icmp === undefined ? [] : ['rule icmp']),
    ...(rule.tcpFlags === undefined ? [] : ['rule tcp flags']),
    ...(rule.state ?? []).map((state) => `rule state: ${state}`),
    ...(rule.log === true ? ['rule log'] : []),
  ]
}

function translationFeatures(seen: Read, input: Read): readonly string[] {
  const source = seen.source !== input.source
  const destination = seen.destination !== input.destination
  const error = isIcmpError(seen)
  return [
    'forwarded',
    ...(source ? ['source translated'] : []),
    ...(destination ? ['destination translated'] : []),
    ...(!error && seen.sourcePort !== input.sourcePort ? ['source port changed'] : []),
    ...(!error && seen.destinationPort !== input.destinationPort
      ? ['destination port changed']
      : []),
    ...(error && (source || destination) ? ['icmp error translated'] : []),
  ]
}

function madeName(seen: Read): string {
  if (isIcmpError(seen)) return `icmp ${seen.packet[seen.l4]}/${seen.packet[seen.l4 + 1]}`
  if (seen.protocol === TCP) return 'tcp reset'
  return `protocol ${seen.protocol}`
}

export const EXPECTED_FEATURES: readonly string[] = [
  ...['single', 'pair', 'slow'].map((lab) => `lab: ${lab}`),
  ...['accept', 'drop', 'continue'].map((verdict) => `verdict: ${verdict}`),
  ...[
    'port-unreachable',
    'host-unreachable',
    'net-unreachable',
    'proto-unreachable',
    'host-prohibited',
    'net-prohibited',
    'admin-prohibited',
    'tcp-reset',
  ].map((type) => `verdict: reject ${type}`),
  ...[0, 1, 2, 3, 9, 10, 13].map((code) => `router sent: icmp 3/${code}`),
  'router sent: icmp 3/4',
  'router sent: icmp 11/0',
  'router sent: tcp reset',
  ...['forward', 'input', 'output'].flatMap((hook) => [
    `hook: ${hook}`,
    `policy: ${hook} accept`,
    `policy: ${hook} drop`,
  ]),
  ...['zone', 'network'].flatMap((place) => [`rule from: ${place}`, `rule to: ${place}`]),
  ...['one', 'all but one', 'list'].flatMap((kind) => [
    `rule source: ${kind}`,
    `rule destination: ${kind}`,
  ]),
  ...['icmp', 'tcp', 'udp', 'gre', 'esp', 'ah', 'number'].map((name) => `rule protocol: ${name}`),
  ...['udp', 'tcp', 'source ports', 'icmp', 'tcp flags', 'log'].map((field) => `rule ${field}`),
  ...['new', 'established', 'related', 'invalid'].map((state) => `rule state: ${state}`),
  ...[
    'syn',
    'syn+ack',
    'ack',
    'psh+ack',
    'fin+ack',
    'rst',
    'rst+ack',
    'ack+urg',
    'syn+urg',
    'fin+ack+urg',
    'none',
    'fin',
  ].map((flags) => `tcp flags: ${flags}`),
  'tcp: sequence number out of order',
  'tcp: acknowledgment out of order',
  'tcp: repeated',
  'udp: no checksum',
  'udp: wrong length',
  'wrong transport checksum',
  'transport header cut short',
  ...[8, 0, 13, 14, 15, 16, 9, 40].map((type) => `icmp: type ${type}`),
  ...['3/0', '3/1', '3/3', '3/4', '3/13', '4/0', '5/1', '11/0', '11/1', '12/0'].map(
    (error) => `icmp error: ${error}`,
  ),
  'icmp error: short quote',
  'icmp error: quotes a later fragment',
  'icmp error: to somebody else',
  'icmp error translated',
  ...[4, 47, 50, 51, 89, 253].map((protocol) => `protocol: ${protocol}`),
  'ttl: 1',
  'ip options',
  'too big, DF',
  'too big, may be cut',
  'fragments',
  'cut into fragments',
  'forwarded',
  'source translated',
  'destination translated',
  'source port changed',
  'destination port changed',
]
