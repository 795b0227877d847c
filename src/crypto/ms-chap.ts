/**
 * NT password hashes and MS-CHAP version 1 (RFC 2433).
 * Not LAN Manager: its hash falls in seconds, no Windows since Vista keeps it, and a response with nothing else is only recognised.
 */
import { concat } from '../base/bytes.ts'
import { desEncrypt } from './des.ts'
import { md4 } from './md4.ts'
import { isSameSecret } from './same-secret.ts'

/** UTF-16, little-endian, as Windows holds passwords. */
export const unicodeOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf16le'))

/** NtPasswordHash (RFC 2433 §A.3, RFC 2759 §8.3), 16 bytes. With it alone one can sign in: as secret as the password. */
export const ntPasswordHash = (password: string): Uint8Array => md4(unicodeOf(password))

/**
 * ChallengeResponse (RFC 2433 §A.5, RFC 2759 §8.5), 24 bytes: the hash's 16 bytes and five zeros make three DES keys.
 * `challenge` is 8 bytes, `passwordHash` 16.
 */
export function ntChallengeResponse(challenge: Uint8Array, passwordHash: Uint8Array): Uint8Array {
  const keys = concat(passwordHash, new Uint8Array(5))
  return concat(
    desEncrypt(challenge, keys.subarray(0, 7)),
    desEncrypt(challenge, keys.subarray(7, 14)),
    desEncrypt(challenge, keys.subarray(14, 21)),
  )
}

/** Whether a version 1 `response` (24 bytes) was made with the password of this hash. In constant time. */
export const isNtChallengeResponse = (
  response: Uint8Array,
  challenge: Uint8Array,
  passwordHash: Uint8Array,
): boolean => isSameSecret(response, ntChallengeResponse(challenge, passwordHash))

/** Flags of a version 1 response: without the lowest bit there is a LAN Manager response only (RFC 2433 §4, RFC 2548 §2.1.3). */
export const hasNtResponse = (flags: number): boolean => (flags & 1) === 1
