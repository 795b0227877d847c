/**
 * What one judgement of a chain learned over the network, and the next URL that could change its answer: CRLs, issuers' certificates
 * and OCSP responses, through the host's URL cache. Not the judgement: {@link ./relying-party.ts} repeats it as more is known.
 */
import { formatIpv4 } from '../base/address.ts'
import { equalBytes, utf8 } from '../base/bytes.ts'
import { ok } from '../base/result.ts'
import type { Instant } from '../base/time.ts'
import type { Endpoint } from '../net/sockets.ts'
import type { Certificate } from '../pki/certificate/certificate.ts'
import { readCertificates } from '../pki/files/containers.ts'
import { readCrl, type Crl } from '../pki/revocation/crl.ts'
import { formatDerFault } from '../pki/encoding/der.ts'
import {
  certIdOf,
  identifies,
  ocspGetUrl,
  writeOcspRequest,
  type CertId,
} from '../pki/revocation/ocsp-request.ts'
import { readOcspResponse } from '../pki/revocation/ocsp-response.ts'
import type { OcspAnswer, OcspFinding, OcspWanted } from '../pki/revocation/ocsp.ts'
import type { CrlFinding, CrlWanted, Tried } from '../pki/revocation/revocation.ts'
import type { UrlCache } from './url-cache.ts'
import type { HttpOutcome } from './web-client.ts'

export interface RetrievalDeps {
  /** Calls `done` exactly once. */
  readonly httpGet: (url: string, done: (outcome: HttpOutcome) => void) => void
  /** POST of an OCSP request that is too long for a GET. Calls `done` exactly once. */
  readonly httpPost: (url: string, body: Uint8Array, done: (outcome: HttpOutcome) => void) => void
  /** One a host. */
  readonly cache: UrlCache
  /** For OCSP requests of a profile that sends a nonce. */
  readonly nonce: () => Uint8Array
}

/** What should be fetched next. */
export type Wanted =
  | { readonly kind: 'crl' | 'issuer'; readonly url: string }
  | {
      readonly kind: 'ocsp'
      /** Of the responder. */
      readonly url: string
      readonly certId: CertId
      readonly withNonce: boolean
    }

/** What one judgement has learned so far. */
export interface Learned {
  readonly issuers: Certificate[]
  readonly crls: Map<string, Crl>
  /** By {@link keyOf}. */
  readonly answers: Map<string, OcspAnswer>
  /** What came of each, by URL or {@link keyOf}. */
  readonly tried: Map<string, Tried>
  readonly fromCache: Set<string>
}

export const nothingLearned = (): Learned => ({
  issuers: [],
  crls: new Map(),
  answers: new Map(),
  tried: new Map(),
  fromCache: new Set(),
})

/**
 * Bytes of what is fetched by an authorityInfoAccess: issuers' certificates (wincrypt.h, MaxAIAUrlRetrievalByteCount) and OCSP
 * responses. A CRL has the limit of a web client's body.
 */
export const AIA_BYTES_MAX = 100_000

/** HTTP first: other schemes are not modelled, and are only named where nothing else answered. */
const inOrder = (urls: readonly string[]): readonly string[] => [
  ...urls.filter(isHttp),
  ...urls.filter((url) => !isHttp(url)),
]

const isHttp = (url: string): boolean => /^http:\/\//i.test(url)

/**
 * A current CRL of the right issuer from the first URL that gives one; failing that what there is, which at least says what is wrong
 * with it. `next` is the URL to try before giving up.
 */
export function findCrl(
  { urls, issuer, kind }: CrlWanted,
  learned: Learned,
  { cache, at }: { readonly cache: UrlCache; readonly at: Instant },
): CrlFinding & { readonly next?: Wanted } {
  const tried: Tried[] = []
  const poor: Crl[] = []
  const suits = (crl: Crl): boolean =>
    crl.issuer.key === issuer.key &&
    (crl.deltaBase !== undefined) === (kind === 'delta') &&
    (crl.nextUpdate === undefined || crl.nextUpdate >= at)
  for (const url of inOrder(urls)) {
    const outcome = learned.tried.get(url)
    if (outcome !== undefined) tried.push(outcome)
    const kept = outcome === undefined ? cache.crl(url, at) : undefined
    if (kept !== undefined) learned.fromCache.add(url)
    const crl = learned.crls.get(url) ?? kept
    if (crl !== undefined && suits(crl)) return { kind: 'known', crls: [crl], tried }
    if (crl !== undefined) poor.push(crl)
    else if (outcome === undefined) {
      return { kind: 'unreachable', tried, next: { kind: 'crl', url } }
    }
  }
  return poor.length === 0 ? { kind: 'unreachable', tried } : { kind: 'known', crls: poor, tried }
}

/** What one responder says of one certificate: the URL of a GET, under which the cache has it, or one that is longer than a GET may be. */
function keyOf(url: string, certId: CertId): string {
  const request = writeOcspRequest(certId)
  return ocspGetUrl(url, request) ?? `${url} ${Buffer.from(request).toString('base64')}`
}

interface OcspMoment {
  readonly cache: UrlCache
  readonly at: Instant
  readonly withNonce: boolean
}

/** A current answer about this certificate from the first responder that gives one; failing that what they said. */
export function findOcsp(
  { certificate, issuer, urls }: OcspWanted,
  learned: Learned,
  { cache, at, withNonce }: OcspMoment,
): OcspFinding & { readonly next?: Wanted } {
  const tried: Tried[] = []
  const answers: OcspAnswer[] = []
  const certId = certIdOf(certificate, issuer)
  for (const url of inOrder(urls)) {
    const key = keyOf(url, certId)
    const outcome = learned.tried.get(key)
    if (outcome !== undefined) tried.push(outcome)
    // With a nonce of this moment only a response of this moment will do.
    const kept = outcome === undefined && !withNonce ? cache.ocsp(key, at) : undefined
    if (kept !== undefined) learned.fromCache.add(url)
    const answer = learned.answers.get(key) ?? (kept && { response: ok(kept) })
    if (answer !== undefined) {
      if (isHelpful(answer, { certificate, issuer, at })) return { answers: [answer], tried }
      answers.push(answer)
    } else if (outcome === undefined) {
      return { answers, tried, next: { kind: 'ocsp', url, certId, withNonce } }
    }
  }
  return { answers, tried }
}

/** Whether it is worth to ask no other responder: it says something current about this certificate. */
const isHelpful = (
  { response }: OcspAnswer,
  { certificate, issuer, at }: Omit<OcspWanted, 'urls'> & { readonly at: Instant },
): boolean =>
  response.ok &&
  response.value.status === 'successful' &&
  response.value.basic.responses.some(
    ({ certId, status, nextUpdate }) =>
      identifies(certId, certificate, issuer) &&
      status !== 'unknown' &&
      nextUpdate !== undefined &&
      nextUpdate >= at,
  )

/** Fetch what is wanted and keep what comes. `then` is called once. */
export function fetch(
  deps: RetrievalDeps,
  wanted: Wanted,
  learned: Learned,
  then: () => void,
): void {
  const { url } = wanted
  const key = wanted.kind === 'ocsp' ? keyOf(url, wanted.certId) : url
  const record = (outcome: string): void => {
    learned.tried.set(key, { url, outcome })
    then()
  }
  if (!isHttp(url)) return record(`${url.split(':', 1)[0]} is not modelled`)
  const taking =
    (take: (body: Uint8Array) => string | undefined) =>
    (outcome: HttpOutcome): void => {
      const body = okBody(outcome)
      const fault = body === undefined ? undefined : take(body)
      const got = describe(outcome)
      record(fault === undefined ? got : `${got}, ${fault}`)
    }
  const { cache } = deps
  switch (wanted.kind) {
    case 'crl':
      return deps.httpGet(
        url,
        taking((body) => takeCrl({ url, body, learned, cache })),
      )
    case 'issuer':
      return deps.httpGet(
        url,
        taking((body) => takeIssuers({ url, body, learned, cache })),
      )
    case 'ocsp': {
      const nonce = wanted.withNonce ? deps.nonce() : undefined
      const request = writeOcspRequest(wanted.certId, nonce)
      const take = taking((body) => takeAnswer({ url: key, body, learned, cache }, nonce))
      const target = ocspGetUrl(url, request)
      return target === undefined ? deps.httpPost(url, request, take) : deps.httpGet(target, take)
    }
  }
}

const okBody = (outcome: HttpOutcome): Uint8Array | undefined =>
  outcome.kind === 'response' && outcome.status === 200 ? outcome.body : undefined

interface Taken {
  readonly url: string
  readonly body: Uint8Array
  readonly learned: Learned
  readonly cache: UrlCache
}

const PEM_BEGIN = utf8('-----BEGIN ')

/** What is wrong with the body, following its status; undefined: nothing. */
function takeCrl({ url, body, learned, cache }: Taken): string | undefined {
  if (equalBytes(body.subarray(0, PEM_BEGIN.length), PEM_BEGIN)) {
    return 'but in PEM: a CRL is published in DER (RFC 5280 §4.2.1.13)'
  }
  const crl = readCrl(body)
  if (!crl.ok) return `but ${formatDerFault(crl.error)}`
  learned.crls.set(url, crl.value)
  cache.keep(url, { kind: 'crl', crl: crl.value })
  return undefined
}

const excessOf = ({ length }: Uint8Array): string | undefined =>
  length > AIA_BYTES_MAX ? `but ${length} bytes, more than ${AIA_BYTES_MAX}` : undefined

function takeIssuers({ url, body, learned, cache }: Taken): string | undefined {
  const excess = excessOf(body)
  if (excess !== undefined) return excess
  const certificates = readCertificates(body)
  if (!certificates.ok) return `but ${formatDerFault(certificates.error)}`
  learned.issuers.push(...certificates.value)
  cache.keep(url, { kind: 'certificates', certificates: certificates.value })
  return undefined
}

function takeAnswer(
  { url, body, learned, cache }: Taken,
  nonce: Uint8Array | undefined,
): string | undefined {
  const excess = excessOf(body)
  if (excess !== undefined) return excess
  const response = readOcspResponse(body)
  learned.answers.set(url, { response, ...(nonce !== undefined && { nonce }) })
  if (!response.ok) return `but ${formatDerFault(response.error)}`
  if (response.value.status !== 'successful') return `but ${response.value.status}`
  if (nonce === undefined) cache.keep(url, { kind: 'ocsp', response: response.value })
  return undefined
}

/** `200`, `404`, `timed-out at 10.0.0.5:80`, `unresolved: NXDOMAIN`. */
function describe(outcome: HttpOutcome): string {
  switch (outcome.kind) {
    case 'response':
      return String(outcome.status)
    case 'unresolved':
      return `unresolved: ${outcome.rcode}`
    case 'malformed':
      return `malformed: ${outcome.detail}`
    case 'too-many-redirects':
      return outcome.kind
    default:
      return outcome.to === undefined ? outcome.kind : `${outcome.kind} at ${endpoint(outcome.to)}`
  }
}

const endpoint = ({ address, port }: Endpoint): string => `${formatIpv4(address)}:${port}`
