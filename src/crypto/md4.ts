/**
 * MD4 (RFC 1320), which every NT password hash is made with and OpenSSL 3 no longer offers.
 * Not for anything else: it is broken, and only what Microsoft's protocols fix may use it.
 */

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by))

/** Per round: the function, the constant, the order of the words, and the four shifts (RFC 1320 §3.4). */
const ROUNDS: readonly {
  readonly mix: (x: number, y: number, z: number) => number
  readonly add: number
  readonly words: readonly number[]
  readonly shifts: readonly [number, number, number, number]
}[] = [
  {
    mix: (x, y, z) => (x & y) | (~x & z),
    add: 0,
    words: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    shifts: [3, 7, 11, 19],
  },
  {
    mix: (x, y, z) => (x & y) | (x & z) | (y & z),
    add: 0x5a827999,
    words: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    shifts: [3, 5, 9, 13],
  },
  {
    mix: (x, y, z) => x ^ y ^ z,
    add: 0x6ed9eba1,
    words: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    shifts: [3, 9, 11, 15],
  },
]

/** The message, a one bit, zeros, and its length in bits as 64 bits, least significant byte first (RFC 1320 §3.1, §3.2). */
function padded(message: Uint8Array): DataView {
  const out = new DataView(new ArrayBuffer(((message.length + 8) >>> 6) * 64 + 64))
  new Uint8Array(out.buffer).set(message)
  out.setUint8(message.length, 0x80)
  out.setBigUint64(out.byteLength - 8, BigInt(message.length) * 8n, true)
  return out
}

/** The digest, 16 bytes. */
export function md4(message: Uint8Array): Uint8Array {
  const input = padded(message)
  const sum = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476])
  for (let block = 0; block < input.byteLength; block += 64) {
    let [a, b, c, d] = [sum[0]!, sum[1]!, sum[2]!, sum[3]!]
    for (const { mix, add, words, shifts } of ROUNDS) {
      for (const [step, word] of words.entries()) {
        const value = (a + mix(b, c, d) + input.getUint32(block + 4 * word, true) + add) | 0
        ;[a, b, c, d] = [d, rotate(value, shifts[step & 3]!), b, c]
      }
    }
    sum[0]! += a
    sum[1]! += b
    sum[2]! += c
    sum[3]! += d
  }
  const digest = new DataView(new ArrayBuffer(16))
  for (const [at, word] of sum.entries()) digest.setUint32(4 * at, word, true)
  return new Uint8Array(digest.buffer)
}
