/** BoringSSL's chain tests: the failing certificate and the kind of error; its CRLs, certificates and name constraints. */
import { expect, test } from 'vitest'
import { chainDifferences } from '../../oracle/boringssl/chains.ts'
import {
  certificateVerdicts,
  constraintVerdicts,
  crlVerdicts,
  type FileVerdict,
} from '../../oracle/boringssl/files.ts'
import { knownReason } from '../../oracle/boringssl/known.ts'
import { BORINGSSL_FILE } from '../../oracle/boringssl/run.ts'
import { readChainTests } from '../../oracle/boringssl/suite.ts'
import { readTarball } from '../../oracle/boringssl/tar.ts'
import { dataFile, missingData } from '../judges.ts'

const skipped = missingData(BORINGSSL_FILE)
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

const files = () => {
  const read = readTarball(dataFile(BORINGSSL_FILE))
  if (!read.ok) throw new Error(read.error)
  return read.value
}

test.skipIf(skipped !== undefined)('the failing certificate and the kind of error', () => {
  const tests = readChainTests(files())
  const differences = chainDifferences(tests)
  expect(tests).toHaveLength(197)
  expect(differences.filter(({ id }) => knownReason(id) === undefined)).toEqual([])
  expect(differences).toHaveLength(7)
})

test
  .skipIf(skipped !== undefined)
  .for<
    readonly [string, (read: ReturnType<typeof files>) => readonly FileVerdict[], number, number]
  >([
    ['certificates', certificateVerdicts, 70, 11],
    ['CRLs', crlVerdicts, 66, 4],
    ['name constraints', constraintVerdicts, 107, 15],
  ])('%s', ([, judge, count, different]) => {
  const verdicts = judge(files())
  const differences = verdicts.filter(({ theirs, ours }) => theirs !== ours)
  expect(verdicts).toHaveLength(count)
  expect(differences.filter(({ id }) => knownReason(id) === undefined)).toEqual([])
  expect(differences).toHaveLength(different)
})
