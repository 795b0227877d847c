/**
 * What came of dialling a tunnel, as lines for a terminal: the outcome first, then the phases with their times, then what Windows shows and why.
 * Not JSON, and never a key or a password: the report has none.
 */
import { formatDuration } from '../base/time.ts'
import type { Phase } from '../windows/connect/decision-table.ts'
import { columns, labelled, PLAIN, type Paint } from './layout.ts'
import type { ConnectReport } from './reports.ts'

const OUTCOMES: Readonly<Record<ConnectReport['outcome'], string>> = {
  connected: 'connected',
  failed: 'failed',
  'not-attempted': 'not dialled',
}

const PHASES: Readonly<Record<Phase, string>> = {
  P0: 'trigger',
  P1: 'public DNS',
  P2: 'link',
  P3: 'gateway',
  P4: 'user',
  P5: 'address',
  P6: 'interface',
  P7: 'data',
  P8: 'upkeep',
  P9: 'end',
}

export function renderConnect(report: ConnectReport, paint: Paint = PLAIN): string[] {
  const { on, connection, server, user, outcome, took } = report
  const shown = (outcome === 'connected' ? paint.green : paint.red)(OUTCOMES[outcome])
  const who = user === undefined ? 'as itself' : `for ${paint.bold(user)}`
  return [
    `${paint.bold(on)} dials ${paint.bold(connection)} to ${server} ${who}  ${shown} after ${formatDuration(took)}`,
    ...labelled('phases', phasesOf(report), paint),
    ...labelled('suites', suitesOf(report), paint),
    ...labelled('tunnel', tunnelOf(report), paint),
    ...labelled('routes', routesOf(report), paint),
    ...labelled('client', clientOf(report), paint),
    ...labelled('why', whyOf(report), paint),
    ...labelled('events', eventsOf(report), paint),
    ...labelled('rests on', report.restsOn ?? [], paint),
  ]
}

const phasesOf = ({ phases }: ConnectReport): readonly string[] =>
  columns(
    phases.map(({ phase, after, text }) => [
      phase,
      PHASES[phase],
      `+${formatDuration(after)}`,
      text,
    ]),
  )

const suitesOf = ({ suites }: ConnectReport): readonly string[] =>
  suites === undefined
    ? []
    : columns([['IKE', suites.ike], ...(suites.esp === undefined ? [] : [['ESP', suites.esp]])])

function tunnelOf({ inner }: ConnectReport): readonly string[] {
  if (inner === undefined) return []
  const { address, gateway, dns, protocol, natTraversal } = inner
  const esp = natTraversal ? 'ESP in UDP 4500: somebody translates' : 'ESP as protocol 50'
  const carried = protocol === 'SSTP' ? 'SSTP: PPP in TLS, TCP 443' : esp
  return columns([
    ['address', address],
    ['gateway', `${gateway}, ${carried}`],
    ['DNS', dns.join(', ') || 'none'],
  ])
}

const routesOf = ({ inner }: ConnectReport): readonly string[] =>
  columns(
    (inner?.routes ?? []).map(({ to, by }) => [
      to,
      by === 'tunnel' ? 'into the tunnel' : 'past it',
    ]),
  )

const clientOf = ({ windows }: ConnectReport): readonly string[] =>
  windows === undefined ? [] : [`error ${windows.code} (${windows.name})`]

function whyOf({ failure, why, nps }: ConnectReport): readonly string[] {
  const decided =
    nps === undefined || failure === undefined ? [] : [`reason ${nps.reason} of NPS: ${nps.text}`]
  return [...(failure === undefined ? [] : [failure]), ...decided, ...why]
}

const eventsOf = ({ events }: ConnectReport): readonly string[] =>
  columns(events.map(({ node, source, id, text }) => [node, source, `${id ?? ''}`, text]))
