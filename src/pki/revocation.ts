/**
 * Whether a CRL clears a certificate (RFC 5280 §6.3, complete CRLs signed by the certificate's own issuer).
 * Not fetching: the caller says which CRL is known. Indirect, partitioned and delta CRLs decide nothing here.
 */
import { formatInstant, type Instant } from '../base/time.ts'
import { crlUrlsOf, subjectOf, type Certificate } from './certificate.ts'
import type { Crl } from './crl.ts'
import type { PathFailure, PathFailureCode } from './failure.ts'
import type { Name } from './name.ts'
import { verifySignature } from './signature.ts'

export interface CrlWanted {
  readonly issuer: Name
  /** As the certificate lists them; empty: it names none. */
  readonly urls: readonly string[]
}

/** What the relying party knows of a CRL. */
export type CrlFinding =
  | { readonly kind: 'known'; readonly crl: Crl }
  /** What came of each URL: `timed out`, `404`. */
  | {
      readonly kind: 'unreachable'
      readonly tried: readonly { readonly url: string; readonly outcome: string }[]
    }

export type CrlSource = (wanted: CrlWanted) => CrlFinding

/** For a relying party that has no CRLs and no way to get any. */
export const NO_CRLS: CrlSource = () => ({ kind: 'unreachable', tried: [] })

/** What speaks against `certificate`, issued by `issuer`; undefined when a current CRL clears it. */
export function revocationFailure(
  certificate: Certificate,
  issuer: Certificate,
  at: Instant,
  crls: CrlSource,
): PathFailure | undefined {
  const subject = subjectOf(certificate)
  const urls = crlUrlsOf(certificate)
  const finding = crls({ issuer: certificate.issuer, urls })
  if (finding.kind === 'known') return crlFailure(finding.crl, certificate, issuer, at)
  if (urls.length === 0) {
    const message = 'names no place where its CRL could be fetched'
    return { code: 'pki/no-crl-distribution-point', subject, message, expected: 'a CRL URL' }
  }
  return {
    code: 'pki/crl-unreachable',
    subject,
    message: `the CRL of ${certificate.issuer.text} could not be fetched`,
    expected: urls.join(' or '),
    got: finding.tried.map(({ url, outcome }) => `${url}: ${outcome}`).join(', ') || 'not tried',
  }
}

function crlFailure(
  crl: Crl,
  certificate: Certificate,
  issuer: Certificate,
  at: Instant,
): PathFailure | undefined {
  const subject = subjectOf(certificate)
  const failure = (
    code: PathFailureCode,
    message: string,
    expected: string,
    got: string,
  ): PathFailure => ({ code, subject, message, expected, got })
  const of = `the CRL of ${crl.issuer.text}`

  const invalid = crlFault(crl, certificate, issuer)
  if (invalid !== undefined) {
    return failure('pki/crl-invalid', `${of} ${invalid.what}`, invalid.expected, invalid.got)
  }
  if (crl.thisUpdate > at) {
    const got = `thisUpdate ${formatInstant(crl.thisUpdate)}`
    const expected = `at or before ${formatInstant(at)}`
    return failure('pki/crl-not-yet-valid', `${of} begins in the future`, expected, got)
  }
  // A certificate that is listed stays revoked, however old the list (and revoked is the better news to get).
  const entry = crl.entries.get(certificate.serial)
  if (entry !== undefined) {
    const why = entry.reason === undefined ? '' : ` (${entry.reason})`
    const message = `revoked on ${formatInstant(entry.revokedAt)}${why}`
    const got = `serial ${entry.serial} on ${of}`
    return failure('pki/revoked', message, `not on ${of}`, got)
  }
  if (crl.nextUpdate !== undefined && crl.nextUpdate < at) {
    const message = `${of} expired on ${formatInstant(crl.nextUpdate)}`
    const got = `nextUpdate ${formatInstant(crl.nextUpdate)}`
    return failure('pki/crl-expired', message, `at or after ${formatInstant(at)}`, got)
  }
  return undefined
}

interface CrlFault {
  readonly what: string
  readonly expected: string
  readonly got: string
}

/** Why a CRL says nothing about a certificate at all. */
function crlFault(crl: Crl, certificate: Certificate, issuer: Certificate): CrlFault | undefined {
  if (crl.issuer.key !== certificate.issuer.key) {
    const expected = certificate.issuer.text
    return { what: 'is another issuer’s', expected, got: crl.issuer.text }
  }
  if (issuer.keyUsage !== undefined && !issuer.keyUsage.includes('cRLSign')) {
    const got = issuer.keyUsage.join(', ')
    return { what: 'is signed with a key that is not for CRLs', expected: 'keyUsage cRLSign', got }
  }
  const verdict = verifySignature(crl, issuer.spki)
  if (verdict !== 'good') {
    const expected = `a signature by ${subjectOf(issuer)}`
    return { what: 'does not verify', expected, got: `${verdict} signature` }
  }
  if (crl.unknownCritical.length > 0) {
    const got = crl.unknownCritical.join(', ')
    const expected = 'extensions that are processed here'
    return { what: 'has critical extensions that are not processed here', expected, got }
  }
  return undefined
}
