/**
 * Every capture that the lab writes, judged by Wireshark: those made for the gate, and those of all stories.
 * Skips where tshark is missing, unless judges are required.
 */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { captureOf } from '../../src/lab/capture.ts'
import type { Story } from '../../src/lab/story.ts'
import type { TraceEvent } from '../../src/net/trace.ts'
import { checkCapture, readAllowed, type AllowedRemark } from './tshark/check-capture.ts'
import { ownCaptures, type TitledCapture } from './tshark/own-captures.ts'
import { hasTshark } from './tshark/tshark.ts'

const MINUTES_MAX = 10
const required = process.env['SALLYPORT_JUDGES'] === 'required'
const present = hasTshark()
if (!present && !required) console.log('captures are not judged: tshark is not installed')

const STORIES = new URL('../../scenarios/stories/', import.meta.url)

/** Each list of stories that a file under scenarios/stories exports. */
async function allStories(): Promise<readonly Story[]> {
  const files = readdirSync(STORIES).filter((file) => file.endsWith('.ts'))
  const stories: Story[] = []
  for (const file of files.toSorted()) {
    const module = (await import(new URL(file, STORIES).href)) as Record<string, unknown>
    for (const exported of Object.values(module)) {
      if (Array.isArray(exported)) stories.push(...(exported as Story[]))
    }
  }
  return stories
}

async function storyCapture(story: Story): Promise<TitledCapture> {
  const { play } = await import('../../src/lab/play.ts')
  const { lab } = await play(story)
  if (lab === undefined) throw new Error(`'${story.title}' has no lab`)
  return { title: story.title, capture: lab.capture(), events: lab.trace.events }
}

describe.runIf(present || required)('captures in the eyes of tshark', () => {
  const allowed = readAllowed()
  const used = new Set<AllowedRemark>()
  const judge = ({ capture, events }: TitledCapture): readonly string[] => {
    const verdict = checkCapture(capture, allowed, events)
    for (const entry of verdict.used) used.add(entry)
    return verdict.findings
  }

  test.for(ownCaptures())('$title', (own) => {
    expect(judge(own)).toEqual([])
  })

  test('a story writes only what tshark accepts', { timeout: MINUTES_MAX * 60_000 }, async () => {
    const stories = await allStories()
    expect(stories.length).toBeGreaterThan(0)
    for (const story of stories) {
      expect({ story: story.title, findings: judge(await storyCapture(story)) }).toEqual({
        story: story.title,
        findings: [],
      })
    }
  })

  test('every entry of the allow-list is needed', () => {
    expect(allowed.filter((entry) => !used.has(entry))).toEqual([])
  })

  const [own] = ownCaptures()
  const damaged = (at: (frame: Uint8Array) => number): readonly TraceEvent[] =>
    own!.events.map((event) => {
      if (event.kind !== 'sent') return event
      const frame = event.frame.slice()
      frame[at(frame)]! ^= 0xff
      return { ...event, frame }
    })

  test('the gate finds a wrong checksum', () => {
    const events = damaged((frame) => frame.length - 1)
    const { findings } = checkCapture(captureOf(events), allowed, events)
    expect(findings.join()).toContain('Bad checksum')
  })

  test('the gate finds a frame that is not the one in the trace', () => {
    const sourceAt = 11
    const { findings } = checkCapture(
      own!.capture,
      allowed,
      damaged(() => sourceAt),
    )
    expect(findings.join()).toContain('eth.src is')
  })
})
