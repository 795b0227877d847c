/** What is said about a topology that has every field, with one value changed. */
import { formatPath } from '../../src/topology/problems.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { validateTopology } from '../../src/topology/validate.ts'
import { everything } from './everything.ts'

/** The topology with one value replaced, and what is then said about it. */
export function complaints(path: string, value: unknown): string[] {
  const changed = structuredClone(everything) as unknown as Record<string, unknown>
  const steps = path.split('.')
  const last = steps.pop()!
  const parent = steps.reduce((at, step) => at[step] as Record<string, unknown>, changed)
  if (value === undefined) delete parent[last]
  else parent[last] = value
  const topology = changed as unknown as Topology
  return validateTopology(topology).map(
    (problem) => `${formatPath(topology, problem.path)}: ${problem.message}`,
  )
}
