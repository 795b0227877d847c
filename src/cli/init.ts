/**
 * `sallyport init`: copies the commented starting point into a folder. All of it or nothing: a file that is there stays as it is.
 */
import { randomUUID } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { shownPath } from '../topology/files.ts'
import { refused, type Answer } from './answer.ts'

const TEMPLATE = fileURLToPath(new URL('../../templates/init', import.meta.url))

/** Every file below `folder`, relative to it, in the order of their names. */
function filesBelow(folder: string, below = ''): string[] {
  return readdirSync(path.join(folder, below), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = path.join(below, entry.name)
      return entry.isDirectory() ? filesBelow(folder, name) : [name]
    })
}

/** Why nothing can be written there; undefined: it can. */
function obstacle(target: string, files: readonly string[]): string | undefined {
  // The nearest folder that exists must be one: a file in its place would stop us half way.
  for (const file of ['.', ...files]) {
    for (let above = path.join(target, file); ; above = path.dirname(above)) {
      if (!existsSync(above)) continue
      if (files.includes(path.relative(target, above)))
        return `${shownPath(above)} is already there, and nothing is overwritten`
      if (!statSync(above).isDirectory()) return `${shownPath(above)} is no folder`
      break
    }
  }
  return undefined
}

/** Copied beside their places first, then renamed: a reader never finds half a file, and a failure leaves none. */
function writeAll(target: string, files: readonly string[]): void {
  const unfinished = files.map((file) => ({
    from: path.join(TEMPLATE, file),
    to: path.join(target, file),
    part: path.join(target, `${file}.${randomUUID().slice(0, 8)}.part`),
  }))
  try {
    for (const { from, part } of unfinished) {
      mkdirSync(path.dirname(part), { recursive: true })
      copyFileSync(from, part)
    }
    for (const { part, to } of unfinished) renameSync(part, to)
  } catch (thrown) {
    for (const { part } of unfinished) rmSync(part, { force: true })
    throw thrown
  }
}

export function init(dir: string): Answer {
  const target = path.resolve(dir)
  const files = filesBelow(TEMPLATE)
  const inTheWay = obstacle(target, files)
  if (inTheWay !== undefined) return refused({ message: inTheWay })
  try {
    writeAll(target, files)
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return refused({ message: `cannot write into ${shownPath(target)}: ${message}` })
  }
  const written = files.map((file) => shownPath(path.join(target, file)))
  const enter = path.relative(process.cwd(), target)
  return {
    kind: 'answered',
    holds: true,
    document: { files: written },
    lines: [
      ...written.map((file) => `wrote ${file}`),
      '',
      'Next:',
      ...(enter === '' ? [] : [`  cd ${/\s/.test(dir) ? `"${dir}"` : dir}`]),
      '  npx sallyport run',
      '  npx sallyport probe topology.ts --from laptop --to gateway --udp 4500',
    ],
  }
}
