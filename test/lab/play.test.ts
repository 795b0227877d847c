/** How a story ends, as its record tells it: five ways, and never an exception. */
import { expect, test } from 'vitest'
import { InvariantError } from '../../src/base/invariant.ts'
import { play } from '../../src/lab/play.ts'
import { story } from '../../src/lab/story.ts'
import { firewall, host, topology, type Topology } from '../../src/topology/topology.ts'
import { allow } from '../../src/topology/firewall.ts'
import { listener } from '../../src/topology/services.ts'

const site = topology({
  name: 'site',
  start: '2026-03-02T08:00:00Z',
  networks: { left: '10.1.0.0/24', right: '10.2.0.0/24' },
  nodes: {
    client: host({ left: { address: '10.1.0.2', gateway: '10.1.0.1' } }),
    wall: firewall(
      { left: '10.1.0.1', right: '10.2.0.1' },
      {
        filter: {
          rules: [
            allow('answers', { state: ['established', 'related'] }),
            allow('web', { from: 'left', tcp: [80] }),
          ],
          otherwise: { forward: { name: 'shut', verdict: 'drop' } },
        },
      },
    ),
    server: host(
      { right: { address: '10.2.0.2', gateway: '10.2.0.1' } },
      { services: [listener({ name: 'web', tcp: [80], udp: [53] })] },
    ),
  },
})

const told = { teaches: 'nothing', topology: site }

test('a story that holds has steps and a digest, the same each time', async () => {
  const holds = story({
    ...told,
    title: 'the web is open',
    async run({ lab, expect }) {
      const probe = await lab.step('a connection', () =>
        lab.probe({ from: 'client', to: 'server', tcp: 80 }),
      )
      expect(probe).toBeAnswered({ at: 'server' })
    },
  })
  const { record } = await play(holds)
  expect(record).toMatchObject({
    status: 'passed',
    seed: 1,
    steps: [{ title: 'a connection', status: 'passed' }],
    note: [],
  })
  expect((await play(holds)).record.digest).toBe(record.digest)
})

test('a claim that fails is explained by what happened since the claim before it', async () => {
  const fails = story({
    ...told,
    title: 'DNS is open',
    async run({ lab, expect }) {
      expect(await lab.probe({ from: 'client', to: 'server', tcp: 81 })).toBeDropped({ at: 'wall' })
      const dns = await lab.probe({ from: 'client', to: 'server', udp: 53 })
      expect(dns.replied).toBe(true)
    },
  })
  const locateRule = async () => ({ file: 'site.ts', line: 12, column: 3 })
  const { record } = await play(fails, { seed: 5, locateRule })
  expect(record.status).toBe('failed')
  expect(record.diagnosis).toMatchObject([
    { code: 'firewall/denied', at: 'wall', rule: 'shut', location: { file: 'site.ts', line: 12 } },
  ])
  const note = record.note.join('\n')
  expect(note).toMatch(/because +firewall\/denied +wall dropped .*UDP.* by rule 'shut'/)
  expect(note).toContain('(site.ts:12:3)')
  expect(note).not.toContain('.81')
  expect(note).toMatch(/packets +\+.*dropped at wall by rule 'shut'/)
  expect(record.note.at(-1)).toBe("  replay   npx sallyport run 'DNS is open' --seed 5")
})

test('a story that names a node of its own topology only is unfit for another', async () => {
  const { server: _server, ...nodes } = site.nodes
  const smaller = { ...site, name: 'smaller', nodes } as unknown as Topology
  const byName = story({
    ...told,
    title: 'by its name',
    async run({ server }) {
      await server.resolve('x.example')
    },
  })
  const byProbe = story({
    ...told,
    title: 'by a probe',
    async run({ lab }) {
      await lab.probe({ from: 'client', to: 'server', icmp: true })
    },
  })
  for (const unfit of [byName, byProbe]) {
    const { record } = await play(unfit, { topology: smaller })
    expect(record.status).toBe('unfit')
    expect(record.note).toEqual([
      `story '${unfit.title}' names node 'server', which topology 'smaller' does not have`,
    ])
  }
})

test('a topology that cannot be built has problems instead of a lab', async () => {
  const networks = { ...site.networks, left: { prefix: '10.1.0.7/24' } }
  const broken = { ...site, networks } as unknown as Topology
  const { record, lab } = await play(
    story({ ...told, title: 'never told', run: async () => undefined }),
    { topology: broken },
  )
  expect(record.status).toBe('unbuilt')
  expect(record.problems?.[0]?.message).toContain("'10.1.0.7/24'")
  expect(lab).toBeUndefined()
})

test('a broken promise of our own code is neither the story nor the network', async () => {
  const { record } = await play(
    story({
      ...told,
      title: 'a bug',
      run: async () => {
        throw new InvariantError('a queue ran backwards')
      },
    }),
  )
  expect(record).toMatchObject({ status: 'broken' })
  expect(record.note).toEqual([
    'a queue ran backwards',
    "  replay   npx sallyport run 'a bug' --seed 1",
  ])
})

test('a story that moves a node to a network of its own topology only is unfit for another', async () => {
  const home = { lan: '10.0.0.0/24', guest: '10.0.1.0/24' }
  const roams = topology({
    name: 'roams',
    start: '2026-03-02T08:00:00Z',
    networks: home,
    nodes: { client: host({ lan: '10.0.0.2' }, { roams: ['guest'] }) },
  })
  const stays = topology({
    name: 'stays',
    start: '2026-03-02T08:00:00Z',
    networks: { lan: '10.0.0.0/24' },
    nodes: { client: host({ lan: '10.0.0.2' }) },
  })
  const leaves = story({
    title: 'leaves',
    teaches: 'a network is a name, too',
    topology: roams,
    run: ({ client }) => client.moveTo('guest'),
  })
  const { record } = await play(leaves, { topology: stays })
  expect(record).toMatchObject({
    status: 'unfit',
    note: ["story 'leaves' names network 'guest', which topology 'stays' does not have"],
  })
})
