/**
 * When does an answer that depends on the time change? Asked at given instants, and between two that answer differently the exact
 * second is found by halving. Not what is asked: {@link ./calendar.ts} asks relying parties.
 */
import type { Instant } from '../base/time.ts'

const SECOND_US = 1e6

/** From and with `from`, up to and with `until`. */
export interface Span {
  readonly from: Instant
  readonly until: Instant
}

/** An answer, and since when it holds. */
export interface Change<T> {
  readonly at: Instant
  readonly state: T
}

export interface TimedQuestion<T> {
  readonly stateAt: (at: Instant) => Promise<T>
  readonly isSame: (a: T, b: T) => boolean
}

/**
 * The answer at the first of `instants` (ascending), and every change up to the last, each at the first whole second that has it.
 * Two changes between the same two instants that undo each other are not seen: whoever asks names the instants that matter.
 */
export async function changesOf<T>(
  instants: readonly Instant[],
  question: TimedQuestion<T>,
): Promise<readonly Change<T>[]> {
  const [first, ...rest] = instants
  if (first === undefined) return []
  let known: Change<T> = { at: first, state: await question.stateAt(first) }
  const changes = [known]
  let from = first
  for (const to of rest) {
    const state = await question.stateAt(to)
    while (!question.isSame(known.state, state)) {
      const at = await firstChange(from, to, known.state, question)
      known = { at, state: at === to ? state : await question.stateAt(at) }
      changes.push(known)
      from = at
    }
    from = to
  }
  return changes
}

/** The first whole second after `from`, at most `to`, whose answer is not `before`. */
async function firstChange<T>(
  from: Instant,
  to: Instant,
  before: T,
  { stateAt, isSame }: TimedQuestion<T>,
): Promise<Instant> {
  const atSecond = (second: number): Instant => (second * SECOND_US) as Instant
  let same = Math.floor(from / SECOND_US)
  let changed = Math.ceil(to / SECOND_US)
  // Instants that matter are dates at which something ends or begins: mostly the very second is among them.
  let probe = changed - 1
  while (changed - same > 1) {
    if (isSame(before, await stateAt(atSecond(probe)))) same = probe
    else changed = probe
    probe = same + Math.floor((changed - same) / 2)
  }
  // `to` need not be a whole second, and the second that follows it was never asked for.
  return Math.min(atSecond(changed), to) as Instant
}

/** The first whole second in (from, to] at which `holds`, which is false at `from`, true at `to`, and changes once. */
export function firstInstant(from: Instant, to: Instant, holds: (at: Instant) => boolean): Instant {
  let no = Math.floor(from / SECOND_US)
  let yes = Math.ceil(to / SECOND_US)
  while (yes - no > 1) {
    const middle = no + Math.floor((yes - no) / 2)
    if (holds((middle * SECOND_US) as Instant)) yes = middle
    else no = middle
  }
  return Math.min(yes * SECOND_US, to) as Instant
}
