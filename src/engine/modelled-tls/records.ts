/**
 * Records of TLS as modelled: of the length that their suite gives them, the content in clear, and a tag by which a byte that was changed shows. NOT
 * PROTECTION: anybody reads them, and makes the tag anew. RFC 5246 §6.2, RFC 8446 §5.
 */
import { setU16, setU32 } from '../../base/bytes.ts'
import { isSpread, mix, spread } from '../../crypto/modelled/mix.ts'
import { ContentType, RECORD_HEAD } from '../tls-registry.ts'
import type { Suite } from './suites.ts'

/** The most content of one record. */
const CONTENT_MAX = 16_384
/** The most that a record may say it has: of a TLS that expands by all that it may (RFC 5246 §6.2.3). */
export const BODY_MAX = CONTENT_MAX + 256

/** What a side's records go under from ChangeCipherSpec on, or from ServerHello. */
export interface Keys {
  readonly suite: Suite
  /** Of the connection and the direction. */
  readonly seed: number
  sequence: number
}

function head(out: Uint8Array, at: number, type: number, length: number): void {
  out[at] = type
  out[at + 1] = 3
  out[at + 2] = 3
  setU16(out, at + 3, length)
}

/** In clear. `minor`: the version's second byte. */
export function clearRecords(type: number, content: Uint8Array, minor = 3): Uint8Array {
  const count = Math.max(1, Math.ceil(content.length / CONTENT_MAX))
  const out = new Uint8Array(count * RECORD_HEAD + content.length)
  for (let part = 0, at = 0; part < count; part++) {
    const from = part * CONTENT_MAX
    const length = Math.min(CONTENT_MAX, content.length - from)
    head(out, at, type, length)
    out[at + 2] = minor
    out.set(content.subarray(from, from + length), at + RECORD_HEAD)
    at += RECORD_HEAD + length
  }
  return out
}

const paddingOf = ({ blockBytes, tagBytes }: Suite, length: number): number =>
  blockBytes === 0 ? 0 : blockBytes - ((length + tagBytes) % blockBytes)

function bodyLength(suite: Suite, length: number): number {
  return suite.ivBytes + length + suite.tagBytes + paddingOf(suite, length)
}

/** Under `keys`, which count. */
export function sealedRecords(keys: Keys, type: number, content: Uint8Array): Uint8Array {
  const { suite } = keys
  const count = Math.max(1, Math.ceil(content.length / CONTENT_MAX))
  const lastLength = content.length - (count - 1) * CONTENT_MAX
  const whole = RECORD_HEAD + bodyLength(suite, CONTENT_MAX)
  const out = new Uint8Array((count - 1) * whole + RECORD_HEAD + bodyLength(suite, lastLength))
  for (let part = 0; part < count; part++) {
    const from = part * CONTENT_MAX
    const length = part === count - 1 ? lastLength : CONTENT_MAX
    seal(keys, type, content.subarray(from, from + length), out, part * whole)
  }
  return out
}

function seal(keys: Keys, type: number, content: Uint8Array, out: Uint8Array, at: number): void {
  const { suite, seed } = keys
  const body = bodyLength(suite, content.length)
  const isTls13 = suite.version === 'TLSv1.3'
  head(out, at, isTls13 ? ContentType.applicationData : type, body)
  const start = at + RECORD_HEAD + suite.ivBytes
  const end = at + RECORD_HEAD + body
  keys.sequence += 1
  if (suite.ivBytes > 0) setU32(out, start - 4, keys.sequence)
  out.set(content, start)
  // What is behind the content: its type in TLS 1.3, the tag, the length of CBC's padding.
  let contentEnd = start + content.length
  if (isTls13) out[contentEnd++] = type
  const tagEnd = suite.blockBytes === 0 ? end : end - 1
  // With the head, as what is authenticated beside the content (RFC 5246 §6.2.3.3, RFC 8446 §5.2).
  spread(mix(seed ^ type, out, at, contentEnd), out, contentEnd, tagEnd)
  if (suite.blockBytes > 0) out[tagEnd] = paddingOf(suite, content.length) - 1
}

/** What a record holds; undefined: it is none under these keys. `record` begins with its head and is whole. */
export function openRecord(
  { suite, seed }: Keys,
  record: Uint8Array,
): { readonly type: number; readonly content: Uint8Array } | undefined {
  const { ivBytes, tagBytes, blockBytes } = suite
  const isTls13 = suite.version === 'TLSv1.3'
  const start = RECORD_HEAD + ivBytes
  const padding = blockBytes === 0 ? 0 : record.at(-1)! + 1
  const tagEnd = blockBytes === 0 ? record.length : record.length - 1
  const contentEnd = record.length - padding - tagBytes + (isTls13 ? 1 : 0)
  const end = isTls13 ? contentEnd - 1 : contentEnd
  if (padding > blockBytes || end < start) return undefined
  const type = isTls13 ? record[end]! : record[0]!
  const tag = mix(seed ^ type, record, 0, contentEnd)
  if (!isSpread(tag, record, contentEnd, tagEnd)) return undefined
  return { type, content: record.subarray(start, end) }
}
