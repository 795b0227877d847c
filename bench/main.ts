/**
 * `npm run bench -- NAME [--json] [--vs-ns3] [--nodes N] [--rules N] [--packets N] [--runs N] [--chains N] [--only PART]`: how fast, how large, and against whom.
 * Medians of at least five runs; the machine's own noise is the reader's to judge. Not a test: nothing fails for being slow.
 */
import { parseArgs } from 'node:util'
import { benchChain } from './certificates.ts'
import { benchConnect } from './connect.ts'
import { benchEsp } from './esp.ts'
import { benchForwarding, benchGrowth, benchMemory } from './forwarding.ts'
import { benchLive } from './live.ts'
import type { BenchOptions, Report } from './measure.ts'
import { benchMonth } from './month.ts'
import { benchNodes } from './nodes.ts'
import { benchRadius } from './radius.ts'
import { benchStart, benchStory } from './stories.ts'

const BENCHES: Readonly<Record<string, (options: BenchOptions) => Report | Promise<Report>>> = {
  chain: benchChain,
  connect: benchConnect,
  esp: benchEsp,
  forwarding: benchForwarding,
  growth: benchGrowth,
  live: benchLive,
  memory: benchMemory,
  month: benchMonth,
  nodes: benchNodes,
  radius: benchRadius,
  start: benchStart,
  story: benchStory,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    'vs-ns3': { type: 'boolean', default: false },
    nodes: { type: 'string', default: '8' },
    rules: { type: 'string', default: '0' },
    packets: { type: 'string', default: '100000' },
    runs: { type: 'string', default: '5' },
    chains: { type: 'string', default: '5000' },
    only: { type: 'string' },
  },
})

function countOf(option: 'nodes' | 'rules' | 'packets' | 'runs' | 'chains', least: number): number {
  const value = Number(values[option])
  if (Number.isInteger(value) && value >= least) return value
  console.error(`--${option} is a whole number from ${least}, not '${values[option]}'`)
  process.exit(2)
}

const bench = BENCHES[positionals[0] ?? '']
if (bench === undefined || positionals.length !== 1) {
  console.error(`which bench? one of ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
const report = await bench({
  nodes: countOf('nodes', 3),
  rules: countOf('rules', 0),
  packets: countOf('packets', 1),
  runs: countOf('runs', 1),
  chains: countOf('chains', 1),
  vsNs3: values['vs-ns3'],
  only: values.only,
})
if (values.json) console.log(JSON.stringify(report))
else
  for (const [key, value] of Object.entries(report))
    if (Array.isArray(value)) console.table(value)
    else console.log(`${key.padEnd(10)} ${String(value)}`)
