/**
 * The syntax of "Use Regular Expressions in NPS" (Microsoft), which is that of old JavaScript: read into a tree.
 * Not the search: `pattern.ts`. What that cannot do in linear time is refused here, with one sentence.
 */

export type Assertion = 'start' | 'end' | 'word' | 'not-word'

export type PatternNode =
  | { readonly kind: 'char'; readonly test: (unit: number) => boolean }
  | { readonly kind: 'assert'; readonly assertion: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly ways: readonly PatternNode[] }
  /** `index` absent: it takes nothing down. */
  | { readonly kind: 'group'; readonly of: PatternNode; readonly index?: number }
  | {
      readonly kind: 'repeat'
      readonly of: PatternNode
      readonly least: number
      readonly most: number
      readonly lazy: boolean
    }

/** Why a text is no pattern; inside this folder only. */
export class PatternFault extends Error {}

type Test = (unit: number) => boolean

/** Escapes that stand for one of many. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  d: /^\d$/,
  D: /^\D$/,
  s: /^\s$/,
  S: /^\S$/,
  w: /^\w$/,
  W: /^\W$/,
}
const CONTROLS: Readonly<Record<string, string>> = {
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}
const LINE_ENDS = new Set(['\n', '\r', '\u2028', '\u2029'].map((end) => end.charCodeAt(0)))

export function parsePattern(
  source: string,
  ignoresCase: boolean,
): { readonly node: PatternNode; readonly groups: number } {
  const parser = new PatternParser(source, ignoresCase)
  const node = parser.choice()
  if (!parser.isDone) throw new PatternFault("has a ')' that nothing opened")
  return { node, groups: parser.groups }
}

class PatternParser {
  groups = 0
  readonly #source: string
  readonly #ignoresCase: boolean
  #at = 0

  constructor(source: string, ignoresCase: boolean) {
    this.#source = source
    this.#ignoresCase = ignoresCase
  }

  get isDone(): boolean {
    return this.#at >= this.#source.length
  }

  choice(): PatternNode {
    const ways = [this.#sequence()]
    while (this.#eat('|')) ways.push(this.#sequence())
    return ways.length === 1 ? ways[0]! : { kind: 'choice', ways }
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = []
    while (!this.isDone && this.#peek() !== '|' && this.#peek() !== ')') {
      parts.push(this.#repeated())
    }
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts }
  }

  #repeated(): PatternNode {
    const of = this.#atom()
    const times = this.#times()
    if (times === undefined) return of
    if (of.kind === 'assert') throw new PatternFault('repeats a place, which is no character')
    const [least, most] = times
    const lazy = this.#eat('?')
    if (this.#times() !== undefined) throw new PatternFault('repeats a repetition')
    return { kind: 'repeat', of, least, most, lazy }
  }

  /** `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`; undefined: the atom stands once. */
  #times(): readonly [number, number] | undefined {
    if (this.#eat('*')) return [0, Number.POSITIVE_INFINITY]
    if (this.#eat('+')) return [1, Number.POSITIVE_INFINITY]
    if (this.#eat('?')) return [0, 1]
    if (this.#peek() !== '{') return undefined
    const braces = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.#source.slice(this.#at))
    if (braces === null) throw new PatternFault("has a '{' that counts nothing: write '\\{'")
    this.#at += braces[0].length
    const least = Number(braces[1])
    const most = braces[2] === undefined ? least : Number(braces[3] || Number.POSITIVE_INFINITY)
    if (most < least) throw new PatternFault(`counts backwards in '${braces[0]}'`)
    return [least, most]
  }

  #atom(): PatternNode {
    const char = this.#next()
    switch (char) {
      case '^':
        return { kind: 'assert', assertion: 'start' }
      case '$':
        return { kind: 'assert', assertion: 'end' }
      case '.':
        return { kind: 'char', test: (unit) => !LINE_ENDS.has(unit) }
      case '(':
        return this.#group()
      case '[':
        return { kind: 'char', test: this.#set() }
      case '\\':
        return this.#escape()
      case '*':
      case '+':
      case '?':
        throw new PatternFault(`begins with '${char}', which repeats nothing`)
      case '{':
        throw new PatternFault("has a '{' that counts nothing: write '\\{'")
      default:
        return { kind: 'char', test: this.#literal(char) }
    }
  }

  #group(): PatternNode {
    const takesDown = !this.#eat('?')
    if (!takesDown && !this.#eat(':')) {
      throw new PatternFault("has a '(?' group: only '(' and '(?:' are known")
    }
    const index = takesDown ? ++this.groups : undefined
    const of = this.choice()
    if (!this.#eat(')')) throw new PatternFault("lacks a ')'")
    return { kind: 'group', of, ...(index !== undefined && { index }) }
  }

  #escape(): PatternNode {
    if (this.isDone) throw new PatternFault("ends in a '\\'")
    if (this.#eat('b')) return { kind: 'assert', assertion: 'word' }
    if (this.#eat('B')) return { kind: 'assert', assertion: 'not-word' }
    if (/^[1-9]/.test(this.#peek())) throw new PatternFault('refers back to a group')
    return { kind: 'char', test: this.#escaped().test }
  }

  /** Behind a backslash: one of many, or a character that `unit` names. */
  #escaped(): { readonly test: Test; readonly unit?: number } {
    if (this.isDone) throw new PatternFault("ends in a '\\'")
    const char = this.#next()
    const many = CLASSES[char]
    if (many !== undefined) return { test: (unit) => many.test(String.fromCharCode(unit)) }
    const hex = /^(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})/.exec(this.#source.slice(this.#at - 1))
    if (hex !== null) this.#at += hex[0].length - 1
    const meant =
      hex === null ? (CONTROLS[char] ?? char) : String.fromCharCode(parseInt(hex[0].slice(1), 16))
    if (hex === null && CONTROLS[char] === undefined && /[A-Za-z0-9]/.test(char)) {
      throw new PatternFault(`has '\\${char}', which stands for nothing`)
    }
    return { test: this.#literal(meant), unit: meant.charCodeAt(0) }
  }

  /** `[abc]`, `[^a-z\d]`, behind the first bracket. */
  #set(): Test {
    const isNegated = this.#eat('^')
    const tests: Test[] = []
    while (!this.#eat(']')) {
      if (this.isDone) throw new PatternFault("lacks a ']'")
      const first = this.#member()
      if (this.#peek() !== '-' || this.#source[this.#at + 1] === ']') {
        tests.push(first.test)
        continue
      }
      this.#next()
      if (this.isDone) throw new PatternFault("lacks a ']'")
      tests.push(this.#range(first.unit, this.#member().unit))
    }
    return (unit) => tests.some((test) => test(unit)) !== isNegated
  }

  #member(): { readonly test: Test; readonly unit?: number } {
    if (this.#eat('\\')) return this.#escaped()
    const char = this.#next()
    return { test: this.#literal(char), unit: char.charCodeAt(0) }
  }

  #range(from: number | undefined, to: number | undefined): Test {
    if (from === undefined || to === undefined) throw new PatternFault('has a range without an end')
    if (from > to) throw new PatternFault('has a range that runs backwards')
    const inside: Test = (unit) => from <= unit && unit <= to
    if (!this.#ignoresCase) return inside
    return (unit) => bothCases(unit).some(inside)
  }

  #literal(char: string): Test {
    const wanted = char.charCodeAt(0)
    if (!this.#ignoresCase) return (unit) => unit === wanted
    const cases = bothCases(wanted)
    return (unit) => cases.includes(unit)
  }

  #peek(): string {
    return this.#source.charAt(this.#at)
  }

  #next(): string {
    return this.#source.charAt(this.#at++)
  }

  #eat(char: string): boolean {
    if (this.#peek() !== char) return false
    this.#at++
    return true
  }
}

/** Letters that become several in the other case stay as they are. */
function bothCases(unit: number): readonly number[] {
  const char = String.fromCharCode(unit)
  return [char, char.toLowerCase(), char.toUpperCase()]
    .filter((each) => each.length === 1)
    .map((each) => each.charCodeAt(0))
}
