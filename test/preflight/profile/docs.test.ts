/** The page on the rules has every rule as it is. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PROFILE_RULES } from '../../../src/preflight/profile/lint.ts'

test('docs/profile-rules.md has the table of the rules', () => {
  const page = readFileSync(new URL('../../../docs/profile-rules.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => /^\| (?:L|PX-)\d/.test(line))
  const wanted = PROFILE_RULES.map(
    ({ id, about, source, withTopology = '' }) =>
      `| ${id} | ${about} | ${source} | ${withTopology} |`,
  )
  expect(rows).toEqual(wanted)
})
