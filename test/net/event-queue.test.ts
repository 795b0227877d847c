import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Duration, Instant } from '../../src/base/time.ts'
import { instant, microseconds, seconds } from '../../src/base/time.ts'
import { StalledError, World } from '../../src/net/world.ts'

const START = instant('2026-03-02T08:00:00Z')
const makeWorld = (): World => new World({ seed: '1', start: START })
const runAll = (world: World): void => world.runUntil((START + 1e9) as Instant)

test('events run by instant, then by the order in which they were scheduled', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (delays) => {
      const world = makeWorld()
      const ran: number[] = []
      delays.forEach((delay, i) =>
        world.schedule(microseconds(delay), () => void ran.push(i), undefined),
      )
      runAll(world)
      const expected = delays
        .map((delay, i) => ({ delay, i }))
        .sort((a, b) => a.delay - b.delay || a.i - b.i)
        .map(({ i }) => i)
      expect(ran).toEqual(expected)
    }),
  )
})

// Lanes are an optimisation: whatever is pushed, the order must be the one that single events would have.
test('entries of lanes run exactly when single events would', () => {
  const step = fc.record({ lane: fc.nat(3), delay: fc.nat(5) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const order = (useLanes: boolean): number[] => {
        const world = makeWorld()
        const ran: number[] = []
        const note = (i: number): void => void ran.push(i)
        const lanes = [0, 1, 2].map(() => world.lane(note))
        const last = [0, 0, 0, 0]
        steps.forEach(({ lane, delay }, i) => {
          // Lane 3 stands for single events; in a lane, nothing overtakes.
          const at = lane === 3 ? delay : Math.max(last[lane]!, delay)
          last[lane] = at
          if (useLanes && lane < 3) lanes[lane]!.push((START + at) as Instant, i)
          else world.schedule(at as Duration, note, i)
        })
        runAll(world)
        return ran
      }
      expect(order(true)).toEqual(order(false))
    }),
  )
})

test('a lane takes new entries while it runs, and after it was empty', () => {
  const world = makeWorld()
  const ran: [number, number][] = []
  const lane = world.lane((left: number) => {
    ran.push([world.now - START, left])
    if (left > 0) lane.push((world.now + 10) as Instant, left - 1)
  })
  lane.push((START + 5) as Instant, 2)
  runAll(world)
  expect(ran).toEqual([
    [5, 2],
    [15, 1],
    [25, 0],
  ])
})

test('nothing overtakes in a lane', () => {
  const lane = makeWorld().lane(() => undefined)
  lane.push((START + 10) as Instant, undefined)
  expect(() => lane.push((START + 9) as Instant, undefined)).toThrow(/overtake/)
})

test('a cancelled event does not run, and does not move the clock', async () => {
  const world = makeWorld()
  let ran = 0
  world.schedule(seconds(5), () => void ran++, undefined).cancel()
  await expect(world.perform('waiting', () => undefined)).rejects.toThrow(StalledError)
  expect(ran).toBe(0)
  expect(world.now).toBe(START)
})

test('cancelling after the event ran changes nothing', () => {
  const world = makeWorld()
  const timer = world.schedule(microseconds(1), () => undefined, undefined)
  runAll(world)
  timer.cancel()
  timer.cancel()
  expect(world.queued).toBe(0)
})

test('thousands of cancelled timers do not stay in the queue, and order survives the sweep', () => {
  const world = makeWorld()
  const ran: number[] = []
  for (let i = 0; i < 5000; i++) {
    const timer = world.schedule(microseconds((i * 37) % 101), (n: number) => void ran.push(n), i)
    if (i % 10 !== 0) timer.cancel()
  }
  expect(world.queued).toBe(500)
  runAll(world)
  expect(ran).toHaveLength(500)
  const keys = ran.map((i) => ((i * 37) % 101) * 1e4 + i)
  expect(keys).toEqual([...keys].sort((a, b) => a - b))
})
