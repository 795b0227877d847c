/**
 * Writes the certificates and CRLs of a mirror: the original octets, with another key and an RSA signature in their places.
 * Not who signs what: {@link ./mirror.ts} finds that out.
 */
import { createHash, type KeyObject } from 'node:crypto'
import { concat } from '../../base/bytes.ts'
import { invariant } from '../../base/invariant.ts'
import type { Certificate, Signed } from '../certificate/certificate.ts'
import { readDer, TAG, type DerElement } from '../encoding/der.ts'
import * as write from '../encoding/der-writer.ts'
import {
  basicConstraints,
  encodeExtension,
  keyUsage,
  subjectKeyIdentifier,
} from '../certificate/extension-writer.ts'
import type { KeyPair } from '../keys/key-pool.ts'
import type { Name } from '../certificate/name.ts'
import { bitLength, publicKeyForm } from '../keys/public-key.ts'
import { signatureAlgorithm } from '../keys/signature-algorithm.ts'
import { signRsa, type SignRsa } from '../keys/signature.ts'
import { keySize } from '../keys/verification-key.ts'

/** The algorithms of RSASSA-PKCS1-v1_5 by digest (RFC 4055 §5). */
const RSA_OIDS = new Map([
  ['sha1', '1.2.840.113549.1.1.5'],
  ['sha224', '1.2.840.113549.1.1.14'],
  ['sha256', '1.2.840.113549.1.1.11'],
  ['sha384', '1.2.840.113549.1.1.12'],
  ['sha512', '1.2.840.113549.1.1.13'],
])

/** The digest that a mirror's RSA signature keeps; Ed25519 has none of its own to keep. Undefined: not known here. */
export function keptDigest({ signatureAlgorithm: identifier }: Signed): string | undefined {
  const algorithm = signatureAlgorithm(identifier)
  const digest = algorithm?.digest === null ? 'sha256' : algorithm?.digest
  return digest !== undefined && RSA_OIDS.has(digest) ? digest : undefined
}

const rsaAlgorithm = (digest: string): Uint8Array =>
  write.sequence(write.oid(RSA_OIDS.get(digest)!), write.nullElement())

/** Of the lab key that stands for a real public key: certificates that shared a key, cross-certificates, go on sharing one. */
export const mirrorKeyLabel = (spki: Uint8Array): string =>
  `mirrored key ${createHash('sha256').update(spki).digest('hex')}`

/** Who signs a mirror. */
export interface Signing {
  readonly privateKey: KeyObject
  /** The signature of the original holds; where it does not, that of the mirror must not either. */
  readonly holds: boolean
  /** Default for real. */
  readonly sign?: SignRsa
}

/**
 * The certificate or, without `spki`, the CRL again, DER. All but the key and the signature keeps its octets, order and all. The original
 * has a {@link keptDigest}.
 */
export function reissue(original: Signed, signing: Signing, spki?: Uint8Array): Uint8Array {
  const read = readDer(original.tbs, 'tbs', (r) =>
    r.sequence('tbs').each('tbs', (list) => list.element('tbs')),
  )
  const digest = keptDigest(original)
  invariant(read.ok && digest !== undefined, 'only what was read can be mirrored')
  const algorithm = rsaAlgorithm(digest)
  const algorithmAt = spki === undefined ? crlAlgorithmAt(read.value) : algorithmAtOf(read.value)
  const parts = read.value.map(({ encoded }, i) => {
    if (i === algorithmAt) return algorithm
    // signature, issuer, validity, subject, subjectPublicKeyInfo (RFC 5280 §4.1).
    return spki !== undefined && i === algorithmAt + 4 ? spki : encoded
  })
  const tbs = write.sequence(...parts)
  const { sign = signRsa } = signing
  const signature = sign(digest, tbs, signing.privateKey)
  if (!signing.holds) signature[signature.length - 1]! ^= 1
  return write.sequence(tbs, algorithm, write.bitString(signature))
}

/** TBSCertificate: version (in a wrapper of its own) or not, serialNumber, signature (RFC 5280 §4.1). */
const algorithmAtOf = ([first]: readonly DerElement[]): number =>
  first?.tag === TAG.integer ? 1 : 2

/** TBSCertList: version or not, signature (RFC 5280 §5.1). */
const crlAlgorithmAt = ([first]: readonly DerElement[]): number =>
  first?.tag === TAG.integer ? 1 : 0

/** What a mirror cannot keep, in words: `EC 256 key became RSA 2048`. */
export function changesIn(original: Certificate): readonly string[] {
  const { spki, signatureAlgorithm: identifier } = original
  const form = publicKeyForm(spki)
  const isSame = form?.kind === 'rsa' && bitLength(form.modulus) === 2048
  const digest = keptDigest(original)
  const isRsa = digest !== undefined && RSA_OIDS.get(digest) === identifier.oid
  return [
    ...(isSame ? [] : [`${keyWords(spki)} became RSA 2048`]),
    ...(isRsa ? [] : [`signature ${identifier.oid} became ${digest}WithRSAEncryption`]),
  ]
}

function keyWords(spki: Uint8Array): string {
  const form = publicKeyForm(spki)
  if (form?.kind === 'rsa') return `RSA ${bitLength(form.modulus)} key`
  if (form?.kind === 'ec') return `EC ${keySize(spki)?.bits ?? ''} key`
  return form === undefined ? 'its key' : `key of algorithm ${form.algorithm}`
}

const SERIAL_BYTES = 16

/** A self-signed authority of that name, DER, valid as long as any of what it `issued`: at least one. */
export function writeRoot(
  {
    label,
    name,
    keyId,
  }: { readonly label: string; readonly name: Name; readonly keyId?: Uint8Array },
  issued: readonly Certificate[],
  keys: KeyPair,
): Uint8Array {
  const digest = createHash('sha256').update(label).digest()
  const serial = concat(Uint8Array.of((digest[0]! & 0x3f) | 0x40), digest.subarray(1, SERIAL_BYTES))
  const algorithm = rsaAlgorithm('sha256')
  const extensions = [
    basicConstraints(),
    keyUsage('keyCertSign', 'cRLSign'),
    ...(keyId === undefined ? [] : [subjectKeyIdentifier(keyId)]),
  ]
  const [begins] = issued.map(({ notBefore }) => notBefore).toSorted((a, b) => a - b)
  const [ends] = issued.map(({ notAfter }) => notAfter).toSorted((a, b) => b - a)
  const tbs = write.sequence(
    write.explicit(0, write.integer(2)),
    write.element(TAG.integer, serial),
    algorithm,
    name.der,
    write.sequence(write.time(begins!), write.time(ends!)),
    name.der,
    keys.spki,
    write.explicit(3, write.sequence(...extensions.map(encodeExtension))),
  )
  const signature = signRsa('sha256', tbs, keys.privateKey)
  return write.sequence(tbs, algorithm, write.bitString(signature))
}
