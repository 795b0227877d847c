/**
 * Reads a topology file, `.ts` or `.json`, and says in one line each what is wrong with it: file, line, column, message.
 * Not the building: what this returns is plain data that `lab/build.ts` can build. User code runs here, and only here.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createJiti } from 'jiti'
import { err, ok, type Result } from '../base/result.ts'
import {
  decodeText,
  firstBadByte,
  shownPath,
  SOURCE_FILE_BYTES_MAX,
  tooLarge,
  splitExport,
} from '../topology/files.ts'
import { parseJsonTopology } from '../topology/json.ts'
import { didYouMean } from '../topology/near-miss.ts'
import { formatPath, type TopologyProblem } from '../topology/problems.ts'
import type { Topology } from '../topology/topology.ts'
import { validateTopology } from '../topology/validate.ts'
import { explain, type LoadProblem } from './load-failure.ts'

export interface LoadedTopology {
  readonly topology: Topology
  /** As it was asked for, `#name` included: what locates a rule later. */
  readonly file: string
}

export type { LoadProblem } from './load-failure.ts'

/** `topology.ts:12:7  nodes.edge.interfaces.lan.address: '010.0.0.1' is not an IPv4 address`. */
export function formatLoadProblem({ file, line, column, message }: LoadProblem): string {
  const place = [file, line, line === undefined ? undefined : column]
  return `${place.filter((part) => part !== undefined).join(':')}  ${message}`
}

type Loaded = Result<LoadedTopology, readonly LoadProblem[]>

/**
 * Load and validate the topology in `file`. A `.ts` file gives its default export, or the one topology that it exports;
 * `file.ts#name` chooses among several. The file may stand anywhere: `sallyport` means this installation.
 */
export async function loadTopology(file: string): Promise<Loaded> {
  const [name, chosen] = splitExport(file)
  const absolute = resolve(name)
  const shown = shownPath(absolute)
  const unreadable = unreadableBecause(absolute)
  if (unreadable !== undefined) return err([{ file: shown, message: unreadable }])
  switch (extname(absolute).toLowerCase()) {
    case '.json':
      return loadJson(file, absolute, shown)
    case '.ts':
    case '.mts':
    case '.js':
    case '.mjs':
      return loadModule({ file, absolute, shown, chosen })
    default:
      return err([{ file: shown, message: 'is not a topology file: .ts or .json' }])
  }
}

function unreadableBecause(absolute: string): string | undefined {
  const stat = statSync(absolute, { throwIfNoEntry: false })
  if (stat?.isDirectory() === true) {
    const inside = topologiesIn(absolute)[0]
    return inside === undefined
      ? 'is a folder: name the topology file in it'
      : `is a folder: name the file in it, such as ${shownPath(join(absolute, inside))}`
  }
  if (stat === undefined) {
    return `no such file${didYouMean(basename(absolute), topologiesIn(dirname(absolute)))}`
  }
  return stat.size > SOURCE_FILE_BYTES_MAX ? tooLarge(stat.size, SOURCE_FILE_BYTES_MAX) : undefined
}

function topologiesIn(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return []
  return readdirSync(folder)
    .filter((name) => /\.(ts|json)$/i.test(name))
    .toSorted()
}

function loadJson(file: string, absolute: string, shown: string): Loaded {
  const bytes = readFileSync(absolute)
  const decoded = decodeText(bytes)
  if (decoded === undefined) {
    const { at, problem } = firstBadByte(bytes)
    return err([{ file: shown, ...at, message: problem }])
  }
  const read = parseJsonTopology(decoded.text, absolute)
  if (!read.ok) return err(read.error.map((problem) => ({ file: shown, ...problem })))
  const { topology, locate } = read.value
  const problems = validateTopology(topology)
  if (problems.length === 0) return ok({ topology, file })
  return err(
    problems.map((problem) => ({
      file: shown,
      ...locate(problem.path),
      message: messageOf(topology, problem),
    })),
  )
}

const messageOf = (topology: Topology, { path, message }: TopologyProblem): string =>
  path.length === 0 ? message : `${formatPath(topology, path)}: ${message}`

interface ModuleFile {
  readonly file: string
  readonly absolute: string
  readonly shown: string
  readonly chosen: string | undefined
}

async function loadModule(module: ModuleFile): Promise<Loaded> {
  const { file, absolute, shown, chosen } = module
  let exported: Readonly<Record<string, unknown>>
  try {
    exported = await importUserModule(absolute)
  } catch (thrown) {
    return err([explain(thrown, absolute)])
  }
  const picked = pickTopology(exported, basename(absolute), chosen)
  if (!picked.ok) return err([{ file: shown, message: picked.error }])
  const topology = picked.value
  const problems = validateTopology(topology)
  if (problems.length === 0) return ok({ topology, file })
  // Only now is the source worth parsing: it takes longer than everything else here.
  const { openSource } = await import('../topology/source.ts')
  const source = openSource(file)
  return err(
    problems.map((problem) => ({
      file: shown,
      ...source.locate(problem.path),
      message: messageOf(topology, problem),
    })),
  )
}

/** TypeScript in, its exports out. Nothing is cached: a file that was edited is read again. */
async function importUserModule(absolute: string): Promise<Readonly<Record<string, unknown>>> {
  const here = import.meta.url
  const door = new URL(`../index${extname(fileURLToPath(here))}`, here)
  const jiti = createJiti(pathToFileURL(absolute).href, {
    fsCache: false,
    moduleCache: false,
    interopDefault: false,
    virtualModules: { sallyport: await import(door.href) },
  })
  return jiti.import<Readonly<Record<string, unknown>>>(absolute)
}

function pickTopology(
  exported: Readonly<Record<string, unknown>>,
  file: string,
  chosen: string | undefined,
): Result<Topology, string> {
  const topologies = new Map<string, Topology>()
  for (const [name, value] of Object.entries(exported)) {
    if (isTopology(value)) topologies.set(name, value)
  }
  const names = [...topologies.keys()]
  const picked = topologies.get(chosen ?? 'default')
  if (picked !== undefined) return ok(picked)
  if (chosen !== undefined) {
    return err(
      `exports no topology '${chosen}'${didYouMean(chosen, names) || listed(names, ' (it exports ')}`,
    )
  }
  const [only, another] = new Set(topologies.values())
  if (only === undefined) return err('exports no topology: write export default topology({ … })')
  if (another === undefined) return ok(only)
  return err(
    `exports ${names.length} topologies: choose one as ${file}#${names.join(` or ${file}#`)}`,
  )
}

const listed = (names: readonly string[], before: string): string =>
  names.length === 0 ? '' : `${before}${names.join(', ')})`

/** Enough to tell a topology from other exports; whether it is a good one is for `validateTopology`. */
const isTopology = (value: unknown): value is Topology =>
  typeof value === 'object' &&
  value !== null &&
  ['name', 'start', 'networks', 'nodes'].every((key) => key in value)
