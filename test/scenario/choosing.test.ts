/** What `sallyport run FILTER… --tag T` plays, how captures are named, and where a topology's file is found. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { joinSingleQuoted } from '../../src/cli/run.ts'
import { replayCommand } from '../../src/lab/replay.ts'
import { fileNameFrom } from '../../src/scenario/capture.ts'
import { isChosen } from '../../src/scenario/runner.ts'
import { topologyFileOf } from '../../src/scenario/topology-places.ts'
import { host, topology, type Topology } from '../../src/topology/topology.ts'

const story = {
  title: 'The Name of the gateway',
  file: 'scenarios/dns.scenario.ts',
  tags: ['core', 'dns'],
}

test.for([
  [[], [], true],
  [['name of'], [], true],
  [['dns.scenario'], [], true],
  [['nrpt', 'gateway'], [], true],
  [['nrpt'], [], false],
  [[], ['core'], true],
  [[], ['slow', 'dns'], true],
  [['gateway'], ['slow'], false],
] as const)('filters %j and tags %j: %s', ([filters, tags, expected]) => {
  expect(isChosen(story, { filters, tags })).toBe(expected)
})

test.for([
  [["'signs", "in'"], ['signs in']],
  [
    ["'one'", 'two'],
    ["'one'", 'two'],
  ],
  [
    ["'never", 'closed'],
    ["'never", 'closed'],
  ],
  [
    ['plain', 'words'],
    ['plain', 'words'],
  ],
] as const)('%j means %j', ([given, meant]) => {
  expect(joinSingleQuoted(given)).toEqual(meant)
})

test('a title with an apostrophe is replayed in double quotes', () => {
  expect(replayCommand("the gateway's chain", 3)).toBe(
    `npx sallyport run "the gateway's chain" --seed 3`,
  )
})

test('capture names are short, lower case and different for different titles', () => {
  expect(fileNameFrom('FW-E-01: IKE comes in')).toBe('fw-e-01-ike-comes-in')
  expect(fileNameFrom('prüft')).not.toBe(fileNameFrom('pröft'))
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
      expect(fileNameFrom(text)).toMatch(/^[a-z0-9-]{1,70}$/)
    }),
  )
})

test('a topology is found among what a story file imports, over several steps', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'places-'))
  try {
    writeFileSync(path.join(folder, 'a.scenario.ts'), "import { b } from './b.ts'\n")
    writeFileSync(path.join(folder, 'b.ts'), "import t from './site'\nimport './a.scenario.ts'\n")
    const text = "export default topology({\n  name: 'here',\n})\n"
    writeFileSync(path.join(folder, 'site.ts'), text)
    const here = topology({
      name: 'here',
      start: '2026-03-02T08:00:00Z',
      networks: { lan: '10.0.0.0/24' },
      nodes: { pc: host({ lan: '10.0.0.2' }) },
    }) as unknown as Topology
    const found = topologyFileOf(path.join(folder, 'a.scenario.ts'), here)
    expect(found).toBe(path.join(folder, 'site.ts'))
    expect(topologyFileOf(path.join(folder, 'a.scenario.ts'), { ...here, name: 'elsewhere' })).toBe(
      undefined,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
