import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromUtf8, utf8 } from '../../src/base/bytes.ts'
import {
  encodeRequest,
  encodeResponse,
  headerValue,
  HTTP_HEAD_BYTES_MAX,
  receiveRequest,
  receiveResponse,
} from '../../src/wire/http.ts'

// RFC 9112 §2.1 and §7.1.3 shape these two.
const GET = 'GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\n\r\n'
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n7;x=y\r\npedia i\r\nB\r\nn \r\nchunks.\r\n0\r\nExpires: never\r\n\r\n'
const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-type: text/plain\r\n\r\nhello'

const open = { method: 'GET', ended: false }
const response = (text: string, context = open) => receiveResponse(utf8(text), context)

describe('a message comes in pieces', () => {
  test('a request is whole at its last byte and not before', () => {
    for (let length = 0; length < GET.length; length++) {
      expect(receiveRequest(utf8(GET.slice(0, length)))).toEqual({ ok: true, value: undefined })
    }
    expect(receiveRequest(utf8(`${GET}GET`))).toMatchObject({
      ok: true,
      value: { length: GET.length, message: { method: 'GET', target: '/hello.txt' } },
    })
  })

  test.for([
    ['a length', LENGTH, 'hello'],
    ['chunks, extensions and trailers', CHUNKED, 'Wikipedia in \r\nchunks.'],
  ] as const)('a response with %s likewise', ([, text, body]) => {
    for (let length = 0; length < text.length; length++) {
      expect(response(text.slice(0, length)), `${length} bytes`).toEqual({
        ok: true,
        value: undefined,
      })
    }
    const whole = response(`${text}HTTP`)
    expect(whole.ok && whole.value?.length).toBe(text.length)
    expect(whole.ok && fromUtf8(whole.value!.message.body)).toBe(body)
  })

  test('a response without a length lasts until the peer closes', () => {
    const text = 'HTTP/1.0 200 OK\r\n\r\nall of it'
    expect(response(text)).toEqual({ ok: true, value: undefined })
    expect(response(text, { ...open, ended: true })).toMatchObject({
      value: { message: { body: utf8('all of it') } },
    })
  })

  test.for([204, 304, 100])('status %d has no body, whatever its fields say', (status) => {
    const text = `HTTP/1.1 ${status} X\r\nContent-Length: 5\r\n\r\n`
    expect(response(text)).toMatchObject({ value: { length: text.length } })
  })

  test('nor has an answer to HEAD', () => {
    expect(response(LENGTH, { method: 'HEAD', ended: false })).toMatchObject({
      value: { length: LENGTH.length - 5 },
    })
  })

  test('a stream that ends within a message is truncated', () => {
    for (const text of ['', 'HTTP/1.1 200', LENGTH.slice(0, -1), CHUNKED.slice(0, -3)]) {
      expect(response(text, { ...open, ended: true })).toMatchObject({
        error: { code: 'truncated' },
      })
    }
  })
})

describe('what is refused', () => {
  test.for([
    ['no method', ' / HTTP/1.1\r\n\r\n', 'request-line'],
    ['two blanks', 'GET  / HTTP/1.1\r\n\r\n', 'request-line'],
    ['HTTP/2', 'GET / HTTP/2.0\r\n\r\n', 'request-line'],
    ['a folded line', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n', 'field line'],
    ['a blank before the colon', 'GET / HTTP/1.1\r\nA : b\r\n\r\n', 'field line'],
    [
      'two lengths',
      'GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      'Content-Length',
    ],
    ['a negative length', 'GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n', 'Content-Length'],
    [
      'a body without bounds',
      'GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n',
      'Content-Length',
    ],
    [
      'length and chunks',
      'GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'Transfer-Encoding',
    ],
    ['an unknown coding', 'GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n', 'Transfer-Encoding'],
    [
      'a chunk size in words',
      'GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\n',
      'chunk-size',
    ],
    [
      'a chunk longer than it says',
      'GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n',
      'chunk-data',
    ],
  ] as const)('%s', ([, text, field]) => {
    const received = receiveRequest(utf8(text))
    expect(received.ok || received.error.field).toContain(field)
  })

  test('a header without end', () => {
    const endless = new Uint8Array(HTTP_HEAD_BYTES_MAX + 1).fill(65)
    expect(receiveRequest(endless)).toMatchObject({ error: { field: 'header size' } })
    const many = utf8(`GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(4000)}`)
    expect(receiveRequest(many)).toMatchObject({ error: { field: 'header size' } })
  })

  test('two equal lengths are one (RFC 9112 §6.3)', () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab'
    expect(response(text)).toMatchObject({ value: { message: { body: utf8('ab') } } })
  })

  test('a line break in a header that we write is our own misuse', () => {
    const headers = [{ name: 'Location', value: '/a\r\nSet-Cookie: x' }]
    const bad = { status: 302, reason: 'Found', headers, body: new Uint8Array() }
    expect(() => encodeResponse(bad)).toThrow(RangeError)
  })
})

test('what is written reads back, split anywhere', () => {
  const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,10}$/)
  fc.assert(
    fc.property(
      fc.array(fc.record({ name: token.map((t) => `X-${t}`), value: token }), { maxLength: 5 }),
      fc.uint8Array({ maxLength: 50 }),
      (extra, body) => {
        const headers = [...extra, { name: 'Content-Length', value: String(body.length) }]
        const request = { method: 'PUT', target: '/a?b', headers, body }
        const bytes = encodeRequest(request)
        const received = receiveRequest(concat(bytes, utf8('more')))
        expect(received).toEqual({ ok: true, value: { message: request, length: bytes.length } })
        const cut = receiveRequest(bytes.subarray(0, bytes.length - 1))
        expect(cut).toEqual({ ok: true, value: undefined })
      },
    ),
  )
})

test('field names match in any case, and values of one name are joined', () => {
  const headers = [
    { name: 'ALLOW', value: 'GET' },
    { name: 'Allow', value: 'HEAD' },
  ]
  expect(headerValue(headers, 'allow')).toBe('GET, HEAD')
  expect(headerValue(headers, 'Host')).toBeUndefined()
})

test('random and damaged bytes never raise an exception', () => {
  const start = fc.constantFrom('', GET, CHUNKED, LENGTH)
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 60 }), fc.nat(200), (text, noise, at) => {
      const bytes = concat(utf8(text.slice(0, at)), noise, utf8(text.slice(at)))
      expect(typeof receiveRequest(bytes).ok).toBe('boolean')
      expect(typeof receiveResponse(bytes, open).ok).toBe('boolean')
      expect(typeof receiveResponse(bytes, { ...open, ended: true }).ok).toBe('boolean')
    }),
  )
})
