/**
 * Connection request policies: in their order, the first whose conditions all hold says who decides about a request.
 * Not who may come in: that is {@link ./network-policy.ts}, where this server is the one to decide.
 */
import type {
  AuthenticationMethods,
  ConnectionRequestPolicySpec,
  NpsSpec,
} from '../../topology/nps.ts'
import type { Assumptions } from '../assumptions.ts'
import { mismatches, type Mismatch } from './conditions.ts'
import { rewrite } from './patterns.ts'
import type { NpsRequest } from './request.ts'

/** A policy that was passed over, and why. */
export interface PolicyTrail {
  readonly policy: string
  /** `disabled`, or conditions that do not hold. */
  readonly why: 'disabled' | readonly Mismatch[]
}

export interface ChosenPolicy {
  readonly policy: string
  /** User-Name after the policy's attribute manipulation; absent as in the request. */
  readonly userName?: string
  /** Remote group that gets the accounting of these connections, too. */
  readonly accountingTo?: string
  readonly trail: readonly PolicyTrail[]
}

export type ConnectionRequestChoice =
  /** `authentication`: "Override network policy authentication settings". */
  | (ChosenPolicy & { readonly to: 'local'; readonly authentication?: AuthenticationMethods })
  /** "Accept users without validating credentials": no network policy is asked. */
  | (ChosenPolicy & { readonly to: 'accept' })
  | (ChosenPolicy & { readonly to: 'forward'; readonly group: string })
  | { readonly to: 'none'; readonly reason: 49; readonly trail: readonly PolicyTrail[] }

/** The policy that Windows brings, behind all others. */
export const DEFAULT_CONNECTION_REQUEST_POLICY: ConnectionRequestPolicySpec = {
  name: 'Use Windows authentication for all users',
}

/** All that are tried, Windows' own last. One of its name takes its place, which is how it is disabled or narrowed. */
export function connectionRequestPoliciesOf({
  connectionRequestPolicies: written = [],
}: Pick<NpsSpec, 'connectionRequestPolicies'>): readonly ConnectionRequestPolicySpec[] {
  const brought = DEFAULT_CONNECTION_REQUEST_POLICY
  return written.some(({ name }) => name === brought.name) ? written : [...written, brought]
}

export function chooseConnectionRequestPolicy(
  spec: Pick<NpsSpec, 'connectionRequestPolicies'>,
  request: NpsRequest,
  assume: Assumptions,
): ConnectionRequestChoice {
  const trail: PolicyTrail[] = []
  for (const policy of connectionRequestPoliciesOf(spec)) {
    const why = whyNot(policy, request, assume)
    if (why === undefined) return chosen(policy, request, { assume, trail })
    trail.push({ policy: policy.name, why })
  }
  return { to: 'none', reason: 49, trail }
}

/** Why a policy of either kind does not match; undefined: it does. */
export function whyNot(
  { enabled = true, conditions = {} }: Pick<ConnectionRequestPolicySpec, 'enabled' | 'conditions'>,
  request: NpsRequest,
  assume: Assumptions,
): PolicyTrail['why'] | undefined {
  if (!enabled) return 'disabled'
  const found = mismatches(conditions, request, assume)
  return found.length === 0 ? undefined : found
}

function chosen(
  policy: ConnectionRequestPolicySpec,
  { userName }: NpsRequest,
  { assume, trail }: { readonly assume: Assumptions; readonly trail: readonly PolicyTrail[] },
): ConnectionRequestChoice {
  const { name, provider = 'local', authentication, accountingTo, rewritesUserName } = policy
  const renamed =
    userName === undefined || rewritesUserName === undefined
      ? userName
      : rewrite(rewritesUserName, userName, assume)
  const common = {
    policy: name,
    trail,
    ...(renamed !== undefined && { userName: renamed }),
    ...(accountingTo !== undefined && { accountingTo }),
  }
  // The spread comes last, as for every request (`node/nps/access.ts` says why).
  if (provider === 'accept') return { to: 'accept', ...common }
  if (provider !== 'local') return { to: 'forward', group: provider.forwardTo, ...common }
  return { to: 'local', ...common, ...(authentication !== undefined && { authentication }) }
}
