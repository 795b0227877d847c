/**
 * `sallyport chain`: is this certificate good, to this relying party? Of a node in a lab, or in PEM files. Holds when it is.
 */
import { formatInstant } from '../base/time.ts'
import { renderChain } from '../lab/render.ts'
import type { ChainReport } from '../lab/reports.ts'
import { PROFILES } from '../windows/relying-parties.ts'
import { refused, type Answer, type Problem } from './answer.ts'
import type { LabCommandOptions } from './options.ts'
import { openLab, unknownNode, type OpenLab } from './open-lab.ts'
import type { Terminal } from './terminal.ts'

export interface ChainOptions extends LabCommandOptions {
  readonly on?: string | undefined
  readonly of?: string | undefined
  readonly anchor?: string | undefined
  readonly name?: string | undefined
  readonly as?: string | undefined
}

/** Instants as ISO dates: a script should not have to know our units. */
const chainDocument = (report: ChainReport) => ({
  ...report,
  at: formatInstant(report.at),
  path: report.path.map((link) => ({
    ...link,
    notBefore: formatInstant(link.notBefore),
    notAfter: formatInstant(link.notAfter),
  })),
})

const chainAnswer = (report: ChainReport, { colors }: Terminal): Answer => ({
  kind: 'answered',
  holds: report.valid,
  document: chainDocument(report),
  lines: renderChain(report, colors),
})

function unknownProfile(profile: string | undefined): Problem | undefined {
  const names = Object.keys(PROFILES)
  if (profile === undefined || names.includes(profile)) return undefined
  return { message: `'${profile}' is none of the profiles ${names.join(', ')}` }
}

/** `gateway` or `gateway:ike`, where both exist. */
function unknownCertificate(of: string, opened: OpenLab): Problem | undefined {
  const [name = '', certificate] = of.split(':')
  const node = unknownNode('--of', name, opened)
  if (node !== undefined) return node
  const holder = opened.lab.nodes[name]
  const held = holder?.certificateNames() ?? []
  if (certificate === undefined ? held.length > 0 : held.includes(certificate)) return undefined
  const denial = holder?.enrolments().find((each) => each.name === certificate)?.denial
  const why =
    denial !== undefined
      ? ` '${certificate}': ${denial.message} (${denial.code})`
      : held.length > 0
        ? ` '${certificate}', only ${held.join(', ')}`
        : ''
  return { file: opened.file, message: `${name} holds no certificate${why}` }
}

async function chainInLab(
  topology: string | undefined,
  options: ChainOptions,
  terminal: Terminal,
): Promise<Answer> {
  const { on, of } = options
  if (on === undefined || of === undefined)
    return refused({ message: 'chain needs --on and --of, or --anchor with --name and files' })
  const opened = await openLab(topology, options)
  if (!opened.ok) return refused(...opened.error)
  const unknown = unknownNode('--on', on, opened.value) ?? unknownCertificate(of, opened.value)
  if (unknown !== undefined) return refused(unknown)
  const report = await opened.value.lab.nodes[on]!.judge(of, {
    ...(options.as === undefined ? {} : { profile: options.as }),
    ...(options.name === undefined ? {} : { name: options.name }),
  })
  return chainAnswer(report, terminal)
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
  return chainInLab(topology, options, terminal)
}
