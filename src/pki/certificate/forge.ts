/**
 * The signed part of a certificate, assembled by node-forge, and its RC2, which old PKCS #12 needs: the one file that may import it.
 * Not signing and not reading: {@link ../keys/signature.ts} signs through node:crypto, {@link ./certificate.ts} reads with our own reader.
 */
import { createRequire } from 'node:module'
import type forge from 'node-forge'
import { toHex } from '../../base/bytes.ts'
import { invariant } from '../../base/invariant.ts'
import type { Instant } from '../../base/time.ts'
import type { Extension } from './extensions.ts'
import { OID } from '../encoding/oids.ts'

const require = createRequire(import.meta.url)
/** Loaded when something is issued: who only reads certificates need not wait for it. */
const load = () => require('node-forge') as typeof forge

// @types/node-forge leaves this function out.
type Pki = typeof forge.pki & {
  getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1
}

export interface TbsContents {
  /** Big-endian, positive, first byte not zero. */
  readonly serial: Uint8Array
  /** DER, as the issuer's own certificate has it: names are compared by their bytes in places. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** Whole seconds; a fraction is cut off. */
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** SubjectPublicKeyInfo of an RSA key, DER. */
  readonly spki: Uint8Array
  readonly extensions: readonly Extension[]
}

/** Where forge puts the names in a TBSCertificate of version 3 (RFC 5280 §4.1.2). */
const ISSUER = 3
const SUBJECT = 5

/** TBSCertificate (RFC 5280 §4.1.2), version 3, to be signed with sha256WithRSAEncryption. DER. */
export function writeTbsCertificate(contents: TbsContents): Uint8Array {
  const { asn1, pki: incomplete } = load()
  const pki = incomplete as Pki
  const certificate = pki.createCertificate()
  certificate.serialNumber = toHex(contents.serial)
  certificate.validity.notBefore = new Date(contents.notBefore / 1e3)
  certificate.validity.notAfter = new Date(contents.notAfter / 1e3)
  certificate.publicKey = pki.publicKeyFromAsn1(parse(contents.spki))
  certificate.setExtensions(
    contents.extensions.map(({ oid, critical, value }) => ({
      id: oid,
      critical,
      value: binary(value),
    })),
  )
  certificate.siginfo.algorithmOid = OID.sha256WithRSAEncryption
  certificate.signatureOid = OID.sha256WithRSAEncryption
  const tbs = pki.getTBSCertificate(certificate)
  const parts = tbs.value
  invariant(typeof parts !== 'string', 'a TBSCertificate is a sequence')
  // forge would write the names anew, in string types of its own choice.
  parts[ISSUER] = parse(contents.issuer)
  parts[SUBJECT] = parse(contents.subject)
  return new Uint8Array(Buffer.from(asn1.toDer(tbs).getBytes(), 'latin1'))
}

/** forge keeps bytes in strings, one character a byte. */
const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

function parse(der: Uint8Array): forge.asn1.Asn1 {
  const { asn1, util } = load()
  return asn1.fromDer(util.createBuffer(binary(der)))
}

/** RC2 (RFC 2268) in CBC with that many effective key bits; undefined when the padding is not that of a plain text. */
export const decryptRc2Cbc =
  (bits: 40 | 128) =>
  (key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array | undefined => {
    const { rc2, util } = load()
    const cipher = rc2.createDecryptionCipher(binary(key), bits)
    cipher.start(binary(iv))
    cipher.update(util.createBuffer(binary(data)))
    return cipher.finish()
      ? new Uint8Array(Buffer.from(cipher.output.getBytes(), 'latin1'))
      : undefined
  }
