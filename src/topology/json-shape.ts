/**
 * The shape of a topology as people write it in JSON: durations in words, files by name, prefixes and interfaces in short.
 * Not the whole: what both forms share is `schema.ts`.
 */
import { z } from 'zod'
import type { Duration } from '../base/time.ts'
import type { SourceFile } from './files.ts'
import { parts } from './schema.ts'
import { opt, text } from './schema-words.ts'

/** `20 ms`, `1.5 s`, `2 min`, `8 h`, `366 d`; `-30 d` lies before. */
const DURATION = /^(-?\d+(?:\.\d+)?) ?(µs|us|ms|s|min|h|d)$/
const UNITS_MICROSECONDS: Readonly<Record<string, number>> = {
  µs: 1,
  us: 1,
  ms: 1e3,
  s: 1e6,
  min: 60e6,
  h: 3600e6,
  d: 86_400e6,
}

/** Read a duration as JSON topologies write it. Undefined: not one. */
export function parseDuration(written: string): Duration | undefined {
  const m = DURATION.exec(written)
  if (m === null) return undefined
  const exact = Math.round(Number(m[1]) * UNITS_MICROSECONDS[m[2]!]!)
  return Number.isSafeInteger(exact) ? (exact as Duration) : undefined
}

/**
 * The JSON form. `read` turns the name of a file, relative to the JSON file, into its text; what it throws is a problem of that place.
 */
export function jsonShape(read: (relative: string) => SourceFile | { readonly problem: string }) {
  const duration = z
    .string({ error: 'is not a duration: write 20 ms, 3 s, 5 min, 8 h or 366 d in quotes' })
    .regex(DURATION, { error: 'is not a duration such as 20 ms, 3 s, 5 min, 8 h or 366 d' })
    .transform((written, context) => {
      const read = parseDuration(written)
      if (read !== undefined) return read
      context.addIssue({ code: 'custom', message: 'is longer than can be counted' })
      return z.NEVER
    })
  const file = z.union([text, z.strictObject({ file: text })]).transform((named, context) => {
    const found = read(typeof named === 'string' ? named : named.file)
    if (!('problem' in found)) return found
    context.addIssue({ code: 'custom', message: found.problem })
    return z.NEVER
  })
  const { zones, authorities, ...rest } = parts({
    duration,
    file,
    network: (whole) => z.union([text.transform((prefix) => ({ prefix })), whole]),
    interfaces: (whole) =>
      z.union([
        z.array(whole),
        z
          .record(text, z.union([text, whole.omit({ network: true })]))
          .transform((on) =>
            Object.entries(on).map(([network, written]) =>
              typeof written === 'string' ? { network, address: written } : { network, ...written },
            ),
          ),
      ]),
  })
  return z.strictObject({
    $schema: opt(text),
    ...rest,
    zones: zones.default({}),
    authorities: authorities.default({}),
  })
}
