import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReplayWindow } from '../../../src/engine/esp/replay-window.ts'

const SEED = 4303
const HALF = 2 ** 32

const after = (size: number, ...received: readonly number[]): ReplayWindow => {
  const window = new ReplayWindow(size, true)
  for (const sequence of received) window.mark(sequence)
  return window
}

test.for([
  ['nothing came yet: the first is 1', after(64), 1, 'new'],
  ['0 is before the first', after(64), 0, 'too-old'],
  ['the last one again', after(64, 1000), 1000, 'replayed'],
  ['the next', after(64, 1000), 1001, 'new'],
  ['the oldest in the window', after(64, 1000), 937, 'new'],
  ['one older', after(64, 1000), 936, 'too-old'],
  ['the oldest in the window again', after(64, 937, 1000), 937, 'replayed'],
  ['of a window of 32', after(32, 1000), 968, 'too-old'],
  ['of a window of 1,000', after(1000, 1000), 1, 'new'],
  ['what a jump of the window passed by is new', after(64, 1, 2, 3, 40), 39, 'new'],
  [
    'after a jump by more than the window nothing old is remembered',
    after(64, 5, 5000),
    4937,
    'new',
  ],
  ['over 32 bits', after(64, HALF + 3), HALF - 60, 'new'],
  ['over 32 bits, one older', after(64, HALF + 3), HALF - 61, 'too-old'],
] as const)('%s', ([, window, sequence, verdict]) => {
  expect(window.judge(sequence)).toBe(verdict)
})

describe('against a list of all that came', () => {
  test.for([32, 33, 63, 64, 65, 100, 128, 1024])('a window of %i', (size) => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 34),
        fc.array(fc.integer({ min: -2 * size, max: 2 * size }), { maxLength: 200 }),
        (start, jumps) => {
          const window = new ReplayWindow(size, true)
          const seen = new Set<number>()
          let top = 0
          let at = start
          for (const jump of jumps) {
            at = Math.max(1, top + jump, at - size)
            const expected = at + size <= top ? 'too-old' : seen.has(at) ? 'replayed' : 'new'
            expect(window.judge(at)).toBe(expected)
            if (expected !== 'new') continue
            window.mark(at)
            seen.add(at)
            top = Math.max(top, at)
          }
        },
      ),
      { seed: SEED },
    )
  })
})

test('the upper half of whatever is in the window, or before it by less than half of all numbers, is found', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.nat(2 ** 36), fc.integer({ min: 3 * HALF - 200, max: 3 * HALF + 200 })),
      fc.integer({ min: -63, max: 2 ** 31 }),
      (top, distance) => {
        const sequence = Math.max(1, top + distance)
        const window = after(64, Math.max(1, top))
        expect(window.sequenceOf(sequence % HALF)).toBe(sequence)
      },
    ),
    { seed: SEED, numRuns: 2000 },
  )
})

test('before the first packet there is no upper half', () => {
  const window = new ReplayWindow(64, true)
  expect(window.judge(window.sequenceOf(HALF - 5))).toBe('too-old')
})

test('plain numbers have no upper half: behind the last of them nothing is new', () => {
  const window = new ReplayWindow(64, false)
  window.mark(HALF - 1)
  expect(window.judge(window.sequenceOf(1))).toBe('too-old')
})

test.for([0, 31, 64.5, 65_537, NaN])('%d packets are no window', (size) => {
  expect(() => new ReplayWindow(size, false)).toThrow(RangeError)
})
