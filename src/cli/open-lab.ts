/**
 * From the TOPOLOGY argument to a running lab, or to the problems that prevent it, each with its place in a file.
 * Not the loading (`lab/load.ts`) and not the building (`lab/build.ts`).
 */
import { existsSync } from 'node:fs'
import { err, ok, type Result } from '../base/result.ts'
import type { Instant } from '../base/time.ts'
import type { Cryptography } from '../engine/cryptography.ts'
import { buildLab } from '../lab/build.ts'
import type { Lab } from '../lab/lab.ts'
import { loadTopology } from '../lab/load.ts'
import type { TraceLevel } from '../net/trace.ts'
import { placeProblems } from '../lab/problem-place.ts'
import { didYouMean } from '../topology/near-miss.ts'
import { shownPath } from '../topology/files.ts'
import type { Topology } from '../topology/topology.ts'
import type { Problem } from './answer.ts'

export const DEFAULT_TOPOLOGY = './topologies/contoso/topology.ts'

export interface OpenLab {
  readonly lab: Lab
  readonly topology: Topology
  /** As a person would name it. */
  readonly file: string
}

/** Whether an argument names a topology, where it could also be something else. */
export const namesTopology = (argument: string): boolean => /\.(?:[cm]?[jt]s|json)$/i.test(argument)

/** The file that a TOPOLOGY argument means. */
export function fileOf(argument: string | undefined): Result<string, readonly Problem[]> {
  if (argument !== undefined) return ok(argument)
  if (existsSync(DEFAULT_TOPOLOGY)) return ok(DEFAULT_TOPOLOGY)
  const near = existsSync('topology.ts') ? '; there is topology.ts: name it' : ''
  return err([{ message: `no topology was named and ${DEFAULT_TOPOLOGY} does not exist${near}` }])
}

/** Load and build. `argument` undefined: {@link DEFAULT_TOPOLOGY}, if it is there. */
export async function openLab(
  argument: string | undefined,
  options: {
    readonly seed: number
    readonly at?: Instant | undefined
    readonly traceLevel?: TraceLevel
    readonly crypto?: Cryptography['kind'] | undefined
  },
): Promise<Result<OpenLab, readonly Problem[]>> {
  const file = fileOf(argument)
  if (!file.ok) return file
  const loaded = await loadTopology(file.value)
  if (!loaded.ok) return loaded
  const { topology } = loaded.value
  const built = buildLab(topology, {
    seed: options.seed,
    ...(options.at === undefined ? {} : { at: options.at }),
    ...(options.traceLevel === undefined ? {} : { traceLevel: options.traceLevel }),
    ...(options.crypto === undefined ? {} : { crypto: options.crypto }),
  })
  if (!built.ok) return err(await placeProblems(built.error, topology, loaded.value.file))
  return ok({ lab: built.value, topology, file: shownPath(loaded.value.file) })
}

/** Refuses a name that is no node of the topology; says which one was probably meant. */
export function unknownNode(
  option: string,
  name: string,
  opened: Pick<OpenLab, 'topology' | 'file'>,
): Problem | undefined {
  const names = Object.keys(opened.topology.nodes)
  if (names.includes(name)) return undefined
  const hint = didYouMean(name, names)
  return {
    file: opened.file,
    message: `${option} '${name}' is no node of topology '${opened.topology.name}'${hint}`,
  }
}
