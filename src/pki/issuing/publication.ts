/**
 * What an authority publishes and when: complete CRLs, delta CRLs and its certificate, on the schedule that AD CS keeps (CRLPeriod,
 * CRLOverlapPeriod, CRLDeltaPeriod). Not the issuing of certificates: {@link ./issue.ts} does that. RFC 5280 §5.
 */
import type { KeyObject } from 'node:crypto'
import { after, hours, type Duration, type Instant } from '../../base/time.ts'
import type { AuthoritySpec, RevocationReason } from '../../topology/pki.ts'
import { writeCrl, type RevokedEntry } from '../revocation/crl.ts'
import { CRL_THIS_UPDATE, CRL_VALID_FOR } from './issue-check.ts'
import type { SignRsa } from '../keys/signature.ts'

/** AD CS without CRLOverlapUnits: a tenth of the period, twelve hours at most ("Configure CRL and Delta CRL Overlap Periods"). */
const OVERLAP_SHARE = 0.1
const OVERLAP_MAX: Duration = hours(12)

/** A file on a web server. */
export interface Publication {
  readonly node: string
  /** Key of the authority that publishes it. */
  readonly authority: string
  readonly url: string
  /** Path of the URL, as a request line has it: `/pki/issuing.crl`. */
  readonly path: string
  readonly contentType: 'application/pkix-crl' | 'application/pkix-cert'
  /** What a request at that instant gets. */
  bytes(at: Instant): Uint8Array
}

/** One certificate that its authority revoked. */
export interface RevokedCertificate {
  /** Hexadecimal, as encoded. */
  readonly serial: string
  readonly at: Instant
  readonly reason: RevocationReason
  /** Of a certificateHold: when it was released again. */
  readonly releasedAt?: Instant
}

/** Who signs CRLs, and about whom. */
export interface CrlIssuer {
  readonly spec: AuthoritySpec
  /** DER. */
  readonly name: Uint8Array
  readonly keyId: Uint8Array
  readonly privateKey: KeyObject
  readonly sign: SignRsa
  /** Of the topology. */
  readonly start: Instant
  readonly revoked: readonly RevokedCertificate[]
  /** Of a key that is not the authority's first: when it begins. Its first list is published then, between two of the schedule. */
  readonly begins?: Instant
}

/** The complete CRLs of a schedule are rounds 0, 1, …; within a round the deltas are 0, 1, …, the first beside the complete CRL. */
export interface CrlRound {
  readonly round: number
  readonly delta: number
}

/** thisUpdate of round 0. */
const firstUpdate = ({ crl }: AuthoritySpec, start: Instant): Instant =>
  after(start, crl?.thisUpdate ?? CRL_THIS_UPDATE)

/** What is current at `at`: the last of its schedule. Before the first: the first. */
export function crlRound(spec: AuthoritySpec, start: Instant, at: Instant): CrlRound {
  const { crl } = spec
  const since = Math.max(0, at - firstUpdate(spec, start))
  const round = crl?.every === undefined ? 0 : Math.floor(since / crl.every)
  const inRound = since - round * (crl?.every ?? 0)
  const delta = crl?.delta === undefined ? 0 : Math.floor(inRound / crl.delta.every)
  return { round, delta }
}

/** From a publication to the end of what was published: the period, and time to fetch the next one. */
const withOverlap = (every: Duration, overlap: Duration | undefined): Duration =>
  (every + (overlap ?? Math.min(Math.floor(every * OVERLAP_SHARE), OVERLAP_MAX))) as Duration

/** thisUpdate and crlNumber of a round's complete CRL. Deltas count on from there, so a round leaves room for its own. */
function completeOf({ spec, start, begins }: CrlIssuer, round: number) {
  const { every, delta } = spec.crl ?? {}
  const numbers = every === undefined || delta === undefined ? 1 : Math.ceil(every / delta.every)
  const scheduled = after(firstUpdate(spec, start), ((every ?? 0) * round) as Duration)
  return { scheduled, thisUpdate: notBefore(scheduled, begins), number: round * numbers + 1 }
}

const notBefore = (scheduled: Instant, begins: Instant | undefined): Instant =>
  begins !== undefined && scheduled < begins ? begins : scheduled

/** From thisUpdate to nextUpdate of a complete CRL. */
function lifetimeOf({ crl }: AuthoritySpec): Duration {
  const { every, overlap, validFor } = crl ?? {}
  return validFor ?? (every === undefined ? CRL_VALID_FOR : withOverlap(every, overlap))
}

/** The complete CRL of a round, DER. */
export function issueCrl(issuer: CrlIssuer, round: number): Uint8Array {
  const { every } = issuer.spec.crl ?? {}
  const { thisUpdate, number } = completeOf(issuer, round)
  return sign(issuer, {
    thisUpdate,
    nextUpdate: after(thisUpdate, lifetimeOf(issuer.spec)),
    ...(every !== undefined && { nextPublish: after(thisUpdate, every) }),
    entries: issuer.revoked.filter((each) => isListed(each, thisUpdate)).map(entryOf),
    number,
    freshestUrls: deltaUrls(issuer.spec),
  })
}

/**
 * A delta, DER. Its base is the oldest complete CRL that still holds when it is published: somebody may have kept that one, so in
 * an overlap a delta points behind the newest (AD CS does so until the new one has spread). Undefined: the authority publishes none.
 */
export function issueDeltaCrl(
  issuer: CrlIssuer,
  { round, delta }: CrlRound,
): Uint8Array | undefined {
  const schedule = issuer.spec.crl?.delta
  if (schedule === undefined) return undefined
  const newest = completeOf(issuer, round)
  const scheduled = after(newest.scheduled, (schedule.every * delta) as Duration)
  const thisUpdate = notBefore(scheduled, issuer.begins)
  const base = completeOf(issuer, oldestRound(issuer, round, thisUpdate))
  return sign(issuer, {
    thisUpdate,
    nextUpdate: after(thisUpdate, withOverlap(schedule.every, schedule.overlap)),
    nextPublish: after(thisUpdate, schedule.every),
    entries: issuer.revoked.flatMap((each) => changeOf(each, base.thisUpdate, thisUpdate)),
    number: newest.number + delta,
    deltaBase: base.number,
  })
}

/** The first round, `newest` at the latest, whose complete CRL has not run out at `at`. */
function oldestRound({ spec, start }: CrlIssuer, newest: number, at: Instant): number {
  const every = spec.crl?.every
  if (every === undefined) return newest
  const round = Math.ceil((at - lifetimeOf(spec) - firstUpdate(spec, start)) / every)
  return Math.min(newest, Math.max(0, round))
}

const sign = (
  issuer: CrlIssuer,
  contents: Omit<Parameters<typeof writeCrl>[0], 'issuer' | 'authorityKeyId'>,
): Uint8Array =>
  writeCrl({ ...contents, issuer: issuer.name, authorityKeyId: issuer.keyId }, (tbs) =>
    issuer.sign('sha256', tbs, issuer.privateKey),
  )

const isListed = ({ at, releasedAt }: RevokedCertificate, thisUpdate: Instant): boolean =>
  at <= thisUpdate && !(releasedAt !== undefined && releasedAt <= thisUpdate)

const entryOf = ({ serial, at, reason }: RevokedCertificate): RevokedEntry => ({
  serial,
  revokedAt: at,
  reason,
})

/** What a delta says of a certificate: newly revoked, released from hold (RFC 5280 §5.2.4), or nothing. */
function changeOf(
  revoked: RevokedCertificate,
  base: Instant,
  thisUpdate: Instant,
): readonly RevokedEntry[] {
  const { releasedAt } = revoked
  if (isListed(revoked, thisUpdate)) return isListed(revoked, base) ? [] : [entryOf(revoked)]
  const isReleased = releasedAt !== undefined && releasedAt > base && releasedAt <= thisUpdate
  return isReleased ? [{ ...entryOf(revoked), reason: 'removeFromCRL' }] : []
}

/** Where the deltas are published: as written, or beside the complete CRLs with AD CS's suffix, `issuing+.crl`. */
export function deltaUrls({ crl, crlUrls = [] }: AuthoritySpec): readonly string[] {
  if (crl?.delta === undefined) return []
  return crl.delta.urls ?? crlUrls.map((url) => url.replace(/(\.crl)?$/i, '+$1'))
}

/** A place on a web server; undefined: the URL is not one that a web server can serve (an ldap: URL may stand in a certificate). */
export function placeOf(url: string): { readonly path: string } | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  return parsed?.protocol === 'http:' ? { path: `${parsed.pathname}${parsed.search}` } : undefined
}

/** The same file at each of `urls`. None where the authority publishes on no node. */
export function publicationsAt(
  urls: readonly string[] | undefined,
  file: Omit<Publication, 'node' | 'url' | 'path'> & { readonly node: string | undefined },
): readonly Publication[] {
  const { node } = file
  if (node === undefined) return []
  return (urls ?? []).flatMap((url) => {
    const place = placeOf(url)
    return place === undefined ? [] : [{ ...file, node, url, ...place }]
  })
}
