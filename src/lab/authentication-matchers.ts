/**
 * What can be claimed of asking a RADIUS server, as pure functions from the report to a finding; see `matchers.ts`.
 * A code of Windows or of an event log is only what people see: a claim may name the policy, too, that was the reason.
 */
import type { NpsReason } from '../windows/nps/reasons.ts'
import type { Finding, StoryDiagnosis } from './failure.ts'
import type { AuthenticationReport } from './reports.ts'

/** Where a claim about a rejection is narrowed to. */
export interface RejectionPlace {
  /** What the client's dialog shows. */
  readonly windows?: string
  /** The id of one event that any host logged meanwhile. */
  readonly event?: number
  /** The network policy, or the connection request policy, that decided. */
  readonly policy?: string
}

export const authenticationMatchers = {
  /** A server let the user in; `policy`: by that network or connection request policy. */
  toBeAccepted(report: AuthenticationReport, where: Pick<RejectionPlace, 'policy'> = {}): Finding {
    return authentication(report, `be accepted${policyText(where.policy)}`, {
      pass: report.outcome === 'accepted' && isBy(report, where.policy),
      expected: { outcome: 'accepted', ...where },
    })
  },
  /** A server turned the user down, and NPS wrote this reason down. */
  toBeRejectedFor(
    report: AuthenticationReport,
    reason: NpsReason,
    where: RejectionPlace = {},
  ): Finding {
    return authentication(report, `be rejected for reason ${reason}${placeText(where)}`, {
      pass: report.outcome === 'rejected' && isFor(report, reason, where),
      expected: { outcome: 'rejected', reason, ...where },
    })
  },
  /** Nobody was told anything: NPS wrote this reason down, and was silent; or its answer came to nobody. */
  toBeDiscardedFor(
    report: AuthenticationReport,
    reason: NpsReason,
    where: RejectionPlace = {},
  ): Finding {
    return authentication(report, `be discarded for reason ${reason}${placeText(where)}`, {
      pass: report.outcome === 'no-answer' && isFor(report, reason, where),
      expected: { outcome: 'no-answer', reason, ...where },
    })
  },
  /** The client gave up, because of what the server showed. */
  toBeAbandoned(report: AuthenticationReport, where: Omit<RejectionPlace, 'policy'> = {}): Finding {
    return authentication(report, `be given up by the client${placeText(where)}`, {
      pass: report.outcome === 'abandoned' && isShown(report, where),
      expected: { outcome: 'abandoned', ...where },
    })
  },
  /** No server answered. `servers`: exactly these were found silent; `requests`: so many packets were sent in vain. */
  toGetNoAnswer(
    report: AuthenticationReport,
    where: { readonly servers?: readonly string[]; readonly requests?: number } = {},
  ): Finding {
    const { servers, requests } = where
    const silent = report.silent ?? []
    const of = servers === undefined ? '' : ` from ${servers.join(', ')}`
    const after = requests === undefined ? '' : ` to ${requests} requests`
    return authentication(report, `get no answer${of}${after}`, {
      pass:
        report.outcome === 'no-answer' &&
        (requests === undefined || report.requests === requests) &&
        (servers === undefined ||
          (servers.length === silent.length && servers.every((each) => silent.includes(each)))),
      expected: { outcome: 'no-answer', ...where },
    })
  },
}

function authentication(
  report: AuthenticationReport,
  claim: string,
  what: Pick<Finding, 'pass' | 'expected'>,
): Finding {
  const { outcome, nps, windows, server, requests } = report
  return {
    subject: `${report.user} at ${report.on} (${report.method})`,
    claim,
    found: foundText(report),
    actual: {
      outcome,
      ...(server !== undefined && { server }),
      ...(nps !== undefined && { reason: nps.reason, policy: nps.networkPolicy }),
      ...(windows !== undefined && { windows: windows.code }),
      events: report.events.flatMap(({ id }) => id ?? []),
      requests,
    },
    ...what,
    causes: causesOf(report),
  }
}

const isBy = ({ nps }: AuthenticationReport, policy: string | undefined): boolean =>
  policy === undefined || nps?.networkPolicy === policy || nps?.connectionRequestPolicy === policy

const isShown = (
  report: AuthenticationReport,
  { windows, event, policy }: RejectionPlace,
): boolean =>
  (windows === undefined || report.windows?.code === windows) &&
  (event === undefined || report.events.some(({ id }) => id === event)) &&
  isBy(report, policy)

const isFor = (report: AuthenticationReport, reason: NpsReason, where: RejectionPlace): boolean =>
  report.nps?.reason === reason && isShown(report, where)

const policyText = (policy: string | undefined): string =>
  policy === undefined ? '' : ` by policy '${policy}'`

const placeText = ({ windows, event, policy }: RejectionPlace): string =>
  [
    policyText(policy),
    windows === undefined ? '' : `, shown as ${windows}`,
    event === undefined ? '' : `, event ${event}`,
  ].join('')

function foundText({ outcome, server, nps, silent = [], windows, requests }: AuthenticationReport) {
  const by = server === undefined ? '' : ` by ${server}`
  const reason = nps === undefined ? '' : `, reason ${nps.reason}: ${nps.text}`
  const policy = policyText(nps?.networkPolicy ?? nps?.connectionRequestPolicy)
  const shown = windows === undefined ? '' : `; the client shows ${windows.code}`
  switch (outcome) {
    case 'accepted':
      return `it was accepted${by}${policy}`
    case 'rejected':
      return `it was rejected${by}${reason}${policy}${shown}`
    case 'no-answer':
      return `${silent.join(', ') || 'no server'} did not answer ${requests} requests${reason}`
    case 'abandoned':
      return `the client gave up${shown}${reason}`
    case 'not-attempted':
      return `the client has nothing to show${shown}`
  }
}

/** What NPS says was in the way first, then what hosts logged: the log is where a colleague would look. */
function causesOf(report: AuthenticationReport): readonly StoryDiagnosis[] {
  const { outcome, nps, detail, events } = report
  if (outcome === 'accepted') return []
  const decided = (nps?.why ?? []).map((message) => ({
    code: `nps/reason-${nps!.reason}`,
    at: report.server ?? events.find(({ source }) => source !== 'RemoteAccess')?.node ?? report.on,
    message,
  }))
  const own = detail === undefined ? [] : [{ code: 'eap/failed', at: report.on, message: detail }]
  const logged = events.map(({ node, source, id, text }) => ({
    code: id === undefined ? 'event' : `event/${id}`,
    at: node,
    message: `${source} on ${node}: ${text}`,
  }))
  return [...decided, ...own, ...logged]
}
