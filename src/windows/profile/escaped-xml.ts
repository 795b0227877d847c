/**
 * The EapHostConfig inside `<Configuration>`: child elements, or the same XML once more as text (escaped, or in CDATA), as tools for the
 * WMI bridge write it. Either way every place is one in the file. Not its meaning.
 */
import { offsetsOf, positionsOf, type Position } from '../../topology/position.ts'
import { all, type ElementReader } from '../xml-values.ts'
import { parseXml, type XmlElement } from '../xml.ts'

export function eapHostConfig(
  configuration: XmlElement,
  read: ElementReader,
): XmlElement | undefined {
  const [child] = all(configuration, 'EapHostConfig')
  if (child !== undefined) return child
  for (const { name, at } of configuration.children) {
    const message = `<${name}> is not an element of <Configuration>; it holds an <EapHostConfig>`
    read.notes.push({ code: 'unknown-element', at, message })
  }
  const text = configuration.text.trim()
  if (text === '') return undefined
  const refuse = (at: Position, message: string): undefined =>
    read.problem('bad-value', at, message, 'Eap/Configuration')
  if (!text.startsWith('<')) {
    return refuse(configuration.textAt, `<Configuration> holds '${text.slice(0, 20)}', no XML`)
  }
  const placeOf = placesOf(text, read.source.text, configuration.textAt)
  // Whatever encoding the text declares, it has been text since the file was decoded.
  const encoding = /^<\?xml[^>]*encoding\s*=\s*["']utf-16/i.test(text) ? 'utf-16le' : 'utf-8'
  const parsed = parseXml({ path: read.file, text, encoding })
  if (!parsed.ok) {
    const { message, ...at } = parsed.error
    // Lines that it names are those of the text, which nobody counts.
    const said = message.replace(/, (?:opened at|from) line \d+$/, '')
    return refuse(placeOf(at), `the text inside <Configuration> is no XML: ${said}`)
  }
  if (parsed.value.name === 'EapHostConfig') return moved(parsed.value, placeOf)
  const { name, at } = parsed.value
  return refuse(placeOf(at), `<${name}> inside <Configuration>, not <EapHostConfig>`)
}

const moved = (element: XmlElement, placeOf: (at: Position) => Position): XmlElement => ({
  ...element,
  at: placeOf(element.at),
  textAt: placeOf(element.textAt),
  closeAt: placeOf(element.closeAt),
  attributes: element.attributes.map((each) => ({ ...each, at: placeOf(each.at) })),
  children: element.children.map((child) => moved(child, placeOf)),
})

/** From a place in `text` to the one in the file where that letter is written. `begin`: where the first letter of `text` is. */
function placesOf(text: string, file: string, begin: Position): (at: Position) => Position {
  const positionOf = positionsOf(file)
  const offsets = lettersFrom(file, offsetsOf(file)(begin), text.length)
  const offsetOf = offsetsOf(text)
  return (at) => positionOf(offsets[Math.min(offsetOf(at), offsets.length - 1)] ?? file.length)
}

const MARKUP = /<!\[CDATA\[|\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>|&[^;]{1,10};|\r\n/y

/** Offsets of the first `count` letters of the character data at `start`, and of what follows them. */
function lettersFrom(file: string, start: number, count: number): readonly number[] {
  let inSection = file.lastIndexOf('<![CDATA[', start) > file.lastIndexOf(']]>', start - 1)
  const offsets: number[] = []
  let at = start
  while (offsets.length <= count && at <= file.length) {
    MARKUP.lastIndex = at
    const [markup = ''] = MARKUP.exec(file) ?? []
    const isPlain = markup === '' || (inSection && markup !== ']]>' && markup !== '\r\n')
    if (isPlain) {
      offsets.push(at)
      at += 1
    } else {
      if (markup === '<![CDATA[') inSection = true
      else if (markup === ']]>') inSection = false
      else if (markup === '\r\n') offsets.push(at)
      else if (markup.startsWith('&')) for (let i = letters(markup); i > 0; i--) offsets.push(at)
      at += markup.length
    }
  }
  return offsets
}

/** Beyond the Basic Multilingual Plane a reference stands for two UTF-16 units. */
function letters(reference: string): number {
  const m = /^&#(?:x([0-9a-f]+)|(\d+));$/i.exec(reference)
  const code = m === null ? 0 : Number.parseInt(m[1] ?? m[2]!, m[1] === undefined ? 10 : 16)
  return code > 0xffff ? 2 : 1
}
