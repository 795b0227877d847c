/**
 * Builds paths from an end entity to a trust anchor and judges them (RFC 4158, RFC 5280 §6). Every rejected path is kept and
 * ranked, so that the most telling failure comes first. Not fetching: what is known is an argument, and so is the time.
 */
import { equalBytes, toHex } from '../base/bytes.ts'
import type { Instant } from '../base/time.ts'
import { isSelfIssued, subjectOf, type Certificate } from './certificate.ts'
import { rankFailures, type PathFailure } from './failure.ts'
import { judgePath, type PathRules } from './path-rules.ts'
import type { RelyingPartyProfile } from './profiles.ts'
import type { CrlSource } from './revocation.ts'
import { verifySignature } from './signature.ts'

/** Certificates in one path, anchor included. */
export const PATH_LENGTH_MAX = 12
/** Signatures that one judgement verifies: what stops a peer that sends a maze. */
export const SIGNATURE_CHECKS_MAX = 400

export interface ChainQuestion {
  readonly leaf: Certificate
  /** What the peer sent along, in any order. */
  readonly sent: readonly Certificate[]
  /** What the relying party has, or fetched. */
  readonly intermediates: readonly Certificate[]
  readonly anchors: readonly Certificate[]
  readonly at: Instant
  readonly profile: RelyingPartyProfile
  /** The host name or address that was dialled; absent: the name is not checked. */
  readonly name?: string
  readonly crls: CrlSource
}

export interface RejectedPath {
  /** End entity first, as far as it got. */
  readonly path: readonly Certificate[]
  /** Most telling first. */
  readonly failures: readonly PathFailure[]
  /** Its last certificate is a trust anchor. */
  readonly anchored: boolean
}

export interface ChainVerdict {
  readonly valid: boolean
  /** The path that holds, or the rejected one that came closest. End entity first. */
  readonly path: readonly Certificate[]
  /** Of that path, most telling first; empty when valid. */
  readonly failures: readonly PathFailure[]
  /** What a soft revocation check could not find out. */
  readonly tolerated: readonly PathFailure[]
  /** Every path that was rejected, the one that came closest first. */
  readonly rejected: readonly RejectedPath[]
}

/** Whether some path from `leaf` to one of `anchors` holds. Never throws; bounded work. */
export function judgeChain(question: ChainQuestion): ChainVerdict {
  const rejected: RejectedPath[] = []
  for (const candidate of candidatePaths(question)) {
    const anchored = candidate.deadEnd === undefined
    const { failures, tolerated } = judgePath(candidate.path, anchored, rulesOf(question))
    const all = anchored ? failures : [candidate.deadEnd, ...failures]
    if (all.length === 0) {
      return { valid: true, path: candidate.path, failures: [], tolerated, rejected }
    }
    rejected.push({ path: candidate.path, failures: rankFailures(all), anchored })
  }
  const ranked = rejected.toSorted(
    (a, b) => distance(a) - distance(b) || a.failures.length - b.failures.length,
  )
  const { path, failures } = ranked[0]!
  return { valid: false, path, failures, tolerated: [], rejected: ranked }
}

const rulesOf = ({ at, profile, name, crls }: ChainQuestion): PathRules => ({
  at,
  profile,
  crls,
  ...(name !== undefined && { name }),
})

/** How far a path is from trusted: reached an anchor, reached a root, has a forged link, lacks a link. */
function distance({ anchored, failures }: RejectedPath): number {
  if (anchored) return 0
  const codes = failures.map(({ code }) => code)
  if (codes.includes('pki/untrusted-root')) return 1
  if (codes.includes('pki/bad-signature')) return 2
  return codes.includes('pki/missing-intermediate') ? 3 : 4
}

interface Candidate {
  readonly path: readonly Certificate[]
  /** Why it leads no further; absent: its last certificate is a trust anchor. */
  readonly deadEnd?: PathFailure
}

function* candidatePaths(question: ChainQuestion): Generator<Candidate> {
  const anchors = new Set(question.anchors.map(({ der }) => toHex(der)))
  const pool = new Map<string, Certificate>()
  for (const certificate of [...question.anchors, ...question.sent, ...question.intermediates]) {
    const key = toHex(certificate.der)
    if (!pool.has(key)) pool.set(key, certificate)
  }
  const search = { anchors, pool: [...pool.values()], checksLeft: SIGNATURE_CHECKS_MAX }
  yield* extend([question.leaf], search)
}

interface Search {
  readonly anchors: ReadonlySet<string>
  /** Anchors first: the shortest way up is tried first. */
  readonly pool: readonly Certificate[]
  checksLeft: number
}

/** All candidates that begin with `path`, depth first. */
function* extend(path: readonly Certificate[], search: Search): Generator<Candidate> {
  const top = path.at(-1)!
  if (search.anchors.has(toHex(top.der))) {
    yield { path }
    return
  }
  const named = search.pool.filter(({ subject }) => subject.key === top.issuer.key)
  const issuers = named
    .filter((issuer) => !path.some((below) => isSameEntity(below, issuer)))
    .toSorted((a, b) => keyIdRank(top, a) - keyIdRank(top, b))
  let found = false
  for (const issuer of issuers) {
    if (search.checksLeft-- <= 0 || path.length >= PATH_LENGTH_MAX) {
      yield { path, deadEnd: searchLimit(top) }
      return
    }
    const verdict = verifySignature(top, issuer.spki)
    if (verdict === 'good') {
      found = true
      yield* extend([...path, issuer], search)
    } else if (keyIdRank(top, issuer) < KEY_ID_DIFFERS) {
      found = true
      yield { path: [...path, issuer], deadEnd: badSignature(top, issuer, verdict) }
    }
  }
  if (!found) yield { path, deadEnd: noIssuer(path, named.length > issuers.length) }
}

/** One key under one name is one entity, however many certificates it has (RFC 4158 §2.4.2): never twice in a path. */
const isSameEntity = (a: Certificate, b: Certificate): boolean =>
  a.subject.key === b.subject.key && equalBytes(a.spki, b.spki)

const KEY_ID_DIFFERS = 2

/** 0: key identifiers agree; 1: one is not given; 2: they differ, so this is probably another key of the same name. */
function keyIdRank({ authorityKeyId }: Certificate, { subjectKeyId }: Certificate): 0 | 1 | 2 {
  if (authorityKeyId === undefined || subjectKeyId === undefined) return 1
  return equalBytes(authorityKeyId, subjectKeyId) ? 0 : KEY_ID_DIFFERS
}

const searchLimit = (top: Certificate): PathFailure => ({
  code: 'pki/path-search-limit',
  subject: subjectOf(top),
  message: 'the search for its issuer was given up',
  expected: `paths of at most ${PATH_LENGTH_MAX} certificates, ${SIGNATURE_CHECKS_MAX} signatures`,
})

const badSignature = (
  top: Certificate,
  issuer: Certificate,
  verdict: 'bad' | 'unsupported',
): PathFailure => ({
  code: 'pki/bad-signature',
  subject: subjectOf(top),
  message:
    verdict === 'bad'
      ? `its signature was not made by ${subjectOf(issuer)}`
      : `its signature (algorithm ${top.signatureAlgorithm.oid}) cannot be verified here`,
  expected: `a signature by ${subjectOf(issuer)}`,
  got: `${verdict} signature`,
})

/**
 * Nobody who could have issued the top of `path` is known. Above an end entity an intermediate is missing. Above an authority it
 * is taken for a root that is not trusted: the usual hierarchy has two tiers, and nothing in a certificate tells otherwise.
 */
function noIssuer(path: readonly Certificate[], inCircle: boolean): PathFailure {
  const top = path.at(-1)!
  const subject = subjectOf(top)
  const wanted = top.issuer.text
  if (isSelfIssued(top)) {
    const message = 'is a root that is not trusted here'
    return { code: 'pki/untrusted-root', subject, message, expected: 'a trusted root' }
  }
  if (inCircle) {
    const message = `its issuers lead back to itself, and no trusted root '${wanted}' is known here`
    return { code: 'pki/untrusted-root', subject, message, expected: 'a trusted root' }
  }
  return path.length > 1
    ? {
        code: 'pki/untrusted-root',
        subject,
        message: `its issuer '${wanted}' is not among the trusted roots, and no certificate of that name is known here`,
        expected: wanted,
        got: 'no such certificate',
      }
    : {
        code: 'pki/missing-intermediate',
        subject,
        message: `the certificate of its issuer '${wanted}' was not sent and is not known here`,
        expected: wanted,
        got: 'no such certificate',
      }
}
