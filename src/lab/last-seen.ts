/**
 * Where packets to a port ended that nobody answered, as the trace shows it: who dropped them, or who got them and what became of the answer. Not the
 * way of one packet, which `legs.ts` follows, and nothing that no person on site could have seen: faults of a script stay untold.
 */
import { u16 } from '../base/bytes.ts'
import type { TraceEvent } from '../net/trace.ts'
import { ipv4Of } from './legs.ts'

export interface Wanted {
  /** The node that sent them. */
  readonly from: string
  /** As `PROTOCOL` numbers it. */
  readonly protocol: number
  /** To which they went. */
  readonly port: number
}

type Dropped = Extract<TraceEvent, { kind: 'dropped' }>

/** One line a place, in the order in which they were met; none: the trace kept no packets. */
export function lastSeen(
  events: readonly TraceEvent[],
  { from, protocol, port }: Wanted,
): readonly string[] {
  const asked = packetsOf(events, (event) => event.node === from && isTo(event, protocol, port))
  const drops = dropsOf(events, asked)
  if (drops.length > 0) return drops.map((drop) => droppedText(drop, 'the packet'))
  const arrived = events.flatMap((event) =>
    event.kind === 'delivered' && asked.has(event.packet) ? [event.node] : [],
  )
  const [at] = arrived
  if (at === undefined) return []
  const answers = packetsOf(events, (event) => event.node === at && isFrom(event, protocol, port))
  if (answers.size === 0) return [`the packet arrived at ${at}, which said nothing`]
  return [
    `the packet arrived at ${at}`,
    ...dropsOf(events, answers).map((drop) => droppedText(drop, 'the answer')),
  ]
}

type Sent = Extract<TraceEvent, { kind: 'sent' }>

const packetsOf = (
  events: readonly TraceEvent[],
  wanted: (event: Sent) => boolean,
): ReadonlySet<number> =>
  new Set(events.flatMap((event) => (event.kind === 'sent' && wanted(event) ? [event.packet] : [])))

/** The first of each place and cause. */
function dropsOf(events: readonly TraceEvent[], packets: ReadonlySet<number>): readonly Dropped[] {
  const places = new Map<string, Dropped>()
  for (const event of events) {
    if (event.kind !== 'dropped' || event.reason === 'fault' || !packets.has(event.packet)) continue
    const place = `${event.node} ${event.reason} ${event.rule ?? ''}`
    if (!places.has(place)) places.set(place, event)
  }
  return [...places.values()]
}

function droppedText({ node, reason, rule, detail }: Dropped, what: string): string {
  const why = rule === undefined ? `: ${detail ?? reason}` : ` by rule '${rule}'`
  return `${node} dropped ${what}${why}`
}

const isTo = (event: Sent, protocol: number, port: number): boolean =>
  portsOf(event, protocol)?.[1] === port
const isFrom = (event: Sent, protocol: number, port: number): boolean =>
  portsOf(event, protocol)?.[0] === port

function portsOf({ frame }: Sent, protocol: number): readonly [number, number] | undefined {
  const packet = ipv4Of(frame)
  if (packet?.protocol !== protocol || packet.fragmentOffset > 0 || packet.payload.length < 4) {
    return undefined
  }
  return [u16(packet.payload, 0), u16(packet.payload, 2)]
}
