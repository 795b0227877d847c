/**
 * Keys of encryption and integrity transforms, made ready for OpenSSL once and not for every packet.
 * Not what they protect: `ike-cipher.ts` and `esp-cipher.ts`. No error of this file tells a key.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type Cipher,
  type CipherGCM,
  type CipherGCMTypes,
  type Decipher,
  type DecipherGCM,
  type KeyObject,
} from 'node:crypto'
import { concat } from '../../base/bytes.ts'
import { isSameSecret } from '../same-secret.ts'
import type { Encryption, KeyedDigest } from './transforms.ts'

const NONCE_BYTES = 12

/** GCM and ChaCha20-Poly1305: one nonce, one message. `nonce`, `additional` and `input` are read at once, and may be written over later. */
export interface Aead {
  /** The salt, and room for the IV behind it. */
  newNonce(): Uint8Array
  sealer(nonce: Uint8Array): CipherGCM
  opener(nonce: Uint8Array): DecipherGCM
}

function aKey(bytes: Uint8Array, expected: number, what: string): KeyObject {
  if (bytes.length !== expected) {
    throw new RangeError(`a key for ${what} has ${expected} bytes, not ${bytes.length}`)
  }
  return createSecretKey(bytes)
}

/** `material`: the key and the salt behind it. Throws RangeError for another length. */
export function aeadOf(encryption: Encryption, material: Uint8Array): Aead {
  const { keyBytes, saltBytes, icvBytes } = encryption
  // ChaCha20-Poly1305 has the same interface; the types of node know that of GCM alone.
  const cipher = encryption.cipher as CipherGCMTypes
  aKey(material, keyBytes + saltBytes, cipher)
  const key = createSecretKey(material.subarray(0, keyBytes))
  const salt = Uint8Array.from(material.subarray(keyBytes))
  const options = { authTagLength: icvBytes }
  return {
    newNonce() {
      const nonce = new Uint8Array(NONCE_BYTES)
      nonce.set(salt)
      return nonce
    },
    sealer: (nonce) => createCipheriv(cipher, key, nonce, options),
    opener: (nonce) => createDecipheriv(cipher, key, nonce, options),
  }
}

/** Blocks in a chain, without padding: `bytes` are whole blocks, one at least. */
export interface Cbc {
  encrypt(iv: Uint8Array, bytes: Uint8Array): Uint8Array
  decrypt(iv: Uint8Array, bytes: Uint8Array): Uint8Array
}

/** Throws RangeError for a key of another length. */
export function cbcOf({ cipher, keyBytes, ivBytes }: Encryption, material: Uint8Array): Cbc {
  const single = aKey(material, keyBytes, cipher)
  // Single DES: triple DES with one key three times.
  const key = keyBytes === 8 ? createSecretKey(concat(material, material, material)) : single
  return { encrypt: encryptor(cipher, key, ivBytes), decrypt: decryptor(cipher, key, ivBytes) }
}

// To make a cipher ready costs more than a message. So one chain goes on for ever, and each message's first block is taken from it.

function encryptor(cipher: string, key: KeyObject, ivBytes: number): Cbc['encrypt'] {
  const last = new Uint8Array(ivBytes)
  let chain: Cipher | undefined
  return (iv, bytes) => {
    chain ??= createCipheriv(cipher, key, last).setAutoPadding(false)
    const unchained = new Uint8Array(bytes)
    for (let i = 0; i < ivBytes; i++) unchained[i]! ^= last[i]! ^ iv[i]!
    const out = chain.update(unchained)
    copyEnd(out, last)
    return out
  }
}

function decryptor(cipher: string, key: KeyObject, ivBytes: number): Cbc['decrypt'] {
  const last = new Uint8Array(ivBytes)
  let chain: Decipher | undefined
  return (iv, bytes) => {
    chain ??= createDecipheriv(cipher, key, last).setAutoPadding(false)
    const out = chain.update(bytes)
    for (let i = 0; i < ivBytes; i++) out[i]! ^= last[i]! ^ iv[i]!
    copyEnd(bytes, last)
    return out
  }
}

function copyEnd(from: Uint8Array, to: Uint8Array): void {
  const start = from.length - to.length
  for (let i = 0; i < to.length; i++) to[i] = from[start + i]!
}

/** An integrity transform with its key. */
export interface Integrity {
  readonly icvBytes: number
  /** Over `parts`, one after another. */
  icv(...parts: readonly Uint8Array[]): Uint8Array
  isRight(icv: Uint8Array, ...parts: readonly Uint8Array[]): boolean
}

/** Throws RangeError for a key of another length. */
export function integrityWith(digest: KeyedDigest, material: Uint8Array): Integrity {
  const { hash, keyBytes, icvBytes } = digest
  const key = aKey(material, keyBytes, `HMAC-${hash}`)
  const icv = (...parts: readonly Uint8Array[]): Uint8Array => {
    const mac = createHmac(hash, key)
    for (const part of parts) mac.update(part)
    return mac.digest().subarray(0, icvBytes)
  }
  return {
    icvBytes,
    icv,
    isRight: (given, ...parts) => isSameSecret(given, icv(...parts)),
  }
}
