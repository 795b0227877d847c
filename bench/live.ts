/**
 * What a live lab answers over real UDP sockets on loopback: Status-Server and echo, asked from a process of its own with many requests on their
 * way. And a flood: 20,000 datagrams of garbage a second from ever new ports, beside a client that sends again as RADIUS clients do.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { toHex } from '../src/base/bytes.ts'
import { rngFrom } from '../src/base/rng.ts'
import { startLive, type LiveSession } from '../src/live/live.ts'
import { statusRequest } from '../src/node/status-server.ts'
import { host, listener, topology } from '../src/index.ts'
import { clock, median, round, type BenchOptions, type Report } from './measure.ts'

const FLOOD_SECONDS = 10
const FLOOD_PER_SECOND = 20_000
const IN_FLIGHT = 64

const lab = topology({
  name: 'live-bench',
  start: '2026-03-02T08:00:00Z',
  networks: { lan: '10.9.0.0/24' },
  nodes: {
    gateway: host({ lan: '10.9.0.5' }),
    server: host(
      { lan: '10.9.0.2' },
      {
        services: [
          listener({ name: 'status', udp: [1812], speaks: 'radius' }),
          listener({ name: 'echo', udp: [7] }),
        ],
      },
    ),
  },
})

const portOf = (live: LiveSession, service: number): number =>
  live.listening.find(({ servicePort }) => servicePort === service)!.port

interface Load {
  readonly port: number
  /** In hexadecimal. */
  readonly request: string
  readonly count: number
}

/** Run a client in its own process, so that the memory measured here is the lab's; resolves with what it says. */
function client<T>(task: object): Promise<T> {
  const child = fork(fileURLToPath(new URL('./live-client.mjs', import.meta.url)))
  child.send(task)
  return new Promise((resolve, reject) => {
    child.once('message', (said) => resolve(said as T))
    child.once('error', reject)
  })
}

/** Requests answered a second, with {@link IN_FLIGHT} on their way. */
async function throughput(load: Load): Promise<number> {
  const { seconds } = await client<{ readonly seconds: number }>({
    kind: 'load',
    ...load,
    inFlight: IN_FLIGHT,
  })
  return load.count / seconds
}

export async function benchLive(options: BenchOptions): Promise<Report> {
  const started = await startLive(lab, { node: 'server', realPort: () => 0 })
  if (!started.ok) throw new Error(JSON.stringify(started.error))
  const live = started.value
  const request = toHex(statusRequest(rngFrom('bench')))
  const status = { port: portOf(live, 1812), request, count: options.packets }
  const echo = {
    port: portOf(live, 7),
    request: toHex(new Uint8Array(100)),
    count: options.packets,
  }
  const rates = { status: [] as number[], echo: [] as number[] }
  // The first runs warm up and are not counted.
  for (let i = -1; i < options.runs; i++) {
    const [s, e] = [await throughput(status), await throughput(echo)]
    if (i >= 0) rates.status.push(s)
    if (i >= 0) rates.echo.push(e)
  }
  const flood = await underFlood(live, status)
  await live.stop()
  return {
    name: 'live',
    unit: 'requests/s',
    ours: round(median(rates.status)),
    echo: round(median(rates.echo)),
    ...flood,
  }
}

/** Resident memory before and at its most, and how often each good request had to be sent. */
async function underFlood(live: LiveSession, status: Load): Promise<Record<string, unknown>> {
  const before = process.memoryUsage().rss
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss)
  }, 100)
  const { datagrams, malformed, dropped } = live.counts
  const cpu = process.cpuUsage()
  const begin = clock()
  const flooding = client<{ readonly sent: number }>({
    kind: 'flood',
    port: status.port,
    seconds: FLOOD_SECONDS,
    perSecond: FLOOD_PER_SECOND,
  })
  const asking = client<{ readonly tries: readonly number[] }>({
    kind: 'ask',
    ...status,
    seconds: FLOOD_SECONDS,
  })
  const [{ sent }, { tries }] = await Promise.all([flooding, asking])
  clearInterval(watch)
  const { user, system } = process.cpuUsage(cpu)
  return {
    floodSent: sent,
    floodPerSecond: Math.round(sent / (clock() - begin)),
    floodTaken: live.counts.datagrams - datagrams,
    floodMalformed: live.counts.malformed - malformed,
    floodDropped: live.counts.dropped - dropped,
    goodRequests: tries.length,
    goodUnanswered: tries.filter((each) => each === 0).length,
    goodTriesMost: Math.max(...tries),
    rssGrowthMb: round((most - before) / 1e6),
    cpuSeconds: round((user + system) / 1e6),
  }
}
