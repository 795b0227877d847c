/**
 * The note under a failed claim: because of what, seen in which packets. A colleague's few lines, not a log.
 * Not diagnosis proper: causes come from the report that was judged, or else from the drops that were seen.
 */
import { formatDuration, between, type Instant } from '../base/time.ts'
import type { TraceEvent } from '../net/trace.ts'
import { describeFrame } from '../wire/describe.ts'
import type { StoryDiagnosis } from './failure.ts'

const CAUSES_MAX = 4
const PACKETS_MAX = 4

type Dropped = Extract<TraceEvent, { kind: 'dropped' }>

const byRule = (rule: string | undefined): string =>
  rule === undefined ? '' : ` by rule '${rule}'`

function causeOf(drop: Dropped): StoryDiagnosis {
  const what = drop.frame === undefined ? 'a packet' : describeFrame(drop.frame)
  const why = drop.detail ?? (drop.rule === undefined ? drop.reason : '')
  return {
    code: drop.reason === 'filter' ? 'firewall/denied' : `net/${drop.reason}`,
    at: drop.node,
    message: `${drop.node} dropped ${what}${byRule(drop.rule)}${why === '' ? '' : `: ${why}`}`,
    ...(drop.rule === undefined ? {} : { rule: drop.rule }),
  }
}

/** One a node and rule: five retransmissions are one cause. */
function causesOf(drops: readonly Dropped[]): StoryDiagnosis[] {
  const seen = new Map<string, StoryDiagnosis>()
  for (const drop of drops) {
    const key = `${drop.node} ${drop.reason} ${drop.rule ?? ''}`
    if (!seen.has(key)) seen.set(key, causeOf(drop))
  }
  return [...seen.values()]
}

function packetText(drop: Dropped): string {
  const what = drop.frame === undefined ? (drop.detail ?? 'a packet') : describeFrame(drop.frame)
  return `${drop.nic ?? drop.node}  ${what}   dropped at ${drop.node}${byRule(drop.rule)}`
}

/** One line a packet, with how often it was sent again and dropped again. */
function packetLines(drops: readonly Dropped[], start: Instant): string[] {
  const seen = new Map<string, { readonly at: Instant; times: number }>()
  for (const drop of drops) {
    const text = packetText(drop)
    const known = seen.get(text)
    if (known === undefined) seen.set(text, { at: drop.at, times: 1 })
    else known.times++
  }
  return [...seen].slice(0, PACKETS_MAX).map(([text, { at, times }]) => {
    const again = times === 1 ? '' : `, ${times} times`
    return `+${formatDuration(between(start, at))}  ${text}${again}`
  })
}

const inColumns = (lines: readonly string[], first: string, next: string): string[] =>
  lines.map((line, i) => `  ${(i === 0 ? first : next).padEnd(7)}  ${line}`)

export interface Note {
  readonly causes: readonly StoryDiagnosis[]
  /** The lines, with the causes as they were located meanwhile. */
  write(causes: readonly StoryDiagnosis[]): string[]
}

/** `events`: what happened since the claim before. `causes`: what the report itself says; without any, the drops speak. */
export function noteOf(from: {
  readonly causes: readonly StoryDiagnosis[]
  readonly events: readonly TraceEvent[]
  readonly start: Instant
}): Note {
  const drops = from.events.filter((event): event is Dropped => event.kind === 'dropped')
  const known = from.causes.map((cause) => `${cause.at} ${cause.rule ?? ''}`)
  const more = causesOf(drops).filter((cause) => !known.includes(`${cause.at} ${cause.rule ?? ''}`))
  const packets = packetLines(drops, from.start)
  return {
    causes: [...from.causes, ...more].slice(0, CAUSES_MAX),
    write: (causes) => [
      ...inColumns(causes.map(causeLine), 'because', 'also'),
      ...inColumns(packets, 'packets', ''),
    ],
  }
}

function causeLine({ code, message, location }: StoryDiagnosis): string {
  const where =
    location === undefined ? '' : `  (${location.file}:${location.line}:${location.column})`
  return `${code}  ${message}${where}`
}
