/**
 * Builds paths from an end entity to a trust anchor and judges them (RFC 4158, RFC 5280 §6). Every rejected path is kept and
 * ranked, so that the most telling failure comes first. Not fetching: what is known is an argument, and so is the time.
 */
import { equalBytes, toLatin1 } from '../../base/bytes.ts'
import type { Instant } from '../../base/time.ts'
import { isSelfIssued, subjectOf, type Certificate } from '../certificate/certificate.ts'
import { inheritParameters, lacksParameters } from '../keys/dsa-parameters.ts'
import { rankFailures, type PathFailure } from '../profile/failure.ts'
import { NAME_COMPARISONS_MAX } from './name-constraints.ts'
import type { OcspSource } from '../revocation/ocsp.ts'
import { judgePath } from './path-rules.ts'
import type { PolicyInputs } from './policies.ts'
import { publicKeyText } from '../keys/public-key.ts'
import { WHOLE_ANCHORS, type RelyingPartyProfile } from '../profile/profile.ts'
import { checkCost, isUsableKey } from '../keys/verification-key.ts'
import type { CrlSigners, CrlSource } from '../revocation/revocation.ts'
import { verifySignature, type VerifySignature } from '../keys/signature.ts'

/** Certificates in one path, anchor included. */
export const PATH_LENGTH_MAX = 12
/** Signatures that one judgement verifies: what stops a peer that sends a maze. */
export const SIGNATURE_CHECKS_MAX = 400
/** Paths to an anchor that one judgement looks at, and as many that end elsewhere. Hierarchies that people build have a handful. */
export const PATHS_MAX = 32

export interface ChainQuestion {
  readonly leaf: Certificate
  /** What the peer sent along, in any order. */
  readonly sent: readonly Certificate[]
  /** What the relying party has, or fetched. */
  readonly intermediates: readonly Certificate[]
  readonly anchors: readonly Certificate[]
  /** Certificates that are trusted as end entities, and issue nothing: Windows' store of trusted people. */
  readonly trustedPeers?: readonly Certificate[]
  /** Certificates that no path may go through, whoever vouches for them: Windows' store of untrusted certificates. */
  readonly distrusted?: readonly Certificate[]
  readonly at: Instant
  /** Certificates count at any time; CRLs are still judged at `at`. */
  readonly ignoresDates?: boolean
  readonly profile: RelyingPartyProfile
  /** The host name, IP address or mailbox that the end entity must have; absent: the name is not checked. */
  readonly name?: string
  readonly crls: CrlSource
  /** Absent: no OCSP responder is asked. */
  readonly ocsp?: OcspSource
  /** OCSP responses that the peer sent with its certificate, DER: looked at before anything else. */
  readonly stapled?: readonly Uint8Array[]
  /** Absent: any policy will do. */
  readonly policies?: PolicyInputs
  /** Authorities between the end entity and the anchor, self-issued ones not counted; absent: as many as they allow. */
  readonly authoritiesMax?: number
  /** How signatures are verified: those of a lab may be modelled. Default for real. */
  readonly verify?: VerifySignature
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
export const judgeChain = (question: ChainQuestion): ChainVerdict =>
  judgeWithin(question, {
    checksLeft: SIGNATURE_CHECKS_MAX,
    comparisonsLeft: NAME_COMPARISONS_MAX,
    trusted: new Map(),
    verify: question.verify ?? verifySignature,
  })

/** What one judgement has left to spend, those of the CRL signers that it needs included. */
interface Budget {
  checksLeft: number
  comparisonsLeft: number
  /** Signers of CRLs that were judged, or are just being judged. */
  readonly trusted: Map<Certificate, boolean>
  readonly verify: VerifySignature
}

function judgeWithin(question: ChainQuestion, budget: Budget): ChainVerdict {
  const rejected: RejectedPath[] = []
  const pool = poolOf(question)
  const rules = {
    ...question,
    crlSigners: signersIn(pool, question, budget),
    work: budget,
    verify: budget.verify,
  }
  const { overlooks, order } = question.profile
  const left = { anchored: PATHS_MAX, deadEnds: PATHS_MAX }
  let gaveUp = false
  for (const { path, deadEnd, isGivenUp = false } of candidatePaths(question, pool, budget)) {
    const anchored = deadEnd === undefined
    // That the search was given up is told, whatever was found before.
    const isNews = isGivenUp && !gaveUp
    gaveUp ||= isGivenUp
    if (!anchored && !isNews && left.deadEnds-- <= 0) continue
    const isTooMany = anchored && left.anchored-- <= 0
    const { failures, tolerated } = judgePath(path, anchored, rules)
    const end = isTooMany ? searchLimit(path[0]!) : deadEnd?.()
    const all = end === undefined ? failures : [end, ...failures]
    const held = all.filter((failure) => overlooks?.(failure, path) !== true)
    if (held.length === 0) {
      return { valid: true, path, failures: [], tolerated: [...tolerated, ...all], rejected }
    }
    rejected.push({ path, failures: rankFailures(held, order), anchored })
    if (isTooMany) break
  }
  const ranked = rejected.toSorted(
    (a, b) => distance(a) - distance(b) || a.failures.length - b.failures.length,
  )
  const { path, failures } = ranked[0]!
  return { valid: false, path, failures, tolerated: [], rejected: ranked }
}

/** Who else may sign CRLs: a key that verifies, and whose certificate holds for the same anchors (RFC 5280 §6.3.3 (f)). */
const signersIn =
  (pool: readonly Certificate[], question: ChainQuestion, budget: Budget): CrlSigners =>
  (crl) =>
    pool.filter(
      (signer) =>
        signer.subject.key === crl.issuer.key &&
        spend(budget, signer.spki) &&
        budget.verify(crl, signer.spki) === 'good' &&
        isTrusted(signer, question, budget),
    )

function isTrusted(signer: Certificate, question: ChainQuestion, budget: Budget): boolean {
  const known = budget.trusted.get(signer)
  if (known !== undefined) return known
  // Where the signer's own CRL is one that it signed itself, that one counts.
  budget.trusted.set(signer, true)
  const { name: _, policies: _policies, authoritiesMax: _authorities, ...kept } = question
  // No account, no root of its choice: what the relying party demands, and overlooks, is about the peer.
  const { demands: _demands, overlooks: _overlooks, ...party } = question.profile
  const profile = { ...party, purposes: [], keyUsage: [] }
  const { valid } = judgeWithin({ ...kept, leaf: signer, profile }, budget)
  budget.trusted.set(signer, valid)
  return valid
}

/** Whether a verification with this key can still be paid for. */
function spend(budget: Budget, spki: Uint8Array): boolean {
  if (budget.checksLeft <= 0) return false
  budget.checksLeft -= Math.max(1, checkCost(spki))
  return true
}

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
  /** Why it leads no further; absent: its last certificate is a trust anchor. Asked for only of as many as are looked at. */
  readonly deadEnd?: () => PathFailure
  /** It may lead further, but the search has spent what it may. */
  readonly isGivenUp?: true
}

/** Each certificate once. Anchors first: the shortest way up is tried first. */
function poolOf({ anchors, sent, intermediates }: ChainQuestion): readonly Certificate[] {
  const pool = new Map<string, Certificate>()
  for (const certificate of [...anchors, ...sent, ...intermediates]) {
    const key = toLatin1(certificate.der)
    if (!pool.has(key)) pool.set(key, certificate)
  }
  return [...pool.values()]
}

function* candidatePaths(
  { anchors, trustedPeers = [], leaf, profile }: ChainQuestion,
  pool: readonly Certificate[],
  budget: Budget,
): Generator<Candidate> {
  if (trustedPeers.some(({ der }) => equalBytes(der, leaf.der))) yield { path: [leaf] }
  const { endEntities } = profile.anchorRules ?? WHOLE_ANCHORS
  const isAnchor = endEntities && anchors.some(({ der }) => equalBytes(der, leaf.der))
  const trusted = new Set(anchors)
  if (isAnchor) trusted.add(leaf)
  else trusted.delete(leaf)
  const keys = new Map<string, Uint8Array>()
  const keyOf = ({ spki }: Certificate): Uint8Array => {
    const id = publicKeyText(spki)
    const known = keys.get(id) ?? spki
    keys.set(id, known)
    return known
  }
  yield* extend([leaf], { anchors: trusted, pool, keyOf, budget })
}

interface Search {
  /** By identity: of equal certificates the pool has the first, and anchors come first in it. */
  readonly anchors: ReadonlySet<Certificate>
  readonly pool: readonly Certificate[]
  /** The same bytes for the same key, whichever certificate it stands in: reading it costs more than using it. */
  readonly keyOf: (issuer: Certificate) => Uint8Array
  readonly budget: Budget
}

/** All candidates that begin with `path`, depth first. */
function* extend(path: readonly Certificate[], search: Search): Generator<Candidate> {
  const top = path.at(-1)!
  if (search.anchors.has(top)) {
    yield { path }
    return
  }
  const named = search.pool.filter(({ subject }) => subject.key === top.issuer.key)
  const issuers = named
    .filter((issuer) => !path.some((below) => isSameEntity(below, issuer)))
    .toSorted((a, b) => keyIdRank(top, a) - keyIdRank(top, b))
  let found = false
  for (const issuer of issuers) {
    if (path.length >= PATH_LENGTH_MAX || !spend(search.budget, search.keyOf(issuer))) {
      yield { path, deadEnd: () => searchLimit(top), isGivenUp: true }
      return
    }
    if (lacksParameters(issuer.spki)) {
      const ways = [...extendInherited(path, issuer, search)]
      found ||= ways.length > 0
      yield* ways
      continue
    }
    const verdict = search.budget.verify(top, search.keyOf(issuer))
    if (verdict === 'good') {
      found = true
      yield* extend([...path, issuer], search)
    } else if (keyIdRank(top, issuer) < KEY_ID_DIFFERS) {
      found = true
      yield { path: [...path, issuer], deadEnd: () => badSignature(top, issuer, verdict) }
    }
  }
  if (!found) yield { path, deadEnd: () => noIssuer(path, issuers.length, named.length, search) }
}

/**
 * Through an issuer whose DSA key takes its parameters from the certificate above: that one is part of the path then, or anybody's
 * parameters would do.
 */
function* extendInherited(
  path: readonly Certificate[],
  issuer: Certificate,
  search: Search,
): Generator<Candidate> {
  for (const donor of search.pool) {
    if (donor.subject.key !== issuer.issuer.key || path.length + 2 > PATH_LENGTH_MAX) continue
    const key = inheritParameters(issuer.spki, donor.spki)
    if (key === undefined || !spend(search.budget, key)) continue
    const isGood =
      search.budget.verify(issuer, donor.spki) === 'good' &&
      search.budget.verify(path.at(-1)!, key) === 'good'
    const isNew = ![...path, issuer].some((below) => isSameEntity(below, donor))
    if (isGood && isNew) yield* extend([...path, issuer, donor], search)
  }
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
  expected: `at most ${PATHS_MAX} paths of ${PATH_LENGTH_MAX} certificates, ${SIGNATURE_CHECKS_MAX} signatures`,
})

const badSignature = (
  top: Certificate,
  issuer: Certificate,
  verdict: 'bad' | 'unsupported',
): PathFailure =>
  isUsableKey(issuer.spki) ? badSignatureOf(top, issuer, verdict) : badKeyOf(issuer)

const badKeyOf = (issuer: Certificate): PathFailure => ({
  code: 'pki/bad-signature',
  subject: subjectOf(issuer),
  message: 'has a public key that cannot be read, so that nothing it signed can be verified',
  got: 'unsupported signature',
})

const badSignatureOf = (
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
 * Nobody who could have issued the top of `path` is known; `named` have that name, `others` of them do not stand in the path. Above an
 * end entity an intermediate is missing. Above an authority it is taken for a root that is not trusted: the usual hierarchy has two
 * tiers, and nothing in a certificate tells otherwise.
 */
function noIssuer(
  path: readonly Certificate[],
  others: number,
  named: number,
  { keyOf, budget }: Search,
): PathFailure {
  const top = path.at(-1)!
  const subject = subjectOf(top)
  const wanted = top.issuer.text
  if (isSelfIssued(top)) {
    if (budget.verify(top, keyOf(top)) === 'bad') {
      const message = 'names itself as its issuer, but its own key did not sign it'
      const got = 'bad signature'
      return {
        code: 'pki/bad-signature',
        subject,
        message,
        expected: `a signature by ${wanted}`,
        got,
      }
    }
    const message = 'is a root that is not trusted here'
    return { code: 'pki/untrusted-root', subject, message, expected: 'a trusted root' }
  }
  if (others < named) {
    const message = `its issuers lead back to itself, and no trusted root '${wanted}' is known here`
    return { code: 'pki/untrusted-root', subject, message, expected: 'a trusted root' }
  }
  const known =
    others > 0
      ? 'the one of that name has another key'
      : 'no certificate of that name is known here'
  const got = others > 0 ? 'a certificate of another key' : 'no such certificate'
  return path.length > 1
    ? {
        code: 'pki/untrusted-root',
        subject,
        message: `its issuer '${wanted}' is not among the trusted roots, and ${known}`,
        expected: wanted,
        got,
      }
    : {
        code: 'pki/missing-intermediate',
        subject,
        message:
          others > 0
            ? `the certificate of its issuer '${wanted}' is not here: ${known}`
            : `the certificate of its issuer '${wanted}' was not sent and is not known here`,
        expected: wanted,
        got,
      }
}
