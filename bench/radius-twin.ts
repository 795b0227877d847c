/**
 * A live NPS in a process of its own, so that its memory and its core are nobody else's. Says its port; then, at every message, what it has
 * used and carried so far. It ends with its parent.
 */
import { collectGarbage, growSlowly } from '../src/cli/steady-memory.ts'
import { startTwin } from '../test/oracle/radius/twin.ts'
import type { Topology } from '../src/topology/topology.ts'

export interface TwinUse {
  readonly cpuSeconds: number
  /** Megabytes, resident: now, and at most since the last question. */
  readonly rssMb: number
  readonly rssMostMb: number
}

let most = 0
const watch = (): void => {
  most = Math.max(most, process.memoryUsage().rss)
}
setInterval(watch, 50)

process.once('message', async (topology: Topology) => {
  // As the command does.
  growSlowly()
  const twin = await startTwin(topology)
  collectGarbage()
  process.on('message', () => {
    watch()
    const { user, system } = process.cpuUsage()
    const use: TwinUse = {
      cpuSeconds: (user + system) / 1e6,
      rssMb: process.memoryUsage().rss / 1e6,
      rssMostMb: most / 1e6,
    }
    most = 0
    process.send!(use)
  })
  process.send!(twin.port)
})
process.once('disconnect', () => process.exit())
