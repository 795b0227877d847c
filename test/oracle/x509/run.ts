/**
 * The judge of paths: every case of a suite in x509-limbo's format, each difference printed with what was said and why.
 * `npm run oracle -- x509 --suite FILE [--profile NAME]`.
 */
import type { RelyingPartyProfile } from '../../../src/pki/profile/profile.ts'
import { readSuite, refuse, type OracleOptions } from '../options.ts'
import { differences, JUDGES, type Difference } from './compare.ts'
import { knownReason } from './known.ts'
import { limboSuite } from './suite.ts'

/** The last line has the figures; exit status 1 when a case that concerns an enterprise PKI differs, 2 for what cannot be run. */
export function run({ suite: file, profile: name }: OracleOptions): void {
  const profiles: Readonly<Record<string, RelyingPartyProfile>> = JUDGES
  const profile = name === undefined ? undefined : profiles[name]
  if (name !== undefined && profile === undefined) {
    return refuse('x509', `--profile ${name}: expected ${Object.keys(profiles).join(', ')}`)
  }
  if (file === undefined) return refuse('x509', '--suite FILE is missing')
  const suite = readSuite(file, limboSuite)
  if (!suite.ok) return refuse('x509', suite.error)
  const { testcases } = suite.value
  const found = differences(testcases, profile)
  for (const difference of found) console.log(describe(difference))
  const count = (kind: Difference['kind'], isEnterprise?: boolean): number =>
    found.filter((d) => d.kind === kind && (isEnterprise === undefined || d.isEnterprise)).length
  console.log(
    [
      `x509: cases=${testcases.length}`,
      `pass=${testcases.length - found.length}`,
      `false-accepts=${count('false accept')}`,
      `false-rejects=${count('false reject')}`,
      'skipped=0',
      `enterprise-false-accepts=${count('false accept', true)}`,
      `enterprise-false-rejects=${count('false reject', true)}`,
    ].join(' '),
  )
  if (found.some(({ isEnterprise }) => isEnterprise)) process.exitCode = 1
}

function describe({ id, kind, profile, verdict: { failure } }: Difference): string {
  const said = failure === undefined ? 'accepted' : `${failure.code}: ${failure.message}`
  return `${kind} under ${profile}: ${id}\n  ${said}\n  ${knownReason(id, profile) ?? 'not known before'}`
}
