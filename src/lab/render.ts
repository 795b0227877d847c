/**
 * Reports as lines for a terminal: what holds first, then the evidence.
 * Not JSON and not the note under a failed claim (`lab/note.ts`). Colours come from the caller; without them the text is plain.
 */
import { between, formatDuration, type Instant } from '../base/time.ts'
import type { DropReason, TraceEvent } from '../net/trace.ts'
import { describeFrame } from '../wire/describe.ts'
import { columns, labelled, PLAIN, type Paint } from './layout.ts'
import type { Hop, HopStep, ProbeReport, ResolveReport } from './reports.ts'

const quoted = (rule: string | undefined): string =>
  rule === undefined ? '' : ` by rule '${rule}'`

/** What a node did with a packet that it dropped; the subject is the node. */
const DROP_WORDS: Readonly<Record<DropReason, string>> = {
  filter: 'refused it',
  blocked: 'blocks it',
  'no-mapping': 'has no NAT mapping for it',
  'nat-clash': 'could not translate it',
  'fragment-dropped': 'drops fragments',
  'vlan-not-allowed': 'does not let its VLAN through',
  martian: 'does not accept its source address there',
  'no-route': 'has no route for it',
  'not-forwarding': 'is not a router',
  'no-listener': 'has nothing listening there',
  'ttl-expired': 'saw its TTL run out',
  'too-big': 'could not send it on: too big, and it may not be fragmented',
  malformed: 'could not make sense of it',
  'bad-checksum': 'found its checksum wrong',
  'no-neighbour': 'got no answer to its ARP request',
  'link-lost': 'lost it on the link',
  'queue-full': 'had no room for it in its queue',
  'reassembly-timeout': 'waited in vain for its other fragments',
  'not-modelled': 'cannot handle it: this protocol is not modelled',
  'host-down': 'is down',
  fault: 'lost it to a fault',
}

function endWords(report: ProbeReport): string {
  const { at, disposition, reason } = report
  if (disposition === 'unresolved') return `${at} could not resolve the name`
  const did =
    disposition === 'rejected'
      ? 'rejected it'
      : reason === undefined
        ? 'was the last to see it'
        : DROP_WORDS[reason]
  return `${at} ${did}${quoted(report.rule)}`
}

/** The verdict, then the way there and the way back, a line a hop. */
export function renderProbe(report: ProbeReport, paint: Paint = PLAIN): string[] {
  const arrived = report.disposition === 'delivered'
  const way = `${paint.bold(report.from)} → ${paint.bold(report.target)}`
  const end = arrived
    ? `${paint.green('delivered')}${report.replied ? ', and answered' : `, ${paint.red('but no answer came back')}`}`
    : `${paint.red(report.disposition)}: ${endWords(report)}`
  const start = report.hops[0]?.at ?? report.replyHops[0]?.at
  return [
    `${way}  ${end}`,
    ...labelled('there', renderHops(report.hops, start, paint), paint),
    ...labelled('back', renderHops(report.replyHops, start, paint), paint),
  ]
}

/** Times count from `start`. */
function renderHops(hops: readonly Hop[], start: Instant | undefined, paint: Paint): string[] {
  return columns(
    hops.map((hop) => [
      `+${formatDuration(between(start ?? hop.at, hop.at))}`,
      hop.node,
      hop.steps
        .filter((step) => !isToldByDrop(step))
        .map((step) => renderStep(step, paint))
        .join(', '),
    ]),
  )
}

/** A rule that drops is named by the drop that follows. */
const isToldByDrop = (step: HopStep): boolean =>
  step.kind === 'filter' && (step.verdict === 'drop' || step.verdict === 'reject')

/** One step in words: `rule 'ike' accept (forward)`, `received from dmz`. */
function renderStep(step: HopStep, paint: Paint): string {
  switch (step.kind) {
    case 'sent':
      return `sent to ${step.nic}`
    case 'received':
      return `received from ${step.nic}`
    case 'filter':
      return `${step.hook} rule '${step.rule}': ${step.verdict}`
    case 'translate':
      return `${step.from} became ${step.to} by '${step.rule}'`
    case 'forward':
      return `routed to ${step.nic} via ${step.via}`
    case 'deliver':
      return paint.green(`delivered to ${step.to}`)
    case 'drop': {
      const detail = step.detail === undefined ? '' : ` (${step.detail})`
      return paint.red(`dropped: ${step.reason}${quoted(step.rule)}${detail}`)
    }
  }
}

/** The rcode, the answers in columns, who was asked and why. */
export function renderResolve(report: ResolveReport, paint: Paint = PLAIN): string[] {
  const rcode = (report.rcode === 'NOERROR' ? paint.green : paint.red)(report.rcode)
  const count = report.answers.length
  const records = count === 1 ? '1 record' : `${count} records`
  const cached = report.fromCache ? ', from the cache' : ''
  const answers = report.answers.map(({ name, ttl, type, data }) => [name, `${ttl}`, type, data])
  const nrpt = report.nrptRule === undefined ? [] : [report.nrptRule]
  return [
    `${paint.bold(report.on)} asks for ${paint.bold(report.name)} ${report.type}  ${rcode}, ${records}${cached}`,
    ...labelled('answer', columns(answers), paint),
    ...labelled('asked', report.servers, paint),
    ...labelled('NRPT', nrpt, paint),
    ...labelled('why', report.why, paint),
  ]
}

/**
 * `--trace`: one line for each frame at the interface that sent it, and for each drop. Times count from `start`.
 * `+12 ms  gateway/perimeter  10.0.0.5.500 > …`
 */
export function renderTrace(
  events: readonly TraceEvent[],
  start: Instant,
  paint: Paint = PLAIN,
): string[] {
  const rows = events.flatMap((event): string[][] => {
    const when = `+${formatDuration(between(start, event.at))}`
    if (event.kind === 'sent') {
      return [[when, `${event.node}/${event.nic}`, describeFrame(event.frame)]]
    }
    if (event.kind !== 'dropped') return []
    const what = event.frame === undefined ? '' : `${describeFrame(event.frame)}  `
    const nic = event.nic === undefined ? event.node : `${event.node}/${event.nic}`
    const detail = event.detail === undefined ? '' : ` (${event.detail})`
    const drop = `dropped: ${event.reason}${quoted(event.rule)}${detail}`
    return [[when, nic, `${what}${paint.red(drop)}`]]
  })
  return columns(rows)
}
