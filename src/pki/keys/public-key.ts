/**
 * What stands in a SubjectPublicKeyInfo, before anything is computed with it (RFC 3279 §2.3, RFC 5480).
 * Not a usable key: {@link ./verification-key.ts} has OpenSSL read it.
 */
import { toLatin1 } from '../../base/bytes.ts'
import { rememberEach } from '../../base/remember.ts'
import { readDer, TAG } from '../encoding/der.ts'
import { OID } from '../encoding/oids.ts'

const EC_PUBLIC_KEY = '1.2.840.10045.2.1'

/** Magnitudes, big-endian, first byte not zero. */
export interface RsaKey {
  readonly modulus: Uint8Array
  readonly exponent: Uint8Array
}

export type PublicKeyForm =
  | ({ readonly kind: 'rsa' } & RsaKey)
  /** `curve`: its OID; absent: the parameters are written out, or taken from the issuer. */
  | { readonly kind: 'ec'; readonly curve?: string }
  /** Another algorithm, or an RSA key that is not to the letter of RFC 3279 §2.3.1. */
  | { readonly kind: 'other'; readonly algorithm: string }

// One judgement asks both of each of its keys several times. By the object: what one peer sent is nothing to another.

/** Undefined when it is not well formed. */
export const publicKeyForm: (spki: Uint8Array) => PublicKeyForm | undefined = rememberEach(readForm)

/** The same text for the same key, to look it up by. */
export const publicKeyText: (spki: Uint8Array) => string = rememberEach(toLatin1)

function readForm(spki: Uint8Array): PublicKeyForm | undefined {
  const field = 'subjectPublicKeyInfo'
  const read = readDer(spki, field, (outer): PublicKeyForm => {
    const r = outer.sequence(field)
    const algorithm = r.sequence(field)
    const oid = algorithm.oid(field)
    if (oid === EC_PUBLIC_KEY) {
      const named = algorithm.nextTag === TAG.oid
      const curve = named ? { curve: algorithm.oid(field) } : {}
      r.element(field, TAG.bitString)
      return { kind: 'ec', ...curve }
    }
    const parameters = algorithm.atEnd ? undefined : algorithm.element(field)
    const key = r.octetsOfBits(field)
    r.end(field)
    const isNull = parameters?.tag === TAG.null && parameters.contents.length === 0
    const isPlain = oid === OID.rsaEncryption && isNull && algorithm.atEnd
    const rsa = isPlain ? readRsaNumbers(key) : undefined
    return rsa === undefined ? { kind: 'other', algorithm: oid } : { kind: 'rsa', ...rsa }
  })
  return read.ok ? read.value : undefined
}

/** RSAPublicKey (RFC 8017 §A.1.1) of two positive numbers. */
function readRsaNumbers(der: Uint8Array): RsaKey | undefined {
  const field = 'RSAPublicKey'
  const read = readDer(der, field, (whole) => {
    const key = whole.sequence(field)
    const modulus = magnitude(key.integerBytes('modulus'))
    const exponent = magnitude(key.integerBytes('publicExponent'))
    key.end(field)
    return modulus && exponent && { modulus, exponent }
  })
  return read.ok ? read.value : undefined
}

/** Of a positive INTEGER. */
function magnitude(contents: Uint8Array): Uint8Array | undefined {
  const first = contents[0]!
  if (first >= 0x80 || (first === 0 && contents.length === 1)) return undefined
  return first === 0 ? contents.subarray(1) : contents
}

/** Of a magnitude. */
export const bitLength = (bytes: Uint8Array): number =>
  8 * (bytes.length + 3) - Math.clz32(bytes[0]!)
