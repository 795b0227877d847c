/**
 * Verifies and makes the signatures of certificates and CRLs, always through node:crypto.
 * Not a policy: which algorithms are too weak is not decided here. RSA PKCS #1 v1.5 repeats byte for byte (RFC 8017 §8.2).
 */
import { constants, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { toHex } from '../base/bytes.ts'
import type { Signed } from './certificate.ts'
import { signatureAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts'

/** `unsupported`: an algorithm or key that is not known here, which is not the same as a forged signature. */
export type SignatureVerdict = 'good' | 'bad' | 'unsupported'

/** Whether the signature covers a SHA-1 digest. */
export const isSha1 = ({ signatureAlgorithm: identifier }: Signed): boolean =>
  signatureAlgorithm(identifier)?.digest === 'sha1'

// Remembers a pure function of bytes that never change; an entry goes when its certificate or CRL does.
const verdicts = new WeakMap<Signed, Map<string, SignatureVerdict>>()

/** Whether `signed` carries a signature made with the key in `spki` (SubjectPublicKeyInfo, DER). Never throws. */
export function verifySignature(signed: Signed, spki: Uint8Array): SignatureVerdict {
  const known = verdicts.get(signed) ?? new Map<string, SignatureVerdict>()
  verdicts.set(signed, known)
  const key = toHex(spki)
  const verdict = known.get(key) ?? computeVerdict(signed, spki)
  known.set(key, verdict)
  return verdict
}

function computeVerdict(signed: Signed, spki: Uint8Array): SignatureVerdict {
  const algorithm = signatureAlgorithm(signed.signatureAlgorithm)
  if (algorithm === undefined) return 'unsupported'
  const key = publicKey(spki)
  if (key === undefined) return 'unsupported'
  if (!accepts(algorithm, key.asymmetricKeyType)) return 'bad'
  try {
    const options = { key, ...paddingOf(algorithm) }
    return verify(algorithm.digest, signed.tbs, options, signed.signature) ? 'good' : 'bad'
  } catch {
    // OpenSSL throws for keys that it parses but will not use (an explicit curve, an absurd exponent).
    return 'unsupported'
  }
}

/** RSASSA-PSS takes a key of its own and one for all of RSA (RFC 4055 §1.2); every other algorithm takes one kind. */
const accepts = ({ key }: SignatureAlgorithm, kind: string | undefined): boolean =>
  kind === key || (key === 'rsa-pss' && kind === 'rsa')

/** A key of RSASSA-PSS that sets parameters is held to them by OpenSSL (RFC 4055 §3.3). */
function paddingOf({ key, saltLength }: SignatureAlgorithm) {
  if (key === 'rsa') return { padding: constants.RSA_PKCS1_PADDING }
  if (saltLength === undefined) return {}
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
}

// Reading a key costs more than using it, and one judgement uses each of its keys many times.
const readKeys = new WeakMap<Uint8Array, KeyObject | 'unreadable'>()

/** The key in SubjectPublicKeyInfo, or undefined when OpenSSL cannot read it: a peer may send anything there. */
function publicKey(spki: Uint8Array): KeyObject | undefined {
  const known = readKeys.get(spki) ?? readKey(spki)
  readKeys.set(spki, known)
  return known === 'unreadable' ? undefined : known
}

function readKey(spki: Uint8Array): KeyObject | 'unreadable' {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    const exponent = key.asymmetricKeyDetails?.publicExponent ?? 3n
    // With 1 anybody signs; an even one has no inverse (RFC 8017 §3.1).
    return exponent >= 3n && exponent % 2n === 1n ? key : 'unreadable'
  } catch {
    return 'unreadable'
  }
}

/** How large a key is, in bits: of an RSA or DSA modulus, or of a curve's field. Absent: another kind, or not readable here. */
export function keySize(
  spki: Uint8Array,
): { readonly kind: 'modulus' | 'curve'; readonly bits: number } | undefined {
  const { modulusLength, namedCurve } = publicKey(spki)?.asymmetricKeyDetails ?? {}
  if (modulusLength !== undefined) return { kind: 'modulus', bits: modulusLength }
  const digits = namedCurve === undefined ? null : /\d{3}/.exec(namedCurve)
  return digits === null ? undefined : { kind: 'curve', bits: Number(digits[0]) }
}

/** Sign with RSASSA-PKCS1-v1_5 (RFC 8017 §8.2) over that digest. The same key and bytes give the same signature. */
export const signRsa = (digest: string, tbs: Uint8Array, privateKey: KeyObject): Uint8Array =>
  new Uint8Array(sign(digest, tbs, { key: privateKey, padding: constants.RSA_PKCS1_PADDING }))

/** Sign with sha256WithRSAEncryption. */
export const signSha256Rsa = (tbs: Uint8Array, privateKey: KeyObject): Uint8Array =>
  signRsa('sha256', tbs, privateKey)
