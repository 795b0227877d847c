/**
 * Seeded random streams (sfc32), forked by label, so that an extra draw in one place moves nothing elsewhere.
 * Not for cryptographic strength: a lab must repeat. Same seed, same numbers, on every machine.
 */
import { hash } from 'node:crypto'

export interface Rng {
  /** An independent stream. The same label always gives the same stream, however much was drawn before. */
  fork(label: string): Rng
  /** A whole number in 0 … bound − 1, without modulo bias. `bound` is 1 … 2³². */
  below(bound: number): number
  /** True with probability `p` (0 … 1). */
  chance(p: number): boolean
  /** A number in 0 ≤ x < 1. */
  fraction(): number
  bytes(length: number): Uint8Array
  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T
}

export function rngFrom(seed: string): Rng {
  let isSeeded = false
  let a = 0
  let b = 0
  let c = 0
  let counter = 0

  // With the first number: most streams of a lab are only forked from, or never drawn from at all.
  const begin = (): void => {
    isSeeded = true
    const digest = hash('sha256', seed, 'buffer')
    a = digest.readInt32LE(0)
    b = digest.readInt32LE(4)
    c = digest.readInt32LE(8)
    counter = digest.readInt32LE(12)
    for (let i = 0; i < 12; i++) next()
  }
  const next = (): number => {
    if (!isSeeded) begin()
    const t = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }

  const below = (bound: number): number => {
    const limit = 2 ** 32 - (2 ** 32 % bound)
    for (;;) {
      const x = next()
      if (x < limit) return x % bound
    }
  }
  return {
    fork: (label) => rngFrom(`${seed}/${label}`),
    below,
    chance: (p) => next() / 2 ** 32 < p,
    fraction: () => next() / 2 ** 32,
    bytes(length) {
      const out = new Uint8Array(length)
      for (let i = 0; i < length; i++) out[i] = next() >>> 24
      return out
    },
    pick: <T>(items: readonly T[]): T => items[below(items.length)] as T,
  }
}
