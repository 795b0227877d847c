/**
 * What will break in a deployment, when and for whom: the clock is moved and every relying party judges again, over the network.
 * Not dates read off certificates: those only say when it is worth asking. Nobody renews here what the topology does not renew.
 */
import { after, days, type Instant } from '../base/time.ts'
import {
  ascending,
  datesOf,
  type DeploymentDates,
  type Ending,
  type Rollover,
  type Span,
} from './calendar-dates.ts'
import { changesOf, type Change } from './changes.ts'
import { fixOf } from './chain-fixes.ts'
import type { Compiled } from './compile.ts'
import type { Lab } from './lab.ts'
import { relationsOf, type Relation } from './relations.ts'
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
  /** What each Windows program shows then, where this is what it shows. */
  readonly windows: readonly { readonly as: string; readonly code: string; readonly name: string }[]
  /** Nodes that stay without their tunnel, sorted. */
  readonly affects: readonly string[]
  readonly relations: readonly Pick<Relation, 'as' | 'on' | 'of'>[]
  /** One sentence. */
  readonly fix: string
}

export interface Calendar extends Span {
  /** By date. */
  readonly entries: readonly CalendarEntry[]
  /** How many relations were asked, and how often altogether. */
  readonly asked: { readonly relations: number; readonly judgements: number }
}

export interface CalendarQuestion extends Span {
  /** Hears how far the search is. */
  readonly progress?: (done: number, all: number) => void
}

/** Between two dates that matter the verdicts are asked at least this often, in case something matters that was not thought of. */
const SAMPLE_EVERY = days(365)

/** The lab's clocks are held during the search and run on afterwards. `compiled` is the lab's topology. */
export async function calendarOf(
  lab: Lab,
  compiled: Compiled,
  { from, until, progress }: CalendarQuestion,
): Promise<Calendar> {
  const span = { from, until }
  const dates = datesOf(compiled, span)
  const relations = relationsOf(compiled)
  const court = new Court(lab)
  const found: Finding[] = []
  try {
    for (const [done, relation] of relations.entries()) {
      progress?.(done, relations.length)
      const changes = await changesOf(instantsOf(relation, dates, span), {
        stateAt: (at) => court.judge(relation, at),
        isSame: (a, b) => signatureOf(a) === signatureOf(b),
      })
      found.push(...findingsOf(relation, changes, from))
    }
  } finally {
    court.close()
  }
  const entries = entriesOf(found)
  const unused = dates.endings.filter((ending) => !isTold(ending, entries)).map(expiryEntry)
  const rollovers = dates.rollovers.map((rollover) => rolloverEntry(rollover, from))
  return {
    ...span,
    entries: [...entries, ...unused, ...rollovers].toSorted(byDate),
    asked: { relations: relations.length, judgements: court.judgements },
  }
}

const byDate = (a: CalendarEntry, b: CalendarEntry): number =>
  a.date - b.date || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind)
const KINDS: readonly CalendarKind[] = ['break', 'warning', 'expiry', 'renewal']

/** When a relation is worth asking: its verdict rests on its own certificate and on the authorities, on nobody else's. */
function instantsOf(relation: Relation, dates: DeploymentDates, { from, until }: Span): Instant[] {
  const samples: Instant[] = []
  for (let at = from; at < until; at = after(at, SAMPLE_EVERY)) samples.push(at)
  const own = dates.byCertificate.get(relation.of) ?? []
  return ascending([...samples, ...dates.common, ...own, until])
}

/** Asks the hosts of a lab for verdicts at any instant. */
class Court {
  judgements = 0
  readonly #lab: Lab
  #heldAt: Instant | undefined
  #held: Disposable | undefined
  #flushed = new Set<string>()

  constructor(lab: Lab) {
    this.#lab = lab
  }

  async judge({ as, on, of, name }: Relation, at: Instant): Promise<ChainReport> {
    const node = this.#lab.nodes[on]!
    if (this.#heldAt !== at) {
      this.#held = this.#lab.holdClocks(at)
      this.#heldAt = at
      this.#flushed = new Set()
    }
    // What was fetched at another instant may not even exist at this one.
    if (!this.#flushed.has(on)) node.flushUrlCache()
    this.#flushed.add(on)
    this.judgements++
    return node.judge(of, { profile: as, ...(name !== undefined && { name }) })
  }

  close(): void {
    this.#held?.[Symbol.dispose]()
  }
}

/** What of a verdict the calendar tells. */
const signatureOf = ({ failures, tolerated, path }: ChainReport): string =>
  JSON.stringify([failures.map(causeOf), tolerated.map(causeOf), path[0]?.serial])

/** The same rule broken by the same certificate, whatever the message says about the time. */
const causeOf = ({ code, subject }: ChainFailure): string => `${code} ${subject}`

interface Finding extends Omit<CalendarEntry, 'affects' | 'relations' | 'windows' | 'fix'> {
  readonly relation: Relation
  readonly fix: string
  readonly windows?: { readonly code: string; readonly name: string }
}

/** One relation's history: what sets in and what ceases, and each certificate that takes another's place. */
function findingsOf(
  relation: Relation,
  changes: readonly Change<ChainReport>[],
  from: Instant,
): readonly Finding[] {
  const findings: Finding[] = []
  const open = new Map<string, Finding>()
  for (const [i, { at, state }] of changes.entries()) {
    const present = presentIn(state)
    for (const [key, finding] of open) {
      if (present.has(key)) continue
      findings.push({ ...finding, until: at })
      open.delete(key)
    }
    for (const [key, { kind, failure }] of present) {
      if (open.has(key)) continue
      open.set(key, findingOf(relation, failure, state, { kind, at, isStanding: at === from }))
    }
    const before = changes[i - 1]?.state
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

interface When {
  readonly kind: CalendarKind
  readonly at: Instant
  readonly isStanding: boolean
}

function findingOf(
  relation: Relation,
  failure: ChainFailure,
  report: ChainReport,
  { kind, at, isStanding }: When,
): Finding {
  const { code, subject, message } = failure
  const issuer = report.path.find((link) => link.subject === subject)?.issuer
  // One list covers many certificates: it is the list that runs out.
  const isList = code === 'pki/crl-expired' && issuer !== undefined
  const isShown = kind === 'break' && report.failures[0] === failure
  return {
    kind,
    date: at,
    isStanding,
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
  const base = { date: at, isStanding: false, subject, relation }
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
function entriesOf(findings: readonly Finding[]): readonly CalendarEntry[] {
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
      windows: [...shown.values()],
      affects: [...new Set(group.map(({ relation }) => relation.client))].toSorted(),
      relations: group.map(({ relation: { as, on, of } }) => ({ as, on, of })),
    }
  })
}

const subjectOfEnding = ({ code, subject }: Ending): string =>
  code === 'pki/crl-expired' ? `CRL of ${subject}` : subject

/** Some relying party minds. */
const isTold = (ending: Ending, entries: readonly CalendarEntry[]): boolean =>
  entries.some(
    ({ date, code, subject }) =>
      date === ending.at && code === ending.code && subject === subjectOfEnding(ending),
  )

function expiryEntry(ending: Ending): CalendarEntry {
  const { at, until, code } = ending
  const subject = subjectOfEnding(ending)
  return {
    kind: 'expiry',
    date: at,
    isStanding: false,
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

function rolloverEntry(
  { at, subject, issuedFor, holders }: Rollover,
  from: Instant,
): CalendarEntry {
  const life = Math.round(issuedFor / days(1))
  return {
    kind: 'warning',
    date: at > from ? at : from,
    isStanding: at <= from,
    subject,
    what: `can no longer issue for ${life} days: it would end first`,
    code: 'calendar/rollover',
    windows: [],
    affects: [...holders].toSorted(),
    relations: [],
    fix: `renew ${subject} with a new key, and publish it to those who trust or know it`,
  }
}
