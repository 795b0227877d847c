/**
 * What it costs to connect: from the first packet of a client at home, by IKEv2, PEAP with EAP-TLS, and RADIUS, to the handshake with a host behind
 * the gateway. By Windows' default suites, and by group 14 alone. The process is warm; a lab is new each time, and connects twice.
 */
import { ipv4 } from '../src/base/address.ts'
import type { DrivenLab } from '../src/lab/build.ts'
import type { IpsecPolicySpec } from '../src/topology/ipsec.ts'
import { clock, median, round, type BenchOptions, type Report } from './measure.ts'
import { connect, GROUP14, vpnLab } from './vpn-lab.ts'

const WARM_UP_RUNS = 80
const RUNS_MIN = 40
const INTRANET = { address: ipv4('10.10.0.20'), port: 80 }

/** Milliseconds. */
interface Cost {
  readonly cpuMs: number
  readonly wallMs: number
}

async function timed(driven: DrivenLab): Promise<Cost> {
  const [before, begin] = [process.cpuUsage(), clock()]
  await connect(driven)
  await driven.world.perform<void>('a handshake through the tunnel', (done) => {
    const connection = driven.stack('laptop').tcp.connect(INTRANET, {
      onConnected: () => {
        connection.abort()
        done()
      },
    })
  })
  const { user, system } = process.cpuUsage(before)
  return { cpuMs: (user + system) / 1e3, wallMs: (clock() - begin) * 1e3 }
}

const medianOf = (costs: readonly Cost[]): Cost => ({
  cpuMs: round(median(costs.map(({ cpuMs }) => cpuMs))),
  wallMs: round(median(costs.map(({ wallMs }) => wallMs))),
})

/** `again`: all lists of revoked certificates are known, and PEAP resumes its session. */
async function costOf(
  ipsec: IpsecPolicySpec | undefined,
  runs: number,
): Promise<{ readonly first: Cost; readonly again: Cost }> {
  const first: Cost[] = []
  const again: Cost[] = []
  for (let run = -WARM_UP_RUNS; run < runs; run++) {
    const driven = vpnLab(ipsec)
    const laptop = driven.lab.nodes['laptop']!
    // Everybody has started, and the laptop has its lease.
    await laptop.resolve('www.contoso.com')
    const whole = await timed(driven)
    await laptop.disconnect()
    const resumed = await timed(driven)
    if (run < 0) continue
    first.push(whole)
    again.push(resumed)
  }
  return { first: medianOf(first), again: medianOf(again) }
}

/** `ours`: the first time, by Windows' default suites, milliseconds of CPU. */
export async function benchConnect(options: BenchOptions): Promise<Report> {
  const runs = Math.max(options.runs, RUNS_MIN)
  const windows = await costOf(undefined, runs)
  const group14 = await costOf(GROUP14, runs)
  return {
    name: 'connect',
    unit: 'ms of CPU',
    ours: windows.first.cpuMs,
    costs: [
      { suites: 'default', when: 'first', ...windows.first },
      { suites: 'default', when: 'again', ...windows.again },
      { suites: 'Group14', when: 'first', ...group14.first },
      { suites: 'Group14', when: 'again', ...group14.again },
    ],
  }
}
