/**
 * What came of asking a RADIUS server about a user: told from the answer, from the client's own side, and from what NPS decided.
 * Not the asking: `authentication.ts` does that. No key and no password is in a report.
 */
import { between } from '../base/time.ts'
import type { EapFault } from '../engine/eap/method.ts'
import type { Trace } from '../net/trace.ts'
import type { EapEnd } from '../node/eap-peer.ts'
import { keysMatch, type NasOutcome } from '../node/nas/nas.ts'
import type { NpsDecision } from '../node/nps/decision.ts'
import type { ChainJudgement } from '../node/relying-party.ts'
import type { WindowsOutcome } from '../pki/profile/profile.ts'
import type { Assumptions } from '../windows/assumptions.ts'
import { clientCodeOf, NPS_REASONS, reasonOf } from '../windows/nps/reasons.ts'
import { outcome as windowsOutcome } from '../windows/outcomes.ts'
import { describeRadiusAttributes } from '../wire/radius/describe.ts'
import type { EapManner, NothingToShow } from './eap-client.ts'
import type { DecisionOf, Gateway } from './gateway.ts'
import type { AuthenticateOptions, AuthenticationMethod } from './lab.ts'
import type { AuthenticationReport } from './reports.ts'
import type { ServiceContext, ServiceNode } from './service-context.ts'

/** What the verb needs of the lab. */
export interface AuthenticationEnv {
  readonly gateway: Gateway
  /** Where the user sits. */
  readonly client: ServiceNode | undefined
  /** Of the client; of the gateway where there is none. */
  readonly home: ServiceContext
  readonly trace: Trace
  readonly decisionOf: DecisionOf
  readonly assume: Assumptions
}

export interface Attempt {
  readonly env: AuthenticationEnv
  readonly options: AuthenticateOptions
  readonly user: { readonly name: string; readonly password: string }
  readonly manner: Exclude<AuthenticationMethod, 'profile'>
  /** The client's judgement of NPS, once it has made one. */
  judgement?: ChainJudgement
}

const MANNERS: Readonly<Record<Exclude<AuthenticationMethod, 'profile'>, string>> = {
  'peap-tls': 'PEAP with EAP-TLS',
  'peap-mschapv2': 'PEAP with EAP-MSCHAP v2',
  'eap-tls': 'EAP-TLS',
  'eap-mschapv2': 'EAP-MSCHAP v2',
  pap: 'PAP',
  chap: 'CHAP',
  'ms-chap': 'MS-CHAP',
  'ms-chap-v2': 'MS-CHAP v2',
  none: 'no authentication',
}

export const isEap = (manner: string): manner is EapManner => /^(?:peap|eap)-/.test(manner)

/** Reports of one attempt: everything that happens from here on belongs to it. */
export interface Reporting {
  readonly sessionId: string
  notAttempted(why: NothingToShow): AuthenticationReport
  report(outcome: NasOutcome, end: EapEnd | undefined): AuthenticationReport
}

export function reportingOf(attempt: Attempt, sessionId: string): Reporting {
  const { gateway, trace } = attempt.env
  const { stack } = gateway.context
  const began = stack.now
  const sentBefore = gateway.client.sent
  const firstEvent = trace.events.at(-1)?.id ?? 0
  const base = () => ({
    on: stack.name,
    user: attempt.options.identity ?? attempt.user.name,
    method: MANNERS[attempt.manner],
    requests: gateway.client.sent - sentBefore,
    took: between(began, stack.now),
    events: eventsSince(trace, firstEvent),
  })
  return {
    sessionId,
    notAttempted: ({ windows, why }) => ({
      ...base(),
      outcome: 'not-attempted',
      attributes: [],
      windows,
      ...(why.length > 0 && { detail: why.join('; ') }),
    }),
    report: (outcome, end) => ({ ...base(), ...told(attempt, outcome, { sessionId, end }) }),
  }
}

/** What hosts wrote into their event logs after the event of that id. */
export const eventsSince = (trace: Trace, firstEvent: number): AuthenticationReport['events'] =>
  trace.ofKind('logged', firstEvent).map(({ node, source, eventId, text }) => ({
    node,
    source,
    text,
    ...(eventId !== undefined && { id: eventId }),
  }))

/** The part of the report that tells what came of it. */
function told(
  attempt: Attempt,
  outcome: NasOutcome,
  { sessionId, end }: { readonly sessionId: string; readonly end: EapEnd | undefined },
): Pick<AuthenticationReport, 'outcome' | 'attributes'> & Partial<AuthenticationReport> {
  const { env } = attempt
  const decision = env.decisionOf(sessionId, askedOf(outcome))
  const isOwnRefusal = end?.code === 'eap/failed' && end.fault.code === 'eap/certificate-refused'
  const kind = isOwnRefusal ? 'abandoned' : outcome.kind
  const answered = outcome.kind === 'accepted' || outcome.kind === 'rejected' ? outcome : undefined
  const keysAgree =
    answered?.keys !== undefined && end?.code === 'eap/succeeded'
      ? keysMatch(end.msk, answered.keys)
      : answered?.checked?.keysAgree
  const windows = kind === 'accepted' ? undefined : shownTo(attempt, kind, decision, isOwnRefusal)
  const detail = end?.code === 'eap/failed' ? faultText(end.fault) : undefined
  const restsOn = [...new Set([...(decision?.restsOn ?? []), ...(windows?.restsOn ?? [])])]
  return {
    outcome: kind,
    attributes: (answered === undefined ? [] : describeRadiusAttributes(answered.packet.attributes))
      .filter(
        (line) =>
          !line.endsWith('=…') && !/^(?:EAP-Message|Message-Authenticator|State|Class)=/.test(line),
      )
      .map((line) => {
        const at = line.indexOf('=')
        return { name: line.slice(0, at), value: line.slice(at + 1) }
      }),
    ...(answered !== undefined && { server: answered.server }),
    ...(kind === 'accepted' && { session: sessionId }),
    ...(outcome.kind === 'no-answer' && { silent: outcome.servers }),
    ...(decision !== undefined && { nps: npsPart(decision) }),
    ...(windows !== undefined && { windows }),
    ...(keysAgree !== undefined && { keysAgree }),
    ...(decision?.isResumed === true && { resumed: true }),
    ...(detail !== undefined && { detail }),
    ...(restsOn.length > 0 && { restsOn }),
  }
}

function askedOf(outcome: NasOutcome): readonly string[] {
  if (outcome.kind === 'no-answer') return outcome.servers
  return outcome.kind === 'abandoned' ? [] : [outcome.server]
}

export function npsPart({
  result,
  reason,
  record,
  why,
}: NpsDecision): NonNullable<AuthenticationReport['nps']> {
  const { connectionRequestPolicy, networkPolicy } = record
  return {
    event: result === 'granted' ? 6272 : result === 'denied' ? 6273 : 6274,
    reason,
    text: NPS_REASONS[reason].text,
    why,
    ...(connectionRequestPolicy !== undefined && { connectionRequestPolicy }),
    ...(networkPolicy !== undefined && { networkPolicy }),
  }
}

const NO_SERVER_CERTIFICATE = 'reasonOfNoServerCertificate'

/** What the client's dialog says. */
function shownTo(
  { env, judgement, manner }: Attempt,
  kind: AuthenticationReport['outcome'],
  decision: NpsDecision | undefined,
  isOwnRefusal: boolean,
): WindowsOutcome {
  if (isOwnRefusal && judgement?.windows !== undefined) return judgement.windows
  if (kind === 'no-answer' || decision === undefined) {
    return windowsOutcome(env.assume.clientCodeOfSilence, { restsOn: ['clientCodeOfSilence'] })
  }
  const { reason } = decision
  // NPS had nothing to show: the client misses its root, whatever number NPS gives it.
  if (decision.restsOn.includes(NO_SERVER_CERTIFICATE)) {
    return windowsOutcome('864', { reason: reasonOf(reason), restsOn: [NO_SERVER_CERTIFICATE] })
  }
  const credentials = isEap(manner) && manner.endsWith('-tls') ? 'certificate' : 'password'
  const { code, restsOn } = clientCodeOf(reason, env.assume, { credentials })
  return windowsOutcome(code, {
    reason: reasonOf(reason),
    ...(restsOn.length > 0 && { restsOn }),
  })
}

/** The fault in the client's own words. */
function faultText(fault: EapFault): string {
  switch (fault.code) {
    case 'eap/certificate-refused':
      return `the client turned the server’s certificate down: ${fault.failure}`
    case 'eap/tls-failed':
    case 'eap/malformed':
    case 'eap/out-of-sequence':
      return `${fault.code}: ${fault.detail}`
    default:
      return `the client’s side says ${fault.code}`
  }
}
