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

// ── reading: one reader goes through all levels, and is held to the end of the one it is in ──

/** The identifier byte of the element that begins here; {@link within} or {@link contentsOf} reads on. */
export function readTag(r: Reader, field: string): number {
  const tag = r.u8(field, RFC)
  if ((tag & 0x1f) === 0x1f) r.reject('bad-value', `${field} tag`, RFC)
  return tag
}

/** Behind a tag: into the contents. {@link Reader.leave} wants what comes back. */
export const within = (r: Reader, field: string): number =>
  r.enter(readLength(r, field), field, RFC)

/** Behind a tag: the contents, a view. */
export const contentsOf = (r: Reader, field: string): Uint8Array =>
  r.take(readLength(r, field), field, RFC)

/** Into an element that must have this tag, as {@link within}. */
export function enter(r: Reader, tag: number, field: string): number {
  readGivenTag(r, tag, field)
  return within(r, field)
}

/** The contents of an element that must have this tag. */
export function readTagged(r: Reader, tag: number, field: string): Uint8Array {
  readGivenTag(r, tag, field)
  return contentsOf(r, field)
}

/** A string, as text; what is not UTF-8 comes out as U+FFFD. */
export const readText = (r: Reader, field: string): string =>
  fromUtf8(readTagged(r, BER.octetString, field))

/** The same, of what comes again and again: names of a schema. */
export function readName(r: Reader, field: string, tag: number = BER.octetString): string {
  readGivenTag(r, tag, field)
  return nameOf(r, field)
}

/** Behind a tag: a name. */
export function nameOf(r: Reader, field: string): string {
  const start = r.skip(readLength(r, field), field, RFC)
  return knownName(r.bytes, start, r.offset)
}

/** A two's-complement integer of 1 to 4 bytes. */
export function readInteger(r: Reader, field: string, tag: number = BER.integer): number {
  readGivenTag(r, tag, field)
  const length = readLength(r, field)
  const start = r.skip(length, field, RFC)
  if (length === 0 || length > 4) r.reject('bad-value', field, RFC)
  let value = r.bytes[start]! >= 0x80 ? -1 : 0
  for (let at = start; at < r.offset; at++) value = (value << 8) | r.bytes[at]!
  return value
}

function readGivenTag(r: Reader, tag: number, field: string): void {
  if (readTag(r, field) !== tag) r.reject('bad-value', `${field} tag`, RFC)
}

function readLength(r: Reader, field: string): number {
  const first = lengthByte(r, field)
  if (first < 0x80) return first
  const count = first & 0x7f
  // 0: the indefinite form, which LDAP forbids.
  if (count === 0 || count > LENGTH_BYTES_MAX) r.reject('bad-value', `${field} length`, RFC)
  let length = 0
  for (let i = 0; i < count; i++) length = length * 256 + lengthByte(r, field)
  return length
}

// The name of the field is put together only where it is told.
const lengthByte = (r: Reader, field: string): number =>
  r.remaining > 0 ? r.u8(field, RFC) : r.reject('truncated', `${field} length`, RFC)

/** Names met lately, each at a place that its bytes choose. One that comes to another's place takes it: no peer can fill it. */
const NAMES: string[] = Array.from({ length: 256 }, () => '')

function knownName(bytes: Uint8Array, start: number, end: number): string {
  let place = 0
  for (let at = start; at < end; at++) place = (place * 31 + bytes[at]!) & 0xffff
  place &= 0xff
  const known = NAMES[place]!
  if (isTextOf(known, bytes, start, end)) return known
  const name = fromUtf8(bytes.subarray(start, end))
  NAMES[place] = name
  return name
}

/** Only of ASCII: a text of other characters has not one unit for each byte. */
function isTextOf(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== bytes[start + i] || bytes[start + i]! >= 0x80) return false
  }
  return true
}

/** Bytes of the element that begins at `at`, header and all; undefined: its header is not whole yet, `malformed`: it never will be. */
export function elementLength(bytes: Uint8Array, at = 0): number | 'malformed' | undefined {
  const first = bytes[at + 1]
  if (first === undefined) return undefined
  if (first < 0x80) return 2 + first
  const count = first & 0x7f
  if (count === 0 || count > LENGTH_BYTES_MAX) return 'malformed'
  if (bytes.length - at < 2 + count) return undefined
  let length = 0
  for (let i = 0; i < count; i++) length = length * 256 + bytes[at + 2 + i]!
  return 2 + count + length
}

// ── writing ──

const ROOM_BYTES = 16 * 1024

/**
 * Writes from the end to the beginning, the last element first: so the contents stand when the length before them is written, and nothing
 * is made only to be copied into something else. Messages are cut from a larger room, each before the one before, and no byte is written twice.
 */
export class BackwardWriter {
  #room: Uint8Array
  #start: number
  #end: number

  constructor(roomBytes = ROOM_BYTES) {
    this.#room = new Uint8Array(roomBytes)
    this.#start = roomBytes
    this.#end = roomBytes
  }

  /** Bytes of this message so far: before an element's contents are, for {@link wrap}. */
  get written(): number {
    return this.#end - this.#start
  }

  /** What was written, for the caller to keep; the next message is begun. It shares an ArrayBuffer with others: never look at `.buffer`. */
  finish(): Uint8Array {
    const bytes = this.#room.subarray(this.#start, this.#end)
    this.#end = this.#start
    return bytes
  }

  /** A header before all that was written since `written` was `from`. */
  wrap(tag: number, from: number): void {
    const length = this.written - from
    const lengthBytes = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 4
    const at = this.#before(2 + lengthBytes)
    this.#room[at] = tag
    this.#room[at + 1] = lengthBytes === 0 ? length : 0x80 | lengthBytes
    for (let i = 0; i < lengthBytes; i++) this.#room[at + 1 + lengthBytes - i] = length >>> (8 * i)
  }

  /** Bytes that stand for themselves: an element made before, or contents. */
  bytes(bytes: Uint8Array): void {
    const at = this.#before(bytes.length)
    this.#room.set(bytes, at)
  }

  /** 0 … 2^31 - 1, as message identifiers and result codes are. */
  integer(value: number, tag: number = BER.integer): void {
    invariant(Number.isInteger(value) && value >= 0 && value < 2 ** 31, `not an INTEGER: ${value}`)
    const from = this.written
    const length = value < 0x80 ? 1 : value < 0x8000 ? 2 : value < 0x800000 ? 3 : 4
    const at = this.#before(length)
    for (let i = 0; i < length; i++) this.#room[at + i] = value >>> (8 * (length - 1 - i))
    this.wrap(tag, from)
  }

  boolean(value: boolean): void {
    const from = this.written
    const at = this.#before(1)
    this.#room[at] = value ? 0xff : 0
    this.wrap(BER.boolean, from)
  }

  octetString(value: string | Uint8Array, tag: number = BER.octetString): void {
    const from = this.written
    if (typeof value === 'string') this.#text(value)
    else this.bytes(value)
    this.wrap(tag, from)
  }

  // Names of attributes and most values are short and ASCII, and there are many: a loop beats the encoder.
  #text(text: string): void {
    const at = this.#before(text.length)
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit >= 0x80) {
        this.#start += text.length
        return this.bytes(utf8(text))
      }
      this.#room[at + i] = unit
    }
  }

  /** Room for `length` bytes before what stands; where it begins. */
  #before(length: number): number {
    if (length > this.#start) this.#grow(length)
    this.#start -= length
    return this.#start
  }

  #grow(length: number): void {
    const { written } = this
    const room = new Uint8Array(Math.max(ROOM_BYTES, 2 * (written + length)))
    room.set(this.#room.subarray(this.#start, this.#end), room.length - written)
    this.#room = room
    this.#start = room.length - written
    this.#end = room.length
  }
}

/** One element around the parts of its contents. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const writer = new BackwardWriter(length + HEADER_BYTES_MAX)
  for (const part of parts.toReversed()) writer.bytes(part)
  writer.wrap(tag, 0)
  return writer.finish()
}

const HEADER_BYTES_MAX = 2 + LENGTH_BYTES_MAX
