/**
 * Crypto-binding of SSTP: proof that TLS and the PPP authentication inside it ended at the same two machines ([MS-SSTP] §3.2.5.2). Not the attribute's
 * layout (`wire/sstp.ts`), and not whether a hash protocol or a nonce was agreed.
 */
import { createHash, createHmac } from 'node:crypto'
import { concat, utf8 } from '../base/bytes.ts'
import { CALL_CONNECTED_BYTES, COMPOUND_MAC_AT, SstpHash } from '../wire/sstp.ts'
import { isSameSecret } from './same-secret.ts'

const HLAK_BYTES = 32
const FIELD_BYTES = 32
const SEED = utf8('SSTP inner method derived CMK')

/** One of the two hash protocols ([MS-SSTP] §2.2.6). */
export type SstpHashProtocol = (typeof SstpHash)[keyof typeof SstpHash]

const algorithmOf = (hash: SstpHashProtocol): string =>
  hash === SstpHash.SHA256 ? 'sha256' : 'sha1'

/**
 * Higher-Layer Authentication Key, 32 bytes: the first of the MSK, with zeros behind a shorter one; all zeros for a method without keys. The same on both
 * sides: an MSK begins with what the peer sends with, which is what the server receives with ([MS-SSTP] §3.2.5.2.2, §3.2.5.2.4).
 */
export function hlakOf(msk: Uint8Array = new Uint8Array()): Uint8Array {
  const hlak = new Uint8Array(HLAK_BYTES)
  hlak.set(msk.subarray(0, HLAK_BYTES))
  return hlak
}

/** Of a server's certificate (DER), 32 bytes: SHA-1 has twelve zeros behind. */
export function certificateHash(hash: SstpHashProtocol, certificate: Uint8Array): Uint8Array {
  const field = new Uint8Array(FIELD_BYTES)
  field.set(createHash(algorithmOf(hash)).update(certificate).digest())
  return field
}

/**
 * Compound MAC of a whole CALL_CONNECTED message of 112 bytes, whose own field counts as zeros. 32 bytes, as that field has: SHA-1 has twelve zeros behind.
 */
export function sstpCompoundMac(
  hash: SstpHashProtocol,
  hlak: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  const algorithm = algorithmOf(hash)
  const macBytes = hash === SstpHash.SHA256 ? 32 : 20
  // PRF+ with a single block: S | LEN | 1, LEN in two bytes with the low one first.
  const cmk = createHmac(algorithm, hlak)
    .update(concat(SEED, Uint8Array.of(macBytes, 0, 1)))
    .digest()
  const field = new Uint8Array(FIELD_BYTES)
  field.set(
    createHmac(algorithm, cmk)
      .update(message.subarray(0, COMPOUND_MAC_AT))
      .update(new Uint8Array(CALL_CONNECTED_BYTES - COMPOUND_MAC_AT))
      .digest(),
  )
  return field
}

/** Whether the message's own MAC is right. In constant time. */
export const isSstpCompoundMac = (
  hash: SstpHashProtocol,
  hlak: Uint8Array,
  message: Uint8Array,
): boolean =>
  isSameSecret(
    message.subarray(COMPOUND_MAC_AT, CALL_CONNECTED_BYTES),
    sstpCompoundMac(hash, hlak, message),
  )
