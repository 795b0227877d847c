/**
 * `npm run bench -- NAME [--json] [--vs-ns3] [--vs-strongswan] [--nodes N] [--rules N] [--packets N] [--runs N] [--chains N] [--clients N] [--crypto real|modelled] [--seconds N]
 * [--only PART]`: how fast, how large, and against whom.
 * Medians of at least five runs; the machine's own noise is the reader's to judge. Not a test: nothing fails for being slow.
 */
import { parseArgs } from 'node:util'
import { benchCapacity } from './capacity.ts'
import { benchChain } from './certificates.ts'
import { benchConnect } from './connect.ts'
import { benchEsp } from './esp.ts'
import { benchForwarding, benchGrowth, benchMemory } from './forwarding.ts'
import { benchLive } from './live.ts'
import { benchHostile } from './hostile.ts'
import type { BenchOptions, Report } from './measure.ts'
import { benchMonth } from './month.ts'
import { benchNodes } from './nodes.ts'
import { benchRadius } from './radius.ts'
import { benchStart, benchStory } from './stories.ts'

const BENCHES: Readonly<Record<string, (options: BenchOptions) => Report | Promise<Report>>> = {
  capacity: benchCapacity,
  chain: benchChain,
  connect: benchConnect,
  esp: benchEsp,
  forwarding: benchForwarding,
  growth: benchGrowth,
  hostile: benchHostile,
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
    'vs-strongswan': { type: 'boolean', default: false },
    nodes: { type: 'string', default: '8' },
    rules: { type: 'string', default: '0' },
    packets: { type: 'string', default: '100000' },
    runs: { type: 'string', default: '5' },
    chains: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '60' },
    clients: { type: 'string', default: '1000' },
    crypto: { type: 'string', default: 'real' },
    only: { type: 'string' },
  },
})

function countOf(
  option: 'nodes' | 'rules' | 'packets' | 'runs' | 'chains' | 'clients' | 'seconds',
  least: number,
): number {
  const value = Number(values[option])
  if (Number.isInteger(value) && value >= least) return value
  console.error(`--${option} is a whole number from ${least}, not '${values[option]}'`)
  process.exit(2)
}

const { crypto } = values
if (crypto !== 'real' && crypto !== 'modelled') {
  console.error(`--crypto is real or modelled, not '${crypto}'`)
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
  seconds: countOf('seconds', 1),
  clients: countOf('clients', 1),
  crypto,
  vsNs3: values['vs-ns3'],
  vsStrongSwan: values['vs-strongswan'],
  only: values.only,
})
if (values.json) console.log(JSON.stringify(report))
else
  for (const [key, value] of Object.entries(report))
    if (Array.isArray(value)) console.table(value)
    else console.log(`${key.padEnd(10)} ${String(value)}`)
