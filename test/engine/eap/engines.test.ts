import { describe, expect, test } from 'vitest'
import { concat, fromUtf8, utf8 } from '../../../src/base/bytes.ts'
import type { EapOffer } from '../../../src/engine/eap/authenticator.ts'
import type { EapMethod } from '../../../src/engine/eap/method.ts'
import { EapCode, EapType, decodeEap, encodeEap } from '../../../src/wire/eap/packet.ts'
import { converse, envOf, Side } from './conversation.ts'
import {
  peerMsChapV2,
  peerOf,
  peerPeap,
  peerTls,
  serverMsChapV2,
  serverOffering,
  serverPeap,
  serverTls,
} from './sides.ts'

const response = (identifier: number, type: number, data: Uint8Array): Uint8Array =>
  encodeEap({ code: EapCode.response, identifier, type, data })

const NOTHING: Uint8Array = new Uint8Array()

const request = (identifier: number, type: number, data = NOTHING): Uint8Array =>
  encodeEap({ code: EapCode.request, identifier, type, data })

const identity = (identifier: number): Uint8Array =>
  response(identifier, EapType.identity, utf8('ada@contoso.com'))

const decoded = (bytes: Uint8Array | undefined) => {
  const packet = decodeEap(bytes!)
  if (!packet.ok) throw new Error('not EAP')
  return packet.value
}

const server = (...offers: readonly EapOffer[]) =>
  new Side(serverOffering(offers), {}, envOf('server'))

const peer = (...methods: readonly EapOffer[]) => new Side(peerOf(...methods), {}, envOf('peer'))

describe('a server', () => {
  test('asks who is there when it is sent EAP-Start', async () => {
    const [sent] = await server(serverTls()).take(new Uint8Array())
    expect(decoded(sent)).toMatchObject({ code: 1, type: EapType.identity })
  })

  test('begins with an identity of any identifier, and counts on from it', async () => {
    const side = server(serverTls())
    const [sent] = await side.take(identity(255))
    expect(decoded(sent)).toMatchObject({
      code: 1,
      identifier: 0,
      type: EapType.tls,
      data: Uint8Array.of(0x20),
    })
  })

  test('passes over a response to another request, and a duplicate', async () => {
    const side = server(serverTls())
    await side.take(identity(7))
    expect(await side.take(identity(7))).toEqual([])
    expect(await side.take(response(9, EapType.tls, Uint8Array.of(0)))).toEqual([])
    expect(side.ignored).toEqual(['identifier 7, expected 8', 'identifier 9, expected 8'])
  })

  test('proposes the next type that a Nak names, in its own order', async () => {
    const side = server(serverPeap({ inner: [serverMsChapV2] }), serverMsChapV2, serverTls())
    await side.take(identity(1))
    const [sent] = await side.take(response(2, EapType.nak, Uint8Array.of(13, 26)))
    expect(decoded(sent)).toMatchObject({ identifier: 3, type: EapType.mschapv2 })
    const [again] = await side.take(response(3, EapType.nak, Uint8Array.of(25, 13)))
    expect(decoded(again)).toMatchObject({ identifier: 4, type: EapType.tls })
  })

  test('reads a Nak of the expanded form', async () => {
    const side = server(serverPeap({ inner: [serverMsChapV2] }), serverTls())
    await side.take(identity(1))
    const data = concat(
      Uint8Array.of(254, 0, 1, 0x37, 0, 0, 0, 9),
      Uint8Array.of(254, 0, 0, 0, 0, 0, 0, 13),
    )
    const expanded = { vendor: 0, type: EapType.nak }
    const nak = { code: EapCode.response, identifier: 2, type: EapType.expanded, expanded, data }
    const [sent] = await side.take(encodeEap(nak))
    expect(decoded(sent)).toMatchObject({ identifier: 3, type: EapType.tls })
  })

  test('ends when the peer wants none of its types', async () => {
    const side = server(serverTls())
    await side.take(identity(1))
    const [sent] = await side.take(response(2, EapType.nak, Uint8Array.of(21)))
    expect(decoded(sent)).toEqual({ code: EapCode.failure, identifier: 2 })
    expect(side.report).toEqual({
      code: 'eap/failed',
      identity: 'ada@contoso.com',
      fault: { code: 'eap/no-common-type', offered: [13], wanted: [21] },
      types: [13],
    })
  })

  test('takes no Nak once the method has begun', async () => {
    const side = server(serverMsChapV2, serverTls())
    const client = peer(peerMsChapV2('wrong'))
    const [challenge] = await side.take(identity(1))
    const [answer] = await client.take(challenge!)
    await side.take(answer!)
    expect(await side.take(response(3, EapType.nak, Uint8Array.of(13)))).toEqual([])
    expect(side.ignored).toEqual(['a Nak after the method had begun'])
  })

  test('ends when a conversation begins with anything but an identity', async () => {
    const side = server(serverTls())
    const [sent] = await side.take(response(4, EapType.tls, Uint8Array.of(0)))
    expect(decoded(sent)).toEqual({ code: EapCode.failure, identifier: 4 })
    expect(side.report).toMatchObject({ fault: { code: 'eap/out-of-sequence' }, types: [] })
  })

  test('passes over what is not EAP, but not for ever', async () => {
    const side = new Side(serverOffering([serverTls()], { discards: 2 }), {}, envOf('server'))
    await side.take(identity(1))
    expect(await side.take(Uint8Array.of(2, 2, 0, 99, 13))).toEqual([])
    expect(await side.take(request(2, EapType.identity))).toEqual([])
    const [sent] = await side.take(Uint8Array.of(9))
    expect(decoded(sent)).toEqual({ code: EapCode.failure, identifier: 2 })
    expect(side.report).toMatchObject({ fault: { code: 'eap/malformed' } })
    expect(await side.take(identity(1))).toEqual([])
  })

  test('gives up after so many rounds', async () => {
    const side = new Side(serverOffering([serverTls()], { rounds: 20 }), {}, envOf('server'))
    let [sent] = await side.take(identity(1))
    // Empty fragments with more to follow, without end.
    for (let round = 0; sent?.[0] === EapCode.request && round < 100; round++)
      [sent] = await side.take(response(sent[1]!, EapType.tls, Uint8Array.of(0x40)))
    expect(decoded(sent)).toMatchObject({ code: EapCode.failure })
    expect(side.report).toMatchObject({
      fault: { code: 'eap/out-of-sequence', detail: 'more than 20 rounds' },
    })
  })
})

describe('a peer', () => {
  test('says who it is, answers a notification, and turns down what it does not have', async () => {
    const side = peer(peerTls(), peerMsChapV2())
    const [name] = await side.take(request(1, EapType.identity))
    const said = decoded(name)
    expect('data' in said && fromUtf8(said.data)).toBe('ada@contoso.com')
    const [noted] = await side.take(request(2, EapType.notification, utf8('Your password…')))
    expect(decoded(noted)).toMatchObject({ type: EapType.notification, data: new Uint8Array() })
    const [nak] = await side.take(request(3, EapType.md5Challenge, Uint8Array.of(1, 2)))
    expect(decoded(nak)).toEqual({
      code: EapCode.response,
      identifier: 3,
      type: EapType.nak,
      data: Uint8Array.of(13, 26),
    })
    await side.take(encodeEap({ code: EapCode.failure, identifier: 3 }))
    expect(side.report).toMatchObject({
      fault: { code: 'eap/no-common-type', offered: [13, 26], wanted: [4] },
    })
  })

  test('answers a request that comes again as it did before', async () => {
    const side = peer(peerMsChapV2())
    const challenge = concat(Uint8Array.of(1, 7, 0, 25, 16), new Uint8Array(16), utf8('NPS1'))
    const [first] = await side.take(request(5, EapType.mschapv2, challenge))
    expect(await side.take(request(5, EapType.mschapv2, challenge))).toEqual([first])
  })

  test.each(['PEAP', 'EAP-TLS'])(
    'does not believe in a Success before %s is over',
    async (method) => {
      const side = method === 'PEAP' ? peer(peerPeap({ methods: [] })) : peer(peerTls())
      await side.take(request(1, EapType.identity))
      await side.take(request(2, method === 'PEAP' ? 25 : 13, Uint8Array.of(0x20)))
      await side.take(encodeEap({ code: EapCode.success, identifier: 2 }))
      expect(side.report).toMatchObject({
        fault: { code: 'eap/out-of-sequence', detail: 'Success before its time' },
      })
    },
  )

  test('gives up after so many rounds', async () => {
    const side = peer(peerTls())
    const empty = Uint8Array.of(0x40)
    for (let round = 0; round < 500; round++)
      await side.take(request(round % 256, EapType.tls, empty))
    expect(side.packets).toHaveLength(400)
    expect(side.report).toMatchObject({
      fault: { code: 'eap/out-of-sequence', detail: 'more than 400 rounds' },
    })
  })

  test('finds a method in common by Nak, outside and inside a tunnel', async () => {
    const talk = await converse(
      peerOf(peerPeap({ methods: [peerMsChapV2()] })),
      serverOffering([serverTls(), serverPeap({ inner: [serverTls(), serverMsChapV2] })]),
    )
    expect(talk.server.report).toMatchObject({ code: 'eap/succeeded', types: [25, 26] })
    expect(talk.peer.report).toMatchObject({ code: 'eap/succeeded', types: [25, 26] })
  })

  test('hears that nothing is in common inside the tunnel', async () => {
    const talk = await converse(
      peerOf(peerPeap({ methods: [peerMsChapV2()] })),
      serverOffering([serverPeap({ inner: [serverTls()] })]),
    )
    expect(talk.server.report).toMatchObject({
      fault: { code: 'eap/no-common-type', offered: [13], wanted: [26] },
      types: [25, 13],
      innerIdentity: 'ada',
    })
    expect(talk.peer.report).toMatchObject({ fault: { code: 'eap/refused-by-peer' } })
  })
})

test('while a question is open nothing else is dealt with', () => {
  const asks: EapMethod = {
    type: 99,
    start: () => ({ state: 0, outputs: [{ kind: 'data', data: new Uint8Array() }] }),
    step: () => ({ state: 1, outputs: [{ kind: 'ask', ask: { kind: 'new-password' } }] }),
  }
  const env = envOf('open')
  const engine = serverOffering([{ type: 99, open: () => asks }])
  const packet = (bytes: Uint8Array) => ({ kind: 'packet', bytes }) as const
  let step = engine.step(engine.start(env).state, packet(identity(1)), env)
  step = engine.step(step.state, packet(response(2, 99, new Uint8Array())), env)
  expect(step.outputs).toEqual([{ kind: 'ask', ask: { kind: 'new-password' } }])
  step = engine.step(step.state, packet(response(2, 99, new Uint8Array())), env)
  expect(step.outputs).toEqual([
    { kind: 'report', report: { code: 'eap/ignored', detail: 'a duplicate' } },
  ])
})
