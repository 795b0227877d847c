/**
 * `sallyport chain` of a node in a lab: judged on the network, and what other relying parties of the topology say of it.
 * Not files: {@link ./chain-files.ts} judges those, and needs no lab.
 */
import { err, ok, type Result } from '../base/result.ts'
import { instant } from '../base/time.ts'
import { compileTopology } from '../lab/compile.ts'
import { relationsOf, type Relation } from '../lab/relations.ts'
import type { PartyVerdict } from '../lab/render-chain.ts'
import type { ChainReport } from '../lab/reports.ts'
import type { Problem } from './answer.ts'
import type { LabCommandOptions } from './options.ts'
import { openLab, unknownNode, type OpenLab } from './open-lab.ts'

/** The options of `chain` that ask a lab. */
export interface ChainLabOptions extends LabCommandOptions {
  readonly on?: string | undefined
  readonly of?: string | undefined
  readonly name?: string | undefined
  readonly as?: string | undefined
}

export interface JudgedInLab {
  readonly report: ChainReport
  readonly parties: readonly PartyVerdict[]
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

/** Windows programs of the topology that judge this very certificate, the one on `first` before the others. */
function relationsOn({ topology }: OpenLab, of: string, first: string): readonly Relation[] {
  const compiled = compileTopology(topology)
  if (!compiled.ok) return []
  return relationsOf(compiled.value)
    .filter((relation) => relation.of === of)
    .toSorted((a, b) => Number(b.on === first) - Number(a.on === first))
}

async function partiesOf(
  { lab }: OpenLab,
  relations: readonly Relation[],
  dialled: string | undefined,
): Promise<readonly PartyVerdict[]> {
  const parties: PartyVerdict[] = []
  for (const { as, on, of, name: written } of relations) {
    const name = written === undefined ? undefined : (dialled ?? written)
    const report = await lab.nodes[on]!.judge(of, {
      profile: as,
      ...(name !== undefined && { name }),
    })
    const { valid, windows, failures } = report
    const code = failures[0]?.code
    parties.push({
      as,
      on,
      valid,
      ...(!valid && windows !== undefined && { windows }),
      ...(code !== undefined && { code }),
    })
  }
  return parties
}

export async function judgeInLab(
  topology: string | undefined,
  options: ChainLabOptions,
): Promise<Result<JudgedInLab, readonly Problem[]>> {
  const { on, of, as, name } = options
  if (on === undefined || of === undefined)
    return err([{ message: 'chain needs --on and --of, or --anchor with --name and files' }])
  const opened = await openLab(topology, options)
  if (!opened.ok) return opened
  const { lab } = opened.value
  const unknown = unknownNode('--on', on, opened.value) ?? unknownCertificate(of, opened.value)
  if (unknown !== undefined) return err([unknown])
  // Packets take their time; the verdict is for the instant that was asked for.
  using _held = lab.holdClocks(options.at ?? instant(lab.topology.start))
  const report = await lab.nodes[on]!.judge(of, {
    ...(as !== undefined && { profile: as }),
    ...(name !== undefined && { name }),
  })
  const relations = as === undefined ? relationsOn(opened.value, report.of, on) : []
  return ok({ report, parties: await partiesOf(opened.value, relations, name) })
}
