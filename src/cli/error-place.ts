/**
 * Where something that went wrong in a user's file went wrong: file, line and column, out of what bundlers and engines say.
 * Not for our own bugs. Whatever cannot be placed keeps its message and the file that was being read.
 */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import type { Problem } from './answer.ts'

/** An error after it crossed a thread, with what vite, rolldown or the stack can add. */
export interface ThrownElsewhere {
  readonly name?: string | undefined
  readonly message: string
  readonly stack?: string | undefined
  /** Set by vitest on errors of its bundler. */
  readonly __vitest_rollup_error__?: { readonly id?: string }
  readonly stacks?: readonly {
    readonly file: string
    readonly line: number
    readonly column: number
  }[]
}

const HERE = fileURLToPath(new URL('../..', import.meta.url))
const OWN_FOLDERS = [path.join(HERE, 'dist', path.sep), path.join(HERE, 'src', path.sep)]

/** Files that are ours or somebody else's package: what went wrong there was caused elsewhere. */
const isOwn = (file: string): boolean =>
  /[\\/]node_modules[\\/]|^node:/.test(file) ||
  OWN_FOLDERS.some((folder) => path.normalize(file).startsWith(folder))

/** The first place in a stack that is in a file of the user's. */
function fromStack(stack: string, root: string): Omit<Problem, 'message'> | undefined {
  for (const frame of stack.matchAll(
    /(?:\(|at )((?:file:\/\/)?[^\s()][^()]*?):(\d+):(\d+)\)?$/gm,
  )) {
    const file = frame[1]!.startsWith('file:') ? fileURLToPath(frame[1]!) : frame[1]!
    const inside = !path.relative(root, file).startsWith('..')
    if (inside && !isOwn(file)) return { file, line: Number(frame[2]), column: Number(frame[3]) }
  }
  return undefined
}

/** A syntax error as the bundler draws it: a title, a box with the place, the line in question. */
function syntaxError(error: ThrownElsewhere): Problem | undefined {
  const text = stripVTControlCharacters(error.message)
  const drawn = /\[PARSE_ERROR\] (.+)\n[^\n]*\[ (.+):(\d+):(\d+) \]/.exec(text)
  if (drawn === null) return undefined
  return {
    file: error.__vitest_rollup_error__?.id ?? drawn[2]!,
    line: Number(drawn[3]),
    column: Number(drawn[4]),
    message: `syntax error: ${drawn[1]}`,
  }
}

/** `within`: the file that was being read, for errors that do not say more. */
export function placeOf(
  error: ThrownElsewhere,
  from: { readonly root: string; readonly within: string },
): Problem {
  const frame = error.stacks?.find(({ file }) => !isOwn(file))
  const place: Problem = syntaxError(error) ?? {
    ...(frame === undefined
      ? (fromStack(error.stack ?? '', from.root) ?? { file: from.within })
      : { file: frame.file, line: frame.line, column: frame.column }),
    message: stripVTControlCharacters(error.message),
  }
  return { ...place, file: shownFrom(from.root, place.file ?? from.within) }
}

function shownFrom(root: string, file: string): string {
  const relative = path.relative(root, path.resolve(root, file))
  return (relative.startsWith('..') ? file : relative).split(path.sep).join('/')
}
