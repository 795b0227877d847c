/**
 * The keys that signatures are verified with, from SubjectPublicKeyInfo (RFC 5280 §4.1.2.7): read for node:crypto, how large, how costly.
 * Not a judgement: which keys are too short is the relying party's to say.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { fromHex, toBase64Url } from '../../base/bytes.ts'
import { bitLength, publicKeyForm, type RsaKey } from './public-key.ts'

// One judgement uses each of its keys many times. By the object and not by its bytes: what one peer sent is nothing to another.
const readKeys = new WeakMap<Uint8Array, KeyObject | 'unreadable'>()

/** The key in SubjectPublicKeyInfo, or undefined when OpenSSL cannot read it: a peer may send anything there. */
export function publicKey(spki: Uint8Array): KeyObject | undefined {
  const known = readKeys.get(spki) ?? readKey(spki)
  readKeys.set(spki, known)
  return known === 'unreadable' ? undefined : known
}

/** OpenSSL 3 takes twenty times longer over a key's DER than over its two numbers, so those of an RSA key are read here. */
function readKey(spki: Uint8Array): KeyObject | 'unreadable' {
  const rsa = readRsaKey(spki)
  try {
    if (rsa === undefined) {
      const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
      const exponent = key.asymmetricKeyDetails?.publicExponent
      return exponent === undefined || isExponent(octetsOf(exponent)) ? key : 'unreadable'
    }
    if (!isExponent(rsa.exponent)) return 'unreadable'
    const [n, e] = [rsa.modulus, rsa.exponent].map(toBase64Url)
    return createPublicKey({ key: { kty: 'RSA', n: n!, e: e! }, format: 'jwk' })
  } catch {
    return 'unreadable'
  }
}

/** With 1 anybody signs; an even one has no inverse (RFC 8017 §3.1). The exponent is a magnitude, big-endian. */
const isExponent = (exponent: Uint8Array): boolean =>
  exponent.at(-1)! % 2 === 1 && bitLength(exponent) > 1

/** Big-endian, first byte not zero. */
function octetsOf(value: bigint): Uint8Array {
  const digits = value.toString(16)
  return fromHex(digits.padStart(digits.length + (digits.length % 2), '0'))
}

/** Whether OpenSSL reads the key: a signature by one that it does not cannot be judged. */
export const isUsableKey = (spki: Uint8Array): boolean => publicKey(spki) !== undefined

/** Undefined: another key, or one whose oddities OpenSSL shall judge. */
function readRsaKey(spki: Uint8Array): RsaKey | undefined {
  const form = publicKeyForm(spki)
  return form?.kind === 'rsa' ? form : undefined
}

/** How large a key is, in bits: of an RSA or DSA modulus, or of a curve's field. Absent: another kind, or not readable here. */
export function keySize(
  spki: Uint8Array,
): { readonly kind: 'modulus' | 'curve'; readonly bits: number } | undefined {
  const rsa = readRsaKey(spki)
  if (rsa !== undefined) return { kind: 'modulus', bits: bitLength(rsa.modulus) }
  const { modulusLength, namedCurve } = publicKey(spki)?.asymmetricKeyDetails ?? {}
  if (modulusLength !== undefined) return { kind: 'modulus', bits: modulusLength }
  const digits = namedCurve === undefined ? null : /\d{3}/.exec(namedCurve)
  return digits === null ? undefined : { kind: 'curve', bits: Number(digits[0]) }
}

/**
 * What one signature check with the key costs, in checks with an RSA key of 2048 bits and the exponent 65537 (some 25 µs). An estimate
 * from what OpenSSL 3 takes: a peer chooses its keys, and some are a thousand times as costly as others.
 */
export function checkCost(spki: Uint8Array): number {
  const rsa = readRsaKey(spki)
  if (rsa !== undefined) {
    return rsaCost(bitLength(rsa.modulus), rsa.exponent)
  }
  const details = publicKey(spki)?.asymmetricKeyDetails
  if (details === undefined) return 1
  const { modulusLength, publicExponent, namedCurve } = details
  if (modulusLength !== undefined) {
    // DSA has no such exponent.
    return publicExponent === undefined
      ? 20 * (modulusLength / 2048) ** 2
      : rsaCost(modulusLength, octetsOf(publicExponent))
  }
  // P-256 and the Edwards curves have code of their own.
  if (namedCurve === undefined || namedCurve === 'prime256v1') return 4
  return 13 * ((keySize(spki)?.bits ?? 571) / 256) ** 2
}

/** A squaring for each bit of the exponent but the first, a multiplication for each that is set. */
function rsaCost(modulusBits: number, exponent: Uint8Array): number {
  let ones = 0
  for (const octet of exponent) for (let bits = octet; bits > 0; bits >>= 1) ones += bits & 1
  const products = bitLength(exponent) + ones - 2
  return (products / 17) * (modulusBits / 2048) ** 2
}
