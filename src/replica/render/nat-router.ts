/**
 * A home router, hotel gateway or carrier NAT as the rules of a Linux router, for `nftables.ts` to write.
 * Not the same translator: what RFC 4787 lets a NAT choose, Linux has decided for itself; what differs is returned as lines for people.
 */
import { hours, minutes, seconds } from '../../base/time.ts'
import {
  allow,
  allowEstablished,
  deny,
  type BlockSpec,
  type FilterSpec,
  type NatRouterSpec,
  type NatRuleSpec,
  type PortForward,
  type PortMatch,
  type RuleSpec,
} from '../../topology/firewall.ts'

export interface NatRouterFilter {
  readonly filter: FilterSpec
  /** What this router does and Linux does not, one line each. */
  readonly notRendered: readonly string[]
}

/** What {@link NatRouterSpec} has where it says nothing: RFC 4787 §4.3, RFC 5382 §5, RFC 5508 §3.2. */
const TIMEOUTS = { udp: minutes(2), tcp: hours(2) + minutes(4), icmp: seconds(60) } as const
const PORT_MAX = 0xffff
const INSIDE = 'inside of the router'

/** `networks`: those of the router. */
export function natRouterFilter(spec: NatRouterSpec, networks: readonly string[]): NatRouterFilter {
  const { outside, blocks = [], forwards = [], timeouts = {} } = spec
  const { udp, tcp, icmp } = { ...TIMEOUTS, ...timeouts }
  const inside = networks.filter((network) => network !== outside)
  return {
    filter: {
      zones: { [INSIDE]: inside },
      rules: [
        ...blocks.map(blockRule(outside)),
        allowEstablished('nat-replies'),
        allow('nat-outbound', { from: INSIDE }),
        ...forwards.flatMap((forward) => forwardRule(forward, outside)),
        allow('nat-own-replies', { hook: 'input', state: ['established', 'related'] }),
        allow('nat-own-services', { hook: 'input', from: INSIDE }),
      ],
      otherwise: {
        forward: { name: 'nat-unsolicited', verdict: 'drop' },
        input: { name: 'nat-own-unsolicited', verdict: 'drop' },
      },
      nat: [
        ...forwards.flatMap((forward) => forwardTranslation(forward, outside)),
        { kind: 'masquerade', name: 'nat', to: outside },
      ],
      sessions: { udp, udpStream: udp, tcpEstablished: minutes(tcp / minutes(1)), icmp },
    },
    notRendered: notRenderedOf(spec),
  }
}

/** Blocks come first: a mapping that stands does not open them. */
const blockRule =
  (outside: string) =>
  ({ name, protocol, ports, exceptPorts }: BlockSpec): RuleSpec => {
    const match = exceptPorts === undefined ? ports : otherPorts(exceptPorts)
    const common = { from: INSIDE, to: outside }
    if (protocol === 'udp') return deny(name, { ...common, udp: match ?? [] })
    if (protocol === 'tcp') return deny(name, { ...common, tcp: match ?? [] })
    return deny(name, { ...common, protocol })
  }

/** All ports but these. */
function otherPorts(ports: readonly PortMatch[]): readonly PortMatch[] {
  const taken = ports
    .map((port): readonly [number, number] => (typeof port === 'number' ? [port, port] : port))
    .toSorted(([a], [b]) => a - b)
  const left: PortMatch[] = []
  let from = 0
  for (const [first, last] of taken) {
    if (first > from) left.push([from, first - 1])
    from = Math.max(from, last + 1)
  }
  return from > PORT_MAX ? left : [...left, [from, PORT_MAX]]
}

type Forwarded = Pick<RuleSpec, 'udp' | 'tcp'>

/** A forward for both protocols is one for either. */
const forwarded = ({ udp, tcp }: PortForward, toPort?: number): readonly Forwarded[] => [
  ...(udp === undefined ? [] : [{ udp: [toPort ?? udp] }]),
  ...(tcp === undefined ? [] : [{ tcp: [toPort ?? tcp] }]),
]

/** The port is that behind the translation, which comes first. */
const forwardRule = (forward: PortForward, outside: string): readonly RuleSpec[] =>
  forwarded(forward, forward.toPort).map((ports) =>
    allow(forward.name, { ...ports, from: outside, destination: forward.toAddress }),
  )

const forwardTranslation = (forward: PortForward, outside: string): readonly NatRuleSpec[] =>
  forwarded(forward).map((ports) => ({
    kind: 'dnat',
    name: forward.name,
    from: outside,
    ...ports,
    toAddress: forward.toAddress,
    ...(forward.toPort !== undefined && { toPort: forward.toPort }),
  }))

function notRenderedOf(spec: NatRouterSpec): readonly string[] {
  const { mapping = 'endpoint-independent', filtering = 'address-and-port-dependent' } = spec
  const tell = (holds: boolean, line: string): readonly string[] => (holds ? [line] : [])
  return [
    ...tell(
      mapping !== 'endpoint-independent',
      `mapping is not ${mapping}: Linux keeps the inside port wherever it is free`,
    ),
    ...tell(
      filtering !== 'address-and-port-dependent',
      `filtering is address-and-port-dependent, not ${filtering}`,
    ),
    ...tell(spec.hairpinning === true, 'no hairpinning'),
    ...tell(spec.dropsFragments === true, 'fragments are let through'),
  ]
}
