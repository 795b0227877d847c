/**
 * What came of a dial: told from what the client saw, and from what the gateway and NPS wrote into their books. Not the dial (`connect.ts`).
 * No key and no password is in a report.
 */
import { formatIpv4, formatPrefix } from '../base/address.ts'
import { between, type Instant } from '../base/time.ts'
import type { Trace } from '../net/trace.ts'
import type { Connected } from '../node/vpn-client/contract.ts'
import type { NpsDecision } from '../node/nps/decision.ts'
import type { Assumptions } from '../windows/assumptions.ts'
import { connectVerdict } from '../windows/connect/decisions.ts'
import type { ConnectFailure } from '../windows/connect/failures.ts'
import { outcome, type WindowsCode } from '../windows/outcomes.ts'
import { dialBy, type RasClientLog } from './ras-client-log.ts'
import { eventsSince, npsPart } from './authentication-report.ts'
import { failureOf, find, whyOf } from './connect-failure.ts'
import type { Attempt, Journey } from './connect.ts'
import { lastSeen } from './last-seen.ts'
import type { DialNotes } from './dial-notes.ts'
import type { ConnectReport, TunnelReport } from './reports.ts'

export interface Told {
  readonly journey: Journey
  readonly on: string
  readonly began: Instant
  readonly now: Instant
  /** Of the trace: everything after it belongs to the dial. */
  readonly firstEvent: number
  readonly trace: Trace
  /** What the gateway knows of the dial, and what NPS decided of it, if it did. */
  /** Of each attempt. */
  readonly notes: readonly DialNotes[]
  readonly decision: NpsDecision | undefined
  readonly log: RasClientLog
  readonly assume: Assumptions
}

/** The last entry of the client's log is made here: its code follows from all that is known. */
export function connectReport(told: Told): ConnectReport {
  const { journey, on, began, now, decision, notes, log } = told
  const session = notes.at(-1)?.session
  const logged = eventsSince(told.trace, told.firstEvent).flatMap(({ id }) => id ?? [])
  const { trace, firstEvent } = told
  const known = {
    journey,
    notes,
    decision,
    logged,
    lastSeen: (protocol: number, port: number) =>
      lastSeen(trace.since(firstEvent), { from: on, protocol, port }),
  }
  const failure = failureOf(known)
  const last = journey.attempts.at(-1)
  const verdict = failure && verdictOf(failure, told)
  if (verdict?.windows !== undefined) log.failed(verdict.windows.code as WindowsCode)
  const restsOn = [
    ...new Set([
      ...journey.trigger.restsOn,
      ...(decision?.restsOn ?? []),
      ...(verdict?.restsOn ?? []),
      ...notes.flatMap((note) => note.restsOn ?? []),
    ]),
  ]
  const outcome =
    failure === undefined
      ? 'connected'
      : failure.kind === 'not-attempted'
        ? 'not-attempted'
        : 'failed'
  return {
    on,
    tunnel: journey.tunnel,
    connection: journey.name,
    server: last?.server ?? journey.server,
    ...(journey.user !== undefined && { user: journey.user }),
    outcome,
    phase: verdict?.phase ?? 'P6',
    phases: journey.phases.map(({ phase, at, text }) => ({
      phase,
      after: between(began, at),
      text,
    })),
    took: between(began, now),
    ...(last?.end?.kind === 'connected' && { inner: innerOf(journey, last, last.end) }),
    ...suitesOf(last?.reports ?? []),
    ...(failure !== undefined && { failure: failure.kind }),
    why: failure === undefined ? [] : whyOf(known, failure),
    ...(verdict?.windows !== undefined && { windows: verdict.windows }),
    ...(session !== undefined && { session }),
    ...(decision !== undefined && { nps: npsPart(decision) }),
    events: eventsSince(told.trace, told.firstEvent),
    ...(restsOn.length > 0 && { restsOn }),
  }
}

function verdictOf(failure: ConnectFailure, { journey, assume }: Told) {
  const { protocol = 'IKEv2' } = journey.attempts.at(-1) ?? {}
  const dial = dialBy(protocol, journey.tunnel === 'device')
  const { code, phase, restsOn } = connectVerdict(failure, dial, assume)
  const windows =
    code === undefined ? undefined : outcome(code, restsOn.length > 0 ? { restsOn } : {})
  return { phase, restsOn, windows }
}

const innerOf = (
  { tunnel, name }: Journey,
  { protocol }: Attempt,
  end: Connected,
): TunnelReport => ({
  tunnel,
  protocol,
  connection: name,
  gateway: formatIpv4(end.server),
  address: formatIpv4(end.address),
  dns: end.dns.map(formatIpv4),
  routes: end.routes.routes.map(({ to, out }) => ({ to: formatPrefix(to), by: out })),
  natTraversal: end.carriage === 'udp',
})

function suitesOf(reports: Attempt['reports']): Partial<Pick<ConnectReport, 'suites'>> | undefined {
  const ike = find(reports, 'ike/agreed')?.text
  const esp = find(reports, 'ike/child-established')?.text
  return ike === undefined ? undefined : { suites: { ike, ...(esp !== undefined && { esp }) } }
}
