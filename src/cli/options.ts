/**
 * What every command can be told. `cli/program.ts` reads the words.
 */
import type { Instant } from '../base/time.ts'
import type { Severity } from '../preflight/finding.ts'
import type { ColorMode } from './terminal.ts'

export interface CommonOptions {
  readonly json?: true | undefined
  readonly color: ColorMode
}

/** Of a command that builds a lab. */
export interface LabCommandOptions extends CommonOptions {
  readonly seed: number
  readonly at?: Instant | undefined
}

export interface CheckOptions extends LabCommandOptions {
  /** The least that makes it fail. */
  readonly failOn: Severity
  /** What profiles are held against. */
  readonly topology?: string | undefined
}

export const REPORTERS = ['pretty', 'junit', 'github', 'json'] as const
export type ReporterName = (typeof REPORTERS)[number]
