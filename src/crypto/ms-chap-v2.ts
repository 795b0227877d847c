/**
 * MS-CHAP version 2 (RFC 2759 §8): responses both ways, and the change of a password. Names are the RFC's.
 * Not packets (`wire/eap/ms-chap-v2.ts`), not keys for traffic ({@link ./mppe.ts}), and not who may sign in.
 */
import { createHash } from 'node:crypto'
import { concat, toHex, utf8 } from '../base/bytes.ts'
import { invariant } from '../base/invariant.ts'
import { desEncrypt } from './des.ts'
import { md4 } from './md4.ts'
import { ntChallengeResponse, unicodeOf } from './ms-chap.ts'
import { rc4 } from './rc4.ts'
import { isSameSecret } from './same-secret.ts'

/** What both sides know of one attempt. */
export interface MsChapV2Exchange {
  /** The name as the peer gave it: `CORP\ada`, `ada`, `ada@corp.contoso.com`. */
  readonly user: string
  /** 16 bytes each. */
  readonly authenticatorChallenge: Uint8Array
  readonly peerChallenge: Uint8Array
}

const sha1 = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash('sha1')
      .update(concat(...parts))
      .digest(),
  )

/**
 * The name that goes into the hash: without a NetBIOS domain before it (RFC 2759 §4). A UPN stays whole: Windows and
 * wpa_supplicant cut at the backslash only.
 */
export const hashedUserName = (user: string): string => user.slice(user.indexOf('\\') + 1)

/** ChallengeHash (§8.2), 8 bytes. */
export const challengeHash = (exchange: MsChapV2Exchange): Uint8Array =>
  sha1(
    exchange.peerChallenge,
    exchange.authenticatorChallenge,
    utf8(hashedUserName(exchange.user)),
  ).subarray(0, 8)

/** HashNtPasswordHash (§8.4): 16 bytes of 16. */
export const hashNtPasswordHash = (passwordHash: Uint8Array): Uint8Array => md4(passwordHash)

/** GenerateNTResponse (§8.1), 24 bytes. `passwordHash` is {@link ntPasswordHash} of the password. */
export const generateNtResponse = (
  exchange: MsChapV2Exchange,
  passwordHash: Uint8Array,
): Uint8Array => ntChallengeResponse(challengeHash(exchange), passwordHash)

/** Whether the peer's `ntResponse` was made with the password of this hash. In constant time. */
export const isNtResponse = (
  ntResponse: Uint8Array,
  exchange: MsChapV2Exchange,
  passwordHash: Uint8Array,
): boolean => isSameSecret(ntResponse, generateNtResponse(exchange, passwordHash))

const SERVER_TO_CLIENT = utf8('Magic server to client signing constant')
const ONE_MORE_ITERATION = utf8('Pad to make it do more than one iteration')

/** GenerateAuthenticatorResponse (§8.7), the 20 bytes that `S=` writes in hexadecimal. */
export function generateAuthenticatorResponse(
  exchange: MsChapV2Exchange,
  passwordHash: Uint8Array,
  ntResponse: Uint8Array,
): Uint8Array {
  const inner = sha1(hashNtPasswordHash(passwordHash), ntResponse, SERVER_TO_CLIENT)
  return sha1(inner, challengeHash(exchange), ONE_MORE_ITERATION)
}

/** CheckAuthenticatorResponse (§8.8): whether the server, too, knows the password. In constant time. */
export const isAuthenticatorResponse = (
  authenticatorResponse: Uint8Array,
  exchange: MsChapV2Exchange,
  passwordHash: Uint8Array,
  ntResponse: Uint8Array,
): boolean =>
  isSameSecret(
    authenticatorResponse,
    generateAuthenticatorResponse(exchange, passwordHash, ntResponse),
  )

/** `S=407A…`, as MS-CHAP2-Success (RFC 2548 §2.3.3) and the Success packet (RFC 2759 §5) write the 20 bytes. */
export const formatAuthenticatorResponse = (authenticatorResponse: Uint8Array): string =>
  `S=${toHex(authenticatorResponse).toUpperCase()}`

/** Longest password, in UTF-16 code units. */
export const PASSWORD_LENGTH_MAX = 256

const PASSWORD_BLOCK_BYTES = 516
const LENGTH_AT = 512

/**
 * NewPasswordEncryptedWithOldNtPasswordHash (§8.9), 516 bytes: the password at the end of 512 bytes, what comes before it from
 * `padding` (512 bytes of chance), and its length. Invariant: at most 256 code units.
 */
export function encryptNewPassword(
  newPassword: string,
  oldPasswordHash: Uint8Array,
  padding: Uint8Array,
): Uint8Array {
  const password = unicodeOf(newPassword)
  invariant(password.length <= LENGTH_AT, `a password of ${password.length} bytes, at most 512`)
  const block = new Uint8Array(PASSWORD_BLOCK_BYTES)
  block.set(padding.subarray(0, LENGTH_AT - password.length))
  block.set(password, LENGTH_AT - password.length)
  new DataView(block.buffer).setUint32(LENGTH_AT, password.length, true)
  return rc4(oldPasswordHash, block)
}

/** The new password out of those 516 bytes; undefined when they were not made with this hash: the length makes no sense. */
export function decryptNewPassword(
  encryptedPassword: Uint8Array,
  oldPasswordHash: Uint8Array,
): string | undefined {
  if (encryptedPassword.length !== PASSWORD_BLOCK_BYTES) return undefined
  const block = rc4(oldPasswordHash, encryptedPassword)
  const length = new DataView(block.buffer).getUint32(LENGTH_AT, true)
  if (length > LENGTH_AT || length % 2 !== 0) return undefined
  return Buffer.from(block.subarray(LENGTH_AT - length, LENGTH_AT)).toString('utf16le')
}

/** OldNtPasswordHashEncryptedWithNewNtPasswordHash (§8.12, §8.13), 16 bytes. Both hashes are 16 bytes. */
export const encryptOldPasswordHash = (
  oldPasswordHash: Uint8Array,
  newPasswordHash: Uint8Array,
): Uint8Array =>
  concat(
    desEncrypt(oldPasswordHash.subarray(0, 8), newPasswordHash.subarray(0, 7)),
    desEncrypt(oldPasswordHash.subarray(8, 16), newPasswordHash.subarray(7, 14)),
  )

/** Whether whoever sent `encryptedHash` knew the old password. In constant time. */
export const isOldPasswordHash = (
  encryptedHash: Uint8Array,
  oldPasswordHash: Uint8Array,
  newPasswordHash: Uint8Array,
): boolean => isSameSecret(encryptedHash, encryptOldPasswordHash(oldPasswordHash, newPasswordHash))
