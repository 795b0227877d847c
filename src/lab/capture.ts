/**
 * A trace as a capture file: every frame at every interface that saw it, one pcapng interface for each NIC (`node/network`).
 * Not the file format: `wire/pcapng.ts` has it. What was dropped, and why, is a comment on the last frame before the drop.
 */
import type { TraceEvent } from '../net/trace.ts'
import { encodePcapng, type CapturedFrame } from '../wire/pcapng.ts'

type Seen = Extract<TraceEvent, { kind: 'sent' | 'received' }>
type Dropped = Extract<TraceEvent, { kind: 'dropped' }>

const nicOf = (event: Seen): string => `${event.node}/${event.nic}`

/**
 * The bytes of a `.pcapng` file, Ethernet, in the trace's order. `nics` (`gateway/perimeter`) come first, in that order, so that
 * an interface which saw nothing has its place too; others follow as they appear. `tlsSecrets`: lines of a key log.
 */
export function captureOf(
  events: readonly TraceEvent[],
  nics: readonly string[] = [],
  tlsSecrets: readonly string[] = [],
): Uint8Array {
  const seen = events.filter(isSeen)
  const index = new Map<string, number>()
  for (const name of [...nics, ...seen.map(nicOf)]) {
    if (!index.has(name)) index.set(name, index.size)
  }
  const comments = dropComments(events)
  const frames = seen.map((event): CapturedFrame => {
    const comment = comments.get(event)
    return {
      interface: index.get(nicOf(event))!,
      at: event.at,
      frame: event.frame,
      direction: event.kind === 'sent' ? 'outbound' : 'inbound',
      ...(comment === undefined ? {} : { comment }),
    }
  })
  const interfaces = [...index.keys()].map((name) => ({ name }))
  return encodePcapng({ application: 'sallyport', interfaces, frames, tlsSecrets })
}

const isSeen = (event: TraceEvent): event is Seen =>
  event.kind === 'sent' || event.kind === 'received'

/** Which frame speaks of a drop: the packet's latest at the node that dropped it, else its latest anywhere. */
function dropComments(events: readonly TraceEvent[]): ReadonlyMap<Seen, string> {
  const comments = new Map<Seen, string>()
  const latest = new Map<string, Seen>()
  for (const event of events) {
    if (isSeen(event)) {
      latest.set(`${event.packet}`, event)
      latest.set(`${event.packet} ${event.node}`, event)
    } else if (event.kind === 'dropped') {
      const frame = latest.get(`${event.packet} ${event.node}`) ?? latest.get(`${event.packet}`)
      if (frame === undefined) continue
      const before = comments.get(frame)
      const now = dropWords(event)
      comments.set(frame, before === undefined ? now : `${before}; ${now}`)
    }
  }
  return comments
}

function dropWords({ node, reason, rule, detail }: Dropped): string {
  const by = rule === undefined ? '' : ` by rule '${rule}'`
  return `dropped at ${node}: ${reason}${by}${detail === undefined ? '' : ` (${detail})`}`
}
