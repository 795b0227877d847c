/**
 * The source files of the house as text with their imports, for the tests that judge the house itself.
 * Not a parser of TypeScript: the import forms that our own formatter writes are enough.
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Source {
  /** Relative to the checkout, forward slashes. */
  readonly path: string
  readonly text: string
  readonly imports: readonly {
    readonly from: string
    readonly line: number
    readonly lazy: boolean
  }[]
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?\bfrom\s+'([^']+)'|(?:^|\n)\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g

function read(file: string): Source {
  const text = readFileSync(path.join(ROOT, file), 'utf8')
  const imports = [...text.matchAll(IMPORT)].map((match) => ({
    from: (match[1] ?? match[2] ?? match[3])!,
    line: text.slice(0, match.index + 1).split('\n').length,
    lazy: match[3] !== undefined,
  }))
  return { path: file, text, imports }
}

/** Every `.ts` file below `folder`, in the order of their paths. */
export function sourcesBelow(folder: string): readonly Source[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.split(path.sep).join('/')}`)
    .filter((name) => name.endsWith('.ts'))
    .toSorted()
    .map(read)
}

/** The checkout-relative path that a relative import means. */
export const targetOf = (source: Source, from: string): string =>
  path.posix.normalize(path.posix.join(path.posix.dirname(source.path), from))
