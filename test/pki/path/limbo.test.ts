/**
 * Half of x509-limbo and a tenth of BetterTLS, each case under the profile that fits it, and all of BetterTLS as RFC 5280 has it.
 */
import { expect, test } from 'vitest'
import { readSuite } from '../../oracle/options.ts'
import { differences, JUDGES } from '../../oracle/x509/compare.ts'
import { knownReason } from '../../oracle/x509/known.ts'
import { limboSuite } from '../../oracle/x509/suite.ts'
import { dataFile, LIMBO_FILE, missingData } from '../judges.ts'

const skipped = missingData(LIMBO_FILE)
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

test.skipIf(skipped !== undefined)('x509-limbo and BetterTLS', { timeout: 60_000 }, () => {
  const suite = readSuite(dataFile(LIMBO_FILE), limboSuite)
  if (!suite.ok) throw new Error(suite.error)
  const { testcases } = suite.value
  expect(testcases).toHaveLength(1050)
  const found = differences(testcases)
  expect(found.map(({ id, kind }) => `${kind}: ${id}`)).toEqual([
    'false accept: rfc5280::aki::cross-signed-root-missing-aki',
  ])
  const unknown = found.filter(({ id, profile }) => knownReason(id, profile) === undefined)
  expect(unknown).toEqual([])
  const better = testcases.filter(({ id }) => id.startsWith('bettertls'))
  expect(better).toHaveLength(951)
  expect(differences(better, JUDGES.strict)).toEqual([])
})
