/**
 * What stands in for digests and key derivation where cryptography is modelled: numbers of 32 bits that differ when the bytes differ, and bytes made
 * of such a number. NOT CRYPTOGRAPHY: anybody finds other bytes with the same number. It guards nothing, and no key, tag or signature made of it does.
 */

/** Odd, so that a step loses nothing: two that differ in one word stay different to the end. */
const STEP = 0x9e3779b1

/** `seed` and `bytes` as one number of 32 bits, signed. Their length counts. Four bytes a step: whole flights pass here. */
export function mix(seed: number, bytes: Uint8Array, from = 0, to = bytes.length): number {
  let h = seed ^ Math.imul(to - from, STEP)
  let at = from
  for (; at + 3 < to; at += 4) {
    h ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    h = Math.imul(h, STEP)
    h ^= h >>> 15
  }
  for (; at < to; at++) {
    h = Math.imul(h ^ bytes[at]!, STEP)
    h ^= h >>> 15
  }
  return h
}

/** Of all the parts, one after another; where one ends and the next begins counts. */
export function mixAll(seed: number, ...parts: readonly Uint8Array[]): number {
  let h = seed
  for (const part of parts) h = mix(h, part)
  return h
}

/** Of a short text of ASCII, such as a label. */
export function mixText(seed: number, text: string): number {
  let h = seed ^ text.length
  for (let at = 0; at < text.length; at++) {
    h = Math.imul(h ^ text.charCodeAt(at), STEP)
    h ^= h >>> 15
  }
  return h
}

/** Fill `out` from `from` to `to` with bytes that follow from `seed`. */
export function spread(seed: number, out: Uint8Array, from = 0, to = out.length): void {
  let state = seed
  for (let at = from; at < to;) {
    state = (state + STEP) | 0
    let word = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
    word ^= word >>> 13
    const end = Math.min(at + 4, to)
    for (; at < end; at++) {
      out[at] = word
      word >>>= 8
    }
  }
}

/** `length` bytes that follow from `seed`. */
export function spreadBytes(seed: number, length: number): Uint8Array {
  const out = new Uint8Array(length)
  spread(seed, out)
  return out
}

/** Whether `out` has, from `from` to `to`, what {@link spread} would write there. */
export function isSpread(seed: number, out: Uint8Array, from = 0, to = out.length): boolean {
  const right = spreadBytes(seed, to - from)
  for (let at = from; at < to; at++) if (out[at] !== right[at - from]) return false
  return true
}
