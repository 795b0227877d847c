/**
 * Connection tracking: which flow a packet belongs to, and whether it is new, established, related or invalid (nf_conntrack_core).
 * Not translation (`nat.ts`) and not rules. Reassembled datagrams only. SCTP and DCCP are tracked by address alone.
 */
import { IP_OFFSET, type Packet } from '../packet.ts'
import { u16, u32 } from '../../base/bytes.ts'
import { hasRightChecksum, hasUdpChecksum } from './checksums.ts'
import { Flow, FlowTable, UNTRACKABLE, type Direction, type Track } from './flows.ts'
import { Segment } from './tcp-segment.ts'
import { CLOSE, ESTABLISHED, TcpConnection, type Outcome } from './tcp-tracking.ts'
import type { Timeouts } from './timeouts.ts'
import {
  emptyTuple,
  GRE,
  ICMP,
  invertTuple,
  ipHeaderLength,
  readTuple,
  TCP,
  UDP,
  type Tuple,
} from './tuple.ts'

/** Answers later than this after the first packet make a UDP exchange a stream. */
const STREAM_AFTER_US = 2_000_000
const ICMP_TYPE_MAX = 18
/** Destination unreachable, source quench, redirect, time exceeded, parameter problem (RFC 792). */
export const isIcmpError = (type: number): boolean =>
  type === 3 || type === 4 || type === 5 || type === 11 || type === 12
/** Echo, timestamp, information and address mask requests: the only ICMP that begins a flow. */
const beginsIcmpFlow = (type: number): boolean =>
  type === 8 || type === 13 || type === 15 || type === 17

/** Where a packet's IPv4 ends: Total Length, never beyond the frame. */
export function ipEnd(packet: Packet): number {
  const { frame } = packet
  return Math.min(IP_OFFSET + u16(frame, IP_OFFSET + 2), frame.length)
}

export class Conntrack {
  readonly table = new FlowTable()
  readonly #now: () => number
  timeouts: Timeouts
  // Filled anew for each packet, so that tracking an established flow allocates nothing.
  readonly #tuple = emptyTuple()
  readonly #inverse = emptyTuple()
  readonly #segment = new Segment()

  constructor(timeouts: Timeouts, now: () => number) {
    this.timeouts = timeouts
    this.#now = now
  }

  /** Look at a packet as it comes in, or is sent (then its checksums are taken on trust). */
  track(packet: Packet, received: boolean): Track {
    const b = packet.frame
    const end = ipEnd(packet)
    const l4 = IP_OFFSET + ipHeaderLength(b, IP_OFFSET)
    if (b[IP_OFFSET + 9] === ICMP) {
      if (end - l4 < 8 || (received && !hasRightChecksum(b, IP_OFFSET, end))) return UNTRACKABLE
      if (b[l4]! > ICMP_TYPE_MAX) return UNTRACKABLE
      if (isIcmpError(b[l4]!)) return this.#trackError(b, l4 + 8, end)
    }
    if (!readTuple(this.#tuple, b, IP_OFFSET, end)) return UNTRACKABLE
    switch (this.#tuple.protocol) {
      case TCP:
        if (!this.#segment.read(b, l4, end)) return UNTRACKABLE
        if (received && !hasRightChecksum(b, IP_OFFSET, end)) return UNTRACKABLE
        return this.#trackTcp()
      case UDP:
        return isSoundUdp(b, l4, end, received) ? this.#trackOther() : UNTRACKABLE
      default:
        return this.#trackOther()
    }
  }

  /** Enter the flow of a packet that made it through. False: another flow is already known by one of its tuples. */
  confirm(track: Track): boolean {
    const { flow } = track
    if (flow === undefined || flow.confirmed || track.isReply) return true
    const now = this.#now()
    const clash =
      this.table.find(flow.original, now) !== undefined ||
      this.table.find(flow.reply, now) !== undefined
    if (clash) return false
    flow.deadline += now
    this.table.add(flow, now)
    if (flow.sourceDecided) this.table.noteSource(flow)
    return true
  }

  /** The firewall has sent a RST into this flow. */
  close(flow: Flow): void {
    if (flow.tcp === undefined || !flow.confirmed) return
    const wasClosed = flow.tcp.state === CLOSE
    flow.tcp.close()
    if (!wasClosed) flow.deadline = this.#now() + this.timeouts.tcp[CLOSE]!
  }

  /** The entry that has this tuple in either direction. */
  find(tuple: Tuple): Direction | undefined {
    return this.table.find(tuple, this.#now())
  }

  #trackError(b: Uint8Array, quoted: number, end: number): Track {
    if (!readTuple(this.#tuple, b, quoted, end)) return UNTRACKABLE
    if (!invertTuple(this.#inverse, this.#tuple)) return UNTRACKABLE
    const found = this.table.find(this.#inverse, this.#now())
    if (found === undefined) return UNTRACKABLE
    // An error is for whoever sent what it quotes: one that goes elsewhere is a forgery.
    const to = u32(b, IP_OFFSET + 16)
    return to === found.destination ? found.flow.track('related', found.isReply) : UNTRACKABLE
  }

  #trackTcp(): Track {
    for (;;) {
      const found = this.table.find(this.#tuple, this.#now())
      if (found === undefined && !this.#segment.opens) return UNTRACKABLE
      const flow = found?.flow ?? this.#begin()
      flow.tcp ??= new TcpConnection(this.#segment)
      const isReply = found?.isReply ?? false
      const outcome = flow.tcp.step(this.#segment, isReply ? 1 : 0, flow)
      if (outcome !== 'reopen') return this.#settleTcp(flow, isReply, outcome)
      this.table.remove(flow)
    }
  }

  #settleTcp(flow: Flow, isReply: boolean, outcome: Outcome): Track {
    if (outcome === 'invalid') return UNTRACKABLE
    if (outcome === 'invalid-farewell') {
      this.#shorten(flow)
      return UNTRACKABLE
    }
    if (outcome === 'forget') this.table.remove(flow)
    if (outcome === 'accept') this.#refresh(flow, this.#tcpTimeout(flow))
    return this.#seen(flow, isReply)
  }

  #tcpTimeout(flow: Flow): number {
    const tcp = flow.tcp!
    const { tcpRepeating, tcpUnacknowledged } = this.timeouts
    const usual = this.timeouts.tcp[tcp.state]!
    let span: number = usual
    if (tcp.isRepeating && usual > tcpRepeating) span = tcpRepeating
    else if (this.#segment.isReset) span = this.timeouts.tcp[CLOSE]!
    else if (tcp.hasUnacknowledged && usual > tcpUnacknowledged) span = tcpUnacknowledged
    else if (tcp.hasZeroWindow && usual > tcpRepeating) span = tcpRepeating
    return !flow.seenReply && tcp.state === ESTABLISHED ? Math.min(span, tcpUnacknowledged) : span
  }

  #shorten(flow: Flow): void {
    const left = flow.deadline - this.#now()
    const most = this.timeouts.tcpUnacknowledged
    if (left >= 120e6 && left > most) flow.deadline = this.#now() + most
  }

  #trackOther(): Track {
    const now = this.#now()
    const found = this.table.find(this.#tuple, now)
    const { protocol, destinationKey } = this.#tuple
    if (found === undefined && protocol === ICMP && !beginsIcmpFlow(destinationKey >>> 8))
      return UNTRACKABLE
    const flow = found?.flow ?? this.#begin()
    if (!flow.confirmed) flow.streamFrom = now + STREAM_AFTER_US
    this.#refresh(flow, this.#otherTimeout(flow, now))
    return this.#seen(flow, found?.isReply ?? false)
  }

  #otherTimeout(flow: Flow, now: number): number {
    const t = this.timeouts
    switch (flow.protocol) {
      case UDP: {
        const isStream = flow.seenReply && now > flow.streamFrom
        if (isStream) flow.assured = true
        return isStream ? t.udpStream : t.udp
      }
      case ICMP:
        return t.icmp
      case GRE:
        if (flow.seenReply) flow.assured = true
        return flow.seenReply ? t.greStream : t.gre
      default:
        return t.generic
    }
  }

  #begin(): Flow {
    invertTuple(this.#inverse, this.#tuple)
    return new Flow(this.#tuple, this.#inverse)
  }

  #refresh(flow: Flow, span: number): void {
    flow.deadline = flow.confirmed ? this.#now() + span : span
  }

  /** A reply counts as seen here, even if a rule drops it later. */
  #seen(flow: Flow, isReply: boolean): Track {
    if (isReply) {
      flow.seenReply = true
      return flow.track('established', true)
    }
    return flow.track(flow.seenReply ? 'established' : 'new', false)
  }
}

function isSoundUdp(b: Uint8Array, l4: number, end: number, received: boolean): boolean {
  if (end - l4 < 8) return false
  const length = u16(b, l4 + 4)
  if (length < 8 || length > end - l4) return false
  return !received || !hasUdpChecksum(b, l4) || hasRightChecksum(b, IP_OFFSET, end)
}
