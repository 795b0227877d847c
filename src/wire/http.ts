/**
 * HTTP/1.1 messages (RFC 9112): request and response, Content-Length and chunked bodies, with limits on what a peer may send.
 * Not a connection: whoever reads a stream calls again with more bytes until a message is whole.
 */
import { concat } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { formatInstant, type Instant } from '../base/time.ts'
import type { WireError, WireFault } from './codec.ts'

/** Start line and header together. IIS allows 16 KiB (MaxRequestBytes). */
export const HTTP_HEAD_BYTES_MAX = 16_384
/** A large CRL has one megabyte. */
export const HTTP_BODY_BYTES_MAX = 16 * 1024 * 1024

export interface HttpHeader {
  readonly name: string
  readonly value: string
}

export interface HttpRequest {
  readonly method: string
  /** As it stands in the request line: `/crl/root.crl`. */
  readonly target: string
  readonly headers: readonly HttpHeader[]
  readonly body: Uint8Array
}

export interface HttpResponse {
  readonly status: number
  readonly reason: string
  readonly headers: readonly HttpHeader[]
  readonly body: Uint8Array
}

/** `undefined`: not all of it is there yet. `length` is how many bytes of the stream the message took. */
export type Received<T> = Result<
  { readonly message: T; readonly length: number } | undefined,
  WireError
>

/** What the reader of a response knows beside the bytes. */
export interface ResponseContext {
  /** The method that was asked: a response to HEAD has no body. */
  readonly method: string
  /** The peer has closed its side, which ends a body without a length (RFC 9112 §6.3, rule 8). */
  readonly ended: boolean
}

const TOKEN = String.raw`[!#$%&'*+.^_\x60|~0-9A-Za-z-]+`
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21-\\x7e]+) HTTP/1\\.[01]$`)
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/
const FIELD_LINE = new RegExp(`^(${TOKEN}):[ \\t]*([\\t\\x20-\\x7e\\x80-\\xff]*?)[ \\t]*$`)
const CHUNK_LINE = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i

const fault = (code: WireFault, field: string, offset: number, rfc: string) =>
  err<WireError>({ code, layer: 'http', field, offset, rfc })

const tooLarge = (offset: number, what = 'body') =>
  fault(
    'bad-value',
    `${what} of more than ${HTTP_BODY_BYTES_MAX} bytes`,
    offset,
    'RFC 9110 §15.5.14',
  )

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

const CR = 13
const LF = 10

/** Where the CRLF after `from` begins; -1 when there is none yet. */
function lineEnd(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(CR, from)
  while (at >= 0 && at + 1 < bytes.length && bytes[at + 1] !== LF) at = bytes.indexOf(CR, at + 1)
  return at + 1 < bytes.length ? at : -1
}

interface Head {
  readonly startLine: string
  readonly headers: readonly HttpHeader[]
  /** Offset of the first body byte. */
  readonly end: number
}

function readHead(bytes: Uint8Array): Result<Head | undefined, WireError> {
  const lines: string[] = []
  let at = 0
  for (;;) {
    const end = lineEnd(bytes, at)
    if ((end < 0 ? bytes.length : end) > HTTP_HEAD_BYTES_MAX) {
      return fault('bad-value', 'header size', HTTP_HEAD_BYTES_MAX, 'RFC 9112 §3')
    }
    if (end < 0) return ok(undefined)
    const line = latin1(bytes.subarray(at, end))
    at = end + 2
    // One empty line before a start line is forgiven (RFC 9112 §2.2).
    if (line === '' && lines.length === 0 && end === 0) continue
    if (line === '') break
    lines.push(line)
  }
  const headers: HttpHeader[] = []
  for (const line of lines.slice(1)) {
    const m = FIELD_LINE.exec(line)
    if (m === null) return fault('bad-value', `field line '${line.slice(0, 40)}'`, 0, 'RFC 9112 §5')
    headers.push({ name: m[1]!, value: m[2]! })
  }
  return ok({ startLine: lines[0] ?? '', headers, end: at })
}

/** All values of a field, joined as RFC 9110 §5.3 allows; undefined when it is absent. Names match in any case. */
export function headerValue(headers: readonly HttpHeader[], name: string): string | undefined {
  const values = headers.filter((h) => h.name.toLowerCase() === name.toLowerCase())
  return values.length === 0 ? undefined : values.map((h) => h.value).join(', ')
}

type Framing = 'chunked' | 'until-close' | number

/** How long the body is (RFC 9112 §6.3). `fallback` is what counts when no field says. */
function framingOf(head: Pick<Head, 'headers'>, fallback: Framing): Result<Framing, WireError> {
  const coding = headerValue(head.headers, 'Transfer-Encoding')
  const written = headerValue(head.headers, 'Content-Length')
  if (coding !== undefined) {
    // Both fields at once are how requests are smuggled.
    if (written !== undefined || coding.toLowerCase() !== 'chunked') {
      return fault('bad-value', `Transfer-Encoding '${coding}'`, 0, 'RFC 9112 §6.1')
    }
    return ok('chunked')
  }
  if (written === undefined) return ok(fallback)
  const lengths = new Set(written.split(',').map((part) => part.trim()))
  const [length = ''] = lengths
  if (lengths.size !== 1 || !/^\d{1,15}$/.test(length)) {
    return fault('bad-value', `Content-Length '${written}'`, 0, 'RFC 9112 §6.3')
  }
  return Number(length) > HTTP_BODY_BYTES_MAX
    ? tooLarge(0, `Content-Length '${written}'`)
    : ok(Number(length))
}

/** The body from `start`; undefined: not whole yet. */
function readBody(
  bytes: Uint8Array,
  start: number,
  framing: Framing,
  ended: boolean,
): Result<{ readonly body: Uint8Array; readonly end: number } | undefined, WireError> {
  if (framing === 'chunked') return readChunks(bytes, start)
  if (framing === 'until-close') {
    if (bytes.length - start > HTTP_BODY_BYTES_MAX) {
      return tooLarge(start + HTTP_BODY_BYTES_MAX)
    }
    return ok(ended ? { body: bytes.slice(start), end: bytes.length } : undefined)
  }
  const end = start + framing
  return ok(end > bytes.length ? undefined : { body: bytes.slice(start, end), end })
}

/** RFC 9112 §7.1. Extensions and trailers are read over. */
function readChunks(
  bytes: Uint8Array,
  start: number,
): Result<{ readonly body: Uint8Array; readonly end: number } | undefined, WireError> {
  const chunks: Uint8Array[] = []
  let total = 0
  let at = start
  for (;;) {
    const end = lineEnd(bytes, at)
    if (end < 0) return overlong(bytes, at)
    const m = CHUNK_LINE.exec(latin1(bytes.subarray(at, end)))
    if (m === null) return fault('bad-value', 'chunk-size', at, 'RFC 9112 §7.1')
    const size = Number.parseInt(m[1]!, 16)
    total += size
    if (total > HTTP_BODY_BYTES_MAX) return tooLarge(at)
    at = end + 2
    if (size === 0) break
    if (at + size + 2 > bytes.length) return ok(undefined)
    if (bytes[at + size] !== CR || bytes[at + size + 1] !== LF) {
      return fault('bad-value', 'chunk-data', at + size, 'RFC 9112 §7.1')
    }
    chunks.push(bytes.subarray(at, at + size))
    at += size + 2
  }
  for (;;) {
    const end = lineEnd(bytes, at)
    if (end < 0) return overlong(bytes, at)
    const last = end === at
    at = end + 2
    if (last) return ok({ body: concat(...chunks), end: at })
  }
}

/** A chunk or trailer line that is still open: wait for more of it, but not forever. */
const overlong = (bytes: Uint8Array, at: number): Result<undefined, WireError> =>
  bytes.length - at > HTTP_HEAD_BYTES_MAX
    ? fault('bad-value', 'chunk line', at, 'RFC 9112 §7.1')
    : ok(undefined)

/** A request's start line and fields, whatever its body is: `length` is where that begins. */
export function receiveRequestHead(bytes: Uint8Array): Received<Omit<HttpRequest, 'body'>> {
  const read = readHead(bytes)
  if (!read.ok) return read
  const head = read.value
  if (head === undefined) return ok(undefined)
  const m = REQUEST_LINE.exec(head.startLine)
  if (m === null) return fault('bad-value', 'request-line', 0, 'RFC 9112 §3')
  return ok({
    message: { method: m[1]!, target: m[2]!, headers: head.headers },
    length: head.end,
  })
}

/** Read one request from the beginning of a stream. */
export function receiveRequest(bytes: Uint8Array): Received<HttpRequest> {
  const read = receiveRequestHead(bytes)
  if (!read.ok) return read
  if (read.value === undefined) return ok(undefined)
  const { message: head, length } = read.value
  const framing = framingOf(head, 0)
  if (!framing.ok) return framing
  const body = readBody(bytes, length, framing.value, false)
  if (!body.ok) return body
  if (body.value === undefined) return ok(undefined)
  return ok({ message: { ...head, body: body.value.body }, length: body.value.end })
}

/** Read one response from the beginning of a stream. A stream that ends within a message is `truncated`. */
export function receiveResponse(
  bytes: Uint8Array,
  context: ResponseContext,
): Received<HttpResponse> {
  const read = readResponse(bytes, context)
  return read.ok && read.value === undefined && context.ended
    ? fault('truncated', 'message', bytes.length, 'RFC 9112 §8')
    : read
}

/** A response's start line and fields, whatever its body is: `length` is where that begins. */
export function receiveResponseHead(bytes: Uint8Array): Received<Omit<HttpResponse, 'body'>> {
  const read = readHead(bytes)
  if (!read.ok) return read
  const head = read.value
  if (head === undefined) return ok(undefined)
  const m = STATUS_LINE.exec(head.startLine)
  if (m === null) return fault('bad-value', 'status-line', 0, 'RFC 9112 §4')
  return ok({
    message: { status: Number(m[1]), reason: m[2] ?? '', headers: head.headers },
    length: head.end,
  })
}

function readResponse(bytes: Uint8Array, context: ResponseContext): Received<HttpResponse> {
  const read = receiveResponseHead(bytes)
  if (!read.ok) return read
  if (read.value === undefined) return ok(undefined)
  const { message: head, length } = read.value
  const { status } = head
  const bodiless = context.method === 'HEAD' || status < 200 || status === 204 || status === 304
  const framing = bodiless ? ok(0) : framingOf(head, 'until-close')
  if (!framing.ok) return framing
  const body = readBody(bytes, length, framing.value, context.ended)
  if (!body.ok) return body
  if (body.value === undefined) return ok(undefined)
  return ok({ message: { ...head, body: body.value.body }, length: body.value.end })
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
const DAY_MICROSECONDS = 86_400e6

/** `Mon, 02 Mar 2026 08:00:00 GMT` (RFC 9110 §5.6.7). */
export function httpDate(at: Instant): string {
  const [year, month, day] = formatInstant(at).slice(0, 10).split('-')
  const time = formatInstant(at).slice(11, 19)
  // 1 January 1970 was a Thursday.
  const weekday = DAYS[(((Math.floor(at / DAY_MICROSECONDS) + 4) % 7) + 7) % 7]
  return `${weekday}, ${day} ${MONTHS[Number(month) - 1]} ${year} ${time} GMT`
}

function encodeMessage(
  startLine: string,
  headers: readonly HttpHeader[],
  body: Uint8Array,
): Uint8Array {
  const lines = [startLine, ...headers.map((h) => `${h.name}: ${h.value}`)]
  if (lines.some((line) => /[\r\n]/.test(line))) {
    throw new RangeError(`an HTTP header holds a line break: ${JSON.stringify(lines)}`)
  }
  return concat(new Uint8Array(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')), body)
}

/** The bytes of a request. Content-Length is the caller's. Throws RangeError for a line break in a header. */
export const encodeRequest = (r: HttpRequest): Uint8Array =>
  encodeMessage(`${r.method} ${r.target} HTTP/1.1`, r.headers, r.body)

/** The bytes of a response. Content-Length is the caller's. Throws RangeError for a line break in a header. */
export const encodeResponse = (r: HttpResponse): Uint8Array =>
  encodeMessage(`HTTP/1.1 ${r.status} ${r.reason}`, r.headers, r.body)
