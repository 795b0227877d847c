/**
 * Comparison of MACs and responses that takes as long for a near miss as for a wild one.
 * Not for addresses or anything that everybody knows: `equalBytes` of `base/bytes.ts` does those.
 */
import { timingSafeEqual } from 'node:crypto'

/** False at once when the lengths differ, which is no secret. */
export const isSameSecret = (given: Uint8Array, expected: Uint8Array): boolean =>
  given.length === expected.length && timingSafeEqual(given, expected)
