/**
 * What a rule asks of a packet, with everything implied said out loud: zones as networks, prefixes as ranges, protocols as numbers.
 * The engine (`rules.ts`) and the nftables text (`replica/render`) both start from it, so that a rule has one meaning.
 */
import type {
  ConnectionState,
  NatRuleSpec,
  PortMatch,
  PrefixMatch,
  ProtocolName,
  RuleSpec,
  TcpFlag,
} from '../../topology/firewall.ts'
import { addressRanges, portRanges, type Ranges } from './ranges.ts'
import { AH, ESP, GRE, ICMP, TCP, UDP } from './tuple.ts'

/** One protocol (or any) and what is asked of its header. `undefined` asks nothing. */
export interface Branch {
  readonly protocol: number | undefined
  readonly sourcePorts: Ranges | undefined
  readonly destinationPorts: Ranges | undefined
  readonly icmp: readonly IcmpMatch[] | undefined
  readonly flags: { readonly mask: number; readonly set: number } | undefined
}

/** A type with all its codes (`code` undefined) or with one. */
export interface IcmpMatch {
  readonly type: number
  readonly code: number | undefined
}

/** All of it must hold, and one of the branches. No branch: the rule contradicts itself and never matches. */
export interface Match {
  readonly from: readonly string[] | undefined
  readonly to: readonly string[] | undefined
  readonly source: Ranges | undefined
  readonly destination: Ranges | undefined
  readonly states: readonly ConnectionState[] | undefined
  readonly branches: readonly Branch[]
}

export type Zones = Readonly<Record<string, readonly string[]>>

const PROTOCOLS: Readonly<Record<ProtocolName, number>> = {
  icmp: ICMP,
  tcp: TCP,
  udp: UDP,
  gre: GRE,
  esp: ESP,
  ah: AH,
}

export const protocolNumber = (protocol: ProtocolName | number): number =>
  typeof protocol === 'number' ? protocol : PROTOCOLS[protocol]

const FLAGS: Readonly<Record<TcpFlag, number>> = {
  fin: 0x01,
  syn: 0x02,
  rst: 0x04,
  psh: 0x08,
  ack: 0x10,
  urg: 0x20,
}
const flagBits = (flags: readonly TcpFlag[]): number =>
  flags.reduce((bits, flag) => bits | FLAGS[flag], 0)

/** The networks that a rule's `from` or `to` names: a zone's, or the one. */
export const networksOf = (name: string, zones: Zones): readonly string[] =>
  Object.hasOwn(zones, name) ? zones[name]! : [name]

const isSatisfiable = ({ mask, set }: NonNullable<RuleSpec['tcpFlags']>): boolean =>
  (flagBits(set) & ~flagBits(mask)) === 0

interface Asked {
  readonly protocol?: ProtocolName | number
  readonly udp?: readonly PortMatch[]
  readonly tcp?: readonly PortMatch[]
  readonly sourcePorts?: readonly PortMatch[]
  readonly icmp?: RuleSpec['icmp']
  readonly tcpFlags?: RuleSpec['tcpFlags']
  /** Only these protocols can be meant, whatever else is said. */
  readonly only?: readonly number[]
}

function candidates(asked: Asked): readonly (number | undefined)[] {
  if (asked.udp !== undefined || asked.tcp !== undefined)
    return [...(asked.udp === undefined ? [] : [UDP]), ...(asked.tcp === undefined ? [] : [TCP])]
  if (asked.protocol !== undefined) return [protocolNumber(asked.protocol)]
  if (asked.icmp !== undefined) return [ICMP]
  if (asked.tcpFlags !== undefined) return [TCP]
  if (asked.sourcePorts !== undefined) return [UDP, TCP]
  return asked.only ?? [undefined]
}

function isPossible(protocol: number | undefined, asked: Asked): boolean {
  if (asked.protocol !== undefined && protocol !== protocolNumber(asked.protocol)) return false
  if (asked.icmp !== undefined && protocol !== ICMP) return false
  if (asked.tcpFlags !== undefined && (protocol !== TCP || !isSatisfiable(asked.tcpFlags)))
    return false
  if (asked.sourcePorts !== undefined && protocol !== TCP && protocol !== UDP) return false
  return asked.only === undefined || asked.only.includes(protocol ?? -1)
}

function branchesOf(asked: Asked): readonly Branch[] {
  return candidates(asked)
    .filter((protocol) => isPossible(protocol, asked))
    .map((protocol) => ({
      protocol,
      sourcePorts: portRanges(asked.sourcePorts),
      destinationPorts: portRanges(
        protocol === UDP ? asked.udp : protocol === TCP ? asked.tcp : undefined,
      ),
      icmp: icmpMatches(asked.icmp),
      flags: asked.tcpFlags && {
        mask: flagBits(asked.tcpFlags.mask),
        set: flagBits(asked.tcpFlags.set),
      },
    }))
}

function icmpMatches(icmp: RuleSpec['icmp']): readonly IcmpMatch[] | undefined {
  if (icmp === undefined || icmp.length === 0) return undefined
  return icmp.map((entry) =>
    typeof entry === 'number'
      ? { type: entry, code: undefined }
      : { type: entry[0], code: entry[1] },
  )
}

interface Placed {
  readonly from?: string
  readonly to?: string
  readonly source?: PrefixMatch | readonly PrefixMatch[]
  readonly destination?: PrefixMatch | readonly PrefixMatch[]
  readonly state?: readonly ConnectionState[]
}

const matchOf = (placed: Placed, zones: Zones, asked: Asked): Match => ({
  from: placed.from === undefined ? undefined : networksOf(placed.from, zones),
  to: placed.to === undefined ? undefined : networksOf(placed.to, zones),
  source: placed.source === undefined ? undefined : addressRanges(placed.source),
  destination: placed.destination === undefined ? undefined : addressRanges(placed.destination),
  states: placed.state,
  branches: branchesOf(asked),
})

/** A reset answers TCP only: a rule that rejects with one matches nothing else. */
export function ruleMatch(rule: RuleSpec, zones: Zones): Match {
  const resets = typeof rule.verdict === 'object' && rule.verdict.reject === 'tcp-reset'
  return matchOf(rule, zones, resets ? { ...rule, only: [TCP] } : rule)
}

/** A rule that changes a destination port is about protocols that have ports. */
export function natMatch(rule: NatRuleSpec, zones: Zones): Match {
  const ports = rule.kind === 'dnat' && rule.toPort !== undefined
  return matchOf(rule, zones, ports ? { ...rule, only: [UDP, TCP] } : rule)
}
