/**
 * What can be claimed of dialling a tunnel, as pure functions from the report to a finding; see `matchers.ts`.
 */
import type { Phase } from '../windows/connect/decision-table.ts'
import type { ConnectFailureKind } from '../windows/connect/failures.ts'
import type { Finding, StoryDiagnosis } from './failure.ts'
import type { ConnectReport } from './reports.ts'

/** Where a claim about a failed dial is narrowed to. */
export interface ConnectPlace {
  /** What the client's dialog shows; `null`: nothing. */
  readonly windows?: string | null
  readonly phase?: Phase
  /** Ids of events that hosts logged meanwhile, in any order. */
  readonly events?: readonly number[]
  /** Of NPS. */
  readonly reason?: number
}

export const connectMatchers = {
  /** The tunnel stands; `suite`: IKE agreed on it, or on one that begins so. */
  toBeConnected(
    report: ConnectReport,
    where: { readonly suite?: string; readonly events?: readonly number[] } = {},
  ): Finding {
    const isSuite = where.suite === undefined || report.suites?.ike.startsWith(where.suite) === true
    return finding(report, 'be connected', {
      pass: report.outcome === 'connected' && isSuite && hasEvents(report, where.events),
      expected: { outcome: 'connected', ...where },
    })
  },
  /** There is no tunnel, and this is why. */
  toFailToConnect(
    report: ConnectReport,
    failure: ConnectFailureKind,
    where: ConnectPlace = {},
  ): Finding {
    const { windows, phase, events, reason } = where
    const isShown = windows === undefined || (report.windows?.code ?? null) === windows
    return finding(report, `fail: ${failure}${placeText(where)}`, {
      pass:
        report.failure === failure &&
        isShown &&
        (phase === undefined || report.phase === phase) &&
        (reason === undefined || report.nps?.reason === reason) &&
        hasEvents(report, events),
      expected: { failure, ...where },
    })
  },
}

const hasEvents = ({ events }: ConnectReport, wanted: readonly number[] = []): boolean =>
  wanted.every((id) => events.some((event) => event.id === id))

const placeText = ({ windows, phase, events, reason }: ConnectPlace): string =>
  [
    phase === undefined ? '' : ` in ${phase}`,
    windows === undefined ? '' : windows === null ? ', and show nothing' : `, shown as ${windows}`,
    reason === undefined ? '' : `, reason ${reason} of NPS`,
    events === undefined ? '' : `, events ${events.join(', ')}`,
  ].join('')

function finding(
  report: ConnectReport,
  claim: string,
  what: Pick<Finding, 'pass' | 'expected'>,
): Finding {
  const { outcome, failure, phase, windows, nps, suites, events } = report
  return {
    subject: `${report.connection} of ${report.on}`,
    claim,
    found: foundText(report),
    actual: {
      outcome,
      phase,
      ...(failure !== undefined && { failure }),
      ...(windows !== undefined && { windows: windows.code }),
      ...(nps !== undefined && { reason: nps.reason }),
      ...(suites !== undefined && { suite: suites.ike }),
      events: events.flatMap(({ id }) => id ?? []),
    },
    ...what,
    causes: causesOf(report),
  }
}

function foundText({ outcome, failure, phase, windows, inner }: ConnectReport): string {
  if (outcome === 'connected') return `it was connected, as ${inner?.address}`
  if (outcome === 'not-attempted') return 'Windows did not dial'
  const shown = windows === undefined ? '' : `, shown as ${windows.code}`
  return `it failed in ${phase}: ${failure}${shown}`
}

/** Why there is no tunnel: one entry a line of `why`; none where there is one. */
export function causesOf({ failure, on, why }: ConnectReport): readonly StoryDiagnosis[] {
  if (failure === undefined) return []
  const lines = why.length > 0 ? why : [`there is no tunnel: ${failure}`]
  return lines.map((message) => ({ code: `connect/${failure}`, at: on, message }))
}
