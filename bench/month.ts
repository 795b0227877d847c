/**
 * Thirty days of one connection that carries nothing of its own: keepalives every 20 s on both sides, signs of life, new keys, leases renewed.
 * All of it goes through two NATs and a firewall, in one `advance`.
 */
import { days } from '../src/base/time.ts'
import type { HostSpec, Topology } from '../src/topology/topology.ts'
import { clock, median, round, type BenchOptions, type Report } from './measure.ts'
import { connect, vpnLab } from './vpn-lab.ts'

const MONTH = days(30)

/** RRAS would end after five minutes what carries nothing. */
function neverIdle(topology: Topology): Topology {
  const gateway = topology.nodes['gateway'] as HostSpec
  const services = gateway.services?.map((each) =>
    each.service === 'vpn-gateway' ? { ...each, idleDisconnect: days(60) } : each,
  )
  return {
    ...topology,
    nodes: { ...topology.nodes, gateway: { ...gateway, ...(services && { services }) } },
  }
}

/** `ours`: seconds of CPU, of the runs after the first. */
export async function benchMonth({ runs }: BenchOptions): Promise<Report> {
  const cpu: number[] = []
  const wall: number[] = []
  for (let run = 0; run <= runs; run++) {
    const driven = vpnLab(undefined, neverIdle)
    await connect(driven)
    const [before, begin] = [process.cpuUsage(), clock()]
    await driven.lab.advance(MONTH)
    const { user, system } = process.cpuUsage(before)
    if (driven.lab.nodes['laptop']!.tunnels().length !== 1) throw new Error('it does not stand')
    if (run > 0) cpu.push((user + system) / 1e6)
    if (run > 0) wall.push(clock() - begin)
  }
  return { name: 'month', unit: 's of CPU', ours: round(median(cpu)), wall: round(median(wall)) }
}
