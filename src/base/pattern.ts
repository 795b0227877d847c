/**
 * Regular expressions that somebody wrote into a configuration, met with text that strangers send: the time is linear in the text.
 * Not all of JavaScript's: no back references and no lookaround, which nothing linear can do. The syntax is that of "Use Regular
 * Expressions in NPS", the search R. Pike's (R. Cox, "Regular Expression Matching: the Virtual Machine Approach").
 */
import { err, ok, type Result } from './result.ts'
import { parsePattern, PatternFault, type Assertion, type PatternNode } from './pattern-syntax.ts'

/** Longer ones the NPS console cannot edit. */
export const PATTERN_LENGTH_MAX = 256
/** Repetitions are written out: `(a{100}){100}` is refused. */
const PROGRAM_MAX = 4000

export interface PatternMatch {
  /** Begin and end in the text. */
  readonly from: number
  readonly to: number
  /** What the groups took, the whole match first; undefined: a group took no part. */
  readonly groups: readonly (string | undefined)[]
}

export interface Pattern {
  readonly source: string
  /** The leftmost match; among those from there, the one that a backtracking search would find first. */
  match(text: string): PatternMatch | undefined
}

type Instruction =
  | { readonly op: 'char'; readonly test: (unit: number) => boolean }
  | { readonly op: 'assert'; readonly assertion: Assertion }
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'save'; readonly slot: number }
  | { readonly op: 'match' }

/** The pattern, or one sentence on why it is none. */
export function compilePattern(
  source: string,
  { ignoresCase = false }: { readonly ignoresCase?: boolean } = {},
): Result<Pattern, string> {
  if (source.length > PATTERN_LENGTH_MAX) {
    return err(`has ${source.length} characters, more than ${PATTERN_LENGTH_MAX}`)
  }
  try {
    const { node, groups } = parsePattern(source, ignoresCase)
    const program: Instruction[] = []
    emit({ kind: 'group', of: node, index: 0 }, program)
    program.push({ op: 'match' })
    const slots = 2 * (groups + 1)
    return ok({ source, match: (text) => search(program, slots, text) })
  } catch (fault) {
    if (fault instanceof PatternFault) return err(fault.message)
    throw fault
  }
}

function emit(node: PatternNode, program: Instruction[]): void {
  if (program.length > PROGRAM_MAX) throw new PatternFault('repeats too much to be tried')
  switch (node.kind) {
    case 'char':
      program.push({ op: 'char', test: node.test })
      return
    case 'assert':
      program.push({ op: 'assert', assertion: node.assertion })
      return
    case 'sequence':
      for (const part of node.parts) emit(part, program)
      return
    case 'group':
      if (node.index === undefined) return emit(node.of, program)
      program.push({ op: 'save', slot: 2 * node.index })
      emit(node.of, program)
      program.push({ op: 'save', slot: 2 * node.index + 1 })
      return
    case 'choice':
      return emitChoice(node.ways, program)
    case 'repeat':
      return emitRepeat(node, program)
  }
}

function emitChoice(ways: readonly PatternNode[], program: Instruction[]): void {
  const [first, ...others] = ways
  if (first === undefined) return
  if (others.length === 0) return emit(first, program)
  const split = { op: 'split' as const, first: program.length + 1, second: 0 }
  program.push(split)
  emit(first, program)
  const jump = { op: 'jump' as const, to: 0 }
  program.push(jump)
  split.second = program.length
  emitChoice(others, program)
  jump.to = program.length
}

function emitRepeat(
  { of, least, most, lazy }: Extract<PatternNode, { kind: 'repeat' }>,
  program: Instruction[],
): void {
  for (let n = 0; n < least; n++) {
    const before = program.length
    emit(of, program)
    // What writes nothing matches nothing, however often.
    if (program.length === before) return
  }
  const splits: { first: number; second: number }[] = []
  const start = program.length
  const isEndless = most === Number.POSITIVE_INFINITY
  for (let n = isEndless ? 1 : most - least; n > 0; n--) {
    const split = { op: 'split' as const, first: 0, second: program.length + 1 }
    splits.push(split)
    program.push(split)
    emit(of, program)
  }
  if (isEndless) program.push({ op: 'jump', to: start })
  for (const split of splits) {
    split.first = lazy ? program.length : split.second
    split.second = lazy ? split.second : program.length
  }
}

/** One way of having come so far: where in the program it is, and what the groups took. */
interface Thread {
  readonly at: number
  readonly saved: readonly number[]
}

function search(
  program: readonly Instruction[],
  slots: number,
  text: string,
): PatternMatch | undefined {
  const nothing = Array.from({ length: slots }, () => -1)
  let found: readonly number[] | undefined
  let threads: Thread[] = []
  for (let position = 0; position <= text.length; position++) {
    const seen = new Set<number>()
    const now: Thread[] = []
    for (const thread of threads) follow(program, thread, { text, position, seen, into: now })
    if (found === undefined) {
      follow(program, { at: 0, saved: nothing }, { text, position, seen, into: now })
    }
    threads = []
    for (const { at, saved } of now) {
      const instruction = program[at]!
      if (instruction.op === 'match') {
        // What comes after it in the list is worth less.
        found = saved
        break
      }
      if (instruction.op !== 'char' || position === text.length) continue
      if (instruction.test(text.charCodeAt(position))) threads.push({ at: at + 1, saved })
    }
    if (threads.length === 0 && found !== undefined) break
  }
  return found === undefined ? undefined : matchFrom(found, text)
}

interface Step {
  readonly text: string
  readonly position: number
  readonly seen: Set<number>
  readonly into: Thread[]
}

/** Walks from a thread to every instruction that takes a character, in the order of preference. */
function follow(program: readonly Instruction[], from: Thread, step: Step): void {
  const waiting: Thread[] = [from]
  for (let thread = waiting.pop(); thread !== undefined; thread = waiting.pop()) {
    const { at, saved } = thread
    if (step.seen.has(at)) continue
    step.seen.add(at)
    const instruction = program[at]!
    switch (instruction.op) {
      case 'jump':
        waiting.push({ at: instruction.to, saved })
        break
      case 'split':
        waiting.push({ at: instruction.second, saved }, { at: instruction.first, saved })
        break
      case 'save':
        waiting.push({ at: at + 1, saved: saved.with(instruction.slot, step.position) })
        break
      case 'assert':
        if (holds(instruction.assertion, step)) waiting.push({ at: at + 1, saved })
        break
      case 'char':
      case 'match':
        step.into.push(thread)
    }
  }
}

const isWord = (text: string, at: number): boolean => /^\w$/.test(text.charAt(at))

function holds(assertion: Assertion, { text, position }: Step): boolean {
  switch (assertion) {
    case 'start':
      return position === 0
    case 'end':
      return position === text.length
    case 'word':
      return isWord(text, position - 1) !== isWord(text, position)
    case 'not-word':
      return isWord(text, position - 1) === isWord(text, position)
  }
}

function matchFrom(saved: readonly number[], text: string): PatternMatch {
  const groups = Array.from({ length: saved.length / 2 }, (_, group) => {
    const [from, to] = [saved[2 * group]!, saved[2 * group + 1]!]
    return from < 0 || to < 0 ? undefined : text.slice(from, to)
  })
  return { from: saved[0]!, to: saved[1]!, groups }
}
