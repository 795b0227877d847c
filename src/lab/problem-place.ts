/**
 * Gives the problems of a build their place: in the file that a problem names, or where the topology file writes the value down.
 * Not the loading of topologies: `lab/load.ts` places its own problems.
 */
import { shownPath } from '../topology/files.ts'
import { formatPath } from '../topology/problems.ts'
import type { Topology } from '../topology/topology.ts'
import type { LabProblem } from './lab.ts'

/** `file`: the topology's, if it is known. Paths are told in words, and every problem has a file if there is one to name. */
export async function placeProblems(
  problems: readonly LabProblem[],
  topology: Topology,
  file: string | undefined,
): Promise<LabProblem[]> {
  // It brings a TypeScript parser along: only for those who failed.
  const { locate } = await import('../topology/source.ts')
  return problems.map(({ message, path = [], ...place }) => {
    if (place.file !== undefined) return { message, ...place }
    const told = path.length === 0 ? message : `${formatPath(topology, path)}: ${message}`
    if (file === undefined) return { message: told }
    return { message: told, ...(locate(file, path) ?? { file: shownPath(file) }) }
  })
}
