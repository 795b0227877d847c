/**
 * How long a story takes once everything is warm, and how long a newcomer waits for the first verdict of `npm start`.
 * Not a comparison: no peer tells these stories.
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { stories } from '../scenarios/stories/index.ts'
import { play } from '../src/lab/play.ts'
import { clock, median, round, type BenchOptions, type Report } from './measure.ts'

/** The first story still gets faster until it was played about this often: V8 compiles what is hot in steps. */
const WARM_UP_RUNS = 150
const RUNS_MIN = 15

/** Each `core` story, played again and again in one process: median milliseconds, the slowest first. */
export async function benchStory(options: BenchOptions): Promise<Report> {
  const rows: { readonly title: string; readonly milliseconds: number }[] = []
  for (const story of stories.filter(({ tags }) => tags.includes('core'))) {
    for (let i = 0; i < WARM_UP_RUNS; i++) await play(story)
    const times: number[] = []
    for (let i = 0; i < Math.max(options.runs, RUNS_MIN); i++) {
      const begin = clock()
      const { record } = await play(story)
      times.push((clock() - begin) * 1e3)
      if (record.status !== 'passed') throw new Error(`'${story.title}' does not hold`)
    }
    rows.push({ title: story.title, milliseconds: round(median(times)) })
  }
  const slowestFirst = rows.toSorted((a, b) => b.milliseconds - a.milliseconds)
  return { name: 'story', unit: 'ms', ours: slowestFirst[0]!.milliseconds, stories: slowestFirst }
}

/** `npm start` without npm: a cold process from the command to its last line, in seconds. */
export function benchStart(options: BenchOptions): Report {
  const root = process.env['SALLYPORT_ROOT'] ?? process.cwd()
  const command = [path.join(root, 'bin', 'sallyport.js'), 'run', '--tag', 'core']
  const times = Array.from({ length: options.runs }, () => {
    const begin = clock()
    const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'ignore' })
    if (status !== 0) throw new Error(`sallyport run ended with status ${status}`)
    return clock() - begin
  })
  return { name: 'start', unit: 's', runs: options.runs, ours: round(median(times)) }
}
