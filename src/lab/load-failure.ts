/**
 * What made a user's module fail to load, as one line with its place: a syntax error, a missing import or file, or what it threw.
 * Not for our own failures: those keep their stack.
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { shownPath, SourceFileError } from '../topology/files.ts'
import { positionAt, type Position } from '../topology/position.ts'

export interface LoadProblem {
  /** As a person would type it. */
  readonly file: string
  readonly line?: number
  readonly column?: number
  readonly message: string
}

/** One line of text, and not too long. */
const MESSAGE_CHARACTERS_MAX = 400

/** Why loading the module `absolute` failed. */
export function explain(thrown: unknown, absolute: string): LoadProblem {
  if (!(thrown instanceof Error)) {
    return { file: shownPath(absolute), message: `threw ${oneLine(String(thrown))}` }
  }
  return (
    syntaxError(thrown) ??
    missingModule(thrown, absolute) ??
    unreadableFile(thrown, absolute) ??
    thrownByCode(thrown, absolute)
  )
}

/** `ParseError: Unexpected token \n /path/topology.ts:3:2`, columns from 0. */
function syntaxError(error: Error): LoadProblem | undefined {
  const m = /^ParseError: (.*?)\s*\n\s*(.+):(\d+):(\d+)\s*$/s.exec(error.message)
  if (m === null) return undefined
  return {
    file: shownPath(m[2]!),
    line: Number(m[3]),
    column: Number(m[4]) + 1,
    message: `syntax error: ${oneLine(m[1]!).replace(/\.$/, '')}`,
  }
}

function missingModule(error: Error, absolute: string): LoadProblem | undefined {
  const m = /^Cannot find (?:module|package) '([^']+)'/.exec(error.message)
  if (m === null) return undefined
  const stack = 'requireStack' in error ? error.requireStack : undefined
  const importer = Array.isArray(stack) && typeof stack[0] === 'string' ? stack[0] : absolute
  const wanted = m[1]!
  return {
    file: shownPath(importer),
    ...literalAt(importer, (text) => text === wanted),
    message: `cannot find the module '${wanted}'`,
  }
}

function unreadableFile(error: Error, absolute: string): LoadProblem | undefined {
  if (!(error instanceof SourceFileError)) return undefined
  if (error.at !== undefined) return { file: error.path, ...error.at, message: error.problem }
  const place = userFrame(error)?.file ?? absolute
  const named = resolve(error.path)
  return {
    file: shownPath(place),
    ...(literalAt(place, (text) => resolve(dirname(place), text) === named) ??
      lineOf(userFrame(error))),
    message: error.message,
  }
}

function thrownByCode(error: Error, absolute: string): LoadProblem {
  const frame = userFrame(error)
  const kind = error.name === 'Error' || error.name === '' ? '' : `${error.name}: `
  // How the loader calls an imported function is no business of whoever wrote the call.
  const message = error.message.replace(/\(0 ?, _\w+\.(\w+)\)/g, '$1')
  return {
    file: shownPath(frame?.file ?? absolute),
    ...lineOf(frame),
    message: `threw ${kind}${oneLine(message)}`,
  }
}

interface Frame {
  readonly file: string
  readonly line: number
}

/** Lines survive the loader's translation, columns do not: the statement's own column is read from the file. */
function lineOf(frame: Frame | undefined): Partial<Position> {
  if (frame === undefined) return {}
  const { file, line } = frame
  const text = sourceOf(file)?.split('\n')[line - 1]
  return text === undefined ? { line } : { line, column: Math.max(0, text.search(/\S/)) + 1 }
}

const OWN_FOLDER = resolve(dirname(fileURLToPath(import.meta.url)), '..') + sep

/** The innermost stack frame that is neither Node's, nor a package's, nor ours. */
function userFrame(error: Error): Frame | undefined {
  for (const written of (error.stack ?? '').split('\n')) {
    const m = /^\s*at (?:.*? \()?((?:file:\/\/|\/|[A-Za-z]:[\\/]).*):(\d+):\d+\)?$/.exec(written)
    if (m === null) continue
    const file = m[1]!.startsWith('file:') ? fileURLToPath(m[1]!) : resolve(m[1]!)
    const foreign = file.startsWith(OWN_FOLDER) || /[\\/]node_modules[\\/]/.test(file)
    if (!foreign) return { file, line: Number(m[2]) }
  }
  return undefined
}

/** The first quoted text in a source file that `means` what is looked for. */
function literalAt(file: string, means: (text: string) => boolean): Position | undefined {
  const source = sourceOf(file)
  if (source === undefined) return undefined
  for (const literal of source.matchAll(/(['"`])((?:(?!\1)[^\\\r\n])*)\1/g)) {
    if (means(literal[2]!)) return positionAt(source, literal.index)
  }
  return undefined
}

function sourceOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').replace(/^\ufeff/, '')
  } catch {
    return undefined // A place is a courtesy; the message stands without it.
  }
}

function oneLine(text: string): string {
  const line = text.replace(/\s*[\r\n]+\s*/g, ' ').trim()
  return line.length > MESSAGE_CHARACTERS_MAX ? `${line.slice(0, MESSAGE_CHARACTERS_MAX)} …` : line
}
