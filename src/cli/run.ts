/**
 * `sallyport run`: plays stories under vitest, which is started from here, and says how many hold.
 * Not the playing: `scenario/scenario.ts` does that in vitest's workers.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CliOptions } from 'vitest/node'
import type { Cryptography } from '../engine/cryptography.ts'
import { replayCommand } from '../lab/replay.ts'
import type { RunSettings } from '../scenario/settings.ts'
import { refused, type Answer, type Problem } from './answer.ts'
import type { LabCommandOptions, ReporterName } from './options.ts'
import { StoryReporter } from './run-reporter.ts'
import { documentOf, type RunDocument } from './run-results.ts'
import type { Terminal } from './terminal.ts'

export interface RunOptions extends LabCommandOptions {
  readonly topology?: string | undefined
  readonly tag?: readonly string[] | undefined
  readonly reporter?: readonly ReporterName[] | undefined
  readonly output?: string | undefined
  readonly pcap?: string | undefined
  readonly trace?: true | undefined
  readonly shard?: string | undefined
  readonly repeat: number
  readonly crypto?: Cryptography['kind'] | undefined
}

const STORY_FILES = 'scenarios/**/*.scenario.{ts,mts,js,mjs}'

/** This copy of sallyport: `src` under a test, `dist` otherwise. */
const EXTENSION = path.extname(fileURLToPath(import.meta.url))
const own = (module: string): string =>
  fileURLToPath(new URL(`../${module}${EXTENSION}`, import.meta.url))

/** cmd.exe does not know single quotes: it hands `'signs in'` over as two arguments. Put them together again. */
export function joinSingleQuoted(filters: readonly string[]): string[] {
  const out: string[] = []
  let open: string | undefined
  for (const filter of filters) {
    if (open !== undefined) open = `${open} ${filter}`
    else if (/^'[^']*$/.test(filter)) open = filter
    else out.push(filter)
    if (open?.endsWith("'") && open.length > 1) {
      out.push(open.slice(1, -1))
      open = undefined
    }
  }
  return open === undefined ? out : [...out, ...open.split(' ')]
}

/** Who writes to standard output, and into which files the others go. */
interface Outlets {
  readonly stdout: ReporterName
  readonly github: boolean
  readonly junitFile?: string
  readonly jsonFile?: string
}

function outletsOf(options: RunOptions): Outlets {
  const asked = options.reporter ?? ['pretty']
  const stdout =
    options.json === true ? 'json' : (asked.find((name) => name !== 'github') ?? 'github')
  const file = (name: ReporterName, byDefault: string): string | undefined =>
    asked.includes(name) && stdout !== name ? (options.output ?? byDefault) : undefined
  const junitFile = file('junit', 'sallyport-junit.xml')
  const jsonFile =
    asked.includes('json') && stdout !== 'json'
      ? ((junitFile === undefined ? options.output : undefined) ?? 'sallyport.json')
      : undefined
  return {
    stdout,
    // Workflow commands are lines of standard output; a document there must stay alone.
    github: asked.includes('github') && (stdout === 'pretty' || stdout === 'github'),
    ...(junitFile === undefined ? {} : { junitFile }),
    ...(jsonFile === undefined ? {} : { jsonFile }),
  }
}

async function settingsFor(
  filters: readonly string[],
  options: RunOptions,
  root: string,
): Promise<RunSettings | readonly Problem[]> {
  const base = {
    root,
    seed: options.seed,
    ...(options.at === undefined ? {} : { at: options.at }),
    filters: joinSingleQuoted(filters).map((filter) => filter.toLowerCase()),
    tags: options.tag ?? [],
    ...(options.pcap === undefined ? {} : { pcapDir: path.resolve(options.pcap) }),
    trace: options.trace === true,
    repeat: options.repeat,
    ...(options.crypto === undefined ? {} : { crypto: options.crypto }),
  }
  if (options.topology === undefined) return base
  const { openLab } = await import('./open-lab.ts')
  const opened = await openLab(options.topology, options)
  if (!opened.ok) return opened.error
  const { topology, file } = opened.value
  return { ...base, topology: { file, value: topology } }
}

function vitestOptions(
  settings: RunSettings,
  options: RunOptions,
  outlets: Outlets,
  reporter: StoryReporter,
): CliOptions {
  return {
    config: false,
    root: settings.root,
    include: [STORY_FILES],
    run: true,
    watch: false,
    passWithNoTests: true,
    pool: 'threads',
    // Labs share nothing, so stories need no wall between their files; one costs 95 ms a file.
    isolate: false,
    runner: own('scenario/runner'),
    provide: { sallyport: settings },
    // What runs from dist is loaded by Node itself, once: no second copy through vite.
    server: { deps: { external: [/[\\/]dist[\\/]/] } },
    ...(options.shard === undefined ? {} : { shard: options.shard }),
    reporters: [reporter, ...vitestReporters(outlets)],
  }
}

type Reporters = Extract<CliOptions['reporters'], unknown[]>

function vitestReporters(outlets: Outlets): Reporters {
  const github: Reporters = outlets.github ? ['github-actions'] : []
  if (outlets.junitFile !== undefined)
    return [['junit', { outputFile: outlets.junitFile }], ...github]
  return outlets.stdout === 'junit' ? ['junit'] : github
}

const ALIASES = [
  { find: /^sallyport\/scenario$/, replacement: own('scenario/index') },
  { find: /^sallyport$/, replacement: own('index') },
]

async function playAll(
  settings: RunSettings,
  options: RunOptions,
  outlets: Outlets,
  reporter: StoryReporter,
): Promise<void> {
  const { startVitest } = await import('vitest/node')
  const vite = { configFile: false, logLevel: 'silent', resolve: { alias: ALIASES } } as const
  const vitest = await startVitest(
    'test',
    [],
    vitestOptions(settings, options, outlets, reporter),
    vite,
  )
  await vitest.close()
}

/** Play the stories that `filters` and `options` choose. */
export async function run(
  filters: readonly string[],
  options: RunOptions,
  terminal: Terminal,
): Promise<Answer> {
  const root = process.cwd()
  // Vite takes what follows for a query, and then does not find the file.
  if (/[#?]/.test(root))
    return refused({
      message: `stories cannot be played below a folder with # or ? in its name: ${root}`,
    })
  const settings = await settingsFor(filters, options, root)
  if (!('root' in settings)) return refused(...settings)
  const outlets = outletsOf(options)
  const reporter = new StoryReporter({ root, terminal, prints: outlets.stdout === 'pretty' })
  await playAll(settings, options, outlets, reporter)

  const document = documentOf(reporter.results, options.seed)
  if (outlets.jsonFile !== undefined) writeJson(outlets.jsonFile, document)
  const { shard } = options
  return verdict(reporter, document, {
    ...settings,
    outlets,
    ...(shard === undefined ? {} : { shard }),
  })
}

function writeJson(file: string, document: RunDocument): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true })
  writeFileSync(file, `${JSON.stringify(document, undefined, 2)}\n`)
}

interface Asked extends Pick<RunSettings, 'filters' | 'tags'> {
  readonly shard?: string
}

function verdict(
  reporter: StoryReporter,
  document: RunDocument,
  asked: Asked & { readonly outlets: Outlets },
): Answer {
  const bug = reporter.results.find((result) => result.status === 'broken')
  if (bug !== undefined) {
    const replay = replayCommand(bug.name, document.seed)
    return { kind: 'broken', message: bug.note[0] ?? bug.name, replay }
  }
  if (reporter.problems.length > 0)
    return { kind: 'refused', problems: distinct(reporter.problems), document }
  // A part of a run may be empty; a whole one that is has not found what was asked for.
  if (reporter.results.length === 0 && asked.shard === undefined)
    return refused({ message: nothingChosen(asked) })
  const notes = reporter.unhandled.map((error) => `unhandled: ${error.message}`)
  const summary = `${document.passed} stories hold, ${document.failed} fail`
  const lines = {
    pretty: () => [...notes, summary],
    json: () => [JSON.stringify(document, undefined, 2)],
    junit: () => [],
    github: () => [],
  }
  return {
    kind: 'answered',
    holds: document.failed === 0 && notes.length === 0,
    document,
    lines: lines[asked.outlets.stdout](),
  }
}

/** A topology that cannot be built is one problem, however many stories are told on it. */
const distinct = (problems: readonly Problem[]): Problem[] => [
  ...new Map(problems.map((problem) => [JSON.stringify({ ...problem }), problem])).values(),
]

function nothingChosen(asked: Asked): string {
  const filters = asked.filters.map((filter) => `'${filter}'`).join(', ')
  const tags = asked.tags.map((tag) => `tag '${tag}'`).join(', ')
  if (filters === '' && tags === '') return `no story found in ${STORY_FILES}`
  return `no story matches ${[filters, tags].filter((part) => part !== '').join(' with ')}`
}
