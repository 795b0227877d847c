/**
 * From the cause of a failed dial to what Windows shows and logs, by the decision table ({@link ./decision-table.ts}).
 *
 * The order is not that of seriousness: an ESP mismatch shows in the last message of IKE_AUTH only, after the certificate and after NPS; NPS
 * chooses its policy before its own certificate is seen; a device shows its certificate before it sees the gateway's.
 */
import type { PathFailureCode } from '../../pki/profile/failure.ts'
import { ASSUMPTIONS, type Assumptions } from '../assumptions.ts'
import type { GatewayEvent } from '../nps/gateway-events.ts'
import { clientCodeOf, isNpsReason, NPS_REASONS, type NpsReason } from '../nps/reasons.ts'
import { discardReason, discardSystemEvent } from '../nps/system-events.ts'
import type { WindowsCode } from '../outcomes.ts'
import type { RasClientEvent } from '../ras-client-events.ts'
import {
  DECISION_ORDER,
  DECISIONS,
  type Cell,
  type Certainty,
  type CodeAssumption,
  type DecisionRow,
  type Entry,
  type Phase,
} from './decision-table.ts'
import type { ConnectFailure, Dial } from './failures.ts'

const COLUMN = { 'ikev2-user': 'user', 'ikev2-device': 'device', 'sstp-user': 'sstp' } as const

/** An event of NPS: Security, as far as it is audited, or System. */
export interface NpsEntry {
  readonly log: 'Security' | 'System'
  readonly id: number
  readonly reason?: NpsReason
}

export interface ConnectVerdict {
  readonly row: DecisionRow
  readonly phase: Phase
  /** What the client shows. Absent: nothing, since nothing was dialled. */
  readonly code?: WindowsCode
  readonly certainty: Certainty
  /** Names of assumptions without which it could be another code, or other events. */
  readonly restsOn: readonly string[]
  /** What RasClient logs in the client's Application log, in order. */
  readonly client: readonly RasClientEvent['id'][]
  /** What RemoteAccess logs in the gateway's System log, in order. */
  readonly gateway: readonly GatewayEvent['id'][]
  /** What decides on NPS's side. Event 6278 beside a 6272 is NPS's own affair. */
  readonly nps: readonly NpsEntry[]
}

/** Part of a verdict, and the assumptions behind it. */
interface Resting<T> {
  readonly value: T
  readonly restsOn: readonly string[]
}
const certain = <T>(value: T): Resting<T> => ({ value, restsOn: [] })

/** What Windows shows and logs of a failure. Throws RangeError for one that cannot happen to that dial. */
export function connectVerdict(
  failure: ConnectFailure,
  dial: Dial,
  assume: Assumptions = ASSUMPTIONS,
): ConnectVerdict {
  const entry = DECISIONS[failure.kind]
  const cell = entry[COLUMN[dial]]
  if (cell === undefined) throw new RangeError(`${failure.kind} cannot happen to ${dial}`)
  const phase = phaseOf(failure, entry, cell)
  const code = codeOf(failure, dial, cell, assume)
  const client = clientEvents(phase, dial, assume)
  const gateway = gatewayEvents(failure, dial, entry, assume)
  const nps = dial === 'ikev2-device' ? certain([]) : npsEntries(failure, entry, assume)
  return {
    row: decisionRow(failure),
    phase,
    ...(code.value !== undefined && { code: code.value }),
    certainty: cell[1],
    restsOn: [...new Set([code, client, gateway, nps].flatMap(({ restsOn }) => restsOn))],
    client: client.value,
    gateway: gateway.value,
    nps: nps.value,
  }
}

// ── rows and their order ──

/** The row that a failure stands in. */
export function decisionRow(failure: ConnectFailure): DecisionRow {
  return failure.kind === 'nps-rejected' ? rowOfReason(failure.reason) : DECISIONS[failure.kind].row
}

/** 14: identity and policy, which NPS looks at first · 14b: EAP does not even begin · 15: what was shown as proof. */
function rowOfReason(reason: NpsReason): '14' | '14b' | '15' {
  // 22: no type of EAP in common; 269: no algorithm of TLS, so that nobody has seen a certificate yet.
  if (reason === 22 || reason === 269) return '14b'
  // Allowed-Certificate-OID belongs to the policy, yet speaks of the certificate.
  if (reason === 73) return '15'
  const { kind } = NPS_REASONS[reason]
  return kind === 'certificate' || kind === 'credentials' || kind === 'eap' ? '15' : '14'
}

/** Rows in the order in which this dial meets them. */
export function decisionOrder(
  dial: Dial,
  { userCertificateMissed }: Pick<Assumptions, 'userCertificateMissed'> = ASSUMPTIONS,
): readonly DecisionRow[] {
  const order = DECISION_ORDER[dial]
  if (userCertificateMissed === 'inside-tls') return order
  return order
    .filter((row) => row !== '11')
    .flatMap((row): readonly DecisionRow[] => (row === '13' ? ['11', '13'] : [row]))
}

/** Of several things that are wrong, the one that this dial meets first; undefined where none of them can happen to it. */
export function firstMet(
  failures: readonly ConnectFailure[],
  dial: Dial,
  assume: Assumptions = ASSUMPTIONS,
): ConnectFailure | undefined {
  const order = decisionOrder(dial, assume)
  return failures
    .filter((failure) => DECISIONS[failure.kind][COLUMN[dial]] !== undefined)
    .toSorted((a, b) => order.indexOf(decisionRow(a)) - order.indexOf(decisionRow(b)))[0]
}

const phaseOf = (failure: ConnectFailure, { phase }: Entry, cell: Cell): Phase =>
  failure.kind === 'no-answer' && failure.waitedFor === 'IKE_AUTH' ? 'P3' : (cell[2] ?? phase)

// ── the code ──

function codeOf(
  failure: ConnectFailure,
  dial: Dial,
  [cell]: Cell,
  assume: Assumptions,
): Resting<WindowsCode | undefined> {
  if (cell === 'nothing') return certain(undefined)
  if (failure.kind === 'nps-rejected') {
    const { reason, credentials = 'certificate' } = failure
    const tunnel = dial === 'sstp-user' ? 'sstp' : 'ikev2'
    const { code, restsOn } = clientCodeOf(reason, assume, { credentials, tunnel })
    return { value: code, restsOn }
  }
  if ('outcome' in failure) return outcomeCode(failure, dial, assume)
  if (!Object.hasOwn(assume, cell)) return certain(cell as WindowsCode)
  const code = assume[cell as CodeAssumption]
  // As for every answer of NPS: over PPP, what has no number of its own looks like wrong credentials.
  const isPpp = cell === 'clientCodeOfSilence' && dial === 'sstp-user' && code === '812'
  return { value: isPpp ? '691' : code, restsOn: [cell] }
}

const UNTRUSTED: readonly (PathFailureCode | undefined)[] = [
  'pki/untrusted-root',
  'pki/missing-intermediate',
]

/** Where field reports have both codes for a chain that one side of a device tunnel does not trust. */
const UNTRUSTED_BY = {
  'server-certificate-rejected': 'deviceCodeOfUntrustedServer',
  'device-certificate-rejected': 'deviceCodeOfUntrustedDevice',
} as const

function outcomeCode(
  failure: Extract<ConnectFailure, { outcome: unknown }>,
  dial: Dial,
  assume: Assumptions,
): Resting<WindowsCode> {
  if (dial === 'ikev2-device' && failure.kind !== 'nps-certificate-rejected') {
    const assumption = UNTRUSTED_BY[failure.kind]
    if (UNTRUSTED.includes(failure.failure)) {
      return { value: assume[assumption], restsOn: [assumption] }
    }
  }
  const { code, restsOn = [] } = failure.outcome
  return { value: code as WindowsCode, restsOn }
}

// ── the client's log ──

const FAILED = 20227

/**
 * What RasClient has logged of a dial that has come to `phase`, without an end. PPP's stages are documented; those of IKEv2 are not.
 * P6: the dial has succeeded.
 */
export function clientEventsUntil(
  phase: Phase,
  dial: Dial,
  { rasClientStagesOfIke: stages }: Pick<Assumptions, 'rasClientStagesOfIke'> = ASSUMPTIONS,
): readonly RasClientEvent['id'][] {
  if (phase === 'P0') return []
  const isUp = phase >= 'P6'
  const isLinked =
    dial === 'sstp-user' || stages === 'as-ppp'
      ? phase >= 'P4'
      : isUp || (stages === 'at-once' && phase >= 'P2')
  const linked = isLinked ? ([20223, 20224] as const) : []
  return [20221, 20222, ...linked, ...(isUp ? ([20225] as const) : [])]
}

function clientEvents(
  phase: Phase,
  dial: Dial,
  assume: Assumptions,
): Resting<readonly RasClientEvent['id'][]> {
  if (phase === 'P0') return certain([])
  // Without an address there is no device to speak of, whichever the stages are.
  const isSure = dial === 'sstp-user' || phase === 'P1'
  return {
    value: [...clientEventsUntil(phase, dial, assume), FAILED],
    restsOn: isSure ? [] : ['rasClientStagesOfIke'],
  }
}

// ── the logs of gateway and NPS ──

/** Nobody has published what RRAS logs of a dial that the client gives up, or whose last message is refused. */
const ABANDONED = 20255

function gatewayEvents(
  failure: ConnectFailure,
  dial: Dial,
  { gateway = [] }: Entry,
  assume: Assumptions,
): Resting<readonly GatewayEvent['id'][]> {
  const isUnresolved = failure.kind === 'radius-silent' && failure.cause === 'unresolved'
  const logged = gateway.map((id) => (isUnresolved && id === 20146 ? 20148 : id))
  const users = ofUsers(logged, dial, assume)
  const isUnsure = users.value.includes(ABANDONED)
  return {
    value: assume.gatewayLogsAbandonedDials
      ? users.value
      : users.value.filter((id) => id !== ABANDONED),
    restsOn: [...users.restsOn, ...(isUnsure ? ['gatewayLogsAbandonedDials'] : [])],
  }
}

const OF_USERS: readonly GatewayEvent['id'][] = [20250, 20272, 20274, 20275]

/** A device is no user; whether RRAS calls it one in its log, no source says. */
function ofUsers(
  ids: readonly GatewayEvent['id'][],
  dial: Dial,
  { gatewayLogsDevices }: Assumptions,
): Resting<readonly GatewayEvent['id'][]> {
  if (dial !== 'ikev2-device' || !ids.some((id) => OF_USERS.includes(id))) return certain(ids)
  const value = gatewayLogsDevices === 'as-users' ? ids : ids.filter((id) => !OF_USERS.includes(id))
  return { value, restsOn: ['gatewayLogsDevices'] }
}

/** What is logged of a dial that succeeds. */
export function connectedEvents(
  dial: Dial,
  assume: Assumptions = ASSUMPTIONS,
): Pick<ConnectVerdict, 'client' | 'gateway' | 'nps' | 'restsOn'> {
  const gateway = ofUsers([20250, 20274], dial, assume)
  return {
    client: clientEventsUntil('P6', dial, assume),
    gateway: gateway.value,
    nps: dial === 'ikev2-device' ? [] : [GRANTED],
    restsOn: gateway.restsOn,
  }
}

function npsEntries(
  failure: ConnectFailure,
  { nps }: Entry,
  assume: Assumptions,
): Resting<readonly NpsEntry[]> {
  if (nps === 'granted') return certain([GRANTED])
  if (nps === 'no-certificate') {
    const assumption = 'reasonOfNoServerCertificate'
    return { value: [denied(assume[assumption])], restsOn: [assumption] }
  }
  if (failure.kind === 'nps-rejected') return certain([denied(failure.reason)])
  if (failure.kind === 'nps-certificate-rejected') {
    const { code } = failure.outcome.reason ?? {}
    return certain(code !== undefined && isNpsReason(code) ? [denied(code)] : [])
  }
  return failure.kind === 'radius-silent' ? silentEntries(failure.cause, assume) : certain([])
}

const GRANTED: NpsEntry = { log: 'Security', id: 6272 }
const denied = (reason: NpsReason): NpsEntry => ({ log: 'Security', id: 6273, reason })

function silentEntries(
  cause: Extract<ConnectFailure, { kind: 'radius-silent' }>['cause'],
  assume: Assumptions,
): Resting<readonly NpsEntry[]> {
  if (cause === undefined || cause === 'unreachable' || cause === 'unresolved') return certain([])
  const { id, restsOn } = discardSystemEvent(cause, assume)
  const reason = discardReason(cause)
  return {
    value: [
      ...(id === undefined ? [] : [{ log: 'System', id } as const]),
      ...(reason === undefined ? [] : [{ log: 'Security', id: 6274, reason } as const]),
    ],
    restsOn,
  }
}
