/**
 * What Windows itself answered: Edge on Windows 10, December 2021, on BetterTLS. Edge had CryptoAPI judge the path, and matched names
 * (subjectAltName alone) and refused SHA-1 by itself; so does the profile here.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PROFILES } from '../../src/windows/relying-parties.ts'
import { dataFile, missingData } from './judges.ts'
import { accepts, LIMBO_FILE, readLimbo } from './limbo.ts'

const FILE = 'x509/windows-verdicts-sample.json'
const skipped = missingData(FILE) ?? missingData(LIMBO_FILE)
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

const EDGE = {
  ...PROFILES['sstp-client'],
  commonName: 'never',
  strength: PROFILES.strict.strength,
} as const

test.skipIf(skipped !== undefined)('every verdict of Windows', () => {
  const { verdicts } = JSON.parse(readFileSync(dataFile(FILE)).toString()) as {
    readonly verdicts: Readonly<Record<string, 'ACCEPT' | 'REJECT'>>
  }
  const judged = readLimbo().filter(({ id }) => verdicts[id] !== undefined)
  const other = judged.filter((limbo) => accepts(limbo, EDGE) !== (verdicts[limbo.id] === 'ACCEPT'))
  expect(other.map(({ id }) => id)).toEqual([])
  expect(judged).toHaveLength(868)
  const strict = judged.filter(
    (limbo) => accepts(limbo, PROFILES.strict) !== (verdicts[limbo.id] === 'ACCEPT'),
  )
  // Dialled by address, no dNSName, and a common name outside the dNSName constraints.
  expect(strict).toHaveLength(10)
})
