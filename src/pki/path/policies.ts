/**
 * Which certificate policies a path is valid for (RFC 5280 §6.1.2 to §6.1.5), on the policy graph of RFC 9618 in place of the
 * tree: the same answers, in work that does not explode. Not qualifiers: only the OIDs count.
 */
import { isSelfIssued, type Certificate } from '../certificate/certificate.ts'
import { OID } from '../encoding/oids.ts'

/** RFC 5280 §6.1.1 (c), (e) to (g). */
export interface PolicyInputs {
  /** user-initial-policy-set: policy OIDs, or only anyPolicy. */
  readonly acceptable: readonly string[]
  /** initial-explicit-policy. */
  readonly requireExplicit: boolean
  /** initial-policy-mapping-inhibit. */
  readonly inhibitMapping: boolean
  /** initial-any-policy-inhibit. */
  readonly inhibitAny: boolean
}

/** Any policy will do, and none is needed. */
export const ANY_POLICY: PolicyInputs = {
  acceptable: [OID.anyPolicy],
  requireExplicit: false,
  inhibitMapping: false,
  inhibitAny: false,
}

interface PolicyNode {
  readonly policy: string
  /** expected_policy_set: what the next certificate may call it. */
  expected: readonly string[]
  /** Of the level above, that is of the certificate nearer to the anchor. */
  readonly parents: readonly PolicyNode[]
}

/** The nodes of one depth by valid_policy. */
type Level = Map<string, PolicyNode>

/** Why a path has no policy that will do. */
export interface PolicyViolation {
  /** Position in the path, end entity at 0. */
  readonly index: number
  readonly message: string
  readonly expected: string
  readonly got: string
}

interface State {
  /** Of the last certificate; undefined: valid_policy_tree is NULL. */
  level: Level | undefined
  explicit: number
  mapping: number
  any: number
}

/** What speaks against `path` (end entity first, its last certificate the anchor, whose own policies do not count). */
export function policyViolation(
  path: readonly Certificate[],
  inputs: PolicyInputs,
): PolicyViolation | undefined {
  // Nobody asks for a policy, and nobody maps one: there is nothing that a path without policies could fail.
  if (!inputs.requireExplicit && path.every(isIndifferent)) return undefined
  const count = path.length - 1
  const root: PolicyNode = { policy: OID.anyPolicy, expected: [OID.anyPolicy], parents: [] }
  const state: State = {
    level: new Map([[OID.anyPolicy, root]]),
    explicit: inputs.requireExplicit ? 0 : count + 1,
    mapping: inputs.inhibitMapping ? 0 : count + 1,
    any: inputs.inhibitAny ? 0 : count + 1,
  }
  for (let index = count - 1; index >= 0; index--) {
    const certificate = path[index]!
    const isLast = index === 0
    state.level = nextLevel(certificate, isLast, state)
    if (state.level === undefined && state.explicit <= 0) return noPolicy(index, certificate)
    if (isLast) break
    const { policyMappings = [] } = certificate
    if (policyMappings.some((m) => m.issuer === OID.anyPolicy || m.subject === OID.anyPolicy)) {
      const message = 'maps anyPolicy, which no certificate may (RFC 5280 §4.2.1.5)'
      return { index, message, expected: 'mappings of named policies', got: 'anyPolicy' }
    }
    applyMappings(certificate, state)
    applyConstraints(certificate, state)
  }
  return wrapUp(path[0]!, inputs, state)
}

const isIndifferent = ({ policyConstraints, policyMappings }: Certificate): boolean =>
  policyConstraints === undefined && policyMappings === undefined

const noPolicy = (index: number, { certificatePolicies = [] }: Certificate): PolicyViolation => ({
  index,
  message: 'an explicit policy is required here, and none holds from the root down to it',
  expected: 'a policy that every certificate of the path carries',
  got: certificatePolicies.join(', ') || 'no certificatePolicies',
})

/** RFC 5280 §6.1.3 (d), (e), with RFC 9618 §5.1. */
function nextLevel(certificate: Certificate, isLast: boolean, state: State): Level | undefined {
  const { certificatePolicies } = certificate
  const above = state.level
  if (certificatePolicies === undefined || above === undefined) return undefined
  const expecting = new Map<string, PolicyNode[]>()
  for (const node of above.values()) {
    for (const policy of new Set(node.expected)) {
      const nodes = expecting.get(policy)
      if (nodes === undefined) expecting.set(policy, [node])
      else nodes.push(node)
    }
  }
  const any = above.get(OID.anyPolicy)
  const level: Level = new Map()
  const add = (policy: string, parents: readonly PolicyNode[]): void => {
    level.set(policy, { policy, expected: [policy], parents })
  }
  for (const policy of certificatePolicies) {
    if (policy === OID.anyPolicy) continue
    const parents = expecting.get(policy) ?? (any === undefined ? [] : [any])
    if (parents.length > 0) add(policy, parents)
  }
  const anyCounts = state.any > 0 || (!isLast && isSelfIssued(certificate))
  if (anyCounts && certificatePolicies.includes(OID.anyPolicy)) {
    for (const [policy, parents] of expecting) {
      if (!level.has(policy)) add(policy, parents)
    }
  }
  return level.size === 0 ? undefined : level
}

/** RFC 5280 §6.1.4 (b). */
function applyMappings({ policyMappings = [] }: Certificate, state: State): void {
  const { level } = state
  if (level === undefined || policyMappings.length === 0) return
  const mapped = new Map<string, string[]>()
  for (const { issuer, subject } of policyMappings) {
    const subjects = mapped.get(issuer)
    if (subjects === undefined) mapped.set(issuer, [subject])
    else subjects.push(subject)
  }
  const any = level.get(OID.anyPolicy)
  for (const [policy, expected] of mapped) {
    const node = level.get(policy)
    if (state.mapping <= 0) {
      level.delete(policy)
    } else if (node !== undefined) {
      node.expected = expected
    } else if (any !== undefined) {
      level.set(policy, { policy, expected, parents: any.parents })
    }
  }
  if (level.size === 0) state.level = undefined
}

/** RFC 5280 §6.1.4 (h) to (j). */
function applyConstraints(certificate: Certificate, state: State): void {
  if (!isSelfIssued(certificate)) {
    state.explicit -= 1
    state.mapping -= 1
    state.any -= 1
  }
  const { policyConstraints, inhibitAnyPolicy = Infinity } = certificate
  state.explicit = Math.min(state.explicit, policyConstraints?.requireExplicitPolicy ?? Infinity)
  state.mapping = Math.min(state.mapping, policyConstraints?.inhibitPolicyMapping ?? Infinity)
  state.any = Math.min(state.any, inhibitAnyPolicy)
}

/** RFC 5280 §6.1.5 (a), (b), (g). */
function wrapUp(
  leaf: Certificate,
  { acceptable }: PolicyInputs,
  state: State,
): PolicyViolation | undefined {
  const isRequired = state.explicit <= 1 || leaf.policyConstraints?.requireExplicitPolicy === 0
  if (!isRequired) return undefined
  if (state.level === undefined) return noPolicy(0, leaf)
  const wanted = new Set(acceptable)
  const held = authorityPolicies(state.level)
  const holds =
    wanted.has(OID.anyPolicy) ||
    held.has(OID.anyPolicy) ||
    [...held].some((policy) => wanted.has(policy))
  if (holds) return undefined
  return {
    index: 0,
    message: 'is issued under none of the policies that are accepted here',
    expected: acceptable.join(' or '),
    got: [...held].join(', '),
  }
}

/**
 * The policies, in the words of the anchor's domain, of which something is left at the last level: valid_policy_node_set, whose nodes stand
 * directly below anyPolicy (RFC 9618 §5.2).
 */
function authorityPolicies(last: Level): ReadonlySet<string> {
  const policies = new Set<string>()
  const seen = new Set<PolicyNode>()
  const waiting = [...last.values()]
  if (last.has(OID.anyPolicy)) policies.add(OID.anyPolicy)
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    const isTop = node.parents.some(({ policy }) => policy === OID.anyPolicy)
    if (isTop && node.policy !== OID.anyPolicy) policies.add(node.policy)
    waiting.push(...node.parents)
  }
  return policies
}
