/**
 * An entry of connection tracking for people and diagnosis, as `conntrack -L` shows it.
 * Not the entry itself: a copy, which later packets do not change.
 */
import type { Ipv4 } from '../../base/address.ts'
import type { Instant } from '../../base/time.ts'
import type { Direction, Flow } from './flows.ts'
import { TCP_STATE_NAMES } from './tcp-tracking.ts'
import { ICMP } from './tuple.ts'

export interface SessionView {
  readonly protocol: number
  readonly original: SessionEnds
  /** What the answers look like: differs from the reverse of `original` where the flow is translated. */
  readonly reply: SessionEnds
  /** Packets came both ways. */
  readonly seenReply: boolean
  readonly assured: boolean
  readonly tcpState?: (typeof TCP_STATE_NAMES)[number]
  /** The entry goes then, unless traffic keeps it. */
  readonly expires: Instant
  /** Rules that translate it. */
  readonly sourceRule?: string
  readonly destinationRule?: string
}

/** Ports; for ICMP the identifier in both places; 0 for protocols that have neither. */
export interface SessionEnds {
  readonly source: Ipv4
  readonly sourcePort: number
  readonly destination: Ipv4
  readonly destinationPort: number
}

const endsOf = (direction: Direction): SessionEnds => ({
  source: direction.source as Ipv4,
  sourcePort: direction.sourceKey,
  destination: direction.destination as Ipv4,
  destinationPort: direction.protocol === ICMP ? direction.sourceKey : direction.destinationKey,
})

export const describeSession = (flow: Flow): SessionView => ({
  protocol: flow.protocol,
  original: endsOf(flow.original),
  reply: endsOf(flow.reply),
  seenReply: flow.seenReply,
  assured: flow.assured,
  ...(flow.tcp === undefined ? {} : { tcpState: TCP_STATE_NAMES[flow.tcp.state]! }),
  expires: flow.deadline as Instant,
  ...(flow.sourceRule === undefined ? {} : { sourceRule: flow.sourceRule }),
  ...(flow.destinationRule === undefined ? {} : { destinationRule: flow.destinationRule }),
})
