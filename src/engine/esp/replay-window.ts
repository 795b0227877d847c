/**
 * The anti-replay window of an inbound ESP SA (RFC 4303 §3.4.3), and the upper half of extended sequence numbers, which does not travel (Appendix A2).
 * Not who vouches for a number: it is marked when the ICV was right, and not before.
 */

export const WINDOW_DEFAULT = 64
/** RFC 4303 §3.4.3: what every receiver supports; and OWN, more than any path reorders. */
const WINDOW_MIN = 32
const WINDOW_MAX = 65_536

const WORD_BITS = 32
const HALF = 2 ** 32

export type ReplayVerdict = 'new' | 'replayed' | 'too-old'

/** Bits in a ring of words (RFC 6479): what leaves the window is cleared by the word, nothing is shifted. */
export class ReplayWindow {
  readonly #size: number
  readonly #isExtended: boolean
  readonly #words: Uint32Array
  /** The highest that was received. */
  #top = 0

  /** `size` in packets. Throws RangeError for one outside 32 … 65,536. */
  constructor(size: number, isExtended: boolean) {
    if (!Number.isInteger(size) || size < WINDOW_MIN || size > WINDOW_MAX) {
      throw new RangeError(
        `a replay window has ${WINDOW_MIN} to ${WINDOW_MAX} packets, not ${size}`,
      )
    }
    this.#size = size
    this.#isExtended = isExtended
    // One word more than the window, since its ends may share one.
    this.#words = new Uint32Array(Math.ceil(size / WORD_BITS) + 1)
  }

  /** The whole number, of the half that travelled. Below 0: it would be from before the first packet. */
  sequenceOf(low: number): number {
    if (!this.#isExtended) return low
    const topLow = this.#top % HALF
    const topHigh = this.#top - topLow
    const bottom = topLow - this.#size + 1
    // A2.2: a window within one half of the numbers, or over the border of two.
    if (bottom >= 0) return low >= bottom ? topHigh + low : topHigh + HALF + low
    return low >= bottom + HALF ? topHigh - HALF + low : topHigh + low
  }

  /** 0 is never sent first, and comes again only when numbers have run out. */
  judge(sequence: number): ReplayVerdict {
    if (sequence > this.#top) return 'new'
    if (sequence <= 0 || sequence + this.#size <= this.#top) return 'too-old'
    const word = this.#words[this.#slotOf(sequence)]!
    return (word >>> (sequence % WORD_BITS)) & 1 ? 'replayed' : 'new'
  }

  mark(sequence: number): void {
    if (sequence > this.#top) this.#advance(sequence)
    const slot = this.#slotOf(sequence)
    this.#words[slot] = this.#words[slot]! | (1 << (sequence % WORD_BITS))
  }

  #advance(to: number): void {
    const from = Math.floor(this.#top / WORD_BITS)
    const steps = Math.min(Math.floor(to / WORD_BITS) - from, this.#words.length)
    for (let step = 1; step <= steps; step++) {
      this.#words[(from + step) % this.#words.length] = 0
    }
    this.#top = to
  }

  #slotOf(sequence: number): number {
    return Math.floor(sequence / WORD_BITS) % this.#words.length
  }
}
