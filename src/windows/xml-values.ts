/**
 * Typed values out of the elements of a ProfileXML, each with its place; what cannot be read becomes a problem, what Windows ignores
 * a note. Not the meaning of any element: `profile-xml.ts` and `eap-config.ts` know those.
 */
import { didYouMean } from '../topology/near-miss.ts'
import type { Position } from '../topology/position.ts'
import type { XmlElement } from './xml.ts'

/** A value and where it is written. */
export interface Placed<T> {
  readonly value: T
  readonly at: Position
}

export interface ProfileNote {
  readonly code: 'unknown-element' | 'letter-case' | 'repeated' | 'stray-text' | 'server-name'
  readonly at: Position
  readonly message: string
}

export interface ProfileProblem extends Position {
  /** Path of the file, as a person would type it. */
  readonly file: string
  readonly code: 'xml' | 'not-a-profile' | 'missing' | 'bad-value'
  readonly message: string
}

/** One pass over a document that collects problems and notes. */
export class ElementReader {
  readonly problems: ProfileProblem[] = []
  readonly notes: ProfileNote[] = []
  readonly file: string

  constructor(file: string) {
    this.file = file
  }

  problem(code: ProfileProblem['code'], at: Position, message: string): void {
    this.problems.push({ file: this.file, code, ...at, message })
  }

  /** An element that may stand once; of several the first counts. */
  one(parent: XmlElement, name: string): XmlElement | undefined {
    const [first, second] = all(parent, name)
    if (second !== undefined) {
      const message = `<${name}> stands in <${parent.name}> more than once`
      this.notes.push({ code: 'repeated', at: second.at, message })
    }
    return first
  }

  text(parent: XmlElement, name: string): Placed<string> | undefined {
    const element = all(parent, name)[0]
    return element && { value: element.text.trim(), at: element.textAt }
  }

  required(parent: XmlElement, name: string): Placed<string> {
    this.one(parent, name)
    const found = this.text(parent, name)
    if (found === undefined || found.value === '') {
      this.problem('missing', found?.at ?? parent.at, `<${parent.name}> needs a <${name}>`)
    }
    return found ?? { value: '', at: parent.at }
  }

  /** Undefined: no such element. Empty: it is blank. */
  list(parent: XmlElement, name: string, separator = ','): Placed<string>[] | undefined {
    const element = this.one(parent, name)
    if (element === undefined) return undefined
    // Places within a list hold as long as its text is written without entities, which no list of names has.
    let at = element.textAt
    return element.text
      .trimStart()
      .split(separator)
      .map((part) => {
        const blanks = part.length - part.trimStart().length
        const placed = { value: part.trim(), at: past(at, part.slice(0, blanks)) }
        at = past(at, part + separator)
        return placed
      })
      .filter(({ value }) => value !== '')
  }

  /** `true`, `false`, `1`, `0` (xs:boolean), in any letter case. */
  flag(parent: XmlElement, name: string): Placed<boolean> | undefined {
    this.one(parent, name)
    const written = this.text(parent, name)
    if (written === undefined) return undefined
    const value = written.value.toLowerCase()
    if (!['true', 'false', '1', '0'].includes(value)) {
      this.problem('bad-value', written.at, `<${name}> is '${written.value}', not true or false`)
    }
    return { value: value === 'true' || value === '1', at: written.at }
  }

  number(parent: XmlElement, name: string, most: number): Placed<number> | undefined {
    this.one(parent, name)
    const written = this.text(parent, name)
    if (written === undefined || written.value === '') return undefined
    const value = Number(written.value)
    if (!/^\d{1,10}$/.test(written.value) || value > most) {
      const message = `<${name}> is '${written.value}', not a number from 0 to ${most}`
      this.problem('bad-value', written.at, message)
    }
    return { value, at: written.at }
  }

  choice<C extends string>(
    parent: XmlElement,
    name: string,
    choices: readonly C[],
  ): Placed<C> | undefined {
    this.one(parent, name)
    const written = this.text(parent, name)
    if (written === undefined) return undefined
    const value = choices.find((choice) => choice.toLowerCase() === written.value.toLowerCase())
    if (value === undefined) {
      const near = didYouMean(written.value, choices)
      const message = `<${name}> is '${written.value}', not ${choices.join(', ')}${near}`
      this.problem('bad-value', written.at, message)
      return undefined
    }
    return { value, at: written.at }
  }
}

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
