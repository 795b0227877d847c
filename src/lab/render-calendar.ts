/**
 * A calendar as a table on the terminal: date, how far off, what ends, what that means, and for whom. Not JSON.
 */
import { between, formatInstant, type Instant } from '../base/time.ts'
import type { Calendar } from './calendar.ts'
import type { CalendarEntry, CalendarKind } from './calendar-entries.ts'
import { PLAIN_CANVAS, distanceWords, spanWords, wrapped, type Canvas } from './layout.ts'

const NAMES_MAX = 4
const REPEATS_MAX = 3
const SUBJECT_MAX = 36
const GAP = '  '
/** Columns that a text gets, however narrow the terminal is. */
const ROOM_MIN = 24

export interface CalendarView {
  /** Show what renews itself, too. */
  readonly all: boolean
}

/** The table, by date, and a sentence on top. */
export function renderCalendar(
  calendar: Calendar,
  { all }: CalendarView,
  canvas: Canvas = PLAIN_CANVAS,
): string[] {
  const shown = calendar.entries.filter(({ kind }) => all || kind !== 'renewal')
  return [
    ...summary(calendar, canvas),
    ...(shown.length === 0 ? [] : ['']),
    ...table(shown, calendar, canvas),
  ]
}

function summary({ from, until, entries, asked }: Calendar, { paint, marks }: Canvas): string[] {
  const breaks = entries.filter(({ kind }) => kind === 'break')
  const first = breaks[0]
  const span = `from ${dayOf(from)} to ${dayOf(until)}`
  const how = `${counted(asked.relations, 'relation')} asked ${asked.judgements} times`
  if (first === undefined) return [`${paint.green(marks.good)} nothing breaks ${span} (${how})`]
  const when = first.isStanding
    ? 'and the first is broken now'
    : `the first ${distanceWords(from, first.date)}`
  return [`${paint.red(marks.bad)} ${counted(breaks.length, 'break')} ${span}, ${when} (${how})`]
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
const dayOf = (at: Instant): string => formatInstant(at).slice(0, 10)
/** To the second: that is what was looked for. */
const secondOf = (at: Instant): string => formatInstant(at).replace('T', ' ').replace('Z', '')

/** An entry as it is shown: once for all the times that it comes again. */
interface Shown {
  readonly entry: CalendarEntry
  readonly times: number
  readonly last: CalendarEntry
}

/** What comes again and again, such as a list that is always late, is shown once. */
function folded(entries: readonly CalendarEntry[]): readonly Shown[] {
  const groups = new Map<string, CalendarEntry[]>()
  for (const entry of entries) {
    const { kind, code, subject, affects } = entry
    const key = JSON.stringify([kind, code, subject, affects])
    groups.set(key, [...(groups.get(key) ?? []), entry])
  }
  return [...groups.values()].flatMap((group): readonly Shown[] =>
    group.length > REPEATS_MAX
      ? [{ entry: group[0]!, times: group.length, last: group.at(-1)! }]
      : group.map((entry) => ({ entry, times: 1, last: entry })),
  )
}

function table(entries: readonly CalendarEntry[], { from }: Calendar, canvas: Canvas): string[] {
  const rows = folded(entries)
    .toSorted((a, b) => a.entry.date - b.entry.date)
    .map((shown) => ({
      shown,
      date: secondOf(shown.entry.date),
      distance: shown.entry.isStanding ? 'now' : distanceWords(from, shown.entry.date),
      subject: shortened(shown.entry.subject),
    }))
  const widths = {
    date: Math.max(0, ...rows.map(({ date }) => date.length)),
    distance: Math.max(0, ...rows.map(({ distance }) => distance.length)),
    subject: Math.min(SUBJECT_MAX, Math.max(0, ...rows.map(({ subject }) => subject.length))),
  }
  return rows.flatMap(({ shown, date, distance, subject }) => {
    const cells = [
      date.padEnd(widths.date),
      distance.padEnd(widths.distance),
      subject.padEnd(widths.subject),
    ]
    return drawEntry(shown, cells, canvas)
  })
}

/** A long distinguished name by its first part. */
const shortened = (subject: string): string =>
  subject.length > SUBJECT_MAX && subject.includes(', ')
    ? `${subject.slice(0, subject.indexOf(', '))}, ...`
    : subject

function drawEntry(
  shown: Shown,
  [date = '', distance = '', subject = '']: readonly string[],
  canvas: Canvas,
): string[] {
  const { paint, width } = canvas
  const { entry } = shown
  const [mark, colour] = markOf(entry.kind, canvas)
  // What does not fit beside the subject goes on below it.
  const indent = [mark, date, distance, ''].join(GAP).length - 1
  const room = Math.max(ROOM_MIN, width - indent)
  const beside = width - indent - subject.length - GAP.length
  const words = wordsOf(shown)
  const first = beside < ROOM_MIN ? '' : wrapped(words, beside)[0]!
  const rest = words.slice(first.length).trimStart()
  const below = [
    ...(rest === '' ? [] : wrapped(rest, room)),
    ...affected(entry).flatMap((names) => wrapped(names, room).map(paint.dim)),
  ]
  return [
    `${colour(mark)} ${date}${GAP}${paint.dim(distance)}${GAP}${paint.bold(subject)}${GAP}${first}`.trimEnd(),
    ...below.map((line) => `${' '.repeat(indent)}${line}`),
  ]
}

function markOf(
  kind: CalendarKind,
  { paint, marks }: Canvas,
): readonly [string, (text: string) => string] {
  switch (kind) {
    case 'break':
      return [marks.bad, paint.red]
    case 'warning':
      return [marks.warning, paint.yellow]
    case 'expiry':
      return [marks.dot, paint.dim]
    case 'renewal':
      return [marks.good, paint.green]
  }
}

function wordsOf({ entry, times, last }: Shown): string {
  const { kind, what, until, date, windows, alsoEnds, isLate } = entry
  const codes = windows.map(({ as, code }) => `${as} shows ${code}`).join(', ')
  return [
    what,
    until === undefined ? '' : `, until ${secondOf(until)} (${spanWords(between(date, until))})`,
    alsoEnds.length === 0 ? '' : `, and ${counted(alsoEnds.length, 'certificate')} with it`,
    codes === '' ? '' : `: ${codes}`,
    isLate && kind === 'break' ? '; those whom it hits are refused already' : '',
    kind === 'expiry' ? '; nobody relies on it' : '',
    times === 1 ? '' : `; ${times} times up to ${secondOf(last.date)}`,
  ].join('')
}

function affected({ affects }: CalendarEntry): string[] {
  if (affects.length === 0) return []
  const more = affects.length - NAMES_MAX
  const names = affects.slice(0, NAMES_MAX).join(', ')
  return [`for ${names}${more > 0 ? ` and ${more} more` : ''}`]
}
