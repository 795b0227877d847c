import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../src/base/bytes.ts'
import { seconds } from '../../../src/base/time.ts'
import { encodeControl } from '../../../src/wire/ppp/control.ts'
import { encodePppFrame, PppProtocol } from '../../../src/wire/ppp/frame.ts'
import { encodeSstp, type SstpAttribute } from '../../../src/wire/sstp.ts'
import { encodeSstpRequest, encodeSstpResponse } from '../../../src/wire/sstp-http.ts'
import { BEGAN, Clock } from '../ppp/clock.ts'
import { clientOptions, CORRELATION_ID, serverOptions, SstpPair, SstpSide } from './pair.ts'

const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
const field = fc.uint8Array({ minLength: 32, maxLength: 32 })
const attribute: fc.Arbitrary<SstpAttribute> = fc.oneof(
  fc.record({
    kind: fc.constant('encapsulated-protocol' as const),
    protocol: fc.constantFrom(1, 1, 1, 2),
  }),
  fc.record({
    kind: fc.constant('crypto-binding-request' as const),
    hashes: fc.nat(7),
    nonce: field,
  }),
  fc.record({
    kind: fc.constant('crypto-binding' as const),
    hash: fc.nat(3),
    nonce: field,
    certificateHash: field,
    compoundMac: field,
  }),
  fc.record({
    kind: fc.constant('status-info' as const),
    attribute: fc.nat(5),
    status: fc.nat(12),
    value: bytes(64),
  }),
  fc.record({ kind: fc.constant('unknown' as const), id: fc.nat(255), value: bytes(20) }),
)
const control = fc
  .record({
    kind: fc.constant('control' as const),
    type: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.nat(65_535)),
    attributes: fc.array(attribute, { maxLength: 3 }),
  })
  .map(encodeSstp)
const payload = fc.oneof(
  bytes(40),
  fc
    .record({
      protocol: fc.constantFrom(...Object.values(PppProtocol)),
      information: fc
        .record({ code: fc.integer({ min: 1, max: 13 }), identifier: fc.nat(3), data: bytes(30) })
        .map(encodeControl),
    })
    .map(encodePppFrame),
)
const data = payload.map((each) => encodeSstp({ kind: 'data', payload: each }))
const longest = fc
  .tuple(fc.constantFrom(...Object.values(PppProtocol)), fc.nat(255), fc.nat(255))
  .map(([protocol, code, fill]) => {
    const rest = new Uint8Array(4091 - 2 - 4).fill(fill)
    const information = encodeControl({ code, identifier: 1, data: rest })
    // With the short form of the header there is more room inside than what goes back has.
    return encodeSstp({
      kind: 'data',
      payload: concat(Uint8Array.of(protocol >>> 8, protocol), information),
    })
  })
const said = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: control },
    { weight: 4, arbitrary: data },
    { weight: 1, arbitrary: longest },
    { weight: 1, arbitrary: bytes(30) },
  ),
  { maxLength: 25 },
)

const OPENINGS = {
  client: encodeSstpResponse(200, 'OK', BEGAN),
  server: encodeSstpRequest({ host: 'vpn.contoso.com', correlationId: CORRELATION_ID }),
}

/** In pieces of these sizes, again and again. */
function* pieces(stream: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let at = 0
  for (let n = 0; at < stream.length; n++) {
    const size = sizes[n % sizes.length]!
    yield stream.slice(at, at + size)
    at += size
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 5 })

describe.each(['client', 'server'] as const)('a %s', (role) => {
  const start = (clock: Clock): SstpSide =>
    new SstpSide(clock, role === 'client' ? clientOptions() : serverOptions()).begin()

  test('outlives whatever the stream has', () => {
    fc.assert(
      fc.property(said, sizes, fc.boolean(), (messages, cut, isPolite) => {
        const clock = new Clock()
        const side = start(clock)
        const opening = isPolite ? [OPENINGS[role]] : []
        const hello = encodeSstp({
          kind: 'control',
          type: role === 'client' ? 2 : 1,
          attributes: [
            role === 'client'
              ? { kind: 'crypto-binding-request', hashes: 3, nonce: new Uint8Array(32) }
              : { kind: 'encapsulated-protocol', protocol: 1 },
          ],
        })
        for (const piece of pieces(concat(...opening, hello, ...messages), cut)) {
          const { length } = side.outputs
          side.input({ kind: 'stream', bytes: piece })
          clock.run(seconds(0))
          expect(side.outputs.length - length).toBeLessThan(60 + piece.length)
          expect(side.state.pending.length).toBeLessThanOrEqual(16_384)
        }
        // No key was given to any method but the toy's, so nobody can have bound a thing.
        const isUp = side.outputs.some(({ kind }) => kind === 'up')
        expect(role === 'server' && isUp).toBe(false)
        clock.run(seconds(400))
        expect(side.over).toBeDefined()
        expect([side.timers.size, side.outputs.at(-1)?.kind]).toEqual([0, 'over'])
      }),
      { seed: 1, numRuns: 150 },
    )
  })

  test('that stands outlives whatever the stream has', () => {
    const ends = new Set<string>()
    fc.assert(
      fc.property(said, sizes, (messages, cut) => {
        const pair = new SstpPair().connect()
        pair.isCut = true
        const side = pair[role]
        expect(side.tunnel).toBeDefined()
        for (const piece of pieces(concat(...messages), cut)) {
          const { length } = side.outputs
          side.input({ kind: 'stream', bytes: piece })
          expect(side.outputs.length - length).toBeLessThan(60 + piece.length)
          expect(side.state.pending.length).toBeLessThan(4095)
        }
        pair.clock.run(seconds(400))
        ends.add(side.over?.why ?? 'none')
        expect([side.timers.size, side.outputs.at(-1)?.kind]).toEqual([0, 'over'])
      }),
      { seed: 1, numRuns: 150 },
    )
    // It got into more than one corner.
    expect([...ends]).toEqual(
      expect.arrayContaining(['unexpected-message', 'stream-malformed', 'aborted-by-peer']),
    )
  })

  test('that stands has no room for what it would send back, and says nothing', () => {
    for (const protocol of Object.values(PppProtocol)) {
      for (let code = 0; code < 14; code++) {
        const pair = new SstpPair().connect()
        pair.isCut = true
        const side = pair[role]
        const payload = new Uint8Array(4091).fill(1)
        // Without address and control there is more room inside than an answer has, which goes with them.
        payload.set([protocol >>> 8, protocol, code, 1, 4089 >>> 8, 4089 & 0xff])
        side.input({ kind: 'stream', bytes: encodeSstp({ kind: 'data', payload }) })
        expect(side.sent.every(({ length }) => length <= 4095)).toBe(true)
      }
    }
  })

  test('outlives bytes of chance', () => {
    fc.assert(
      fc.property(bytes(400), fc.boolean(), (noise, isPolite) => {
        const clock = new Clock()
        const side = start(clock)
        side.input({ kind: 'stream', bytes: isPolite ? concat(OPENINGS[role], noise) : noise })
        clock.run(seconds(400))
        expect([side.over !== undefined, side.timers.size]).toEqual([true, 0])
      }),
      { seed: 1, numRuns: 150 },
    )
  })

  test('keeps no head without an end', () => {
    const clock = new Clock()
    const side = start(clock)
    const line = utf8(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(5000)}\r\n`)
    for (let n = 0; n < 10 && side.over === undefined; n++) {
      side.input({ kind: 'stream', bytes: line })
    }
    expect(side.over?.why).toBe('http-malformed')
    expect(side.state.pending).toHaveLength(0)
  })
})

test('two that stand to each other outlive a change on the way', () => {
  const change = fc.record({
    from: fc.constantFrom('client' as const, 'server' as const),
    number: fc.nat(14),
    at: fc.nat(111),
    bit: fc.nat(7),
    how: fc.constantFrom('flip' as const, 'cut' as const, 'twice' as const, 'lost' as const),
  })
  fc.assert(
    fc.property(change, ({ from, number, at, bit, how }) => {
      const counts = { client: 0, server: 0 }
      const pair = new SstpPair({
        stream: (sent, who) => {
          if (who !== from || counts[who]++ !== number) return [sent]
          switch (how) {
            case 'flip': {
              const flipped = sent.slice()
              flipped[at % flipped.length]! ^= 1 << bit
              return [flipped]
            }
            case 'cut':
              return [sent.subarray(0, at)]
            case 'twice':
              return [sent, sent]
            case 'lost':
              return []
          }
        },
      }).connect(seconds(120))
      pair.client.input({ kind: 'close' })
      pair.server.input({ kind: 'close' })
      pair.clock.run(seconds(120))
      for (const side of [pair.client, pair.server]) {
        expect([side.over !== undefined, side.timers.size, side.tunnel]).toEqual([
          true,
          0,
          undefined,
        ])
      }
    }),
    { seed: 1, numRuns: 150 },
  )
})
