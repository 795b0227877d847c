/**
 * Signatures of certificates and lists as modelled: a lab's own authorities sign without RSA, and who judges sees at once whether it was that key over
 * those bytes. NOT PROOF: anybody makes such a signature. A signature that is none of these is verified as any other, so what fails, fails in the same words.
 */
import {
  isModelledSignature,
  modelledSignature,
  seedOfKey,
  signerOf,
} from '../../crypto/modelled/signature.ts'
import { rememberEach } from '../../base/remember.ts'
import type { Signed } from '../certificate/certificate.ts'
import { verifySignature, type Signatures, type SignatureVerdict } from './signature.ts'

const seedOf: (spki: Uint8Array) => number = rememberEach(seedOfKey)

function verify(signed: Signed, spki: Uint8Array): SignatureVerdict {
  return isModelledSignature(seedOf(spki), signed.tbs, signed.signature)
    ? 'good'
    : verifySignature(signed, spki)
}

export const MODELLED_SIGNATURES: Signatures = {
  kind: 'modelled',
  sign: (_digest, tbs, privateKey) => modelledSignature(signerOf(privateKey), tbs),
  verify,
}
