/**
 * Every capture that the lab writes, judged by Wireshark: those made for the gate, and those of all stories.
 * Skips where tshark is missing, unless judges are required.
 */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { captureOf } from '../../src/lab/capture.ts'
import { play } from '../../src/lab/play.ts'
import type { Story } from '../../src/lab/story.ts'
import type { TraceEvent } from '../../src/net/trace.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { checkCapture, readAllowed, type AllowedRemark } from './tshark/check-capture.ts'
import { ownCaptures, type TitledCapture } from './tshark/own-captures.ts'
import { hasTshark } from './tshark/tshark.ts'

const required = process.env['SALLYPORT_JUDGES'] === 'required'
const isJudged = hasTshark() || required
if (!isJudged) console.log('captures are not judged: tshark is not installed')

/** A story that lets two years pass writes hundreds of thousands of frames. */
const STORY_MS_MAX = 120_000
const STORIES = new URL('../../scenarios/stories/', import.meta.url)

/** Each story of each list that a file under scenarios/stories exports, once. */
async function allStories(): Promise<readonly Story[]> {
  const files = readdirSync(STORIES).filter((file) => file.endsWith('.ts'))
  const stories = new Set<Story>()
  for (const file of files.toSorted()) {
    const module = (await import(new URL(file, STORIES).href)) as Record<string, unknown>
    const lists = Object.values(module).filter((exported) => Array.isArray(exported))
    for (const list of lists) for (const story of list as Story[]) stories.add(story)
  }
  return [...stories]
}

/** The one that all gateways and servers of a topology share; undefined: they have several, or none. */
function secretOf({ nodes }: Topology): string | undefined {
  const services = Object.values(nodes).flatMap((node) =>
    node.kind === 'switch' ? [] : (node.services ?? []),
  )
  const secrets = services.flatMap((service) => {
    if (service.service === 'vpn-gateway') return service.radius?.map(({ secret }) => secret) ?? []
    return service.service === 'nps' ? (service.clients?.map(({ secret }) => secret) ?? []) : []
  })
  const [first, ...others] = new Set(secrets)
  return others.length > 0 ? undefined : first
}

async function storyCapture(story: Story): Promise<TitledCapture> {
  const { lab } = await play(story)
  if (lab === undefined) throw new Error(`'${story.title}' has no lab`)
  const radiusSecret = secretOf(story.topology)
  return {
    title: story.title,
    capture: lab.capture(),
    events: lab.trace.events,
    secrets: {
      tables: lab.wiresharkTables(),
      ...(radiusSecret !== undefined && { radius: radiusSecret }),
    },
  }
}

const stories = isJudged ? await allStories() : []

describe.runIf(isJudged)('captures in the eyes of tshark', () => {
  const allowed = readAllowed()
  const used = new Set<AllowedRemark>()
  const judge = ({ capture, events, secrets }: TitledCapture): readonly string[] => {
    const verdict = checkCapture(capture, allowed, events, secrets)
    for (const entry of verdict.used) used.add(entry)
    return verdict.findings
  }

  test.for(ownCaptures())('$title', (own) => {
    expect(judge(own)).toEqual([])
  })

  test.for(stories)('story: $title', { timeout: STORY_MS_MAX }, async (story) => {
    expect(judge(await storyCapture(story))).toEqual([])
  })

  test('there are stories, and every entry of the allow-list was needed for one or for our own captures', () => {
    expect(stories.length).toBeGreaterThan(0)
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

  test('the gate finds IKE and ESP that their keys do not open', async () => {
    const tunnelled = stories.find(({ title }) => title.startsWith('FW-I-10'))!
    const { capture, secrets } = await storyCapture(tunnelled)
    const tables = secrets?.tables ?? {}
    // Keys are the longest numbers of a line.
    const other = (key: string): string => `${key.slice(0, -2)}${key.endsWith('00') ? '01' : '00'}`
    const spoilt = Object.fromEntries(
      Object.entries(tables).map(([name, text]) => [
        name,
        text.replaceAll(/[0-9a-f]{32,}/g, other),
      ]),
    )
    const findings = (given: typeof tables) =>
      checkCapture(capture, allowed, undefined, { tables: given }).findings.join('\n')
    expect(findings(tables)).toBe('')
    expect(findings(spoilt)).toMatch(
      /IKE of \w+ is not opened|Integrity Checksum Data is incorrect/,
    )
    expect(findings(spoilt)).toMatch(/ESP of \w+ is not opened/)
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
