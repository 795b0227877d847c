/**
 * RC4 (RFC 6229 has its vectors), which hides a new password on its way to the domain (RFC 2759 §8.10) and OpenSSL 3 no longer offers.
 * Not for anything else: RFC 7465 forbids it in TLS.
 */

/** `data` with the key stream laid over it: the same call encrypts and decrypts. `key` is 1 … 256 bytes. */
export function rc4(key: Uint8Array, data: Uint8Array): Uint8Array {
  const state = Uint8Array.from({ length: 256 }, (_, at) => at)
  const swap = (i: number, j: number): void => {
    const kept = state[i]!
    state[i] = state[j]!
    state[j] = kept
  }
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + state[i]! + key[i % key.length]!) & 0xff
    swap(i, j)
  }
  let i = 0
  let j = 0
  return data.map((byte) => {
    i = (i + 1) & 0xff
    j = (j + state[i]!) & 0xff
    swap(i, j)
    return byte ^ state[(state[i]! + state[j]!) & 0xff]!
  })
}
