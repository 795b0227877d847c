/**
 * From the verdicts of the relying parties to the entries of a calendar: what sets in when, until when, for whom, and what to do.
 * Not the asking: {@link ./calendar.ts} does that.
 */
import { days, type Instant } from '../base/time.ts'
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
  /** A code of `pki/failure.ts`, or one of the calendar's own. */
  readonly code: string
  /** All whom it hits were refused before, for another reason. */
  readonly isLate: boolean
  /** What each Windows program shows then, where this is what it shows. */
  readonly windows: readonly { readonly as: string; readonly code: string; readonly name: string }[]
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
  readonly windows?: { readonly code: string; readonly name: string }
}

/** One relation's history: what sets in and what ceases, and each certificate that takes another's place. */
export function findingsOf(
  relation: Relation,
  changes: readonly Change<ChainReport>[],
  from: Instant,
): readonly Finding[] {
  const findings: Finding[] = []
  const open = new Map<string, Finding>()
  for (const [i, { at, state }] of changes.entries()) {
    const before = changes[i - 1]?.state
    const present = presentIn(state)
    for (const [key, finding] of open) {
      if (present.has(key)) continue
      findings.push({ ...finding, until: at })
      open.delete(key)
    }
    for (const [key, { kind, failure }] of present) {
      if (open.has(key)) continue
      const isLate = before?.valid === false
      const when = { kind, date: at, isStanding: at === from, isLate }
      open.set(key, findingOf(relation, failure, state, when))
    }
    if (before !== undefined) findings.push(...renewalOf(relation, before, state, at))
  }
  return [...findings, ...open.values()]
}

/** Each broken rule once, those that were looked over first. */
function presentIn({ failures, tolerated }: ChainReport) {
  const present = new Map<string, { readonly kind: CalendarKind; readonly failure: ChainFailure }>()
  for (const failure of tolerated) {
    present.set(`warning ${causeOf(failure)}`, { kind: 'warning', failure })
  }
  for (const failure of failures) {
    present.set(`break ${causeOf(failure)}`, { kind: 'break', failure })
  }
  return present
}

type When = Pick<CalendarEntry, 'kind' | 'date' | 'isStanding' | 'isLate'>

function findingOf(
  relation: Relation,
  failure: ChainFailure,
  report: ChainReport,
  when: When,
): Finding {
  const { code, subject, message } = failure
  const issuer = report.path.find((link) => link.subject === subject)?.issuer
  // One list covers many certificates: it is the list that runs out.
  const isList = code === 'pki/crl-expired' && issuer !== undefined
  const isShown = when.kind === 'break' && report.failures[0] === failure
  return {
    ...when,
    subject: isList ? `CRL of ${issuer}` : subject,
    what: WHAT[code] ?? message,
    code,
    fix: isList
      ? `publish a new CRL of ${issuer} (certutil -crl), and copy it to its distribution point`
      : fixOf(failure),
    relation,
    ...(isShown && report.windows !== undefined && { windows: report.windows }),
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
  const { subject } = renewed
  const base = { date: at, isStanding: false, isLate: false, subject, relation }
  const lived = old.notAfter - old.notBefore
  const lives = renewed.notAfter - renewed.notBefore
  const issuer = renewed.issuer
  return lives < lived - days(1)
    ? [
        {
          ...base,
          kind: 'warning',
          code: 'calendar/truncated',
          what: `is renewed for ${Math.floor(lives / days(1))} days instead of ${Math.floor(lived / days(1))}: its authority ends then`,
          fix: `renew ${issuer}, so that what it issues may live on`,
        },
      ]
    : [{ ...base, kind: 'renewal', code: 'calendar/renewed', what: 'is renewed', fix: '' }]
}

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
        windows === undefined ? [] : [[`${as} ${windows.code}`, { as, ...windows }] as const],
      ),
    )
    return {
      ...rest,
      isLate: group.every(({ isLate }) => isLate),
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
    ({ date, code, subject }) =>
      date === ending.at && code === ending.code && subject === subjectOfEnding(ending),
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
    affects: [...holders].toSorted(),
    relations: [],
    fix: `renew ${subject} with a new key, and publish it to those who trust or know it`,
  }
}
