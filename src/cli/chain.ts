/**
 * `sallyport chain`: is this certificate good, to this relying party? Of a node in a lab, or in files. Holds when it is.
 */
import { formatInstant } from '../base/time.ts'
import { fixOf } from '../lab/chain-fixes.ts'
import { renderChain, type PartyVerdict } from '../lab/render-chain.ts'
import type { ChainReport } from '../lab/reports.ts'
import { PROFILES } from '../windows/relying-parties.ts'
import { refused, type Answer, type Problem } from './answer.ts'
import type { ChainFileOptions } from './chain-files.ts'
import type { ChainLabOptions } from './chain-lab.ts'
import type { Terminal } from './terminal.ts'

export type ChainOptions = ChainLabOptions & ChainFileOptions

/** Instants as ISO dates: a script should not have to know our units. */
const chainDocument = (report: ChainReport, parties: readonly PartyVerdict[]) => ({
  ...report,
  at: formatInstant(report.at),
  path: report.path.map((link) => ({
    ...link,
    notBefore: formatInstant(link.notBefore),
    notAfter: formatInstant(link.notAfter),
  })),
  failures: report.failures.map((failure) => ({ ...failure, fix: fixOf(failure) })),
  parties,
})

const chainAnswer = (
  report: ChainReport,
  terminal: Terminal,
  parties: readonly PartyVerdict[] = [],
): Answer => ({
  kind: 'answered',
  holds: report.valid,
  document: chainDocument(report, parties),
  lines: renderChain(report, terminal.canvas, parties),
})

function unknownProfile(profile: string | undefined): Problem | undefined {
  const names = Object.keys(PROFILES)
  if (profile === undefined || names.includes(profile)) return undefined
  return { message: `'${profile}' is none of the profiles ${names.join(', ')}` }
}

export async function chain(
  files: readonly string[],
  options: ChainOptions,
  terminal: Terminal,
): Promise<Answer> {
  const { anchor } = options
  const profile = unknownProfile(options.as)
  if (profile !== undefined) return refused(profile)
  if (anchor !== undefined) {
    const { judgeFiles } = await import('./chain-files.ts')
    const judged = judgeFiles({ ...options, anchor, files })
    return judged.ok ? chainAnswer(judged.value, terminal) : refused(...judged.error)
  }
  const [topology, extra] = files
  if (extra !== undefined)
    return refused({ message: `'${extra}' is one argument too many; files need --anchor` })
  const { judgeInLab } = await import('./chain-lab.ts')
  const judged = await judgeInLab(topology, options)
  if (!judged.ok) return refused(...judged.error)
  const { report, parties } = judged.value
  return chainAnswer(report, terminal, parties)
}
