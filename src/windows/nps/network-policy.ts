/**
 * Network policies: in their order, the first whose conditions all hold decides, by the account's dial-in page, its own permission and
 * its constraints; a constraint that is missed sends nobody on to the next policy. Not credentials, and not what happens inside EAP.
 *
 * NPS chooses on the first Access-Request, before any credential was seen, because the allowed EAP types stand in the policy.
 */
import { isWithinHours } from '../../topology/weekly-hours.ts'
import type {
  AuthenticationMethods,
  NetworkPolicySpec,
  NpsConstraints,
  NpsSpec,
} from '../../topology/nps.ts'
import type { Assumption, Assumptions } from '../assumptions.ts'
import { whyNot, type PolicyTrail } from './connection-request.ts'
import { formatHours, formatMoment } from './hours.ts'
import { matches } from './patterns.ts'
import type { NpsReason } from './reasons.ts'
import type { AccountFacts, NpsRequest } from './request.ts'

export interface PolicyMatch {
  readonly result: 'matched'
  readonly policy: NetworkPolicySpec
  /** The Authentication Methods that count: the connection request policy's where it overrides them. */
  readonly authentication: AuthenticationMethods
  readonly trail: readonly PolicyTrail[]
  readonly restsOn: readonly Assumption[]
}

export interface PolicyDenial {
  readonly result: 'denied'
  readonly reason: NpsReason
  /** The policy that decided; absent: none matched. */
  readonly policy?: string
  /** What would have been let in, and what came. */
  readonly expected: string
  readonly got: string
  readonly trail: readonly PolicyTrail[]
  readonly restsOn: readonly Assumption[]
}

export type NetworkPolicyDecision = PolicyMatch | PolicyDenial

export interface NetworkPolicyInput {
  readonly spec: Pick<NpsSpec, 'networkPolicies'>
  readonly request: NpsRequest
  /** "Override network policy authentication settings" of the connection request policy. */
  readonly override?: AuthenticationMethods
  /** Whether the server is a member of RAS and IAS Servers, which may read dial-in properties. */
  readonly isRegistered: boolean
  readonly assume: Assumptions
}

/** What a policy allows that says nothing of authentication: the wizard of a new one ticks these. */
export const DEFAULT_AUTHENTICATION: AuthenticationMethods = {
  msChapV2: true,
  msChapV2PasswordChange: true,
  msChap: true,
}

/** The two policies that Windows brings, behind all others. Both deny, unless an account's own permission allows. */
export const DEFAULT_NETWORK_POLICIES: readonly NetworkPolicySpec[] = [
  {
    name: 'Connections to Microsoft Routing and Remote Access server',
    conditions: { msRasVendor: '^311$' },
    access: 'deny',
    constraints: { authentication: DEFAULT_AUTHENTICATION },
  },
  {
    name: 'Connections to other access servers',
    access: 'deny',
    constraints: { authentication: DEFAULT_AUTHENTICATION },
  },
]

/** All that are tried, Windows' own last. One of the same name takes the place of its own, which is how that is disabled. */
export const networkPoliciesOf = ({
  networkPolicies: written = [],
}: Pick<NpsSpec, 'networkPolicies'>): readonly NetworkPolicySpec[] => [
  ...written,
  ...DEFAULT_NETWORK_POLICIES.filter(({ name }) => !written.some((own) => own.name === name)),
]

/** The first policy that matches, and whether it lets in. */
export function decideNetworkPolicy(input: NetworkPolicyInput): NetworkPolicyDecision {
  const { spec, request, assume } = input
  const trail: PolicyTrail[] = []
  for (const policy of networkPoliciesOf(spec)) {
    const why = whyNot(policy, request, assume)
    if (why === undefined) return holdTo(policy, input, trail)
    trail.push({ policy: policy.name, why })
  }
  return {
    result: 'denied',
    reason: 48,
    expected: 'a network policy whose conditions all hold',
    got: 'none',
    trail,
    restsOn: [],
  }
}

/** Why a request is turned down, before it is known by which policy. */
interface Denial {
  readonly reason: NpsReason
  readonly expected: string
  readonly got: string
  readonly restsOn?: readonly Assumption[]
}

/**
 * A policy that was chosen, held against a request: permission first, then the constraints. Asked again where credentials show another
 * account than the first identity, or time has passed.
 */
export function holdTo(
  policy: NetworkPolicySpec,
  { request, override, isRegistered, assume }: Omit<NetworkPolicyInput, 'spec'>,
  trail: readonly PolicyTrail[] = [],
): NetworkPolicyDecision {
  const constraints = policy.constraints ?? {}
  const authentication = override ?? constraints.authentication ?? DEFAULT_AUTHENTICATION
  const denial =
    permissionDenial(policy, request, { isRegistered, assume }) ??
    methodDenial(authentication, request) ??
    constraintDenial(constraints, request, assume)
  const restsOn = denial?.restsOn ?? []
  return denial === undefined
    ? { result: 'matched', policy, authentication, trail, restsOn }
    : { ...denial, result: 'denied', policy: policy.name, trail, restsOn }
}

function permissionDenial(
  policy: NetworkPolicySpec,
  { account, callingStationId }: NpsRequest,
  { isRegistered, assume }: { readonly isRegistered: boolean; readonly assume: Assumptions },
): Denial | undefined {
  if (account?.dialIn?.isLockedOut === true) {
    const expected = 'fewer failed attempts at remote access'
    return { reason: 64, expected, got: 'the account is locked out of it' }
  }
  const reads = policy.ignoresDialIn !== true && account !== undefined
  if (!reads) return policyDenial(policy, assume)
  if (!isRegistered) {
    if (assume.unregisteredNps === 'ignores-dial-in') return policyDenial(policy, assume)
    return {
      reason: 2,
      expected: 'a server in RAS and IAS Servers, which may read dial-in properties',
      got: 'a server that is not registered',
      restsOn: ['unregisteredNps'],
    }
  }
  return dialInDenial(policy, account, { callingStationId, assume })
}

/** The Dial-in page has the last word: allow lets in where the policy denies, and the other way round. */
function dialInDenial(
  policy: NetworkPolicySpec,
  { dialIn }: AccountFacts,
  {
    callingStationId,
    assume,
  }: { readonly callingStationId: string | undefined; readonly assume: Assumptions },
): Denial | undefined {
  const { permission = 'policy', callerId } = dialIn ?? {}
  if (permission === 'deny') {
    const expected = 'Network Access Permission of the account not on Deny access'
    return { reason: 65, expected, got: 'Deny access' }
  }
  const denial = permission === 'allow' ? undefined : policyDenial(policy, assume)
  if (denial !== undefined || callerId === undefined || callerId === callingStationId) {
    return denial
  }
  const expected = `Calling-Station-Id ${callerId}, as Verify Caller-ID of the account demands`
  return { reason: 67, expected, got: callingStationId ?? 'absent' }
}

function policyDenial(policy: NetworkPolicySpec, assume: Assumptions): Denial | undefined {
  if (policy.access === 'grant') return undefined
  const assumption = DEFAULT_NETWORK_POLICIES.includes(policy)
    ? 'reasonOfDefaultDeny'
    : 'reasonOfDenyPolicy'
  return {
    reason: assume[assumption],
    expected: 'a policy that grants access',
    got: `'${policy.name}', which denies it`,
    restsOn: [assumption],
  }
}

const METHODS = {
  pap: ({ pap }) => pap,
  chap: ({ chap }) => chap,
  'ms-chap': ({ msChap }) => msChap,
  'ms-chap-v2': ({ msChapV2 }) => msChapV2,
  // Whether the type is one of them, EAP itself negotiates (reason 22).
  eap: ({ eap = [] }) => eap.length > 0,
  unauthenticated: ({ unauthenticated }) => unauthenticated,
} as const satisfies Readonly<
  Record<NpsRequest['authenticationType'], (methods: AuthenticationMethods) => boolean | undefined>
>

function methodDenial(
  methods: AuthenticationMethods,
  { authenticationType }: NpsRequest,
): Denial | undefined {
  if (METHODS[authenticationType](methods) === true) return undefined
  const allowed = Object.entries(METHODS).filter(([, isOn]) => isOn(methods) === true)
  const expected = allowed.map(([name]) => name).join(' or ') || 'no method at all'
  return { reason: 66, expected, got: authenticationType }
}

function constraintDenial(
  { dayAndTime, calledStationId, nasPortTypes }: NpsConstraints,
  request: NpsRequest,
  assume: Assumptions,
): Denial | undefined {
  if (dayAndTime !== undefined && !isWithinHours(dayAndTime, request.at)) {
    return { reason: 68, expected: formatHours(dayAndTime), got: formatMoment(request.at) }
  }
  if (calledStationId !== undefined && !matches(calledStationId, request.calledStationId, assume)) {
    const got = request.calledStationId ?? 'absent'
    return { reason: 69, expected: `Called-Station-Id ${calledStationId}`, got }
  }
  if (nasPortTypes !== undefined && !nasPortTypes.some((type) => type === request.nasPortType)) {
    const expected = `NAS-Port-Type ${nasPortTypes.join(' or ')}`
    return { reason: 70, expected, got: `${request.nasPortType ?? 'absent'}` }
  }
  return undefined
}
