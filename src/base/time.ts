/**
 * Virtual time: instants and durations in whole microseconds.
 * Not a clock. Nothing here reads the machine's time; every instant comes from an argument.
 */

declare const unit: unique symbol

/** A span of virtual time, in whole microseconds. */
export type Duration = number & { readonly [unit]: 'duration-µs' }

/** A point in virtual time: microseconds since the Unix epoch, UTC. Certificates need real dates. */
export type Instant = number & { readonly [unit]: 'instant-µs' }

export const microseconds = (n: number): Duration => Math.round(n) as Duration
export const ms = (n: number): Duration => Math.round(n * 1e3) as Duration
export const seconds = (n: number): Duration => Math.round(n * 1e6) as Duration
export const minutes = (n: number): Duration => seconds(n * 60)
export const hours = (n: number): Duration => seconds(n * 3600)
export const days = (n: number): Duration => seconds(n * 86_400)

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?Z)?$/

/**
 * Read an ISO 8601 date or UTC date-time (`2026-03-02`, `2026-03-02T08:00:00Z`).
 * Returns undefined for anything else: a local time would mean something else on each machine.
 */
export function parseInstant(text: string): Instant | undefined {
  const m = ISO.exec(text)
  if (m === null) return undefined
  const [year, month, day, hour, minute, second] = m.slice(1, 7).map((part) => Number(part ?? 0))
  const at = instantOf([year!, month!, day!], [hour!, minute!, second!])
  const fraction = microseconds(Number((m[7] ?? '').padEnd(6, '0')))
  return at === undefined ? undefined : after(at, fraction)
}

/** Year (0 … 9999), month and day (from 1), hour, minute and second, UTC; undefined where the calendar or the clock has no such time. */
export function instantOf(
  [year, month, day]: readonly [number, number, number],
  [hour, minute, second]: readonly [number, number, number],
): Instant | undefined {
  const date = new Date(0)
  // Not Date.UTC, which takes a year below 100 for one of the twentieth century.
  date.setUTCFullYear(year, month - 1, day)
  // 30 February rolls over into March; a date that moved was not a date.
  const moved = date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day
  if (moved || hour > 23 || minute > 59 || second > 59) return undefined
  return (date.getTime() * 1e3 + (3600 * hour + 60 * minute + second) * 1e6) as Instant
}

/** Like {@link parseInstant}, for literals in our own code and stories. Throws RangeError. */
export function instant(text: string): Instant {
  const at = parseInstant(text)
  if (at === undefined) throw new RangeError(`'${text}' is not a date such as 2026-03-02T08:00:00Z`)
  return at
}

export const after = (t: Instant, d: Duration): Instant => (t + d) as Instant
export const before = (t: Instant, d: Duration): Instant => (t - d) as Instant
export const between = (from: Instant, to: Instant): Duration => (to - from) as Duration

/** `2026-03-02T08:00:00.000123Z`; the fraction is left out when it is zero. */
export function formatInstant(t: Instant): string {
  const fraction = ((t % 1e6) + 1e6) % 1e6
  const whole = new Date((t - fraction) / 1e3).toISOString().slice(0, 19)
  return fraction === 0 ? `${whole}Z` : `${whole}.${String(fraction).padStart(6, '0')}Z`
}

/** `+0.041 s`, `12 ms`, `31 d`: short, for people. */
export function formatDuration(d: Duration): string {
  const size = Math.abs(d)
  if (size < 1e3) return `${d} µs`
  if (size < 1e6) return `${trim(d / 1e3)} ms`
  if (size < 120e6) return `${trim(d / 1e6)} s`
  if (size < 7200e6) return `${trim(d / 60e6)} min`
  if (size < 48 * 3600e6) return `${trim(d / 3600e6)} h`
  return `${trim(d / 86_400e6)} d`
}

const trim = (n: number): string => String(Number(n.toFixed(3)))
