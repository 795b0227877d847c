/**
 * The sending half of a TCP connection: what is queued, what is in flight, and what may go next (RFC 9293 §3.8, RFC 5681).
 * Not a state machine, and no timers: the connection asks it for segments, tells it acknowledgements and timeouts.
 */
import { concat } from '../base/bytes.ts'
import { between, type Instant } from '../base/time.ts'
import {
  initialCongestion,
  onAcknowledged,
  onDuplicate,
  onTimeout,
  type Congestion,
} from './tcp-congestion.ts'
import { seqAdd, seqDiff, seqMax } from './tcp-sequence.ts'
import { backOff, measure, type RoundTrip } from './tcp-timing.ts'

/** A piece of the stream that goes out now. */
export interface Piece {
  readonly sequence: number
  readonly bytes: Uint8Array
  readonly fin: boolean
  /** Nothing follows for now (RFC 9293 §3.9.1.2). */
  readonly push: boolean
}

/** What an acknowledging segment says. */
export interface Acknowledgement {
  readonly sequence: number
  readonly acknowledgement: number
  readonly window: number
  /** It carried data or FIN, so it is no duplicate acknowledgement. */
  readonly occupies: boolean
}

const NOTHING = new Uint8Array()

export class Sender {
  /** SND.UNA: the first number that the peer has not acknowledged. */
  first: number
  /** SND.NXT. A timeout sets it back to {@link first}. */
  next: number
  /** Largest payload of one segment, in bytes. */
  mss: number
  roundTrip: RoundTrip
  /** Retransmissions or unanswered probes since the peer was last heard to make progress. */
  tries = 0
  /** The highest number ever sent: the peer may acknowledge up to here. */
  #highest: number
  /** Bytes from {@link first} on: first those in flight, then those that wait. */
  #queue: Uint8Array = NOTHING
  #closing = false
  #finAcknowledged = false
  /** SND.WND: closed until {@link open}. */
  #window = 0
  #windowLargest = 0
  /** SND.WL1 and SND.WL2: the segment that last set the window. */
  #windowSequence = 0
  #windowAcknowledgement = 0
  #congestion: Congestion
  #timed: { readonly sequence: number; readonly at: Instant } | undefined

  constructor(start: {
    readonly sequence: number
    readonly mss: number
    readonly roundTrip: RoundTrip
  }) {
    this.first = start.sequence
    this.next = start.sequence
    this.#highest = start.sequence
    this.mss = start.mss
    this.roundTrip = start.roundTrip
    this.#congestion = initialCongestion(start.mss)
  }

  /** The handshake is done: the peer's first window, and the largest segment that both ends and the path allow. */
  open(peer: { readonly sequence: number; readonly window: number; readonly mss: number }): void {
    this.mss = peer.mss
    this.#congestion = initialCongestion(peer.mss)
    this.#window = peer.window
    this.#windowLargest = peer.window
    this.#windowSequence = peer.sequence
    this.#windowAcknowledgement = this.first
    this.tries = 0
  }

  /** The highest number sent so far, plus one: what a RST carries, and the last an ICMP error may quote. */
  get highest(): number {
    return this.#highest
  }

  /** {@link close} was called. */
  get closing(): boolean {
    return this.#closing
  }

  get inFlight(): number {
    return seqDiff(this.next, this.first)
  }

  /** Something waits and nothing is in flight: after {@link take} gave nothing, only a probe can help. */
  get blocked(): boolean {
    return this.inFlight === 0 && (this.#queue.length > 0 || this.#finWaits)
  }

  get #finWaits(): boolean {
    return this.#closing && !this.#finAcknowledged
  }

  /** Everything was acknowledged, the FIN too. */
  get finished(): boolean {
    return this.#finAcknowledged
  }

  queue(bytes: Uint8Array): void {
    this.#queue = concat(this.#queue, bytes)
  }

  /** No more bytes will be queued: FIN follows the last one. */
  close(): void {
    this.#closing = true
  }

  /** The next piece that the windows allow, marked as sent; undefined when there is none. */
  take(now: Instant): Piece | undefined {
    const offset = this.inFlight
    // -1 when the FIN is in flight.
    const waiting = this.#queue.length - offset
    const usable = Math.min(this.#window, this.#congestion.window) - offset
    const length = Math.max(0, Math.min(waiting, this.mss, usable))
    const fin = this.#finWaits && waiting === length && usable > length
    if (length <= 0 && !fin) return undefined
    // Silly window avoidance (RFC 9293 §3.8.6.2.1): full segments, the end, or half the largest window.
    const silly = length < this.mss && length < waiting && length < this.#windowLargest / 2
    if (silly) return undefined
    return this.#send(length, fin, now)
  }

  #send(length: number, fin: boolean, now: Instant): Piece {
    const offset = this.inFlight
    const sequence = this.next
    this.next = seqAdd(this.next, length + (fin ? 1 : 0))
    const fresh = sequence === this.#highest
    this.#highest = seqMax(this.#highest, this.next)
    if (fresh && this.#timed === undefined) this.#timed = { sequence: this.next, at: now }
    return {
      sequence,
      bytes: this.#queue.subarray(offset, offset + length),
      fin,
      push: length > 0 && offset + length === this.#queue.length,
    }
  }

  /** The first segment in flight once more. */
  #again(): Piece {
    const length = Math.min(this.#queue.length, this.mss, this.inFlight)
    const fin = this.#closing && length === this.#queue.length && this.inFlight > length
    this.#timed = undefined
    return {
      sequence: this.first,
      bytes: this.#queue.subarray(0, length),
      fin,
      push: length > 0 && length === this.#queue.length,
    }
  }

  /**
   * What the peer's window has room for, one octet at least (RFC 9293 §3.8.6.1), or the FIN when only that is left.
   * Not counted as in flight: the window said no.
   */
  probe(): Piece {
    this.tries++
    this.roundTrip = backOff(this.roundTrip)
    this.#timed = undefined
    const bytes = this.#queue.subarray(0, Math.max(1, Math.min(this.#window, this.mss)))
    const fin = bytes.length === 0
    this.#highest = seqMax(this.#highest, seqAdd(this.first, fin ? 1 : bytes.length))
    return { sequence: this.first, bytes, fin, push: false }
  }

  /** The retransmission timer ran out: everything in flight is to be sent again, slowly (RFC 6298 §5.4 to §5.6). */
  timedOut(): void {
    this.tries++
    this.roundTrip = backOff(this.roundTrip)
    this.#congestion = onTimeout(this.inFlight, this.mss)
    this.#goBack()
  }

  /** A router cannot pass segments of this size: cut what is in flight anew. No sign of congestion (RFC 1191 §6.5). */
  resegment(mss: number): void {
    this.mss = mss
    this.#goBack()
  }

  #goBack(): void {
    this.next = this.first
    this.#timed = undefined
  }

  /** RFC 9293 §3.10.7.4, fifth step. `ahead`: it acknowledges what was never sent. */
  judge(acknowledgement: number): 'ahead' | 'new' | 'same' | 'old' {
    if (seqDiff(acknowledgement, this.#highest) > 0) return 'ahead'
    const progress = seqDiff(acknowledgement, this.first)
    return progress > 0 ? 'new' : progress === 0 ? 'same' : 'old'
  }

  /** Take in an acknowledgement that is not `ahead`. A piece that comes back is to be retransmitted at once. */
  acknowledged(a: Acknowledgement, now: Instant): Piece | undefined {
    const verdict = this.judge(a.acknowledgement)
    if (verdict === 'old') return undefined
    const changed = this.#updateWindow(a)
    if (verdict === 'new') {
      this.#advance(a.acknowledgement, now)
      return undefined
    }
    // An answer to a probe is progress of a kind: a peer that keeps its window closed is alive (RFC 9293 §3.8.6.1).
    if (this.inFlight === 0) {
      this.tries = 0
      return undefined
    }
    if (a.occupies || changed) return undefined
    const { congestion, retransmit } = onDuplicate(this.#congestion, this.inFlight, this.mss)
    this.#congestion = congestion
    return retransmit ? this.#again() : undefined
  }

  #updateWindow(a: Acknowledgement): boolean {
    const newer = seqDiff(a.sequence, this.#windowSequence)
    const fresher = seqDiff(a.acknowledgement, this.#windowAcknowledgement)
    if (newer < 0 || (newer === 0 && fresher < 0)) return false
    const changed = a.window !== this.#window
    this.#window = a.window
    this.#windowLargest = Math.max(this.#windowLargest, a.window)
    this.#windowSequence = a.sequence
    this.#windowAcknowledgement = a.acknowledgement
    return changed
  }

  #advance(acknowledgement: number, now: Instant): void {
    const progress = seqDiff(acknowledgement, this.first)
    const bytes = Math.min(progress, this.#queue.length)
    if (progress > bytes) this.#finAcknowledged = true
    // Nothing of a long answer is held once the peer has all of it.
    this.#queue = bytes === this.#queue.length ? NOTHING : this.#queue.subarray(bytes)
    this.first = acknowledgement
    this.next = seqMax(this.next, acknowledgement)
    this.tries = 0
    this.#congestion = onAcknowledged(this.#congestion, bytes, this.mss)
    if (this.#timed !== undefined && seqDiff(acknowledgement, this.#timed.sequence) >= 0) {
      this.roundTrip = measure(this.roundTrip, between(this.#timed.at, now))
      this.#timed = undefined
    }
  }
}
