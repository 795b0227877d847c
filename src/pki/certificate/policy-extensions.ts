/**
 * The extensions that say which certificate policies hold in a path (RFC 5280 §4.2.1.4, .5, .11), read into plain data.
 * Not their meaning: {@link ../path/policies.ts} follows them down a path.
 */
import { contextPrimitive, TAG, type DerReader } from '../encoding/der.ts'

/** What its issuer calls `issuer` the subject calls `subject`: two policy OIDs. */
export interface PolicyMapping {
  readonly issuer: string
  readonly subject: string
}

/** Each is a number of further certificates after which it takes effect. */
export interface PolicyConstraints {
  readonly requireExplicitPolicy?: number
  readonly inhibitPolicyMapping?: number
}

/** Policy OIDs in order, and those of their qualifiers. */
export interface Policies {
  readonly policies: readonly string[]
  readonly qualifiers: readonly string[]
}

/** Read certificatePolicies, or Microsoft's application policies, which have its syntax. No policy stands twice (RFC 5280 §4.2.1.4). */
export function readPolicies(r: DerReader, field: string): Policies {
  const qualifiers = new Set<string>()
  const policies = r.sequence(field).each(field, (list) => {
    const policy = list.sequence(field)
    const oid = policy.oid(field)
    if (!policy.atEnd) {
      policy.sequence(field).each(field, (each) => qualifiers.add(readQualifier(each, field)))
    }
    policy.end(field)
    return oid
  })
  if (new Set(policies).size < policies.length) r.reject(field, 'a policy stands twice')
  return { policies, qualifiers: [...qualifiers] }
}

/** Where the practice statement is, and a notice for people (RFC 5280 §4.2.1.4): all qualifiers that are defined. */
export const CPS_QUALIFIER = '1.3.6.1.5.5.7.2.1'
export const NOTICE_QUALIFIER = '1.3.6.1.5.5.7.2.2'

/** PolicyQualifierInfo: its OID. The value of one that is defined must be of its type. */
function readQualifier(list: DerReader, field: string): string {
  const info = list.sequence(field)
  const oid = info.oid(field)
  if (oid === CPS_QUALIFIER) info.ia5String(field)
  else if (oid === NOTICE_QUALIFIER) info.element(field, TAG.sequence)
  else info.element(field)
  info.end(field)
  return oid
}

export function readPolicyMappings(r: DerReader): readonly PolicyMapping[] {
  const field = 'policyMappings'
  return r.sequence(field).each(field, (list) => {
    const mapping = list.sequence(field)
    const issuer = mapping.oid(`${field} issuerDomainPolicy`)
    const subject = mapping.oid(`${field} subjectDomainPolicy`)
    mapping.end(field)
    return { issuer, subject }
  })
}

export function readPolicyConstraints(r: DerReader): PolicyConstraints {
  const field = 'policyConstraints'
  const inner = r.sequence(field)
  if (inner.atEnd) inner.reject(field, 'must not be empty (RFC 5280 §4.2.1.11)')
  const skip = (n: number): number | undefined =>
    inner.nextTag === contextPrimitive(n)
      ? inner.smallInteger(field, contextPrimitive(n))
      : undefined
  const requireExplicitPolicy = skip(0)
  const inhibitPolicyMapping = skip(1)
  inner.end(field)
  return {
    ...(requireExplicitPolicy !== undefined && { requireExplicitPolicy }),
    ...(inhibitPolicyMapping !== undefined && { inhibitPolicyMapping }),
  }
}
