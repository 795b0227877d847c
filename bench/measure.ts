/** What every bench uses: a clock, medians, and the shape of options and reports. */
import { readFileSync } from 'node:fs'

export interface BenchOptions {
  readonly chains: number
  /** That dial at once. */
  readonly clients: number
  readonly crypto: 'real' | 'modelled'
  readonly nodes: number
  readonly packets: number
  readonly rules: number
  /** A part alone: `flood` of `radius`. */
  readonly only: string | undefined
  readonly runs: number
  /** How long a flood lasts. */
  readonly seconds: number
  readonly vsNs3: boolean
  readonly vsStrongSwan: boolean
}

/** One JSON document. `ours`, `peer` and `ratio` mean what the bench measures; more of them is better unless `unit` is a size or a time. */
export interface Report {
  readonly name: string
  readonly unit: string
  readonly ours?: number
  readonly peer?: number
  readonly ratio?: number
  readonly note?: string
  readonly [key: string]: unknown
}

/** Seconds on a steady clock. */
export const clock = (): number => performance.now() / 1e3

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Two decimals. */
export const round = (value: number): number => Math.round(value * 100) / 100

/** CPU seconds of a process by the kernel's books, in hundredths; `ofChildren`: of those that it has started and that have ended. */
export function cpuSecondsOf(pid: number, ofChildren = false): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const from = ofChildren ? 14 : 12
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')'))
    .split(' ')
    .slice(from, from + 2)
    .map(Number)
  return (user + system) / 100
}
