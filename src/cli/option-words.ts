/**
 * Words of the command line read: seeds, dates, spans, counts, shards. Those of `live` alone are in `live-words.ts`.
 */
import { InvalidArgumentError } from '@commander-js/extra-typings'
import { ms, parseInstant, type Duration, type Instant } from '../base/time.ts'

export function seedOf(text: string): number {
  const seed = Number(text)
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(seed))
    throw new InvalidArgumentError('A seed is a whole number, 0 or more, in decimal.')
  return seed
}

export function dateOf(text: string): Instant {
  const at = parseInstant(text)
  if (at === undefined)
    throw new InvalidArgumentError('A date is written 2026-03-02 or 2026-03-02T08:00:00Z (UTC).')
  return at
}

export function timesOf(text: string): number {
  const times = Number(text)
  if (!/^\d{1,4}$/.test(text) || times < 1) throw new InvalidArgumentError('Once or more often.')
  return times
}

export function spanOf(text: string): Duration {
  const [, amount, unit] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? []
  const whole = Math.round(Number(amount) * (UNITS_MS[unit ?? ''] ?? 0))
  if (unit === undefined || whole < 1)
    throw new InvalidArgumentError('A span of time is written 500ms, 30s, 1m or 2h.')
  return ms(whole)
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** A whole number from 1 to `most`. */
export const countOf =
  (most: number) =>
  (text: string): number => {
    const count = Number(text)
    if (!/^\d{1,6}$/.test(text) || count < 1 || count > most)
      throw new InvalidArgumentError(`A whole number from 1 to ${most}.`)
    return count
  }

export function shardOf(text: string): string {
  const [index, count] = text.split('/').map(Number)
  if (!/^\d{1,4}\/\d{1,4}$/.test(text) || index! < 1 || index! > count!)
    throw new InvalidArgumentError('A shard is written 2/5: the second of five.')
  return text
}
