/**
 * Writes topology.schema.json, the JSON Schema that editors use, from the shape in src/topology.
 * Run it after a change of a topology type: `node scripts/write-schema.mjs`. A test compares the two.
 */
import { writeFileSync } from 'node:fs'
import { createJiti } from 'jiti'

const { topologyJsonSchema } = await createJiti(import.meta.url).import('../src/topology/json.ts')
const file = new URL('../topology.schema.json', import.meta.url)
writeFileSync(file, `${JSON.stringify(topologyJsonSchema(), null, 2)}\n`)
