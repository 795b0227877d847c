/**
 * What a run of stories came to: collected from vitest's modules, as the JSON document and as lines for people.
 * Not the run itself. A test that is no story (`labTest`) counts like one, without steps and digest.
 */
import path from 'node:path'
import type { TestCase, TestModule } from 'vitest/node'
import { ms, formatDuration } from '../base/time.ts'
import type { StoryDiagnosis } from '../lab/failure.ts'
import type { LabStep } from '../lab/lab.ts'
import type { PlayedStory } from '../scenario/settings.ts'
import type { Problem } from './answer.ts'
import { placeOf, type ThrownElsewhere } from './error-place.ts'
import type { Colors } from './terminal.ts'

export interface StoryResult {
  readonly name: string
  /** Relative to the working directory, forward slashes. */
  readonly file: string
  readonly status: 'passed' | 'failed' | 'skipped' | 'unfit' | 'unbuilt' | 'broken'
  readonly digest?: string
  readonly steps: readonly LabStep[]
  readonly diagnosis: readonly StoryDiagnosis[]
  readonly note: readonly string[]
  /** Where the claim stands that did not hold. */
  readonly at?: Omit<Problem, 'message'>
  readonly packets?: readonly string[]
  readonly capture?: string
  readonly problems: readonly Problem[]
  /** Real time, for people; not in the document, which is the same for the same run. */
  readonly tookMs: number
}

const relative = (root: string, file: string): string =>
  path.relative(root, file).split(path.sep).join('/')

function statusOf(test: TestCase, played: PlayedStory | undefined): StoryResult['status'] {
  if (played !== undefined) return played.status
  const { state } = test.result()
  return state === 'passed' || state === 'failed' ? state : 'skipped'
}

function resultOf(test: TestCase, root: string): StoryResult {
  const played = test.meta().sallyport
  const errors = test.result().errors ?? []
  const file = relative(root, test.module.moduleId)
  return {
    name: test.name,
    file,
    status: statusOf(test, played),
    ...(played?.digest === undefined ? {} : { digest: played.digest }),
    steps: played?.steps ?? [],
    diagnosis: played?.diagnosis ?? [],
    note: played?.note ?? errors.map((error) => error.message),
    ...failedAt(errors[0], { root, within: test.module.moduleId }),
    ...(played?.packets === undefined ? {} : { packets: played.packets }),
    ...(played?.capture === undefined ? {} : { capture: relative(root, played.capture) }),
    problems: problemsOf(played, file),
    tookMs: test.diagnostic()?.duration ?? 0,
  }
}

function failedAt(
  error: ThrownElsewhere | undefined,
  from: { readonly root: string; readonly within: string },
): Pick<StoryResult, 'at'> {
  if (error === undefined) return {}
  const { message: _message, ...at } = placeOf(error, from)
  return { at }
}

function problemsOf(played: PlayedStory | undefined, file: string): readonly Problem[] {
  if (played?.status === 'unfit') return played.note.map((message) => ({ file, message }))
  return (played?.problems ?? []).map((problem) => ({
    ...problem,
    file: problem.file ?? file,
  }))
}

/** Every story of a module that was asked for, in the order in which it is written. */
export function resultsOf(module: TestModule, root: string): StoryResult[] {
  return [...module.children.allTests()]
    .filter((test) => test.meta().excluded !== true)
    .map((test) => resultOf(test, root))
}

/** Why a module could not be read: a syntax error in it or in what it imports, or something that threw meanwhile. */
export function moduleProblems(module: TestModule, root: string): Problem[] {
  return module
    .errors()
    .map((error) => placeOf(error as ThrownElsewhere, { root, within: module.moduleId }))
}

export interface RunDocument {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly seed: number
  readonly scenarios: readonly Omit<StoryResult, 'tookMs' | 'problems'>[]
}

export function documentOf(results: readonly StoryResult[], seed: number): RunDocument {
  const count = (...statuses: readonly StoryResult['status'][]): number =>
    results.filter((result) => statuses.includes(result.status)).length
  return {
    passed: count('passed'),
    failed: results.length - count('passed', 'skipped'),
    skipped: count('skipped'),
    seed,
    scenarios: results.map(({ tookMs: _tookMs, problems: _problems, ...result }) => result),
  }
}

const MARKS = { passed: '✓', failed: '✗', skipped: '-', broken: '!' }

/** A story as people read it: one line when it holds, its steps and the note when it does not. */
export function storyLines(result: StoryResult, colors: Colors): string[] {
  const { status, steps, note, at } = result
  // It was not told at all: why, stands once under all stories.
  if (status === 'unfit' || status === 'unbuilt') return []
  const paint = status === 'passed' ? colors.green : status === 'skipped' ? colors.dim : colors.red
  const time = status === 'skipped' ? '' : colors.dim(`  ${formatDuration(ms(result.tookMs))}`)
  const packets = (result.packets ?? []).map((line) => colors.dim(`    ${line}`))
  const head = `${paint(MARKS[status])} ${result.name}${time}`
  if (status === 'passed' || status === 'skipped') return [head, ...packets]
  const told = steps.map(
    (step) => `    ${step.status === 'passed' ? colors.green('✓') : colors.red('✗')} ${step.title}`,
  )
  const [headline, ...rest] = note.flatMap((text) => text.split('\n'))
  return [
    head,
    ...told,
    ...packets,
    ...(headline === undefined ? [] : [`  ${colors.bold(headline)}`]),
    ...rest.map((line) => `  ${line}`),
    ...(at?.line === undefined ? [] : [`    claim    ${at.file}:${at.line}:${at.column}`]),
  ]
}
