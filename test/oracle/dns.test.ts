import { expect, test } from 'vitest'
import { namedIsInstalled } from './dns/bind.ts'
import { compare } from './dns/run.ts'

test('BIND and the twin answer 2,000 drawn questions alike', async ({ skip }) => {
  if (!namedIsInstalled()) {
    if (process.env['SALLYPORT_JUDGES'] === 'required') throw new Error('named is not installed')
    skip('BIND is not installed (Debian: bind9)')
  }
  const said: string[] = []
  const outcome = await compare({ seed: '1', queries: 2000, print: (line) => void said.push(line) })
  const differences = outcome.mismatches === 0 ? [] : said
  expect({ ...outcome, differences }).toEqual({
    queries: 2000,
    mismatches: 0,
    missing: [],
    differences: [],
  })
}, 60_000)
