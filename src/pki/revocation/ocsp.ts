/**
 * Whether OCSP responses clear a certificate (RFC 6960 §3.2, RFC 5019 §2.2): about whom, signed by whom, as of when.
 * Not fetching: the caller says which responses are known. An error status is no answer, since nobody signs it.
 */
import { equalBytes, toHex } from '../../base/bytes.ts'
import type { Result } from '../../base/result.ts'
import { after, formatInstant, seconds, type Instant } from '../../base/time.ts'
import {
  crlUrlsOf,
  responderUrlsOf,
  subjectOf,
  type Certificate,
} from '../certificate/certificate.ts'
import { formatDerFault, type DerFault } from '../encoding/der.ts'
import { isProcessed } from '../certificate/extensions.ts'
import type { PathFailure, PathFailureCode } from '../profile/failure.ts'
import { identifies } from './ocsp-request.ts'
import type { BasicOcspResponse, OcspResponse, SingleResponse } from './ocsp-response.ts'
import { OID } from '../encoding/oids.ts'
import { formatTried, mostTelling, revocationFailure, withTried } from './revocation.ts'
import type { RevocationInquiry, Tried } from './revocation.ts'
import { keyIdOf } from '../keys/spki.ts'

export interface OcspWanted {
  readonly certificate: Certificate
  /** The next certificate of the path. */
  readonly issuer: Certificate
  /** As its authorityInfoAccess lists them, at least one. */
  readonly urls: readonly string[]
}

export interface OcspAnswer {
  readonly response: Result<OcspResponse, DerFault>
  /** The nonce of the request; absent: none was sent. */
  readonly nonce?: Uint8Array
}

/** What the relying party got: `tried` says how, URL by URL. */
export interface OcspFinding {
  readonly answers: readonly OcspAnswer[]
  readonly tried: readonly Tried[]
}

export type OcspSource = (wanted: OcspWanted) => OcspFinding

export interface OcspInquiry extends RevocationInquiry {
  /** Absent: no responder is asked. */
  readonly ocsp?: OcspSource
  /** What the peer sent with its certificate. */
  readonly stapled: readonly Result<OcspResponse, DerFault>[]
  /** A response without the nonce that was sent does not count. */
  readonly demandsNonce: boolean
}

/** `cleared`, `not-asked` (no response came along, and no responder is named or may be asked), or what is wrong. */
export function ocspFailure(inquiry: OcspInquiry): PathFailure | 'cleared' | 'not-asked' {
  const { certificate, issuer, stapled, ocsp } = inquiry
  const doubts: PathFailure[] = []
  for (const response of stapled) {
    // A peer may staple responses on its authorities, too: those are not about this certificate.
    if (response.ok && !isAbout(response.value, inquiry)) continue
    const said = answerFailure({ response }, inquiry)
    if (said === undefined) return 'cleared'
    if (said.code === 'pki/revoked') return said
    doubts.push({ ...said, message: `${said.message} (stapled)` })
  }
  const urls = responderUrlsOf(certificate)
  if (urls.length === 0 || ocsp === undefined) return mostTelling(doubts) ?? 'not-asked'
  const { answers, tried } = ocsp({ certificate, issuer, urls })
  for (const answer of answers) {
    const said = answerFailure(answer, inquiry)
    if (said === undefined) return 'cleared'
    if (said.code === 'pki/revoked') return said
    doubts.push(withTried(said, tried))
  }
  const expected = urls.join(' or ')
  const unreachable: PathFailure = {
    code: 'pki/ocsp-unreachable',
    subject: subjectOf(certificate),
    message: 'no OCSP responder gave an answer',
    expected,
    got: formatTried(tried) || 'not tried',
  }
  return mostTelling(doubts) ?? unreachable
}

const isAbout = (response: OcspResponse, { certificate, issuer }: OcspInquiry): boolean =>
  response.status === 'successful' &&
  response.basic.responses.some(({ certId }) => identifies(certId, certificate, issuer))

/** What speaks against the certificate in one answer, or against the answer; undefined: it clears the certificate. */
function answerFailure(answer: OcspAnswer, inquiry: OcspInquiry): PathFailure | undefined {
  const { response } = answer
  const { certificate, issuer } = inquiry
  const failed = (code: PathFailureCode, { what, expected, got }: ResponseFault): PathFailure => {
    const message = `its OCSP response ${what}`
    return { code, subject: subjectOf(certificate), message, expected, got }
  }
  if (!response.ok) {
    const expected = 'an OCSPResponse (RFC 6960 §4.2.1)'
    const got = formatDerFault(response.error)
    return failed('pki/ocsp-invalid', { what: 'cannot be read', expected, got })
  }
  const { status } = response.value
  if (status !== 'successful') {
    const expected = 'status successful'
    return failed('pki/ocsp-unreachable', { what: 'is no answer', expected, got: status })
  }
  const { basic } = response.value
  const about = basic.responses.filter(({ certId }) => identifies(certId, certificate, issuer))
  if (about.length === 0) {
    const what = 'is about another certificate'
    const expected = `serial ${certificate.serial} of ${subjectOf(issuer)}`
    const got = basic.responses.map(({ certId }) => `serial ${certId.serial}`).join(', ')
    return failed('pki/ocsp-invalid', { what, expected, got })
  }
  const fault =
    signerFault(basic, inquiry) ?? extensionFault(basic) ?? nonceFault(basic, answer, inquiry)
  if (fault !== undefined) return failed('pki/ocsp-invalid', fault)
  const said = about.flatMap((single) => {
    const word = singleFault(single, basic, inquiry.at)
    return word === undefined ? [] : [failed(word.code, word)]
  })
  return said.find(({ code }) => code === 'pki/revoked') ?? mostTelling(said)
}

interface ResponseFault {
  /** Follows `its OCSP response`. */
  readonly what: string
  readonly expected: string
  readonly got: string
}

function singleFault(
  { thisUpdate, nextUpdate, status, revokedAt, reason }: SingleResponse,
  { producedAt }: BasicOcspResponse,
  at: Instant,
): (ResponseFault & { readonly code: PathFailureCode }) | undefined {
  const now = formatInstant(at)
  if (Math.max(thisUpdate, producedAt) > at) {
    const got = `thisUpdate ${formatInstant(thisUpdate)}, producedAt ${formatInstant(producedAt)}`
    const expected = `at or before ${now}`
    return { code: 'pki/ocsp-invalid', what: 'begins in the future', expected, got }
  }
  // As with a CRL: what was revoked stays so, however old the word of it.
  if (status === 'revoked') {
    const why = reason === undefined ? '' : ` (${reason})`
    const got = `revoked on ${formatInstant(revokedAt!)}${why}`
    return { code: 'pki/revoked', what: `says ${got}`, expected: 'status good', got }
  }
  if (nextUpdate === undefined) {
    const what = 'does not say how long it holds'
    return { code: 'pki/ocsp-invalid', what, expected: 'a nextUpdate (RFC 5019 §4)', got: 'none' }
  }
  if (nextUpdate < at) {
    const what = `expired on ${formatInstant(nextUpdate)}`
    const got = `nextUpdate ${formatInstant(nextUpdate)}`
    return { code: 'pki/ocsp-expired', what, expected: `at or after ${now}`, got }
  }
  if (status === 'good') return undefined
  const what = 'says that the responder does not know it'
  return { code: 'pki/ocsp-unknown', what, expected: 'status good', got: status }
}

const extensionFault = ({ unknownCritical }: BasicOcspResponse): ResponseFault | undefined =>
  unknownCritical.length === 0
    ? undefined
    : {
        what: 'has critical extensions that are not processed here',
        expected: 'extensions that are processed here',
        got: unknownCritical.join(', '),
      }

/** RFC 9654 §2.1: a nonce that comes back must be the one that was sent; a responder may leave it out. */
function nonceFault(
  { nonce: got }: BasicOcspResponse,
  { nonce: sent }: OcspAnswer,
  { demandsNonce }: OcspInquiry,
): ResponseFault | undefined {
  if (sent === undefined) return undefined
  const expected = `nonce ${toHex(sent)}`
  if (got === undefined) {
    const what = 'does not repeat the nonce of the request'
    return demandsNonce ? { what, expected, got: 'none' } : undefined
  }
  const what = 'answers another request'
  return equalBytes(sent, got) ? undefined : { what, expected, got: `nonce ${toHex(got)}` }
}

/** RFC 6960 §4.2.2.2: signed by the issuer itself, or by whom that same issuer appointed directly. */
function signerFault(basic: BasicOcspResponse, inquiry: OcspInquiry): ResponseFault | undefined {
  const { issuer } = inquiry
  const expected = `a signature by ${subjectOf(issuer)} or its delegate`
  const named = [issuer, ...basic.certificates].filter((signer) => isResponder(signer, basic))
  const signers = named.filter(({ spki }) => inquiry.verify(basic, spki) === 'good')
  const faults = signers.map((signer) =>
    equalBytes(signer.spki, issuer.spki) && signer.subject.key === issuer.subject.key
      ? undefined
      : delegateFault(signer, inquiry),
  )
  if (faults.includes(undefined)) return undefined
  if (faults[0] !== undefined) return faults[0]
  const got =
    named.length === 0
      ? `responder ${responderName(basic)}, whose certificate is not known`
      : `${inquiry.verify(basic, named[0]!.spki)} signature`
  return { what: 'does not verify', expected, got }
}

const isResponder = (signer: Certificate, { responder }: BasicOcspResponse): boolean =>
  responder.kind === 'name'
    ? responder.name.key === signer.subject.key
    : equalBytes(responder.keyHash, keyIdOf(signer.spki))

const responderName = ({ responder }: BasicOcspResponse): string =>
  responder.kind === 'name' ? responder.name.text : `key ${toHex(responder.keyHash)}`

/** What keeps `delegate`, whose key made the signature, from speaking for the issuer. */
function delegateFault(delegate: Certificate, inquiry: OcspInquiry): ResponseFault | undefined {
  const { issuer, at } = inquiry
  const by = `is signed by ${subjectOf(delegate)}`
  const { extKeyUsage = [], keyUsage, extensions, notBefore, notAfter } = delegate
  const isIssued =
    delegate.issuer.key === issuer.subject.key && inquiry.verify(delegate, issuer.spki) === 'good'
  if (!isIssued) {
    const what = `${by}, which ${subjectOf(issuer)} did not issue`
    return { what, expected: subjectOf(issuer), got: delegate.issuer.text }
  }
  if (!extKeyUsage.includes(OID.ocspSigning)) {
    const got = extKeyUsage.join(', ') || 'no extKeyUsage'
    return { what: `${by}, which is not for that`, expected: 'extKeyUsage OCSPSigning', got }
  }
  if (keyUsage !== undefined && !keyUsage.includes('digitalSignature')) {
    const expected = 'keyUsage digitalSignature'
    return { what: `${by}, which is not for that`, expected, got: keyUsage.join(', ') }
  }
  const unknown = extensions.find(({ oid, critical }) => critical && !isProcessed(oid, delegate))
  if (unknown !== undefined) {
    const expected = 'extensions that are processed here'
    return { what: `${by}, with an unknown critical extension`, expected, got: unknown.oid }
  }
  if (at < notBefore || at >= after(notAfter, seconds(1))) {
    const expected = `valid at ${formatInstant(at)}`
    const got = `valid ${formatInstant(notBefore)} … ${formatInstant(notAfter)}`
    return { what: `${by}, which is not valid now`, expected, got }
  }
  return delegateRevocationFault(delegate, inquiry)
}

/**
 * A delegate is trusted for its lifetime where its certificate says so (id-pkix-ocsp-nocheck), and, the local policy here, where it
 * names no CRL; otherwise a CRL must clear it. No responder is asked: it could vouch for itself (RFC 6960 §4.2.2.2.1).
 */
function delegateRevocationFault(
  delegate: Certificate,
  inquiry: OcspInquiry,
): ResponseFault | undefined {
  const isExempt = delegate.extensions.some(({ oid }) => oid === OID.ocspNoCheck)
  if (isExempt || crlUrlsOf(delegate).length === 0) return undefined
  const failure = revocationFailure({ ...inquiry, certificate: delegate })
  return (
    failure && {
      what: `is signed by ${subjectOf(delegate)}: ${failure.message}`,
      expected: failure.expected ?? 'a delegate that is not revoked',
      got: failure.got ?? failure.code,
    }
  )
}
