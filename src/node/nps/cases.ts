/**
 * A request while NPS decides it: what is known of it so far, and the ends that it can come to. Shared by the stages.
 * Not the stages: `access.ts` has the policies, `eap-conversation.ts` what lies between a challenge and the last answer.
 */
import type { Host } from '../../net/sockets.ts'
import type { RadiusAttributeSetting } from '../../topology/nps.ts'
import {
  authorise,
  type LocalChoice,
  type NpsPolicyServer,
  type PolicyReject,
} from '../../windows/nps/decision.ts'
import type { AccessRecord, OpenRecord } from '../../windows/nps/events.ts'
import type { NpsReason } from '../../windows/nps/reasons.ts'
import type { OpenRequest } from '../../windows/nps/request.ts'
import type { RadiusPacket } from '../../wire/radius/packet.ts'
import type { NpsDecision } from './decision.ts'
import type { NpsDeps } from './deps.ts'
import type { AccountView } from './directory.ts'
import type { KnownCredentials } from './facts.ts'
import type { TlsMemory } from './offers.ts'
import type { Proof } from './passwords.ts'

/** What is to be answered; keys and credentials' own attributes go with an acceptance. */
export type AccessOutcome =
  | {
      readonly kind: 'accept'
      readonly decision: NpsDecision
      readonly proof: Proof
      readonly eap?: Uint8Array
    }
  | {
      readonly kind: 'reject'
      readonly decision: NpsDecision
      readonly eap?: Uint8Array
      /** MS-CHAP-Error and the like. */
      readonly proof?: Proof
    }
  | { readonly kind: 'challenge'; readonly eap: Uint8Array; readonly conversation: Conversation }
  /** Silence. `decision`: it is logged all the same. */
  | { readonly kind: 'discard'; readonly decision?: NpsDecision; readonly detail: string }
  | {
      readonly kind: 'forward'
      readonly group: string
      readonly record: AccessRecord
      readonly userName?: string
    }

export type Done = (outcome: AccessOutcome) => void

/** A request whose EAP goes on: the next Access-Request brings its State. */
export interface Conversation {
  readonly id: string
  packet(bytes: Uint8Array, record: AccessRecord, done: Done): void
  stop(): void
}

export interface AccessContext {
  readonly host: Host
  readonly deps: NpsDeps
  readonly memory: TlsMemory
  /** 16 bytes that no conversation had before. */
  readonly nextState: () => Uint8Array
  /** Called when a peer has left: the conversation is over, and nobody is answered. */
  readonly onAbandoned: (conversation: Conversation, decision: NpsDecision) => void
}

/** What is known of a request while it is being decided. */
export interface Case {
  readonly context: AccessContext
  readonly packet: RadiusPacket
  readonly credentials: KnownCredentials
  /** The case's own, as the record is: what becomes known is written into them, until a policy was chosen. */
  readonly facts: OpenRequest
  readonly record: OpenRecord
}

/** A request for which a policy was chosen. */
export interface Known extends Case {
  readonly choice: LocalChoice
  readonly account: AccountView | undefined
}

/** Credentials were good: hold the policy to whoever they belong to. */
export function finish(
  known: Known,
  ending: {
    readonly proof: Proof
    readonly eap?: Uint8Array
    readonly isResumed?: boolean
  },
  done: Done,
): void {
  const { context, choice, facts, account } = known
  const request = {
    ...facts,
    at: context.host.wallClock,
    ...(account !== undefined && { account }),
  }
  const verdict = authorise(policyServer(context), choice, request)
  const { eap } = ending
  const carried = eap === undefined ? {} : { eap: asFailure(eap) }
  if (verdict.result === 'denied') return done(refusedBy(known, verdict, carried))
  const { networkPolicy } = verdict
  const record =
    known.record.networkPolicy === networkPolicy ? known.record : { ...known.record, networkPolicy }
  done({
    kind: 'accept',
    decision: {
      at: context.host.wallClock,
      result: 'granted',
      reason: 0,
      record,
      why: [],
      trail: verdict.networkPolicyTrail,
      attributes: verdict.attributes,
      isResumed: ending.isResumed === true,
      restsOn: choice.restsOn,
    },
    proof: ending.proof,
    ...(eap !== undefined && { eap }),
  })
}

/** EAP-Failure with the identifier of a Success that must not be sent. */
export const asFailure = (success: Uint8Array): Uint8Array => Uint8Array.of(4, success[1]!, 0, 4)

/** Look a name up, and note whose it is; who has none that is known is turned down. */
export function whose(
  asked: Case,
  name: string,
  then: (account: AccountView) => void,
  done: Done,
): void {
  const { directory } = asked.context.deps
  if (directory === undefined) {
    const why = ['this server is no member of a domain, and its own accounts have no such user']
    return done(rejected(asked, { reason: 32, why }))
  }
  directory.lookup(name, (found) => {
    if (!found.ok) return done(rejected(asked, { reason: found.reason, why: [found.detail] }))
    const { account } = found
    const { sid, distinguishedName } = account
    asked.record.user = {
      name: account.name,
      domain: asked.context.deps.netbios(),
      sid,
      fullyQualifiedName: distinguishedName,
    }
    then(account)
  })
}

export function policyServer({ deps }: AccessContext): NpsPolicyServer {
  return { spec: deps.spec(), isRegistered: deps.isRegistered(), assume: deps.assume() }
}

// ── ends ──

export interface Refusal {
  readonly reason: NpsReason
  readonly why: readonly string[]
  readonly trail?: NpsDecision['trail']
  readonly restsOn?: NpsDecision['restsOn']
}

export const decided = (
  { context, record }: Pick<Case, 'context' | 'record'>,
  attributes: readonly RadiusAttributeSetting[] = [],
  {
    reason = 0,
    why = [],
    trail = [],
    restsOn = [],
    result = 'granted',
  }: Partial<Refusal> & Partial<Pick<NpsDecision, 'result'>> = {},
): NpsDecision => ({
  at: context.host.wallClock,
  result,
  reason,
  record,
  why,
  trail,
  attributes,
  isResumed: false,
  restsOn,
})

export const rejected = (
  asked: Pick<Case, 'context' | 'record'>,
  refusal: Refusal,
  carried: { readonly eap?: Uint8Array; readonly proof?: Proof } = {},
): AccessOutcome => ({
  kind: 'reject',
  decision: decided(asked, [], { ...refusal, result: 'denied' }),
  ...carried,
})

export function refusedBy(
  asked: Case,
  { reason, expected, got, networkPolicy, networkPolicyTrail, restsOn }: PolicyReject,
  carried: { readonly eap?: Uint8Array } = {},
): AccessOutcome {
  const record = networkPolicy === undefined ? asked.record : { ...asked.record, networkPolicy }
  const why = [`expected ${expected}, got ${got}`, ...trailLines(networkPolicyTrail)]
  return rejected(
    { ...asked, record },
    { reason, why, trail: networkPolicyTrail, restsOn },
    carried,
  )
}

/** Why policies were passed over, one line each. */
export const trailLines = (trail: NpsDecision['trail']): readonly string[] =>
  trail.map(({ policy, why }) =>
    why === 'disabled'
      ? `policy '${policy}' is disabled`
      : `policy '${policy}' does not match: ${why
          .map(({ name, expected, got }) => `${name} wants ${expected}, got ${got}`)
          .join('; ')}`,
  )
