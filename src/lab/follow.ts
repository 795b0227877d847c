/**
 * Follows one packet through the trace: hop by hop, step by step, and how its way ended.
 * Not diagnosis: it says where and by which rule, not which setting is at fault.
 */
import { invariant } from '../base/invariant.ts'
import type { DropReason, TraceEvent } from '../net/trace.ts'
import { legsOf } from './legs.ts'
import type { Disposition, Hop, HopStep, ProbeReport } from './reports.ts'

type PacketEvent = Extract<TraceEvent, { readonly packet: number }>
type Dropped = Extract<TraceEvent, { kind: 'dropped' }>

/** One packet's way. */
export interface Way {
  readonly hops: readonly Hop[]
  readonly disposition: Disposition
  /** Node at which it ended. */
  readonly at: string
  readonly rule?: string
  readonly reason?: DropReason
}

/** What each reason for a drop means to who sent the packet. */
export const DISPOSITIONS: Readonly<Record<DropReason, Disposition>> = {
  filter: 'denied',
  blocked: 'denied',
  'no-mapping': 'denied',
  'nat-clash': 'denied',
  'fragment-dropped': 'denied',
  'vlan-not-allowed': 'denied',
  martian: 'denied',
  'no-route': 'no-route',
  'not-forwarding': 'no-route',
  'no-listener': 'no-listener',
  'ttl-expired': 'ttl-expired',
  'too-big': 'too-big',
  malformed: 'malformed',
  'bad-checksum': 'malformed',
  'no-neighbour': 'lost',
  'link-lost': 'lost',
  'queue-full': 'lost',
  'reassembly-timeout': 'lost',
  'not-modelled': 'lost',
  'host-down': 'lost',
  fault: 'lost',
}

/** The way of packet `packet`, as far as `events` tell it, tunnels included. `from` is where it ended if they tell nothing. */
export function followPacket(events: readonly TraceEvent[], packet: number, from: string): Way {
  const { packets, last, isInside } = legsOf(events, packet)
  const own = events.filter(
    (event): event is PacketEvent => 'packet' in event && packets.includes(event.packet),
  )
  const end = endOf(
    own.filter((event) => event.packet === last),
    from,
  )
  // Its carrier arrived, and was not what the other end of the tunnel takes.
  const isRefused = isInside && end.disposition === 'delivered'
  return { hops: hopsOf(own), ...end, ...(isRefused && { disposition: 'lost' }) }
}

export interface Exchange {
  readonly from: string
  /** Ids of the request: more than one where it was sent again. */
  readonly requests: readonly [number, ...number[]]
  /** Ids of what came back, if anything did. */
  readonly replies: readonly number[]
}

/** The part of a report that the trace knows. */
export type Followed = Pick<
  ProbeReport,
  'disposition' | 'at' | 'rule' | 'reason' | 'replied' | 'hops' | 'replyHops'
>

/** The request that got furthest, and the answer to it: one that arrived counts more than one that was lost. */
export function followExchange(events: readonly TraceEvent[], exchange: Exchange): Followed {
  const { from } = exchange
  const request = best(exchange.requests.map((packet) => followPacket(events, packet, from)))
  invariant(request !== undefined, 'an exchange has no request')
  const replies = exchange.replies.map((packet) => followPacket(events, packet, from))
  const reply = best(replies)
  return {
    ...request,
    // A reset comes back, too, but it is the host's refusal and nobody's answer.
    replied:
      request.disposition === 'delivered' &&
      reply?.disposition === 'delivered' &&
      reply.at === from,
    replyHops: reply?.hops ?? [],
  }
}

const best = (ways: readonly Way[]): Way | undefined =>
  ways.find((way) => way.disposition === 'delivered') ?? ways[0]

/** Neighbouring events of one node are one hop; a node that is passed twice makes two. */
function hopsOf(events: readonly PacketEvent[]): readonly Hop[] {
  const hops: (Hop & { readonly steps: HopStep[] })[] = []
  for (const event of events) {
    const last = hops.at(-1)
    if (last?.node === event.node) last.steps.push(stepOf(event))
    else hops.push({ node: event.node, at: event.at, steps: [stepOf(event)] })
  }
  return hops
}

function stepOf(event: PacketEvent): HopStep {
  switch (event.kind) {
    case 'sent':
    case 'received':
      return { kind: event.kind, nic: event.nic }
    case 'filtered':
      return { kind: 'filter', rule: event.rule, verdict: event.verdict, hook: event.hook }
    case 'translated':
      return { kind: 'translate', rule: event.rule, from: event.from, to: event.to }
    case 'forwarded':
      return { kind: 'forward', nic: event.nic, via: event.via }
    case 'delivered':
      return { kind: 'deliver', to: event.to }
    case 'dropped':
      return {
        kind: 'drop',
        reason: event.reason,
        ...(event.rule === undefined ? {} : { rule: event.rule }),
        ...(event.detail === undefined ? {} : { detail: event.detail }),
      }
  }
}

/**
 * Delivery counts over the loss of a copy, unless the host that took the packet then found nobody for it. Without delivery the
 * first drop is the cause: a lost fragment, not the reassembly that waited for it. With neither, the packet was still on its way.
 */
function endOf(events: readonly PacketEvent[], from: string): Omit<Way, 'hops'> {
  const arrival = events.findIndex((event) => event.kind === 'delivered')
  const delivery = events[arrival]
  const drop = events.find(
    (event, i): event is Dropped =>
      event.kind === 'dropped' &&
      (delivery === undefined || (i > arrival && event.node === delivery.node)),
  )
  if (drop === undefined) {
    return delivery === undefined
      ? { disposition: 'lost', at: events.at(-1)?.node ?? from }
      : { disposition: 'delivered', at: delivery.node }
  }
  const rejected = events.some(
    (event) => event.kind === 'filtered' && event.verdict === 'reject' && event.node === drop.node,
  )
  return {
    disposition: rejected ? 'rejected' : DISPOSITIONS[drop.reason],
    at: drop.node,
    reason: drop.reason,
    ...(drop.rule === undefined ? {} : { rule: drop.rule }),
  }
}
