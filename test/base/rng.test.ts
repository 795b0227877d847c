import { expect, test } from 'vitest'
import { rngFrom } from '../../src/base/rng.ts'

test('one seed, one stream; another seed, another', () => {
  const draw = (seed: string): string => rngFrom(seed).bytes(64).toString()
  expect(draw('1')).toBe(draw('1'))
  expect(draw('1')).not.toBe(draw('2'))
})

test('the first numbers are the same on every machine', () => {
  expect(Array.from(rngFrom('sallyport').bytes(8))).toEqual([25, 80, 40, 192, 115, 87, 143, 59])
})

test('a fork does not depend on what was drawn before it', () => {
  const quiet = rngFrom('1')
  const busy = rngFrom('1')
  for (let i = 0; i < 100; i++) busy.below(7)
  expect(busy.fork('link/a').bytes(16)).toEqual(quiet.fork('link/a').bytes(16))
  expect(quiet.fork('link/a').bytes(16)).not.toEqual(quiet.fork('link/b').bytes(16))
})

test('below is even over its range', () => {
  const rng = rngFrom('even')
  const counts = [0, 0, 0, 0, 0, 0]
  for (let i = 0; i < 60_000; i++) counts[rng.below(6)]!++
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400)
})

test('chance and fraction keep to their bounds', () => {
  const rng = rngFrom('bounds')
  for (let i = 0; i < 1000; i++) {
    expect(rng.chance(0)).toBe(false)
    expect(rng.chance(1)).toBe(true)
    const x = rng.fraction()
    expect(x >= 0 && x < 1).toBe(true)
  }
})
