/**
 * NPS's decision in its two stages: policies are chosen on the first Access-Request, and hold or fall again once credentials have shown
 * who asks. Between the two stands EAP, or the check of a password, of which this file knows nothing.
 */
import { formatIpv4 } from '../../base/address.ts'
import type { Duration } from '../../base/time.ts'
import type {
  AuthenticationMethods,
  NetworkPolicySpec,
  NpsSpec,
  RadiusAttributeSetting,
} from '../../topology/nps.ts'
import { ASSUMPTIONS, type Assumption, type Assumptions } from '../assumptions.ts'
import {
  chooseConnectionRequestPolicy,
  type ConnectionRequestChoice,
  type PolicyTrail,
} from './connection-request.ts'
import {
  decideNetworkPolicy,
  holdTo,
  type NetworkPolicyDecision,
  type NetworkPolicyInput,
} from './network-policy.ts'
import type { NpsReason } from './reasons.ts'
import type { NpsRequest } from './request.ts'

export interface NpsPolicyServer {
  readonly spec: Pick<NpsSpec, 'connectionRequestPolicies' | 'networkPolicies'>
  /** Whether it is a member of RAS and IAS Servers. */
  readonly isRegistered: boolean
  /** Default {@link ASSUMPTIONS}. */
  readonly assume?: Assumptions
}

type Local = Extract<ConnectionRequestChoice, { to: 'local' }>

/** Turned down, with the policies that had to do with it. */
export interface PolicyReject {
  readonly result: 'denied'
  readonly reason: NpsReason
  readonly expected: string
  readonly got: string
  readonly connectionRequestPolicy?: string
  readonly networkPolicy?: string
  readonly connectionRequestTrail: readonly PolicyTrail[]
  readonly networkPolicyTrail: readonly PolicyTrail[]
  readonly restsOn: readonly Assumption[]
}

/** This server decides: authenticate by `authentication`, then call {@link authorise}. */
export interface LocalChoice {
  readonly result: 'local'
  readonly connectionRequest: Local
  /** Absent where the connection request policy overrides authentication: which policy, credentials will show. */
  readonly networkPolicy?: NetworkPolicySpec
  readonly authentication: AuthenticationMethods
  readonly networkPolicyTrail: readonly PolicyTrail[]
  readonly restsOn: readonly Assumption[]
}

export type PolicyChoice =
  | PolicyReject
  | LocalChoice
  | {
      readonly result: 'forward'
      readonly connectionRequest: Extract<ConnectionRequestChoice, { to: 'forward' }>
    }
  | {
      readonly result: 'accept'
      readonly connectionRequest: Extract<ConnectionRequestChoice, { to: 'accept' }>
    }

/** What goes with the Access-Accept. */
export interface PolicyGrant {
  readonly result: 'granted'
  readonly connectionRequestPolicy: string
  readonly networkPolicy: string
  /** In the order of the policy; Framed-IP-Address of the account, and the timeouts in whole seconds, behind. */
  readonly attributes: readonly RadiusAttributeSetting[]
  readonly framedMtu?: number
  readonly idleTimeout?: Duration
  readonly sessionTimeout?: Duration
  readonly allowedCertificateOids: readonly string[]
  readonly authentication: AuthenticationMethods
  readonly connectionRequestTrail: readonly PolicyTrail[]
  readonly networkPolicyTrail: readonly PolicyTrail[]
}

/**
 * The first stage, on the first Access-Request of a conversation. `connectionRequest`: what the connection request policies said, where somebody
 * has asked them already.
 */
export function choosePolicy(
  { spec, isRegistered, assume = ASSUMPTIONS }: NpsPolicyServer,
  request: NpsRequest,
  connectionRequest = chooseConnectionRequestPolicy(spec, request, assume),
): PolicyChoice {
  switch (connectionRequest.to) {
    case 'forward':
      return { result: 'forward', connectionRequest }
    case 'accept':
      return { result: 'accept', connectionRequest }
    case 'none':
      return {
        result: 'denied',
        reason: connectionRequest.reason,
        expected: 'a connection request policy whose conditions all hold',
        got: 'none',
        connectionRequestTrail: connectionRequest.trail,
        networkPolicyTrail: [],
        restsOn: [],
      }
    case 'local':
  }
  const { authentication: override } = connectionRequest
  if (override !== undefined) {
    return {
      result: 'local',
      connectionRequest,
      authentication: override,
      networkPolicyTrail: [],
      restsOn: [],
    }
  }
  const decision = decideNetworkPolicy({ spec, request, isRegistered, assume })
  if (decision.result === 'denied') return rejected(decision, connectionRequest)
  return {
    result: 'local',
    connectionRequest,
    networkPolicy: decision.policy,
    authentication: decision.authentication,
    networkPolicyTrail: decision.trail,
    restsOn: decision.restsOn,
  }
}

/**
 * The second stage, after the credentials were good: `request` is that of the first stage with the time of now, the account that the
 * credentials stand for, and the EAP type that was used.
 */
export function authorise(
  { spec, isRegistered, assume = ASSUMPTIONS }: NpsPolicyServer,
  { connectionRequest, networkPolicy, networkPolicyTrail }: LocalChoice,
  request: NpsRequest,
): PolicyGrant | PolicyReject {
  const { authentication: override } = connectionRequest
  const input: NetworkPolicyInput = {
    spec,
    request,
    isRegistered,
    assume,
    ...(override !== undefined && { override }),
  }
  const decision =
    networkPolicy === undefined
      ? decideNetworkPolicy(input)
      : holdTo(networkPolicy, input, networkPolicyTrail)
  if (decision.result === 'denied') return rejected(decision, connectionRequest)
  return granted(decision, connectionRequest, request)
}

type Denied = Extract<NetworkPolicyDecision, { result: 'denied' }>
type Matched = Extract<NetworkPolicyDecision, { result: 'matched' }>

const rejected = (
  { policy, trail, ...denial }: Denied,
  connectionRequest: Local,
): PolicyReject => ({
  ...denial,
  connectionRequestPolicy: connectionRequest.policy,
  // Reason 48 says that none matched: the event has no name then. Which one denied stands in `got`.
  ...(policy !== undefined && denial.reason !== 48 && { networkPolicy: policy }),
  connectionRequestTrail: connectionRequest.trail,
  networkPolicyTrail: trail,
})

const SECOND = 1e6

function granted(
  { policy, authentication, trail }: Matched,
  connectionRequest: Local,
  { account }: NpsRequest,
): PolicyGrant {
  const { idleTimeout, sessionTimeout } = policy.constraints ?? {}
  const { framedMtu, allowedCertificateOids = [] } = policy
  const address = policy.ignoresDialIn === true ? undefined : account?.dialIn?.framedIpAddress
  const timeout = (name: string, span: Duration | undefined): RadiusAttributeSetting[] =>
    span === undefined ? [] : [{ name, value: Math.floor(span / SECOND) }]
  return {
    result: 'granted',
    connectionRequestPolicy: connectionRequest.policy,
    networkPolicy: policy.name,
    attributes: [
      ...(policy.attributes ?? []),
      ...(address === undefined ? [] : [{ name: 'Framed-IP-Address', value: formatIpv4(address) }]),
      ...timeout('Idle-Timeout', idleTimeout),
      ...timeout('Session-Timeout', sessionTimeout),
    ],
    ...(framedMtu !== undefined && { framedMtu }),
    ...(idleTimeout !== undefined && { idleTimeout }),
    ...(sessionTimeout !== undefined && { sessionTimeout }),
    allowedCertificateOids,
    authentication,
    connectionRequestTrail: connectionRequest.trail,
    networkPolicyTrail: trail,
  }
}
