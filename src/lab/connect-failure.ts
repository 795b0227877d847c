/**
 * Why a dial came to no tunnel: from what the client saw and what the gateway and NPS know, to a cause of the decision table. What the client
 * shows of it is not settled here, but in `windows/connect`; and no packet is looked at.
 */
import { formatIpv4 } from '../base/address.ts'
import type { IkeReport } from '../engine/ikev2/report.ts'
import type { NpsDecision } from '../node/nps/decision.ts'
import type { ChainJudgement } from '../node/relying-party.ts'
import type { WindowsOutcome } from '../pki/profile/profile.ts'
import type { ConnectFailure, RadiusSilence } from '../windows/connect/failures.ts'
import { outcome } from '../windows/outcomes.ts'
import type { Attempt, Journey } from './connect.ts'
import type { DialNotes } from './dial-notes.ts'
import { sstpFailure } from './sstp-failure.ts'
import { PROTOCOL } from '../wire/ipv4.ts'

/** Everything that is known of a dial. */
export interface Known {
  readonly journey: Journey
  /** Of each attempt of the journey, in their order. */
  readonly notes: readonly DialNotes[]
  readonly decision: NpsDecision | undefined
  /** Numbers of the events that any host logged meanwhile. */
  readonly logged: readonly number[]
  /** Where the client's packets to a port of the gateway ended, one line a place. */
  readonly lastSeen: (protocol: number, port: number) => readonly string[]
}

/** What is known of one attempt. */
interface Tried extends Omit<Known, 'notes'> {
  readonly attempt: Attempt
  readonly notes: DialNotes
}

/** The cause as the decision table knows it. Undefined: nothing failed. */
export function failureOf(known: Known): ConnectFailure | undefined {
  const { attempts, trigger, unresolved, server } = known.journey
  if (trigger.why !== undefined) return { kind: 'not-attempted', why: trigger.why }
  if (unresolved !== undefined) return { kind: 'name-unresolved', name: server }
  // Of several addresses the last tells how its protocol fared.
  const isLast = (i: number): boolean => attempts[i + 1]?.protocol !== attempts[i]?.protocol
  const failures = attempts.flatMap((attempt, i) =>
    isLast(i) ? (attemptFailure({ ...known, attempt, notes: known.notes[i] ?? {} }) ?? []) : [],
  )
  if (attempts.at(-1)?.end?.kind === 'connected') return undefined
  const [only] = failures
  if (failures.length === 1 || only?.kind === 'not-attempted') return only
  // What the user is refused for is told; a protocol that does not get so far is one of several.
  return attempts.at(-1)?.isAuthenticating === true
    ? failures.at(-1)
    : { kind: 'automatic-all-failed', failures }
}

function attemptFailure(tried: Tried): ConnectFailure | undefined {
  const { end, reports, gatewayJudged } = tried.attempt
  if (end === undefined || end.kind === 'connected') return undefined
  switch (end.kind) {
    case 'no-network':
      return { kind: 'not-attempted', why: 'no-network' }
    case 'port-taken':
      return { kind: 'no-port' }
    case 'no-child':
      return childFailure(reports)
    case 'over':
      return linkFailure(tried) ?? proofFailure(tried)
    case 'untrusted':
    case 'tcp':
    case 'tls-failed':
    case 'sstp-over':
      return rejectedBy(gatewayJudged) ?? sstpFailure(end, reports) ?? userFailure(tried)
  }
}

function rejectedBy(judgement: ChainJudgement | undefined): ConnectFailure | undefined {
  const judged = rejectedOutcome(judgement)
  return judged && { kind: 'server-certificate-rejected', ...judged }
}

export const find = <K extends IkeReport['kind']>(
  reports: Attempt['reports'],
  kind: K,
): Extract<IkeReport, { readonly kind: K }> | undefined =>
  reports.find((report): report is Extract<IkeReport, { readonly kind: K }> => report.kind === kind)

// ── before anybody proves anything ──

const REFUSALS = { 'no-port': 'no-port', 'too-many-from-one': 'too-many-sas' } as const

function linkFailure({ attempt, notes }: Tried): ConnectFailure | undefined {
  const { end, reports } = attempt
  if (notes.refused !== undefined) return { kind: REFUSALS[notes.refused] }
  if (notes.over === 'not-established') return { kind: 'negotiate-time-over' }
  const silent = find(reports, 'ike/timed-out')
  if (silent?.exchange === 'IKE_SA_INIT')
    return { kind: 'no-answer', waitedFor: 'IKE_SA_INIT', port: 500 }
  if (silent?.exchange === 'IKE_AUTH')
    return { kind: 'no-answer', waitedFor: 'IKE_AUTH', port: 4500 }
  const mismatch = find(reports, 'ike/no-proposal-chosen')
  const isMismatch =
    mismatch?.exchange === 'IKE_SA_INIT' ||
    (end?.kind === 'over' && end.why === 'invalid-ke-payload')
  return isMismatch ? { kind: 'ike-proposal-mismatch' } : undefined
}

// ── who proves what to whom ──

function proofFailure(tried: Tried): ConnectFailure {
  const { journey, attempt, notes } = tried
  switch (notes.fault?.code) {
    case 'method-not-accepted':
      return { kind: 'method-not-accepted', method: notes.fault.got }
    case 'no-certificate':
      return { kind: 'server-certificate-missing' }
    default:
  }
  const rejected = rejectedBy(attempt.gatewayJudged)
  if (rejected !== undefined) return rejected
  return journey.tunnel === 'device' ? deviceFailure(tried) : userFailure(tried)
}

function deviceFailure({ attempt: { end }, notes: { device } }: Tried): ConnectFailure {
  if (end?.kind === 'over' && end.why === 'no-certificate') {
    return { kind: 'device-certificate-missing' }
  }
  // The gateway says AUTHENTICATION_FAILED and no more (RFC 7296 §2.21.2).
  const rejected = rejectedOutcome(device)
  return { kind: 'device-certificate-rejected', outcome: outcome('13801'), ...rejected }
}

function userFailure({ journey, attempt, notes, decision, logged }: Tried): ConnectFailure {
  if (journey.nothing !== undefined) return { kind: 'no-user-certificate' }
  const nps = rejectedOutcome(journey.npsJudged)
  if (nps !== undefined) return { kind: 'nps-certificate-rejected', outcome: nps.outcome }
  if (notes.asked === 'no-answer') return { kind: 'radius-silent', ...silenceOf(logged) }
  if (decision?.result === 'denied') {
    if (decision.restsOn.includes('reasonOfNoServerCertificate')) {
      return { kind: 'nps-certificate-missing' }
    }
    const credentials = journey.manner?.endsWith('-tls') === true ? 'certificate' : 'password'
    return { kind: 'nps-rejected', reason: decision.reason, credentials }
  }
  if (decision?.result !== 'granted') return { kind: 'radius-silent' }
  // Over SSTP the gateway hangs up for want of an address after the user was let in.
  return { kind: attempt.protocol === 'SSTP' ? 'no-address' : 'auth-mismatch' }
}

/** What NPS logs where it throws a request away, and the gateway where it finds no server. */
const SILENCES: readonly (readonly [event: number, cause: RadiusSilence])[] = [
  [20148, 'unresolved'],
  [13, 'unknown-client'],
  [18, 'bad-message-authenticator'],
  [17, 'missing-message-authenticator'],
  [4419, 'missing-message-authenticator-all'],
  [4418, 'proxy-state'],
  [14, 'bad-authenticator'],
]

function silenceOf(logged: readonly number[]): { readonly cause?: RadiusSilence } {
  const found = SILENCES.find(([event]) => logged.includes(event))
  if (found !== undefined) return { cause: found[1] }
  // 6274: it has thrown the request away for a reason of its own.
  return logged.includes(6274) ? {} : { cause: 'unreachable' }
}

// ── IKE stands ──

function childFailure(reports: Attempt['reports']): ConnectFailure {
  const notify = find(reports, 'ike/child-refused')?.notify
  if (notify === 'INTERNAL_ADDRESS_FAILURE') return { kind: 'no-address' }
  if (notify === 'TS_UNACCEPTABLE') return { kind: 'ts-unacceptable' }
  return { kind: 'esp-proposal-mismatch' }
}

function rejectedOutcome(judgement: ChainJudgement | undefined):
  | {
      readonly failure: ChainJudgement['failures'][number]['code']
      readonly outcome: WindowsOutcome
    }
  | undefined {
  if (judgement === undefined || judgement.valid) return undefined
  const { failures, windows } = judgement
  const [first] = failures
  return first === undefined || windows === undefined
    ? undefined
    : { failure: first.code, outcome: windows }
}

// ── in words ──

/** What was in the way, one line each, most telling first. */
export function whyOf(known: Known, failure: ConnectFailure): readonly string[] {
  const { journey, notes, decision } = known
  switch (failure.kind) {
    case 'not-attempted':
      return journey.trigger.steps
    case 'name-unresolved':
      return [`${failure.name} has no address: the resolver says ${journey.unresolved}`]
    case 'no-answer':
      return failure.waitedFor === 'TCP'
        ? [
            `nothing came back from ${triedText(journey)}, TCP ${failure.port}`,
            ...known.lastSeen(PROTOCOL.tcp, failure.port),
          ]
        : [
            `nothing came back from ${triedText(journey)} to ${failure.waitedFor}, UDP ${failure.port}`,
            ...known.lastSeen(PROTOCOL.udp, failure.port),
          ]
    case 'automatic-all-failed':
      return failure.failures.flatMap((each, i) => {
        const by = [...new Set(journey.attempts.map(({ protocol }) => protocol))][i] ?? ''
        const lines = whyOf(known, each)
        return (lines.length > 0 ? lines : [each.kind]).map((line) => `${by}: ${line}`)
      })
    case 'no-port':
      return ['the gateway has no free port of the protocol']
    case 'too-many-sas':
      return ['the gateway has as many IKE SAs with this address as one peer may have']
    case 'server-certificate-missing':
      return ['the gateway has no certificate that it could show']
    case 'server-certificate-rejected':
      return linesOf(refusedGateway(journey))
    case 'method-not-accepted':
      return [`the gateway does not accept ${METHODS[failure.method]}`]
    case 'device-certificate-missing':
      return ['the computer has no certificate below an authority that the gateway asks for']
    case 'device-certificate-rejected':
      return linesOf(notes.at(-1)?.device)
    case 'nps-certificate-rejected':
      return linesOf(journey.npsJudged)
    case 'no-user-certificate':
      return journey.nothing?.why ?? []
    case 'radius-silent':
      return ['no RADIUS server answered the gateway', ...silenceText(failure.cause)]
    case 'nps-rejected':
    case 'nps-certificate-missing':
      return decision?.why ?? []
    default:
      return PLAIN[failure.kind] ?? []
  }
}

/** Where there is one address, its name says enough. */
function triedText({ attempts, server }: Journey): string {
  const tried = new Set(attempts.map((each) => `${each.server} (${formatIpv4(each.address)})`))
  return tried.size > 1 ? [...tried].join(' or ') : server
}

const METHODS = {
  eap: 'EAP, by which users come',
  certificate: 'certificates, by which devices come',
} as const

const PLAIN: Readonly<Partial<Record<ConnectFailure['kind'], readonly string[]>>> = {
  'ike-proposal-mismatch': ['the gateway accepts none of the IKE suites that the client offers'],
  'esp-proposal-mismatch': ['the gateway accepts none of the ESP suites that the client offers'],
  'ts-unacceptable': ['client and gateway have no traffic in common that the tunnel could carry'],
  'negotiate-time-over': ['authentication was not finished within NegotiateTime of the gateway'],
  'no-address': ['the gateway has no address to give'],
  'auth-mismatch': ['client and gateway have different keys of EAP'],
}

const SILENCE_TEXTS: Readonly<Partial<Record<RadiusSilence, string>>> = {
  unresolved: 'the name of the server has no address',
  'unknown-client': 'NPS knows no RADIUS client with the address of the gateway',
  'bad-message-authenticator': 'the shared secrets differ',
  'bad-authenticator': 'the shared secrets differ',
  'missing-message-authenticator': 'NPS demands Message-Authenticator of this client',
  'missing-message-authenticator-all': 'NPS demands Message-Authenticator of all',
}

const silenceText = (cause: RadiusSilence | undefined): readonly string[] => {
  const text = cause === undefined ? undefined : SILENCE_TEXTS[cause]
  return text === undefined ? [] : [text]
}

/** Several protocols may have been shown the same certificate. */
const refusedGateway = ({ attempts }: Journey): ChainJudgement | undefined =>
  attempts.findLast(({ gatewayJudged }) => gatewayJudged?.valid === false)?.gatewayJudged

const linesOf = (judgement: ChainJudgement | undefined): readonly string[] =>
  (judgement?.failures ?? []).map(({ subject, message }) => `${subject} ${message}`)
