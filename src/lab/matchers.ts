/**
 * What can be claimed of a report, as pure functions from the report to a {@link Finding}.
 * Used twice: by `expect` inside stories and by vitest's `expect` in scenarios. Nothing here throws or prints.
 */
import { inspect, isDeepStrictEqual } from 'node:util'
import type { Finding, StoryDiagnosis } from './failure.ts'
import type { Disposition, Hop, HttpReport, ProbeReport, ResolveReport } from './reports.ts'

const show = (value: unknown): string =>
  inspect(value, { depth: 4, breakLength: 100, maxArrayLength: 12, maxStringLength: 200 })

const CODES: Readonly<Record<Disposition, string>> = {
  delivered: 'net/delivered',
  denied: 'firewall/denied',
  rejected: 'firewall/rejected',
  'no-route': 'net/no-route',
  'no-listener': 'net/no-listener',
  'ttl-expired': 'net/ttl-expired',
  'too-big': 'net/too-big',
  lost: 'net/lost',
  malformed: 'net/malformed',
  unresolved: 'dns/unresolved',
}

const byRule = (rule: string | undefined): string =>
  rule === undefined ? '' : ` by rule '${rule}'`

/** The last step of the way back, when it was a drop: the request arrived and the reply did not. */
function replyDrop(hops: readonly Hop[]): StoryDiagnosis | undefined {
  const last = hops.at(-1)
  const step = last?.steps.findLast((step) => step.kind === 'drop')
  if (last === undefined || step === undefined || step.kind !== 'drop') return undefined
  const rule = step.rule === undefined ? {} : { rule: step.rule }
  const detail = step.detail === undefined ? '' : ` (${step.detail})`
  return {
    code: step.reason === 'filter' ? 'firewall/denied' : `net/${step.reason}`,
    at: last.node,
    message: `${last.node} dropped the reply${byRule(step.rule)}${detail}`,
    ...rule,
  }
}

function probeCauses(report: ProbeReport): readonly StoryDiagnosis[] {
  if (report.disposition === 'delivered') {
    const reply = report.replied ? undefined : replyDrop(report.replyHops)
    return reply === undefined ? [] : [reply]
  }
  const verb = report.disposition === 'rejected' ? 'refused' : 'dropped'
  const rule = report.rule === undefined ? {} : { rule: report.rule }
  const why = report.rule === undefined ? `: ${report.reason ?? report.disposition}` : ''
  const message = `${report.at} ${verb} ${report.target}${byRule(report.rule)}${why}`
  return [{ code: CODES[report.disposition], at: report.at, message, ...rule }]
}

function probeFound(report: ProbeReport): string {
  if (report.disposition !== 'delivered')
    return `it ended at ${report.at}: ${report.disposition}${byRule(report.rule)}`
  if (report.replied) return `it arrived at ${report.at} and was answered`
  const reply = replyDrop(report.replyHops)
  return `it arrived at ${report.at}, and ${reply?.message ?? 'no reply came back'}`
}

function probe(report: ProbeReport, claim: string, pass: boolean, expected: unknown): Finding {
  const { disposition, at, rule, replied } = report
  return {
    pass,
    subject: `a packet from ${report.from} to ${report.target}`,
    claim,
    found: probeFound(report),
    expected,
    actual: { disposition, at, ...(rule === undefined ? {} : { rule }), replied },
    causes: probeCauses(report),
  }
}

/** Where a claim is narrowed to: the node, and the rule, policy or block that decided. */
export interface Place {
  readonly at?: string
  readonly rule?: string
}

const placeText = ({ at, rule }: Place): string =>
  `${at === undefined ? '' : ` at ${at}`}${byRule(rule)}`

const endedAt = (report: ProbeReport, { at, rule }: Place): boolean =>
  (at === undefined || report.at === at) && (rule === undefined || report.rule === rule)

/** A network device stopped or lost it. A closed port and a missing route are no drops. */
const DROPS: readonly Disposition[] = [
  'denied',
  'rejected',
  'lost',
  'too-big',
  'ttl-expired',
  'malformed',
]

/** The interface by which the reply left its sender; undefined: there was none. */
function replyNic(report: ProbeReport): string | undefined {
  const sent = report.replyHops[0]?.steps.findLast((step) => step.kind === 'sent')
  return sent?.kind === 'sent' ? sent.nic : undefined
}

const translators = (report: ProbeReport): string[] =>
  report.hops
    .filter((hop) => hop.steps.some((step) => step.kind === 'translate'))
    .map((hop) => hop.node)

export const probeMatchers = {
  /** The packet reached a listener (of that node). Says nothing of a reply. */
  toArrive: (report: ProbeReport, where: Pick<Place, 'at'> = {}): Finding =>
    probe(
      report,
      `arrive${placeText(where)}`,
      report.disposition === 'delivered' && endedAt(report, where),
      { disposition: 'delivered', ...where },
    ),
  /** It arrived, and an answer came back to the sender; `by`: the network by which the answer left. */
  toBeAnswered(
    report: ProbeReport,
    where: { readonly at?: string; readonly by?: string } = {},
  ): Finding {
    const { at, by } = where
    const nic = replyNic(report)
    return probe(
      report,
      `be answered${placeText(at === undefined ? {} : { at })}${by === undefined ? '' : ` by way of ${by}`}`,
      report.disposition === 'delivered' &&
        report.replied &&
        (at === undefined || report.at === at) &&
        (by === undefined || nic === by),
      { disposition: 'delivered', replied: true, ...where },
    )
  },
  /** It arrived, and its answer did not come back; `at`: where the answer died. */
  toGoUnanswered(report: ProbeReport, where: Pick<Place, 'at'> = {}): Finding {
    const died = report.replyHops.at(-1)?.node
    return probe(
      report,
      `go unanswered${placeText(where)}`,
      report.disposition === 'delivered' &&
        !report.replied &&
        (where.at === undefined || died === where.at),
      { disposition: 'delivered', replied: false, ...where },
    )
  },
  /** It was dropped or refused on its way, there, by that rule. */
  toBeDropped: (report: ProbeReport, where: Place = {}): Finding =>
    probe(
      report,
      `be dropped${placeText(where)}`,
      DROPS.includes(report.disposition) && endedAt(report, where),
      { disposition: 'denied', ...where },
    ),
  /** Its way ended so, there, by that rule. */
  toFailWith: (
    report: ProbeReport,
    disposition: Exclude<Disposition, 'delivered'>,
    where: Place = {},
  ): Finding =>
    probe(
      report,
      `end with ${disposition}${placeText(where)}`,
      report.disposition === disposition && endedAt(report, where),
      { disposition, ...where },
    ),
  /** On its way there, exactly these nodes rewrote its addresses, in this order. */
  toBeTranslatedBy(report: ProbeReport, nodes: readonly string[]): Finding {
    const actual = translators(report)
    return {
      ...probe(
        report,
        `be translated by ${nodes.join(', ')}`,
        isDeepStrictEqual(actual, [...nodes]),
        nodes,
      ),
      found: actual.length === 0 ? 'nobody translated it' : `it was by ${actual.join(', ')}`,
      actual,
    }
  },
}

function resolveCauses(report: ResolveReport): readonly StoryDiagnosis[] {
  if (report.rcode === 'NOERROR') return []
  const asked =
    report.servers.length === 0 ? 'nobody was asked' : `asked ${report.servers.join(', ')}`
  const message = `${report.on}: ${report.name} ${report.type} is ${report.rcode}, ${asked}`
  return [{ code: `dns/${report.rcode.toLowerCase()}`, at: report.on, message }]
}

const resolved = (
  report: ResolveReport,
  what: Pick<Finding, 'claim' | 'pass' | 'found' | 'expected' | 'actual'>,
): Finding => ({
  subject: `${report.name} ${report.type} on ${report.on}`,
  ...what,
  causes: resolveCauses(report),
})

const namespaceText = (rule: string | undefined): string =>
  rule === undefined ? 'no NRPT rule' : `NRPT rule '${rule}'`

export const resolveMatchers = {
  /** NOERROR, and the data of the answers of the asked type are exactly these, in any order. */
  toResolveTo(report: ResolveReport, data: string | readonly string[]): Finding {
    const expected = [data].flat().toSorted()
    const actual = report.answers
      .filter((answer) => answer.type === report.type)
      .map((answer) => answer.data)
      .toSorted()
    const got = actual.length === 0 ? report.rcode : actual.join(', ')
    return resolved(report, {
      pass: report.rcode === 'NOERROR' && isDeepStrictEqual(actual, expected),
      claim: `resolve to ${expected.join(', ')}`,
      found: `the answer was ${got}`,
      expected,
      actual,
    })
  },
  toHaveRcode: (report: ResolveReport, rcode: string): Finding =>
    resolved(report, {
      pass: report.rcode === rcode,
      claim: `answer ${rcode}`,
      found: `it answered ${report.rcode}`,
      expected: rcode,
      actual: report.rcode,
    }),
  /** The NRPT rule of this namespace chose the servers; undefined: none did. */
  toUseRule: (report: ResolveReport, namespace: string | undefined): Finding =>
    resolved(report, {
      pass: report.nrptRule === namespace,
      claim: `follow ${namespaceText(namespace)}`,
      found: `it followed ${namespaceText(report.nrptRule)}`,
      expected: namespace,
      actual: report.nrptRule,
    }),
  /** Exactly these servers were asked, in this order. */
  toHaveAsked(report: ResolveReport, servers: string | readonly string[]): Finding {
    const expected = [servers].flat()
    const asked = report.servers
    return resolved(report, {
      pass: isDeepStrictEqual([...asked], expected),
      claim: `ask ${expected.length === 0 ? 'nobody' : expected.join(', ')}`,
      found: asked.length === 0 ? 'nobody was asked' : `it asked ${asked.join(', ')}`,
      expected,
      actual: asked,
    })
  },
}

function httpCauses({ on, url, status, outcome, detail }: HttpReport): readonly StoryDiagnosis[] {
  if (status !== undefined) return []
  const message = `${on} got no answer from ${url}: ${detail ?? outcome}`
  return [{ code: `http/${outcome}`, at: on, message }]
}

export const httpMatchers = {
  toHaveStatus: (report: HttpReport, status: number): Finding => ({
    pass: report.status === status,
    subject: `GET ${report.url} from ${report.on}`,
    claim: `answer ${status}`,
    found:
      report.status === undefined ? `it ended ${report.outcome}` : `it answered ${report.status}`,
    expected: status,
    actual: report.status ?? report.outcome,
    causes: httpCauses(report),
  }),
}

const plain = (received: unknown, claim: string, pass: boolean, expected?: unknown): Finding => ({
  pass,
  subject: show(received),
  claim,
  found: pass ? 'it does' : 'it does not',
  expected,
  actual: received,
})

export const valueMatchers = {
  toBe: (received: unknown, expected: unknown): Finding =>
    plain(received, `be ${show(expected)}`, Object.is(received, expected), expected),
  toEqual: (received: unknown, expected: unknown): Finding =>
    plain(received, `equal ${show(expected)}`, isDeepStrictEqual(received, expected), expected),
  /** A string that contains the text, or a list that contains the value. */
  toContain: (received: unknown, part: unknown): Finding =>
    plain(
      received,
      `contain ${show(part)}`,
      (typeof received === 'string' && typeof part === 'string' && received.includes(part)) ||
        (Array.isArray(received) && received.includes(part)),
      part,
    ),
  toMatch: (received: unknown, pattern: RegExp): Finding =>
    plain(
      received,
      `match ${String(pattern)}`,
      typeof received === 'string' && pattern.test(received),
      pattern,
    ),
  toHaveLength: (received: unknown, length: number): Finding => {
    const got = (received as { readonly length?: unknown } | null | undefined)?.length
    return plain(received, `have length ${length}`, got === length, length)
  },
  toBeDefined: (received: unknown): Finding =>
    plain(received, 'be defined', received !== undefined),
  toBeGreaterThan: (received: unknown, bound: number): Finding =>
    plain(
      received,
      `be greater than ${bound}`,
      typeof received === 'number' && received > bound,
      bound,
    ),
  toBeLessThan: (received: unknown, bound: number): Finding =>
    plain(
      received,
      `be less than ${bound}`,
      typeof received === 'number' && received < bound,
      bound,
    ),
}
