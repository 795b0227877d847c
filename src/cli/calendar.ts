/**
 * `sallyport calendar`: what breaks when, and for whom, if nobody does anything? Holds when nothing does before the date.
 */
import { formatInstant, instant } from '../base/time.ts'
import { calendarOf, type Calendar } from '../lab/calendar.ts'
import type { CalendarEntry } from '../lab/calendar-entries.ts'
import { compileTopology } from '../lab/compile.ts'
import { renderCalendar } from '../lab/render-calendar.ts'
import type { Instant } from '../base/time.ts'
import { refused, type Answer } from './answer.ts'
import { openLab } from './open-lab.ts'
import type { LabCommandOptions } from './options.ts'
import type { Terminal } from './terminal.ts'

export interface CalendarOptions extends LabCommandOptions {
  readonly until: Instant
  readonly all?: true | undefined
}

const entryDocument = ({ date, until, ...entry }: CalendarEntry) => ({
  date: formatInstant(date),
  ...(until !== undefined && { until: formatInstant(until) }),
  ...entry,
})

const calendarDocument = (calendar: Calendar, entries: readonly CalendarEntry[]) => ({
  ...calendar,
  from: formatInstant(calendar.from),
  until: formatInstant(calendar.until),
  entries: entries.map(entryDocument),
})

export async function calendar(
  topology: string | undefined,
  options: CalendarOptions,
  terminal: Terminal,
): Promise<Answer> {
  const opened = await openLab(topology, { ...options, traceLevel: 'drops' })
  if (!opened.ok) return refused(...opened.error)
  const { until } = options
  const from = options.at ?? instant(opened.value.topology.start)
  if (until <= from) {
    const message = `--until ${formatInstant(until)} is not after ${formatInstant(from)}, where the calendar begins`
    return refused({ message })
  }
  const compiled = compileTopology(opened.value.topology)
  if (!compiled.ok) return refused(...compiled.error)
  const found = await calendarOf(opened.value.lab, compiled.value, {
    from,
    until,
    progress: (done, all) => terminal.progress(`${done} of ${all} relations asked`),
  })
  terminal.progress('')
  const entries = found.entries.filter(({ kind }) => options.all === true || kind !== 'renewal')
  return {
    kind: 'answered',
    holds: !entries.some(({ kind }) => kind === 'break'),
    document: calendarDocument(found, entries),
    lines: renderCalendar(found, { all: options.all === true }, terminal.canvas),
  }
}
