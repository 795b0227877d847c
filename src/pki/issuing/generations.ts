/**
 * Which certificate is the present one where one follows another: an authority's renewals, and those of autoenrolment.
 * Dates only, and not a clock: the instant is an argument. {@link ./issue.ts} signs what is found here.
 */
import {
  after,
  before,
  between,
  days,
  hours,
  minutes,
  type Duration,
  type Instant,
} from '../../base/time.ts'
import type { AuthoritySpec } from '../../topology/pki.ts'
import { originalOf } from '../mirror/mirror-source.ts'
import type { CertificatePlan, RenewalPlan } from './plan.ts'

export const AUTHORITY_VALID_FROM = days(-30)

/** ClockSkewMinutes: a CA dates what it issues so much back, for those whose clock is behind. */
export const CLOCK_SKEW = minutes(10)

/** How often autoenrolment looks after certificates; counted from the beginning of the one that it may renew. */
const PULSE = hours(8)

/** Windows renews in the last fifth of the lifetime only, whatever the template says. */
const RENEWABLE_SHARE = 0.8

export interface Validity {
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** Of an end entity. */
export interface IssuedValidity extends Validity {
  /** When the CA signed it: what begins a little earlier is dated back. */
  readonly issuedAt: Instant
}

/** One certificate of an authority. Indexes count from 0; a renewal with the same key keeps the key's. */
export interface AuthorityGeneration extends Validity {
  readonly index: number
  readonly keyIndex: number
}

type Authorities = Readonly<Record<string, AuthoritySpec>>

/** All certificates that an authority has had and will have, oldest first. */
export function authorityGenerations(
  authorities: Authorities,
  key: string,
  start: Instant,
): readonly AuthorityGeneration[] {
  const spec = authorities[key]!
  const original = originalOf(spec)
  const first = original?.notBefore ?? after(start, spec.validFrom ?? AUTHORITY_VALID_FROM)
  const last = original?.notAfter ?? after(first, spec.validFor)
  const generations: AuthorityGeneration[] = [
    { index: 0, keyIndex: 0, notBefore: first, notAfter: last },
  ]
  for (const renewal of spec.renewals ?? []) {
    const last = generations.at(-1)!
    const at = after(start, renewal.at)
    const end = after(at, renewal.validFor ?? between(last.notBefore, last.notAfter))
    const above =
      spec.issuer === undefined ? undefined : issuedUnder(authorities, spec.issuer, start, at)
    generations.push({
      index: last.index + 1,
      keyIndex: last.keyIndex + (renewal.key === 'new' ? 1 : 0),
      notBefore: at,
      notAfter: above === undefined ? end : earlier(end, above.notAfter),
    })
  }
  return generations
}

/** The certificate with which the authority `key` signs at `at`; before its first, the first. */
export const issuedUnder = (
  authorities: Authorities,
  key: string,
  start: Instant,
  at: Instant,
): AuthorityGeneration => generationAt(authorityGenerations(authorities, key, start), at)

/** The last that has begun at `at`; the first before that. */
export const generationAt = <G extends Validity>(generations: readonly G[], at: Instant): G =>
  generations.findLast(({ notBefore }) => notBefore <= at) ?? generations[0]!

const earlier = (a: Instant, b: Instant): Instant => (a < b ? a : b)

/**
 * The certificates that a plan leads to until `at`, oldest first: at least one. Renewal comes when 80 % of the lifetime have passed
 * and no more than the template's renewal period is left (Microsoft, "Certificate Renewal", Windows Server 2003; the autoenrolment
 * troubleshooting article says the same), at the next pulse. It ends when the authority cannot give more time.
 */
export function certificateValidities(
  plan: CertificatePlan,
  issuer: readonly AuthorityGeneration[],
  at: Instant,
): readonly IssuedValidity[] {
  const bounded = (notBefore: Instant, issuedAt: Instant): IssuedValidity => {
    const end = after(notBefore, plan.validFor)
    const limit = generationAt(issuer, issuedAt).notAfter
    // By hand, anything can be rehearsed; a CA that is asked by template never goes beyond its own end.
    const isBounded = plan.template !== undefined
    return { notBefore, notAfter: isBounded ? earlier(end, limit) : end, issuedAt }
  }
  const { renewal } = plan
  const renewed = (last: IssuedValidity): IssuedValidity | undefined => {
    if (renewal === undefined) return undefined
    const issuedAt = renewalInstant(last, renewal.before)
    if (issuedAt > at || !mayRenew(renewal, generationAt(issuer, issuedAt), issuedAt)) {
      return undefined
    }
    const next = bounded(before(issuedAt, CLOCK_SKEW), issuedAt)
    return next.notAfter > last.notAfter ? next : undefined
  }
  const first = bounded(plan.notBefore, plan.notBefore)
  const validities = [first]
  for (let next = renewed(first); next !== undefined; next = renewed(next)) validities.push(next)
  return validities
}

/** When autoenrolment renews a certificate of that validity. */
export function renewalInstant({ notBefore, notAfter }: Validity, period: Duration): Instant {
  const share = after(
    notBefore,
    Math.round(between(notBefore, notAfter) * RENEWABLE_SHARE) as Duration,
  )
  const wished = before(notAfter, period)
  const due = between(notBefore, share > wished ? share : wished)
  return after(notBefore, (Math.ceil(due / PULSE) * PULSE) as Duration)
}

const mayRenew = ({ until }: RenewalPlan, authority: AuthorityGeneration, at: Instant): boolean =>
  (until === undefined || at < until) && at <= authority.notAfter
