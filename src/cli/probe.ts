/**
 * `sallyport probe`: sends one packet through the lab and tells its way. Holds when it arrives.
 */
import { formatInstant, instant } from '../base/time.ts'
import type { ProbeQuery } from '../lab/lab.ts'
import { renderProbe, renderTrace } from '../lab/render.ts'
import type { Hop } from '../lab/reports.ts'
import { refused, type Answer } from './answer.ts'
import type { LabCommandOptions } from './options.ts'
import { openLab, unknownNode } from './open-lab.ts'
import type { Terminal } from './terminal.ts'

export interface ProbeOptions extends LabCommandOptions {
  readonly from: string
  readonly to: string
  readonly udp?: number | undefined
  readonly tcp?: number | undefined
  readonly icmp?: true | undefined
  readonly esp?: true | undefined
  readonly trace?: true | undefined
}

function queryOf({ from, to, udp, tcp, esp }: ProbeOptions): ProbeQuery {
  if (udp !== undefined) return { from, to, udp }
  if (tcp !== undefined) return { from, to, tcp }
  return esp === true ? { from, to, esp } : { from, to, icmp: true }
}

const withDates = (hops: readonly Hop[]) =>
  hops.map(({ at, ...hop }) => ({ ...hop, at: formatInstant(at) }))

export async function probe(
  topology: string | undefined,
  options: ProbeOptions,
  { colors }: Terminal,
): Promise<Answer> {
  const opened = await openLab(topology, options)
  if (!opened.ok) return refused(...opened.error)
  const unknown = unknownNode('--from', options.from, opened.value)
  if (unknown !== undefined) return refused(unknown)

  const { lab } = opened.value
  const report = await lab.probe(queryOf(options))
  const start = options.at ?? instant(lab.topology.start)
  const trace = (paint?: Terminal['colors']): string[] =>
    options.trace === true ? renderTrace(lab.trace.events, start, paint) : []
  return {
    kind: 'answered',
    holds: report.disposition === 'delivered',
    document: {
      ...report,
      hops: withDates(report.hops),
      replyHops: withDates(report.replyHops),
      ...(options.trace === true ? { packets: trace() } : {}),
    },
    lines: [...trace(colors), ...renderProbe(report, colors)],
  }
}
