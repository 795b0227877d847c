/**
 * XML 1.0 into a small tree that knows the line and column of every element, attribute and text. Namespaces are resolved.
 * Strict and bounded: no document type, no entities but the five of XML, limits on size, depth and number of nodes.
 * Not a serialiser, and not ProfileXML, which is `profile-xml.ts`.
 */
import { SaxesParser, type SaxesAttributeNSIncomplete, type SaxesTagNS } from 'saxes'
import { err, ok, type Result } from '../base/result.ts'
import type { SourceFile, TextEncoding } from '../topology/files.ts'
import { positionsOf, type Position } from '../topology/position.ts'

export const XML_CHARACTERS_MAX = 1024 * 1024
export const XML_DEPTH_MAX = 64
/** Elements, attributes, comments and pieces of text together. */
export const XML_NODES_MAX = 20_000

export interface XmlProblem extends Position {
  readonly message: string
}

export interface XmlAttribute {
  readonly name: string
  readonly value: string
  readonly at: Position
}

export interface XmlElement {
  /** Without its prefix. */
  readonly name: string
  /** Namespace URI; empty: none. */
  readonly namespace: string
  readonly at: Position
  readonly attributes: readonly XmlAttribute[]
  readonly children: readonly XmlElement[]
  /** All text directly inside, entities replaced, comments left out, blanks kept. */
  readonly text: string
  /** Where the first character of `text` that is not blank stands; without one, where the content begins. */
  readonly textAt: Position
  /** Its closing tag; `at` where it closes itself. */
  readonly closeAt: Position
}

interface Building {
  readonly name: string
  readonly namespace: string
  readonly at: Position
  readonly attributes: XmlAttribute[]
  readonly children: XmlElement[]
  text: string
  textAt: Position
  /** `textAt` points at a letter. */
  textFound: boolean
}

/** Thrown inside this file only. */
class Mistake extends Error {
  readonly offset: number
  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

/** Read a document. The first mistake ends it: what follows one in XML is guesswork. */
export function parseXml(file: SourceFile): Result<XmlElement, XmlProblem> {
  const reader = new Reader(file)
  try {
    return ok(reader.document())
  } catch (thrown) {
    if (!(thrown instanceof Mistake)) throw thrown
    return err({ ...reader.positionOf(thrown.offset), message: thrown.message })
  }
}

class Reader {
  readonly positionOf: (offset: number) => Position
  readonly #file: SourceFile
  readonly #parser = new SaxesParser({ xmlns: true, position: true })
  /** Elements that are open, outermost first. */
  readonly #open: Building[] = []
  #root: XmlElement | undefined
  #closedLast: XmlElement | undefined
  /** Where the last event ended: where the next text or attribute begins. */
  #after = 0
  #nodes = 0

  constructor(file: SourceFile) {
    this.#file = file
    this.positionOf = positionsOf(file.text)
  }

  document(): XmlElement {
    const { text } = this.#file
    if (text.length > XML_CHARACTERS_MAX) {
      this.#fail(`${text.length} characters, more than the ${XML_CHARACTERS_MAX} that are read`, 0)
    }
    this.#listen()
    this.#parser.write(text).close()
    if (this.#root === undefined) return this.#fail('no root element')
    return this.#root
  }

  #fail(message: string, offset = Math.min(this.#parser.position, this.#file.text.length)): never {
    throw new Mistake(offset, message)
  }

  #listen(): void {
    const parser = this.#parser
    parser.on('error', (error) => this.#refuse(error))
    parser.on('doctype', () =>
      this.#fail('a document type (DOCTYPE) is not accepted', this.#file.text.indexOf('<!DOCTYPE')),
    )
    parser.on('xmldecl', ({ encoding }) => {
      const problem = declaredWrongly(encoding, this.#file)
      if (problem !== undefined) this.#fail(problem, this.#file.text.indexOf('encoding'))
      this.#after = parser.position
    })
    parser.on('opentagstart', (tag) => {
      if (this.#open.length >= XML_DEPTH_MAX) {
        this.#fail(`elements nest more than ${XML_DEPTH_MAX} deep`)
      }
      this.#count()
      const start = this.#file.text.lastIndexOf('<', parser.position - 1)
      this.#open.push(opening(tag.name, this.positionOf(start)))
      this.#after = start + 1 + tag.name.length
    })
    parser.on('attribute', (attribute) => this.#attribute(attribute))
    parser.on('opentag', (tag) => this.#opened(tag))
    parser.on('closetag', () => this.#closed())
    parser.on('text', (text) => this.#text(text, this.#after))
    parser.on('cdata', (text) =>
      this.#text(text, this.#file.text.indexOf('[CDATA[', this.#after) + 7),
    )
    parser.on('comment', () => {
      this.#count()
      // It is told before its last '>' was read.
      this.#after = this.#file.text.indexOf('>', parser.position - 1) + 1
    })
    parser.on('processinginstruction', () => {
      this.#count()
      this.#after = parser.position
    })
  }

  #count(): void {
    if (++this.#nodes > XML_NODES_MAX) {
      this.#fail(`more than ${XML_NODES_MAX} elements, attributes, comments and texts`)
    }
  }

  /** The parser's complaint, with what it knows and does not say: which element, opened where. */
  #refuse(error: Error): never {
    const { text } = this.#file
    const here = Math.min(this.#parser.position, text.length)
    const words = error.message.replace(/^\d+:\d+: /, '').replace(/\.$/, '')
    const open = this.#open.at(-1)
    if (/^unclosed tag|^unexpected end$/.test(words)) {
      const within =
        open === undefined ? '' : ` inside <${open.name}>, opened at line ${open.at.line}`
      this.#fail(`the document ends${within}`, text.length)
    }
    if (words === 'unexpected close tag') {
      const start = text.lastIndexOf('</', here - 1)
      const closed = text.slice(start, here).trim()
      // The parser has closed the element by the time it complains.
      const wanted = this.#closedLast!
      this.#fail(`${closed} where <${wanted.name}> is open, from line ${wanted.at.line}`, start)
    }
    if (words === 'undefined entity') {
      const start = text.lastIndexOf('&', here - 1)
      this.#fail(`${text.slice(start, here)} is no entity of XML; a plain & is &amp;`, start)
    }
    if (words === 'disallowed character in entity name') {
      this.#fail('an & that begins no entity; a plain & is &amp;', text.lastIndexOf('&', here - 1))
    }
    this.#fail(words, here === text.length ? here : Math.max(0, here - 1))
  }

  #attribute({ name, value }: SaxesAttributeNSIncomplete): void {
    this.#count()
    const start = this.#file.text.indexOf(name, this.#after)
    this.#open.at(-1)!.attributes.push({ name, value, at: this.positionOf(start) })
    this.#after = this.#parser.position
  }

  #opened(tag: SaxesTagNS): void {
    const after = this.#parser.position
    this.#after = after
    const element = this.#open.pop()!
    this.#open.push({
      ...element,
      name: tag.local,
      namespace: tag.uri,
      textAt: this.positionOf(after),
    })
  }

  #closed(): void {
    this.#after = this.#parser.position
    const { textFound: _, ...building } = this.#open.pop()!
    const start = this.#file.text.lastIndexOf('<', this.#parser.position - 1)
    const element = { ...building, closeAt: this.positionOf(start) }
    this.#closedLast = element
    const parent = this.#open.at(-1)
    if (parent === undefined) this.#root = element
    else parent.children.push(element)
  }

  #text(text: string, start: number): void {
    this.#count()
    const element = this.#open.at(-1)
    this.#after = this.#parser.position
    if (element === undefined) return
    if (!element.textFound && text.trim() !== '') {
      element.textFound = true
      const blanks = /^\s*/.exec(this.#file.text.slice(start))![0].length
      element.textAt = this.positionOf(start + blanks)
    }
    element.text += text
  }
}

const opening = (name: string, at: Position): Building => ({
  name,
  namespace: '',
  at,
  attributes: [],
  children: [],
  text: '',
  textAt: at,
  textFound: false,
})

const ENCODING_NAMES: Readonly<Record<TextEncoding, readonly string[]>> = {
  'utf-8': ['utf-8', 'utf8'],
  'utf-16le': ['utf-16', 'utf-16le', 'unicode'],
  'utf-16be': ['utf-16', 'utf-16be', 'unicode'],
}

/** A declaration that contradicts the bytes: Windows' parser refuses such a file. */
function declaredWrongly(declared: string | undefined, file: SourceFile): string | undefined {
  if (declared === undefined) return undefined
  const name = declared.toLowerCase()
  if (ENCODING_NAMES[file.encoding].includes(name)) return undefined
  const wide = name.startsWith('utf-16') || name.startsWith('ucs-') || name === 'unicode'
  // Every other one-byte encoding agrees with UTF-8 on ASCII.
  const ascii = file.encoding === 'utf-8' && !wide && /^[\t\r\n -~]*$/.test(file.text)
  return ascii
    ? undefined
    : `the declaration says encoding="${declared}", but the file is ${file.encoding.toUpperCase()}`
}
