/**
 * From the verdicts of the relying parties to the entries of a calendar: what sets in when, until when, for whom, and what to do.
 * Not the asking: {@link ./calendar.ts} does that.
 */
import { between, days, formatInstant, type Duration, type Instant } from '../base/time.ts'
import type { ChainLink } from '../pki/path/chain-link.ts'
import type { WindowsOutcome } from '../pki/profile/profile.ts'
import type { Ending, Rollover } from './calendar-dates.ts'
import type { Change } from './changes.ts'
import { fixOf } from './chain-fixes.ts'
import type { Relation } from './relations.ts'
import type { ChainFailure, ChainReport } from './reports.ts'

/**
 * `break`: from then on somebody is refused. `warning`: nobody is yet, but something is looked over, or has to be done by then.
 * `expiry`: something ends that nobody relies on. `renewal`: a certificate is replaced in time.
 */
export type CalendarKind = 'break' | 'warning' | 'expiry' | 'renewal'

export interface CalendarEntry {
  readonly kind: CalendarKind
  /** The first second at which it is so. */
  readonly date: Instant
  /** It was so already when the calendar began. */
  readonly isStanding: boolean
  /** The first second at which it is so no more; absent: it stays. */
  readonly until?: Instant
  /** The certificate, or `CRL of CN=…`. */
  readonly subject: string
  /** A few words: `expires`. */
  readonly what: string
  /** A code of `pki/profile/failure.ts`, or one of the calendar's own. */
  readonly code: string
  /** All whom it hits were refused before, for another reason. */
  readonly isLate: boolean
  /** What each Windows program shows then, where this is what it shows. */
  readonly windows: readonly { readonly as: string; readonly code: string; readonly name: string }[]
  /** Certificates that end in the same second because of it. */
  readonly alsoEnds: readonly string[]
  /** Nodes that stay without their tunnel, sorted. */
  readonly affects: readonly string[]
  readonly relations: readonly Pick<Relation, 'as' | 'on' | 'of'>[]
  /** One sentence. */
  readonly fix: string
}

/** What of a verdict the calendar tells. */
export const signatureOf = ({ failures, tolerated, path }: ChainReport): string =>
  JSON.stringify([failures.map(causeOf), tolerated.map(causeOf), path[0]?.serial])

/** The same rule broken by the same certificate, whatever the message says about the time. */
const causeOf = ({ code, subject }: ChainFailure): string => `${code} ${subject}`

export interface Finding extends Omit<CalendarEntry, 'affects' | 'relations' | 'windows' | 'fix'> {
  readonly relation: Relation
  readonly fix: string
  readonly windows?: WindowsOutcome
}

/** One relation's history: what sets in and what ceases, and each certificate that takes another's place. */
export function findingsOf(
  relation: Relation,
  changes: readonly Change<ChainReport>[],
  from: Instant,
): readonly Finding[] {
  const findings: Finding[] = []
  const open = new Map<string, Finding | undefined>()
  for (const [i, { at, state }] of changes.entries()) {
    const before = changes[i - 1]?.state
    const present = presentIn(state)
    for (const [key, finding] of open) {
      // A chain that fails tells no warnings: what was looked over may still be so, unless it is what fails now.
      const isUntold = key.startsWith(WARNING) && !state.valid
      const isBreakNow = present.has(`${BREAK}${key.slice(WARNING.length)}`)
      if (present.has(key) || (isUntold && !isBreakNow)) continue
      if (finding !== undefined) findings.push({ ...finding, until: at })
      open.delete(key)
    }
    const fresh = [...present].filter(([key]) => !open.has(key))
    const when = { date: at, isStanding: at === from, isLate: before?.valid === false }
    for (const [key, { kind, failure }] of fresh) {
      const isOwn = causeAmong(failure, state, fresh) === failure
      open.set(
        key,
        isOwn ? findingOf(failure, fresh, state, { ...when, kind, relation }) : undefined,
      )
    }
    if (before !== undefined) findings.push(...renewalOf(relation, before, state, at))
  }
  return [...findings, ...[...open.values()].filter((finding) => finding !== undefined)]
}

const WARNING = 'warning '
const BREAK = 'break '

interface Present {
  readonly kind: CalendarKind
  readonly failure: ChainFailure
}
type Fresh = readonly (readonly [key: string, Present])[]

/** A certificate that ends in the same second as what issued it ends because of that: it could not be issued for longer. */
function causeAmong(
  failure: ChainFailure,
  { path }: Pick<ChainReport, 'path'>,
  fresh: Fresh,
): ChainFailure {
  if (failure.code !== 'pki/certificate-expired') return failure
  const own = path.findIndex(({ subject }) => subject === failure.subject)
  const above = path[own + 1]
  const higher = fresh.find(
    ([, { failure: other }]) => other.code === failure.code && other.subject === above?.subject,
  )?.[1].failure
  return own < 0 || higher === undefined || higher === failure
    ? failure
    : causeAmong(higher, { path: path.slice(own + 1) }, fresh)
}

/** Each broken rule once, those that were looked over first. */
function presentIn({ failures, tolerated }: ChainReport): ReadonlyMap<string, Present> {
  const present = new Map<string, Present>()
  for (const failure of tolerated) {
    present.set(`${WARNING}${causeOf(failure)}`, { kind: 'warning', failure })
  }
  for (const failure of failures) {
    present.set(`${BREAK}${causeOf(failure)}`, { kind: 'break', failure })
  }
  return present
}

type Occasion = Pick<Finding, 'kind' | 'date' | 'isStanding' | 'isLate' | 'relation'>

function findingOf(
  failure: ChainFailure,
  fresh: Fresh,
  report: ChainReport,
  occasion: Occasion,
): Finding {
  const { code, subject, message } = failure
  const { failures, path, windows } = report
  const issuer = path.find((link) => link.subject === subject)?.issuer
  // One list covers many certificates: it is the list that runs out.
  const isList = code === 'pki/crl-expired' && issuer !== undefined
  const effects = fresh
    .map(([, present]) => present.failure)
    .filter((other) => causeAmong(other, report, fresh) === failure)
  const isShown = occasion.kind === 'break' && effects.some((effect) => effect === failures[0])
  return {
    ...occasion,
    subject: isList ? `CRL of ${issuer}` : subject,
    what: WHAT[code] ?? message,
    code,
    fix: isList
      ? `publish a new CRL of ${issuer} (certutil -crl), and copy it to its distribution point`
      : fixOf(failure),
    alsoEnds: effects.filter((effect) => effect !== failure).map((effect) => effect.subject),
    ...(isShown && windows !== undefined && { windows }),
  }
}

/** Where the message of a verdict looks back, the calendar looks ahead. */
const WHAT: Readonly<Record<string, string>> = {
  'pki/certificate-expired': 'expires',
  'pki/crl-expired': 'runs out, and no newer one is published',
}

/** The holder has another certificate than before, and it holds. */
function renewalOf(
  relation: Relation,
  before: ChainReport,
  now: ChainReport,
  at: Instant,
): readonly Finding[] {
  const [old, renewed] = [before.path[0], now.path[0]]
  if (old === undefined || renewed === undefined || old.serial === renewed.serial) return []
  const base = { date: at, isStanding: false, isLate: false, alsoEnds: [], relation }
  const { subject, issuer } = renewed
  const end = now.path[1]?.notAfter
  if (lifeOf(renewed) >= lifeOf(old) - days(1) || end === undefined) {
    const what = `is renewed up to ${dayOf(renewed.notAfter)}`
    return [{ ...base, kind: 'renewal', subject, code: 'calendar/renewed', what, fix: '' }]
  }
  const what = `cuts short what it renews from here on: it ends itself on ${dayOf(end)}`
  const fix = `renew ${issuer} with a new key, and publish it to those who trust or know it`
  return [{ ...base, kind: 'warning', subject: issuer, code: 'calendar/truncated', what, fix }]
}

const lifeOf = ({ notBefore, notAfter }: ChainLink): Duration => between(notBefore, notAfter)
const dayOf = (at: Instant): string => formatInstant(at).slice(0, 10)

/** One entry a cause and date, for all whom it hits. */
export function entriesOf(findings: readonly Finding[]): readonly CalendarEntry[] {
  const groups = new Map<string, Finding[]>()
  for (const finding of findings) {
    const { kind, date, until, code, subject } = finding
    const key = JSON.stringify([kind, date, until, code, subject])
    groups.set(key, [...(groups.get(key) ?? []), finding])
  }
  return [...groups.values()].map((group) => {
    const { relation: _, windows: __, ...rest } = group[0]!
    const shown = new Map(
      group.flatMap(({ relation: { as }, windows }) =>
        windows === undefined
          ? []
          : [[`${as} ${windows.code}`, { as, code: windows.code, name: windows.name }] as const],
      ),
    )
    return {
      ...rest,
      isLate: group.every(({ isLate }) => isLate),
      alsoEnds: [...new Set(group.flatMap(({ alsoEnds }) => alsoEnds))].toSorted(),
      windows: [...shown.values()],
      affects: [...new Set(group.map(({ relation }) => relation.client))].toSorted(),
      relations: group.map(({ relation: { as, on, of } }) => ({ as, on, of })),
    }
  })
}

const subjectOfEnding = ({ code, subject }: Ending): string =>
  code === 'pki/crl-expired' ? `CRL of ${subject}` : subject

/** Some relying party minds. */
export const isTold = (ending: Ending, entries: readonly CalendarEntry[]): boolean =>
  entries.some(
    ({ date, code, subject, alsoEnds }) =>
      date === ending.at &&
      code === ending.code &&
      [subject, ...alsoEnds].includes(subjectOfEnding(ending)),
  )

export function expiryEntry(ending: Ending): CalendarEntry {
  const { at, until, code } = ending
  const subject = subjectOfEnding(ending)
  return {
    kind: 'expiry',
    date: at,
    isStanding: false,
    isLate: false,
    ...(until !== undefined && { until }),
    subject,
    what: WHAT[code]!,
    code,
    windows: [],
    alsoEnds: [],
    affects: [],
    relations: [],
    fix: code === 'pki/crl-expired' ? `publish a new ${subject}` : `renew ${subject}, or remove it`,
  }
}

export function rolloverEntry(
  { at, subject, issuedFor, holders }: Rollover,
  from: Instant,
): CalendarEntry {
  const life = Math.round(issuedFor / days(1))
  return {
    kind: 'warning',
    date: at > from ? at : from,
    isStanding: at <= from,
    isLate: false,
    subject,
    what: `can no longer issue for ${life} days: it would end first`,
    code: 'calendar/rollover',
    windows: [],
    alsoEnds: [],
    affects: [...holders].toSorted(),
    relations: [],
    fix: `renew ${subject} with a new key, and publish it to those who trust or know it`,
  }
}
