/**
 * PAP over real UDP sockets on loopback, by a live NPS and by FreeRADIUS, each alone on one core with the same clients on another; then a
 * flood of garbage beside a client that sends again as RADIUS clients do.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compileTopology } from '../src/lab/compile.ts'
import { freeRadiusIsInstalled, startFreeRadius } from '../test/oracle/radius/freeradius.ts'
import { CLIENTS, onLoopback, type Secrets } from '../test/oracle/radius/topology.ts'
import type { Topology } from '../src/topology/topology.ts'
import { cpuSecondsOf, median, round } from './measure.ts'
import { benchNetwork } from './radius-peer.ts'
import type { LoadSaid, LoadTask } from './radius-load.ts'
import type { TwinUse } from './radius-twin.ts'

const IN_FLIGHT = 64
const REQUESTS = 20_000
const FLOOD_SECONDS = 10
const FLOOD_PER_SECOND = 20_000
const SERVER_CORE = '0'
const CLIENT_CORE = '1'
const USER = 'ada'

const hasTaskset = spawnSync('taskset', ['-V']).status === 0

/** A script of the bench in a process of its own, on one core where the machine can pin it. */
function script(name: string, core: string): ChildProcess {
  const file = fileURLToPath(new URL(name, import.meta.url))
  const command = [process.execPath, file]
  const [program, ...rest] = hasTaskset ? ['taskset', '-c', core, ...command] : command
  return spawn(program!, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

const said = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const fail = (why: unknown): void => reject(new Error(`a process of the bench: ${String(why)}`))
    child.once('error', fail)
    child.once('exit', fail)
    child.once('message', (message) => {
      child.off('error', fail).off('exit', fail)
      resolve(message as T)
    })
  })

function client(task: LoadTask): Promise<LoadSaid> {
  const child = script('./radius-load.js', CLIENT_CORE)
  child.send(task)
  return said(child)
}

interface Twin {
  readonly port: number
  use(): Promise<TwinUse>
  stop(): void
}

async function startTwinProcess(topology: Topology): Promise<Twin> {
  const child = script('./radius-twin.js', SERVER_CORE)
  child.send(topology)
  const port = await said<number>(child)
  return {
    port,
    use: () => {
      child.send('use')
      return said(child)
    },
    stop: () => child.disconnect(),
  }
}

interface Rates {
  readonly perSecond: number
  readonly perCpuSecond: number
}

/** Medians of as many runs; the first warms up. */
async function rates(
  run: () => Promise<LoadSaid>,
  cpu: () => Promise<number>,
  runs: number,
): Promise<Rates> {
  const wall: number[] = []
  const used: number[] = []
  for (let i = -1; i < runs; i++) {
    const before = await cpu()
    const { seconds, accepted } = await run()
    if (accepted !== REQUESTS) throw new Error(`${accepted} of ${REQUESTS} were let in`)
    const spent = (await cpu()) - before
    if (i < 0) continue
    wall.push(REQUESTS / seconds)
    used.push(REQUESTS / spent)
  }
  return { perSecond: Math.round(median(wall)), perCpuSecond: Math.round(median(used)) }
}

const asked = ({ secret, passwords }: Secrets, port: number) => ({
  port,
  from: onLoopback(CLIENTS.gateway),
  secret,
  user: USER,
  password: passwords[USER],
})

export async function timeLive(runs: number): Promise<Record<string, unknown>> {
  const { secrets, topology } = benchNetwork()
  const loadOf = (port: number) => () =>
    client({ kind: 'load', ...asked(secrets, port), count: REQUESTS, inFlight: IN_FLIGHT })
  const twin = await startTwinProcess(topology)
  try {
    const cpu = async (): Promise<number> => (await twin.use()).cpuSeconds
    const ours = await rates(loadOf(twin.port), cpu, runs)
    const flood = await underFlood(twin, asked(secrets, twin.port))
    const peer = freeRadiusIsInstalled() ? await timePeer(topology, loadOf, runs) : undefined
    return {
      papPerSecond: ours.perSecond,
      papPerCpuSecond: ours.perCpuSecond,
      ...(peer !== undefined && {
        freeradiusPapPerSecond: peer.perSecond,
        freeradiusPapPerCpuSecond: peer.perCpuSecond,
      }),
      ...flood,
    }
  } finally {
    twin.stop()
  }
}

/** A flood, of a server that has served nobody yet. */
export async function timeFlood(): Promise<Record<string, unknown>> {
  const { secrets, topology } = benchNetwork()
  const twin = await startTwinProcess(topology)
  try {
    return await underFlood(twin, asked(secrets, twin.port))
  } finally {
    twin.stop()
  }
}

async function timePeer(
  topology: Topology,
  loadOf: (port: number) => () => Promise<LoadSaid>,
  runs: number,
): Promise<Rates> {
  const compiled = compileTopology(topology)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
  const server = await startFreeRadius(compiled.value)
  if (hasTaskset) spawnSync('taskset', ['-a', '-p', '-c', SERVER_CORE, `${server.pid}`])
  try {
    return await rates(loadOf(server.port), async () => cpuSecondsOf(server.pid), runs)
  } finally {
    await server.stop()
  }
}

/** Memory before and at its most, and how often each good request had to be sent. */
async function underFlood(
  twin: Twin,
  asked: Omit<LoadTask, 'kind' | 'seconds'>,
): Promise<Record<string, unknown>> {
  const before = await twin.use()
  const [{ sent, seconds }, { tries, accepted }] = await Promise.all([
    client({
      kind: 'flood',
      ...asked,
      seconds: FLOOD_SECONDS,
      perSecond: FLOOD_PER_SECOND,
      stranger: onLoopback(CLIENTS.unknown),
    }),
    client({ kind: 'ask', ...asked, seconds: FLOOD_SECONDS }),
  ])
  const after = await twin.use()
  return {
    floodPerSecond: Math.round(sent / seconds),
    floodGood: tries.length,
    floodGoodAccepted: accepted,
    floodGoodUnanswered: tries.filter((each) => each === 0).length,
    floodGoodTriesMost: Math.max(...tries),
    floodGoodRepeated: tries.filter((each) => each > 1).length,
    floodRssMb: `${round(before.rssMb)} -> ${round(after.rssMostMb)}`,
    floodRssGrowthMb: round(after.rssMostMb - before.rssMb),
    floodCpuSeconds: round(after.cpuSeconds - before.cpuSeconds),
  }
}
