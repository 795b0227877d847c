/**
 * The dates that a deployment's certificates, lists and accounts name: when something ends, begins, or is not renewed in time.
 * Not verdicts: {@link ./calendar.ts} asks the relying parties what each date means to them.
 */
import { after, before, between, seconds, type Duration, type Instant } from '../base/time.ts'
import { subjectOf, type Certificate } from '../pki/certificate.ts'
import { readCrl, type Crl } from '../pki/crl.ts'
import type { Pki } from '../pki/issue.ts'
import type { Compiled } from './compile.ts'
import { ipNodesOf } from './network.ts'

/** From and with `from`, up to and with `until`. */
export interface Span {
  readonly from: Instant
  readonly until: Instant
}

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

interface HeldCertificate {
  readonly node: string
  readonly key: string
  readonly issuer: string | undefined
  readonly certificate: Certificate
}

const heldCertificates = ({ topology, pki }: Compiled): readonly HeldCertificate[] =>
  ipNodesOf(topology).flatMap(([node, spec]) =>
    (spec.certificates ?? []).flatMap(({ name, issuer }) => {
      const held = pki.certificate(node, name)
      if (held === undefined) return []
      return [{ node, key: `${node}:${name}`, issuer, certificate: held.certificate }]
    }),
  )

interface KnownAuthority {
  readonly key: string
  readonly issuer?: string
  readonly certificate: Certificate
}

const authoritiesOf = ({ topology, pki }: Compiled): readonly KnownAuthority[] =>
  Object.entries(topology.authorities).flatMap(([key, { issuer }]) => {
    const held = pki.authority(key)
    if (held === undefined) return []
    return [{ key, ...(issuer !== undefined && { issuer }), certificate: held.certificate }]
  })

/** Every date within the span, first those of authorities. */
export function datesOf(compiled: Compiled, span: Span): DeploymentDates {
  const authorities = authoritiesOf(compiled)
  const held = heldCertificates(compiled)
  const lists = authorities.map(({ key, certificate }) => ({
    ...listDates(compiled.pki, key, span),
    subject: subjectOf(certificate),
  }))
  const dates = ({ notBefore, ...rest }: Certificate): Instant[] => [
    notBefore,
    endOf({ notBefore, ...rest }),
  ]
  const inSpan = (at: Instant): boolean => at > span.from && at <= span.until
  return {
    common: ascending([
      ...authorities.flatMap(({ certificate }) => dates(certificate)),
      ...lists.flatMap(({ instants }) => instants),
    ]).filter(inSpan),
    byCertificate: new Map(
      held.map(({ key, certificate }) => [key, dates(certificate).filter(inSpan)]),
    ),
    endings: [
      ...[...authorities, ...held].map(({ certificate }): Ending => ({
        at: endOf(certificate),
        code: 'pki/certificate-expired',
        subject: subjectOf(certificate),
      })),
      ...lists.flatMap(({ gaps, subject }) =>
        gaps.map((gap): Ending => ({ ...gap, code: 'pki/crl-expired', subject })),
      ),
    ].filter(({ at }) => inSpan(at)),
    rollovers: authorities
      .flatMap((authority) => rolloverOf(authority, authorities, held))
      .filter(({ at, notAfter }) => at <= span.until && notAfter > span.from),
  }
}

export const ascending = (instants: readonly Instant[]): Instant[] =>
  [...new Set(instants)].toSorted((a, b) => a - b)

function rolloverOf(
  { key, certificate }: KnownAuthority,
  authorities: readonly KnownAuthority[],
  held: readonly HeldCertificate[],
): readonly Rollover[] {
  const below = [...authorities, ...held].filter(({ issuer }) => issuer === key)
  if (below.length === 0) return []
  const lives = below.map(({ certificate: { notBefore, notAfter } }) =>
    between(notBefore, notAfter),
  )
  const issuedFor = Math.max(...lives) as Duration
  const { notAfter } = certificate
  const holders = held.filter(({ issuer }) => issuer === key).map(({ node }) => node)
  return [
    {
      at: after(before(notAfter, issuedFor), SECOND),
      subject: subjectOf(certificate),
      notAfter,
      issuedFor,
      holders: [...new Set(holders)],
    },
  ]
}

interface ListDates {
  readonly instants: readonly Instant[]
  readonly gaps: readonly { readonly at: Instant; readonly until?: Instant }[]
}

/**
 * When the lists of an authority change what a relying party learns: a list runs out before the next is published, the next is
 * published at last, or it lists other certificates. A list that is followed in time by one with the same entries changes nothing.
 */
function listDates(pki: Pki, authority: string, { from, until }: Span): ListDates {
  const listAt = (at: Instant): Crl | undefined => {
    const der = pki.crl(authority, at)
    const read = der === undefined ? undefined : readCrl(der)
    return read?.ok === true ? read.value : undefined
  }
  const instants: Instant[] = []
  const gaps: { at: Instant; until?: Instant }[] = []
  let at = from
  let list = listAt(at)
  if (list !== undefined) instants.push(list.thisUpdate)
  while (list?.nextUpdate !== undefined && list.nextUpdate < until) {
    const { number } = list
    const entries = entriesOf(list)
    // A list is current at its nextUpdate, and no longer a second later.
    const end = after(list.nextUpdate, SECOND)
    let next = listAt(end)
    if (next?.number === number) {
      const isNewer = (t: Instant): boolean => listAt(t)?.number !== number
      const published = isNewer(until) ? firstInstant(end, until, isNewer) : undefined
      gaps.push({ at: end, ...(published !== undefined && { until: published }) })
      instants.push(end, ...(published === undefined ? [] : [published]))
      if (published === undefined) break
      next = listAt(published)
      at = published
    } else {
      const isOther = (t: Instant): boolean => entriesOf(listAt(t)) !== entries
      if (isOther(end)) instants.push(firstInstant(at, end, isOther))
      at = end
    }
    list = next
  }
  return { instants, gaps }
}

const entriesOf = (list: Crl | undefined): string =>
  [...(list?.entries.keys() ?? [])].toSorted().join(' ')

/** The first whole second in (from, to] for which `holds`, which goes from false to true once. */
function firstInstant(from: Instant, to: Instant, holds: (at: Instant) => boolean): Instant {
  let no = Math.floor(from / SECOND)
  let yes = Math.ceil(to / SECOND)
  while (yes - no > 1) {
    const middle = no + Math.floor((yes - no) / 2)
    if (holds((middle * SECOND) as Instant)) yes = middle
    else no = middle
  }
  return Math.min(yes * SECOND, to) as Instant
}
