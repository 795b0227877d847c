/** The real clock as a world's driver. Nothing here measures time: order and causes are asserted, and waits end when something happens. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { InvariantError } from '../../src/base/invariant.ts'
import { before, days, minutes, ms, seconds } from '../../src/base/time.ts'
import { LEAD, RealTime, wallClockNow } from '../../src/live/real-time.ts'
import { StalledError, World } from '../../src/net/world.ts'

function driven(): { world: World; clock: RealTime; broken: unknown[] } & Disposable {
  const world = new World({ seed: '1', start: before(wallClockNow(), minutes(1)) })
  const broken: unknown[] = []
  const clock = new RealTime(world, (thrown) => broken.push(thrown))
  return { world, clock, broken, [Symbol.dispose]: () => clock.stop() }
}

describe('a world under the real clock', () => {
  test('stands at the time of day once it has started', () => {
    using lab = driven()
    const [from, world] = [wallClockNow(), lab.world]
    lab.clock.start()
    expect(world.now).toBeGreaterThanOrEqual(before(from, ms(50)))
    expect(world.now).toBeLessThan(before(wallClockNow(), ms(-50)))
  })

  test('runs what a datagram causes within the lead at once, and the rest when it is due', async () => {
    using lab = driven()
    lab.clock.start()
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      lab.clock.act(() => {
        lab.world.schedule(ms(LEAD / 2e3), () => seen.push('link'), undefined)
        lab.world.schedule(
          ms(LEAD / 250),
          () => {
            seen.push('timer')
            resolve()
          },
          undefined,
        )
      })
      expect(seen).toEqual(['link'])
    })
    expect(seen).toEqual(['link', 'timer'])
  })

  test('does not run ahead of the clock by more than the lead, however dense the events are', () => {
    using lab = driven()
    lab.clock.start()
    let ticks = 0
    const tick = (): void => {
      ticks++
      lab.world.schedule(ms(0.1), tick, undefined)
    }
    lab.clock.act(() => lab.world.schedule(ms(0.1), tick, undefined))
    expect(ticks).toBeGreaterThan(0)
    expect(lab.world.now).toBeLessThanOrEqual(lab.clock.now + LEAD)
  })

  test('a nearer event is not kept waiting by a timer that was set for a later one', async () => {
    using lab = driven()
    lab.clock.start()
    lab.clock.act(() => lab.world.schedule(days(1), () => expect.fail('a day early'), undefined))
    await new Promise<void>((resolve) => {
      lab.clock.act(() => lab.world.schedule(ms(20), resolve, undefined))
    })
  })

  test('what somebody schedules between turns runs without a datagram', async () => {
    using lab = driven()
    lab.clock.start()
    await new Promise<void>((resolve) => lab.world.schedule(ms(1), resolve, undefined))
  })
})

describe('while an engine holds the clock', () => {
  test('what arrives waits, and happens in order once the clock is let go', async () => {
    using lab = driven()
    lab.clock.start()
    const seen: string[] = []
    let letGo = (): void => {}
    lab.clock.act(() => {
      letGo = lab.world.hold()
    })
    lab.clock.act(() => seen.push('first'))
    lab.clock.act(() => seen.push('second'))
    expect(seen).toEqual([])
    expect(lab.clock.backlog).toBe(2)
    lab.world.schedule(ms(0), () => seen.push('the answer'), undefined)
    letGo()
    await new Promise<void>((resolve) => lab.clock.act(resolve))
    expect(seen).toEqual(['the answer', 'first', 'second'])
    expect(lab.clock.backlog).toBe(0)
  })

  test('stopping forgets what waits', () => {
    using lab = driven()
    lab.clock.start()
    lab.clock.act(() => void lab.world.hold())
    lab.clock.act(() => expect.fail('it was stopped'))
    lab.clock.stop()
    expect(lab.clock.backlog).toBe(0)
    lab.clock.act(() => expect.fail('it was stopped'))
  })
})

describe('operations of a lab', () => {
  test('take real time, and settle', async () => {
    using lab = driven()
    lab.clock.start()
    const from = lab.clock.now
    await lab.world.advance(ms(30))
    expect(lab.clock.now - from).toBeGreaterThanOrEqual(ms(30) - LEAD)
  })

  test('that nothing can finish reject when their time is over', async () => {
    using lab = driven()
    lab.clock.start()
    const hopeless = lab.world.perform('hopeless', () => {}, ms(10))
    const [outcome] = await Promise.allSettled([hopeless, lab.world.advance(ms(40))])
    expect(outcome).toMatchObject({ reason: expect.any(StalledError) as StalledError })
  })

  test('are under virtual time again when the clock has stopped, those that wait too', async () => {
    using lab = driven()
    lab.clock.start()
    const long = lab.world.advance(days(3))
    await sleep(5)
    lab.clock.stop()
    await long
    await lab.world.advance(seconds(1))
  })

  test('reject when our own code throws, and the owner hears of it', async () => {
    using lab = driven()
    lab.clock.start()
    const waiting = lab.world.advance(days(1))
    lab.clock.act(() => {
      throw new Error('a bug')
    })
    await expect(waiting).rejects.toThrow(InvariantError)
    expect(lab.broken).toEqual([new Error('a bug')])
  })
})
