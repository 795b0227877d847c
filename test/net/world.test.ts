import { describe, expect, test } from 'vitest'
import { InvariantError } from '../../src/base/invariant.ts'
import { after, days, hours, instant, ms, seconds } from '../../src/base/time.ts'
import { OPERATION_MAX, StalledError, World } from '../../src/net/world.ts'

const START = instant('2026-03-02T08:00:00Z')
const world = (seed = '1'): World => new World({ seed, start: START })

describe('time moves only while a script awaits', () => {
  test('awaits in a row add up', async () => {
    const w = world()
    await w.advance(seconds(1))
    await w.advance(seconds(2))
    expect(w.now).toBe(after(START, seconds(3)))
  })

  test('awaits side by side overlap', async () => {
    const w = world()
    await Promise.all([w.advance(seconds(5)), w.advance(seconds(2))])
    expect(w.now).toBe(after(START, seconds(5)))
  })

  test('chains side by side overlap, too', async () => {
    const w = world()
    const twice = async (): Promise<void> => {
      await w.advance(ms(10))
      await w.advance(ms(10))
    }
    await Promise.all([twice(), w.advance(ms(15))])
    expect(w.now).toBe(after(START, ms(20)))
  })

  test('four hundred days pass at once', async () => {
    const w = world()
    await w.advance(days(400))
    expect(w.now).toBe(after(START, days(400)))
  })

  test('stands still while somebody holds the clock, and goes on where it stood', async () => {
    const w = world()
    const seen: string[] = []
    const note = (what: string) => () => seen.push(`${what} ${w.now - START}`)
    w.schedule(
      ms(1),
      () => {
        const letGo = w.hold()
        expect(w.isHeld).toBe(true)
        setImmediate(() => {
          w.schedule(ms(0), note('answered'), undefined)
          seen.push('let go')
          letGo()
          expect(letGo).toThrow(InvariantError)
        })
      },
      undefined,
    )
    w.schedule(ms(1), note('same instant'), undefined)
    w.schedule(ms(2), note('later'), undefined)
    await w.advance(ms(3))
    expect(seen).toEqual(['let go', 'same instant 1000', 'answered 1000', 'later 2000'])
    expect(w.isHeld).toBe(false)
  })

  test('a driver without promises stops where the clock is held', () => {
    const w = world()
    let letGo = (): void => undefined
    w.schedule(ms(1), () => void (letGo = w.hold()), undefined)
    w.runUntil(after(START, ms(5)))
    expect(w.now).toBe(after(START, ms(1)))
    letGo()
    w.runUntil(after(START, ms(5)))
    expect(w.now).toBe(after(START, ms(5)))
  })

  test('nothing happens while nobody waits', async () => {
    const w = world()
    let ran = false
    w.schedule(seconds(1), () => (ran = true), undefined)
    await new Promise((resolve) => setImmediate(resolve))
    expect([ran, w.now]).toEqual([false, START])
  })
})

describe('events', () => {
  test('run in order of time, and of their making where the time is the same', async () => {
    const w = world()
    const seen: string[] = []
    const note = (what: string) => seen.push(what)
    w.schedule(ms(2), note, 'late')
    w.schedule(ms(1), note, 'first')
    w.schedule(ms(1), note, 'second')
    w.schedule(ms(1), note, 'third').cancel()
    await w.advance(ms(3))
    expect(seen).toEqual(['first', 'second', 'late'])
  })

  test('a cancelled timer does not move the clock', () => {
    const w = world()
    w.schedule(hours(1), () => undefined, undefined).cancel()
    expect(w.queued).toBe(0)
  })

  test('none can be put into the past', () => {
    expect(() => world().schedule(-1 as typeof OPERATION_MAX, () => undefined, 0)).toThrow(
      InvariantError,
    )
  })
})

describe('an operation that cannot end', () => {
  test('rejects and names itself when nothing is left to happen', async () => {
    await expect(world().perform('connect', () => undefined)).rejects.toThrow(
      new StalledError('connect is waiting, and nothing is left to happen'),
    )
  })

  test('rejects after a day although timers go on for ever', async () => {
    const w = world()
    const renew = (): void => void w.schedule(hours(5), renew, undefined)
    renew()
    await expect(w.perform('connect', () => undefined)).rejects.toThrow(
      new StalledError('connect is still waiting after 24 h'),
    )
    expect(w.now).toBeLessThanOrEqual(after(START, OPERATION_MAX))
  })

  test('does not take others with it', async () => {
    const w = world()
    const renew = (): void => void w.schedule(hours(5), renew, undefined)
    renew()
    const stuck = w.perform('connect', () => undefined)
    const week = w.advance(days(7))
    await expect(stuck).rejects.toThrow(StalledError)
    await week
    expect(w.now).toBe(after(START, days(7)))
  })

  test('an exception in an event reaches whoever waits, as a bug of ours', async () => {
    const w = world()
    const bug = new TypeError('undefined is not a frame')
    w.schedule(
      ms(1),
      () => {
        throw bug
      },
      undefined,
    )
    const failed = await w.advance(ms(2)).catch((thrown: unknown) => thrown)
    expect(failed).toBeInstanceOf(InvariantError)
    expect(failed).toMatchObject({ cause: bug })
    expect(w.crash).toBe(bug)
  })
})
