/**
 * A program: plays every story with the seed given and prints its digest, one JSON object on standard output.
 * Run in a process of its own, under another clock and time zone, by `repeat.test.ts`.
 */
import { play } from '../../src/lab/play.ts'
import { stories } from '../../scenarios/stories/index.ts'

const seed = Number(process.argv[2] ?? 1)
const digests: Record<string, string> = {}
for (const story of stories) {
  const { record } = await play(story, { seed })
  digests[story.title] = `${record.status} ${record.digest}`
}
process.stdout.write(JSON.stringify(digests))
