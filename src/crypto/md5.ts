/**
 * MD5 (RFC 1321) and HMAC-MD5 (RFC 2104) of RADIUS packets, by node:crypto in one call each: a server makes half a dozen of each request, and
 * objects that could be fed piece by piece cost several times what the digest does. Not for anything new: MD5 is broken.
 */
import { hash } from 'node:crypto'

const BLOCK_BYTES = 64
const DIGEST_BYTES = 16

/** The digest, 16 bytes. */
export function md5(message: Uint8Array): Uint8Array {
  const digest = new Uint8Array(DIGEST_BYTES)
  putMd5(message, digest, 0)
  return digest
}

/** The proof, 16 bytes. */
export function hmacMd5(key: Uint8Array, message: Uint8Array): Uint8Array {
  const secret = key.length > BLOCK_BYTES ? md5(key) : key
  const inner = new Uint8Array(BLOCK_BYTES + message.length)
  const outer = new Uint8Array(BLOCK_BYTES + DIGEST_BYTES)
  for (let i = 0; i < BLOCK_BYTES; i++) {
    const byte = secret[i] ?? 0
    inner[i] = byte ^ 0x36
    outer[i] = byte ^ 0x5c
  }
  inner.set(message, BLOCK_BYTES)
  putMd5(inner, outer, BLOCK_BYTES)
  return md5(outer)
}

/** A digest comes cheaper as a text of sixteen characters than as a Buffer. */
function putMd5(message: Uint8Array, into: Uint8Array, at: number): void {
  const digest = hash('md5', message, 'binary')
  for (let i = 0; i < DIGEST_BYTES; i++) into[at + i] = digest.charCodeAt(i)
}
