/**
 * How many packets the routers of a chain forward in a second, beside ns-3 in the same run; and what a million of them need in memory.
 */
import { runChain } from './chain.ts'
import { clock, median, round, type BenchOptions, type Report } from './measure.ts'
import { compileNs3 } from './ns3.ts'

/** `ours` and `peer` in packet-hops a second, medians; `ratio` is ours to ns-3's. */
export function benchForwarding(options: BenchOptions): Report {
  const { nodes, packets, rules, runs } = options
  const ns3 = options.vsNs3 ? compileNs3() : undefined
  // The first run is for the just-in-time compiler. Then both take turns, so that a busy machine is busy for both.
  runChain({ nodes, packets, rules }, clock)
  const ours: number[] = []
  const peer: number[] = []
  for (let i = 0; i < runs; i++) {
    const run = runChain({ nodes, packets, rules }, clock)
    if (run.received < packets)
      throw new Error(`only ${run.received} of ${packets} packets came through`)
    ours.push(run.perSecond)
    if (typeof ns3 === 'object') peer.push(ns3.run({ nodes, packets }))
  }
  if (typeof ns3 === 'object') ns3.dispose()
  const report = {
    name: 'forwarding',
    unit: 'packet-hops/s',
    nodes,
    packets,
    rules,
    runs,
    ours: Math.round(median(ours)),
  }
  if (typeof ns3 === 'string') return { ...report, note: ns3 }
  if (peer.length === 0) return report
  return {
    ...report,
    peer: Math.round(median(peer)),
    ratio: round(median(ours) / median(peer)),
  }
}

/** A million forwardings with a trace of drops only: the process's largest size, everything in it included. */
export function benchMemory(options: BenchOptions): Report {
  const routers = options.nodes - 2
  const packets = Math.ceil(1e6 / routers)
  const { hops } = runChain({ nodes: options.nodes, packets, rules: options.rules }, clock)
  const { maxRSS } = process.resourceUsage()
  return {
    name: 'memory',
    unit: 'MB',
    forwarded: hops,
    rules: options.rules,
    ours: Math.round(maxRSS / 1024),
  }
}

const HOPS = [2, 4, 8, 16, 32, 64]
const RULES = [10, 100, 1000, 10_000]

/** Packet-hops a second as routers and rules grow. The work of a run stays about the same. */
export function benchGrowth(options: BenchOptions): Report {
  const work = options.packets * 6
  const speed = (hops: number, rules: number): number => {
    const chain = { nodes: hops + 2, packets: Math.ceil(work / hops), rules }
    const runs = Array.from({ length: options.runs }, () => runChain(chain, clock).perSecond)
    return Math.round(median(runs))
  }
  return {
    name: 'growth',
    unit: 'packet-hops/s',
    hops: HOPS.map((hops) => ({ hops, ours: speed(hops, 0) })),
    rules: RULES.map((rules) => ({ rules, ours: speed(6, rules) })),
  }
}
