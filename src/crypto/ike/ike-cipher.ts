/**
 * The Encrypted and Authenticated payload (RFC 7296 §3.14, RFC 5282 and RFC 7634 for AEADs) and its fragments (RFC 7383 §2.5), one direction.
 * Not the headers around it: a caller writes them, with every Length as `sealedLength` has it.
 */
import { concat, withoutBuffer } from '../../base/bytes.ts'
import { aeadOf, cbcOf, integrityWith } from './cipher-key.ts'
import { protectionOf, type Encryption, type IkeSuite, type KeyedDigest } from './transforms.ts'

/** What protects one direction of an IKE SA. */
export interface IkeCipher {
  readonly ivBytes: number
  readonly icvBytes: number
  /** The plaintext with its padding and Pad Length is a multiple of this. */
  readonly blockBytes: number
  /** Bytes of IV, ciphertext and ICV. */
  sealedLength(plaintext: number): number
  /**
   * IV, ciphertext, ICV. `header` is all before the IV, from the IKE header on. `iv` is `ivBytes` bytes: never the same twice with an AEAD, a counter
   * for example; not to be foreseen with others.
   */
  seal(header: Uint8Array, plaintext: Uint8Array, iv: Uint8Array): Uint8Array
  /** The plaintext without its padding. Undefined: the ICV is wrong, or the padding. */
  open(header: Uint8Array, body: Uint8Array): Uint8Array | undefined
}

/** The keys of one direction: `skEi` and `skAi`, or `skEr` and `skAr`. */
export interface IkeCipherKeys {
  readonly encryption: Uint8Array
  readonly integrity: Uint8Array
}

/** Throws RangeError for a suite that cannot be carried out, or keys of another length. */
export function ikeCipher(
  suite: Pick<IkeSuite, 'encryption' | 'integrity'>,
  keys: IkeCipherKeys,
): IkeCipher {
  const { encryption, integrity } = protectionOf(suite)
  if (encryption.kind === 'aead') return aeadCipher(encryption, keys)
  if (encryption.kind === 'cbc' && integrity !== undefined) {
    return cbcCipher(encryption, integrity, keys)
  }
  throw new RangeError(`encryption transform ${suite.encryption.id} is none of IKE`)
}

/** With padding and Pad Length. */
export const padded = (length: number, block: number): number =>
  Math.ceil((length + 1) / block) * block

/** Padding of zeros, which may have any value, and its length. */
export function withPadding(plaintext: Uint8Array, block: number): Uint8Array {
  const out = new Uint8Array(padded(plaintext.length, block))
  out.set(plaintext)
  out[out.length - 1] = out.length - plaintext.length - 1
  return out
}

export function withoutPadding(bytes: Uint8Array): Uint8Array | undefined {
  const length = bytes.length - 1 - (bytes.at(-1) ?? 0)
  return length < 0 ? undefined : withoutBuffer(bytes).subarray(0, length)
}

function requireIv(iv: Uint8Array, expected: number): void {
  if (iv.length !== expected) throw new RangeError(`an IV has ${expected} bytes, not ${iv.length}`)
}

function aeadCipher(encryption: Encryption, keys: IkeCipherKeys): IkeCipher {
  const { ivBytes, icvBytes, blockBytes, saltBytes } = encryption
  const aead = aeadOf(encryption, keys.encryption)
  const nonceOf = (iv: Uint8Array): Uint8Array => {
    const nonce = aead.newNonce()
    nonce.set(iv, saltBytes)
    return nonce
  }
  return {
    ivBytes,
    icvBytes,
    blockBytes,
    sealedLength: (plaintext) => ivBytes + padded(plaintext, blockBytes) + icvBytes,
    seal(header, plaintext, iv) {
      requireIv(iv, ivBytes)
      const sealer = aead.sealer(nonceOf(iv)).setAAD(header)
      const ciphertext = sealer.update(withPadding(plaintext, blockBytes))
      sealer.final()
      return concat(iv, ciphertext, sealer.getAuthTag())
    },
    open(header, body) {
      const end = body.length - icvBytes
      if (end <= ivBytes) return undefined
      const opener = aead.opener(nonceOf(body.subarray(0, ivBytes))).setAAD(header)
      opener.setAuthTag(body.subarray(end))
      const plaintext = opener.update(body.subarray(ivBytes, end))
      try {
        opener.final()
      } catch {
        // The one error there: the tag is wrong.
        return undefined
      }
      return withoutPadding(plaintext)
    },
  }
}

/** Encrypted first, then authenticated, IV and headers with it (RFC 7296 §3.14). */
function cbcCipher(encryption: Encryption, integrity: KeyedDigest, keys: IkeCipherKeys): IkeCipher {
  const { ivBytes, blockBytes } = encryption
  const cbc = cbcOf(encryption, keys.encryption)
  const mac = integrityWith(integrity, keys.integrity)
  const { icvBytes } = mac
  return {
    ivBytes,
    icvBytes,
    blockBytes,
    sealedLength: (plaintext) => ivBytes + padded(plaintext, blockBytes) + icvBytes,
    seal(header, plaintext, iv) {
      requireIv(iv, ivBytes)
      const ciphertext = cbc.encrypt(iv, withPadding(plaintext, blockBytes))
      return concat(iv, ciphertext, mac.icv(header, iv, ciphertext))
    },
    open(header, body) {
      const end = body.length - icvBytes
      if (end <= ivBytes || (end - ivBytes) % blockBytes !== 0) return undefined
      if (!mac.isRight(body.subarray(end), header, body.subarray(0, end))) return undefined
      return withoutPadding(cbc.decrypt(body.subarray(0, ivBytes), body.subarray(ivBytes, end)))
    },
  }
}
