/**
 * One node of a lab that is live, in a process of its own, so that its memory is nobody else's: the gateway, or the laptop that dials it. Says where it
 * listens; then, as it is asked, what it has used, or how a connection went. It ends with its parent.
 */
import { collectGarbage, growSlowly } from '../src/cli/steady-memory.ts'
import type { LiveCounts } from '../src/live/counts.ts'
import { startLive, type LiveOptions, type LiveSession } from '../src/live/live.ts'
import type { Topology } from '../src/topology/topology.ts'
import { INSIDE_HOST, INSIDE_PAGE } from '../test/oracle/ikev2/topology.ts'
import { clock } from './measure.ts'

export interface TwinTask {
  readonly topology: Topology
  readonly node: string
  readonly remotes: NonNullable<LiveOptions['remotes']>
}

export interface TwinUse {
  readonly cpuSeconds: number
  /** Megabytes, resident: now, and at most since the last question. */
  readonly rssMb: number
  readonly rssMostMb: number
  readonly counts: LiveCounts
  /** Our own code threw; the session is over. */
  readonly broken?: string
}

export interface Dialled {
  readonly isConnected: boolean
  /** A page came through the tunnel. */
  readonly isCarried: boolean
  readonly seconds: number
  /** Datagrams that the client sent until the tunnel stood. */
  readonly sent: number
  readonly why: readonly string[]
}

let most = 0
const watch = (): void => {
  most = Math.max(most, process.memoryUsage().rss)
}
setInterval(watch, 50)

process.once('message', async ({ topology, node, remotes }: TwinTask) => {
  // As the command does.
  growSlowly()
  const started = await startLive(topology, { node, remotes, realPort: () => 0 })
  if (!started.ok) throw new Error(JSON.stringify(started.error))
  const session = started.value
  let broken: string | undefined
  void session.ended.then((end) => {
    if (end.kind === 'broken') broken = String(end.thrown)
  })
  collectGarbage()
  process.on('message', (asked: 'use' | 'dial') => {
    if (asked === 'dial') {
      void dial(session, node).then((said) => process.send!(said))
      return
    }
    watch()
    const { user, system } = process.cpuUsage()
    process.send!({
      cpuSeconds: (user + system) / 1e6,
      rssMb: process.memoryUsage().rss / 1e6,
      rssMostMb: most / 1e6,
      counts: { ...session.counts },
      ...(broken !== undefined && { broken }),
    } satisfies TwinUse)
    most = 0
  })
  process.send!(session.listening)
})
process.once('disconnect', () => process.exit())

async function dial({ lab, counts }: LiveSession, name: string): Promise<Dialled> {
  const node = lab.nodes[name]!
  const [begin, before] = [clock(), counts.answers]
  const report = await node.connect({
    tunnel: 'user',
    trigger: 'manual',
    user: 'ada',
    certificate: 'ada',
  })
  const [seconds, sent] = [clock() - begin, counts.answers - before]
  const isConnected = report.outcome === 'connected'
  const page = isConnected ? await node.get(`http://${INSIDE_HOST}/`) : undefined
  await node.disconnect()
  return { isConnected, isCarried: page?.body === INSIDE_PAGE, seconds, sent, why: report.why }
}
