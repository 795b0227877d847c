/** Bytes of anybody at the ports of both ends of a tunnel that stands, from the very address of the other end: nothing is thrown, and it stands. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { seconds } from '../../src/base/time.ts'
import { buildDrivenLab, type DrivenLab } from '../../src/lab/build.ts'
import type { Endpoint } from '../../src/net/sockets.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

const PAGE = 'http://intranet.corp.contoso.com/'
const PORTS = [500, 4500] as const
type End = 'laptop' | 'gateway'

/** What an end said by IKE and ESP in UDP, and to whom. */
interface Said {
  readonly to: Endpoint
  readonly bytes: Uint8Array
}

async function connectedLab(): Promise<{ driven: DrivenLab; said: Record<End, Said[]> }> {
  const built = buildDrivenLab(contoso, { traceLevel: 'recent' })
  if (!built.ok) throw new Error(built.error.map(({ message }) => message).join('; '))
  const driven = built.value
  const said: Record<End, Said[]> = { laptop: [], gateway: [] }
  for (const end of ['laptop', 'gateway'] as const) {
    driven.stack(end).udp.divert = (port, to, bytes) => {
      if (port === 500 || port === 4500) said[end].push({ to, bytes: bytes.slice() })
      return undefined
    }
  }
  const report = await driven.lab.nodes['laptop']!.connect()
  expect(report.outcome).toBe('connected')
  await driven.lab.nodes['laptop']!.get(PAGE)
  return { driven, said }
}

/** At its port, as if from `from`. */
function deliver(
  driven: DrivenLab,
  end: End,
  from: Endpoint,
  port: number,
  bytes: Uint8Array,
): void {
  const stack = driven.stack(end)
  const address = stack.sourceFor(from.address)
  const nic = stack.nics.find((each) => each.address === address)
  if (nic?.address === undefined) throw new Error(`${end} has no address`)
  const to = { address: nic.address, port }
  stack.udp.deliver({ bytes, from, to, nic: nic.name, packet: stack.trace.nextPacket() })
}

const change = fc.record({
  which: fc.nat(),
  bytes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
  cut: fc.option(fc.nat(), { freq: 3 }),
  more: fc.uint8Array({ maxLength: 20 }),
})
const chance = fc.uint8Array({ maxLength: 400 })

test.for(['gateway', 'laptop'] as const)('%s', async (end) => {
  const { driven, said } = await connectedLab()
  const { lab } = driven
  const other = end === 'gateway' ? 'laptop' : 'gateway'
  // As this end knows the other one, behind whatever translates between them.
  const from = (port: number): Endpoint =>
    said[end].findLast(({ to }) => to.port !== 500 || port === 500)!.to
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(change, chance), { minLength: 1, maxLength: 40 }),
      fc.constantFrom(...PORTS),
      async (hostile, port) => {
        for (const each of hostile) {
          if (each instanceof Uint8Array) {
            deliver(driven, end, from(port), port, each.slice())
            continue
          }
          const sample = said[other][each.which % said[other].length]!
          const bytes = sample.bytes.slice()
          for (const [at, value] of each.bytes) bytes[at % bytes.length] = value
          const cut = each.cut === null ? bytes : bytes.slice(0, each.cut % bytes.length)
          deliver(driven, end, from(port), port, Uint8Array.from([...cut, ...each.more]))
        }
        await lab.advance(seconds(1))
        expect(lab.nodes['laptop']!.tunnels().length).toBeGreaterThan(0)
      },
    ),
    { seed: 7, numRuns: 60 },
  )
  expect(await lab.nodes['laptop']!.get(PAGE)).toMatchObject({ status: 200 })
  await lab.nodes['laptop']!.disconnect()
  expect((await lab.nodes['laptop']!.connect()).outcome).toBe('connected')
})
