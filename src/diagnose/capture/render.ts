/** What a capture says, as lines for a terminal: each dial with its course, the cause and its proof. Not JSON: that is the report itself. */
import { formatDuration } from '../../base/time.ts'
import { columns, labelled, PLAIN, wrapped, type Paint } from '../../lab/layout.ts'
import type { CapturedDial, CaptureReport, ShownCode } from './report.ts'

const WIDTH = 120

export function renderCapture(
  file: string,
  report: CaptureReport,
  { paint = PLAIN, width = WIDTH }: { readonly paint?: Paint; readonly width?: number } = {},
): string[] {
  const { frames, took, began, dials, notes } = report
  const many = dials.length === 1 ? '1 dial' : `${dials.length} dials`
  return [
    `${paint.bold(file)}: ${frames} frames in ${formatDuration(took)} from ${began}, ${many}`,
    ...notes.map((note) => `  ${paint.yellow(note)}`),
    ...dials.flatMap((dial) => ['', ...dialLines(dial, paint, width)]),
  ]
}

const LABELS = 11

function dialLines(dial: CapturedDial, paint: Paint, width: number): readonly string[] {
  const { client, gateway, outcome, certainty, text, evidence, facts, windows, look, fix } = dial
  const shown = outcome === 'failed' ? paint.red(outcome) : paint.green(outcome)
  const most = Math.max(40, width - LABELS)
  const listed = (lines: readonly string[]): readonly string[] =>
    lines.flatMap((line) => wrapped(line, most))
  const how =
    outcome === 'unfinished'
      ? 'if nothing followed: '
      : certainty === 'likely'
        ? 'most likely: '
        : ''
  const cause = text === undefined ? [] : [how + text]
  return [
    `${paint.bold(client)} dials ${paint.bold(gateway)}  ${shown} in ${dial.phase}`,
    ...labelled(
      'seen at',
      listed(dial.seenAt.length > 1 ? [dial.seenAt.join(', ')] : dial.seenAt),
      paint,
    ),
    ...labelled('facts', listed(facts), paint),
    ...labelled('course', courseLines(dial), paint),
    ...labelled('cause', listed(cause), paint),
    ...labelled('because', listed(evidence.map(evidenceText)), paint),
    ...labelled('client', listed(windows.map(codeText)), paint),
    ...labelled('look at', listed(look), paint),
    ...labelled('fix', listed(fix), paint),
  ]
}

const courseLines = ({ course }: CapturedDial): readonly string[] =>
  columns(
    course.map(({ after, frames, from, text }) => [
      `+${formatDuration(after)}`,
      framesText(frames),
      from,
      text,
    ]),
  )

const evidenceText = ({ text, frames }: CapturedDial['evidence'][number]): string =>
  frames.length === 0 ? text : `${text} (${framesText(frames)})`

const codeText = ({ code, symbol, meaning, restsOn }: ShownCode): string =>
  `error ${code} (${symbol}): ${meaning}${restsOn.length === 0 ? '' : `; rests on ${restsOn.join(', ')}`}`

const RUNS_MAX = 8

/** `frame 7`, `frames 3-5, 9`. */
export function framesText(frames: readonly number[]): string {
  const runs: [from: number, to: number][] = []
  for (const frame of [...new Set(frames)].toSorted((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last !== undefined && frame === last[1] + 1) last[1] = frame
    else runs.push([frame, frame])
  }
  const texts = runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`))
  const shown = texts.slice(0, RUNS_MAX).join(', ')
  const more = texts.length > RUNS_MAX ? ' …' : ''
  return `${new Set(frames).size === 1 ? 'frame' : 'frames'} ${shown}${more}`
}
