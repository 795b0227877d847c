/**
 * Big-endian reads and writes on Uint8Array, hexadecimal text, and the Internet checksum (RFC 1071).
 * Not a codec: headers live in `wire`. Offsets are not checked here; a decoder checks lengths first.
 */

export const u16 = (b: Uint8Array, at: number): number => (b[at]! << 8) | b[at + 1]!
export const u32 = (b: Uint8Array, at: number): number =>
  ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0

export function setU16(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 8
  b[at + 1] = value
}

export function setU32(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 24
  b[at + 1] = value >>> 16
  b[at + 2] = value >>> 8
  b[at + 3] = value
}

/** Of a whole number up to 2^53. */
export function setU64(b: Uint8Array, at: number, value: number): void {
  setU32(b, at, Math.floor(value / 2 ** 32))
  setU32(b, at + 4, value % 2 ** 32)
}

/** Up to so many bytes are copied one by one, sooner than the platform's own copy begins. */
const FEW = 16

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (let i = 0; i < parts.length; i++) length += parts[i]!.length
  const out = new Uint8Array(length)
  let at = 0
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!
    const size = part.length
    if (size <= FEW) for (let from = 0; from < size; from++) out[at + from] = part[from]!
    else out.set(part, at)
    at += size
  }
  return out
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

/** The same bytes, not a copy, with Buffer's encodings. */
const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** The same bytes, no longer as the platform's Buffer: that one's `slice` is a view, where everybody here means a copy. */
export const withoutBuffer = ({ buffer, byteOffset, length }: Uint8Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length)

export const toHex = (bytes: Uint8Array): string => asBuffer(bytes).toString('hex')
export const toBase64Url = (bytes: Uint8Array): string => asBuffer(bytes).toString('base64url')
/** One character a byte (ISO 8859-1); of ASCII its text. */
export const toLatin1 = (bytes: Uint8Array): string => asBuffer(bytes).toString('latin1')

/** Pairs of hexadecimal digits, blanks allowed between them. Throws RangeError: for literals in our own code. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '')
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new RangeError(`not hexadecimal: '${text}'`)
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Longer arrays lie outside V8's heap, where a call of the encoder costs little beside them. */
const SHORT_TEXT = 64

/** Most texts are short and ASCII: a loop takes a fifth of what the encoder does. */
export function utf8(text: string): Uint8Array {
  const { length } = text
  if (length > SHORT_TEXT) return encoder.encode(text)
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) {
    const unit = text.charCodeAt(at)
    if (unit >= 0x80) return encoder.encode(text)
    bytes[at] = unit
  }
  return bytes
}

export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes)

/** From this many bytes on, a view of the memory is worth its making. */
const LONG_SUM = 96
/** Frames are cut from blocks: the next one is mostly in the same. */
let summed: DataView = new DataView(new ArrayBuffer(0))

/**
 * The ones'-complement sum of 16-bit words from `start` to `end`, not yet folded into 16 bits; an odd last byte counts as its high half.
 * Every packet passes here: sixteen bytes a turn.
 */
export function checksumSum(b: Uint8Array, start: number, end: number, sum = 0): number {
  if (end - start >= LONG_SUM) return longSum(b, start, end, sum)
  let at = start
  let high = 0
  let low = sum
  for (; at + 1 < end; at += 2) {
    high += b[at]!
    low += b[at + 1]!
  }
  if (at < end) high += b[at]!
  return high * 256 + low
}

/** Two words at once: 65,536 ≡ 1 where only the folded sum counts (RFC 1071 §2), and 2^53 has room for half a million of them. */
function longSum(b: Uint8Array, start: number, end: number, sum: number): number {
  if (summed.buffer !== b.buffer) summed = new DataView(b.buffer)
  const view = summed
  const last = b.byteOffset + end
  let at = b.byteOffset + start
  let pairs = 0
  for (; at + 15 < last; at += 16) {
    pairs +=
      view.getUint32(at) + view.getUint32(at + 4) + view.getUint32(at + 8) + view.getUint32(at + 12)
  }
  let words = sum + (pairs % 0x10000) + Math.floor(pairs / 0x10000)
  for (; at + 1 < last; at += 2) words += view.getUint16(at)
  return at < last ? words + view.getUint8(at) * 256 : words
}

/** Fold and complement a sum from {@link checksumSum}: the value that goes on the wire (RFC 1071). */
export function foldChecksum(sum: number): number {
  let folded = (sum & 0xffff) + Math.floor(sum / 0x10000)
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16)
  return ~folded & 0xffff
}

/** The Internet checksum of `b` from `start` to `end`. Over data that includes a right checksum the result is 0. */
export const checksum = (b: Uint8Array, start = 0, end = b.length): number =>
  foldChecksum(checksumSum(b, start, end))

/** The checksum after one 16-bit word changed from `was` to `is` (RFC 1624, equation 3). */
export function adjustChecksum(old: number, was: number, is: number): number {
  let sum = (~old & 0xffff) + (~was & 0xffff) + is
  sum = (sum & 0xffff) + (sum >>> 16)
  sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
