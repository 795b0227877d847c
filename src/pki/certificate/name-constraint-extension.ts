/**
 * The nameConstraints extension (RFC 5280 §4.2.1.10), read into plain data.
 * Not its meaning: {@link ../path/name-constraints.ts} holds it against names.
 */
import { contextPrimitive, type DerReader } from '../encoding/der.ts'
import { readGeneralName, type GeneralName } from './general-name.ts'

export interface Subtree {
  readonly base: GeneralName
  /** Says minimum or maximum, which RFC 5280 does not use. */
  readonly bounded: boolean
}

/** An empty list is an absent one. */
export interface NameConstraints {
  readonly permitted: readonly Subtree[]
  readonly excluded: readonly Subtree[]
}

export function readNameConstraints(r: DerReader): NameConstraints {
  const field = 'nameConstraints'
  const inner = r.sequence(field)
  if (inner.atEnd) inner.reject(field, 'must not be empty (RFC 5280 §4.2.1.10)')
  const subtrees = (n: number): readonly Subtree[] =>
    inner.explicit(n, field)?.each(field, (list) => readSubtree(list, field)) ?? []
  const constraints = { permitted: subtrees(0), excluded: subtrees(1) }
  inner.end(field)
  return constraints
}

function readSubtree(list: DerReader, field: string): Subtree {
  const r = list.sequence(field)
  // An address and its mask; their length is judged with the rest of the constraint.
  const base = readGeneralName(r, field, 'any')
  const bounded = !r.atEnd
  for (const n of [0, 1]) {
    if (r.nextTag === contextPrimitive(n)) r.smallInteger(field, contextPrimitive(n))
  }
  r.end(field)
  return { base, bounded }
}
