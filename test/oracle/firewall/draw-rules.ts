/**
 * Rulesets drawn from a seed: every field of a rule, every verdict, every kind of translation, in combinations that let enough through
 * for flows to get somewhere. Rules are named by their place.
 */
import { formatIpv4 } from '../../../src/base/address.ts'
import type { Rng } from '../../../src/base/rng.ts'
import { seconds } from '../../../src/base/time.ts'
import type {
  ConnectionState,
  FilterSpec,
  NatRuleSpec,
  PortMatch,
  ProtocolName,
  RejectWith,
  RuleSpec,
  SessionTimeouts,
  TcpFlag,
} from '../../../src/topology/firewall.ts'
import { HOSTS, VIRTUAL } from './labs.ts'

export const SERVICE_PORTS = [22, 53, 80, 443, 500, 1812, 3389, 4500, 8080, 40_000] as const
/** Where clients send from; few enough to clash behind one address. Each class of source ports is there. */
export const CLIENT_PORTS = [123, 500, 700, 1023, 4500, 5000, 30_000, 49_152] as const
export const OTHER_PROTOCOLS = [4, 47, 50, 51, 89, 253] as const

const PREFIXES = [
  '192.168.1.0/24',
  '192.168.0.0/16',
  '192.168.1.128/25',
  '192.168.1.5',
  '10.1.0.0/16',
  '172.16.0.0/24',
  '172.16.0.0/12',
  '172.16.5.9/32',
  '198.18.0.0/15',
  '10.2.0.2',
  '10.9.0.0/16',
  '10.9.1.1',
  '0.0.0.0/0',
]
const REJECTS: readonly RejectWith[] = [
  'port-unreachable',
  'host-unreachable',
  'net-unreachable',
  'proto-unreachable',
  'host-prohibited',
  'net-prohibited',
  'admin-prohibited',
  'tcp-reset',
]
const STATES: readonly ConnectionState[] = ['new', 'established', 'related', 'invalid']
const FLAGS: readonly TcpFlag[] = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg']
const PROTOCOL_NAMES: readonly ProtocolName[] = ['icmp', 'tcp', 'udp', 'gre', 'esp', 'ah']
/** Sizes by which a draw of a source port is recognised; none is that of a port class. */
const RANGES = [
  [2000, 2000],
  [2100, 2101],
  [1000, 1004],
  [20_000, 20_029],
  [3000, 3299],
  [50_000, 51_999],
] as const

export interface Ground {
  readonly networks: readonly string[]
  readonly nat: boolean
  /** Translate one side only: with both, a mapping may outlive its flow until the kernel happens to collect it. */
  readonly oneSided: boolean
  /** Network on whose addresses flows are translated. */
  readonly outside: string
  /** Another router follows: what one of them draws nobody would see, and packets must not bounce between the two. */
  readonly inRow: boolean
  readonly sessions: boolean
  readonly stateless: boolean
  /** The address of the router on `outside`. */
  readonly ownAddress: string
}

const some = <T>(rng: Rng, items: readonly T[], most: number): readonly T[] => {
  const left = [...items]
  const out: T[] = []
  const wanted = 1 + rng.below(Math.min(most, items.length))
  while (out.length < wanted) out.push(...left.splice(rng.below(left.length), 1))
  return out
}

function drawPorts(rng: Rng, from: readonly number[]): readonly PortMatch[] {
  if (rng.chance(0.1)) return []
  if (rng.chance(0.3)) {
    const [a, b] = [rng.pick(from), rng.pick(from)].toSorted((x, y) => x - y)
    return [[a!, b!]]
  }
  const ports: PortMatch[] = [...some(rng, from, 4)]
  if (rng.chance(0.2)) ports.push([1024, 1024 + rng.below(60_000)])
  return ports
}

function drawPrefixes(rng: Rng): string | readonly string[] {
  const one = (): string => `${rng.chance(0.25) ? '!' : ''}${rng.pick(PREFIXES)}`
  return rng.chance(0.3) ? [one(), one(), ...(rng.chance(0.5) ? [one()] : [])] : one()
}

type Header = Pick<RuleSpec, 'protocol' | 'udp' | 'tcp' | 'sourcePorts' | 'icmp' | 'tcpFlags'>

function drawIcmp(rng: Rng): NonNullable<RuleSpec['icmp']> {
  const one = (): number | readonly [number, number] =>
    rng.chance(0.5)
      ? rng.pick([0, 3, 8, 11, 12, 13, 17])
      : rng.pick([
          [3, 3],
          [3, 4],
          [8, 0],
          [11, 0],
          [5, 1],
        ] as const)
  return Array.from({ length: 1 + rng.below(3) }, one)
}

function drawFlags(rng: Rng): NonNullable<RuleSpec['tcpFlags']> {
  const usual = [
    { mask: ['fin', 'syn', 'rst', 'ack'], set: ['syn'] },
    { mask: ['syn', 'ack'], set: ['syn', 'ack'] },
    { mask: ['rst'], set: ['rst'] },
  ] as const
  if (rng.chance(0.5)) return rng.pick(usual)
  const mask = some(rng, FLAGS, 6)
  return { mask, set: mask.filter(() => rng.chance(0.4)) }
}

function drawHeader(rng: Rng): Header {
  switch (rng.below(10)) {
    case 0:
    case 1:
      return { udp: drawPorts(rng, SERVICE_PORTS) }
    case 2:
    case 3:
      return { tcp: drawPorts(rng, SERVICE_PORTS) }
    case 4:
      return { udp: drawPorts(rng, SERVICE_PORTS), tcp: drawPorts(rng, SERVICE_PORTS) }
    case 5:
      return { icmp: drawIcmp(rng) }
    case 6:
      return { protocol: rng.pick(PROTOCOL_NAMES) }
    case 7:
      return { protocol: rng.pick(OTHER_PROTOCOLS) }
    case 8:
      return rng.chance(0.5)
        ? { sourcePorts: drawPorts(rng, CLIENT_PORTS) }
        : { udp: drawPorts(rng, SERVICE_PORTS), sourcePorts: drawPorts(rng, CLIENT_PORTS) }
    default:
      return { tcpFlags: drawFlags(rng), ...(rng.chance(0.3) ? { protocol: 'tcp' } : {}) }
  }
}

function drawVerdict(rng: Rng): RuleSpec['verdict'] {
  const draw = rng.fraction()
  if (draw < 0.5) return 'accept'
  if (draw < 0.65) return 'drop'
  return draw < 0.9 ? { reject: rng.pick(REJECTS) } : 'continue'
}

function drawRule(rng: Rng, place: number, ground: Ground): RuleSpec {
  const places = [...ground.networks, 'trusted', 'world']
  const hookDraw = rng.fraction()
  const hook = hookDraw < 0.8 ? undefined : hookDraw < 0.9 ? 'input' : 'output'
  const drawn = drawVerdict(rng)
  // What a router's own output rules reject is answered over its loopback, which the twin does not have.
  const verdict = hook === 'output' && typeof drawn === 'object' ? 'drop' : drawn
  return {
    name: `r${place}`,
    verdict,
    ...(hook === undefined ? {} : { hook }),
    ...(hook !== 'output' && rng.chance(0.4) ? { from: rng.pick(places) } : {}),
    ...(hook !== 'input' && rng.chance(0.3) ? { to: rng.pick(places) } : {}),
    ...(rng.chance(0.3) ? { source: drawPrefixes(rng) } : {}),
    ...(rng.chance(0.3) ? { destination: drawPrefixes(rng) } : {}),
    ...(rng.chance(0.8) ? drawHeader(rng) : {}),
    ...(!ground.stateless && rng.chance(0.3) ? { state: some(rng, STATES, 3) } : {}),
    ...(rng.chance(0.1) ? { log: true } : {}),
  }
}

/** Wide doors, so that some flows live: drawn rules alone would stop nearly everything soon. */
function doors(rng: Rng, stateless: boolean): readonly Omit<RuleSpec, 'name'>[] {
  const all: Omit<RuleSpec, 'name'>[] = [
    { verdict: 'accept', hook: 'input', ...(stateless ? {} : { state: ['new', 'established'] }) },
    { verdict: 'accept', from: 'trusted' },
    { verdict: 'accept', to: 'trusted', udp: [], tcp: [[1, 9000]] },
    { verdict: 'accept', icmp: [8] },
    { verdict: 'accept', protocol: rng.pick(['esp', 'gre', 'ah'] as const) },
  ]
  return all.filter(() => rng.chance(0.6))
}

export function drawSpec(rng: Rng, ground: Ground): FilterSpec {
  const rules: RuleSpec[] = []
  const add = (rule: Omit<RuleSpec, 'name'>): void =>
    void rules.push({ ...rule, name: `r${rules.length}` })
  const drawn = rng.chance(0.1) ? 60 + rng.below(60) : 2 + rng.below(18)
  if (!ground.stateless && rng.chance(0.5))
    add({ verdict: 'accept', state: ['established', 'related'] })
  for (let i = 0; i < drawn; i++) add(drawRule(rng, i, ground))
  for (const door of doors(rng, ground.stateless)) add(door)
  const policy = (p: number): 'accept' | 'drop' => (rng.chance(p) ? 'accept' : 'drop')
  return {
    zones: {
      trusted: ground.networks.filter((name) => name !== ground.outside),
      world: [ground.outside],
    },
    rules,
    otherwise: {
      forward: { name: 'otherwise forward', verdict: policy(0.5) },
      input: { name: 'otherwise input', verdict: policy(0.5) },
      output: { name: 'otherwise output', verdict: policy(0.8) },
    },
    ...(ground.nat ? { nat: drawNat(rng, ground) } : {}),
    ...(ground.sessions ? { sessions: drawSessions(rng) } : {}),
  }
}

function drawNat(rng: Rng, ground: Ground): readonly NatRuleSpec[] {
  const out: NatRuleSpec[] = []
  const side = ground.oneSided ? rng.below(2) : undefined
  if (side !== 1)
    for (let i = 1 + rng.below(3); i > 0; i--) out.push(drawDnat(rng, out.length, ground))
  if (side !== 0)
    for (let i = 1 + rng.below(3); i > 0; i--) out.push(drawSnat(rng, out.length, ground))
  return out
}

function drawDnat(rng: Rng, place: number, ground: Ground): NatRuleSpec {
  const inner = [...HOSTS.inside, ...HOSTS.dmz]
  const shown = rng.chance(0.4) ? ground.ownAddress : formatIpv4(rng.pick(VIRTUAL))
  const ports = drawPorts(rng, SERVICE_PORTS)
  const header = rng.pick([
    {},
    { udp: ports },
    { tcp: ports },
    { udp: ports, tcp: ports },
    { protocol: rng.pick(PROTOCOL_NAMES) },
  ])
  return {
    kind: 'dnat',
    name: `n${place}`,
    toAddress: formatIpv4(rng.pick(ground.inRow || rng.chance(0.8) ? inner : HOSTS.outside)),
    ...(rng.chance(0.7) ? { destination: shown } : {}),
    ...(rng.chance(0.3) ? { from: rng.pick([ground.outside, 'trusted', 'world']) } : {}),
    ...(rng.chance(0.2) ? { source: rng.pick(PREFIXES) } : {}),
    ...header,
    ...(rng.chance(0.5) ? { toPort: rng.pick(SERVICE_PORTS) } : {}),
  }
}

function drawSnat(rng: Rng, place: number, ground: Ground): NatRuleSpec {
  const match = {
    name: `n${place}`,
    ...(rng.chance(0.7) ? { to: rng.pick([ground.outside, 'world', ...ground.networks]) } : {}),
    ...(rng.chance(0.4) ? { source: rng.pick(PREFIXES) } : {}),
    ...(rng.chance(0.2) ? { destination: `!${rng.pick(PREFIXES)}` } : {}),
    ...(rng.chance(0.3)
      ? rng.pick([
          { udp: [] },
          { tcp: drawPorts(rng, SERVICE_PORTS) },
          { protocol: rng.pick(PROTOCOL_NAMES) },
        ])
      : {}),
    ...(!ground.inRow && rng.chance(0.4) ? { toPorts: rng.pick(RANGES) } : {}),
  }
  if (rng.chance(0.5)) return { kind: 'masquerade', ...match }
  const shown = rng.chance(0.5) ? ground.ownAddress : formatIpv4(rng.pick(VIRTUAL))
  return { kind: 'snat', toAddress: shown, ...match }
}

/** Whole seconds, so few that a run can wait for them. */
function drawSessions(rng: Rng): SessionTimeouts {
  const span = (): ReturnType<typeof seconds> => seconds(1 + rng.below(4))
  return {
    udp: span(),
    udpStream: span(),
    icmp: span(),
    generic: span(),
    tcpSynSent: span(),
    tcpSynReceived: span(),
    tcpEstablished: span(),
    tcpFinWait: span(),
    tcpCloseWait: span(),
    tcpLastAck: span(),
    tcpTimeWait: span(),
    tcpClose: span(),
  }
}
