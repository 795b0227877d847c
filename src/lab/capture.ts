/**
 * A trace as a capture file: every frame at every interface that saw it, one pcapng interface for each NIC (`node/network`). Those of tunnels
 * have link type RAW: what is in them is what goes through the tunnel, in the clear.
 * Not the file format: `wire/pcapng.ts` has it. What was dropped, and why, is a comment on the last frame before the drop.
 */
import type { Trace, TraceEvent } from '../net/trace.ts'
import { isTunnelFrame } from '../net/tunnel.ts'
import { ETHERNET_HEADER } from '../wire/ethernet.ts'
import { encodePcapng, type CapturedFrame, type CaptureInterface } from '../wire/pcapng.ts'

type Seen = Extract<TraceEvent, { kind: 'sent' | 'received' }>
type Dropped = Extract<TraceEvent, { kind: 'dropped' }>

/** Interfaces of a tunnel may have the name that a network has, at another time. */
const nicOf = ({ node, nic, frame }: Seen): CaptureInterface =>
  isTunnelFrame(frame) ? { name: `${node}/${nic}`, linkType: 'raw' } : { name: `${node}/${nic}` }

const keyOf = ({ name, linkType = 'ethernet' }: CaptureInterface): string => `${linkType} ${name}`

/**
 * The bytes of a `.pcapng` file, in the trace's order. `nics` (`gateway/perimeter`) come first, in that order, so that
 * an interface which saw nothing has its place too; others follow as they appear. `tlsSecrets`: lines of a key log.
 */
export function captureOf(
  events: readonly TraceEvent[],
  nics: readonly string[] = [],
  tlsSecrets: readonly string[] = [],
): Uint8Array {
  const seen = events.filter(isSeen)
  const index = new Map<string, number>()
  const interfaces: CaptureInterface[] = []
  const indexOf = (nic: CaptureInterface): number => {
    const known = index.get(keyOf(nic))
    if (known !== undefined) return known
    index.set(keyOf(nic), interfaces.length)
    return interfaces.push(nic) - 1
  }
  for (const name of nics) indexOf({ name })
  const comments = dropComments(events)
  const frames = seen.map((event): CapturedFrame => {
    const comment = comments.get(event)
    const nic = nicOf(event)
    return {
      interface: indexOf(nic),
      at: event.at,
      frame: nic.linkType === 'raw' ? event.frame.subarray(ETHERNET_HEADER) : event.frame,
      direction: event.kind === 'sent' ? 'outbound' : 'inbound',
      ...(comment === undefined ? {} : { comment }),
    }
  })
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

/** Wireshark decrypts ESP, and looks at its ICVs, only where it is told to. */
const PREFERENCES = ['esp.enable_encryption_decode: TRUE', 'esp.enable_authentication_check: TRUE']

/** Files of a Wireshark profile, by name: the keys of IKE and ESP, and the preferences with which they are used. */
export const wiresharkTables = (
  trace: Pick<Trace, 'secrets'>,
): Readonly<Record<string, string>> => ({
  ikev2_decryption_table: linesOf(trace.secrets('ikev2')),
  esp_sa: linesOf(trace.secrets('esp')),
  preferences: linesOf(PREFERENCES),
})

const linesOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')
