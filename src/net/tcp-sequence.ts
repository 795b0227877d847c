/**
 * Arithmetic on TCP sequence numbers, modulo 2³² (RFC 9293 §3.4).
 * Not plain numbers: after the wrap 3 is more than 4294967290, so `<` must never be used on them.
 */

export const seqAdd = (a: number, n: number): number => (a + n) >>> 0

/** How far `a` lies ahead of `b`; negative when it lies behind. Right while they are less than 2³¹ apart. */
export const seqDiff = (a: number, b: number): number => (a - b) | 0

export const seqMax = (a: number, b: number): number => (seqDiff(a, b) >= 0 ? a : b)
