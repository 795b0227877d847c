/**
 * A strict DER reader (X.690): one cursor that moves forward, and malformed input that comes back as a value.
 * Not a general ASN.1 tool: tag numbers above 30 and indefinite lengths are refused. {@link ./der-writer.ts} writes.
 */
import { err, ok, type Result } from '../base/result.ts'
import { parseInstant, type Instant } from '../base/time.ts'

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

export interface DerElement {
  /** The identifier octet. */
  readonly tag: number
  readonly contents: Uint8Array
  /** Identifier, length and contents. */
  readonly encoded: Uint8Array
  /** Where the contents begin, from the first byte read. */
  readonly offset: number
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
  readonly #base: number
  readonly #depth: number
  #at = 0

  constructor(bytes: Uint8Array, base = 0, depth = 0) {
    this.#bytes = bytes
    this.#base = base
    this.#depth = depth
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  /** Identifier octet of the next element; undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#at]
  }

  reject(field: string, rule: string, offset = this.#base + this.#at): never {
    throw new Malformed({ field, offset, rule })
  }

  /** The next element; with `tag`, it must have that identifier octet. Contents are a view, not a copy. */
  element(field: string, tag?: number): DerElement {
    const bytes = this.#bytes
    const start = this.#at
    const found = bytes[start]
    if (found === undefined) this.reject(field, 'the element is missing')
    if (tag !== undefined && found !== tag) {
      this.reject(field, `identifier octet is ${hex(found)}, expected ${hex(tag)}`)
    }
    if ((found & 0x1f) === 0x1f)
      this.reject(field, 'tag numbers above 30 are not used (X.690 §8.1.2)')
    const { length, contentsAt } = this.#length(field, start + 1)
    const end = contentsAt + length
    if (end > bytes.length) {
      this.reject(field, `${length} bytes of contents announced, ${bytes.length - contentsAt} left`)
    }
    this.#at = end
    return {
      tag: found,
      contents: bytes.subarray(contentsAt, end),
      encoded: bytes.subarray(start, end),
      offset: this.#base + contentsAt,
    }
  }

  #length(field: string, at: number): { length: number; contentsAt: number } {
    const first = this.#bytes[at]
    if (first === undefined) this.reject(field, 'the length is missing')
    if (first < 0x80) return { length: first, contentsAt: at + 1 }
    const count = first & 0x7f
    if (count === 0) this.reject(field, 'indefinite length (X.690 §10.1)')
    if (count > 4) this.reject(field, `length in ${count} octets`)
    let length = 0
    for (let i = 1; i <= count; i++) {
      const octet = this.#bytes[at + i]
      if (octet === undefined) this.reject(field, 'the length is cut short')
      length = length * 256 + octet
    }
    if (length < 0x80 || length < 256 ** (count - 1)) {
      this.reject(field, 'length is not in its shortest form (X.690 §10.1)')
    }
    return { length, contentsAt: at + 1 + count }
  }

  /** A reader over the contents of an element that this reader returned. */
  inside(element: DerElement, field: string): DerReader {
    if (this.#depth >= DER_DEPTH_MAX) {
      this.reject(field, `nested deeper than ${DER_DEPTH_MAX}`, element.offset)
    }
    return new DerReader(element.contents, element.offset, this.#depth + 1)
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
    const at = this.#base + this.#at
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
    const at = this.#base + this.#at
    const bytes = this.integerBytes(field, tag)
    if (bytes.length > 4 || bytes[0]! >= 0x80) this.reject(field, 'not within 0 … 2147483647', at)
    return bytes.reduce((value, octet) => value * 256 + octet, 0)
  }

  oid(field: string, tag: number = TAG.oid): string {
    const { contents, offset } = this.element(field, tag)
    const text = formatOid(contents)
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
    const at = this.#base + this.#at
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
    if (contents.some((octet) => octet > 0x7f)) this.reject(field, 'not an IA5String', offset)
    return Buffer.from(contents).toString('latin1')
  }

  /** The Time of RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050, seconds given, Zulu. */
  time(field: string): Instant {
    const tag = this.nextTag
    if (tag !== TAG.utcTime && tag !== TAG.generalizedTime) {
      this.reject(field, 'neither UTCTime nor GeneralizedTime (RFC 5280 §4.1.2.5)')
    }
    const { contents, offset } = this.element(field)
    const at = parseTime(String.fromCharCode(...contents.subarray(0, 20)), tag)
    if (at === undefined) this.reject(field, 'not a date and time (RFC 5280 §4.1.2.5)', offset)
    return at
  }
}

const hex = (octet: number): string => `0x${octet.toString(16).padStart(2, '0')}`

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/

function parseTime(text: string, tag: number): Instant | undefined {
  const m = (tag === TAG.utcTime ? UTC_TIME : GENERALIZED_TIME).exec(text)
  if (m === null) return undefined
  const [, first, month, day, hour, minute, second] = m
  const year = tag === TAG.utcTime ? (Number(first) >= 50 ? `19${first}` : `20${first}`) : first
  return parseInstant(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

/** The dotted form of an OBJECT IDENTIFIER's contents; undefined when they are not one. */
function formatOid(contents: Uint8Array): string | undefined {
  if (contents.length === 0 || contents.at(-1)! >= 0x80) return undefined
  const arcs: number[] = []
  let value = 0
  let begun = false
  for (const octet of contents) {
    // A leading 80 pads the arc (X.690 §8.19.2).
    if (!begun && octet === 0x80) return undefined
    value = value * 128 + (octet & 0x7f)
    if (value > Number.MAX_SAFE_INTEGER) return undefined
    begun = octet >= 0x80
    if (begun) continue
    arcs.push(value)
    value = 0
  }
  const [first = 0, ...rest] = arcs
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - 40 * root, ...rest].join('.')
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
