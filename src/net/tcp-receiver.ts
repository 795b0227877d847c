/**
 * The receiving half of a TCP connection: which segments are acceptable, and putting the stream in order (RFC 9293 §3.10.7.4).
 * Not a state machine: it knows sequence numbers, bytes and the peer's FIN, and calls nobody.
 */
import { seqAdd, seqDiff } from './tcp-sequence.ts'

/** Applications here take what comes at once, so the window never closes. Window scaling is not offered. */
export const RECEIVE_WINDOW_BYTES = 65_535

interface Held {
  readonly sequence: number
  readonly bytes: Uint8Array
}

export class Receiver {
  /** RCV.NXT: what the next acknowledgement says. */
  next: number
  #held: Held[] = []
  /** Sequence number of the peer's FIN, once seen. */
  #finAt: number | undefined
  #ended = false

  constructor(next: number) {
    this.next = next
  }

  /** The peer's FIN has been reached: nothing more will come. */
  get ended(): boolean {
    return this.#ended
  }

  /** RFC 9293 §3.10.7.4, first step. The window is never zero, which leaves two of the four cases. */
  acceptable(sequence: number, length: number): boolean {
    return this.#inWindow(sequence) || (length > 0 && this.#inWindow(seqAdd(sequence, length - 1)))
  }

  #inWindow(sequence: number): boolean {
    const offset = seqDiff(sequence, this.next)
    return offset >= 0 && offset < RECEIVE_WINDOW_BYTES
  }

  /** Take in an acceptable segment. Returns copies of the bytes that are now in order. */
  accept(sequence: number, payload: Uint8Array, fin: boolean): Uint8Array[] {
    if (this.#ended) return []
    const room = RECEIVE_WINDOW_BYTES - seqDiff(sequence, this.next)
    const fits = payload.length <= room
    if (fin && fits) this.#finAt = seqAdd(sequence, payload.length)
    const bytes = fits ? payload : payload.subarray(0, room)
    const delivered: Uint8Array[] = []
    if (seqDiff(sequence, this.next) <= 0) this.#deliver({ sequence, bytes }, delivered)
    else this.#hold({ sequence, bytes })
    this.#drain(delivered)
    if (this.#finAt === this.next) {
      this.next = seqAdd(this.next, 1)
      this.#ended = true
      this.#held = []
    }
    return delivered
  }

  #deliver(segment: Held, delivered: Uint8Array[]): void {
    const fresh = segment.bytes.slice(seqDiff(this.next, segment.sequence))
    if (fresh.length === 0) return
    this.next = seqAdd(this.next, fresh.length)
    delivered.push(fresh)
  }

  /** Keep a segment that came too early, in order. What would exceed the window's worth of memory comes again later. */
  #hold(segment: Held): void {
    const kept = this.#held.reduce((sum, h) => sum + h.bytes.length, 0)
    const known = this.#held.some(
      (h) => h.sequence === segment.sequence && h.bytes.length >= segment.bytes.length,
    )
    if (known || segment.bytes.length === 0) return
    if (kept + segment.bytes.length > RECEIVE_WINDOW_BYTES) return
    this.#held.push({ sequence: segment.sequence, bytes: segment.bytes.slice() })
    this.#held.sort((a, b) => seqDiff(a.sequence, b.sequence))
  }

  #drain(delivered: Uint8Array[]): void {
    while (this.#held.length > 0 && seqDiff(this.#held[0]!.sequence, this.next) <= 0) {
      this.#deliver(this.#held.shift()!, delivered)
    }
  }
}
