/** NIST's path validation suite, whole. */
import { expect, test } from 'vitest'
import { pkitsDifferences, pkitsSuite } from '../../oracle/pkits/judge.ts'
import { PKITS_FILE } from '../../oracle/pkits/run.ts'
import { readSuite } from '../../oracle/options.ts'
import { dataFile, missingData } from '../judges.ts'

const skipped = missingData(PKITS_FILE)
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

test.skipIf(skipped !== undefined)('PKITS', { timeout: 60_000 }, () => {
  const suite = readSuite(dataFile(PKITS_FILE), pkitsSuite)
  expect(suite.ok && suite.value.testcases).toHaveLength(249)
  expect(suite.ok && pkitsDifferences(suite.value)).toEqual([])
})
