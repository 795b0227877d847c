/**
 * A host that judges a certificate chain: it fetches the CRLs and the missing issuers that the judgement needs over the simulated
 * network, and keeps them as Windows' URL cache does. Not the rules: `pki/path.ts` has those. No OCSP, no LDAP.
 */
import { formatIpv4 } from '../base/address.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Instant } from '../base/time.ts'
import type { Endpoint, Host } from '../net/sockets.ts'
import { issuerUrlsOf, readCertificate, subjectOf, type Certificate } from '../pki/certificate.ts'
import { linksOf, type ChainLink } from '../pki/chain-link.ts'
import { readCertificates } from '../pki/containers.ts'
import { readCrl, type Crl } from '../pki/crl.ts'
import { formatDerFault, type DerFault } from '../pki/der.ts'
import type { PathFailure } from '../pki/failure.ts'
import { judgeChain, type ChainVerdict } from '../pki/path.ts'
import type { RelyingPartyProfile, WindowsOutcome } from '../pki/profile.ts'
import type { CrlFinding, CrlWanted } from '../pki/revocation.ts'
import type { HttpOutcome } from './web-client.ts'

/** URLs that one judgement tries. */
export const FETCHES_MAX = 16

export interface RelyingPartyDeps {
  /** Calls `done` exactly once. */
  readonly httpGet: (url: string, done: (outcome: HttpOutcome) => void) => void
  /** One a host. */
  readonly cache: UrlCache
}

/** CRLs until their nextUpdate and issuers' certificates, by URL, as `certutil -urlcache` lists them. */
export class UrlCache {
  readonly #crls = new Map<string, Crl>()
  readonly #certificates = new Map<string, readonly Certificate[]>()

  /** The kept CRL while it is current. A newer one on the server is not seen until then. */
  crl(url: string, at: Instant): Crl | undefined {
    const crl = this.#crls.get(url)
    return crl?.nextUpdate !== undefined && crl.nextUpdate >= at ? crl : undefined
  }

  keepCrl(url: string, crl: Crl): void {
    this.#crls.set(url, crl)
  }

  certificates(url: string): readonly Certificate[] | undefined {
    return this.#certificates.get(url)
  }

  keepCertificates(url: string, certificates: readonly Certificate[]): void {
    this.#certificates.set(url, certificates)
  }

  /** Forget everything, as `certutil -urlcache * delete` does. */
  flush(): void {
    this.#crls.clear()
    this.#certificates.clear()
  }
}

export interface JudgementInput {
  /** DER as the peer sent it: the end entity first, then what it sent along, in any order. */
  readonly presented: readonly Uint8Array[]
  /** Intermediates in the host's own store. */
  readonly intermediates: readonly Certificate[]
  /** Its trusted roots. */
  readonly anchors: readonly Certificate[]
  readonly profile: RelyingPartyProfile
  /** The host name or address that was dialled; absent: the name is not checked. */
  readonly name?: string
}

/** What `lab/reports.ts` calls a ChainReport, but for who judged whose chain. */
export interface ChainJudgement {
  /** Name of the profile. */
  readonly profile: string
  /** The host's wall clock at the judgement. */
  readonly at: Instant
  readonly valid: boolean
  /** End entity first. */
  readonly path: readonly ChainLink[]
  /** Most telling first. */
  readonly failures: readonly PathFailure[]
  /** The other paths that were tried, the one that came closest first: subjects, end entity first. */
  readonly rejected: readonly {
    readonly path: readonly string[]
    readonly failures: readonly PathFailure[]
  }[]
  /** What a soft revocation check could not find out. */
  readonly tolerated: readonly PathFailure[]
  /** Each URL that was tried, in order: the status, or why there was no answer (`unresolved: NXDOMAIN`, `timed-out at …`). */
  readonly fetches: readonly { readonly url: string; readonly outcome: string }[]
  /** URLs whose CRL or certificate came from the cache. */
  readonly fromCache: readonly string[]
  /** What Windows shows for the first failure, where the profile is of a Windows program. */
  readonly windows?: WindowsOutcome
}

/** What one judgement has learned so far. */
interface Inquiry {
  readonly leaf: Certificate
  readonly sent: readonly Certificate[]
  /** Certificates that were sent along and cannot be read: told when no path holds. */
  readonly malformed: readonly PathFailure[]
  readonly fetched: Certificate[]
  readonly crls: Map<string, Crl>
  /** URL → what came of it. */
  readonly tried: Map<string, string>
  readonly fromCache: Set<string>
}

/**
 * Judge what a peer presented, at the host's wall clock. As long as a CRL or an issuer is wanted that was not tried, it is fetched
 * and the chain judged again. `done` is called once, at once when nothing had to be fetched.
 */
export function judge(
  host: Pick<Host, 'wallClock'>,
  deps: RelyingPartyDeps,
  input: JudgementInput,
  done: (judgement: ChainJudgement) => void,
): void {
  const inquiry = openInquiry(input.presented)
  if (!inquiry.ok) {
    done(judgementOf(input.profile, host.wallClock, [inquiry.error]))
    return
  }
  const step = (): void => {
    const at = host.wallClock
    const { verdict, wanted } = consider(input, inquiry.value, deps.cache, at)
    if (wanted === undefined || inquiry.value.tried.size >= FETCHES_MAX) {
      const { malformed } = inquiry.value
      done(judgementOf(input.profile, at, malformed, { verdict, inquiry: inquiry.value }))
      return
    }
    fetch(deps, wanted, inquiry.value, step)
  }
  step()
}

function openInquiry(presented: readonly Uint8Array[]): Result<Inquiry, PathFailure> {
  const read = presented.map((der) => readCertificate(der))
  const faults = read.flatMap((certificate, i) =>
    certificate.ok ? [] : [unreadable(i, certificate.error)],
  )
  const [leaf, ...others] = read
  if (leaf === undefined) {
    const message = 'the peer sent no certificate'
    return err({ code: 'pki/malformed', subject: 'nobody', message })
  }
  if (!leaf.ok) return err(faults[0]!)
  return ok({
    leaf: leaf.value,
    sent: others.flatMap((certificate) => (certificate.ok ? [certificate.value] : [])),
    malformed: faults,
    fetched: [],
    crls: new Map(),
    tried: new Map(),
    fromCache: new Set(),
  })
}

const unreadable = (index: number, fault: DerFault): PathFailure => ({
  code: 'pki/malformed',
  subject: `certificate ${index + 1} of those sent`,
  message: `cannot be read: ${formatDerFault(fault)}`,
})

interface Wanted {
  readonly kind: 'crl' | 'issuer'
  readonly url: string
}

/** Judge with what is known now, and name the first URL that could change the answer. */
function consider(
  input: JudgementInput,
  inquiry: Inquiry,
  cache: UrlCache,
  at: Instant,
): { verdict: ChainVerdict; wanted: Wanted | undefined } {
  const { profile, anchors, name } = input
  for (;;) {
    let crlUrl: string | undefined
    const verdict = judgeChain({
      leaf: inquiry.leaf,
      sent: inquiry.sent,
      intermediates: [...input.intermediates, ...inquiry.fetched],
      anchors,
      at,
      profile,
      ...(name !== undefined && { name }),
      crls: (wanted) => {
        const found = findCrl(wanted, inquiry, cache, at)
        if (found.kind === 'known') return found
        crlUrl ??= found.next
        return { kind: 'unreachable', tried: found.tried }
      },
    })
    if (crlUrl !== undefined) return { verdict, wanted: { kind: 'crl', url: crlUrl } }
    const url =
      verdict.valid || !profile.fetchesIntermediates ? undefined : issuerUrl(verdict, inquiry)
    if (url === undefined) return { verdict, wanted: undefined }
    const kept = cache.certificates(url)
    if (kept === undefined) return { verdict, wanted: { kind: 'issuer', url } }
    inquiry.fetched.push(...kept)
    inquiry.fromCache.add(url)
  }
}

/**
 * A current CRL from the first URL that gives one; failing that an old one, which at least says how old. `next` is the URL to try
 * before giving up.
 */
function findCrl(
  { urls }: CrlWanted,
  inquiry: Inquiry,
  cache: UrlCache,
  at: Instant,
): CrlFinding & { readonly next?: string } {
  const tried: { url: string; outcome: string }[] = []
  let old: Crl | undefined
  for (const url of urls) {
    const fetched = inquiry.crls.get(url)
    if (fetched !== undefined) {
      if (fetched.nextUpdate === undefined || fetched.nextUpdate >= at) {
        return { kind: 'known', crls: [fetched] }
      }
      old ??= fetched
      continue
    }
    const kept = cache.crl(url, at)
    if (kept !== undefined) {
      inquiry.fromCache.add(url)
      return { kind: 'known', crls: [kept] }
    }
    const outcome = inquiry.tried.get(url)
    if (outcome === undefined) return { kind: 'unreachable', tried, next: url }
    tried.push({ url, outcome })
  }
  return old === undefined ? { kind: 'unreachable', tried } : { kind: 'known', crls: [old] }
}

/** Where an issuer that no path could find may be fetched; each URL is used once. */
function issuerUrl({ rejected }: ChainVerdict, inquiry: Inquiry): string | undefined {
  return rejected
    .filter(({ anchored }) => !anchored)
    .flatMap(({ path }) => issuerUrlsOf(path.at(-1)!))
    .find((url) => !inquiry.tried.has(url) && !inquiry.fromCache.has(url))
}

function fetch(deps: RelyingPartyDeps, wanted: Wanted, inquiry: Inquiry, then: () => void): void {
  const { url, kind } = wanted
  if (!/^http:\/\//i.test(url)) {
    inquiry.tried.set(url, `${url.split(':', 1)[0]} is not modelled`)
    then()
    return
  }
  deps.httpGet(url, (outcome) => {
    const body = okBody(outcome)
    const read = kind === 'crl' ? takeCrl : takeCertificates
    const fault = body === undefined ? undefined : read(url, body, inquiry, deps.cache)
    const got = describe(outcome)
    inquiry.tried.set(url, fault === undefined ? got : `${got}, but ${formatDerFault(fault)}`)
    then()
  })
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

const okBody = (outcome: HttpOutcome): Uint8Array | undefined =>
  outcome.kind === 'response' && outcome.status === 200 ? outcome.body : undefined

function takeCrl(url: string, body: Uint8Array, inquiry: Inquiry, cache: UrlCache) {
  const crl = readCrl(body)
  if (!crl.ok) return crl.error
  inquiry.crls.set(url, crl.value)
  cache.keepCrl(url, crl.value)
  return undefined
}

function takeCertificates(url: string, body: Uint8Array, inquiry: Inquiry, cache: UrlCache) {
  const certificates = readCertificates(body)
  if (!certificates.ok) return certificates.error
  inquiry.fetched.push(...certificates.value)
  cache.keepCertificates(url, certificates.value)
  return undefined
}

/** `known` is absent when the end entity itself could not be read. */
function judgementOf(
  { name, outcomes }: RelyingPartyProfile,
  at: Instant,
  malformed: readonly PathFailure[],
  known?: { readonly verdict: ChainVerdict; readonly inquiry: Inquiry },
): ChainJudgement {
  const valid = known?.verdict.valid === true
  // An unreadable certificate tells most where a link is missing; where the path reached an anchor it was not needed.
  const reached = known?.verdict.rejected[0]?.anchored === true
  const broken = known?.verdict.failures ?? []
  const failures = valid ? [] : reached ? [...broken, ...malformed] : [...malformed, ...broken]
  const windows = failures[0] === undefined ? undefined : outcomes[failures[0].code]
  return {
    profile: name,
    at,
    valid,
    path: linksOf(known?.verdict.path ?? [], valid || reached),
    failures,
    rejected: (known?.verdict.rejected ?? []).slice(valid ? 0 : 1).map((other) => ({
      path: other.path.map(subjectOf),
      failures: other.failures,
    })),
    tolerated: known?.verdict.tolerated ?? [],
    fetches: [...(known?.inquiry.tried ?? [])].map(([url, outcome]) => ({ url, outcome })),
    fromCache: [...(known?.inquiry.fromCache ?? [])],
    ...(windows !== undefined && { windows }),
  }
}
