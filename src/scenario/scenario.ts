/**
 * Gives a story to vitest: one test, one fresh lab, and the record of what came of it in the task's meta data.
 * Not a way to write tests of one's own: `labTest` is.
 */
import { inject, test, type TestContext } from 'vitest'
import { instant } from '../base/time.ts'
import { StoryFailure } from '../lab/failure.ts'
import { play, type LocateRule, type PlayOptions, type Played } from '../lab/play.ts'
import type { Story } from '../lab/story.ts'
import { captureName, writeCapture } from './capture.ts'
import { renderTrace } from '../lab/render.ts'
import type { RunSettings } from './settings.ts'
import { TopologyPlaces } from './topology-places.ts'

/** A story plays within milliseconds; this is for a machine that does much else. */
const STORY_MS_MAX = 60_000

/**
 * Have a story played by `sallyport run`, and by vitest itself. Returns it.
 *
 * @example
 * scenario(story({ title: 'the printer answers', teaches: '…', topology: lan, async run({ lab, expect }) { … } }))
 */
export function scenario(story: Story): Story {
  const { title, tags } = story
  // oxlint-disable-next-line vitest/valid-title -- it is a string, which the rule cannot see.
  test(title, { meta: { tags }, timeout: STORY_MS_MAX }, async (context) => {
    await playUnderVitest(story, context)
  })
  return story
}

/** {@link scenario} for each of them, in order. */
export function scenarios(stories: readonly Story[]): void {
  for (const story of stories) scenario(story)
}

async function playUnderVitest(story: Story, { task }: TestContext): Promise<void> {
  const settings = inject('sallyport')
  const places = new TopologyPlaces(
    settings?.topology?.value ?? story.topology,
    settings?.topology ?? { importedBy: task.file.filepath },
  )
  const options = optionsFrom(settings, places)
  let played = await play(story, options)
  for (let again = 1; again < (settings?.repeat ?? 1); again++)
    played = sameAgain(played, await play(story, options))

  const { problems } = played.record
  task.meta.sallyport = {
    ...played.record,
    ...(problems === undefined ? {} : { problems: await places.problems(problems) }),
    ...leftovers(played, task, settings),
  }
  report(played)
}

function optionsFrom(settings: RunSettings | undefined, places: TopologyPlaces): PlayOptions {
  const locateRule: LocateRule = (node, rule) => places.rule(node, rule)
  if (settings === undefined) return { locateRule }
  const { seed, at, crypto, topology } = settings
  return {
    locateRule,
    seed,
    ...(at === undefined ? {} : { at }),
    ...(crypto === undefined ? {} : { crypto }),
    ...(topology === undefined ? {} : { topology: topology.value, topologyFile: topology.file }),
  }
}

/** The second telling, failed if the first one went otherwise. */
function sameAgain(first: Played, second: Played): Played {
  if (first.record.digest === second.record.digest) return second
  const note = [
    'played twice with one seed, the story went two ways',
    `  digests  ${first.record.digest} and ${second.record.digest}`,
  ]
  return { ...second, record: { ...second.record, status: 'failed', note } }
}

function leftovers(
  { lab }: Played,
  task: TestContext['task'],
  settings: RunSettings | undefined,
): { capture?: string; packets?: readonly string[] } {
  if (lab === undefined || settings === undefined) return {}
  return {
    ...(settings.trace
      ? { packets: renderTrace(lab.trace.events, settings.at ?? instant(lab.topology.start)) }
      : {}),
    ...(settings.pcapDir === undefined
      ? {}
      : { capture: writeCapture(settings.pcapDir, captureName(task, settings.root), lab) }),
  }
}

/** Let vitest know, in an error whose message is the note. */
function report({ record, thrown }: Played): void {
  if (record.status === 'passed') return
  const problems = (record.problems ?? []).map((problem) => problem.message)
  const message = [...record.note, ...problems].join('\n')
  const error = new Error(message, thrown instanceof StoryFailure ? {} : { cause: thrown })
  error.name = `story ${record.status}`
  if (record.status === 'failed' && 'expected' in record)
    Object.assign(error, { expected: record.expected, actual: record.actual })
  if (thrown instanceof Error) error.stack = `${error.name}: ${message}\n${framesOf(thrown)}`
  throw error
}

/** The frames of the story: those of the lab and of this room tell a reporter nothing about where the claim stands. */
const framesOf = ({ stack = '' }: Error): string =>
  stack
    .split('\n')
    .filter((line) => line.startsWith('    at ') && !OWN_FRAME.test(line))
    .join('\n')

const OWN_FRAME = /[\\/](?:dist|src)[\\/](?:lab|scenario)[\\/]/
