/**
 * The key bits of a SubjectPublicKeyInfo (RFC 5280 §4.1) and the identifier that is made from them.
 * Not key material in use: {@link ./signature.ts} verifies with keys.
 */
import { createHash } from 'node:crypto'
import { invariant } from '../../base/invariant.ts'
import { readDer } from '../encoding/der.ts'

/** The subjectPublicKey bits of a SubjectPublicKeyInfo whose frame was read before: a certificate's, or one of our own keys. */
export function publicKeyBits(spki: Uint8Array): Uint8Array {
  const bits = readDer(spki, 'spki', (r) => {
    const inner = r.sequence('spki')
    inner.element('algorithm')
    return inner.octetsOfBits('subjectPublicKey')
  })
  invariant(bits.ok, 'a SubjectPublicKeyInfo that was read is well-formed')
  return bits.value
}

/** SHA-1 of the subjectPublicKey bits (RFC 5280 §4.2.1.2, method 1), which is also OCSP's KeyHash (RFC 6960 §4.2.1). */
export const keyIdOf = (spki: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha1').update(publicKeyBits(spki)).digest())
