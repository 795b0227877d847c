import { expect, test } from 'vitest'
import { rngFrom } from '../../src/base/rng.ts'
import { reasonOf } from './radius/case.ts'
import { drawCases } from './radius/cases.ts'
import { questionOf } from './radius/gateway.ts'
import { KNOWN, knownReason } from './radius/known.ts'
import { drawSecrets } from './radius/topology.ts'

const drawn = (seed: string) => {
  const rng = rngFrom(seed)
  return drawCases({ rng: rng.fork('cases'), secrets: drawSecrets(rng.fork('secrets')) })
}

const SEEDS = ['1', 'two', '3e9']

test.each(SEEDS)('seed %s draws enough cases for either direction', (seed) => {
  const cases = drawn(seed)
  expect(cases.length).toBeGreaterThanOrEqual(150)
  expect(cases.flatMap((each) => questionOf(each) ?? []).length).toBeGreaterThanOrEqual(120)
})

test.each(SEEDS)('seed %s: every reject names the reason that NPS must log', (seed) => {
  const rejects = drawn(seed).filter(({ expect: verdict }) => verdict === 'reject')
  expect(rejects.filter((each) => reasonOf(each) === undefined)).toEqual([])
})

test('what may differ are at most four cases, and each is one of the table', () => {
  const names = new Set(drawn('1').map(({ name }) => name))
  expect(KNOWN.length).toBeLessThanOrEqual(4)
  expect(KNOWN.filter((name) => !names.has(name))).toEqual([])
  expect(KNOWN.map(knownReason)).not.toContain(undefined)
})

test('one seed draws the same table each time, another seed other names and sizes', () => {
  expect(drawn('1')).toEqual(drawn('1'))
  expect(drawn('1')).not.toEqual(drawn('2'))
})
