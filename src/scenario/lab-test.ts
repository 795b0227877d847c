/**
 * Vitest's `test` with a fresh lab and every node of a topology as a fixture, for scenarios that are no stories.
 * Played on the story's own topology, or on the one the command line gives.
 */
import { inject, test, type TestAPI } from 'vitest'
import { buildLab } from '../lab/build.ts'
import type { Lab, LabNode } from '../lab/lab.ts'
import type { Topology } from '../topology/topology.ts'

/** The fixtures: `lab`, and each node under its own name. */
export type LabFixtures<H extends string> = { lab: Lab<H> } & { [name in H]: LabNode }

/**
 * @example
 * const test = labTest(contoso)
 * test('the laptop finds the gateway', async ({ laptop }) => {
 *   expect(await laptop.resolve('vpn.contoso.com')).toResolveTo('203.0.113.10')
 * })
 */
export function labTest<N extends string, H extends string, Z extends string>(
  topology: Topology<N, H, Z>,
): TestAPI<LabFixtures<H>> {
  const names = Object.keys(topology.nodes) as H[]
  const node =
    (name: H) =>
    async ({ lab }: { lab: Lab<H> }, use: (node: LabNode) => Promise<void>): Promise<void> => {
      const found: LabNode | undefined = lab.nodes[name]
      if (found === undefined)
        throw new Error(`topology '${lab.topology.name}' does not have node '${name}'`)
      await use(found)
    }
  const fixtures = Object.fromEntries(names.map((name) => [name, node(name)]))
  const withLab = test.extend<{ lab: Lab<H> }>({
    lab: async ({ task }, use) => use(freshLab(topology, task.name)),
  })
  // Vitest infers fixtures from literal objects; ours are computed from the topology's keys.
  return withLab.extend(fixtures as never) as unknown as TestAPI<LabFixtures<H>>
}

function freshLab<H extends string>(own: Topology<string, H>, title: string): Lab<H> {
  const settings = inject('sallyport')
  const topology = (settings?.topology?.value ?? own) as Topology<string, H>
  const built = buildLab(topology, {
    ...(settings === undefined ? {} : { seed: settings.seed }),
    ...(settings?.at === undefined ? {} : { at: settings.at }),
    ...(settings?.crypto === undefined ? {} : { crypto: settings.crypto }),
  })
  if (built.ok) return built.value
  throw new Error(
    `'${title}': topology '${topology.name}' cannot be built: ${built.error.map((p) => p.message).join('; ')}`,
  )
}
