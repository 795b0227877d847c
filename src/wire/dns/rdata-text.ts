/**
 * RDATA as master files write it (RFC 1035 §5.1, RFC 3597 §5): from words to octets and back.
 * Not a zone file reader: owners, TTLs and directives are `engine/dns/zone-file.ts`'s. The types are rows in {@link ./rdata.ts}.
 */
import { formatAddress, parseIpv4, parseIpv6, type Address } from '../../base/address.ts'
import {
  concat,
  equalBytes,
  fromHex,
  setU16,
  setU32,
  toHex,
  u16,
  u32,
  utf8,
} from '../../base/bytes.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { formatInstant, parseInstant, type Instant } from '../../base/time.ts'
import { decoder } from '../codec.ts'
import { formatName, nameAt, nameBytes, parseName, readOctet, type Name } from './name.ts'
import {
  addressData,
  addressOf,
  fieldKindsOf,
  fieldsOf,
  readRdata,
  type FieldKind,
} from './rdata.ts'
import { TYPE, typeName, typeNumber } from './registry.ts'

/** One word of a master file, escapes not yet resolved. */
export interface Word {
  readonly text: string
  readonly quoted: boolean
}

/** What is wrong with which word (its index; the number of words means the end of the record). */
export interface RdataError {
  readonly word: number
  readonly message: string
}

const REST: readonly FieldKind[] = ['strings', 'hex', 'base64', 'bitmap']

/** The octets of RDATA that is written as `words`. Names that do not end in a dot are relative to `origin`. */
export function parseRdata(
  type: number,
  words: readonly Word[],
  origin: Name,
): Result<Uint8Array, RdataError> {
  if (words[0]?.text === '\\#' && !words[0].quoted) return parseGeneric(type, words)
  const kinds = fieldKindsOf(type)
  if (kinds === undefined) {
    return err({ word: 0, message: `${typeName(type)} data must be written as \\# LENGTH HEX` })
  }
  const parts: Uint8Array[] = []
  let at = 0
  for (const kind of kinds) {
    const rest = REST.includes(kind)
    const taken = rest ? words.slice(at) : words.slice(at, at + 1)
    const first = taken[0]
    if (first === undefined && kind !== 'bitmap') {
      return err({ word: at, message: `expected ${EXPECTED[kind]}, got the end of the record` })
    }
    const part = rest ? parseRest(kind, taken) : parseField(kind, first!, origin)
    if (typeof part === 'string') return err({ word: at, message: part })
    parts.push(part)
    at += taken.length
  }
  if (at < words.length) {
    return err({ word: at, message: `expected the end of the record, got '${words[at]!.text}'` })
  }
  const data = concat(...parts)
  return data.length > 0xffff
    ? err({ word: 0, message: `${data.length} octets, at most 65535` })
    : ok(data)
}

const EXPECTED: Record<FieldKind, string> = {
  'compressed-name': 'a domain name',
  name: 'a domain name',
  'plain-name': 'a domain name',
  u8: 'a number 0 … 255',
  u16: 'a number 0 … 65535',
  u32: 'a number 0 … 4294967295',
  period: 'a number of seconds such as 3600 or 1h',
  time: 'a date YYYYMMDDHHMMSS or seconds since 1970',
  type: 'a record type',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  string: 'a string of at most 255 octets',
  tag: 'a property tag of letters and digits',
  strings: 'strings of at most 255 octets',
  text: 'a string',
  hex: 'hexadecimal digits',
  base64: 'base64',
  bitmap: 'record types',
}

const MAXIMUM: Partial<Record<FieldKind, number>> = { u8: 0xff, u16: 0xffff, u32: 0xffffffff }

/** The octets of one word, or one line that says what was expected. */
function parseField(kind: FieldKind, word: Word, origin: Name): Uint8Array | string {
  const unexpected = `expected ${EXPECTED[kind]}, got '${word.text}'`
  switch (kind) {
    case 'compressed-name':
    case 'name':
    case 'plain-name': {
      const name = parseName(word.text, origin)
      return name.ok ? nameBytes(name.value) : name.error
    }
    case 'u8':
    case 'u16':
    case 'u32': {
      const value = /^\d{1,10}$/.test(word.text) ? Number(word.text) : Number.POSITIVE_INFINITY
      if (value > MAXIMUM[kind]!) return unexpected
      return kind === 'u8' ? Uint8Array.of(value) : kind === 'u16' ? u16Data(value) : u32Data(value)
    }
    case 'period': {
      const value = parsePeriod(word.text)
      return value === undefined ? unexpected : u32Data(value)
    }
    case 'time': {
      const value = parseTime(word.text)
      return value === undefined ? unexpected : u32Data(value)
    }
    case 'type': {
      const value = typeNumber(word.text)
      return value === undefined ? unexpected : u16Data(value)
    }
    case 'ipv4':
    case 'ipv6': {
      const address: Address | undefined = (kind === 'ipv4' ? parseIpv4 : parseIpv6)(word.text)
      return address === undefined ? unexpected : addressData(address)
    }
    case 'string':
    case 'tag': {
      const octets = unescape(word.text)
      if (octets === undefined || octets.length > 255) return unexpected
      if (kind === 'tag' && !/^[A-Za-z0-9]+$/.test(word.text)) return unexpected
      return concat(Uint8Array.of(octets.length), octets)
    }
    case 'text':
      return unescape(word.text) ?? unexpected
    default:
      return unexpected
  }
}

function parseRest(kind: FieldKind, words: readonly Word[]): Uint8Array | string {
  const joined = words.map((word) => word.text).join('')
  const unexpected = `expected ${EXPECTED[kind]}, got '${joined}'`
  if (kind === 'hex') return /^([0-9a-f]{2})+$/i.test(joined) ? fromHex(joined) : unexpected
  if (kind === 'base64')
    return isBase64(joined) ? Uint8Array.from(Buffer.from(joined, 'base64')) : unexpected
  if (kind === 'bitmap') return bitmapData(words) ?? unexpected
  const strings = words.map((word) => parseField('string', word, []))
  const bad = strings.find((part) => typeof part === 'string')
  return bad ?? concat(...(strings as Uint8Array[]))
}

const isBase64 = (text: string): boolean =>
  text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text)

/** `\# 4 0A000001`: the length in octets, then hexadecimal digits in any grouping (RFC 3597 §5). */
function parseGeneric(type: number, words: readonly Word[]): Result<Uint8Array, RdataError> {
  const length = words[1]?.text ?? ''
  if (!/^\d{1,5}$/.test(length) || Number(length) > 0xffff) {
    return err({ word: 1, message: `expected a length 0 … 65535 after \\#, got '${length}'` })
  }
  const digits = words
    .slice(2)
    .map((word) => word.text)
    .join('')
  if (!/^([0-9a-f]{2})*$/i.test(digits)) {
    return err({ word: 2, message: `expected hexadecimal digits, got '${digits}'` })
  }
  if (digits.length !== 2 * Number(length)) {
    return err({
      word: 1,
      message: `expected ${length} octets after \\#, got ${digits.length / 2}`,
    })
  }
  const data = fromHex(digits)
  const read = decoder('rdata', (r) => readRdata(r, type, data.length))(data)
  return read.ok && equalBytes(read.value, data)
    ? ok(data)
    : err({ word: 2, message: `these octets are no ${typeName(type)} data` })
}

const UNIT_SECONDS: Record<string, number> = { w: 604_800, d: 86_400, h: 3600, m: 60, s: 1 }

/** Seconds 0 … 2³² − 1, as digits or with BIND's units: `1h30m`, `2W`. Undefined for anything else. */
export function parsePeriod(text: string): number | undefined {
  if (/^\d{1,10}$/.test(text)) return Number(text) <= 0xffffffff ? Number(text) : undefined
  if (!/^(\d{1,10}[wdhms])+$/i.test(text)) return undefined
  const parts = text.toLowerCase().match(/\d+[a-z]/g) ?? []
  const total = parts.reduce(
    (sum, part) => sum + Number.parseInt(part, 10) * UNIT_SECONDS[part.at(-1)!]!,
    0,
  )
  return total <= 0xffffffff ? total : undefined
}

function parseTime(text: string): number | undefined {
  if (/^\d{1,10}$/.test(text)) return Number(text) <= 0xffffffff ? Number(text) : undefined
  const m = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)
  const at =
    m === null ? undefined : parseInstant(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6]}Z`)
  // Serial number arithmetic: only the low 32 bits travel (RFC 4034 §3.1.5).
  return at === undefined ? undefined : (at / 1e6) % 2 ** 32
}

function bitmapData(words: readonly Word[]): Uint8Array | undefined {
  const types = words.map((word) => typeNumber(word.text))
  if (types.includes(undefined)) return undefined
  const windows = new Map<number, Uint8Array>()
  for (const type of (types as number[]).sort((a, b) => a - b)) {
    const window = windows.get(type >> 8) ?? new Uint8Array(32)
    window[(type & 255) >> 3]! |= 0x80 >> (type & 7)
    windows.set(type >> 8, window)
  }
  return concat(
    ...[...windows].map(([number, bits]) => {
      const used = bits.findLastIndex((octet) => octet !== 0) + 1
      return Uint8Array.of(number, used, ...bits.subarray(0, used))
    }),
  )
}

const u16Data = (value: number): Uint8Array => {
  const out = new Uint8Array(2)
  setU16(out, 0, value)
  return out
}
const u32Data = (value: number): Uint8Array => {
  const out = new Uint8Array(4)
  setU32(out, 0, value)
  return out
}

/** The octets of a character-string's text, or undefined after a bad escape. */
function unescape(text: string): Uint8Array | undefined {
  const octets = utf8(text)
  const out: number[] = []
  for (let at = 0; at < octets.length; at++) {
    const read = readOctet(octets, at)
    if (read === undefined) return undefined
    out.push(read.octet)
    at += read.extra
  }
  return Uint8Array.from(out)
}

/** RDATA as a master file shows it: names with their last dot, strings in quotes; `\# 2 ABCD` where the type is opaque. */
export function formatRdata(type: number, data: Uint8Array): string {
  return (
    fieldsOf(type, data)
      ?.map(({ kind, bytes }) => formatField(kind, bytes))
      .join(' ') ?? formatGeneric(data)
  )
}

/** The form that every type can have (RFC 3597 §5). */
export const formatGeneric = (data: Uint8Array): string =>
  `\\# ${data.length}${data.length === 0 ? '' : ` ${toHex(data).toUpperCase()}`}`

function formatField(kind: FieldKind, bytes: Uint8Array): string {
  switch (kind) {
    case 'compressed-name':
    case 'name':
    case 'plain-name':
      return formatName(nameAt(bytes))
    case 'u8':
      return String(bytes[0])
    case 'u16':
      return String(u16(bytes, 0))
    case 'u32':
    case 'period':
      return String(u32(bytes, 0))
    case 'time':
      return formatInstant((u32(bytes, 0) * 1e6) as Instant).replace(/\D/g, '')
    case 'type':
      return typeName(u16(bytes, 0))
    case 'ipv4':
    case 'ipv6':
      return formatAddress(addressOf({ type: kind === 'ipv4' ? TYPE.A : TYPE.AAAA, data: bytes })!)
    case 'string':
      return quote(bytes.subarray(1))
    case 'tag':
      return String.fromCharCode(...bytes.subarray(1))
    case 'strings':
      return stringsIn(bytes).map(quote).join(' ')
    case 'text':
      return quote(bytes)
    case 'hex':
      return toHex(bytes).toUpperCase()
    case 'base64':
      return Buffer.from(bytes).toString('base64')
    case 'bitmap':
      return typesIn(bytes).map(typeName).join(' ')
  }
}

const quote = (octets: Uint8Array): string => {
  const text = Array.from(octets, (octet) => {
    if (octet === 0x22 || octet === 0x5c) return `\\${String.fromCharCode(octet)}`
    return octet < 0x20 || octet > 0x7e
      ? `\\${String(octet).padStart(3, '0')}`
      : String.fromCharCode(octet)
  })
  return `"${text.join('')}"`
}

function stringsIn(data: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let at = 0; at < data.length; at += 1 + data[at]!) {
    out.push(data.subarray(at + 1, at + 1 + data[at]!))
  }
  return out
}

function typesIn(bitmap: Uint8Array): number[] {
  const out: number[] = []
  for (let at = 0; at < bitmap.length; at += 2 + bitmap[at + 1]!) {
    for (let bit = 0; bit < bitmap[at + 1]! * 8; bit++) {
      if ((bitmap[at + 2 + (bit >> 3)]! & (0x80 >> (bit & 7))) !== 0)
        out.push(bitmap[at]! * 256 + bit)
    }
  }
  return out
}
