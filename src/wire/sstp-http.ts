/**
 * The HTTP exchange that opens an SSTP stream ([MS-SSTP] §3.2.4.1, §4.1): one request and one answer, both with a body that has no end and is not HTTP.
 * Not the packets in those bodies: `sstp.ts`.
 */
import { toHex } from '../base/bytes.ts'
import { ok } from '../base/result.ts'
import type { Rng } from '../base/rng.ts'
import type { Instant } from '../base/time.ts'
import {
  encodeRequest,
  encodeResponse,
  headerValue,
  httpDate,
  receiveRequestHead,
  receiveResponseHead,
  type Received,
} from './http.ts'

/** TCP. */
export const SSTP_PORT = 443

const SSTP_METHOD = 'SSTP_DUPLEX_POST'
const SSTP_PATH = '/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/'
/** ULONGLONG_MAX: the body never ends. */
const ENDLESS = '18446744073709551615'
const CORRELATION = 'SSTPCORRELATIONID'
const NOTHING = new Uint8Array()

export interface SstpHttpRequest {
  /** The value of Host: the name that was dialled. */
  readonly host: string
  /** A GUID in braces. */
  readonly correlationId: string
  /** For a proxy that ends TLS in front of several gateways. */
  readonly tenantId?: string
}

/** A GUID in braces, version 4 (RFC 9562), as {@link SstpHttpRequest.correlationId} is. */
export function newCorrelationId(rng: Rng): string {
  const bytes = rng.bytes(16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const digits = toHex(bytes).toUpperCase()
  const parts = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ]
  return `{${parts.join('-')}}`
}

/** Throws RangeError for a line break in a field. */
export const encodeSstpRequest = ({ host, correlationId, tenantId }: SstpHttpRequest): Uint8Array =>
  encodeRequest({
    method: SSTP_METHOD,
    target:
      tenantId === undefined ? SSTP_PATH : `${SSTP_PATH}?tenantid=${encodeURIComponent(tenantId)}`,
    headers: [
      { name: 'Content-Length', value: ENDLESS },
      { name: 'Host', value: host },
      { name: CORRELATION, value: correlationId },
    ],
    body: NOTHING,
  })

/** Whether what came is the request that opens SSTP; what it lacks is the status that HTTP has for it. */
export type SstpKnock =
  | { readonly kind: 'sstp'; readonly request: SstpHttpRequest }
  | {
      readonly kind: 'other'
      readonly method: string
      readonly target: string
      readonly status: 400 | 404 | 405
    }

/** Read the request's head from the beginning of a stream. What is behind `length` is SSTP. */
export function receiveSstpRequest(stream: Uint8Array): Received<SstpKnock> {
  const read = receiveRequestHead(stream)
  if (!read.ok) return read
  if (read.value === undefined) return ok(undefined)
  const { message, length } = read.value
  const { method, target, headers } = message
  const [path = '', query = ''] = target.split('?', 2)
  // HTTP.SYS compares paths without case.
  const isPath = path.toLowerCase() === SSTP_PATH.toLowerCase()
  if (!isPath || method !== SSTP_METHOD) {
    const status = isPath ? 405 : 404
    return ok({ message: { kind: 'other', method, target, status }, length })
  }
  if (headerValue(headers, 'Content-Length') !== ENDLESS) {
    return ok({ message: { kind: 'other', method, target, status: 400 }, length })
  }
  const tenantId = /(?:^|&)tenantid=([^&]*)/i.exec(query)?.[1]
  const request: SstpHttpRequest = {
    host: headerValue(headers, 'Host') ?? '',
    correlationId: headerValue(headers, CORRELATION) ?? '',
    ...(tenantId !== undefined && { tenantId: unescaped(tenantId) }),
  }
  return ok({ message: { kind: 'sstp', request }, length })
}

/** As it stands where it is no percent-encoding. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (thrown) {
    if (thrown instanceof URIError) return text
    throw thrown
  }
}

/** As HTTP.SYS answers: with an endless body for 200, else with none and for the last time on this connection. */
export const encodeSstpResponse = (status: number, reason: string, now: Instant): Uint8Array =>
  encodeResponse({
    status,
    reason,
    headers: [
      { name: 'Content-Length', value: status === 200 ? ENDLESS : '0' },
      { name: 'Server', value: 'Microsoft-HTTPAPI/2.0' },
      { name: 'Date', value: httpDate(now) },
      ...(status === 200 ? [] : [{ name: 'Connection', value: 'close' }]),
    ],
    body: NOTHING,
  })

export interface SstpHttpResponse {
  readonly status: number
  readonly reason: string
}

/** Read the answer's head from the beginning of a stream. What is behind `length` is SSTP, where the status is 200. */
export function receiveSstpResponse(stream: Uint8Array): Received<SstpHttpResponse> {
  const read = receiveResponseHead(stream)
  if (!read.ok) return read
  if (read.value === undefined) return ok(undefined)
  const { message, length } = read.value
  return ok({ message: { status: message.status, reason: message.reason }, length })
}
