/**
 * OCSP responses (RFC 6960 §4.2), read into plain data and written.
 * Not a judgement: {@link ./ocsp.ts} decides what one is worth.
 */
import type { Result } from '../../base/result.ts'
import type { Instant } from '../../base/time.ts'
import {
  readAlgorithm,
  readCertificate,
  type Certificate,
  type Signed,
} from '../certificate/certificate.ts'
import { readReason, writeReason, type CrlReason } from './crl.ts'
import {
  contextConstructed,
  contextPrimitive,
  readDer,
  TAG,
  type DerFault,
  type DerReader,
} from '../encoding/der.ts'
import * as write from '../encoding/der-writer.ts'
import { encodeExtension } from '../certificate/extension-writer.ts'
import { readExtensions } from '../certificate/extensions.ts'
import { readName, type Name } from '../certificate/name.ts'
import { nonceExtension, readCertId, readNonce, readVersion1, writeCertId } from './ocsp-request.ts'
import type { CertId } from './ocsp-request.ts'
import { OID } from '../encoding/oids.ts'

/** OCSPResponseStatus without an answer, by number; 4 is not used. */
const ERROR_STATUSES = new Map([
  [1, 'malformedRequest'],
  [2, 'internalError'],
  [3, 'tryLater'],
  [5, 'sigRequired'],
  [6, 'unauthorized'],
] as const)

export type OcspErrorStatus = typeof ERROR_STATUSES extends Map<number, infer S> ? S : never

/** Certificates in one response: its signer, and at most the way up to a root. More is a maze. */
const OCSP_CERTIFICATES_MAX = 16

/** Who signed: by name, or by the SHA-1 hash of the public key. */
export type ResponderId =
  | { readonly kind: 'name'; readonly name: Name }
  | { readonly kind: 'key'; readonly keyHash: Uint8Array }

/** What is said of one certificate. */
export interface SingleResponse {
  readonly certId: CertId
  readonly status: 'good' | 'revoked' | 'unknown'
  /** Of a revoked one. */
  readonly revokedAt?: Instant
  readonly reason?: CrlReason
  readonly thisUpdate: Instant
  readonly nextUpdate?: Instant
}

export interface BasicOcspResponse extends Signed {
  readonly responder: ResponderId
  readonly producedAt: Instant
  /** At least one. */
  readonly responses: readonly SingleResponse[]
  readonly nonce?: Uint8Array
  /** Critical extensions that nothing here processes, those of single responses included. */
  readonly unknownCritical: readonly string[]
  /** What the responder sent along, to verify its signature. */
  readonly certificates: readonly Certificate[]
}

export type OcspResponse =
  | { readonly status: 'successful'; readonly basic: BasicOcspResponse }
  | { readonly status: OcspErrorStatus }

/** Read an OCSPResponse, DER. */
export const readOcspResponse = (der: Uint8Array): Result<OcspResponse, DerFault> =>
  readDer(der, 'ocspResponse', (reader): OcspResponse => {
    const outer = reader.sequence('ocspResponse')
    const code = outer.smallInteger('responseStatus', TAG.enumerated)
    if (code !== 0) {
      const status =
        [...ERROR_STATUSES].find(([number]) => number === code)?.[1] ??
        outer.reject('responseStatus', `${code} is not a status (RFC 6960 §4.2.1)`)
      outer.end('ocspResponse')
      return { status }
    }
    const wrapper = outer.constructed('responseBytes', contextConstructed(0))
    outer.end('ocspResponse')
    const bytes = wrapper.sequence('responseBytes')
    wrapper.end('responseBytes')
    const type = bytes.oid('responseType')
    if (type !== OID.ocspBasic) bytes.reject('responseType', `${type} is not id-pkix-ocsp-basic`)
    const response = bytes.element('response', TAG.octetString)
    bytes.end('responseBytes')
    const inner = bytes.inside(response, 'response')
    const basic = readBasic(inner)
    inner.end('response')
    return { status: 'successful', basic }
  })

function readBasic(reader: DerReader): BasicOcspResponse {
  const r = reader.sequence('basicOCSPResponse')
  const tbs = r.element('tbsResponseData', TAG.sequence)
  const data = readResponseData(r.inside(tbs, 'tbsResponseData'))
  const signatureAlgorithm = readAlgorithm(r, 'signatureAlgorithm')
  const signature = r.octetsOfBits('signature')
  const wrapper = r.explicit(0, 'certs')
  r.end('basicOCSPResponse')
  const list = wrapper?.sequence('certs')
  wrapper?.end('certs')
  const certificates = list === undefined ? [] : readSentCertificates(list)
  return { ...data, tbs: tbs.encoded, signatureAlgorithm, signature, certificates }
}

function readSentCertificates(list: DerReader): readonly Certificate[] {
  let left = OCSP_CERTIFICATES_MAX
  return list.each('certs', () => {
    if (left-- === 0) list.reject('certs', `more than ${OCSP_CERTIFICATES_MAX} certificates`)
    return readSentCertificate(list)
  })
}

function readSentCertificate(list: DerReader): Certificate {
  const { encoded, contents, offset } = list.element('certs', TAG.sequence)
  const certificate = readCertificate(encoded)
  if (certificate.ok) return certificate.value
  const { field, rule, offset: within } = certificate.error
  return list.reject(`certs ${field}`, rule, offset - (encoded.length - contents.length) + within)
}

function readResponseData(r: DerReader) {
  readVersion1(r)
  const responder = readResponderId(r)
  const producedAt = readTime(r, 'producedAt')
  const unknownCritical: string[] = []
  const responses = r
    .sequence('responses')
    .each('responses', (list) => readSingle(list, unknownCritical))
  let nonce: Uint8Array | undefined
  const wrapper = r.explicit(1, 'responseExtensions')
  if (wrapper !== undefined) {
    const found = readExtensions(wrapper, 'responseExtensions', (oid, value) => {
      if (oid === OID.ocspNonce) nonce = readNonce(value)
      return oid === OID.ocspNonce
    })
    wrapper.end('responseExtensions')
    const unknown = found.filter(({ oid, critical }) => critical && oid !== OID.ocspNonce)
    unknownCritical.push(...unknown.map(({ oid }) => oid))
  }
  r.end('tbsResponseData')
  const answered = nonce === undefined ? {} : { nonce }
  return { responder, producedAt, responses, ...answered, unknownCritical }
}

function readResponderId(r: DerReader): ResponderId {
  const byName = r.explicit(1, 'responderID')
  if (byName !== undefined) {
    const name = readName(byName, 'responderID')
    byName.end('responderID')
    return { kind: 'name', name }
  }
  const byKey = r.explicit(2, 'responderID')
  if (byKey === undefined) r.reject('responderID', 'neither byName nor byKey (RFC 6960 §4.2.1)')
  const keyHash = byKey.octetString('responderID')
  byKey.end('responderID')
  return { kind: 'key', keyHash }
}

function readTime(r: DerReader, field: string): Instant {
  if (r.nextTag !== TAG.generalizedTime) r.reject(field, 'not GeneralizedTime (RFC 6960 §4.2.1)')
  return r.time(field)
}

/**
 * What may be critical in a single response: none of it changes the answer. An archive cutoff extends how long one is kept, a CRL
 * reference says where it comes from, the rest are CRL entry extensions (RFC 6960 §4.4).
 */
const KNOWN_SINGLE: ReadonlySet<string> = new Set([
  OID.ocspArchiveCutoff,
  OID.ocspCrlReference,
  OID.reasonCode,
  OID.invalidityDate,
])

function readSingle(list: DerReader, unknownCritical: string[]): SingleResponse {
  const r = list.sequence('singleResponse')
  const certId = readCertId(r)
  const status = readStatus(r)
  const thisUpdate = readTime(r, 'thisUpdate')
  const ends = r.explicit(0, 'nextUpdate')
  const nextUpdate = ends === undefined ? undefined : readTime(ends, 'nextUpdate')
  ends?.end('nextUpdate')
  const wrapper = r.explicit(1, 'singleExtensions')
  if (wrapper !== undefined) {
    const found = readExtensions(wrapper, 'singleExtensions', () => false)
    wrapper.end('singleExtensions')
    const unknown = found.filter(({ oid, critical }) => critical && !KNOWN_SINGLE.has(oid))
    unknownCritical.push(...unknown.map(({ oid }) => oid))
  }
  r.end('singleResponse')
  return { certId, ...status, thisUpdate, ...(nextUpdate !== undefined && { nextUpdate }) }
}

function readStatus(r: DerReader): Pick<SingleResponse, 'status' | 'revokedAt' | 'reason'> {
  const field = 'certStatus'
  switch (r.nextTag) {
    case contextPrimitive(0):
    case contextPrimitive(2): {
      const { tag, contents, offset } = r.element(field)
      if (contents.length > 0) r.reject(field, 'a NULL has no contents (X.690 §8.8)', offset)
      return { status: tag === contextPrimitive(0) ? 'good' : 'unknown' }
    }
    case contextConstructed(1): {
      const info = r.constructed(field, contextConstructed(1))
      const revokedAt = readTime(info, 'revocationTime')
      const wrapper = info.explicit(0, 'revocationReason')
      const reason = wrapper === undefined ? undefined : readReason(wrapper, 'revocationReason')
      wrapper?.end('revocationReason')
      info.end(field)
      return { status: 'revoked', revokedAt, ...(reason !== undefined && { reason }) }
    }
    default:
      return r.reject(field, 'neither good, revoked nor unknown (RFC 6960 §4.2.1)')
  }
}

/** What a response says before it is signed. */
export interface OcspContents {
  /** DER of the responder's name, or the hash of its key. */
  readonly responder:
    | { readonly kind: 'name'; readonly der: Uint8Array }
    | { readonly kind: 'key'; readonly keyHash: Uint8Array }
  readonly producedAt: Instant
  readonly responses: readonly SingleResponse[]
  readonly nonce?: Uint8Array
  /** DER of the certificates that are sent along. */
  readonly certificates: readonly Uint8Array[]
}

/** Write a successful response; `sign` gets the signed part and answers with a sha256WithRSAEncryption signature. */
export function writeOcspResponse(
  contents: OcspContents,
  sign: (tbs: Uint8Array) => Uint8Array,
): Uint8Array {
  const { responder, nonce, certificates } = contents
  const tbs = write.sequence(
    responder.kind === 'name'
      ? write.explicit(1, responder.der)
      : write.explicit(2, write.octetString(responder.keyHash)),
    write.generalizedTime(contents.producedAt),
    write.sequence(...contents.responses.map(writeSingle)),
    ...(nonce === undefined
      ? []
      : [write.explicit(1, write.sequence(encodeExtension(nonceExtension(nonce))))]),
  )
  const basic = write.sequence(
    tbs,
    write.sequence(write.oid(OID.sha256WithRSAEncryption), write.nullElement()),
    write.bitString(sign(tbs)),
    ...(certificates.length === 0 ? [] : [write.explicit(0, write.sequence(...certificates))]),
  )
  return write.sequence(
    write.integer(0, TAG.enumerated),
    write.explicit(0, write.sequence(write.oid(OID.ocspBasic), write.octetString(basic))),
  )
}

/** Write a response that is no answer, which nobody signs (RFC 6960 §2.3). */
export function writeOcspError(status: OcspErrorStatus): Uint8Array {
  const [code] = [...ERROR_STATUSES].find(([, name]) => name === status)!
  return write.sequence(write.integer(code, TAG.enumerated))
}

const writeSingle = (single: SingleResponse): Uint8Array =>
  write.sequence(
    writeCertId(single.certId),
    writeStatus(single),
    write.generalizedTime(single.thisUpdate),
    ...(single.nextUpdate === undefined
      ? []
      : [write.explicit(0, write.generalizedTime(single.nextUpdate))]),
  )

function writeStatus({ status, revokedAt, reason }: SingleResponse): Uint8Array {
  if (status !== 'revoked') return write.element(contextPrimitive(status === 'good' ? 0 : 2))
  if (revokedAt === undefined) throw new RangeError('a revoked certificate has a revocation time')
  const why = writeReason(reason)
  return write.element(
    contextConstructed(1),
    write.generalizedTime(revokedAt),
    ...(why === undefined ? [] : [write.explicit(0, why)]),
  )
}
