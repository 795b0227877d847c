/**
 * Plays one story on a fresh lab and writes down what came of it, with a note for whoever has to fix it.
 * Not a test runner and no printer: the record is plain data that crosses threads.
 */
import { InvariantError } from '../base/invariant.ts'
import { instant, type Instant } from '../base/time.ts'
import type { Cryptography } from '../engine/cryptography.ts'
import type { TraceEvent } from '../net/trace.ts'
import type { Topology } from '../topology/topology.ts'
import { buildLab } from './build.ts'
import { expect } from './expect.ts'
import {
  StoryFailure,
  StoryUnfitError,
  type SourceLocation,
  type StoryDiagnosis,
} from './failure.ts'
import type { Lab, LabProblem, LabStep } from './lab.ts'
import { noteOf } from './note.ts'
import { replayCommand } from './replay.ts'
import type { Story, StoryContext } from './story.ts'

/** Finds where a rule of a node is written. Undefined: it cannot be found. */
export type LocateRule = (node: string, rule: string) => Promise<SourceLocation | undefined>

export interface PlayOptions {
  /** Play on this one instead of the story's own. */
  readonly topology?: Topology
  readonly seed?: number
  /** Start at this instant instead of the topology's own. */
  readonly at?: Instant
  /** Default `real`. */
  readonly crypto?: Cryptography['kind']
  readonly locateRule?: LocateRule
  /** How the replay command names the other topology. */
  readonly topologyFile?: string
}

/**
 * `passed` and `failed`: the story was told. `unfit`: it names a node that this topology does not have.
 * `unbuilt`: the topology cannot be built. `broken`: a promise of our own code was broken.
 */
export type StoryStatus = 'passed' | 'failed' | 'unfit' | 'unbuilt' | 'broken'

export interface StoryRecord {
  readonly title: string
  readonly status: StoryStatus
  readonly seed: number
  /** {@link Lab.digest}; absent when there was no lab. */
  readonly digest?: string
  readonly steps: readonly LabStep[]
  readonly diagnosis: readonly StoryDiagnosis[]
  /** For people; empty when the story holds. The first line is the headline. */
  readonly note: readonly string[]
  readonly expected?: unknown
  readonly actual?: unknown
  readonly problems?: readonly LabProblem[]
}

export interface Played {
  readonly record: StoryRecord
  readonly lab?: Lab
  /** What the story threw. */
  readonly thrown?: unknown
}

/** `part`: `node 'laptop'`, `network 'office'`. */
function unfit(story: Story, topology: Topology, part: string): StoryUnfitError {
  return new StoryUnfitError(
    `story '${story.title}' names ${part}, which topology '${topology.name}' does not have`,
  )
}

/** A lab that says so when the story names a node of its own topology that this one lacks. */
function guarded(lab: Lab, story: Story): Lab {
  const has = (name: string): boolean => Object.hasOwn(lab.topology.nodes, name)
  const known = (name: string): boolean => Object.hasOwn(story.topology.nodes, name)
  const nodes = new Proxy(lab.nodes, {
    get(target, name) {
      if (typeof name === 'string' && known(name) && !has(name))
        throw unfit(story, lab.topology, `node '${name}'`)
      return Reflect.get(target, name, target) as unknown
    },
  })
  const probe: Lab['probe'] = (query) => {
    for (const name of [query.from, query.to])
      if (known(name) && !has(name)) throw unfit(story, lab.topology, `node '${name}'`)
    return lab.probe(query)
  }
  return new Proxy(lab, {
    get(target, name) {
      if (name === 'nodes') return nodes
      if (name === 'probe') return probe
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** The names a story destructures. A name that is no node is told as such, not as `undefined`. */
function contextOf(lab: Lab, story: Story, onExpect: () => void): StoryContext {
  const claims = ((received: unknown) => {
    onExpect()
    return expect(received)
  }) as typeof expect
  const context: Record<string, unknown> = {
    ...lab.nodes,
    lab: guarded(lab, story),
    expect: claims,
  }
  return new Proxy(context, {
    get(target, name) {
      if (typeof name === 'string' && !Object.hasOwn(target, name))
        throw unfit(story, lab.topology, `node '${name}'`)
      return Reflect.get(target, name) as unknown
    },
  }) as unknown as StoryContext
}

const PARTS = {
  node: 'nodes',
  network: 'networks',
  zone: 'zones',
  authority: 'authorities',
} as const

/** A part that only the story's own topology has, where the error speaks of it: `network 'office'`. */
function missingPart(story: Story, topology: Topology, message: string): string | undefined {
  for (const [word, part] of Object.entries(PARTS)) {
    const name = Object.keys(story.topology[part]).find(
      (each) => !Object.hasOwn(topology[part], each) && message.includes(`'${each}'`),
    )
    if (name !== undefined) return `${word} '${name}'`
  }
  return undefined
}

async function located(
  diagnosis: readonly StoryDiagnosis[],
  locateRule: LocateRule | undefined,
): Promise<StoryDiagnosis[]> {
  const out: StoryDiagnosis[] = []
  for (const cause of diagnosis) {
    const location = cause.rule === undefined ? undefined : await locateRule?.(cause.at, cause.rule)
    out.push(location === undefined ? cause : { ...cause, location })
  }
  return out
}

/** Play `story` once. Never rejects: whatever the story throws is in the record. */
export async function play(story: Story, options: PlayOptions = {}): Promise<Played> {
  const topology = options.topology ?? story.topology
  const seed = options.seed ?? 1
  const built = buildLab(topology, {
    seed,
    ...(options.at === undefined ? {} : { at: options.at }),
    ...(options.crypto === undefined ? {} : { crypto: options.crypto }),
  })
  const base = { title: story.title, seed, steps: [], diagnosis: [], note: [] }
  if (!built.ok) return { record: { ...base, status: 'unbuilt', problems: built.error } }
  const lab: Lab = built.value

  // What happened since the claim before the failing one is what the note may speak of.
  let since = 0
  let sofar = 0
  const onExpect = (): void => {
    since = sofar
    sofar = lab.trace.events.length
  }
  const told = { ...base, digest: '' }
  try {
    await story.run(contextOf(lab, story, onExpect))
    return { lab, record: { ...told, status: 'passed', steps: lab.steps, digest: lab.digest() } }
  } catch (thrown) {
    const events = lab.trace.events.slice(thrown instanceof StoryFailure ? since : sofar)
    return { lab, thrown, record: await explain(thrown, { story, options, lab, events }) }
  }
}

interface Telling {
  readonly story: Story
  readonly options: PlayOptions
  readonly lab: Lab
  readonly events: readonly TraceEvent[]
}

async function explain(thrown: unknown, telling: Telling): Promise<StoryRecord> {
  const { story, options, lab, events } = telling
  const { title } = story
  const replay = replayCommand(title, lab.seed, options)
  const told = { title, seed: lab.seed, steps: lab.steps, digest: lab.digest(), diagnosis: [] }
  const message = thrown instanceof Error ? thrown.message : String(thrown)

  if (thrown instanceof StoryUnfitError) return { ...told, status: 'unfit', note: [message] }
  const ours = thrown instanceof StoryFailure || thrown instanceof InvariantError
  const missing = ours ? undefined : missingPart(story, lab.topology, message)
  if (missing !== undefined)
    return { ...told, status: 'unfit', note: [unfit(story, lab.topology, missing).message] }
  if (thrown instanceof InvariantError)
    return { ...told, status: 'broken', note: [message, `  replay   ${replay}`] }

  const failure = thrown instanceof StoryFailure ? thrown : undefined
  const start = options.at ?? instant(lab.topology.start)
  const note = noteOf({ causes: failure?.diagnosis ?? [], events, start })
  const diagnosis = await located(note.causes, options.locateRule)
  return {
    ...told,
    status: 'failed',
    diagnosis,
    note: [message, ...note.write(diagnosis), `  replay   ${replay}`],
    ...(failure === undefined ? {} : { expected: failure.expected, actual: failure.actual }),
  }
}
