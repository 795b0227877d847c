/**
 * `sallyport check`: what is wrong before it runs, in topologies and ProfileXML files. Holds when no finding is an error.
 * Not the rules: those are in `preflight/`. What cannot be read or built is refused, not found.
 */
import { extname } from 'node:path'
import { ok, type Result } from '../base/result.ts'
import { preflight } from '../preflight/preflight.ts'
import { refused, problemLine, type Answer, type Problem } from './answer.ts'
import type { LabCommandOptions } from './options.ts'
import { openLab } from './open-lab.ts'
import type { Terminal } from './terminal.ts'

interface Finding {
  readonly rule: string
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly fix: string
  readonly at: { readonly file: string; readonly line?: number; readonly column?: number }
}

type Checked = Result<readonly Finding[], readonly Problem[]>

async function checkTopology(file: string, options: LabCommandOptions): Promise<Checked> {
  const opened = await openLab(file, options)
  if (!opened.ok) return opened
  const findings = preflight(opened.value.topology)
  if (findings.length === 0) return ok([])
  const { openSource } = await import('../topology/source.ts')
  const source = openSource(file)
  return ok(
    findings.map(({ path, ...finding }) => ({
      ...finding,
      at: source.locate(path) ?? { file: opened.value.file },
    })),
  )
}

async function checkProfile(file: string): Promise<Checked> {
  const { readProfileFile } = await import('./profile-file.ts')
  const read = readProfileFile(file)
  return read.ok ? ok([]) : read
}

const checkFile = (file: string, options: LabCommandOptions): Promise<Checked> =>
  extname(file).toLowerCase() === '.xml' ? checkProfile(file) : checkTopology(file, options)

export async function check(
  files: readonly string[],
  options: LabCommandOptions,
  terminal: Terminal,
): Promise<Answer> {
  const findings: Finding[] = []
  const problems: Problem[] = []
  for (const file of files) {
    terminal.progress(`checking ${file}`)
    const checked = await checkFile(file, options)
    if (checked.ok) findings.push(...checked.value)
    else problems.push(...checked.error)
  }
  terminal.progress('')
  if (problems.length > 0) return refused(...problems)
  return {
    kind: 'answered',
    holds: findings.every(({ severity }) => severity !== 'error'),
    document: { findings },
    lines: linesOf(findings, terminal),
  }
}

function linesOf(findings: readonly Finding[], { colors }: Terminal): string[] {
  const paint = { error: colors.red, warning: colors.yellow }
  const lines = findings.flatMap(({ rule, severity, message, fix, at }) => [
    `${paint[severity](severity)} ${rule}  ${problemLine({ ...at, message })}`,
    `  fix  ${fix}`,
  ])
  const count = (severity: Finding['severity']): number =>
    findings.filter((finding) => finding.severity === severity).length
  return [...lines, `${count('error')} errors, ${count('warning')} warnings`]
}
