/**
 * The legs of a packet's way: as itself, inside another packet through a tunnel, and as itself again behind it, where it has another id.
 * What comes out of a tunnel is known by its bytes (RFC 4301 §5.1.2: tunnel mode leaves the inner packet as it is).
 */
import { isTunnelFrame } from '../net/tunnel.ts'
import type { TraceEvent } from '../net/trace.ts'
import { ETHER_TYPE, ETHERNET_HEADER, etherTypeOf, untagFrame, vlanOf } from '../wire/ethernet.ts'
import { decodeIpv4, PROTOCOL, type Ipv4Packet } from '../wire/ipv4.ts'

type Sent = Extract<TraceEvent, { kind: 'sent' }>
type Received = Extract<TraceEvent, { kind: 'received' }>

export interface Legs {
  /** Ids in the order of the way: the packet, who carried it, what came out. */
  readonly packets: readonly [number, ...number[]]
  /** The leg on which the way ended: the last of them. */
  readonly last: number
  /** The last leg carried the packet, and nothing came out. */
  readonly isInside: boolean
}

export function legsOf(events: readonly TraceEvent[], packet: number): Legs {
  const entries = events.flatMap((event, at) =>
    event.kind === 'sent' && event.packet === packet && isInTunnel(event) ? [{ event, at }] : [],
  )
  const passages = entries.map(({ event, at }) => passageOf(events, event, at))
  // Of several fragments the lost one tells how the way ended.
  const passage = passages.find(({ out }) => out === undefined) ?? passages.at(-1)
  const carriers = passages.flatMap(({ carrier }) => carrier ?? [])
  if (passage?.out === undefined) {
    const last = passage?.carrier ?? packet
    return { packets: [packet, ...carriers], last, isInside: last !== packet }
  }
  const beyond = legsOf(events.slice(passage.out.at), passage.out.packet)
  const others = passages.flatMap(({ out }) => out?.packet ?? [])
  return { ...beyond, packets: [packet, ...carriers, ...others, ...beyond.packets] }
}

interface Passage {
  readonly carrier?: number
  /** What came out, and where in the trace. */
  readonly out?: { readonly packet: number; readonly at: number }
}

function passageOf(events: readonly TraceEvent[], entry: Sent, at: number): Passage {
  const bytes = entry.frame.subarray(ETHERNET_HEADER)
  const exit = events.findIndex(
    (event, i) =>
      i > at &&
      event.kind === 'received' &&
      event.node !== entry.node &&
      isInTunnel(event) &&
      isSame(event.frame.subarray(ETHERNET_HEADER), bytes),
  )
  const out = events[exit]
  if (out?.kind === 'received') {
    const carrier = out.within === undefined ? {} : { carrier: out.within }
    return { ...carrier, out: { packet: out.packet, at: exit } }
  }
  const carrier = carrierOf(events, entry, at)
  return carrier === undefined ? {} : { carrier }
}

/** What the same host sent right after: the first packet younger than all before it that carries ESP. */
function carrierOf(events: readonly TraceEvent[], entry: Sent, at: number): number | undefined {
  let newest = 0
  for (const event of events.slice(0, at + 1))
    if ('packet' in event) newest = Math.max(newest, event.packet)
  const found = events
    .slice(at + 1)
    .find(
      (event) =>
        event.node === entry.node &&
        (event.kind === 'sent' || event.kind === 'dropped') &&
        event.packet > newest &&
        event.frame !== undefined &&
        !isTunnelFrame(event.frame) &&
        CARRIERS.has(ipv4Of(event.frame)?.protocol ?? -1),
    )
  return found !== undefined && 'packet' in found ? found.packet : undefined
}

const CARRIERS: ReadonlySet<number> = new Set([PROTOCOL.udp, PROTOCOL.esp])

const isInTunnel = ({ frame }: Sent | Received): boolean =>
  frame.length > ETHERNET_HEADER && isTunnelFrame(frame)

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i])

/** The IPv4 packet of a frame, tagged or not. */
export function ipv4Of(frame: Uint8Array): Ipv4Packet | undefined {
  const untagged = vlanOf(frame) === undefined ? frame : untagFrame(frame)
  if (etherTypeOf(untagged) !== ETHER_TYPE.ipv4) return undefined
  const decoded = decodeIpv4(untagged.subarray(ETHERNET_HEADER))
  return decoded.ok ? decoded.value : undefined
}
