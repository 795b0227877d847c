/**
 * The dates that a deployment's certificates, lists and accounts name: when something ends, begins, or is not renewed in time.
 * Not verdicts: {@link ./calendar.ts} asks the relying parties what each date means to them.
 */
import {
  after,
  before,
  between,
  instant,
  seconds,
  type Duration,
  type Instant,
} from '../base/time.ts'
import { subjectOf, type Certificate } from '../pki/certificate/certificate.ts'
import { BINDING_UPDATES } from '../directory/kdc.ts'
import { ASSUMPTIONS } from '../windows/assumptions.ts'
import { listsOf } from './calendar-lists.ts'
import { firstInstant, type Span } from './changes.ts'
import type { Compiled } from './compile.ts'
import { ipNodesOf } from './network.ts'

/** Something that ends, whether or not anybody minds. */
export interface Ending {
  readonly at: Instant
  /** When it is made good; absent: not within the span. */
  readonly until?: Instant
  readonly code: 'pki/certificate-expired' | 'pki/crl-expired'
  /** Of the certificate, or of the authority whose list it is. */
  readonly subject: string
}

/** What is dated in a deployment, within a span. */
export interface DeploymentDates {
  /** What concerns everybody: authorities, their lists. Ascending, each once. */
  readonly common: readonly Instant[]
  /** `gateway:ike` → what concerns that certificate alone. */
  readonly byCertificate: ReadonlyMap<string, readonly Instant[]>
  readonly endings: readonly Ending[]
  readonly rollovers: readonly Rollover[]
}

/** An authority that from `at` on can no longer issue for as long as it has: what it issues would outlive it. */
export interface Rollover {
  readonly at: Instant
  readonly subject: string
  readonly notAfter: Instant
  /** The longest that it issued for. */
  readonly issuedFor: Duration
  /** Nodes whose certificates it issued. */
  readonly holders: readonly string[]
}

const SECOND = seconds(1)

/** A certificate counts to the end of its last second (RFC 5280 §4.1.2.5). */
const endOf = ({ notAfter }: Certificate): Instant => after(notAfter, SECOND)

/** The certificates that one takes the place of another, as far as the span goes. The last of them has no successor. */
type Succession = readonly [Certificate, ...Certificate[]]

interface KnownHolder {
  readonly node: string
  /** `gateway:ike`. */
  readonly key: string
  readonly certificates: Succession
  /** When each but the first took its place. */
  readonly renewed: readonly Instant[]
}

const holdersOf = ({ topology, pki }: Compiled, span: Span): readonly KnownHolder[] =>
  ipNodesOf(topology).flatMap(([node]) =>
    pki.certificateNames(node).flatMap((name) => {
      const succession = successionOf((at) => pki.certificate(node, name, at)?.certificate, span)
      return succession === undefined ? [] : [{ node, key: `${node}:${name}`, ...succession }]
    }),
  )

/** Follow a certificate and those that take its place. */
function successionOf(
  certificateAt: (at: Instant) => Certificate | undefined,
  { from, until }: Span,
): Pick<KnownHolder, 'certificates' | 'renewed'> | undefined {
  const first = certificateAt(from)
  if (first === undefined) return undefined
  const certificates: [Certificate, ...Certificate[]] = [first]
  const renewed: Instant[] = []
  let current = first
  let since = from
  while (since < until) {
    const { serial } = current
    const isOther = (at: Instant): boolean => certificateAt(at)?.serial !== serial
    // One that is not renewed while it lives may still be replaced later.
    const end = endOf(current)
    const by = end > since && end < until && isOther(end) ? end : until
    if (!isOther(by)) break
    since = firstInstant(since, by, isOther)
    const next = certificateAt(since)
    if (next === undefined) break
    certificates.push(next)
    renewed.push(since)
    current = next
  }
  return { certificates, renewed }
}

interface KnownAuthority {
  readonly key: string
  /** Key of the authority above; absent: a root. */
  readonly issuer?: string
  /** One more for each renewal. */
  readonly certificates: Succession
}

const authoritiesOf = ({ topology, pki }: Compiled, { until }: Span): readonly KnownAuthority[] =>
  Object.entries(topology.authorities).flatMap(([key, { issuer }]) => {
    const [first, ...rest] = pki.authorityCertificates(key, until).toReversed()
    if (first === undefined) return []
    return [{ key, ...(issuer !== undefined && { issuer }), certificates: [first, ...rest] }]
  })

/** Every date within the span. */
export function datesOf(compiled: Compiled, span: Span): DeploymentDates {
  const authorities = authoritiesOf(compiled, span)
  const holders = holdersOf(compiled, span)
  const lists = authorities.flatMap(({ key, certificates }) =>
    listsOf(compiled, key, span).map((dates) => ({
      ...dates,
      subject: subjectOf(certificates[0]),
    })),
  )
  const inSpan = (at: Instant): boolean => at > span.from && at <= span.until
  const datesOfAll = (certificates: Succession): Instant[] =>
    certificates.flatMap((certificate) => [certificate.notBefore, endOf(certificate)])
  const last = [...authorities, ...holders].map(({ certificates }) => certificates.at(-1)!)
  return {
    common: ascending([
      ...authorities.flatMap(({ certificates }) => datesOfAll(certificates)),
      ...lists.flatMap(({ instants }) => instants),
      ...accountDates(compiled),
      ...Object.values(BINDING_UPDATES),
      instant(ASSUMPTIONS.compatibilityEnds),
    ]).filter(inSpan),
    byCertificate: new Map(
      holders.map(({ key, certificates, renewed }) => [
        key,
        ascending([...datesOfAll(certificates), ...renewed]).filter(inSpan),
      ]),
    ),
    endings: [
      ...last.map((certificate): Ending => ({
        at: endOf(certificate),
        code: 'pki/certificate-expired',
        subject: subjectOf(certificate),
      })),
      ...lists.flatMap(({ gaps, subject }) =>
        gaps.map((gap): Ending => ({ ...gap, code: 'pki/crl-expired', subject })),
      ),
    ].filter(({ at }) => inSpan(at)),
    rollovers: authorities
      .flatMap((authority) => rolloversOf(authority, authorities, holders))
      .filter(({ at, notAfter }) => at <= span.until && notAfter > span.from),
  }
}

/** When accounts begin and end. */
const accountDates = ({ directory }: Compiled): readonly Instant[] =>
  (directory?.accounts ?? []).flatMap(({ created, expires }) =>
    expires === undefined ? [created] : [created, expires, after(expires, SECOND)],
  )

export const ascending = (instants: readonly Instant[]): Instant[] =>
  [...new Set(instants)].toSorted((a, b) => a - b)

const lifeOf = ({ notBefore, notAfter }: Certificate): Duration => between(notBefore, notAfter)

/** One for each certificate of the authority that is not renewed before it gets too short. */
function rolloversOf(
  { key, certificates }: KnownAuthority,
  authorities: readonly KnownAuthority[],
  holders: readonly KnownHolder[],
): readonly Rollover[] {
  const { subject } = certificates[0]
  const served = holders.filter(({ certificates: [first] }) => first.issuer.key === subject.key)
  const below = [...authorities.filter(({ issuer }) => issuer === key), ...served]
  if (below.length === 0) return []
  const issuedFor = Math.max(...below.map(({ certificates: [first] }) => lifeOf(first))) as Duration
  return certificates.flatMap((certificate, i) => {
    const at = after(before(certificate.notAfter, issuedFor), SECOND)
    const successor = certificates[i + 1]
    if (successor !== undefined && successor.notBefore <= at) return []
    return [
      {
        at,
        subject: subjectOf(certificate),
        notAfter: certificate.notAfter,
        issuedFor,
        holders: [...new Set(served.map(({ node }) => node))],
      },
    ]
  })
}
