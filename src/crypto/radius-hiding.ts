/**
 * Values that RADIUS hides from whoever does not share the secret: User-Password (RFC 2865 §5.2), Tunnel-Password (RFC 2868 §3.5) and the MPPE keys of
 * Microsoft (RFC 2548 §2.4). Not encryption by today's measure: MD5 as a key stream. Secrets are UTF-8 texts, authenticators 16 bytes.
 */
import { concat, utf8 } from '../base/bytes.ts'
import type { Rng } from '../base/rng.ts'
import { attribute, attributeValue } from '../wire/radius/attributes.ts'
import type { RadiusAttribute } from '../wire/radius/packet.ts'
import { md5 } from './md5.ts'

const BLOCK_BYTES = 16
/** RFC 2865 §5.2. */
export const USER_PASSWORD_BYTES_MAX = 128
const SALT_BYTES = 2
/** What a Vendor-Specific leaves for salt and blocks: 253 − 4 − 2 bytes, of which 240 are blocks; one is the length. */
export const SALTED_BYTES_MAX = 239

/** XOR of each block with MD5 over the secret and the hidden block before it; `seed` stands before the first. */
function stream(
  input: Uint8Array,
  secret: string,
  seed: Uint8Array,
  hiddenIs: 'input' | 'output',
): Uint8Array {
  const output = new Uint8Array(input.length)
  const key = utf8(secret)
  const hidden = hiddenIs === 'input' ? input : output
  let before = seed
  for (let at = 0; at < input.length; at += BLOCK_BYTES) {
    const pad = md5(concat(key, before))
    for (let i = 0; i < BLOCK_BYTES; i++) output[at + i] = input[at + i]! ^ pad[i]!
    before = hidden.subarray(at, at + BLOCK_BYTES)
  }
  return output
}

function padded(bytes: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(bytes.length / BLOCK_BYTES))
  const out = new Uint8Array(blocks * BLOCK_BYTES)
  out.set(bytes)
  return out
}

const isBlocks = (bytes: Uint8Array): boolean =>
  bytes.length > 0 && bytes.length % BLOCK_BYTES === 0

/** The value of User-Password, 16 … 128 bytes. Undefined: the password has more than 128 bytes. */
export const hideUserPassword = (
  password: Uint8Array,
  secret: string,
  requestAuthenticator: Uint8Array,
): Uint8Array | undefined =>
  password.length > USER_PASSWORD_BYTES_MAX
    ? undefined
    : stream(padded(password), secret, requestAuthenticator, 'output')

/** The password without the zeros that fill its last block. With a wrong secret: other bytes. Undefined: not 1 … 8 whole blocks. */
export function revealUserPassword(
  value: Uint8Array,
  secret: string,
  requestAuthenticator: Uint8Array,
): Uint8Array | undefined {
  if (!isBlocks(value) || value.length > USER_PASSWORD_BYTES_MAX) return undefined
  const plain = stream(value, secret, requestAuthenticator, 'input')
  const end = plain.findLastIndex((byte) => byte !== 0)
  return plain.subarray(0, end + 1)
}

/** Two bytes, the highest bit set, none of `taken`: a salt is used once in a packet (RFC 2868 §3.5). */
function newSalt(rng: Rng, taken: readonly Uint8Array[]): Uint8Array {
  for (;;) {
    const salt = rng.bytes(SALT_BYTES)
    salt[0] = salt[0]! | 0x80
    if (!taken.some((other) => other[0] === salt[0] && other[1] === salt[1])) return salt
  }
}

/** Salt and hidden blocks: the value of MS-MPPE-Send-Key, or of Tunnel-Password behind its tag. Undefined: more than 239 bytes. */
export const hideSalted = (
  plain: Uint8Array,
  secret: string,
  requestAuthenticator: Uint8Array,
  salt: Uint8Array,
): Uint8Array | undefined =>
  plain.length > SALTED_BYTES_MAX
    ? undefined
    : concat(
        salt,
        stream(
          padded(concat(Uint8Array.of(plain.length), plain)),
          secret,
          concat(requestAuthenticator, salt),
          'output',
        ),
      )

/** Undefined: not a salt and whole blocks, or the length within is beyond them, as it mostly is with a wrong secret. */
export function revealSalted(
  value: Uint8Array,
  secret: string,
  requestAuthenticator: Uint8Array,
): Uint8Array | undefined {
  const salt = value.subarray(0, SALT_BYTES)
  const hidden = value.subarray(SALT_BYTES)
  if (!isBlocks(hidden)) return undefined
  const plain = stream(hidden, secret, concat(requestAuthenticator, salt), 'input')
  const length = plain[0]!
  return length < plain.length ? plain.subarray(1, 1 + length) : undefined
}

// ── as attributes ──

/** Keys as the server names them: it sends with `send`, which is the last half of EAP's MSK; `recv` is the first (RFC 3748 §7.10). */
export interface MppeKeys {
  /** At most 239 bytes each; 32 from EAP. */
  readonly send: Uint8Array
  readonly recv: Uint8Array
}

/** The two halves of a 64-byte MSK: MS-MPPE-Recv-Key first (RFC 5216 §2.3). */
export const mppeKeysFromMsk = (msk: Uint8Array): MppeKeys => ({
  recv: msk.subarray(0, 32),
  send: msk.subarray(32, 64),
})

/** MS-MPPE-Recv-Key and MS-MPPE-Send-Key for an Access-Accept. Throws RangeError for keys above 239 bytes, which no method makes. */
export function mppeKeyAttributes(
  keys: MppeKeys,
  secret: string,
  requestAuthenticator: Uint8Array,
  rng: Rng,
): readonly RadiusAttribute[] {
  const first = newSalt(rng, [])
  const second = newSalt(rng, [first])
  const hide = (key: Uint8Array, salt: Uint8Array): Uint8Array => {
    const hidden = hideSalted(key, secret, requestAuthenticator, salt)
    if (hidden === undefined) throw new RangeError(`a key of ${key.length} bytes does not fit`)
    return hidden
  }
  return [
    attribute('MS-MPPE-Recv-Key', hide(keys.recv, first)),
    attribute('MS-MPPE-Send-Key', hide(keys.send, second)),
  ]
}

/** Undefined: one of the two is absent or malformed. */
export function readMppeKeys(
  attributes: readonly RadiusAttribute[],
  secret: string,
  requestAuthenticator: Uint8Array,
): MppeKeys | undefined {
  const read = (name: 'MS-MPPE-Send-Key' | 'MS-MPPE-Recv-Key'): Uint8Array | undefined => {
    const value = attributeValue(attributes, name)
    return value === undefined ? undefined : revealSalted(value, secret, requestAuthenticator)
  }
  const send = read('MS-MPPE-Send-Key')
  const recv = read('MS-MPPE-Recv-Key')
  return send === undefined || recv === undefined ? undefined : { send, recv }
}

/** One value hidden anew, for the next hop's secret and authenticator, with the salt that it had. Undefined: malformed. */
export function rehideSalted(value: Uint8Array, from: Hop, to: Hop): Uint8Array | undefined {
  const plain = revealSalted(value, from.secret, from.requestAuthenticator)
  if (plain === undefined) return undefined
  return hideSalted(plain, to.secret, to.requestAuthenticator, value.subarray(0, SALT_BYTES))
}

/** What hides values between two RADIUS neighbours. */
export interface Hop {
  readonly secret: string
  /** 16 bytes, of the request on this hop. */
  readonly requestAuthenticator: Uint8Array
}
