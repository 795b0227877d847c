/** The judge of the `windows` profile: `npm run oracle -- windows --suite FILE --verdicts FILE`. */
import { readSuite, refuse, type OracleOptions } from '../options.ts'
import { limboSuite } from '../x509/suite.ts'
import { compareWithWindows, windowsVerdicts } from './compare.ts'

/** The last line has the figures; exit status 1 when a verdict differs from that of Windows. */
export function run({ suite: file, verdicts: verdictFile }: OracleOptions): void {
  if (file === undefined) return refuse('windows', '--suite FILE is missing')
  if (verdictFile === undefined) return refuse('windows', '--verdicts FILE is missing')
  const suite = readSuite(file, limboSuite)
  if (!suite.ok) return refuse('windows', suite.error)
  const verdicts = readSuite(verdictFile, windowsVerdicts)
  if (!verdicts.ok) return refuse('windows', verdicts.error)
  const { judged, differences } = compareWithWindows(suite.value.testcases, verdicts.value.verdicts)
  for (const { id, windows, verdict } of differences) {
    const { failure } = verdict
    const said = failure === undefined ? 'accepted' : `${failure.code}: ${failure.message}`
    console.log(`${id}: Windows ${windows}\n  ${said}`)
  }
  const falseAccepts = differences.filter(({ windows }) => windows === 'REJECT').length
  console.log(
    [
      `windows: cases=${judged}`,
      `pass=${judged - differences.length}`,
      `false-accepts=${falseAccepts}`,
      `false-rejects=${differences.length - falseAccepts}`,
    ].join(' '),
  )
  if (differences.length > 0) process.exitCode = 1
}
