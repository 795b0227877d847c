/** What stands on an oracle's command line, and the files that it names. Not what an oracle makes of them. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { z } from 'zod'
import { err, ok, type Result } from '../../src/base/result.ts'

/** The value of each `--name VALUE`; a name without a value has the empty one. */
export type OracleOptions = Readonly<Record<string, string>>

export function readOptions(args: readonly string[]): OracleOptions {
  const options: Record<string, string> = {}
  for (const [i, arg] of args.entries()) {
    if (arg.startsWith('--')) options[arg.slice(2)] = args[i + 1] ?? ''
  }
  return options
}

/** A JSON file, whole or gzipped, of the shape that `schema` has; else one line on what is wrong with it. */
export function readSuite<T>(file: string, schema: z.ZodType<T>): Result<T, string> {
  try {
    const bytes = readFileSync(file)
    const text = bytes[0] === 0x1f ? gunzipSync(bytes) : bytes
    const read = schema.safeParse(JSON.parse(text.toString()))
    if (read.success) return ok(read.data)
    const { path = [], message = '' } = read.error.issues[0] ?? {}
    return err(`${file}: ${path.join('.')}: ${message}`)
  } catch (thrown) {
    const [why = ''] = (thrown as Error).message.split('\n')
    return err(`${file} cannot be read: ${why}`)
  }
}

/** Say in one line why an oracle cannot run, with exit status 2. */
export function refuse(oracle: string, why: string): void {
  console.error(`${oracle}: ${why}`)
  process.exitCode = 2
}
