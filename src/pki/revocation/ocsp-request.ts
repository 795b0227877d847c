/**
 * OCSP requests (RFC 6960 §4.1): which certificate is asked about, read and written, and their way into HTTP (appendix A.1).
 * Not an exchange: `node` sends them. Signed requests are read; nobody here looks at the signature.
 */
import { createHash } from 'node:crypto'
import { equalBytes, fromHex, toHex } from '../../base/bytes.ts'
import type { Result } from '../../base/result.ts'
import { readAlgorithm, type Certificate } from '../certificate/certificate.ts'
import { contextConstructed, readDer, TAG, type DerFault, type DerReader } from '../encoding/der.ts'
import * as write from '../encoding/der-writer.ts'
import { encodeExtension } from '../certificate/extension-writer.ts'
import { readExtensions, type Extension } from '../certificate/extensions.ts'
import { readGeneralName } from '../certificate/general-name.ts'
import { OID } from '../encoding/oids.ts'
import { publicKeyBits } from '../keys/spki.ts'

/** CertID (RFC 6960 §4.1.1): a certificate by its issuer's name and key, hashed, and its serial number. */
export interface CertId {
  /** OID of the hash algorithm. */
  readonly hashAlgorithm: string
  readonly issuerNameHash: Uint8Array
  readonly issuerKeyHash: Uint8Array
  /** Hexadecimal, as encoded in the certificate. */
  readonly serial: string
}

/** Hash algorithm OID → node's digest name: those that identify an issuer here. */
const DIGESTS = new Map<string, string>([
  [OID.sha1, 'sha1'],
  [OID.sha256, 'sha256'],
])

const digest = (name: string, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash(name).update(bytes).digest())

/** The CertID of `certificate`, with SHA-1 unless another hash is named: RFC 5019 §2.1.1 demands SHA-1, and Windows asks so. */
export function certIdOf(
  certificate: Certificate,
  issuer: Certificate,
  hashAlgorithm: string = OID.sha1,
): CertId {
  const name = DIGESTS.get(hashAlgorithm)
  if (name === undefined) throw new RangeError(`no hash ${hashAlgorithm} for an OCSP request`)
  return {
    hashAlgorithm,
    issuerNameHash: digest(name, certificate.issuer.der),
    issuerKeyHash: digest(name, publicKeyBits(issuer.spki)),
    serial: certificate.serial,
  }
}

/** Whether `id` stands for the certificates of `issuer`; an unknown hash algorithm stands for nobody's. */
export function isIssuedBy(id: CertId, issuer: Certificate): boolean {
  const name = DIGESTS.get(id.hashAlgorithm)
  return (
    name !== undefined &&
    equalBytes(id.issuerNameHash, digest(name, issuer.subject.der)) &&
    equalBytes(id.issuerKeyHash, digest(name, publicKeyBits(issuer.spki)))
  )
}

/** Whether `id` stands for exactly this certificate. */
export function identifies(id: CertId, certificate: Certificate, issuer: Certificate): boolean {
  if (id.serial !== certificate.serial || !DIGESTS.has(id.hashAlgorithm)) return false
  const own = certIdOf(certificate, issuer, id.hashAlgorithm)
  return (
    equalBytes(id.issuerNameHash, own.issuerNameHash) &&
    equalBytes(id.issuerKeyHash, own.issuerKeyHash)
  )
}

export function readCertId(r: DerReader): CertId {
  const inner = r.sequence('certID')
  const hashAlgorithm = readAlgorithm(inner, 'hashAlgorithm').oid
  const issuerNameHash = inner.octetString('issuerNameHash')
  const issuerKeyHash = inner.octetString('issuerKeyHash')
  const serial = toHex(inner.integerBytes('serialNumber'))
  inner.end('certID')
  return { hashAlgorithm, issuerNameHash, issuerKeyHash, serial }
}

export const writeCertId = (id: CertId): Uint8Array =>
  write.sequence(
    write.sequence(write.oid(id.hashAlgorithm), write.nullElement()),
    write.octetString(id.issuerNameHash),
    write.octetString(id.issuerKeyHash),
    write.element(TAG.integer, fromHex(id.serial)),
  )

export const OCSP_REQUEST_TYPE = 'application/ocsp-request'
export const OCSP_RESPONSE_TYPE = 'application/ocsp-response'

/** Octets of a nonce that is sent; RFC 9654 §2.1 demands at least so many. */
export const OCSP_NONCE_OCTETS = 32

/** Octets of a nonce (RFC 9654 §2.1). */
const NONCE_OCTETS_MAX = 128

export function readNonce(r: DerReader): Uint8Array {
  const nonce = r.octetString('nonce')
  if (nonce.length === 0 || nonce.length > NONCE_OCTETS_MAX) {
    r.reject('nonce', `${nonce.length} octets, expected 1 … ${NONCE_OCTETS_MAX} (RFC 9654 §2.1)`)
  }
  return nonce
}

export const nonceExtension = (nonce: Uint8Array): Extension => ({
  oid: OID.ocspNonce,
  critical: false,
  value: write.octetString(nonce),
})

/** Certificates in one request; RFC 5019 §2.1.1 has one. */
const CERT_IDS_MAX = 64

export interface OcspRequest {
  /** At least one. */
  readonly certIds: readonly CertId[]
  readonly nonce?: Uint8Array
  /** Critical extensions that nothing here processes: such a request cannot be answered. */
  readonly unknownCritical: readonly string[]
}

/** Read an OCSPRequest, DER. */
export const readOcspRequest = (der: Uint8Array): Result<OcspRequest, DerFault> =>
  readDer(der, 'ocspRequest', (reader) => {
    const outer = reader.sequence('ocspRequest')
    const request = readTbsRequest(outer.sequence('tbsRequest'))
    const signature = outer.explicit(0, 'optionalSignature')
    if (signature !== undefined) readSignature(signature)
    outer.end('ocspRequest')
    return request
  })

/** `[0] EXPLICIT INTEGER DEFAULT v1`: DER leaves v1 out, and there is no other. */
export function readVersion1(r: DerReader): void {
  if (r.nextTag === contextConstructed(0)) {
    r.reject('version', 'only v1, which is not encoded (RFC 6960 §4, X.690 §11.5)')
  }
}

function readTbsRequest(r: DerReader): OcspRequest {
  readVersion1(r)
  const requestor = r.explicit(1, 'requestorName')
  if (requestor !== undefined) {
    readGeneralName(requestor, 'requestorName')
    requestor.end('requestorName')
  }
  const unknownCritical: string[] = []
  let left = CERT_IDS_MAX
  const certIds = r.sequence('requestList').each('requestList', (list) => {
    if (left-- === 0) list.reject('requestList', `more than ${CERT_IDS_MAX} certificates`)
    const request = list.sequence('request')
    const id = readCertId(request)
    const single = request.explicit(0, 'singleRequestExtensions')
    if (single !== undefined) {
      const found = readExtensions(single, 'singleRequestExtensions', () => false)
      single.end('singleRequestExtensions')
      unknownCritical.push(...found.filter(({ critical }) => critical).map(({ oid }) => oid))
    }
    request.end('request')
    return id
  })
  let nonce: Uint8Array | undefined
  const wrapper = r.explicit(2, 'requestExtensions')
  if (wrapper !== undefined) {
    const found = readExtensions(wrapper, 'requestExtensions', (oid, value) => {
      if (oid === OID.ocspNonce) nonce = readNonce(value)
      return oid === OID.ocspNonce
    })
    wrapper.end('requestExtensions')
    const unknown = found.filter(({ oid, critical }) => critical && oid !== OID.ocspNonce)
    unknownCritical.push(...unknown.map(({ oid }) => oid))
  }
  r.end('tbsRequest')
  return { certIds, ...(nonce !== undefined && { nonce }), unknownCritical }
}

function readSignature(wrapper: DerReader): void {
  const field = 'optionalSignature'
  const r = wrapper.sequence(field)
  readAlgorithm(r, field)
  r.bitString(field)
  r.explicit(0, field)
  r.end(field)
  wrapper.end(field)
}

/** Write an unsigned OCSPRequest for one certificate. */
export function writeOcspRequest(id: CertId, nonce?: Uint8Array): Uint8Array {
  const extensions =
    nonce === undefined
      ? []
      : [write.explicit(2, write.sequence(encodeExtension(nonceExtension(nonce))))]
  const list = write.sequence(write.sequence(writeCertId(id)))
  return write.sequence(write.sequence(list, ...extensions))
}

/** A request whose URL is longer goes by POST (RFC 5019 §5, RFC 6960 appendix A.1). */
export const OCSP_GET_OCTETS_MAX = 255

/** The URL of a GET: the request in base64, percent-encoded, below the responder's URL. Undefined: too long, POST it. */
export function ocspGetUrl(responder: string, request: Uint8Array): string | undefined {
  const encoded = encodeURIComponent(Buffer.from(request).toString('base64'))
  const url = `${responder.replace(/\/$/, '')}/${encoded}`
  return url.length <= OCSP_GET_OCTETS_MAX ? url : undefined
}

/** The request in what follows the responder's path in the target of a GET; undefined: it is no base64. */
export function requestOfTarget(rest: string): Uint8Array | undefined {
  if (/%(?![0-9a-f]{2})/i.test(rest)) return undefined
  const text = rest.replace(/%([0-9a-f]{2})/gi, (_, octet: string) =>
    String.fromCharCode(Number.parseInt(octet, 16)),
  )
  const request = Buffer.from(text, 'base64')
  // Node decodes leniently, so what it read must be what was written.
  return request.length > 0 && request.toString('base64') === text
    ? new Uint8Array(request)
    : undefined
}
