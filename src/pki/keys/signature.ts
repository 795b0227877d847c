/**
 * Verifies and makes the signatures of certificates and CRLs, always through node:crypto.
 * Not a policy: which algorithms are too weak is not decided here. RSA PKCS #1 v1.5 repeats byte for byte (RFC 8017 §8.2).
 */
import { constants, sign, verify, type KeyObject } from 'node:crypto'
import type { Signed } from '../certificate/certificate.ts'
import { publicKeyText } from './public-key.ts'
import { signatureAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts'
import { publicKey } from './verification-key.ts'

/** `unsupported`: an algorithm or key that is not known here, which is not the same as a forged signature. */
export type SignatureVerdict = 'good' | 'bad' | 'unsupported'

/** Whether `signed` carries a signature made with the key in `spki`, as {@link verifySignature}. */
export type VerifySignature = (signed: Signed, spki: Uint8Array) => SignatureVerdict
/** RSASSA-PKCS1-v1_5 over that digest, as {@link signRsa}. */
export type SignRsa = (digest: string, tbs: Uint8Array, privateKey: KeyObject) => Uint8Array

/** What certificates, CRLs and OCSP responses are signed and verified with. */
export interface Signatures {
  readonly kind: 'real' | 'modelled'
  readonly sign: SignRsa
  readonly verify: VerifySignature
}

/** Whether the signature covers a SHA-1 digest. */
export const isSha1 = ({ signatureAlgorithm: identifier }: Signed): boolean =>
  signatureAlgorithm(identifier)?.digest === 'sha1'

// Remembers a pure function of bytes that never change; an entry goes when its certificate or CRL does.
const verdicts = new WeakMap<Signed, Map<string, SignatureVerdict>>()

/** Whether `signed` carries a signature made with the key in `spki` (SubjectPublicKeyInfo, DER). Never throws. */
export function verifySignature(signed: Signed, spki: Uint8Array): SignatureVerdict {
  const known = verdicts.get(signed) ?? new Map<string, SignatureVerdict>()
  verdicts.set(signed, known)
  // By the key's bytes: many certificates of one key are no reason to verify as many times.
  const key = publicKeyText(spki)
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

/** Sign with RSASSA-PKCS1-v1_5 (RFC 8017 §8.2) over that digest. The same key and bytes give the same signature. */
export const signRsa = (digest: string, tbs: Uint8Array, privateKey: KeyObject): Uint8Array =>
  new Uint8Array(sign(digest, tbs, { key: privateKey, padding: constants.RSA_PKCS1_PADDING }))

/** Sign with sha256WithRSAEncryption. */
export const signSha256Rsa = (tbs: Uint8Array, privateKey: KeyObject): Uint8Array =>
  signRsa('sha256', tbs, privateKey)

export const REAL_SIGNATURES: Signatures = {
  kind: 'real',
  sign: signRsa,
  verify: verifySignature,
}
