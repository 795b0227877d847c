/**
 * Signatures as modelled: as long as the key's own would be, and made of what is signed and of the public key, so that whoever has other bytes, or another
 * key, finds them wrong. NOT SIGNATURES: who knows the public key makes them as well.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { rememberEach } from '../../base/remember.ts'
import { isSpread, mix, spreadBytes } from './mix.ts'

/** OWN: tells signatures from other numbers that are made of the same bytes. */
const SEED = 0x5167

/** What a signature needs of a public key. */
export interface ModelledSigner {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  readonly seed: number
  /** Octets of a signature; of ECDSA the most that its DER has. */
  readonly length: number
}

/** DER of ECDSA: a SEQUENCE of two INTEGERs, each as long as the curve's order and perhaps a zero more. */
const ECDSA_LENGTHS: Readonly<Record<string, number>> = {
  prime256v1: 72,
  secp384r1: 104,
  secp521r1: 139,
}
const ED25519_LENGTH = 64

function lengthOf(key: KeyObject): number {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (modulusLength !== undefined) return Math.ceil(modulusLength / 8)
  return ECDSA_LENGTHS[namedCurve ?? ''] ?? ED25519_LENGTH
}

/** Of a private or a public key. Reading it costs as much as some hundred modelled signatures, so it is done once. */
export const signerOf: (key: KeyObject) => ModelledSigner = rememberEach((key: KeyObject) => {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  return { spki, seed: seedOfKey(spki), length: lengthOf(publicKey) }
})

/** `spki`: SubjectPublicKeyInfo, DER. */
export const seedOfKey = (spki: Uint8Array): number => mix(SEED, spki)

export const modelledSignature = (signer: ModelledSigner, data: Uint8Array): Uint8Array =>
  spreadBytes(mix(signer.seed, data), signer.length)

/** `seed` as {@link seedOfKey} has it. The length is not looked at. */
export const isModelledSignature = (
  seed: number,
  data: Uint8Array,
  signature: Uint8Array,
): boolean => signature.length > 0 && isSpread(mix(seed, data), signature)
