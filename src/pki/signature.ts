/**
 * Verifies and makes the signatures of certificates and CRLs, always through node:crypto.
 * Not a policy: which algorithms are too weak is not decided here. RSA PKCS #1 v1.5 repeats byte for byte (RFC 8017 §8.2).
 */
import { constants, sign, verify, type KeyObject } from 'node:crypto'
import { toLatin1 } from '../base/bytes.ts'
import type { Signed } from './certificate.ts'
import { publicKey } from './verification-key.ts'

/** `unsupported`: an algorithm or key that is not known here, which is not the same as a forged signature. */
export type SignatureVerdict = 'good' | 'bad' | 'unsupported'

/** Signature algorithm OID → node's digest name (null: the algorithm has its own) and the kind of key that it needs. */
const ALGORITHMS = new Map<string, { readonly digest: string | null; readonly key: string }>([
  ['1.2.840.113549.1.1.5', { digest: 'sha1', key: 'rsa' }],
  ['1.2.840.113549.1.1.11', { digest: 'sha256', key: 'rsa' }],
  ['1.2.840.113549.1.1.12', { digest: 'sha384', key: 'rsa' }],
  ['1.2.840.113549.1.1.13', { digest: 'sha512', key: 'rsa' }],
  ['1.2.840.10045.4.1', { digest: 'sha1', key: 'ec' }],
  ['1.2.840.10045.4.3.2', { digest: 'sha256', key: 'ec' }],
  ['1.2.840.10045.4.3.3', { digest: 'sha384', key: 'ec' }],
  ['1.2.840.10045.4.3.4', { digest: 'sha512', key: 'ec' }],
  ['1.3.101.112', { digest: null, key: 'ed25519' }],
  ['1.2.840.10040.4.3', { digest: 'sha1', key: 'dsa' }],
  ['2.16.840.1.101.3.4.3.2', { digest: 'sha256', key: 'dsa' }],
])

/** Whether the signature covers a SHA-1 digest. */
export const isSha1 = ({ signatureAlgorithm }: Signed): boolean =>
  ALGORITHMS.get(signatureAlgorithm.oid)?.digest === 'sha1'

// Remembers a pure function of bytes that never change; an entry goes when its certificate or CRL does.
const verdicts = new WeakMap<Signed, Map<string, SignatureVerdict>>()

/** Whether `signed` carries a signature made with the key in `spki` (SubjectPublicKeyInfo, DER). Never throws. */
export function verifySignature(signed: Signed, spki: Uint8Array): SignatureVerdict {
  const known = verdicts.get(signed) ?? new Map<string, SignatureVerdict>()
  verdicts.set(signed, known)
  // By the key's bytes: many certificates of one key are no reason to verify as many times.
  const key = toLatin1(spki)
  const verdict = known.get(key) ?? computeVerdict(signed, spki)
  known.set(key, verdict)
  return verdict
}

function computeVerdict(signed: Signed, spki: Uint8Array): SignatureVerdict {
  const algorithm = ALGORITHMS.get(signed.signatureAlgorithm.oid)
  if (algorithm === undefined) return 'unsupported'
  const key = publicKey(spki)
  if (key === undefined) return 'unsupported'
  if (key.asymmetricKeyType !== algorithm.key) return 'bad'
  const options = algorithm.key === 'rsa' ? { key, padding: constants.RSA_PKCS1_PADDING } : key
  try {
    return verify(algorithm.digest, signed.tbs, options, signed.signature) ? 'good' : 'bad'
  } catch {
    // OpenSSL throws for keys that it parses but will not use (an explicit curve, an absurd exponent).
    return 'unsupported'
  }
}

/** Sign with sha256WithRSAEncryption (RFC 8017 §8.2). The same key and bytes give the same signature. */
export const signSha256Rsa = (tbs: Uint8Array, privateKey: KeyObject): Uint8Array =>
  new Uint8Array(sign('sha256', tbs, { key: privateKey, padding: constants.RSA_PKCS1_PADDING }))
