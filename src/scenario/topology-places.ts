/**
 * Finds the file and line of a rule, or of what cannot be built, after a story has failed. A topology is data and does not know
 * its file: it is looked for among the files that the story's file imports.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { SourceLocation } from '../lab/failure.ts'
import type { LabProblem } from '../lab/lab.ts'
import { placeProblems } from '../lab/problem-place.ts'
import type { Topology } from '../topology/topology.ts'

/** The topology's own file where it is known; else a file that imports it, over however many steps. */
export type TopologyOrigin = { readonly file: string } | { readonly importedBy: string }

const RELATIVE_IMPORT = /\bfrom\s*['"](\.[^'"]+)['"]/g

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // A specifier without its extension, or a file that has gone since: nothing to point at.
  }
}

/** The file among those reachable by relative imports that writes down a topology of this name. */
export function topologyFileOf(importedBy: string, topology: Topology): string | undefined {
  const waiting = [importedBy]
  const seen = new Set<string>(waiting)
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const text = textOf(file)
    if (text === undefined) continue
    const named = text.includes(`'${topology.name}'`) || text.includes(`"${topology.name}"`)
    if (named && /\btopology\s*\(/.test(text)) return file
    for (const [, specifier] of text.matchAll(RELATIVE_IMPORT)) {
      const target = path.resolve(path.dirname(file), specifier!)
      for (const candidate of [target, `${target}.ts`, target.replace(/\.([cm]?)js$/, '.$1ts')]) {
        if (seen.has(candidate)) continue
        seen.add(candidate)
        waiting.push(candidate)
      }
    }
  }
  return undefined
}

/** Where the parts of one topology are written. */
export class TopologyPlaces {
  readonly #topology: Topology
  readonly #origin: TopologyOrigin

  constructor(topology: Topology, origin: TopologyOrigin) {
    this.#topology = topology
    this.#origin = origin
  }

  #file(): string | undefined {
    const origin = this.#origin
    return 'file' in origin ? origin.file : topologyFileOf(origin.importedBy, this.#topology)
  }

  async rule(node: string, rule: string): Promise<SourceLocation | undefined> {
    const file = this.#file()
    if (file === undefined) return undefined
    // It brings a TypeScript parser along: only for those who failed.
    const { locateRule } = await import('../topology/source.ts')
    return locateRule(file, node, rule)
  }

  problems(problems: readonly LabProblem[]): Promise<LabProblem[]> {
    return placeProblems(problems, this.#topology, this.#file())
  }
}
