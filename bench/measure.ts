/** What every bench uses: a clock, medians, and the shape of options and reports. */

export interface BenchOptions {
  readonly chains: number
  readonly nodes: number
  readonly packets: number
  readonly rules: number
  readonly runs: number
  readonly vsNs3: boolean
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
