/**
 * What came of asking a RADIUS server, as lines for a terminal: the outcome first, then who decided and why, then the log entries.
 * Not JSON, and never a key or a password: the report has none.
 */
import { formatDuration } from '../base/time.ts'
import { columns, labelled, PLAIN, type Paint } from './layout.ts'
import type { AuthenticationReport } from './reports.ts'

const OUTCOMES: Readonly<Record<AuthenticationReport['outcome'], string>> = {
  accepted: 'accepted',
  rejected: 'rejected',
  'no-answer': 'no server answered',
  abandoned: 'given up by the client',
  'not-attempted': 'not attempted',
}

export function renderAuthentication(report: AuthenticationReport, paint: Paint = PLAIN): string[] {
  const { on, user, method, outcome, server, requests, took } = report
  const shown = (outcome === 'accepted' ? paint.green : paint.red)(OUTCOMES[outcome])
  const by = server === undefined ? '' : ` by ${server}`
  const effort = `${requests} ${requests === 1 ? 'request' : 'requests'} in ${formatDuration(took)}`
  return [
    `${paint.bold(on)} asks for ${paint.bold(user)} (${method})  ${shown}${by}, ${effort}`,
    ...labelled('why', whyOf(report), paint),
    ...labelled('silent', report.silent ?? [], paint),
    ...labelled('client', clientOf(report), paint),
    ...labelled(
      'answer',
      columns(report.attributes.map(({ name, value }) => [name, value])),
      paint,
    ),
    ...labelled(
      'events',
      columns(
        report.events.map(({ node, source, id, text }) => [node, source, `${id ?? ''}`, text]),
      ),
      paint,
    ),
    ...labelled('rests on', report.restsOn ?? [], paint),
  ]
}

function whyOf({ nps, detail, keysAgree, resumed }: AuthenticationReport): readonly string[] {
  const decided =
    nps === undefined
      ? []
      : [
          `reason ${nps.reason}: ${nps.text}`,
          ...nps.why,
          ...(nps.connectionRequestPolicy === undefined
            ? []
            : [`connection request policy '${nps.connectionRequestPolicy}'`]),
          ...(nps.networkPolicy === undefined ? [] : [`network policy '${nps.networkPolicy}'`]),
        ]
  return [
    ...decided,
    ...(detail === undefined ? [] : [detail]),
    ...(resumed === true ? ['fast reconnect: the session before was resumed'] : []),
    ...(keysAgree === undefined
      ? []
      : [keysAgree ? 'both sides derived the same keys' : 'the sides derived different keys']),
  ]
}

const clientOf = ({ windows }: AuthenticationReport): readonly string[] =>
  windows === undefined ? [] : [`error ${windows.code} (${windows.name})`]
