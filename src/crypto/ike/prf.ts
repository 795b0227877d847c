/**
 * The pseudorandom functions of IKEv2 and what is stretched with them (RFC 7296 §2.13). Numbers are IANA's, of transform type 2.
 * Not which keys are made of it: `keys.ts`.
 */
import { createHmac } from 'node:crypto'
import { withoutBuffer } from '../../base/bytes.ts'
import { prfOf, type KeyedDigest } from './transforms.ts'

function known(id: number): KeyedDigest {
  const found = prfOf(id)
  if (found === undefined) throw new RangeError(`no pseudorandom function ${id}`)
  return found
}

/** Bytes that come out; as many are the preferred length of a key. Throws RangeError for one that `supports` does not know. */
export const prfLength = (id: number): number => known(id).keyBytes

/** `prfLength(id)` bytes over `data`, one after another. Throws RangeError for one that `supports` does not know. */
export function prf(id: number, key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac(known(id).hash, key)
  for (const part of data) mac.update(part)
  return withoutBuffer(mac.digest())
}

/** `length` bytes: T1 | T2 | … of prf+ (RFC 7296 §2.13). Throws RangeError for more than 255 times the output, which has no meaning. */
export function prfPlus(id: number, key: Uint8Array, seed: Uint8Array, length: number): Uint8Array {
  const { hash, keyBytes } = known(id)
  const rounds = Math.ceil(length / keyBytes)
  if (rounds > 255) throw new RangeError(`prf+ ends before ${length} bytes`)
  const out = new Uint8Array(rounds * keyBytes)
  let before: Uint8Array = new Uint8Array()
  for (let round = 1; round <= rounds; round++) {
    before = createHmac(hash, key).update(before).update(seed).update(Uint8Array.of(round)).digest()
    out.set(before, (round - 1) * keyBytes)
  }
  return out.subarray(0, length)
}
