/**
 * A ProfileXML file named on the command line, judged by itself or for a topology. Not the schema: `windows/profile-xml.ts` knows that.
 */
import path from 'node:path'
import { err, ok, type Result } from '../base/result.ts'
import { lintProfile, type LintedProfile } from '../preflight/profile/lint.ts'
import { sourceFile, SourceFileError } from '../topology/files.ts'
import type { Topology } from '../topology/topology.ts'
import type { Problem } from './answer.ts'

/** `topology` is one that can be built. */
export async function lintProfileFile(
  file: string,
  topology: Topology | undefined,
): Promise<Result<LintedProfile, readonly Problem[]>> {
  try {
    const source = sourceFile(path.resolve('.', 'command line'), file)
    if (topology === undefined) {
      const linted = lintProfile(source)
      return linted.ok ? linted : err([linted.error])
    }
    // Who checks a profile alone loads no lab.
    const { lintForTopology } = await import('../preflight/profile/installed.ts')
    const findings = lintForTopology(source, topology)
    return findings.ok ? ok({ findings: findings.value, skipped: [] }) : err([findings.error])
  } catch (thrown) {
    if (thrown instanceof SourceFileError) return err([{ message: thrown.message }])
    throw thrown
  }
}
