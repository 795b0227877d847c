/**
 * A host that judges a certificate chain: it fetches the CRLs, the OCSP responses and the missing issuers that the judgement needs over
 * the simulated network, and keeps them as Windows' URL cache does. Not the rules: `pki/path/path.ts` has those. No LDAP.
 */
import { err, ok, type Result } from '../base/result.ts'
import type { Host } from '../net/sockets.ts'
import { issuerUrlsOf, type Certificate } from '../pki/certificate/certificate.ts'
import { readPresented } from '../pki/certificate/presented.ts'
import { formatDerFault, type DerFault } from '../pki/encoding/der.ts'
import type { PathFailure } from '../pki/profile/failure.ts'
import { judgementOf, type Judgement } from '../pki/path/judgement.ts'
import { judgeChain, type ChainQuestion, type ChainVerdict } from '../pki/path/path.ts'
import type { RelyingPartyProfile } from '../pki/profile/profile.ts'
import type { Tried } from '../pki/revocation/revocation.ts'
import {
  fetch,
  findCrl,
  findOcsp,
  nothingLearned,
  type Learned,
  type RetrievalDeps,
  type Wanted,
} from './retrieval.ts'
import type { UrlCache } from './url-cache.ts'

/** URLs that one judgement tries. */
export const FETCHES_MAX = 16

export interface JudgementInput {
  /** DER as the peer sent it: the end entity first, then what it sent along, in any order. */
  readonly presented: readonly Uint8Array[]
  /** Intermediates in the host's own store. */
  readonly intermediates: readonly Certificate[]
  /** What no chain may go through: its store of untrusted certificates. Absent: empty. */
  readonly distrusted?: readonly Certificate[]
  /** Its trusted roots. */
  readonly anchors: readonly Certificate[]
  readonly profile: RelyingPartyProfile
  /** The host name or address that was dialled; absent: the name is not checked. */
  readonly name?: string
  /** OCSP responses that the peer sent with its certificate, DER. */
  readonly stapled?: readonly Uint8Array[]
}

/** What `lab/reports.ts` calls a ChainReport, but for who judged whose chain. */
export interface ChainJudgement extends Judgement {
  /** Each URL that was tried, in order: the status, or why there was no answer (`unresolved: NXDOMAIN`, `timed-out at …`). */
  readonly fetches: readonly Tried[]
  /** URLs whose CRL, certificate or OCSP response came from the cache. */
  readonly fromCache: readonly string[]
}

/** A judgement under way. */
interface Inquiry {
  readonly leaf: Certificate
  readonly sent: readonly Certificate[]
  /** Certificates that were sent along and cannot be read: told when no path holds. */
  readonly malformed: readonly PathFailure[]
  readonly learned: Learned
}

/**
 * Judge what a peer presented, at the host's wall clock. As long as a CRL or an issuer is wanted that was not tried, it is fetched
 * and the chain judged again. `done` is called once, at once when nothing had to be fetched.
 */
export function judge(
  host: Pick<Host, 'wallClock' | 'cryptography'>,
  deps: RetrievalDeps,
  input: JudgementInput,
  done: (judgement: ChainJudgement) => void,
): void {
  const inquiry = openInquiry(input.presented)
  if (!inquiry.ok) {
    const judgement = judgementOf(input.profile, host.wallClock, undefined, [inquiry.error])
    done({ ...judgement, fetches: [], fromCache: [] })
    return
  }
  const step = (): void => {
    const at = host.wallClock
    const { verdict, wanted } = consider(input, inquiry.value, deps.cache, {
      at,
      verify: host.cryptography.signatures.verify,
    })
    if (wanted === undefined || inquiry.value.learned.tried.size >= FETCHES_MAX) {
      const { malformed, learned } = inquiry.value
      done({
        ...judgementOf(input.profile, at, verdict, malformed),
        fetches: [...learned.tried.values()],
        fromCache: [...learned.fromCache],
      })
      return
    }
    fetch(deps, wanted, inquiry.value.learned, step)
  }
  step()
}

function openInquiry(presented: readonly Uint8Array[]): Result<Inquiry, PathFailure> {
  const read = presented.map(readPresented)
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
    learned: nothingLearned(),
  })
}

const unreadable = (index: number, fault: DerFault): PathFailure => ({
  code: 'pki/malformed',
  subject: `certificate ${index + 1} of those sent`,
  message: `cannot be read: ${formatDerFault(fault)}`,
})

/** Judge with what is known now, and name the first URL that could change the answer. */
function consider(
  input: JudgementInput,
  { leaf, sent, learned }: Inquiry,
  cache: UrlCache,
  { at, verify }: Required<Pick<ChainQuestion, 'at' | 'verify'>>,
): { verdict: ChainVerdict; wanted: Wanted | undefined } {
  const { profile, anchors, name, stapled } = input
  const withNonce = (profile.ocspNonce ?? 'none') !== 'none'
  for (;;) {
    let next: Wanted | undefined
    const verdict = judgeChain({
      leaf,
      sent,
      intermediates: [...input.intermediates, ...learned.issuers],
      ...(input.distrusted !== undefined && { distrusted: input.distrusted }),
      anchors,
      at,
      verify,
      profile,
      ...(name !== undefined && { name }),
      ...(stapled !== undefined && { stapled }),
      crls: (wanted) => {
        const found = findCrl(wanted, learned, { cache, at })
        next ??= found.next
        return found
      },
      ocsp: (wanted) => {
        const found = findOcsp(wanted, learned, { cache, at, withNonce })
        next ??= found.next
        return found
      },
    })
    if (next !== undefined) return { verdict, wanted: next }
    const url =
      verdict.valid || !profile.fetchesIntermediates ? undefined : issuerUrl(verdict, learned)
    if (url === undefined) return { verdict, wanted: undefined }
    const kept = cache.certificates(url)
    if (kept === undefined) return { verdict, wanted: { kind: 'issuer', url } }
    learned.issuers.push(...kept)
    learned.fromCache.add(url)
  }
}

/** Where an issuer that no path could find may be fetched; each URL is used once. */
function issuerUrl({ rejected }: ChainVerdict, learned: Learned): string | undefined {
  return rejected
    .filter(({ anchored }) => !anchored)
    .flatMap(({ path }) => issuerUrlsOf(path.at(-1)!))
    .find((url) => !learned.tried.has(url) && !learned.fromCache.has(url))
}
