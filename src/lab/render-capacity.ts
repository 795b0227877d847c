/**
 * What a crowd met, as lines for a terminal: how many came through, how long they waited, what was too small and what would help. Not JSON.
 */
import { formatDuration } from '../base/time.ts'
import type { CapacityReport, FailureCount, Peak } from './capacity.ts'
import type { Saturation } from './capacity-limits.ts'
import { columns, labelled, PLAIN, type Paint } from './layout.ts'

export function renderCapacity(report: CapacityReport, paint: Paint = PLAIN): string[] {
  const { clients, within, gateway, connected, failed, radius } = report
  const shown = (failed === 0 ? paint.green : paint.red)(`${connected} connected, ${failed} failed`)
  return [
    `${paint.bold(String(clients))} clients dial ${paint.bold(gateway)} within ${formatDuration(within)}  ${shown}`,
    ...labelled('waits', waitsOf(report), paint),
    ...labelled('failed', report.failures.flatMap(failureLines), paint),
    ...labelled('first', report.saturated.slice(0, 1).flatMap(saturationLines), paint),
    ...labelled('then', report.saturated.slice(1).flatMap(saturationLines), paint),
    ...labelled('peaks', columns(report.peaks.filter(({ most }) => most > 0).map(peakRow)), paint),
    ...labelled(
      'radius',
      columns(
        radius.map(({ server, answered, repeated, givenUp }) => [
          server,
          `${answered} answered`,
          `${repeated} sent again`,
          `${givenUp} given up`,
        ]),
      ),
      paint,
    ),
    ...labelled('rests on', report.restsOn, paint),
  ]
}

const waitsOf = ({ waits }: CapacityReport): readonly string[] =>
  waits === undefined
    ? []
    : [
        `half ${formatDuration(waits.median)}, 90 % ${formatDuration(waits.of90)}, 99 % ${formatDuration(waits.of99)}, all ${formatDuration(waits.longest)} at most`,
      ]

const failureLines = ({ clients, cause, code, text, first }: FailureCount): readonly string[] => [
  `${clients} by ${cause}${code === undefined ? '' : `: ${code} ${text ?? ''}`}`,
  `  first ${first.client}, ${formatDuration(first.after)} after the beginning${first.why[0] === undefined ? '' : `: ${first.why[0]}`}`,
]

function saturationLines(of: Saturation): readonly string[] {
  const who = of.client === undefined ? '' : `, ${of.client}`
  const seen = of.code === undefined ? '' : `; ${of.refused} clients see ${of.code}`
  return [
    `${of.what} of ${of.node}, after ${formatDuration(of.after)}${who}: ${of.evidence}${seen}`,
    `  change: ${of.remedy}`,
  ]
}

const peakRow = ({ node, what, most, limit, after }: Peak): string[] => [
  node,
  what,
  limit === undefined ? String(most) : `${most} of ${limit}`,
  `+${formatDuration(after)}`,
]
