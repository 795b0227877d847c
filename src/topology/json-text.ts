/**
 * JSON (RFC 8259) with the place of everything: values, keys, and the exact spot of a mistake. Stricter than JSON.parse in one point:
 * a key that stands twice in one object, or is `__proto__`, is refused. Not a schema.
 */
import { err, ok, type Result } from '../base/result.ts'
import { positionsOf, type Position } from './position.ts'
import { nameOfElement, type TopologyPath } from './problems.ts'

const DEPTH_MAX = 64

export interface JsonProblem extends Position {
  readonly message: string
}

export interface JsonText {
  readonly value: unknown
  /** Where the value at `path` begins; where the path leads nowhere, the nearest thing around it. */
  readonly locate: (path: TopologyPath) => Position
}

/** A value with the offsets of what is in it. */
interface Node {
  readonly value: unknown
  readonly start: number
  /** By key or index. */
  readonly members?: ReadonlyMap<string, Member>
}

interface Member {
  /** Where the key begins; in a list, the element. */
  readonly key: number
  readonly node: Node
}

/** Read JSON text; a byte order mark and any line ends are fine. */
export function parseJson(text: string): Result<JsonText, JsonProblem> {
  const reader = new Reader(text)
  const at = positionsOf(text)
  try {
    const root = reader.document()
    return ok({ value: root.value, locate: (path) => at(offsetOf(root, path)) })
  } catch (thrown) {
    if (!(thrown instanceof Mistake)) throw thrown
    return err({ ...at(thrown.offset), message: thrown.message })
  }
}

/** A key is the better place to point at than the value behind it, except in lists. */
function offsetOf(root: Node, path: TopologyPath): number {
  let offset = root.start
  let node = root
  for (const step of path) {
    const member = memberAt(node, step)
    if (member === undefined) return offset
    offset = member.key
    node = member.node
  }
  return offset
}

/** By key or index; in a list also by `name` or `network`; in an object also by position, where a list was written as a map. */
function memberAt(node: Node | undefined, step: string | number): Member | undefined {
  if (node?.members === undefined) return undefined
  const found = node.members.get(String(step))
  if (found !== undefined) return found
  const all = [...node.members.values()]
  if (typeof step === 'number') return Array.isArray(node.value) ? undefined : all[step]
  return all.find(
    ({ node: element }) => Array.isArray(node.value) && nameOfElement(element.value) === step,
  )
}

/** Thrown inside this file only. */
class Mistake extends Error {
  readonly offset: number
  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

/** Everything that a text may hold as it is: no quote, backslash or control character. */
const PLAIN = /[ !#-[\]-\uffff]*/y
const WORD = /[\w.+-]*/y

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): Node {
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at = 1
    const node = this.#value(0)
    this.#blanks()
    if (this.#at < this.#text.length) this.#fail(`${this.#next()} after the end of the document`)
    return node
  }

  #fail(message: string, offset = this.#at): never {
    throw new Mistake(offset, message)
  }

  /** What stands here, for messages. */
  #next(): string {
    const word = /^(?:[\w.+-]+|[^])/u.exec(this.#text.slice(this.#at, this.#at + 24))
    return word === null ? 'the end of the file' : JSON.stringify(word[0])
  }

  #blanks(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at++
    if (this.#text.startsWith('//', this.#at) || this.#text.startsWith('/*', this.#at)) {
      this.#fail('JSON has no comments')
    }
  }

  #value(depth: number): Node {
    this.#blanks()
    if (depth > DEPTH_MAX) this.#fail(`more than ${DEPTH_MAX} levels deep`)
    const start = this.#at
    switch (this.#text[start]) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#array(depth)
      case '"':
        return { value: this.#string(), start }
      default:
        return { value: this.#literal(), start }
    }
  }

  #object(depth: number): Node {
    const start = this.#at++
    const members = new Map<string, Member>()
    this.#members('}', () => {
      const key = this.#at
      if (this.#text[key] !== '"')
        this.#fail(`expected a key in double quotes, got ${this.#next()}`)
      const name = this.#string()
      if (name === '__proto__') this.#fail(`the key '${name}' has a meaning of its own`, key)
      if (members.has(name)) this.#fail(`the key '${name}' stands here twice`, key)
      this.#blanks()
      if (this.#text[this.#at] !== ':') {
        this.#fail(`expected ':' after the key '${name}', got ${this.#next()}`)
      }
      this.#at++
      members.set(name, { key, node: this.#value(depth + 1) })
    })
    const value = Object.fromEntries([...members].map(([name, { node }]) => [name, node.value]))
    return { value, start, members }
  }

  #array(depth: number): Node {
    const start = this.#at++
    const members = new Map<string, Member>()
    this.#members(']', () => {
      const node = this.#value(depth + 1)
      members.set(String(members.size), { key: node.start, node })
    })
    return { value: [...members.values()].map(({ node }) => node.value), start, members }
  }

  /** Members between commas, up to `close`. */
  #members(close: string, member: () => void): void {
    this.#blanks()
    if (this.#text[this.#at] === close) {
      this.#at++
      return
    }
    for (;;) {
      this.#blanks()
      member()
      this.#blanks()
      const comma = this.#at
      const found = this.#text[comma]
      if (found !== ',' && found !== close) {
        this.#fail(`expected ',' or '${close}', got ${this.#next()}`)
      }
      this.#at++
      if (found === close) return
      this.#blanks()
      if (this.#text[this.#at] === close) this.#fail(`a comma before '${close}'`, comma)
    }
  }

  #string(): string {
    const start = this.#at++
    let read = ''
    for (;;) {
      PLAIN.lastIndex = this.#at
      const run = PLAIN.exec(this.#text)![0]
      read += run
      this.#at += run.length
      const stop = this.#text[this.#at]
      if (stop === '"') {
        this.#at++
        return read
      }
      if (stop !== '\\') {
        if (stop !== undefined && !/[\r\n]/.test(stop)) {
          this.#fail('a control character in a text: write it as an escape')
        }
        this.#fail('a text in quotes that does not end on its line', start)
      }
      read += this.#escape()
    }
  }

  #escape(): string {
    const written = this.#text[this.#at + 1] ?? ''
    const hex = /^u([0-9a-fA-F]{4})/.exec(this.#text.slice(this.#at + 1, this.#at + 6))
    if (hex !== null) {
      this.#at += 6
      return String.fromCharCode(Number.parseInt(hex[1]!, 16))
    }
    const meant = Object.hasOwn(ESCAPES, written) ? ESCAPES[written] : undefined
    if (meant === undefined) this.#fail(`'\\${written}' is not an escape: a backslash is '\\\\'`)
    this.#at += 2
    return meant
  }

  #literal(): unknown {
    WORD.lastIndex = this.#at
    const word = WORD.exec(this.#text)![0]
    const named = { true: true, false: false, null: null }
    if (Object.hasOwn(named, word)) {
      this.#at += word.length
      return named[word as keyof typeof named]
    }
    if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word)) {
      this.#fail(`expected a value, got ${this.#next()}`)
    }
    this.#at += word.length
    return Number(word)
  }
}
