/**
 * An OCSP responder as AD CS has it (Online Responder): it answers from the CRLs that its authority has published, so a revocation is
 * known when the list that has it is. A pure function of request and instant. RFC 6960 §2, RFC 5019 §2.2.
 */
import type { KeyObject } from 'node:crypto'
import { invariant } from '../../base/invariant.ts'
import { after, days, type Duration, type Instant } from '../../base/time.ts'
import type { OcspSpec } from '../../topology/pki.ts'
import type { Certificate } from '../certificate/certificate.ts'
import { readCrl, type Crl } from '../revocation/crl.ts'
import type { Validity } from './generations.ts'
import { isIssuedBy, readOcspRequest, type CertId } from '../revocation/ocsp-request.ts'
import {
  writeOcspError,
  writeOcspResponse,
  type SingleResponse,
} from '../revocation/ocsp-response.ts'
import { placeOf } from './publication.ts'
import type { SignRsa } from '../keys/signature.ts'
import { keyIdOf } from '../keys/spki.ts'

/** The validity period of the OCSP Response Signing template. */
const SIGNER_VALID_FOR = days(14)
/** What is left of a signing certificate when its successor takes over; the template's renewal period is 2 of 14 days. */
const RENEWAL_SHARE = 1 / 7

/** A responder at one of its URLs. */
export interface Responder {
  readonly node: string
  /** Key of the authority for which it answers. */
  readonly authority: string
  readonly url: string
  /** Path of the URL; a GET has the request below it. */
  readonly path: string
  /** The OCSPResponse, DER, to an OCSPRequest that comes at that instant. Any bytes get one. */
  answer(request: Uint8Array, at: Instant): Uint8Array
}

export interface ResponderSigner {
  readonly certificate: Certificate
  readonly privateKey: KeyObject
}

export interface ResponderSources {
  readonly spec: OcspSpec
  readonly sign: SignRsa
  /** One for each key of the authority. */
  readonly configurations: readonly RevocationConfiguration[]
}

/** What an Online Responder calls so: for whose certificates it answers, from which lists, and who signs. */
export interface RevocationConfiguration {
  readonly authority: Certificate
  /** What is published at `at`, DER: the complete CRL, and the delta where there is one. */
  crls(at: Instant): readonly Uint8Array[]
  signer(at: Instant): ResponderSigner
}

const signerLifetime = ({ signerValidFor = SIGNER_VALID_FOR }: OcspSpec): Duration => signerValidFor

/** From one signing certificate to the next; whole seconds, as certificates name them. */
const signerPeriod = (spec: OcspSpec): Duration =>
  (Math.ceil((signerLifetime(spec) * (1 - RENEWAL_SHARE)) / 1e6) * 1e6) as Duration

/** Which signing certificate is in use at `at`: 0, 1, …; before `first`, when the first begins, the first. */
export const signerRound = (spec: OcspSpec, first: Instant, at: Instant): number =>
  Math.max(0, Math.floor((at - first) / signerPeriod(spec)))

/** When the signing certificate of a round begins and ends. */
export function signerValidity(spec: OcspSpec, first: Instant, round: number): Validity {
  const notBefore = after(first, (round * signerPeriod(spec)) as Duration)
  return { notBefore, notAfter: after(notBefore, signerLifetime(spec)) }
}

/** The responder at each of its HTTP URLs. `publishedOn`: where the authority's own files are. */
export function respondersAt(
  authority: string,
  publishedOn: string | undefined,
  sources: ResponderSources,
): readonly Responder[] {
  const { spec } = sources
  const node = spec.publishedOn ?? publishedOn
  if (node === undefined) return []
  return spec.urls.flatMap((url) => {
    const place = placeOf(url)
    if (place === undefined) return []
    const answer = (request: Uint8Array, at: Instant) => answerOcsp(sources, request, at)
    return [{ node, authority, url, ...place, answer }]
  })
}

/** Answer a request. What is not one, or is about others' certificates, gets an error status, which is not signed. */
function answerOcsp(sources: ResponderSources, der: Uint8Array, at: Instant): Uint8Array {
  const { spec, configurations, sign } = sources
  if (spec.fails !== undefined) return writeOcspError(spec.fails)
  const request = readOcspRequest(der)
  if (!request.ok || request.value.unknownCritical.length > 0) {
    return writeOcspError('malformedRequest')
  }
  const { certIds, nonce } = request.value
  const ours = configurations.find(({ authority }) =>
    certIds.every((id) => isIssuedBy(id, authority)),
  )
  // Without NONCE support an Online Responder refuses a request that has one.
  if (ours === undefined || (nonce !== undefined && spec.nonces !== true)) {
    return writeOcspError('unauthorized')
  }
  const crls = ours.crls(at).map(read)
  // Nothing current to answer from.
  if (crls.some(({ nextUpdate }) => nextUpdate! < at)) return writeOcspError('tryLater')
  const { certificate, privateKey } = ours.signer(at)
  const producedAt = (at - (((at % 1e6) + 1e6) % 1e6)) as Instant
  return writeOcspResponse(
    {
      responder: { kind: 'key', keyHash: keyIdOf(certificate.spki) },
      producedAt,
      responses: certIds.map((id) => singleOf(id, crls, { spec, producedAt })),
      ...(nonce !== undefined && { nonce }),
      certificates: certificate === ours.authority ? [] : [certificate.der],
    },
    (tbs) => sign('sha256', tbs, privateKey),
  )
}

function read(der: Uint8Array): Crl {
  const crl = readCrl(der)
  invariant(crl.ok, 'a published CRL reads')
  return crl.value
}

/** As long as the list that it comes from holds, or less: an Online Responder takes both dates from the CRL. */
function singleOf(
  certId: CertId,
  crls: readonly Crl[],
  { spec, producedAt }: { readonly spec: OcspSpec; readonly producedAt: Instant },
): SingleResponse {
  const thisUpdate = Math.max(...crls.map((crl) => crl.thisUpdate)) as Instant
  const ends = crls.map((crl) => crl.nextUpdate!)
  if (spec.validFor !== undefined) ends.push(after(producedAt, spec.validFor))
  const dates = { thisUpdate, nextUpdate: Math.min(...ends) as Instant }
  // The delta comes last and knows better.
  const entry = crls.toReversed().flatMap(({ entries }) => entries.get(certId.serial) ?? [])[0]
  if (entry === undefined || entry.reason === 'removeFromCRL') {
    return { certId, status: 'good', ...dates }
  }
  const { revokedAt, reason } = entry
  return { certId, status: 'revoked', revokedAt, ...(reason && { reason }), ...dates }
}
