/** The tutorial has all of its modules, and each names verifications that are told: a story that is renamed must be renamed there, too. */
import { expect, test } from 'vitest'
import { stories } from '../../scenarios/stories/index.ts'
import { TUTORIAL, tutorial } from '../../scenarios/stories/tutorial.ts'

const modules = Object.entries(TUTORIAL)

test('modules M0 to M15, in their order, each with what to do and why', () => {
  expect(modules.map(([id]) => id)).toEqual(Array.from({ length: 16 }, (_, i) => `M${i}`))
  for (const [, { title, steps, why }] of modules) {
    expect([title, why, ...steps].every((text) => text.length > 0)).toBe(true)
    expect(steps.length).toBeGreaterThan(0)
  }
})

test('each verification is a story', () => {
  const titles = new Set(stories.map(({ title }) => title))
  const untold = modules.flatMap(([id, { verifiedBy }]) =>
    verifiedBy.filter((title) => !titles.has(title)).map((title) => `${id}: ${title}`),
  )
  expect(untold).toEqual([])
  expect(modules.filter(([, { verifiedBy }]) => verifiedBy.length === 0)).toEqual([])
})

test('each story of its own stands in its module', () => {
  for (const { title } of tutorial) {
    const [id] = title.split(':')
    expect(modules.find(([each]) => each === id)?.[1].verifiedBy).toContain(title)
  }
})
