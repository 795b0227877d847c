/**
 * The words of a master file (RFC 1035 §5.1): comments, quotes, escapes, and parentheses that join lines into one entry.
 * Not a parser: what a word means is decided by `zone-file.ts`. Escapes stay as written, because names and strings read them differently.
 */
import type { Word } from '../../wire/dns/rdata-text.ts'

/** A word with its place; lines and columns count from 1. */
export interface PlacedWord extends Word {
  readonly line: number
  readonly column: number
}

/** One entry: a line, or several that parentheses join. */
export interface Entry {
  /** The entry begins with a blank, so it has no owner of its own. */
  readonly indented: boolean
  readonly words: readonly PlacedWord[]
  /** Where the entry ends: the place of what is missing. */
  readonly end: { readonly line: number; readonly column: number }
}

export interface LexFault {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** All entries with at least one word, and what could not be read as words. LF, CRLF and CR end a line. */
export function lexMaster(text: string): {
  entries: readonly Entry[]
  faults: readonly LexFault[]
} {
  return new Lexer(text).run()
}

class Lexer {
  readonly #text: string
  #at = 0
  #line = 1
  #lineStart = 0
  #depth = 0
  #opened: { line: number; column: number } | undefined
  #words: PlacedWord[] = []
  #indented = false
  readonly #entries: Entry[] = []
  readonly #faults: LexFault[] = []

  constructor(text: string) {
    this.#text = text
  }

  run(): { entries: Entry[]; faults: LexFault[] } {
    this.#indented = isBlank(this.#text[0])
    while (this.#at < this.#text.length) this.#step(this.#text[this.#at]!)
    if (this.#depth > 0) this.#fault(this.#opened!, "'(' is never closed")
    this.#endEntry()
    return { entries: this.#entries, faults: this.#faults }
  }

  #step(c: string): void {
    if (c === '\n' || c === '\r') return this.#endLine()
    if (isBlank(c)) this.#at++
    else if (c === ';') this.#skipComment()
    else if (c === '(') this.#open()
    else if (c === ')') this.#close()
    else if (c === '"') this.#quoted()
    else this.#bare()
  }

  #skipComment(): void {
    while (this.#at < this.#text.length && !isLineEnd(this.#text[this.#at]!)) this.#at++
  }

  #endLine(): void {
    if (this.#depth === 0) this.#endEntry()
    this.#newLine()
    if (this.#depth === 0) this.#indented = isBlank(this.#text[this.#at])
  }

  #newLine(): void {
    this.#at += this.#text.startsWith('\r\n', this.#at) ? 2 : 1
    this.#line++
    this.#lineStart = this.#at
  }

  #endEntry(): void {
    if (this.#words.length > 0) {
      this.#entries.push({ indented: this.#indented, words: this.#words, end: this.#here() })
    }
    this.#words = []
  }

  #open(): void {
    if (this.#depth === 0) this.#opened = this.#here()
    this.#depth++
    this.#at++
  }

  #close(): void {
    if (this.#depth === 0) this.#fault(this.#here(), "')' without '('")
    else this.#depth--
    this.#at++
  }

  #quoted(): void {
    const from = this.#here()
    const start = ++this.#at
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      if (isLineEnd(this.#text[this.#at]!)) break
      this.#at += this.#escapedLength()
    }
    if (this.#text[this.#at] !== '"')
      return this.#fault(from, 'the quoted string does not end on its line')
    this.#words.push({ text: this.#text.slice(start, this.#at), quoted: true, ...from })
    this.#at++
  }

  #bare(): void {
    const from = this.#here()
    const start = this.#at
    while (this.#at < this.#text.length && !endsWord(this.#text[this.#at]!)) {
      this.#at += this.#escapedLength()
    }
    this.#words.push({ text: this.#text.slice(start, this.#at), quoted: false, ...from })
  }

  /** An escaped line end would hide where the entry stops, so it is none. */
  #escapedLength(): number {
    const escapes = this.#text[this.#at] === '\\' && !isLineEnd(this.#text[this.#at + 1] ?? '\n')
    return escapes ? 2 : 1
  }

  #here(): { line: number; column: number } {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 }
  }

  #fault(place: { line: number; column: number }, message: string): void {
    this.#faults.push({ ...place, message })
  }
}

const isBlank = (c: string | undefined): boolean => c === ' ' || c === '\t'
const isLineEnd = (c: string): boolean => c === '\n' || c === '\r'
const endsWord = (c: string): boolean => isBlank(c) || isLineEnd(c) || ';()"'.includes(c)
