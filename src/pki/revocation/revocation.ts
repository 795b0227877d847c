/**
 * Whether CRLs clear a certificate (RFC 5280 §6.3): complete ones and their deltas, whole or partitioned, of the issuer or indirect.
 * Not fetching: the caller says which CRLs are known. What a CRL covers is decided in {@link ./crl-scope.ts}, and
 * {@link ./revocation-check.ts} looks at OCSP, too.
 */
import { formatInstant, type Instant } from '../../base/time.ts'
import { crlUrlsOf, subjectOf, type Certificate } from '../certificate/certificate.ts'
import { crlBreach, crlFault, type CrlFault } from './crl-fault.ts'
import { crlPoints, reasonsCovered, scopeFault, type CrlPoint } from './crl-scope.ts'
import { foreignKey, type Crl, type RevokedEntry } from './crl.ts'
import { ALL_REASONS } from '../certificate/distribution-point.ts'
import type { PathFailure, PathFailureCode } from '../profile/failure.ts'
import type { Name } from '../certificate/name.ts'
import type { VerifySignature } from '../keys/signature.ts'

export interface CrlWanted {
  /** Who issued the CRL. */
  readonly issuer: Name
  /** As the certificate or the complete CRL lists them; empty: it names none. */
  readonly urls: readonly string[]
  readonly kind: 'complete' | 'delta'
}

/** What came of a URL: `timed out`, `404`, `200`. */
export interface Tried {
  readonly url: string
  readonly outcome: string
}

/** `http://pki.contoso.com/root.crl: timed-out, …` */
export const formatTried = (tried: readonly Tried[]): string =>
  tried.map(({ url, outcome }) => `${url}: ${outcome}`).join(', ')

/** What the relying party knows of the CRLs of one issuer. */
export type CrlFinding =
  /** At least one; those of another kind or for other certificates are looked over. `tried`: how they came, where they were fetched. */
  | { readonly kind: 'known'; readonly crls: readonly Crl[]; readonly tried?: readonly Tried[] }
  | { readonly kind: 'unreachable'; readonly tried: readonly Tried[] }

export type CrlSource = (wanted: CrlWanted) => CrlFinding

/** Certificates that may have signed a CRL beside the issuer's own, each valid for the same anchors. */
export type CrlSigners = (crl: Crl) => readonly Certificate[]

/** For a relying party that has no CRLs and no way to get any. */
export const NO_CRLS: CrlSource = () => ({ kind: 'unreachable', tried: [] })

export interface RevocationInquiry {
  readonly certificate: Certificate
  /** The next certificate of the path. */
  readonly issuer: Certificate
  readonly at: Instant
  readonly crls: CrlSource
  readonly crlSigners: CrlSigners
  /** Refuse CRLs that RFC 5280 §5 forbids authorities to issue. */
  readonly demandsConformance: boolean
  /** A complete CRL that points to deltas counts only with a current one. */
  readonly demandsDelta: boolean
  readonly verify: VerifySignature
}

/** What speaks against the certificate; undefined when current CRLs clear it of every reason. */
export function revocationFailure(inquiry: RevocationInquiry): PathFailure | undefined {
  let reasons = 0
  const doubts: PathFailure[] = []
  for (const point of crlPoints(inquiry.certificate)) {
    const finding = inquiry.crls({ issuer: point.issuer, urls: point.urls, kind: 'complete' })
    if (finding.kind === 'unreachable') {
      if (!point.isImplied) doubts.push(unreachable(inquiry.certificate, point, finding.tried))
      continue
    }
    for (const crl of finding.crls) {
      const added = reasonsCovered(crl, point) & ~reasons
      if (crl.deltaBase !== undefined || added === 0) continue
      const failure = crlFailure(crl, point, inquiry)
      if (failure?.code === 'pki/revoked') return failure
      if (failure === undefined) reasons |= added
      else doubts.push(withTried(failure, finding.tried ?? []))
    }
    if (reasons === ALL_REASONS) return undefined
  }
  return mostTelling(doubts) ?? uncovered(inquiry.certificate, reasons)
}

/**
 * Codes of what stands in the way of an answer. A list or a response that was had tells more than one that was not, and one that
 * is merely old more than one that never counted.
 */
const TELLING: readonly PathFailureCode[] = [
  'pki/crl-expired',
  'pki/ocsp-expired',
  'pki/crl-not-yet-valid',
  'pki/crl-invalid',
  'pki/ocsp-invalid',
  'pki/ocsp-unknown',
  'pki/crl-unreachable',
  'pki/ocsp-unreachable',
  'pki/no-crl-distribution-point',
]

/** The first of those that tell most. */
export const mostTelling = (doubts: readonly PathFailure[]): PathFailure | undefined =>
  doubts.toSorted((a, b) => TELLING.indexOf(a.code) - TELLING.indexOf(b.code))[0]

/** The failure, with what came of each URL at the end of what was got. */
export function withTried(failure: PathFailure, tried: readonly Tried[]): PathFailure {
  if (tried.length === 0) return failure
  const got = failure.got === undefined ? '' : `${failure.got}; `
  return { ...failure, got: `${got}${formatTried(tried)}` }
}

const unreachable = (
  certificate: Certificate,
  { issuer, urls }: CrlPoint,
  tried: readonly Tried[],
): PathFailure => ({
  code: 'pki/crl-unreachable',
  subject: subjectOf(certificate),
  message: `the CRL of ${issuer.text} could not be fetched`,
  expected: urls.join(' or ') || `a CRL of ${issuer.text}`,
  got: formatTried(tried) || 'not tried',
})

function uncovered(certificate: Certificate, reasons: number): PathFailure {
  const subject = subjectOf(certificate)
  if (reasons === 0 && crlUrlsOf(certificate).length === 0) {
    const message = 'names no place where its CRL could be fetched'
    return { code: 'pki/no-crl-distribution-point', subject, message, expected: 'a CRL URL' }
  }
  return {
    code: 'pki/crl-invalid',
    subject,
    message: 'no CRL that is known covers it',
    expected: 'CRLs for every reason of revocation',
    got: reasons === 0 ? 'none' : 'CRLs for some reasons',
  }
}

function crlFailure(
  crl: Crl,
  point: CrlPoint,
  inquiry: RevocationInquiry,
): PathFailure | undefined {
  const { certificate, at } = inquiry
  const of = `the CRL of ${crl.issuer.text}`
  const failure = (
    code: PathFailureCode,
    message: string,
    expected: string,
    got: string,
  ): PathFailure => ({ code, subject: subjectOf(certificate), message, expected, got })

  const invalid: CrlFault | undefined =
    scopeFault(crl, point, certificate) ?? crlFault(crl, inquiry)
  if (invalid !== undefined) {
    return failure('pki/crl-invalid', `${of} ${invalid.what}`, invalid.expected, invalid.got)
  }
  if (crl.thisUpdate > at) {
    const got = `thisUpdate ${formatInstant(crl.thisUpdate)}`
    const expected = `at or before ${formatInstant(at)}`
    return failure('pki/crl-not-yet-valid', `${of} begins in the future`, expected, got)
  }
  // A certificate that is listed stays revoked, however old the list (and revoked is the better news to get).
  const { delta, missing } = deltaOf(crl, inquiry)
  const entry = entryOf(crl, delta, certificate)
  if (entry !== undefined) {
    const why = entry.reason === undefined ? '' : ` (${entry.reason})`
    const message = `revoked on ${formatInstant(entry.revokedAt)}${why}`
    const got = `serial ${entry.serial} on ${of}`
    return failure('pki/revoked', message, `not on ${of}`, got)
  }
  const breach = inquiry.demandsConformance ? crlBreach(crl) : undefined
  if (breach !== undefined) {
    return failure('pki/crl-invalid', `${of} ${breach.what}`, breach.expected, breach.got)
  }
  if (crl.nextUpdate !== undefined && crl.nextUpdate < at) {
    const message = `${of} expired on ${formatInstant(crl.nextUpdate)}`
    const got = `nextUpdate ${formatInstant(crl.nextUpdate)}`
    return failure('pki/crl-expired', message, `at or after ${formatInstant(at)}`, got)
  }
  return inquiry.demandsDelta ? missing : undefined
}

/** What the delta says, and where it is silent the complete CRL (RFC 5280 §6.3.3 (i) to (k)). */
function entryOf(
  crl: Crl,
  delta: Crl | undefined,
  certificate: Certificate,
): RevokedEntry | undefined {
  const changed = delta && listed(delta, certificate)
  if (changed?.reason === 'removeFromCRL') return undefined
  return changed ?? listed(crl, certificate)
}

const listed = (crl: Crl, { serial, issuer }: Certificate): RevokedEntry | undefined =>
  issuer.key === crl.issuer.key
    ? crl.entries.get(serial)
    : crl.foreignEntries.get(foreignKey(serial, issuer))

interface DeltaFinding {
  readonly delta?: Crl
  /** Deltas are published, and no current one to this CRL is known. */
  readonly missing?: PathFailure
}

/** The newest current delta to `crl` (RFC 5280 §6.3.3 (c), (h)). */
function deltaOf(crl: Crl, inquiry: RevocationInquiry): DeltaFinding {
  const { certificate, crls } = inquiry
  const points = [...(certificate.freshestCrl ?? []), ...(crl.freshestCrl ?? [])]
  if (points.length === 0) return {}
  const urls = points
    .flatMap(({ fullName }) => fullName)
    .flatMap((name) => (name.kind === 'uri' ? [name.value] : []))
  const finding = crls({ issuer: crl.issuer, urls, kind: 'delta' })
  const deltas = finding.kind === 'known' ? finding.crls : []
  const current = deltas.filter((each) => isCurrentDelta(each, crl, inquiry))
  const delta = current
    .filter((each) => !isLater(each.deltaBase!, crl.number!) && !isLater(crl.number!, each.number!))
    .toSorted((a, b) => (isLater(a.number!, b.number!) ? -1 : 1))[0]
  if (delta !== undefined) return { delta }
  // A complete list that is newer than a current delta has all that the delta could add.
  if (current.some((each) => isLater(crl.number!, each.number!))) return {}
  const isOld = deltas.some(({ nextUpdate }) => nextUpdate !== undefined && nextUpdate < inquiry.at)
  const missing: PathFailure = {
    code:
      deltas.length === 0 ? 'pki/crl-unreachable' : isOld ? 'pki/crl-expired' : 'pki/crl-invalid',
    subject: subjectOf(certificate),
    message: `no current delta to the CRL of ${crl.issuer.text} could be had`,
    expected: urls.join(' or ') || 'a delta CRL',
  }
  return { missing: withTried(missing, finding.tried ?? []) }
}

/** Whether it is a delta, both lists are numbered, and it is good at this instant: of the same issuer and about the same. */
function isCurrentDelta(delta: Crl, crl: Crl, inquiry: RevocationInquiry): boolean {
  const { at } = inquiry
  return (
    crl.number !== undefined &&
    delta.deltaBase !== undefined &&
    delta.number !== undefined &&
    delta.issuer.key === crl.issuer.key &&
    JSON.stringify(delta.scope) === JSON.stringify(crl.scope) &&
    delta.thisUpdate <= at &&
    (delta.nextUpdate === undefined || delta.nextUpdate >= at) &&
    crlFault(delta, inquiry) === undefined
  )
}

/** CRL numbers, hexadecimal, not negative: whether `a` is the greater one. */
const isLater = (a: string, b: string): boolean => BigInt(`0x${a}`) > BigInt(`0x${b}`)
