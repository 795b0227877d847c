import { describe, expect, test } from 'vitest'
import { concat, fromHex, fromUtf8, utf8 } from '../../../src/base/bytes.ts'
import { seconds } from '../../../src/base/time.ts'
import { Clock } from '../ppp/clock.ts'
import { LEASE, MSK } from '../ppp/pair.ts'
import { alone, bindingRequest, message, OK, protocol, REQUEST, status } from './alone.ts'
import { serverOptions, SstpPair, SstpSide } from './pair.ts'

describe('HTTP', () => {
  test('a gateway without a free port says so', () => {
    const { client, server, clock } = new SstpPair({
      serverManners: { port: () => ({ kind: 'port', granted: false, why: 'all 128 are taken' }) },
    }).connect()
    clock.run(seconds(1))
    expect(client.report('sstp/http-refused')).toEqual({
      kind: 'sstp/http-refused',
      by: 'peer',
      status: 503,
      detail: 'Service Unavailable',
    })
    expect([client.over?.why, server.over?.why]).toEqual(['http-refused', 'no-port'])
    expect(server.report('sstp/over')).toMatchObject({ detail: 'all 128 are taken' })
  })

  test.for([
    ['a page', 'GET / HTTP/1.1\r\nHost: vpn.contoso.com\r\n\r\n', 404, 'http-refused'],
    ['nonsense', 'nonsense\r\n\r\n', 400, 'http-malformed'],
  ] as const)('whoever asks a server for %s is told', ([, text, code, why]) => {
    const { side, hears } = alone('server')
    hears(utf8(text))
    expect(fromUtf8(side.sent[0]!)).toMatch(new RegExp(`^HTTP/1.1 ${code} `))
    expect(side.over).toEqual({ kind: 'over', why, abort: false })
    expect(side.timers.size).toBe(0)
  })

  test('a client is told by a web server that there is no SSTP', () => {
    const { side, hears } = alone('client')
    hears(utf8('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'))
    expect(side.report('sstp/http-refused')).toMatchObject({ by: 'peer', status: 404 })
    expect(side.over?.why).toBe('http-refused')
  })

  test('a client does not take another protocol for an answer', () => {
    const { side, hears } = alone('client')
    hears(utf8('SSH-2.0-OpenSSH_9.2\r\n\r\n'))
    expect(side.over?.why).toBe('http-malformed')
  })

  test.for(['client', 'server'] as const)('a %s waits for a minute', (role) => {
    const { side, clock } = alone(role)
    clock.run(seconds(59))
    expect(side.over).toBeUndefined()
    clock.run(seconds(2))
    expect(side.report('sstp/timed-out')?.doing).toBe('HTTP')
    expect(side.over?.why).toBe('negotiation-timed-out')
  })

  test('what a client says too early is kept for a while, and no more than that', () => {
    const clock = new Clock()
    const side = new SstpSide(clock, serverOptions(), { port: () => undefined }).begin()
    side.input({ kind: 'stream', bytes: concat(REQUEST, message(1, protocol(1))) })
    expect(side.messages()).toEqual([])
    side.input({ kind: 'port', granted: true })
    expect(side.messages()[0]).toBe('< CALL_CONNECT_REQUEST {ENCAPSULATED_PROTOCOL_ID}')

    const flooded = new SstpSide(clock, serverOptions(), { port: () => undefined }).begin()
    flooded.input({ kind: 'stream', bytes: REQUEST })
    for (let n = 0; n < 20 && flooded.over === undefined; n++) {
      flooded.input({ kind: 'stream', bytes: new Uint8Array(1000) })
    }
    expect(flooded.over).toEqual({ kind: 'over', why: 'stream-malformed', abort: true })
  })
})

describe('messages that have no place', () => {
  const stand = (role: 'client' | 'server') => {
    const pair = new SstpPair().connect()
    return { side: pair[role], pair }
  }

  test.for([
    ['server', 'CALL_CONNECT_REQUEST', message(1, protocol(1))],
    ['server', 'CALL_CONNECT_ACK', message(2, bindingRequest(2))],
    ['server', 'CALL_CONNECT_NAK', message(3, status(1, 4))],
    ['server', 'CALL_CONNECTED', message(4)],
    ['server', 'CALL_DISCONNECT_ACK', message(7)],
    ['server', 'message 66', message(66)],
    ['client', 'CALL_CONNECT_REQUEST', message(1, protocol(1))],
    ['client', 'CALL_CONNECT_ACK', message(2, bindingRequest(2))],
    ['client', 'CALL_CONNECT_NAK', message(3, status(1, 4))],
    ['client', 'CALL_CONNECTED', message(4)],
  ] as const)('a %s that stands aborts at %s', ([role, name, bytes]) => {
    const { side } = stand(role)
    side.input({ kind: 'stream', bytes })
    expect(side.report('sstp/unexpected')).toEqual({
      kind: 'sstp/unexpected',
      message: name,
      state: 'connected',
    })
    expect(side.messages().at(-1)).toBe(
      '> CALL_ABORT {STATUS_INFO(NO_ERROR: UNACCEPTED_FRAME_RECEIVED)}',
    )
    expect(side.tunnel).toBeUndefined()
  })

  test.for(['client', 'server'] as const)('a %s is asked for a sign of life too early', (role) => {
    const { side, hears } = alone(role)
    hears(role === 'client' ? OK : REQUEST, message(8))
    expect(side.report('sstp/unexpected')?.message).toBe('ECHO_REQUEST')
  })

  test('a message that cannot be read ends in CALL_ABORT', () => {
    const { side } = stand('server')
    side.input({ kind: 'stream', bytes: fromHex('10010006 0008') })
    expect(side.messages().at(-1)).toBe(
      '> CALL_ABORT {STATUS_INFO(NO_ERROR: INVALID_FRAME_RECEIVED)}',
    )
    expect(side.report('sstp/over')?.why).toBe('invalid-message')
  })

  test.for([
    ['another version', '20000008'],
    ['a length below the header', '10000003'],
  ] as const)('a stream with %s ends without a word', ([, hex]) => {
    const { side } = stand('server')
    const before = side.sent.length
    side.input({ kind: 'stream', bytes: fromHex(hex) })
    expect(side.over).toEqual({ kind: 'over', why: 'stream-malformed', abort: true })
    expect(side.sent).toHaveLength(before)
    expect([side.tunnel, side.timers.size]).toEqual([undefined, 0])
  })

  test('PPP that cannot be read is passed over', () => {
    const { side } = stand('server')
    side.input({ kind: 'stream', bytes: fromHex('10000006ff03 10000004 1000000580') })
    expect(side.tunnel).toBeDefined()
    expect(side.reports.filter(({ kind }) => kind === 'ppp/malformed')).toHaveLength(3)
  })

  test('an answer that nobody waits for is passed over', () => {
    const { side } = stand('server')
    const before = side.outputs.length
    side.input({ kind: 'port', granted: true })
    side.input({ kind: 'eap-success', msk: MSK })
    side.input({ kind: 'address', lease: LEASE })
    side.input({ kind: 'timer', timer: 'sstp/http' })
    side.input({ kind: 'timer', timer: 'ppp/lcp' })
    expect(side.outputs).toHaveLength(before)
  })
})
