/**
 * BER as LDAP restricts it (RFC 4511 §5.1): definite lengths, tags of one byte, strings in one piece.
 * Not DER: a length may be longer than it need be, and TRUE is any byte but 0. Certificates are read in `pki/encoding`.
 */
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { invariant } from '../base/invariant.ts'
import type { Reader } from './codec.ts'

const RFC = 'RFC 4511 §5.1'

export const BER = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
} as const

/** Longest length field: four bytes say 4 GiB. */
const LENGTH_BYTES_MAX = 4

/** An element: its identifier byte, and a view of its contents. */
export interface Element {
  readonly tag: number
  readonly contents: Uint8Array
}

export function readElement(r: Reader, field: string): Element {
  const tag = r.u8(field, RFC)
  if ((tag & 0x1f) === 0x1f) r.reject('bad-value', `${field} tag`, RFC)
  return { tag, contents: r.take(readLength(r, field), field, RFC) }
}

/** The contents of an element that must have this tag. */
export function readTagged(r: Reader, tag: number, field: string): Uint8Array {
  const element = readElement(r, field)
  if (element.tag !== tag) r.reject('bad-value', `${field} tag`, RFC)
  return element.contents
}

function readLength(r: Reader, field: string): number {
  const first = r.u8(`${field} length`, RFC)
  if (first < 0x80) return first
  const count = first & 0x7f
  // 0: the indefinite form, which LDAP forbids.
  if (count === 0 || count > LENGTH_BYTES_MAX) r.reject('bad-value', `${field} length`, RFC)
  let length = 0
  for (let i = 0; i < count; i++) length = length * 256 + r.u8(`${field} length`, RFC)
  return length
}

/** Bytes of the element that begins here, header and all; undefined: its header is not whole yet, `malformed`: it never will be. */
export function elementLength(bytes: Uint8Array): number | 'malformed' | undefined {
  const first = bytes[1]
  if (first === undefined) return undefined
  if (first < 0x80) return 2 + first
  const count = first & 0x7f
  if (count === 0 || count > LENGTH_BYTES_MAX) return 'malformed'
  if (bytes.length < 2 + count) return undefined
  let length = 0
  for (let i = 0; i < count; i++) length = length * 256 + bytes[2 + i]!
  return 2 + count + length
}

/** A two's-complement integer of 1 to 4 bytes. */
export function integerOf(r: Reader, contents: Uint8Array, field: string): number {
  if (contents.length === 0 || contents.length > 4) r.reject('bad-value', field, RFC)
  let value = contents[0]! >= 0x80 ? -1 : 0
  for (const byte of contents) value = (value << 8) | byte
  return value
}

/** One element around the parts of its contents. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const [bytes, start] = headed(tag, length)
  let at = start
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Room for an element whose header is written, and where its contents begin. */
function headed(tag: number, length: number): readonly [Uint8Array, number] {
  const lengthBytes = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 4
  const start = 2 + lengthBytes
  const bytes = new Uint8Array(start + length)
  bytes[0] = tag
  bytes[1] = lengthBytes === 0 ? length : 0x80 | lengthBytes
  for (let i = 0; i < lengthBytes; i++) bytes[start - 1 - i] = length >>> (8 * i)
  return [bytes, start]
}

/** 0 … 2^31 - 1, as message identifiers and result codes are. */
export function integer(value: number, tag: number = BER.integer): Uint8Array {
  invariant(Number.isInteger(value) && value >= 0 && value < 2 ** 31, `not an INTEGER: ${value}`)
  const length = value < 0x80 ? 1 : value < 0x8000 ? 2 : value < 0x800000 ? 3 : 4
  const [bytes, start] = headed(tag, length)
  for (let i = 0; i < length; i++) bytes[start + i] = value >>> (8 * (length - 1 - i))
  return bytes
}

export const boolean = (value: boolean): Uint8Array =>
  element(BER.boolean, Uint8Array.of(value ? 0xff : 0))

export function octetString(value: string | Uint8Array, tag: number = BER.octetString): Uint8Array {
  if (typeof value !== 'string') return element(tag, value)
  // Names of attributes and most values are short and ASCII, and there are many: a loop beats the encoder.
  const [bytes, start] = headed(tag, value.length)
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i)
    if (unit >= 0x80) return element(tag, utf8(value))
    bytes[start + i] = unit
  }
  return bytes
}

/** The text of a string; what is not UTF-8 comes out as U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  if (bytes.length > SHORT) return fromUtf8(bytes)
  let text = ''
  for (const byte of bytes) {
    if (byte >= 0x80) return fromUtf8(bytes)
    text += String.fromCharCode(byte)
  }
  return text
}

/** Below it a loop is faster than the decoder. */
const SHORT = 64
