/**
 * `sallyport resolve`: asks for a name as a host would, and says who was asked and why. Holds for NOERROR.
 */
import { typeNumber } from '../wire/dns/registry.ts'
import { renderResolve } from '../lab/render.ts'
import { refused, type Answer } from './answer.ts'
import type { LabCommandOptions } from './options.ts'
import { namesTopology, openLab, unknownNode } from './open-lab.ts'
import type { Terminal } from './terminal.ts'

export interface ResolveOptions extends LabCommandOptions {
  readonly on: string
  readonly nslookup?: true | undefined
}

/** `[TOPOLOGY] NAME [TYPE]`: the topology is the one that ends like a file of one. */
function argumentsOf(given: readonly (string | undefined)[]): {
  readonly topology?: string
  readonly name?: string
  readonly type?: string
  readonly extra?: string
} {
  const words = given.filter((word) => word !== undefined)
  const topology = words[0] !== undefined && namesTopology(words[0]) ? words.shift() : undefined
  const [name, type, extra] = words
  return {
    ...(topology === undefined ? {} : { topology }),
    ...(name === undefined ? {} : { name }),
    ...(type === undefined ? {} : { type: type.toUpperCase() }),
    ...(extra === undefined ? {} : { extra }),
  }
}

export async function resolve(
  given: readonly (string | undefined)[],
  options: ResolveOptions,
  { colors }: Terminal,
): Promise<Answer> {
  const { topology, name, type = 'A', extra } = argumentsOf(given)
  if (name === undefined) return refused({ message: 'no name to resolve was given' })
  if (extra !== undefined) return refused({ message: `'${extra}' is one argument too many` })
  if (typeNumber(type) === undefined)
    return refused({ message: `'${type}' is no record type, such as A or SRV` })
  const opened = await openLab(topology, options)
  if (!opened.ok) return refused(...opened.error)
  const unknown = unknownNode('--on', options.on, opened.value)
  if (unknown !== undefined) return refused(unknown)

  const mode = options.nslookup === true ? 'nslookup' : 'api'
  const report = await opened.value.lab.nodes[options.on]!.resolve(name, type, { mode })
  return {
    kind: 'answered',
    holds: report.rcode === 'NOERROR',
    document: { nrptRule: null, ...report },
    lines: renderResolve(report, colors),
  }
}
