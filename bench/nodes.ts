/** What it costs to build a network of many hosts, and to send the first packet across it. */
import { ipv4, type Ipv4 } from '../src/base/address.ts'
import { instant, microseconds, seconds } from '../src/base/time.ts'
import { Segment } from '../src/net/segment.ts'
import { Stack } from '../src/net/stack.ts'
import { Trace } from '../src/net/trace.ts'
import { World } from '../src/net/world.ts'
import { clock, median, round, type BenchOptions, type Report } from './measure.ts'

const START = instant('2026-03-02T08:00:00Z')
const HOSTS_PER_NETWORK = 50
const NODES = [10, 100, 1000]

/** Host `index` of network `n`; 1 is the router. */
const addressOf = (n: number, index: number): Ipv4 => ipv4(`10.${n >> 8}.${n & 255}.${index}`)

/** One router, as many networks of fifty hosts as it takes. */
function build(nodes: number) {
  const world = new World({ seed: '1', start: START })
  const trace = new Trace(() => world.now)
  const router = new Stack(world, trace, { name: 'router', forwards: true })
  const hosts: Stack[] = []
  for (let n = 0; hosts.length < nodes - 1; n++) {
    const segment = new Segment(world, trace, { name: `lan${n}`, latency: microseconds(100) })
    router.addNic(segment, { address: addressOf(n, 1), prefixLength: 24 })
    const size = Math.min(HOSTS_PER_NETWORK, nodes - 1 - hosts.length)
    for (let i = 0; i < size; i++) {
      const host = new Stack(world, trace, { name: `host${hosts.length}` })
      host.addNic(segment, {
        address: addressOf(n, 2 + i),
        prefixLength: 24,
        gateway: addressOf(n, 1),
      })
      hosts.push(host)
    }
  }
  return { world, hosts }
}

/** Every host says one word to its neighbour in the list; returns how many heard it. */
function greet({ world, hosts }: ReturnType<typeof build>): number {
  let heard = 0
  for (const host of hosts) host.udp.open({ onDatagram: () => void heard++ }, { port: 9 })
  for (const [i, host] of hosts.entries()) {
    const socket = host.udp.open({ onDatagram: () => undefined })
    const next = hosts[(i + 1) % hosts.length]!
    const address = next.nics[0]!.address!
    if (socket.ok) socket.value.send({ address, port: 9 }, new Uint8Array(64))
  }
  world.runUntil((START + seconds(10)) as typeof START)
  return heard
}

/** Milliseconds to build, and for every host to reach another through ARP, a router or not; everything traced. */
export function benchNodes(options: BenchOptions): Report {
  const rows = NODES.map((nodes) => {
    const built: number[] = []
    const greeted: number[] = []
    for (let i = 0; i < options.runs; i++) {
      const begin = clock()
      const network = build(nodes)
      const done = clock()
      const heard = greet(network)
      greeted.push((clock() - done) * 1e3)
      built.push((done - begin) * 1e3)
      if (heard !== nodes - 1) throw new Error(`${heard} of ${nodes - 1} hosts were reached`)
    }
    return { nodes, build: round(median(built)), greet: round(median(greeted)) }
  })
  return { name: 'nodes', unit: 'ms', ours: rows.at(-1)!.build, rows }
}
