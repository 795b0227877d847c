/**
 * What stands in a SubjectPublicKeyInfo, before anything is computed with it (RFC 3279 §2.3, RFC 5480).
 * Not a usable key: {@link ./signature.ts} has OpenSSL read it.
 */
import { readDer, TAG } from './der.ts'

const RSA_ENCRYPTION = '1.2.840.113549.1.1.1'
const EC_PUBLIC_KEY = '1.2.840.10045.2.1'

export type PublicKeyForm =
  | { readonly kind: 'rsa'; readonly modulusBits: number; readonly exponent: Uint8Array }
  /** `curve`: its OID; absent: the parameters are written out, or taken from the issuer. */
  | { readonly kind: 'ec'; readonly curve?: string }
  | { readonly kind: 'other'; readonly algorithm: string }

/** Undefined when it is not well formed. */
export function publicKeyForm(spki: Uint8Array): PublicKeyForm | undefined {
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
    const key = r.octetsOfBits(field)
    r.end(field)
    return oid === RSA_ENCRYPTION ? rsaForm(key) : { kind: 'other', algorithm: oid }
  })
  return read.ok ? read.value : undefined
}

function rsaForm(key: Uint8Array): PublicKeyForm {
  const read = readDer(key, 'RSAPublicKey', (outer): PublicKeyForm => {
    const r = outer.sequence('RSAPublicKey')
    const modulus = r.integerBytes('modulus')
    const exponent = r.integerBytes('publicExponent')
    r.end('RSAPublicKey')
    const digits = modulus[0] === 0 ? modulus.subarray(1) : modulus
    const modulusBits = 8 * digits.length - (Math.clz32(digits[0] ?? 0) - 24)
    return { kind: 'rsa', modulusBits, exponent }
  })
  return read.ok ? read.value : { kind: 'other', algorithm: RSA_ENCRYPTION }
}
