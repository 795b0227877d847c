/**
 * The keys of an IKE SA (RFC 7296 §2.14, §2.18) and of the ESP SAs below it (§2.17).
 * Not the key exchange that their secret comes from: `groups.ts`.
 */
import { concat } from '../../base/bytes.ts'
import { prf, prfLength, prfPlus } from './prf.ts'
import { protectionOf, type EspSuite, type IkeSuite } from './transforms.ts'

/** `i`: what the initiator of the SA sends with, `r`: the responder. The salt of an AEAD stands behind its key in `skEi`, `skEr`. */
export interface IkeKeys {
  readonly skD: Uint8Array
  readonly skAi: Uint8Array
  readonly skAr: Uint8Array
  readonly skEi: Uint8Array
  readonly skEr: Uint8Array
  readonly skPi: Uint8Array
  readonly skPr: Uint8Array
}

export interface IkeKeySources {
  /** g^ir, as long as the group's field. */
  readonly shared: Uint8Array
  readonly nonceI: Uint8Array
  readonly nonceR: Uint8Array
  /** 8 bytes each; of the new SA when one is rekeyed. */
  readonly spiI: Uint8Array
  readonly spiR: Uint8Array
  /** Of the SA that is rekeyed: its prf makes SKEYSEED (RFC 7296 §2.18). */
  readonly old?: { readonly prf: number; readonly skD: Uint8Array }
}

/** `lengths.length` pieces, one after another. */
function cut(bytes: Uint8Array, lengths: readonly number[]): readonly Uint8Array[] {
  let at = 0
  return lengths.map((length) => bytes.subarray(at, (at += length)))
}

const total = (lengths: readonly number[]): number => lengths.reduce((sum, n) => sum + n, 0)

/** Bytes of the encryption key with its salt, and of the integrity key. */
function keyLengths(suite: Pick<IkeSuite, 'encryption' | 'integrity'>): readonly [number, number] {
  const { encryption, integrity } = protectionOf(suite)
  return [encryption.keyBytes + encryption.saltBytes, integrity?.keyBytes ?? 0]
}

/** SKEYSEED (RFC 7296 §2.14, §2.18). */
export const skeyseed = (
  prfId: number,
  { shared, nonceI, nonceR, old }: Pick<IkeKeySources, 'shared' | 'nonceI' | 'nonceR' | 'old'>,
): Uint8Array =>
  old === undefined
    ? prf(prfId, concat(nonceI, nonceR), shared)
    : prf(old.prf, old.skD, shared, nonceI, nonceR)

/** Throws RangeError for a suite that cannot be carried out. */
export function ikeKeys(suite: IkeSuite, from: IkeKeySources): IkeKeys {
  const seed = concat(from.nonceI, from.nonceR, from.spiI, from.spiR)
  return cutIkeKeys(suite, (length) => prfPlus(suite.prf, skeyseed(suite.prf, from), seed, length))
}

/** Of keying material of the length that the suite needs. Throws RangeError for a suite that cannot be carried out. */
export function cutIkeKeys(suite: IkeSuite, material: (length: number) => Uint8Array): IkeKeys {
  const [e, a] = keyLengths(suite)
  const p = prfLength(suite.prf)
  const lengths = [p, a, a, e, e, p, p]
  const [skD, skAi, skAr, skEi, skEr, skPi, skPr] = cut(material(total(lengths)), lengths)
  return {
    skD: skD!,
    skAi: skAi!,
    skAr: skAr!,
    skEi: skEi!,
    skEr: skEr!,
    skPi: skPi!,
    skPr: skPr!,
  }
}

/** `I`: what the initiator of the exchange that made the SAs sends with. The salt of an AEAD stands behind its key. */
export interface ChildKeys {
  readonly encryptionI: Uint8Array
  readonly integrityI: Uint8Array
  readonly encryptionR: Uint8Array
  readonly integrityR: Uint8Array
}

export interface ChildKeySources {
  /** Of the IKE SA. */
  readonly prf: number
  readonly skD: Uint8Array
  readonly nonceI: Uint8Array
  readonly nonceR: Uint8Array
  /** g^ir of a CREATE_CHILD_SA exchange with PFS. */
  readonly shared?: Uint8Array
}

/** Throws RangeError for a suite that cannot be carried out. */
export function childKeys(suite: EspSuite, from: ChildKeySources): ChildKeys {
  const seed = concat(from.shared ?? new Uint8Array(), from.nonceI, from.nonceR)
  return cutChildKeys(suite, (length) => prfPlus(from.prf, from.skD, seed, length))
}

/** Of keying material of the length that the suite needs. Throws RangeError for a suite that cannot be carried out. */
export function cutChildKeys(suite: EspSuite, material: (length: number) => Uint8Array): ChildKeys {
  const [e, a] = keyLengths(suite)
  const lengths = [e, a, e, a]
  const [encryptionI, integrityI, encryptionR, integrityR] = cut(material(total(lengths)), lengths)
  return {
    encryptionI: encryptionI!,
    integrityI: integrityI!,
    encryptionR: encryptionR!,
    integrityR: integrityR!,
  }
}
