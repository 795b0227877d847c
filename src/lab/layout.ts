/**
 * What the renderers of reports share: colours, marks, labels, columns, lines no longer than the terminal is wide.
 * Not a renderer, and no terminal: whoever prints says what it can show.
 */
import {
  between,
  days,
  hours,
  minutes,
  seconds,
  type Duration,
  type Instant,
} from '../base/time.ts'

/** What picocolors offers, as far as it is used here. */
export interface Paint {
  readonly green: (text: string) => string
  readonly red: (text: string) => string
  readonly yellow: (text: string) => string
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
}

const same = (text: string): string => text
export const PLAIN: Paint = { green: same, red: same, yellow: same, bold: same, dim: same }

/** Characters that a terminal without UTF-8 cannot show, each one column wide. */
export interface Marks {
  readonly good: string
  readonly bad: string
  readonly warning: string
  readonly unknown: string
  readonly dot: string
  readonly down: string
  readonly branch: string
}

export const UNICODE_MARKS: Marks = {
  good: '✓',
  bad: '✗',
  warning: '!',
  unknown: '?',
  dot: '·',
  down: '│',
  branch: '└─',
}
export const ASCII_MARKS: Marks = {
  good: '+',
  bad: 'x',
  warning: '!',
  unknown: '?',
  dot: '-',
  down: '|',
  branch: '`-',
}

/** How to draw, where nothing else is said. */
export interface Canvas {
  readonly paint: Paint
  readonly marks: Marks
  /** Columns. */
  readonly width: number
}

const WIDTH_DEFAULT = 100
export const PLAIN_CANVAS: Canvas = { paint: PLAIN, marks: UNICODE_MARKS, width: WIDTH_DEFAULT }

const LABEL_WIDTH = 8

/** `  because  first`, and the rest of `lines` below `first`. */
export function labelled(label: string, lines: readonly string[], paint: Paint): string[] {
  const margin = ' '.repeat(LABEL_WIDTH)
  return lines.map(
    (line, i) => `  ${i === 0 ? paint.dim(label.padEnd(LABEL_WIDTH)) : margin} ${line}`,
  )
}

/** Rows with their cells in line; the last cell is not padded. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, i) => Math.max(widest[i] ?? 0, cell.length)),
    [],
  )
  return rows.map((row) =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  '),
  )
}

/** The words of plain `text` in lines of at most `width` columns; a word that is longer stays whole. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`
    } else lines.push(word)
  }
  return lines
}

const SPANS: readonly (readonly [unit: Duration, word: string, from: Duration])[] = [
  [days(365.25), 'years', days(730)],
  [days(1), 'days', days(2)],
  [hours(1), 'hours', hours(2)],
  [minutes(1), 'minutes', minutes(2)],
  [seconds(1), 'seconds', seconds(0)],
]

/** `12 days`, `19 years`: a span for people, rounded down, without its sign. */
export function spanWords(span: Duration): string {
  const size = Math.abs(span)
  const [unit, word] = SPANS.find(([, , from]) => size >= from)!
  return `${Math.floor(size / unit)} ${word}`
}

/** `in 12 days`, `3 hours ago`, seen from `now`. */
export function distanceWords(now: Instant, then: Instant): string {
  const span = between(now, then)
  return span < 0 ? `${spanWords(span)} ago` : `in ${spanWords(span)}`
}
