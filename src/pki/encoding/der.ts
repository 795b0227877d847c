/**
 * A strict DER reader (X.690): one cursor that moves forward, and malformed input that comes back as a value.
 * Not a general ASN.1 tool: tag numbers above 30 and indefinite lengths are refused. {@link ./der-writer.ts} writes.
 */
import { toLatin1 } from '../../base/bytes.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { instantOf, type Instant } from '../../base/time.ts'
import { decodeOid } from './oid-encoding.ts'

/** How deep constructed elements may nest. Certificates need about ten levels. */
export const DER_DEPTH_MAX = 32

/** What is wrong with encoded bytes: in which field, at which offset from the first byte read, against which rule. */
export interface DerFault {
  readonly field: string
  readonly offset: number
  readonly rule: string
}

/** Identifier octets used in certificates and CRLs (X.690 §8.1.2). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** `[n]` with primitive contents (an IMPLICIT primitive type). */
export const contextPrimitive = (n: number): number => 0x80 | n
/** `[n]` with constructed contents (EXPLICIT, or an IMPLICIT SEQUENCE). */
export const contextConstructed = (n: number): number => 0xa0 | n

/** One element, as offsets into the bytes that are read: views are made when they are asked for, most elements are only passed through. */
export class DerElement {
  /** The identifier octet. */
  readonly tag: number
  /** Where the contents begin, from the first byte read. */
  readonly offset: number
  readonly end: number
  readonly #bytes: Uint8Array
  readonly #start: number

  constructor(bytes: Uint8Array, start: number, offset: number, end: number) {
    this.tag = bytes[start]!
    this.offset = offset
    this.end = end
    this.#bytes = bytes
    this.#start = start
  }

  /** A view, not a copy. */
  get contents(): Uint8Array {
    return this.#bytes.subarray(this.offset, this.end)
  }

  /** Identifier, length and contents; a view, not a copy. */
  get encoded(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.end)
  }
}

export interface BitString {
  readonly bytes: Uint8Array
  /** Bits of the last byte that are padding: 0 … 7. */
  readonly unusedBits: number
}

class Malformed extends Error {
  readonly fault: DerFault
  constructor(fault: DerFault) {
    super(fault.rule)
    this.fault = fault
  }
}

export class DerReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  readonly #depth: number
  #at: number

  /** Reads `bytes` from `at` up to `end`. */
  constructor(bytes: Uint8Array, at = 0, end = bytes.length, depth = 0) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
    this.#depth = depth
  }

  get atEnd(): boolean {
    return this.#at === this.#end
  }

  /** Identifier octet of the next element; undefined at the end. */
  get nextTag(): number | undefined {
    return this.#octet(this.#at)
  }

  #octet(at: number): number | undefined {
    return at < this.#end ? this.#bytes[at] : undefined
  }

  reject(field: string, rule: string, offset = this.#at): never {
    throw new Malformed({ field, offset, rule })
  }

  /** The next element; with `tag`, it must have that identifier octet. */
  element(field: string, tag?: number): DerElement {
    const start = this.#at
    const found = this.#octet(start)
    if (found === undefined) this.reject(field, 'the element is missing')
    if (tag !== undefined && found !== tag) {
      this.reject(field, `identifier octet is ${hex(found)}, expected ${hex(tag)}`)
    }
    if ((found & 0x1f) === 0x1f)
      this.reject(field, 'tag numbers above 30 are not used (X.690 §8.1.2)')
    const first = this.#octet(start + 1)
    if (first === undefined) this.reject(field, 'the length is missing')
    const octets = first < 0x80 ? 0 : first & 0x7f
    const length = first < 0x80 ? first : this.#longLength(field, start + 2, octets)
    const offset = start + 2 + octets
    const end = offset + length
    if (end > this.#end) {
      this.reject(field, `${length} bytes of contents announced, ${this.#end - offset} left`)
    }
    this.#at = end
    return new DerElement(this.#bytes, start, offset, end)
  }

  /** The long form (X.690 §8.1.3.5): a length in `count` octets from `at`. */
  #longLength(field: string, at: number, count: number): number {
    if (count === 0) this.reject(field, 'indefinite length (X.690 §10.1)')
    if (count > 4) this.reject(field, `length in ${count} octets`)
    let length = 0
    for (let i = 0; i < count; i++) {
      const octet = this.#octet(at + i)
      if (octet === undefined) this.reject(field, 'the length is cut short')
      length = length * 256 + octet
    }
    if (length < 0x80 || length < 256 ** (count - 1)) {
      this.reject(field, 'length is not in its shortest form (X.690 §10.1)')
    }
    return length
  }

  /** A reader over the contents of an element that this reader returned. */
  inside({ offset, end }: DerElement, field: string): DerReader {
    if (this.#depth >= DER_DEPTH_MAX) {
      this.reject(field, `nested deeper than ${DER_DEPTH_MAX}`, offset)
    }
    return new DerReader(this.#bytes, offset, end, this.#depth + 1)
  }

  /** A reader over the contents of the next element, which must be constructed as `tag` says. */
  constructed(field: string, tag: number): DerReader {
    return this.inside(this.element(field, tag), field)
  }

  sequence(field: string): DerReader {
    return this.constructed(field, TAG.sequence)
  }

  /** The contents of `[n]`, or undefined when the next element is another one. */
  explicit(n: number, field: string): DerReader | undefined {
    return this.nextTag === contextConstructed(n)
      ? this.constructed(field, contextConstructed(n))
      : undefined
  }

  /** Read elements until the contents end. SIZE (1..MAX) unless `mayBeEmpty`. */
  each<T>(field: string, read: (reader: DerReader) => T, mayBeEmpty = false): T[] {
    if (this.atEnd && !mayBeEmpty) this.reject(field, 'at least one element is required')
    const out: T[] = []
    while (!this.atEnd) out.push(read(this))
    return out
  }

  end(field: string): void {
    if (!this.atEnd) this.reject(field, 'bytes follow the last element')
  }

  boolean(field: string, tag: number = TAG.boolean): boolean {
    const { contents, offset } = this.element(field, tag)
    const value = contents[0]
    if (contents.length !== 1 || (value !== 0 && value !== 0xff)) {
      this.reject(field, 'a BOOLEAN is 00 or FF (X.690 §11.1)', offset)
    }
    return value === 0xff
  }

  /** A BOOLEAN DEFAULT FALSE: absent, or TRUE. */
  flag(field: string, tag: number = TAG.boolean): boolean {
    if (this.nextTag !== tag) return false
    const at = this.#at
    if (!this.boolean(field, tag))
      this.reject(field, 'a DEFAULT value is encoded (X.690 §11.5)', at)
    return true
  }

  /** The contents octets of an INTEGER: two's complement, shortest form. */
  integerBytes(field: string, tag: number = TAG.integer): Uint8Array {
    const { contents, offset } = this.element(field, tag)
    const [first, second] = contents
    if (first === undefined) this.reject(field, 'an INTEGER has no contents (X.690 §8.3)', offset)
    const padded =
      second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))
    if (padded) this.reject(field, 'INTEGER is not in its shortest form (X.690 §8.3.2)', offset)
    return contents
  }

  /** An INTEGER of 0 … 2³¹ − 1. */
  smallInteger(field: string, tag: number = TAG.integer): number {
    const at = this.#at
    const bytes = this.integerBytes(field, tag)
    if (bytes.length > 4 || bytes[0]! >= 0x80) this.reject(field, 'not within 0 … 2147483647', at)
    return bytes.reduce((value, octet) => value * 256 + octet, 0)
  }

  oid(field: string, tag: number = TAG.oid): string {
    const { offset, end } = this.element(field, tag)
    const text = decodeOid(this.#bytes, offset, end)
    if (text === undefined) this.reject(field, 'not an object identifier (X.690 §8.19)', offset)
    return text
  }

  bitString(field: string, tag: number = TAG.bitString): BitString {
    const { contents, offset } = this.element(field, tag)
    const unusedBits = contents[0]
    const bytes = contents.subarray(1)
    const last = bytes.at(-1) ?? 0
    if (unusedBits === undefined || unusedBits > 7 || (bytes.length === 0 && unusedBits > 0)) {
      this.reject(field, 'bad count of unused bits (X.690 §8.6.2)', offset)
    }
    if ((last & ((1 << unusedBits) - 1)) !== 0) {
      this.reject(field, 'unused bits are not zero (X.690 §11.2.1)', offset)
    }
    return { bytes, unusedBits }
  }

  /** A BIT STRING of whole bytes: keys and signatures. */
  octetsOfBits(field: string): Uint8Array {
    const at = this.#at
    const { bytes, unusedBits } = this.bitString(field)
    if (unusedBits !== 0) this.reject(field, 'a whole number of octets is required', at)
    return bytes
  }

  octetString(field: string, tag: number = TAG.octetString): Uint8Array {
    return this.element(field, tag).contents
  }

  /** An IA5String, by default the IMPLICIT kind of a GeneralName: the caller gives the tag. */
  ia5String(field: string, tag: number = TAG.ia5String): string {
    const { contents, offset } = this.element(field, tag)
    if (!isAscii(contents)) this.reject(field, 'not an IA5String', offset)
    return toLatin1(contents)
  }

  /** The Time of RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050, seconds given, Zulu. */
  time(field: string): Instant {
    const tag = this.nextTag
    if (tag !== TAG.utcTime && tag !== TAG.generalizedTime) {
      this.reject(field, 'neither UTCTime nor GeneralizedTime (RFC 5280 §4.1.2.5)')
    }
    const { contents, offset } = this.element(field)
    const at = readTime(contents, tag === TAG.utcTime ? 2 : 4)
    if (at === undefined) this.reject(field, 'not a date and time (RFC 5280 §4.1.2.5)', offset)
    return at
  }
}

const hex = (octet: number): string => `0x${octet.toString(16).padStart(2, '0')}`

/** Decimal digits, the year in two or four of them, each part after it in two, and Z. */
function readTime(text: Uint8Array, yearDigits: 2 | 4): Instant | undefined {
  const last = yearDigits + 10
  if (text.length !== last + 1 || text[last] !== Z) return undefined
  for (let at = 0; at < last; at++) if (text[at]! < ZERO || text[at]! > ZERO + 9) return undefined
  const two = (at: number): number => (text[at]! - ZERO) * 10 + text[at + 1]! - ZERO
  const m = yearDigits
  const year = m === 4 ? two(0) * 100 + two(2) : two(0) + (two(0) >= 50 ? 1900 : 2000)
  return instantOf([year, two(m), two(m + 2)], [two(m + 4), two(m + 6), two(m + 8)])
}

const ZERO = 0x30
const Z = 0x5a

/** Whether each byte is a character of IA5 (ITU-T T.50). */
export function isAscii(bytes: Uint8Array): boolean {
  for (const octet of bytes) if (octet > 0x7f) return false
  return true
}

/** Read the whole of `bytes`; what follows the value that `read` takes is a fault too. Never throws on bad bytes. */
export function readDer<T>(
  bytes: Uint8Array,
  field: string,
  read: (reader: DerReader) => T,
): Result<T, DerFault> {
  const reader = new DerReader(bytes)
  try {
    const value = read(reader)
    reader.end(field)
    return ok(value)
  } catch (thrown) {
    if (thrown instanceof Malformed) return err(thrown.fault)
    throw thrown
  }
}

/** `tbsCertificate.validity, byte 63: not a date and time (RFC 5280 §4.1.2.5)` */
export const formatDerFault = (fault: DerFault): string =>
  `${fault.field}, byte ${fault.offset}: ${fault.rule}`
