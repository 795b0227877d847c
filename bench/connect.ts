/**
 * What it costs to connect: from the first packet of a client at home, by IKEv2, PEAP with EAP-TLS, and RADIUS, to an echo of a host behind the
 * gateway. By Windows' default suites, and by group 14 alone. The process is warm; a lab is new each time, and connects twice. Beside it, by turns in
 * the same run, two charon daemons that have stood for as long.
 */
import type { DrivenLab } from '../src/lab/build.ts'
import type { IpsecPolicySpec } from '../src/topology/ipsec.ts'
import { CharonPair, missingCharon } from './charon-pair.ts'
import { clock, median, round, type BenchOptions, type Report } from './measure.ts'
import { connect, echo, GROUP14, vpnLab } from './vpn-lab.ts'

const WARM_UP_RUNS = 300
const CHARON_WARM_UP_RUNS = 10
const RUNS_MIN = 40
/** Daemons are started for every so many runs: that takes a second each time. */
const RUNS_TO_A_START = 4

/** Milliseconds. */
interface Cost {
  readonly cpuMs: number
  readonly wallMs: number
}

function stopwatch(): () => Cost {
  const [before, begin] = [process.cpuUsage(), clock()]
  return () => {
    const { user, system } = process.cpuUsage(before)
    return { cpuMs: (user + system) / 1e3, wallMs: (clock() - begin) * 1e3 }
  }
}

async function timed(driven: DrivenLab): Promise<Cost> {
  const cost = stopwatch()
  await connect(driven)
  await echo(driven)
  return cost()
}

const medianOf = (costs: readonly Cost[]): Cost => ({
  cpuMs: round(median(costs.map(({ cpuMs }) => cpuMs))),
  wallMs: round(median(costs.map(({ wallMs }) => wallMs))),
})

interface Costs {
  /** Of the wall times of `first`: what else runs on the machine only adds. */
  readonly leastMs: number
  /** The first one, with the building of the lab and everybody's start. */
  readonly nothing: Cost
  readonly first: Cost
  readonly again: Cost
  readonly beside: CharonCost | undefined
}

/** Milliseconds: by vici, by swanctl; CPU time by the kernel's books, in hundredths of a second over all runs. */
interface CharonCost {
  readonly charonMs: number
  readonly charonLeastMs: number
  readonly swanctlMs: number
  /** From the start of both daemons. */
  readonly charonStartMs: number
  readonly charonCpuMs: number
  readonly ike: string
  readonly esp: string
}

/** `again`: all lists of revoked certificates are known, and PEAP resumes its session. */
async function costsOf(
  ipsec: IpsecPolicySpec | undefined,
  runs: number,
  charon: CharonPair | undefined,
): Promise<Costs> {
  const nothing: Cost[] = []
  const first: Cost[] = []
  const again: Cost[] = []
  const theirs = charon === undefined ? undefined : new CharonRuns(charon)
  const suite = await theirs?.begin(ipsec)
  for (let run = -WARM_UP_RUNS; run < runs; run++) {
    const sinceNothing = stopwatch()
    const driven = vpnLab(ipsec)
    const laptop = driven.lab.nodes['laptop']!
    // Everybody has started, and the laptop has its lease.
    await laptop.resolve('www.contoso.com')
    const whole = await timed(driven)
    const inAll = sinceNothing()
    await laptop.disconnect()
    const resumed = await timed(driven)
    if (run >= -CHARON_WARM_UP_RUNS) await theirs?.run(run >= 0)
    if (run < 0) continue
    if (run % RUNS_TO_A_START === 0) await theirs?.start()
    nothing.push(inAll)
    first.push(whole)
    again.push(resumed)
  }
  return {
    nothing: medianOf(nothing),
    leastMs: round(Math.min(...first.map(({ wallMs }) => wallMs))),
    first: medianOf(first),
    again: medianOf(again),
    beside: theirs === undefined ? undefined : { ...theirs.cost(), ...suite! },
  }
}

class CharonRuns {
  readonly #charon: CharonPair
  readonly #vici: number[] = []
  readonly #swanctl: number[] = []
  readonly #start: number[] = []
  readonly #cpuSeconds: number[] = []
  #ipsec: IpsecPolicySpec | undefined

  constructor(charon: CharonPair) {
    this.#charon = charon
  }

  async begin(
    ipsec: IpsecPolicySpec | undefined,
  ): Promise<{ readonly ike: string; readonly esp: string }> {
    this.#ipsec = ipsec
    await this.#charon.use(ipsec)
    return this.#charon.suite()
  }

  async run(counts: boolean): Promise<void> {
    const cpu = this.#charon.cpuSeconds()
    const vici = await this.#charon.run('vici')
    const used = this.#charon.cpuSeconds() - cpu
    const swanctl = await this.#charon.run('swanctl')
    if (!counts) return
    this.#vici.push(vici)
    this.#cpuSeconds.push(used)
    this.#swanctl.push(swanctl)
  }

  async start(): Promise<void> {
    this.#start.push(await CharonPair.fromNothing(this.#ipsec))
  }

  cost(): Omit<CharonCost, 'ike' | 'esp'> {
    const cpu = this.#cpuSeconds.reduce((sum, each) => sum + each, 0)
    return {
      charonMs: round(median(this.#vici)),
      charonLeastMs: round(Math.min(...this.#vici)),
      swanctlMs: round(median(this.#swanctl)),
      charonStartMs: round(median(this.#start)),
      charonCpuMs: round((cpu * 1e3) / this.#cpuSeconds.length),
    }
  }
}

/** `ours`: the first time, by Windows' default suites, milliseconds of CPU. */
export async function benchConnect(options: BenchOptions): Promise<Report> {
  const runs = Math.max(options.runs, RUNS_MIN)
  const missing = options.vsStrongSwan ? missingCharon() : undefined
  const charon =
    options.vsStrongSwan && missing === undefined ? await CharonPair.start() : undefined
  try {
    const costs = {
      default: await costsOf(undefined, runs, charon),
      Group14: await costsOf(GROUP14, runs, charon),
    }
    const sides = Object.entries(costs)
    return {
      name: 'connect',
      unit: 'ms of CPU',
      ours: costs.default.first.cpuMs,
      ...(missing !== undefined && { note: `no strongSwan beside it: ${missing}` }),
      costs: sides.flatMap(([suites, { first, again }]) => [
        { suites, when: 'first', ...first },
        { suites, when: 'again', ...again },
      ]),
      ...(charon !== undefined && {
        // By vici and by swanctl the daemons stand and have read their files: a run begins with the command and ends with the echo.
        vsStrongSwan: sides.map(([suites, { first, nothing, leastMs, beside }]) => ({
          suites,
          oursMs: first.wallMs,
          oursLeastMs: leastMs,
          oursCpuMs: first.cpuMs,
          oursStartMs: nothing.wallMs,
          ...beside,
          ratio: round(beside!.charonMs / first.wallMs),
          startRatio: round(beside!.charonStartMs / nothing.wallMs),
        })),
      }),
    }
  } finally {
    await charon?.stop()
  }
}
