/**
 * IPv4 fragmentation and reassembly, with Linux's answers to overlaps (ip_fragment.c): a fragment that is wholly there already is
 * ignored, any other overlap costs the whole datagram. Not the decision when: `net/ip.ts` takes it. RFC 791 §3.2, RFC 5722's rule for IPv6.
 */
import { setU16, u16 } from '../base/bytes.ts'
import { seconds } from '../base/time.ts'
import {
  DONT_FRAGMENT,
  fragmentOffsetOf,
  hasMoreFragments,
  headerLengthOf,
  identificationOf,
  IPV4_HEADER,
  IPV4_LENGTH_MAX,
  mayFragment,
  MORE_FRAGMENTS,
  protocolOf,
  sourceOf,
  destinationOf,
  totalLengthOf,
  writeHeaderChecksum,
} from '../wire/ipv4.ts'
import { IP_OFFSET } from './packet.ts'
import { Transit } from './transit.ts'
import type { Timer, World } from './world.ts'

/** Linux: ipfrag_time. */
const REASSEMBLY_TIMEOUT = seconds(30)
/** Linux: ipfrag_high_thresh. */
const BYTES_MAX = 4 * 1024 * 1024

/**
 * Cut a packet into fragments of at most `mtu` bytes of IP each; `mtu` must leave room for 8 bytes of payload. They share the
 * packet's id in the trace. Works on fragments, too. Options that are not for every fragment become NOPs in the later ones, as Linux does.
 */
export function fragment(packet: Transit, mtu: number): Transit[] {
  const { frame } = packet
  const header = headerLengthOf(frame, IP_OFFSET)
  const payloadAt = IP_OFFSET + header
  const end = IP_OFFSET + totalLengthOf(frame, IP_OFFSET)
  const most = mtu - header
  // Every fragment but the last carries a multiple of eight bytes; the last may fill the MTU (Linux: ip_frag_next).
  const room = most & ~7
  const flags = u16(frame, IP_OFFSET + 6)
  const out: Transit[] = []
  let stop = payloadAt
  while (stop < end) {
    const at = stop
    stop = end - at <= most ? end : at + room
    const piece = new Uint8Array(payloadAt + stop - at)
    piece.set(frame.subarray(0, payloadAt), 0)
    piece.set(frame.subarray(at, stop), payloadAt)
    if (at > payloadAt) blankUncopiedOptions(piece, header)
    const isLast = stop === end && (flags & MORE_FRAGMENTS) === 0
    setU16(piece, IP_OFFSET + 2, header + stop - at)
    setU16(
      piece,
      IP_OFFSET + 6,
      (flags & DONT_FRAGMENT) |
        (isLast ? 0 : MORE_FRAGMENTS) |
        ((fragmentOffsetOf(frame, IP_OFFSET) + at - payloadAt) >> 3),
    )
    writeHeaderChecksum(piece, IP_OFFSET)
    const transit = new Transit(piece, packet.id)
    transit.inNic = packet.inNic
    transit.outNic = packet.outNic
    out.push(transit)
  }
  return out
}

const OPTION_END = 0
const OPTION_NOP = 1
const OPTION_COPIED = 0x80

function blankUncopiedOptions(frame: Uint8Array, headerLength: number): void {
  const end = IP_OFFSET + headerLength
  let at = IP_OFFSET + IPV4_HEADER
  while (at < end && frame[at] !== OPTION_END) {
    const length = frame[at] === OPTION_NOP ? 1 : (frame[at + 1] ?? 0)
    // An option that runs out of its header is carried as it is: it is for the destination to judge.
    if (length === 0 || at + length > end) return
    if ((frame[at]! & OPTION_COPIED) === 0) frame.fill(OPTION_NOP, at, at + length)
    at += length
  }
}

/** Consecutive bytes that are there, as Linux groups them: only a fragment at the very end joins the run before it. */
interface Run {
  readonly start: number
  end: number
}

interface Datagram {
  readonly key: string
  readonly id: number
  readonly pieces: { readonly start: number; readonly bytes: Uint8Array }[]
  readonly runs: Run[]
  timer: Timer | undefined
  /** The fragment at offset 0: its header becomes the datagram's, and an ICMP error quotes it. */
  first: Transit | undefined
  /** The newest fragment, for the trace. */
  latest: Transit
  /** Payload length as far as it is known; exact once `hasLast`. */
  length: number
  hasLast: boolean
  received: number
  /** Largest fragment, and largest that said "do not fragment", in bytes of IP packet. */
  sizeMax: number
  unfragmentableMax: number
}

export interface ReassemblyHandlers {
  /** A fragment or, with `first`, what there was of a datagram is given up. */
  onDropped(
    fragment: Transit,
    reason: 'fragment-dropped' | 'reassembly-timeout',
    detail: string,
    first?: Transit,
  ): void
}

export class Reassembler {
  readonly #world: World
  readonly #handlers: ReassemblyHandlers
  readonly #byKey = new Map<string, Datagram>()
  #bytes = 0

  constructor(world: World, handlers: ReassemblyHandlers) {
    this.#world = world
    this.#handlers = handlers
  }

  /** Take a fragment; the datagram comes back with the one that completes it. */
  add(packet: Transit): Transit | undefined {
    const { frame } = packet
    const size = totalLengthOf(frame, IP_OFFSET)
    if (this.#bytes + size > BYTES_MAX) {
      this.#handlers.onDropped(packet, 'fragment-dropped', 'too many fragments wait')
      return undefined
    }
    const datagram = this.#datagramOf(packet)
    datagram.latest = packet
    const isMore = hasMoreFragments(frame, IP_OFFSET)
    const payloadAt = IP_OFFSET + headerLengthOf(frame, IP_OFFSET)
    const start = fragmentOffsetOf(frame, IP_OFFSET)
    const whole = IP_OFFSET + size - payloadAt
    // All but the last carry a multiple of eight; what is over cannot be placed.
    const length = isMore ? whole & ~7 : whole
    const fault = place(datagram, { start, end: start + length, isMore })
    if (fault === 'duplicate') return undefined
    if (fault !== undefined) return this.#discard(datagram, fault)

    datagram.pieces.push({ start, bytes: frame.subarray(payloadAt, payloadAt + length) })
    datagram.received += length
    this.#bytes += length
    if (start === 0) datagram.first = packet
    datagram.sizeMax = Math.max(datagram.sizeMax, size)
    if (!mayFragment(frame, IP_OFFSET))
      datagram.unfragmentableMax = Math.max(datagram.unfragmentableMax, size)
    const isWhole = datagram.hasLast && datagram.received === datagram.length
    return isWhole ? this.#join(datagram, packet) : undefined
  }

  #datagramOf(packet: Transit): Datagram {
    const { frame } = packet
    const key = [
      sourceOf(frame, IP_OFFSET),
      destinationOf(frame, IP_OFFSET),
      protocolOf(frame, IP_OFFSET),
      identificationOf(frame, IP_OFFSET),
    ].join(' ')
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const datagram: Datagram = {
      key,
      id: packet.id,
      pieces: [],
      runs: [],
      timer: undefined,
      first: undefined,
      latest: packet,
      length: 0,
      hasLast: false,
      received: 0,
      sizeMax: 0,
      unfragmentableMax: 0,
    }
    datagram.timer = this.#world.schedule(
      REASSEMBLY_TIMEOUT,
      () => this.#expire(datagram),
      undefined,
    )
    this.#byKey.set(key, datagram)
    return datagram
  }

  #join(datagram: Datagram, last: Transit): Transit | undefined {
    this.#forget(datagram)
    const head = datagram.first!.frame
    const header = headerLengthOf(head, IP_OFFSET)
    if (header + datagram.length > IPV4_LENGTH_MAX) {
      const detail = `a datagram of ${header + datagram.length} bytes`
      this.#handlers.onDropped(last, 'fragment-dropped', detail)
      return undefined
    }
    const frame = new Uint8Array(IP_OFFSET + header + datagram.length)
    frame.set(head.subarray(0, IP_OFFSET + header), 0)
    for (const { start, bytes } of datagram.pieces) frame.set(bytes, IP_OFFSET + header + start)
    setU16(frame, IP_OFFSET + 2, header + datagram.length)
    // DF comes back only when the largest fragment had it: small ones say nothing of the path (ip_frag_reasm).
    const isDf = datagram.unfragmentableMax === datagram.sizeMax
    setU16(frame, IP_OFFSET + 6, isDf ? DONT_FRAGMENT : 0)
    writeHeaderChecksum(frame, IP_OFFSET)
    const whole = new Transit(frame, datagram.id)
    whole.inNic = last.inNic
    whole.fragmentMax = datagram.sizeMax
    return whole
  }

  #discard(datagram: Datagram, detail: string): undefined {
    this.#forget(datagram)
    this.#handlers.onDropped(datagram.latest, 'fragment-dropped', detail)
  }

  #expire(datagram: Datagram): void {
    this.#forget(datagram)
    const { received, length, hasLast } = datagram
    const detail = `${received} of ${hasLast ? '' : 'more than '}${length} bytes came within 30 s`
    this.#handlers.onDropped(datagram.latest, 'reassembly-timeout', detail, datagram.first)
  }

  #forget(datagram: Datagram): void {
    datagram.timer?.cancel()
    this.#byKey.delete(datagram.key)
    this.#bytes -= datagram.received
  }
}

/** Note where a fragment goes. Returns `duplicate`, or in words why the datagram must go (ip_frag_queue, inet_frag_queue_insert). */
function place(
  datagram: Datagram,
  fragment: { readonly start: number; readonly end: number; readonly isMore: boolean },
): string | undefined {
  const { start, end, isMore } = fragment
  if (end === start) return 'an empty fragment'
  if (!isMore) {
    if (end < datagram.length || (datagram.hasLast && end !== datagram.length))
      return `a last fragment that ends at ${end}, others reach ${datagram.length}`
    datagram.hasLast = true
    datagram.length = end
  } else if (end > datagram.length) {
    if (datagram.hasLast) return `a fragment that ends at ${end}, the last at ${datagram.length}`
    datagram.length = end
  }
  const { runs } = datagram
  const last = runs.at(-1)
  if (last !== undefined && start === last.end) last.end = end
  else if (last === undefined || start > last.end) runs.push({ start, end })
  else {
    const hit = runs.find((run) => start < run.end && end > run.start)
    if (hit !== undefined)
      return start >= hit.start && end <= hit.end ? 'duplicate' : 'fragments overlap'
    runs.splice(
      runs.findIndex((run) => run.start >= end),
      0,
      { start, end },
    )
  }
  return undefined
}
