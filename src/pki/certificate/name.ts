/**
 * Distinguished names: from DER, to text and from text (RFC 4514), and when two of them are equal (RFC 5280 §7.1).
 * Not host names: {@link ../profile/host-name.ts} matches those. Text begins with the most specific part, the encoding ends with it.
 */
import { toHex, toLatin1, utf8 } from '../../base/bytes.ts'
import { invariant } from '../../base/invariant.ts'
import { err, ok, type Result } from '../../base/result.ts'
import * as write from '../encoding/der-writer.ts'
import { isAscii, readDer, TAG, type DerElement, type DerReader } from '../encoding/der.ts'
import { ATTRIBUTE_OIDS, oidName } from '../encoding/oids.ts'

export interface NameAttribute {
  readonly type: string
  readonly value: string
}

export interface Name {
  /** In the order of the encoding; nearly always one attribute each. */
  readonly rdns: readonly (readonly NameAttribute[])[]
  /** `CN=Contoso Root CA, O=Contoso`; empty for an empty name. */
  readonly text: string
  /** Equal for names that RFC 5280 §7.1 calls equal. */
  readonly key: string
  readonly der: Uint8Array
}

/** Case and runs of blanks do not count in the string types that directories compare so. */
const FOLDED_TAGS: ReadonlySet<number> = new Set([
  TAG.utf8String,
  TAG.printableString,
  TAG.ia5String,
  TAG.teletexString,
  TAG.bmpString,
])

/** The text of a directory string; `#` and hexadecimal where the type is not a string that we know (RFC 4514 §2.4). */
function directoryString(element: DerElement): string | undefined {
  const { tag, contents } = element
  switch (tag) {
    case TAG.utf8String:
      return isAscii(contents) ? toLatin1(contents) : decodeFatal('utf-8', contents)
    case TAG.printableString:
    case TAG.ia5String:
      return isAscii(contents) ? toLatin1(contents) : undefined
    case TAG.teletexString:
      return toLatin1(contents)
    case TAG.bmpString:
      return contents.length % 2 === 0 ? decodeFatal('utf-16be', contents) : undefined
    default:
      return `#${toHex(element.encoded)}`
  }
}

function decodeFatal(encoding: string, bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (thrown) {
    if (thrown instanceof TypeError) return undefined
    throw thrown
  }
}

/** One RelativeDistinguishedName. */
export interface RelativeName {
  readonly attributes: readonly NameAttribute[]
  /** What it adds to {@link Name.key}. */
  readonly key: string
}

/** Read a RelativeDistinguishedName, in a distribution point with a tag of its own. */
export function readRdn(r: DerReader, field: string, tag: number = TAG.set): RelativeName {
  const keys: string[] = []
  const attributes = r.constructed(field, tag).each(field, (set) => {
    const attribute = readAttribute(set, field)
    keys.push(attributeKey(attribute))
    return { type: attribute.type, value: attribute.value }
  })
  return { attributes, key: keys.length === 1 ? keys[0]! : keys.sort().join('+') }
}

/** Read a Name (RFC 5280 §4.1.2.4). */
export function readName(reader: DerReader, field: string): Name {
  const whole = reader.element(field, TAG.sequence)
  const keys: string[] = []
  const rdns = reader.inside(whole, field).each(
    field,
    (r) => {
      const { attributes, key } = readRdn(r, field)
      keys.push(key)
      return attributes
    },
    true,
  )
  return { rdns, text: formatRdns(rdns), key: keys.join(','), der: whole.encoded }
}

/** Whether `name` is `base` or stands below it in the directory. */
export const isWithin = (name: Name, base: Name): boolean =>
  base.key === '' || name.key === base.key || name.key.startsWith(`${base.key},`)

function readAttribute(set: DerReader, field: string): NameAttribute & { tag: number } {
  const attribute: DerReader = set.sequence(field)
  const type = attribute.oid(`${field} type`)
  const element = attribute.element(`${field} value`)
  attribute.end(field)
  const value = directoryString(element)
  if (value === undefined) {
    attribute.reject(field, `not a valid string of tag ${element.tag}`, element.offset)
  }
  return { type, value, tag: element.tag }
}

/** Nearly every value: nothing to fold but case, nothing to quote and nothing to escape. */
const PLAIN = /^[\w.-]+(?: [\w.-]+)*$/

function attributeKey({ type, value, tag }: NameAttribute & { tag: number }): string {
  if (!FOLDED_TAGS.has(tag)) return `${type}=${JSON.stringify(value)}`
  if (PLAIN.test(value)) return `${type}="${value.toLowerCase()}"`
  // Quoted, so that no value can pose as two attributes.
  return `${type}=${JSON.stringify(value.trim().replace(/\s+/g, ' ').toLowerCase())}`
}

function formatRdns(rdns: Name['rdns']): string {
  let text = ''
  for (const rdn of rdns) {
    const part = rdn.length === 1 ? formatAttribute(rdn[0]!) : rdn.map(formatAttribute).join('+')
    text = text === '' ? part : `${part}, ${text}`
  }
  return text
}

const formatAttribute = ({ type, value }: NameAttribute): string =>
  `${oidName(type)}=${escapeValue(value)}`

/** An attribute's value as it stands in the text of a name (RFC 4514 §2.4). */
export const escapeValue = (value: string): string =>
  PLAIN.test(value) ? value : value.replace(/[,+"\\<>;]/g, '\\$&').replace(/^ | $/g, '\\$&')

/** The value of the last common name: what people call the holder. */
export const commonName = (name: Name): string | undefined =>
  name.rdns
    .flat()
    .filter(({ type }) => type === ATTRIBUTE_OIDS.CN)
    .at(-1)?.value

/** Encode attributes, in encoding order, as a Name of one attribute an RDN. DER. */
export const encodeName = (attributes: readonly NameAttribute[]): Uint8Array =>
  write.sequence(
    ...attributes.map(({ type, value }) =>
      write.element(
        TAG.set,
        write.sequence(write.oid(type), write.element(stringTag(type), utf8(value))),
      ),
    ),
  )

/** RFC 5280 Appendix A: country and serial number are PrintableString, DC and e-mail IA5String, the rest UTF8String. */
function stringTag(type: string): number {
  const { C, SERIALNUMBER, DC, E } = ATTRIBUTE_OIDS
  if (type === C || type === SERIALNUMBER) return TAG.printableString
  return type === DC || type === E ? TAG.ia5String : TAG.utf8String
}

const ATTRIBUTE = /^\s*([A-Za-z]+)\s*=\s*((?:\\.|[^\\,+])*)$/s
/** Encoded in a type that has no letters beyond ASCII (RFC 5280 Appendix A). */
const ASCII_ATTRIBUTES: ReadonlySet<string> = new Set([
  ATTRIBUTE_OIDS.C,
  ATTRIBUTE_OIDS.SERIALNUMBER,
  ATTRIBUTE_OIDS.DC,
  ATTRIBUTE_OIDS.E,
])

/**
 * Read `CN=ada, OU=Sales, DC=contoso, DC=com` into attributes in encoding order (the last written comes first).
 * A backslash escapes the next character. Not supported: multi-valued RDNs (`+`), quotes, `#` values, dotted types.
 */
export function parseName(text: string): Result<readonly NameAttribute[], string> {
  const attributes: NameAttribute[] = []
  for (const part of text.match(/(?:\\.|[^\\,]|\\$)+/gs) ?? []) {
    const m = ATTRIBUTE.exec(part)
    if (m === null) return err(`'${part.trim()}' is not an attribute such as CN=Contoso Root CA`)
    const type = attributeType(m[1]!)
    if (type === undefined) return err(`'${m[1]}' is not an attribute type that is known here`)
    const value = m[2]!.trim().replace(/\\(.)/gs, '$1')
    if (value === '') return err(`'${part.trim()}' has no value`)
    if (ASCII_ATTRIBUTES.has(type) ? !/^[\x20-\x7e]+$/.test(value) : /\p{Surrogate}/u.test(value)) {
      return err(`'${part.trim()}' has characters that ${m[1]} cannot hold`)
    }
    attributes.unshift({ type, value })
  }
  return attributes.length === 0 ? err('the name is empty') : ok(attributes)
}

/** A name as {@link parseName} reads it, encoded and read again, for comparison by its key; undefined: no name. */
export function nameFrom(text: string): Name | undefined {
  const parsed = parseName(text)
  return parsed.ok ? nameOf(parsed.value) : undefined
}

/** The name of these attributes, in encoding order. */
export function nameOf(attributes: readonly NameAttribute[]): Name {
  const read = readDer(encodeName(attributes), 'name', (r) => readName(r, 'name'))
  invariant(read.ok, 'a name that was just encoded reads')
  return read.value
}

const attributeType = (written: string): string | undefined =>
  Object.entries(ATTRIBUTE_OIDS).find(([name]) => name === written.toUpperCase())?.[1]
