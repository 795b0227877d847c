import { describe, expect, test } from 'vitest'
import { concat, fromHex, fromUtf8, toHex } from '../../../src/base/bytes.ts'
import { seconds } from '../../../src/base/time.ts'
import type { SstpInput } from '../../../src/engine/sstp/contract.ts'
import { encodeSstp, SstpHash } from '../../../src/wire/sstp.ts'
import { EAP_FAILURE, EAP_SUCCESS, LEASE, toyServer } from '../ppp/pair.ts'
import { alone, bindingRequest, message, NOTHING, OK, protocol, REQUEST, status } from './alone.ts'
import { CORRELATION_ID, SstpPair } from './pair.ts'

describe('a client and a server', () => {
  test('come from the first byte to packets both ways', () => {
    const { client, server, clock } = new SstpPair().connect()
    expect(client.tunnel).toEqual({
      own: LEASE.address,
      peer: LEASE.server,
      dns: LEASE.dns,
      wins: [],
      mtu: 4087,
    })
    expect(server.tunnel).toMatchObject({ own: LEASE.server, peer: LEASE.address, mtu: 4087 })
    client.input({ kind: 'packet', bytes: fromHex('4500ab') })
    server.input({ kind: 'packet', bytes: fromHex('4500cd') })
    clock.run(seconds(1))
    expect([client.packets, server.packets]).toEqual([['4500cd'], ['4500ab']])
    expect(toHex(client.sent.at(-1)!)).toBe('1000000bff0300214500ab')
    expect(client.report('sstp/connected')?.hash).toBe('SHA256')
  })

  test('say these messages and no others', () => {
    const { client, server } = new SstpPair().connect()
    expect(client.messages()).toEqual([
      '> CALL_CONNECT_REQUEST {ENCAPSULATED_PROTOCOL_ID}',
      '< CALL_CONNECT_ACK {CRYPTO_BINDING_REQ}',
      '> CALL_CONNECTED {CRYPTO_BINDING}',
    ])
    expect(fromUtf8(client.sent[0]!)).toContain(`SSTPCORRELATIONID: ${CORRELATION_ID}\r\n`)
    expect(toHex(client.sent[1]!)).toBe('1001000e00010001000100060001')
    expect(server.report('sstp/http-request')?.request).toEqual({
      host: 'vpn.contoso.com',
      correlationId: CORRELATION_ID,
    })
    expect([...client.timers.keys(), ...server.timers.keys()]).toEqual(['sstp/hello', 'sstp/hello'])
  })

  test('come as far when the stream arrives byte by byte', () => {
    const bytewise = (bytes: Uint8Array): readonly Uint8Array[] =>
      [...bytes].map((byte) => Uint8Array.of(byte))
    const whole = new SstpPair().connect()
    const cut = new SstpPair({ stream: bytewise }).connect()
    for (const side of ['client', 'server'] as const) {
      expect(cut[side].reports).toEqual(whole[side].reports)
      expect(cut[side].sent).toEqual(whole[side].sent)
    }
    cut.client.input({ kind: 'packet', bytes: fromHex('4500ab') })
    cut.clock.run(seconds(1))
    expect(cut.server.packets).toEqual(['4500ab'])
  })

  test('come as far when several messages arrive in one piece', () => {
    const pair = new SstpPair().connect()
    const frame = (last: string): Uint8Array => fromHex(`1000000bff0300214500${last}`)
    const echo = message(8)
    pair.server.input({
      kind: 'stream',
      bytes: concat(frame('01'), frame('02'), echo, frame('03').subarray(0, 6)),
    })
    expect(pair.server.packets).toEqual(['450001', '450002'])
    expect(pair.server.messages().at(-1)).toBe('> ECHO_RESPONSE {}')
    pair.server.input({ kind: 'stream', bytes: frame('03').subarray(6) })
    expect(pair.server.packets).toEqual(['450001', '450002', '450003'])
    expect(pair.server.state.pending).toHaveLength(0)
  })

  test.for([
    ['the client has SHA-1 only', { client: { hashes: [SstpHash.SHA1] } }, 'SHA1'],
    ['the server has SHA-1 only', { server: { hashes: [SstpHash.SHA1] } }, 'SHA1'],
    [
      'the client prefers SHA-1',
      { client: { hashes: [SstpHash.SHA1, SstpHash.SHA256] } },
      'SHA256',
    ],
  ] as const)('bind with the strongest hash when %s', ([, options, hash]) => {
    const { client, server } = new SstpPair(options).connect()
    expect([client, server].map((side) => side.report('sstp/connected')?.hash)).toEqual([
      hash,
      hash,
    ])
    expect(server.tunnel).toBeDefined()
  })

  test('bind with zeros when the method makes no key', () => {
    const { server } = new SstpPair({
      serverManners: { eap: () => ({ kind: 'eap-success', packet: EAP_SUCCESS }) },
      clientManners: { eap: () => ({ kind: 'eap-success' }) },
    }).connect()
    expect(server.tunnel).toBeDefined()
  })

  test('wait for hosts that think', () => {
    const thinks = seconds(2)
    const { client, server } = new SstpPair({
      clientManners: { thinks },
      serverManners: { thinks },
    }).connect(seconds(40))
    expect(client.tunnel).toBeDefined()
    expect(server.tunnel).toBeDefined()
  })

  test('carry packets of the whole MTU, and none beyond', () => {
    const { client, server, clock } = new SstpPair().connect()
    const packet = (length: number): SstpInput => ({
      kind: 'packet',
      bytes: new Uint8Array(length),
    })
    client.input(packet(4087)).input(packet(4088))
    clock.run(seconds(1))
    expect(server.packets.map((each) => each.length / 2)).toEqual([4087])
    expect(client.sent.at(-1)).toHaveLength(4095)
  })
})

describe('the negotiation', () => {
  test.for([
    ['another protocol', [protocol(2)], 'ENCAPSULATED_PROTOCOL_ID: VALUE_NOT_SUPPORTED'],
    ['no protocol', [], 'ENCAPSULATED_PROTOCOL_ID: REQUIRED_ATTRIBUTE_MISSING'],
    ['two protocols', [protocol(1), protocol(1)], 'ENCAPSULATED_PROTOCOL_ID: DUPLICATE_ATTRIBUTE'],
    ['an error', [protocol(1), status(1, 4)], 'STATUS_INFO: STATUS_INFO_NOT_SUPPORTED_IN_MSG'],
    [
      'a binding',
      [protocol(1), bindingRequest(2)],
      'CRYPTO_BINDING_REQ: ATTRIB_NOT_SUPPORTED_IN_MSG',
    ],
    [
      'what nobody knows',
      [protocol(1), { kind: 'unknown', id: 77, value: NOTHING } as const],
      'attribute 77: UNRECOGNIZED_ATTRIBUTE',
    ],
    [
      'a protocol of one byte',
      [{ kind: 'bad-length', id: 1, value: Uint8Array.of(1) } as const],
      'ENCAPSULATED_PROTOCOL_ID: INVALID_ATTRIB_VALUE_LENGTH',
    ],
  ] as const)('a request with %s is turned down', ([, attributes, told]) => {
    const { side, hears } = alone('server')
    hears(REQUEST, message(1, ...attributes))
    expect(side.messages().at(-1)).toBe(`> CALL_CONNECT_NAK {STATUS_INFO(${told})}`)
    // It may ask again.
    hears(message(1, protocol(1), status(0, 0)))
    expect(side.messages().at(-1)).toBe('> CALL_CONNECT_ACK {CRYPTO_BINDING_REQ}')
  })

  test('a server says no three times', () => {
    const { side, hears } = alone('server')
    hears(REQUEST, ...Array<Uint8Array>(4).fill(message(1, protocol(2))))
    const said = side.messages().filter((each) => each.startsWith('>'))
    expect(said.map((each) => each.split(' ')[1])).toEqual([
      ...Array<string>(3).fill('CALL_CONNECT_NAK'),
      'CALL_ABORT',
    ])
    expect(said.at(-1)).toContain('RETRY_COUNT_EXCEEDED')
    expect(side.report('sstp/over')?.why).toBe('call-refused')
  })

  test('a client asks four times', () => {
    const { side, hears } = alone('client')
    hears(OK, ...Array<Uint8Array>(4).fill(message(3, status(1, 4))))
    const said = side.messages().filter((each) => each.startsWith('>'))
    expect(said.map((each) => each.split(' ')[1])).toEqual([
      ...Array<string>(4).fill('CALL_CONNECT_REQUEST'),
      'CALL_ABORT',
    ])
    expect(side.report('sstp/over')?.why).toBe('call-refused')
  })

  test.for([
    ['client', [OK]],
    ['server', [REQUEST]],
    ['client', [OK, message(2, bindingRequest(2))]],
    ['server', [REQUEST, message(1, protocol(1))]],
  ] as const)('a %s aborts after a minute without the next step', ([role, heard]) => {
    // PPP itself gives up sooner unless it is told not to.
    const { side, clock, hears } = alone(role, { ppp: { tries: { configure: 100 } } })
    hears(...heard)
    clock.run(seconds(61))
    expect(side.report('sstp/timed-out')?.doing).toBe('negotiation')
    expect(side.messages().at(-1)).toBe('> CALL_ABORT {STATUS_INFO(NO_ERROR: NEGOTIATION_TIMEOUT)}')
    clock.run(seconds(3))
    expect(side.over?.why).toBe('negotiation-timed-out')
    expect(side.timers.size).toBe(0)
  })

  test('a RADIUS server that is silent ends in a timeout', () => {
    const { client, server } = new SstpPair({
      serverManners: {
        eap: (packet, round) => (round === 0 ? toyServer(packet, 0) : undefined),
      },
    }).connect(seconds(70))
    // Whoever began to wait first.
    expect(client.over?.why ?? server.over?.why).toBe('negotiation-timed-out')
    expect(client.tunnel).toBeUndefined()
  })

  test('a client that is refused hears it, and both part in order', () => {
    const { client, server, clock } = new SstpPair({
      serverManners: {
        eap: () => ({ kind: 'eap-failure', packet: EAP_FAILURE, why: 'reason 16' }),
      },
    }).connect()
    clock.run(seconds(10))
    expect(client.report('ppp/authentication-failed')).toBeDefined()
    expect(server.report('ppp/authentication-failed')?.why).toBe('reason 16')
    expect(server.over).toEqual({ kind: 'over', why: 'authentication-failed', abort: false })
    expect(client.over).toEqual({ kind: 'over', why: 'authentication-failed', abort: false })
    expect(server.messages()).toContain('> CALL_DISCONNECT {STATUS_INFO(NO_ERROR: NO_ERROR)}')
    expect([...client.timers, ...server.timers]).toEqual([])
  })

  test('a server without an address ends the session', () => {
    const { client, server, clock } = new SstpPair({
      serverManners: { address: () => undefined },
    }).connect()
    clock.run(seconds(10))
    expect(server.over?.why).toBe('no-address')
    expect(client.outputs.some(({ kind }) => kind === 'up')).toBe(false)
    expect(client.over).toBeDefined()
  })

  test('a client that wants EAP leaves a server that has none', () => {
    const { side, hears, clock } = alone('client')
    hears(OK, message(2, bindingRequest(2)))
    const frame = fromHex(
      'ff03c021 0100000d 0305c22381 0504 0000'.replace('0504 0000', '0104 05dc'),
    )
    hears(encodeSstp({ kind: 'data', payload: frame }))
    expect(side.report('ppp/authentication-protocol')).toMatchObject({ asked: 'CHAP' })
    hears(encodeSstp({ kind: 'data', payload: fromHex('ff03c021 05010004') }))
    expect(side.messages().at(-1)).toBe('> CALL_DISCONNECT {STATUS_INFO(NO_ERROR: NO_ERROR)}')
    hears(message(7))
    clock.run(seconds(10))
    expect(side.over?.why).toBe('authentication-protocol')
  })
})

test('the same seed gives the same bytes', () => {
  const bytes = (): readonly string[] => {
    const { client, server } = new SstpPair().connect()
    return [...client.sent, ...server.sent].map(toHex)
  }
  expect(bytes()).toEqual(bytes())
})
