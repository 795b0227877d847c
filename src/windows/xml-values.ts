/**
 * Typed values out of the elements of a ProfileXML, each with its place; what cannot be read becomes a problem, what Windows ignores
 * a note. Not the meaning of any element: `profile-xml.ts` and `eap-config.ts` know those.
 */
import type { SourceFile } from '../topology/files.ts'
import { didYouMean } from '../topology/near-miss.ts'
import type { Position } from '../topology/position.ts'
import { ELEMENTS } from './profile/elements.ts'
import type { XmlElement } from './xml.ts'

/** A value and where it is written. */
export interface Placed<T> {
  readonly value: T
  readonly at: Position
}

export interface ProfileNote {
  readonly code:
    | 'unknown-element'
    | 'letter-case'
    | 'repeated'
    | 'stray-text'
    | 'server-name'
    | 'boolean-case'
  readonly at: Position
  readonly message: string
  /** An element in wrong letters, and its right name. */
  readonly misspelt?: { readonly element: XmlElement; readonly name: string }
}

export interface ProfileProblem extends Position {
  /** Path of the file, as a person would type it. */
  readonly file: string
  readonly code: 'xml' | 'not-a-profile' | 'missing' | 'bad-value'
  readonly message: string
  /** The element that is missing, or whose value is none, below its parent: `Route/PrefixSize`. */
  readonly element?: string
  /** What a value was read as; absent: a text. */
  readonly type?: 'boolean'
}

/** Entries of a list, and elements of one name in a row, that are read; nobody has so many, and rules hold each against each. */
export const LIST_ENTRIES_MAX = 100
export const REPEATED_MAX = 1000

/** One pass over a document that collects problems and notes. */
export class ElementReader {
  readonly problems: ProfileProblem[] = []
  readonly notes: ProfileNote[] = []
  readonly source: SourceFile

  constructor(source: SourceFile) {
    this.source = source
  }

  get file(): string {
    return this.source.path
  }

  problem(code: ProfileProblem['code'], at: Position, message: string, element: string): undefined {
    this.problems.push({ file: this.file, code, ...at, message, element })
  }

  /** Note children that Windows does not know here, and text between elements. */
  strangers(element: XmlElement): void {
    const known = ELEMENTS[element.name]!
    for (const child of element.children) {
      if (known.includes(child.name)) continue
      const twin = known.find((name) => name.toLowerCase() === child.name.toLowerCase())
      const hint = twin === undefined ? didYouMean(child.name, known) : `; write <${twin}>`
      this.notes.push({
        code: twin === undefined ? 'unknown-element' : 'letter-case',
        at: child.at,
        message: `<${child.name}> is not an element of <${element.name}>${hint}`,
        ...(twin !== undefined && { misspelt: { element: child, name: twin } }),
      })
    }
    if (element.text.trim() === '') return
    const message = strayWords(element.text, element.name)
    this.notes.push({ code: 'stray-text', at: element.textAt, message })
  }

  /** An element that may stand once; of several the first counts. */
  one(parent: XmlElement, name: string): XmlElement | undefined {
    const [first, second] = all(parent, name)
    // Some elements are looked at twice.
    if (second !== undefined && !this.notes.some(({ at }) => at === second.at)) {
      const message = `<${name}> stands in <${parent.name}> more than once`
      this.notes.push({ code: 'repeated', at: second.at, message })
    }
    return first
  }

  text(parent: XmlElement, name: string): Placed<string> | undefined {
    const element = this.one(parent, name)
    return element && { value: element.text.trim(), at: element.textAt }
  }

  required(parent: XmlElement, name: string): Placed<string> {
    const found = this.text(parent, name)
    if (found === undefined || found.value === '') {
      this.problem(
        'missing',
        found?.at ?? parent.at,
        `<${parent.name}> needs a <${name}>`,
        pathOf(parent, name),
      )
    }
    return found ?? { value: '', at: parent.at }
  }

  /** Undefined: no such element. Empty: it is blank. */
  list(parent: XmlElement, name: string, separator = ','): Placed<string>[] | undefined {
    const element = this.one(parent, name)
    if (element === undefined) return undefined
    // Places within a list hold as long as its text is written without entities, which no list of names has.
    let at = element.textAt
    const entries = element.text
      .trimStart()
      .split(separator)
      .map((part) => {
        const blanks = part.length - part.trimStart().length
        const placed = { value: part.trim(), at: past(at, part.slice(0, blanks)) }
        at = past(at, part + separator)
        return placed
      })
      .filter(({ value }) => value !== '')
    return this.#first(entries, LIST_ENTRIES_MAX, parent, name)
  }

  /** Children of a name that may stand more than once. */
  each(parent: XmlElement, name: string): readonly XmlElement[] {
    return this.#first(all(parent, name), REPEATED_MAX, parent, name)
  }

  #first<T extends { readonly at: Position }>(
    found: readonly T[],
    most: number,
    parent: XmlElement,
    name: string,
  ): T[] {
    const next = found[most]
    if (next !== undefined) {
      const message = `more than ${most} of <${name}>; the rest is not read`
      this.problem('bad-value', next.at, message, pathOf(parent, name))
    }
    return found.slice(0, most)
  }

  /** `true`, `false`, `1`, `0` (xs:boolean), in any letter case. */
  flag(parent: XmlElement, name: string): Placed<boolean> | undefined {
    const written = this.text(parent, name)
    if (written === undefined) return undefined
    const { at } = written
    const value = written.value.toLowerCase()
    if (!['true', 'false', '1', '0'].includes(value)) {
      const message = `<${name}> is '${written.value}', not true or false`
      this.problems.push({
        file: this.file,
        code: 'bad-value',
        ...at,
        message,
        element: pathOf(parent, name),
        type: 'boolean',
      })
    } else if (value !== written.value) {
      const message = `<${name}> is '${written.value}', which xs:boolean writes '${value}'`
      this.notes.push({ code: 'boolean-case', at, message })
    }
    return { value: value === 'true' || value === '1', at }
  }

  number(
    parent: XmlElement,
    name: string,
    { least = 0, most }: { readonly least?: number; readonly most: number },
  ): Placed<number> | undefined {
    const written = this.text(parent, name)
    if (written === undefined || written.value === '') return undefined
    const value = Number(written.value)
    if (!/^\d{1,10}$/.test(written.value) || value < least || value > most) {
      const message = `<${name}> is '${written.value}', not a number from ${least} to ${most}`
      this.problem('bad-value', written.at, message, pathOf(parent, name))
    }
    return { value, at: written.at }
  }

  choice<C extends string>(
    parent: XmlElement,
    name: string,
    choices: readonly C[],
  ): Placed<C> | undefined {
    const written = this.text(parent, name)
    if (written === undefined) return undefined
    const value = choices.find((choice) => choice.toLowerCase() === written.value.toLowerCase())
    if (value === undefined) {
      const near = didYouMean(written.value, choices)
      const message = `<${name}> is '${written.value}', not ${choices.join(', ')}${near}`
      this.problem('bad-value', written.at, message, pathOf(parent, name))
      return undefined
    }
    return { value, at: written.at }
  }
}

/** What is said of text between the elements of `container`. */
export function strayWords(text: string, container: string): string {
  const stray = text.trim()
  const shown = stray.length > 20 ? `${stray.slice(0, 20)}…` : stray
  return `text '${shown}' between the elements of <${container}>`
}

const pathOf = (parent: XmlElement, name: string): string => `${parent.name}/${name}`

/** Children of that name. */
export const all = (parent: XmlElement, name: string): readonly XmlElement[] =>
  parent.children.filter((child) => child.name === name)

/** The position after `text` that begins at `at`. The parser has made every line end an LF. */
function past(at: Position, text: string): Position {
  const lines = text.split('\n')
  const last = lines.at(-1)!.length
  return lines.length === 1
    ? { line: at.line, column: at.column + last }
    : { line: at.line + lines.length - 1, column: last + 1 }
}

/** A field that is there only if its value is. */
export function present<K extends string, V>(
  key: K,
  value: V | undefined,
): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: V })
}
