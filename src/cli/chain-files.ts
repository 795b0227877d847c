/**
 * The certificates of PEM and DER files, judged without a lab: no network, so no revocation list and no missing issuer is fetched.
 * The one place where the machine's clock counts: files of today are judged today, unless `--at` says otherwise.
 */
import { readFileSync } from 'node:fs'
import { err, ok, type Result } from '../base/result.ts'
import { ms, type Instant } from '../base/time.ts'
import type { ChainReport } from '../lab/reports.ts'
import { readCertificates, subjectOf, type Certificate } from '../pki/certificate.ts'
import { linksOf } from '../pki/chain-link.ts'
import { formatDerFault } from '../pki/der.ts'
import { judgeChain } from '../pki/path.ts'
import { PROFILES, type ProfileName } from '../windows/relying-parties.ts'
import { NO_CRLS } from '../pki/revocation.ts'
import { shownPath } from '../topology/files.ts'
import type { Problem } from './answer.ts'

export interface ChainFiles {
  readonly anchor: string
  /** The leaf first; whatever follows was sent along. */
  readonly files: readonly string[]
  readonly name?: string | undefined
  readonly as?: string | undefined
  readonly at?: Instant | undefined
}

function read(file: string): Result<readonly Certificate[], readonly Problem[]> {
  const shown = shownPath(file)
  let bytes: Uint8Array
  try {
    bytes = readFileSync(file)
  } catch (thrown) {
    const why = thrown instanceof Error && 'code' in thrown ? ` (${String(thrown.code)})` : ''
    return err([{ file: shown, message: `cannot be read${why}` }])
  }
  const certificates = readCertificates(bytes)
  if (certificates.ok) return certificates
  return err([{ file: shown, message: formatDerFault(certificates.error) }])
}

function readAll(files: readonly string[]): Result<readonly Certificate[], readonly Problem[]> {
  const certificates: Certificate[] = []
  for (const file of files) {
    const found = read(file)
    if (!found.ok) return found
    certificates.push(...found.value)
  }
  return ok(certificates)
}

export function judgeFiles(asked: ChainFiles): Result<ChainReport, readonly Problem[]> {
  // Revocation cannot be asked for without a network: the profile that does not ask is the default.
  const profile = PROFILES[(asked.as ?? 'ike-client') as ProfileName]
  const anchors = read(asked.anchor)
  if (!anchors.ok) return anchors
  const presented = readAll(asked.files)
  if (!presented.ok) return presented
  const [leaf, ...sent] = presented.value
  if (leaf === undefined) return err([{ message: 'no certificate file to judge was given' }])

  const at = asked.at ?? (ms(new Date().getTime()) as number as Instant)
  const verdict = judgeChain({
    leaf,
    sent,
    intermediates: [],
    anchors: anchors.value,
    at,
    profile,
    ...(asked.name === undefined ? {} : { name: asked.name }),
    crls: NO_CRLS,
  })
  return ok({
    on: 'this machine',
    of: subjectOf(leaf),
    profile: profile.name,
    at,
    valid: verdict.valid,
    path: linksOf(verdict.path, verdict.valid || verdict.rejected[0]?.anchored === true),
    failures: verdict.failures,
    rejected: verdict.rejected.slice(verdict.valid ? 0 : 1).map(({ path, failures }) => ({
      path: path.map(subjectOf),
      failures,
    })),
    tolerated: verdict.tolerated,
    fetches: [],
    fromCache: [],
  })
}
