/** A lab with modelled cryptography is the same lab: the same frames by size, at the same instants, with the same entries in every log. */
import { describe, expect, test } from 'vitest'
import { connect } from '../../scenarios/stories/connect.ts'
import { connectFailures } from '../../scenarios/stories/connect-failures.ts'
import { connectSuites } from '../../scenarios/stories/connect-suites.ts'
import { connectUserFailures } from '../../scenarios/stories/connect-user-failures.ts'
import { npsEap } from '../../scenarios/stories/nps-eap.ts'
import { npsUserCertificates } from '../../scenarios/stories/nps-user-certificates.ts'
import { sstp } from '../../scenarios/stories/sstp.ts'
import { buildLab } from '../../src/lab/build.ts'
import type { Lab, LabOptions } from '../../src/lab/lab.ts'
import { play } from '../../src/lab/play.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

const labOf = (crypto: LabOptions['crypto'], seed = 1): Lab => {
  const built = buildLab(contoso, { seed, ...(crypto !== undefined && { crypto }) })
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  return built.value
}

/** What happened in each instant, without an order within it: independent events of one instant may change places. */
const seen = ({ trace }: Lab): readonly string[] => {
  const lines: { readonly at: number; readonly text: string }[] = []
  for (const event of trace.events) {
    const { at, node } = event
    if (event.kind === 'sent')
      lines.push({ at, text: `${node}/${event.nic} ${event.frame.length} bytes` })
    if (event.kind === 'logged')
      lines.push({ at, text: `${node} ${event.source} ${event.eventId ?? ''} ${event.text}` })
  }
  return lines
    .toSorted((a, b) => a.at - b.at || (a.text < b.text ? -1 : 1))
    .map(({ at, text }) => `${at} ${text}`)
}

const dials = [
  ...connect,
  ...connectFailures,
  ...connectUserFailures,
  ...connectSuites,
  ...sstp,
  ...npsEap,
  // OpenSSL ends the handshake of a client whose chain does not verify.
  ...npsUserCertificates.filter(({ title }) => title.includes('does not verify')),
]

describe('modelled as for real', () => {
  test.each(dials.map((story) => [story.title, story] as const))(
    '%s',
    { timeout: 60_000 },
    async (_title, story) => {
      const real = await play(story)
      const modelled = await play(story, { crypto: 'modelled' })
      expect(modelled.record.note).toEqual([])
      expect(modelled.record.status).toBe('passed')
      expect(modelled.record.steps).toEqual(real.record.steps)
      expect(seen(modelled.lab!)).toEqual(seen(real.lab!))
    },
  )
})

describe('a modelled lab', () => {
  const dial = async (lab: Lab) => {
    const report = await lab.nodes['laptop']!.connect()
    return report.outcome
  }

  test('repeats, and another seed is another run', async () => {
    const digests: string[] = []
    for (const seed of [1, 1, 2]) {
      const lab = labOf('modelled', seed)
      expect(await dial(lab)).toBe('connected')
      digests.push(lab.digest())
    }
    expect(digests[0]).toBe(digests[1])
    expect(digests[2]).not.toBe(digests[0])
  })

  test('takes nothing from a real one beside it, nor gives it anything', async () => {
    const alone = { real: labOf('real'), modelled: labOf('modelled') }
    await dial(alone.real)
    await dial(alone.modelled)
    const [real, modelled] = [labOf('real'), labOf('modelled')]
    expect(await Promise.all([dial(real), dial(modelled)])).toEqual(['connected', 'connected'])
    expect(real.digest()).toBe(alone.real.digest())
    expect(modelled.digest()).toBe(alone.modelled.digest())
  })

  test('writes no keys down: there is nothing that they would open', async () => {
    const [real, modelled] = [labOf('real'), labOf('modelled')]
    await dial(real)
    await dial(modelled)
    for (const table of ['tls', 'ikev2', 'esp'] as const) {
      expect(real.trace.secrets(table).length).toBeGreaterThan(0)
      expect(modelled.trace.secrets(table)).toEqual([])
    }
  })
})
