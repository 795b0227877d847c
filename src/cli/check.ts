/**
 * `sallyport check`: what is wrong before it runs, in topologies and ProfileXML files. Holds when no finding is as bad as `--fail-on`.
 * Not the rules: those are in `preflight/`. What cannot be read or built is refused, not found.
 */
import path from 'node:path'
import { err, ok, type Result } from '../base/result.ts'
import { SEVERITIES, type Severity } from '../preflight/finding.ts'
import type { SkippedRule } from '../preflight/profile/lint.ts'
import { decodeText, readNear, SOURCE_FILE_BYTES_MAX, SourceFileError } from '../topology/files.ts'
import type { Topology } from '../topology/topology.ts'
import { refused, problemLine, type Answer, type Problem } from './answer.ts'
import type { CheckOptions } from './options.ts'
import type { Terminal } from './terminal.ts'

interface Finding {
  readonly rule: string
  readonly severity: Severity
  readonly message: string
  readonly fix: string
  readonly at: { readonly file: string; readonly line?: number; readonly column?: number }
}

interface Checked {
  readonly findings: readonly Finding[]
  /** The same for every profile that is checked alone. */
  readonly skipped?: readonly SkippedRule[]
}

type Check = Result<Checked, readonly Problem[]>

async function checkTopology(file: string, options: CheckOptions): Promise<Check> {
  // Who checks a profile alone loads no lab.
  const { openLab } = await import('./open-lab.ts')
  const opened = await openLab(file, options)
  if (!opened.ok) return opened
  const { preflight } = await import('../preflight/preflight.ts')
  const { installedProfiles } = await import('../preflight/profile/installed.ts')
  const findings = preflight(opened.value.topology)
  const inProfiles = installedProfiles(opened.value.topology)
  if (findings.length === 0) return ok({ findings: inProfiles })
  const { openSource } = await import('../topology/source.ts')
  const source = openSource(file)
  const inTopology = findings.map(({ path, ...finding }) => ({
    ...finding,
    at: source.locate(path) ?? { file: opened.value.file },
  }))
  return ok({ findings: [...inTopology, ...inProfiles] })
}

/** A profile by what stands in it; a file that cannot be read at all, by its name. */
function isProfile(file: string): boolean {
  if (path.extname(file).toLowerCase() === '.xml') return true
  try {
    const { bytes } = readNear(path.resolve('.', 'command line'), file, SOURCE_FILE_BYTES_MAX)
    return /^\s*</.test(decodeText(bytes)?.text ?? '')
  } catch (thrown) {
    if (thrown instanceof SourceFileError) return false
    throw thrown
  }
}

/** What `--topology` names, built to see that it can be; undefined: nothing was named. */
async function topologyBeside(
  files: readonly string[],
  options: CheckOptions,
): Promise<Result<Topology | undefined, readonly Problem[]>> {
  if (options.topology === undefined) return ok(undefined)
  const other = files.find((file) => !isProfile(file))
  if (other !== undefined) {
    const message = '--topology goes with ProfileXML files; a topology brings its own profiles'
    return err([{ file: other, message }])
  }
  const { openLab } = await import('./open-lab.ts')
  const opened = await openLab(options.topology, options)
  return opened.ok ? ok(opened.value.topology) : opened
}

export async function check(
  files: readonly string[],
  options: CheckOptions,
  terminal: Terminal,
): Promise<Answer> {
  const beside = await topologyBeside(files, options)
  if (!beside.ok) return refused(...beside.error)
  const findings: Finding[] = []
  const problems: Problem[] = []
  let skipped: readonly SkippedRule[] = []
  for (const file of files) {
    terminal.progress(`checking ${file}`)
    const checked = isProfile(file)
      ? await checkProfile(file, beside.value)
      : await checkTopology(file, options)
    if (checked.ok) {
      findings.push(...checked.value.findings)
      skipped = checked.value.skipped ?? skipped
    } else problems.push(...checked.error)
  }
  terminal.progress('')
  if (problems.length > 0) return refused(...problems)
  return {
    kind: 'answered',
    holds: !findings.some(({ severity }) => isAtLeast(severity, options.failOn)),
    document: { findings, skipped },
    lines: [
      ...findings.flatMap((finding) => linesOf(finding, terminal)),
      ...skippedLines(skipped),
      totalOf(findings),
    ],
  }
}

async function checkProfile(file: string, topology: Topology | undefined): Promise<Check> {
  const { lintProfileFile } = await import('./profile-file.ts')
  return lintProfileFile(file, topology)
}

const isAtLeast = (severity: Severity, threshold: Severity): boolean =>
  SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(threshold)

/** `profile.xml:12:5  L27  error  what is wrong`, and below it what to do. */
function linesOf(
  { rule, severity, message, fix, at }: Finding,
  { colors }: Terminal,
): readonly string[] {
  const paint = { error: colors.red, warning: colors.yellow, info: colors.cyan }
  const place = problemLine({ ...at, message: '' }).replace(/: $/, '')
  return [`${place}  ${rule}  ${paint[severity](severity)}  ${message}`, `  fix  ${fix}`]
}

function skippedLines(skipped: readonly SkippedRule[]): readonly string[] {
  if (skipped.length === 0) return []
  const named = (wanted: SkippedRule['skipped']): string =>
    skipped
      .filter((each) => each.skipped === wanted)
      .map(({ rule }) => rule)
      .join(' ')
  return [
    `${skipped.length} rules want --topology FILE: skipped ${named('all')}; in part ${named('part')}`,
  ]
}

function totalOf(findings: readonly Finding[]): string {
  const count = (severity: Severity): number =>
    findings.filter((finding) => finding.severity === severity).length
  const counted = (number: number, noun: string): string =>
    `${number} ${noun}${number === 1 ? '' : 's'}`
  const total = `${counted(count('error'), 'error')}, ${counted(count('warning'), 'warning')}`
  const notes = count('info')
  return notes === 0 ? total : `${total}, ${notes} for your information`
}
