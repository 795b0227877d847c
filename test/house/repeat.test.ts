/** Same seed, same run: every story, twice in one process, and again in others under another time zone and another clock. */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { stories } from '../../scenarios/stories/index.ts'
import { play } from '../../src/lab/play.ts'
import { ROOT } from './sources.ts'

const run = promisify(execFile)
const JITI = path.join(
  path.dirname(createRequire(import.meta.url).resolve('jiti/package.json')),
  'lib/jiti-cli.mjs',
)

async function digestsElsewhere(env: Record<string, string>): Promise<Record<string, string>> {
  const program = path.join(ROOT, 'test/house/digests.ts')
  const alias = JSON.stringify({ sallyport: path.join(ROOT, 'src/index.ts') })
  const { stdout } = await run(process.execPath, [JITI, program, '1'], {
    cwd: ROOT,
    env: { ...process.env, JITI_ALIAS: alias, ...env },
    maxBuffer: 16 * 1024 * 1024,
  })
  return JSON.parse(stdout) as Record<string, string>
}

describe('one seed, one digest', () => {
  test.for(stories.map((story) => [story.title, story] as const))('%s', async ([, story]) => {
    const first = await play(story, { seed: 1 })
    const second = await play(story, { seed: 1 })
    expect(first.record.note).toEqual([])
    expect(second.record.digest).toBe(first.record.digest)
    expect(first.record.digest).toMatch(/^[0-9a-f]{64}$/)
  })

  test('in two processes, time zones and years', { timeout: 120_000 }, async () => {
    const [here, there] = await Promise.all([
      digestsElsewhere({ TZ: 'UTC' }),
      digestsElsewhere({
        TZ: 'Pacific/Kiritimati',
        NODE_OPTIONS: `--import ${pathToFileURL(path.join(ROOT, 'test/house/other-clock.mjs')).href}`,
      }),
    ])
    expect(Object.keys(here)).toHaveLength(stories.length)
    expect(there).toEqual(here)
  })
})

test('another seed runs differently where chance plays a part', async () => {
  const story = stories.find((each) => each.title.startsWith('IKE reaches the gateway from home'))!
  const one = await play(story, { seed: 1 })
  const two = await play(story, { seed: 2 })
  expect(two.record.status).toBe('passed')
  expect(two.record.digest).not.toBe(one.record.digest)
})
