/**
 * The judge of what is told of a chain: BoringSSL's tests, from its archive. `npm run oracle -- boringssl [--suite FILE]`.
 * Its CRLs, certificates and name constraints are judged, too.
 */
import { dataFile } from '../../pki/judges.ts'
import { refuse, type OracleOptions } from '../options.ts'
import { chainDifferences } from './chains.ts'
import { certificateVerdicts, constraintVerdicts, crlVerdicts, type FileVerdict } from './files.ts'
import { knownReason } from './known.ts'
import { readChainTests } from './suite.ts'
import { readTarball } from './tar.ts'

export const BORINGSSL_FILE = 'x509/boringssl-pki-testdata.tgz'

/** The last line has the figures; exit status 1 when a difference is not a known one. */
export function run({ suite: file = dataFile(BORINGSSL_FILE) }: OracleOptions): void {
  const read = readTarball(file)
  if (!read.ok) return refuse('boringssl', read.error)
  const tests = readChainTests(read.value)
  const chains = chainDifferences(tests)
  const kinds = {
    crls: crlVerdicts(read.value),
    'name-constraints': constraintVerdicts(read.value),
    certificates: certificateVerdicts(read.value),
  }
  const differences = [...chains, ...Object.values(kinds).flatMap(differing)]
  for (const { id, theirs, ours } of differences) {
    const reason = knownReason(id) ?? 'not known before'
    console.log(`${id}\n  BoringSSL: ${theirs}\n  here: ${ours}\n  ${reason}`)
  }
  const files = Object.entries(kinds).map(
    ([kind, verdicts]) =>
      `${kind}=${verdicts.length} ${kind}-agree=${verdicts.length - differing(verdicts).length}`,
  )
  const agree = tests.length - chains.length
  console.log(`boringssl: chains=${tests.length} agree=${agree} ${files.join(' ')}`)
  if (differences.some(({ id }) => knownReason(id) === undefined)) process.exitCode = 1
}

const differing = (verdicts: readonly FileVerdict[]): readonly FileVerdict[] =>
  verdicts.filter(({ theirs, ours }) => theirs !== ours)
