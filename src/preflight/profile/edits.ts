/**
 * Fixes as changes of a ProfileXML's text. A rule plans one by elements and places; here it becomes characters, checked against the file.
 * What does not stand there as it was read (an entity, escaped XML) is left to people.
 */
import { offsetsOf, positionsOf, type Position } from '../../topology/position.ts'
import { ELEMENTS } from '../../windows/profile/elements.ts'
import type { XmlElement } from '../../windows/xml.ts'

/** `remove`, which stands at the place, gives way to `insert`; either may be empty. */
export interface TextEdit extends Position {
  readonly remove: string
  readonly insert: string
}

interface OffsetEdit {
  readonly offset: number
  readonly remove: string
  readonly insert: string
}

export interface Written {
  readonly text: string
  readonly offsetOf: (at: Position) => number
}

/** Undefined: it cannot be done here. */
export type Plan = (file: Written) => readonly OffsetEdit[] | undefined

/** Makes characters of plans, on one text. */
export function planner(file: Written): (plan: Plan) => readonly TextEdit[] | undefined {
  const positionOf = positionsOf(file.text)
  return (plan) => plan(file)?.map(({ offset, ...edit }) => ({ ...positionOf(offset), ...edit }))
}

export const asWritten = (text: string): Written => ({ text, offsetOf: offsetsOf(text) })

/** What is written from `at` to the next tag or entity, without blanks at its end. */
export const writtenAt = ({ text, offsetOf }: Written, at: Position): string =>
  /^[^<&]*/.exec(text.slice(offsetOf(at), offsetOf(at) + VALUE_LENGTH_MAX))![0].trimEnd()

const VALUE_LENGTH_MAX = 4096

/** The value at a place becomes another. */
export const value =
  (at: Position, insert: string | ((written: string) => string)): Plan =>
  (file) => {
    const remove = writtenAt(file, at)
    const becomes = typeof insert === 'string' ? insert : insert(remove)
    return [{ offset: file.offsetOf(at), remove, insert: becomes }]
  }

/** One word of a value becomes another. */
export const word =
  (at: Position, remove: string, insert: string): Plan =>
  ({ text, offsetOf }) =>
    text.startsWith(remove, offsetOf(at)) ? [{ offset: offsetOf(at), remove, insert }] : undefined

/** Something in the opening tag of an element becomes another. */
export const inTag =
  (at: Position, remove: string, insert: string): Plan =>
  ({ text, offsetOf }) => {
    const start = offsetOf(at)
    const offset = text.indexOf(remove, start)
    const isInside = text[start] === '<' && offset >= 0 && !text.slice(start, offset).includes('>')
    return isInside ? [{ offset, remove, insert }] : undefined
  }

/** The tags of an element without a prefix. */
export const rename =
  ({ name, at, closeAt }: XmlElement, insert: string): Plan =>
  ({ text, offsetOf }) => {
    const open = offsetOf(at) + 1
    const close = offsetOf(closeAt) + 2
    if (!text.startsWith(`<${name}`, open - 1)) return undefined
    const first = { offset: open, remove: name, insert }
    if (closeAt === at || close - 2 === open - 1) return [first]
    if (!text.startsWith(`</${name}`, close - 2)) return undefined
    return [first, { offset: close, remove: name, insert }]
  }

/** An element and, where it has a line to itself, the line. */
export const without =
  ({ at, closeAt }: XmlElement): Plan =>
  ({ text, offsetOf }) => {
    const start = offsetOf(at)
    const end = text.indexOf('>', offsetOf(closeAt)) + 1
    if (text[start] !== '<' || end === 0) return undefined
    const indent = indentAt(text, start)
    const rest = /^[ \t]*(?:\r\n|\n|\r)/.exec(text.slice(end, end + 80))?.[0]
    return indent === undefined || rest === undefined
      ? [{ offset: start, remove: text.slice(start, end), insert: '' }]
      : [
          {
            offset: start - indent.length,
            remove: text.slice(start - indent.length, end + rest.length),
            insert: '',
          },
        ]
  }

/** A new element of a container: before the first that Windows gives back behind it, or as the first where it knows no order. */
export const child =
  (parent: XmlElement, name: string, content: string): Plan =>
  ({ text, offsetOf }) => {
    const order = ELEMENTS[parent.name] ?? []
    const next = parent.children.find((each) => order.indexOf(each.name) >= order.indexOf(name))
    const place = offsetOf(next?.at ?? parent.closeAt)
    const hasInside = offsetOf(parent.closeAt) > offsetOf(parent.at)
    if (text[place] !== '<' || !hasInside) return undefined
    const xml = `<${name}>${content}</${name}>`
    const indent = indentAt(text, place)
    if (indent === undefined) return [{ offset: place, remove: '', insert: xml }]
    const end = /\r\n|\n|\r/.exec(text)![0]
    const insert = next === undefined ? `  ${xml}${end}${indent}` : `${xml}${end}${indent}`
    return [{ offset: place, remove: '', insert }]
  }

/** The value where there is one; else a new element with it. */
export const set =
  (parent: XmlElement | undefined, name: string, content: string): Plan =>
  (file) => {
    const found = parent?.children.find((each) => each.name === name)
    if (found !== undefined) return value(found.textAt, content)(file)
    return parent && child(parent, name, content)(file)
  }

/** Several as one. */
export const both =
  (...plans: readonly Plan[]): Plan =>
  (file) => {
    const edits = plans.map((plan) => plan(file))
    return edits.includes(undefined) ? undefined : edits.flatMap((each) => each ?? [])
  }

/** The blanks in front, where there is nothing else on the line before. */
const indentAt = (text: string, offset: number): string | undefined =>
  /(?:[\r\n])([ \t]*)$/.exec(text.slice(Math.max(0, offset - 200), offset))?.[1]
