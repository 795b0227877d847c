import { expect, test } from 'vitest'
import { minimal } from '../../topologies/minimal.ts'
import { loadTopology } from '../../src/lab/load.ts'

test('the smallest topology is the same in JSON as in TypeScript', async () => {
  const loaded = await loadTopology('topologies/minimal.json')
  expect(loaded.ok && loaded.value.topology).toEqual(minimal)
})
