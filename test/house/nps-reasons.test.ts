/**
 * Every reason code of NPS is caused by a story, live, or stands in FIDELITY with why none can. What counts is what NPS logged while a
 * story that holds was played: nobody keeps a list by hand of what is covered.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { npsStories } from '../../scenarios/stories/index.ts'
import { play } from '../../src/lab/play.ts'
import type { Trace } from '../../src/net/trace.ts'
import { NPS_REASON_CODES } from '../../src/windows/nps/reasons.ts'
import { ROOT } from './sources.ts'

const HEADING = '## Reason codes of NPS that no story causes'
const EXCUSED_MAX = 20

/** The rows of the table, by code. */
function excused(): ReadonlyMap<number, string> {
  const text = readFileSync(path.join(ROOT, 'docs/FIDELITY.md'), 'utf8')
  const [, section = ''] = text.split(HEADING)
  const [table = ''] = section.split('\n## ')
  const rows = [...table.matchAll(/^\| *(\d+) *\| *(.+?) *\|$/gm)]
  return new Map(rows.map(([, code, why]) => [Number(code), why!]))
}

/** What NPS decided, by its Security events. */
const reasonsIn = (trace: Trace): readonly number[] =>
  trace.ofKind('logged').flatMap(({ eventId, text }) => {
    if (eventId === 6272) return [0]
    const [, code] = /reason code (\d+):/.exec(text) ?? []
    return (eventId === 6273 || eventId === 6274) && code !== undefined ? [Number(code)] : []
  })

test('every reason code has a story, or an excuse', { timeout: 120_000 }, async () => {
  const caused = new Set<number>()
  for (const story of npsStories) {
    const { lab, record } = await play(story)
    if (record.status !== 'passed' || lab === undefined) continue
    for (const reason of reasonsIn(lab.trace)) caused.add(reason)
  }
  const excuses = excused()
  const missing = NPS_REASON_CODES.filter((code) => !caused.has(code) && !excuses.has(code))
  const inVain = [...excuses.keys()].filter((code) => caused.has(code))
  expect({ missing, inVain }).toEqual({ missing: [], inVain: [] })
  expect(excuses.size).toBeLessThanOrEqual(EXCUSED_MAX)
  expect([...excuses.keys()].filter((code) => !NPS_REASON_CODES.includes(code as never))).toEqual(
    [],
  )
  expect([...excuses].filter(([, why]) => why.length < 20)).toEqual([])
})
