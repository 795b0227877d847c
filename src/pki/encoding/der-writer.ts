/**
 * Writes DER (X.690): each function returns one whole element. {@link ./der.ts} reads.
 * Not a check of what it is given: values come from our own code.
 */
import { concat } from '../../base/bytes.ts'
import { formatInstant, type Instant } from '../../base/time.ts'
import { contextConstructed, TAG } from './der.ts'
import { encodeOid } from './oid-encoding.ts'

/** One element: identifier octet, shortest length, contents. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, part) => sum + part.length, 0)
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | octets.length, ...octets]
  return concat(Uint8Array.from(header), ...contents)
}

export const sequence = (...elements: readonly Uint8Array[]): Uint8Array =>
  element(TAG.sequence, ...elements)

export const explicit = (n: number, ...elements: readonly Uint8Array[]): Uint8Array =>
  element(contextConstructed(n), ...elements)

export const octetString = (bytes: Uint8Array): Uint8Array => element(TAG.octetString, bytes)

/** A BIT STRING; of whole bytes, unless the last has bits that are not used. */
export const bitString = (bytes: Uint8Array, unusedBits = 0): Uint8Array =>
  element(TAG.bitString, Uint8Array.of(unusedBits), bytes)

export const boolean = (value: boolean): Uint8Array =>
  element(TAG.boolean, Uint8Array.of(value ? 0xff : 0))

export const nullElement = (): Uint8Array => element(TAG.null)

/** An INTEGER from its magnitude, big-endian; leading zero bytes are dropped, one is added where the sign needs it. */
function positiveInteger(magnitude: Uint8Array, tag: number = TAG.integer): Uint8Array {
  const first = magnitude.findIndex((octet) => octet !== 0)
  const digits = first === -1 ? Uint8Array.of(0) : magnitude.subarray(first)
  return digits[0]! >= 0x80 ? element(tag, Uint8Array.of(0), digits) : element(tag, digits)
}

/** An INTEGER (or, with `tag`, an ENUMERATED) of 0 … 2³² − 1. */
export const integer = (value: number, tag: number = TAG.integer): Uint8Array =>
  positiveInteger(
    Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255),
    tag,
  )

/** `dotted` has at least two arcs, as in `2.5.29.20`. */
export const oid = (dotted: string): Uint8Array => element(TAG.oid, encodeOid(dotted))

/** The Time of RFC 5280 §4.1.2.5, whole seconds: UTCTime for 1950 … 2049, GeneralizedTime otherwise. */
export function time(at: Instant): Uint8Array {
  const digits = digitsOf(at)
  return digits >= '1950' && digits < '2050'
    ? element(TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`, 'latin1'))
    : generalizedTime(at)
}

/** GeneralizedTime whatever the year, whole seconds (RFC 5280 §4.1.2.5.2): what OCSP has. */
export const generalizedTime = (at: Instant): Uint8Array =>
  element(TAG.generalizedTime, Buffer.from(`${digitsOf(at)}Z`, 'latin1'))

/** `20260302080000` */
const digitsOf = (at: Instant): string => formatInstant(at).slice(0, 19).replace(/[-:T]/g, '')
