/**
 * Crypto-binding of PEAP version 0: proof that the tunnel and the method in it ended at the same two machines ([MS-PEAP] §3.1.5.5).
 * Not the TLV's layout (`wire/eap/peap-tlv.ts`) and not whether one is demanded.
 */
import { createHmac } from 'node:crypto'
import { concat, utf8 } from '../base/bytes.ts'
import { isSameSecret } from './same-secret.ts'

export interface CompoundKeys {
  /** Intermediate PEAP MAC key, 40 bytes: the MSK comes of it. */
  readonly ipmk: Uint8Array
  /** Compound MAC key, 20 bytes. */
  readonly cmk: Uint8Array
}

const hmacSha1 = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHmac('sha1', key)
      .update(concat(...parts))
      .digest(),
  )

/** PRF+: T1 | T2 | …, Tn = HMAC-SHA1(K, Tn−1 | S | n | 0 | 0). */
function prfPlus(key: Uint8Array, seed: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = []
  for (let n = 1; (n - 1) * 20 < length; n++) {
    blocks.push(hmacSha1(key, blocks.at(-1) ?? new Uint8Array(), seed, Uint8Array.of(n, 0, 0)))
  }
  return concat(...blocks).subarray(0, length)
}

const split = (keys: Uint8Array): CompoundKeys => ({
  ipmk: keys.slice(0, 40),
  cmk: keys.slice(40, 60),
})

/**
 * Keys after an inner method. `tunnelKey`: what TLS exports for EAP, of which the first 40 bytes count. `innerKey`: the inner session key,
 * the first 32 bytes of the inner method's MSK; a method that makes no keys gives none, and zeros stand for it.
 */
export function compoundKeys(
  tunnelKey: Uint8Array,
  innerKey: Uint8Array = new Uint8Array(),
): CompoundKeys {
  const isk = new Uint8Array(32)
  isk.set(innerKey.subarray(0, 32))
  const seed = concat(utf8('Inner Methods Compound Keys'), isk)
  return split(prfPlus(tunnelKey.subarray(0, 40), seed, 60))
}

/** Keys of a resumed session, in which no inner method runs: the tunnel's first 60 bytes themselves. */
export const resumedCompoundKeys = (tunnelKey: Uint8Array): CompoundKeys => split(tunnelKey)

const MAC_BYTES = 20
const PEAP = Uint8Array.of(25)

/** Compound MAC (20 bytes) of a whole Crypto-Binding TLV of 60 bytes, whose own last 20 bytes count as zeros. */
export const compoundMac = (cmk: Uint8Array, tlv: Uint8Array): Uint8Array =>
  hmacSha1(cmk, tlv.subarray(0, tlv.length - MAC_BYTES), new Uint8Array(MAC_BYTES), PEAP)

/** Whether the TLV's MAC, its last 20 bytes, is right. In constant time. */
export const isCompoundMac = (cmk: Uint8Array, tlv: Uint8Array): boolean =>
  isSameSecret(tlv.subarray(-MAC_BYTES), compoundMac(cmk, tlv))

/** MSK of PEAP where crypto-binding was used, 64 bytes. The label's final zero counts, as in Windows. */
export const boundMsk = (ipmk: Uint8Array): Uint8Array =>
  prfPlus(ipmk, utf8('Session Key Generating Function\0'), 128).slice(0, 64)
