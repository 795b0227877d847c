/**
 * When the revocation lists of an authority change what a relying party learns from them, read off the lists themselves.
 * Not whether anybody can fetch them, or looks: {@link ./calendar.ts} asks.
 */
import { after, seconds, type Duration, type Instant } from '../base/time.ts'
import { readCrl, type Crl } from '../pki/revocation/crl.ts'
import type { Pki } from '../pki/issuing/issue.ts'
import { firstInstant, type Span } from './changes.ts'
import type { Compiled } from './compile.ts'
import { ipNodesOf } from './network.ts'

export interface ListDates {
  readonly instants: readonly Instant[]
  /** From the first second without a current list; `until` absent: to the end of the span. */
  readonly gaps: readonly { readonly at: Instant; readonly until?: Instant }[]
}

const SECOND = seconds(1)

/** Of each key that the authority has had: each has a list of its own. */
export function listsOf(
  { pki, topology }: Pick<Compiled, 'pki' | 'topology'>,
  authority: string,
  span: Span,
): readonly ListDates[] {
  const every = topology.authorities[authority]?.crl?.every
  const isQuiet = ipNodesOf(topology).every(([, { certificates = [] }]) =>
    certificates.every(({ revoked }) => revoked === undefined),
  )
  const lists: ListDates[] = []
  for (let key = 0; pki.crl(authority, span.from, key) !== undefined; key++) {
    const at = (instant: Instant): Crl | undefined => listAt(pki, authority, instant, key)
    const first = at(span.from)
    // Where nothing is ever revoked, and each list is published before the last one ends, lists change nothing: years of them need
    // not be signed to find that out.
    const isSteady = isQuiet && every !== undefined && isInTime(first, every)
    const begins = first === undefined ? [] : [first.thisUpdate]
    lists.push(isSteady ? { instants: begins, gaps: [] } : listDates(at, span))
  }
  return lists
}

/** All lists of a schedule last as long as the first. */
const isInTime = (first: Crl | undefined, every: Duration): boolean =>
  first?.nextUpdate !== undefined && after(first.thisUpdate, every) <= first.nextUpdate

function listAt(pki: Pki, authority: string, at: Instant, key: number): Crl | undefined {
  const der = pki.crl(authority, at, key)
  const read = der === undefined ? undefined : readCrl(der)
  return read?.ok === true ? read.value : undefined
}

/**
 * A list runs out before the next is published, the next is published at last, or it lists other certificates. One that is followed
 * in time by one with the same entries changes nothing.
 */
function listDates(at: (instant: Instant) => Crl | undefined, { from, until }: Span): ListDates {
  const instants: Instant[] = []
  const gaps: { at: Instant; until?: Instant }[] = []
  let since = from
  let list = at(since)
  if (list !== undefined) instants.push(list.thisUpdate)
  while (list?.nextUpdate !== undefined && list.nextUpdate < until) {
    const { number } = list
    const entries = entriesOf(list)
    // A list is current at its nextUpdate, and no longer a second later.
    const end = after(list.nextUpdate, SECOND)
    let next = at(end)
    if (next?.number === number) {
      const isNewer = (t: Instant): boolean => at(t)?.number !== number
      const published = isNewer(until) ? firstInstant(end, until, isNewer) : undefined
      gaps.push({ at: end, ...(published !== undefined && { until: published }) })
      instants.push(end)
      if (published === undefined) break
      instants.push(published)
      next = at(published)
      since = published
    } else {
      const isOther = (t: Instant): boolean => entriesOf(at(t)) !== entries
      if (isOther(end)) instants.push(firstInstant(since, end, isOther))
      since = end
    }
    list = next
  }
  return { instants, gaps }
}

const entriesOf = (list: Crl | undefined): string =>
  [...(list?.entries.keys() ?? [])].toSorted().join(' ')
