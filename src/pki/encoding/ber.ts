/**
 * BER (X.690 §8) made readable for the DER reader: indefinite lengths become definite ones, strings in pieces become whole.
 * Not for certificates and CRLs, which are DER or nothing: for the bundles around them, which some programs write so.
 */
import { concat } from '../../base/bytes.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { DER_DEPTH_MAX, TAG, type DerFault } from './der.ts'
import { element, octetString } from './der-writer.ts'

const CONSTRUCTED = 0x20
const OCTET_STRING_IN_PIECES = TAG.octetString | CONSTRUCTED

interface Header {
  readonly tag: number
  readonly contentsAt: number
  /** Undefined: indefinite, up to two zero octets. */
  readonly length: number | undefined
}

interface Converted {
  readonly encoded: Uint8Array
  readonly contents: Uint8Array
  /** Offset of the octet after it, in the original. */
  readonly next: number
  /** `encoded` are the original octets, a view of them. */
  readonly isSame: boolean
}

const fault = (offset: number, rule: string) => err({ field: 'BER', offset, rule })

/**
 * The same value in definite lengths and whole OCTET STRINGs. An element that is so already is copied octet by octet, so that what is
 * signed in it stays as it was signed.
 */
export function toDefiniteLengths(bytes: Uint8Array): Result<Uint8Array, DerFault> {
  const converted = convert(bytes, 0, bytes.length, 0)
  if (!converted.ok) return converted
  const { encoded, next } = converted.value
  return next === bytes.length ? ok(encoded) : fault(next, 'bytes follow the last element')
}

function readHeader(bytes: Uint8Array, at: number, end: number): Result<Header, DerFault> {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined || at + 2 > end) {
    return fault(at, 'the element is cut short')
  }
  if ((tag & 0x1f) === 0x1f) return fault(at, 'tag numbers above 30 are not used (X.690 §8.1.2)')
  if (first < 0x80) return within(end, { tag, contentsAt: at + 2, length: first })
  if (first === 0x80) return ok({ tag, contentsAt: at + 2, length: undefined })
  const count = first & 0x7f
  if (count > 4) return fault(at, `length in ${count} octets`)
  if (at + 2 + count > end) return fault(at, 'the length is cut short')
  const octets = bytes.subarray(at + 2, at + 2 + count)
  const length = octets.reduce((value, octet) => value * 256 + octet, 0)
  return within(end, { tag, contentsAt: at + 2 + count, length })
}

function within(end: number, header: Header & { length: number }): Result<Header, DerFault> {
  const left = end - header.contentsAt
  return header.length <= left
    ? ok(header)
    : fault(header.contentsAt, `${header.length} bytes of contents announced, ${left} left`)
}

function convert(
  bytes: Uint8Array,
  at: number,
  end: number,
  depth: number,
): Result<Converted, DerFault> {
  const header = readHeader(bytes, at, end)
  if (!header.ok) return header
  const { tag, contentsAt, length } = header.value
  const isConstructed = (tag & CONSTRUCTED) !== 0
  if (!isConstructed && length === undefined) {
    return fault(at, 'a primitive element has no indefinite length (X.690 §8.1.3.2)')
  }
  const verbatim = (next: number): Converted => ({
    encoded: bytes.subarray(at, next),
    contents: bytes.subarray(contentsAt, next),
    next,
    isSame: true,
  })
  if (!isConstructed) return ok(verbatim(contentsAt + length!))
  if (depth >= DER_DEPTH_MAX) return fault(at, `nested deeper than ${DER_DEPTH_MAX}`)
  const inner = convertAll(bytes, header.value, end, depth)
  if (!inner.ok) return inner
  const { parts, next } = inner.value
  if (tag === OCTET_STRING_IN_PIECES) {
    const contents = concat(...parts.map((part) => part.contents))
    return ok({ encoded: octetString(contents), contents, next, isSame: false })
  }
  if (length !== undefined && parts.every(({ isSame }) => isSame)) return ok(verbatim(next))
  const contents = concat(...parts.map((part) => part.encoded))
  return ok({ encoded: element(tag, contents), contents, next, isSame: false })
}

/** The elements inside a constructed one, and where it ends. */
function convertAll(
  bytes: Uint8Array,
  { contentsAt, length }: Header,
  end: number,
  depth: number,
): Result<{ readonly parts: readonly Converted[]; readonly next: number }, DerFault> {
  const isOpen = length === undefined
  const stop = isOpen ? end : contentsAt + length
  const parts: Converted[] = []
  for (let at = contentsAt; ;) {
    if (!isOpen && at >= stop) return ok({ parts, next: at })
    if (isOpen && bytes[at] === 0 && bytes[at + 1] === 0 && at + 2 <= end) {
      return ok({ parts, next: at + 2 })
    }
    const part = convert(bytes, at, stop, depth + 1)
    if (!part.ok) return part
    parts.push(part.value)
    at = part.value.next
  }
}
