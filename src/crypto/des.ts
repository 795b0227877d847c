/**
 * One block of single DES (FIPS 46-3), as MS-CHAP uses it: keys of 56 bits written in 7 bytes (RFC 2433 §A.8).
 * Not a mode and not for data: OpenSSL 3 has dropped single DES, so triple DES does it with one key three times.
 */
import { createCipheriv } from 'node:crypto'
import { concat } from '../base/bytes.ts'

/** Seven bits a byte, the lowest bit of each being parity, which is odd. `key` is 7 bytes, the result 8 (RFC 2759 §9.3). */
export function desKeyOf(key: Uint8Array): Uint8Array {
  const out = new Uint8Array(8)
  for (let at = 0; at < 8; at++) {
    const before = at === 0 ? 0 : key[at - 1]! << (8 - at)
    const bits = (before | ((key[at] ?? 0) >>> at)) & 0xfe
    out[at] = bits | (isEven(bits) ? 1 : 0)
  }
  return out
}

function isEven(bits: number): boolean {
  let ones = 0
  for (let rest = bits & 0xff; rest !== 0; rest &= rest - 1) ones++
  return ones % 2 === 0
}

/** `block` (8 bytes) encrypted under `key` (7 bytes); 8 bytes. */
export function desEncrypt(block: Uint8Array, key: Uint8Array): Uint8Array {
  const one = desKeyOf(key)
  const cipher = createCipheriv('des-ede3-ecb', concat(one, one, one), null)
  cipher.setAutoPadding(false)
  return new Uint8Array(cipher.update(block))
}
