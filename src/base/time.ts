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
  // Date.UTC takes a year below 100 for one of the twentieth century.
  const at =
    new Date(0).setUTCFullYear(year!, month! - 1, day) +
    1000 * (3600 * hour! + 60 * minute! + second!)
  const fraction = Number((m[7] ?? '').padEnd(6, '0'))
  // It rolls 30 February over into March; a date that moved was not a date.
  const moved = !new Date(at).toISOString().startsWith(text.slice(0, 10))
  if (moved || hour! > 23 || minute! > 59 || second! > 59) return undefined
  return (at * 1e3 + fraction) as Instant
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
