/**
 * What will break in a deployment, when and for whom: the clock is moved and every relying party judges again, over the network.
 * Not dates read off certificates: those only say when it is worth asking. Nobody renews here what the topology does not renew.
 */
import { after, days, type Instant } from '../base/time.ts'
import { ascending, datesOf, type DeploymentDates } from './calendar-dates.ts'
import {
  entriesOf,
  expiryEntry,
  findingsOf,
  isTold,
  rolloverEntry,
  signatureOf,
  type CalendarEntry,
  type CalendarKind,
  type Finding,
} from './calendar-entries.ts'
import { changesOf, type Span } from './changes.ts'
import type { Compiled } from './compile.ts'
import type { Lab } from './lab.ts'
import { relationsOf, type Relation } from './relations.ts'
import type { ChainReport } from './reports.ts'

export interface Calendar extends Span {
  /** By date. */
  readonly entries: readonly CalendarEntry[]
  /** How many relations were asked, and how often altogether. */
  readonly asked: { readonly relations: number; readonly judgements: number }
}

export interface CalendarQuestion extends Span {
  /** Hears how far the search is. */
  readonly progress?: (done: number, all: number) => void
}

/** Between two dates that matter the verdicts are asked at least this often, in case something matters that was not thought of. */
const SAMPLE_EVERY = days(365)

/** The lab's clocks are held during the search and run on afterwards. `compiled` is the lab's topology. */
export async function calendarOf(
  lab: Lab,
  compiled: Compiled,
  { from, until, progress }: CalendarQuestion,
): Promise<Calendar> {
  const span = { from, until }
  const dates = datesOf(compiled, span)
  const relations = relationsOf(compiled)
  const court = new Court(lab)
  const found: Finding[] = []
  try {
    for (const [done, relation] of relations.entries()) {
      progress?.(done, relations.length)
      const changes = await changesOf(instantsOf(relation, dates, span), {
        stateAt: (at) => court.judge(relation, at),
        isSame: (a, b) => signatureOf(a) === signatureOf(b),
      })
      found.push(...findingsOf(relation, changes, from))
    }
  } finally {
    court.close()
  }
  const entries = entriesOf(found)
  const unused = dates.endings.filter((ending) => !isTold(ending, entries)).map(expiryEntry)
  const rollovers = dates.rollovers.map((rollover) => rolloverEntry(rollover, from))
  return {
    ...span,
    entries: [...entries, ...unused, ...rollovers].toSorted(byDate),
    asked: { relations: relations.length, judgements: court.judgements },
  }
}

const byDate = (a: CalendarEntry, b: CalendarEntry): number =>
  a.date - b.date || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind)
const KINDS: readonly CalendarKind[] = ['break', 'warning', 'expiry', 'renewal']

/** When a relation is worth asking: its verdict rests on its own certificate and on the authorities, on nobody else's. */
function instantsOf(relation: Relation, dates: DeploymentDates, { from, until }: Span): Instant[] {
  const samples: Instant[] = []
  for (let at = from; at < until; at = after(at, SAMPLE_EVERY)) samples.push(at)
  const own = dates.byCertificate.get(relation.of) ?? []
  return ascending([...samples, ...dates.common, ...own, until])
}

/** Asks the hosts of a lab for verdicts at any instant. */
class Court {
  judgements = 0
  readonly #lab: Lab
  #heldAt: Instant | undefined
  #held: Disposable | undefined
  #flushed = new Set<string>()

  constructor(lab: Lab) {
    this.#lab = lab
  }

  async judge({ as, on, of, name }: Relation, at: Instant): Promise<ChainReport> {
    const node = this.#lab.nodes[on]!
    if (this.#heldAt !== at) {
      this.#held = this.#lab.holdClocks(at)
      this.#heldAt = at
      this.#flushed = new Set()
    }
    // What was fetched at another instant may not even exist at this one.
    if (!this.#flushed.has(on)) node.flushUrlCache()
    this.#flushed.add(on)
    this.judgements++
    return node.judge(of, { profile: as, ...(name !== undefined && { name }) })
  }

  close(): void {
    this.#held?.[Symbol.dispose]()
  }
}
