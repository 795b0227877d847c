/**
 * Which kind of key stands in a SubjectPublicKeyInfo (RFC 3279 §2.3, RFC 5480 §2.1).
 * Not a usable key and not its size: {@link ./verification-key.ts} has those.
 */
import { readDer, TAG } from './der.ts'

export interface KeyAlgorithm {
  readonly oid: string
  /** Of an elliptic curve key: the curve's OID; absent: its parameters are written out, or taken from the issuer. */
  readonly curve?: string
}

export const EC_PUBLIC_KEY = '1.2.840.10045.2.1'

/** Undefined when it is not well formed. */
export function keyAlgorithm(spki: Uint8Array): KeyAlgorithm | undefined {
  const field = 'subjectPublicKeyInfo'
  const read = readDer(spki, field, (outer): KeyAlgorithm => {
    const r = outer.sequence(field)
    const algorithm = r.sequence(field)
    const oid = algorithm.oid(field)
    const isNamed = oid === EC_PUBLIC_KEY && algorithm.nextTag === TAG.oid
    const curve = isNamed ? { curve: algorithm.oid(field) } : {}
    r.element(field, TAG.bitString)
    r.end(field)
    return { oid, ...curve }
  })
  return read.ok ? read.value : undefined
}
