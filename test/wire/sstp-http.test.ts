import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromUtf8, utf8 } from '../../src/base/bytes.ts'
import { rngFrom } from '../../src/base/rng.ts'
import { instant } from '../../src/base/time.ts'
import {
  encodeSstpRequest,
  encodeSstpResponse,
  newCorrelationId,
  receiveSstpRequest,
  receiveSstpResponse,
} from '../../src/wire/sstp-http.ts'
import { valueOf } from './results.ts'

const REQUEST = {
  host: 'vpn.contoso.com',
  correlationId: '{F7FC0718-C386-4D9A-B529-973927075AA7}',
}
// After the list of fields in [MS-SSTP] §4.1.
const REQUEST_TEXT = [
  'SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1',
  'Content-Length: 18446744073709551615',
  'Host: vpn.contoso.com',
  'SSTPCORRELATIONID: {F7FC0718-C386-4D9A-B529-973927075AA7}',
  '',
  '',
].join('\r\n')
const RESPONSE_TEXT = [
  'HTTP/1.1 200 OK',
  'Content-Length: 18446744073709551615',
  'Server: Microsoft-HTTPAPI/2.0',
  'Date: Thu, 09 Nov 2006 00:51:09 GMT',
  '',
  '',
].join('\r\n')
const NOW = instant('2006-11-09T00:51:09Z')

describe('the request', () => {
  test('is the one of [MS-SSTP] §4.1, and what is behind it is left', () => {
    const bytes = encodeSstpRequest(REQUEST)
    expect(fromUtf8(bytes)).toBe(REQUEST_TEXT)
    expect(valueOf(receiveSstpRequest(concat(bytes, Uint8Array.of(0x10))))).toEqual({
      message: { kind: 'sstp', request: REQUEST },
      length: bytes.length,
    })
  })

  test('is waited for until all of it is there', () => {
    const bytes = encodeSstpRequest(REQUEST)
    for (let length = 0; length < bytes.length; length++) {
      expect(receiveSstpRequest(bytes.subarray(0, length))).toEqual({ ok: true, value: undefined })
    }
  })

  test('names a tenant', () => {
    const request = { ...REQUEST, tenantId: 'a b&c' }
    expect(valueOf(receiveSstpRequest(encodeSstpRequest(request)))?.message).toEqual({
      kind: 'sstp',
      request,
    })
  })

  test('of a tenant that is no percent-encoding is taken as it stands', () => {
    const text = REQUEST_TEXT.replace('}/ HTTP', '}/?tenantid=%zz HTTP')
    expect(valueOf(receiveSstpRequest(utf8(text)))?.message).toMatchObject({
      request: { tenantId: '%zz' },
    })
  })

  test.for([
    ['a page is asked for', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 404],
    ['the path is another', REQUEST_TEXT.replace('BA195980', 'BA195981'), 404],
    ['the method is another', REQUEST_TEXT.replace('SSTP_DUPLEX_POST', 'POST'), 405],
    ['the body has an end', REQUEST_TEXT.replace('18446744073709551615', '10'), 400],
  ] as const)('is another when %s', ([, text, status]) => {
    expect(valueOf(receiveSstpRequest(utf8(text)))?.message).toMatchObject({
      kind: 'other',
      status,
    })
  })

  test('is no request when it is none of HTTP', () => {
    expect(receiveSstpRequest(utf8('\x16\x03\x01 nonsense\r\n\r\n')).ok).toBe(false)
    expect(receiveSstpRequest(new Uint8Array(20_000).fill(65)).ok).toBe(false)
  })
})

describe('the answer', () => {
  test('is the one of [MS-SSTP] §4.1', () => {
    const bytes = encodeSstpResponse(200, 'OK', NOW)
    expect(fromUtf8(bytes)).toBe(RESPONSE_TEXT)
    expect(valueOf(receiveSstpResponse(bytes))).toEqual({
      message: { status: 200, reason: 'OK' },
      length: bytes.length,
    })
  })

  test('without a body ends the connection where it is a refusal', () => {
    const text = fromUtf8(encodeSstpResponse(503, 'Service Unavailable', NOW))
    expect(text).toContain('Content-Length: 0\r\n')
    expect(text).toContain('Connection: close\r\n')
    expect(valueOf(receiveSstpResponse(utf8(text)))?.message.status).toBe(503)
  })
})

test('a correlation id is a GUID of the stream of chance', () => {
  const id = newCorrelationId(rngFrom('sstp'))
  expect(id).toMatch(/^\{[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}\}$/)
  expect(newCorrelationId(rngFrom('sstp'))).toBe(id)
  expect(newCorrelationId(rngFrom('other'))).not.toBe(id)
})

test('any bytes raise nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(REQUEST_TEXT.length), (bytes, at) => {
      receiveSstpRequest(bytes)
      receiveSstpResponse(bytes)
      receiveSstpRequest(concat(utf8(REQUEST_TEXT.slice(0, at)), bytes))
      receiveSstpResponse(concat(utf8(RESPONSE_TEXT.slice(0, at)), bytes))
    }),
    { seed: 1, numRuns: 500 },
  )
})
