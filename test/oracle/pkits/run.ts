/** The judge of RFC 5280 §6: `npm run oracle -- pkits [--suite FILE]`. */
import { dataFile } from '../../pki/judges.ts'
import { readSuite, refuse, type OracleOptions } from '../options.ts'
import { pkitsDifferences, pkitsSuite } from './judge.ts'

export const PKITS_FILE = 'x509/pkits.json'

/** The last line has the figures; exit status 1 when a case comes out otherwise. */
export function run({ suite: file = dataFile(PKITS_FILE) }: OracleOptions): void {
  const suite = readSuite(file, pkitsSuite)
  if (!suite.ok) return refuse('pkits', suite.error)
  const differences = pkitsDifferences(suite.value)
  for (const line of differences) console.log(line)
  const { length } = suite.value.testcases
  console.log(`pkits: cases=${length} pass=${length - differences.length}`)
  if (differences.length > 0) process.exitCode = 1
}
