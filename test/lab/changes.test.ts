import { describe, expect, test } from 'vitest'
import { formatInstant, instant, type Instant } from '../../src/base/time.ts'
import { changesOf, type TimedQuestion } from '../../src/lab/changes.ts'

const FROM = instant('2026-01-01')
const UNTIL = instant('2046-01-01')

/** An answer that begins at each date, and how often it was asked for. */
function answers(starts: Readonly<Record<string, string>>) {
  const asked: Instant[] = []
  const dates = Object.entries(starts).map(([date, state]) => ({ at: instant(date), state }))
  const question: TimedQuestion<string> = {
    stateAt: (at) => {
      asked.push(at)
      return Promise.resolve(dates.findLast((each) => each.at <= at)?.state ?? 'good')
    },
    isSame: (a, b) => a === b,
  }
  return { question, asked }
}

const told = async (instants: readonly Instant[], question: TimedQuestion<string>) =>
  (await changesOf(instants, question)).map(({ at, state }) => [formatInstant(at), state])

describe('when an answer changes', () => {
  test('an answer that never changes is told once, and asked for once an instant', async () => {
    const { question, asked } = answers({})
    expect(await told([FROM, UNTIL], question)).toEqual([['2026-01-01T00:00:00Z', 'good']])
    expect(asked).toEqual([FROM, UNTIL])
  })

  test('twenty years are halved down to the second', async () => {
    const { question, asked } = answers({ '2033-07-14T02:40:17Z': 'bad' })
    expect(await told([FROM, UNTIL], question)).toEqual([
      ['2026-01-01T00:00:00Z', 'good'],
      ['2033-07-14T02:40:17Z', 'bad'],
    ])
    expect(asked.length).toBeLessThan(40)
  })

  test('a date that was named is confirmed with a single question more', async () => {
    const { question, asked } = answers({ '2033-07-14T02:40:17Z': 'bad' })
    const named = instant('2033-07-14T02:40:17Z')
    await told([FROM, named, UNTIL], question)
    expect(asked).toEqual([FROM, named, instant('2033-07-14T02:40:16Z'), UNTIL])
  })

  test('a gap that heals shows both its ends', async () => {
    const { question } = answers({ '2027-01-08T00:00:01Z': 'bad', '2027-01-10T12:00:00Z': 'good' })
    const within = instant('2027-01-09')
    expect(await told([FROM, within, UNTIL], question)).toEqual([
      ['2026-01-01T00:00:00Z', 'good'],
      ['2027-01-08T00:00:01Z', 'bad'],
      ['2027-01-10T12:00:00Z', 'good'],
    ])
  })

  test('several changes between two instants are all found when the last differs', async () => {
    const { question } = answers({ '2027-01-08T00:00:01Z': 'soft', '2029-01-10T12:00:00Z': 'bad' })
    expect(await told([FROM, UNTIL], question)).toEqual([
      ['2026-01-01T00:00:00Z', 'good'],
      ['2027-01-08T00:00:01Z', 'soft'],
      ['2029-01-10T12:00:00Z', 'bad'],
    ])
  })

  test('a change at the last instant counts, even within its second', async () => {
    const last = instant('2027-01-01T00:00:00.500000Z')
    const { question } = answers({ '2027-01-01T00:00:00.250000Z': 'bad' })
    expect((await changesOf([FROM, last], question)).at(-1)).toEqual({ at: last, state: 'bad' })
  })

  test('without an instant there is nothing to ask', async () => {
    const { question, asked } = answers({})
    expect(await changesOf([], question)).toEqual([])
    expect(asked).toEqual([])
  })
})
