/**
 * The command that plays a story again. Apart from the playing, because the command line prints it without a lab.
 */
import { formatInstant, type Instant } from '../base/time.ts'
import type { Cryptography } from '../engine/cryptography.ts'

/** What differed from the defaults. */
export interface ReplayOptions {
  readonly at?: Instant
  readonly crypto?: Cryptography['kind']
  readonly topologyFile?: string
}

/** The command that plays this story again, on any machine. Quotes are those that most shells understand. */
export function replayCommand(title: string, seed: number, options: ReplayOptions = {}): string {
  const quote = title.includes("'") ? '"' : "'"
  const topology = options.topologyFile === undefined ? '' : ` --topology ${options.topologyFile}`
  const at = options.at === undefined ? '' : ` --at ${formatInstant(options.at)}`
  const crypto = options.crypto === 'modelled' ? ' --crypto modelled' : ''
  return `npx sallyport run ${quote}${title}${quote} --seed ${seed}${topology}${at}${crypto}`
}
