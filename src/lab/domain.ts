/**
 * The domain of a topology, made once: its accounts, its CAs, and all that its members asked for. Most edits leave it alone.
 * Not the certificates: `pki` issues those.
 */
import type { Instant } from '../base/time.ts'
import { directoryOf } from '../directory/accounts.ts'
import type { Directory } from '../directory/directory.ts'
import {
  enrolmentsOf,
  enterpriseOf,
  type Enrolments,
  type Enterprise,
} from '../directory/enrolments.ts'
import type { DirectorySpec } from '../topology/directory.ts'
import type { NodeSpec, Topology } from '../topology/topology.ts'

export interface Domain {
  readonly directory: Directory
  readonly enterprise: Enterprise
  readonly enrolments: Enrolments
  /** Equal for domains in which the same was issued and denied. */
  readonly asked: string
}

const known = new WeakMap<DirectorySpec, Domain>()

/** Undefined: the topology has no domain. */
export function domainOf(topology: Topology, start: Instant): Domain | undefined {
  const spec = topology.directory
  if (spec === undefined) return undefined
  const before = known.get(spec)
  if (before !== undefined && isSame(before.enterprise, topology, start)) return before
  const directory = directoryOf(topology, start)!
  const enterprise = enterpriseOf(topology, directory, start)
  const enrolments = enrolmentsOf(enterprise)
  const domain = { directory, enterprise, enrolments, asked: JSON.stringify(enrolments) }
  known.set(spec, domain)
  return domain
}

function isSame({ topology: old, start: oldStart }: Enterprise, now: Topology, start: Instant) {
  const [before, after] = [old, now].map(({ nodes }) => Object.entries<NodeSpec>(nodes))
  return (
    oldStart === start &&
    old.templates === now.templates &&
    old.authorities === now.authorities &&
    before!.length === after!.length &&
    before!.every(([name, spec], i) => name === after![i]![0] && isSameMember(spec, after![i]![1]))
  )
}

/** Alike in all that a domain asks of a node. */
const isSameMember = (a: NodeSpec, b: NodeSpec): boolean =>
  a === b ||
  (a.kind !== 'switch' &&
    b.kind !== 'switch' &&
    a.os === b.os &&
    a.certificates === b.certificates &&
    usersOf(a) === usersOf(b))

const usersOf = (spec: NodeSpec): readonly string[] | undefined =>
  spec.kind === 'host' ? spec.users : undefined
