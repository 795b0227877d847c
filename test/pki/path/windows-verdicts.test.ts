/** What Windows itself answered, and where that is not what RFC 5280 says. */
import { expect, test } from 'vitest'
import { PROFILES } from '../../../src/windows/relying-parties.ts'
import { readSuite } from '../../oracle/options.ts'
import { compareWithWindows, windowsVerdicts } from '../../oracle/windows/compare.ts'
import { judgeCase } from '../../oracle/x509/judge.ts'
import { limboSuite } from '../../oracle/x509/suite.ts'
import { dataFile, LIMBO_FILE, missingData } from '../judges.ts'

const FILE = 'x509/windows-verdicts-sample.json'
const skipped = missingData(FILE) ?? missingData(LIMBO_FILE)
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

test.skipIf(skipped !== undefined)('every verdict of Windows', { timeout: 60_000 }, () => {
  const suite = readSuite(dataFile(LIMBO_FILE), limboSuite)
  const read = readSuite(dataFile(FILE), windowsVerdicts)
  if (!suite.ok || !read.ok) throw new Error(JSON.stringify([suite.ok, read]))
  const { verdicts } = read.value
  const { testcases } = suite.value
  const { judged, differences } = compareWithWindows(testcases, verdicts)
  expect(differences).toEqual([])
  expect(judged).toBe(868)
  const strict = testcases.filter(
    (limbo) =>
      verdicts[limbo.id] !== undefined &&
      judgeCase(limbo, PROFILES.strict).accepted !== (verdicts[limbo.id] === 'ACCEPT'),
  )
  // Dialled by address, no dNSName, and a common name outside the dNSName constraints.
  expect(strict).toHaveLength(10)
})
