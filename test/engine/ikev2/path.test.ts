import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../../src/base/address.ts'
import { u16 } from '../../../src/base/bytes.ts'
import { ms, seconds } from '../../../src/base/time.ts'
import type { IkeOutput } from '../../../src/engine/ikev2/contract.ts'
import {
  at,
  childOf,
  CLIENT_AT,
  established,
  type Network,
  Pair,
  type PairOptions,
  type Passing,
  type Side,
} from './pair.ts'

const NAT = ipv4('198.51.100.1')
const ELSEWHERE = ipv4('198.51.100.99')

const up = (options: PairOptions = {}): Pair => new Pair(options).run()
const moves = (side: Side) =>
  side.outputs.filter(
    (each): each is Extract<IkeOutput, { kind: 'moved' }> => each.kind === 'moved',
  )

describe('NAT detection', () => {
  const without = (...types: readonly number[]): Network => {
    const isOneOf = (bytes: Uint8Array): Uint8Array => {
      // Notify types of two bytes behind protocol and SPI size, changed to one that nobody knows.
      const out = bytes.slice()
      for (let offset = 28; offset + 8 <= out.length; offset++) {
        if (u16(out, offset) === 0 && types.includes(u16(out, offset + 2))) out[offset + 2] = 0xa0
      }
      return out
    }
    return ({ bytes, marker }) => [marker ? {} : { bytes: isOneOf(bytes) }]
  }

  test('without a NAT neither side sees one; IKE_AUTH goes over port 4500 all the same', () => {
    const pair = up()
    expect(established(pair)).toBe(true)
    for (const side of [pair.initiator, pair.responder]) {
      expect(side.report('ike/nat-detected')).toBeUndefined()
      expect([...side.children.values()].map(({ encapsulates }) => encapsulates)).toEqual([false])
    }
    expect(
      pair.initiator.sent.map(({ endpoints, marker }) => `${at(endpoints.remote)} ${marker}`),
    ).toEqual(['192.0.2.10:500 false', ...Array.from({ length: 5 }, () => '192.0.2.10:4500 true')])
  })

  test('in front of the initiator: both see where', () => {
    const pair = up({ nat: NAT })
    expect(pair.initiator.report('ike/nat-detected')?.behind).toEqual(['own'])
    expect(pair.responder.report('ike/nat-detected')?.behind).toEqual(['peer'])
    for (const side of [pair.initiator, pair.responder]) {
      expect([...side.children.values()].map(({ encapsulates }) => encapsulates)).toEqual([true])
    }
    expect(pair.responder.children.values().next().value?.endpoints.remote).toEqual({
      address: NAT,
      port: 24_500,
    })
  })

  test('a responder without NAT traversal: all stays on port 500', () => {
    const pair = new Pair({ network: without(16_388, 16_389) }).run(seconds(1))
    expect(pair.initiator.sent.every(({ marker }) => !marker)).toBe(true)
    expect(pair.initiator.sent.length).toBeGreaterThan(1)
  })
})

describe('NAT-keepalive', () => {
  test('behind a NAT, after 20 s of silence', () => {
    const pair = up({ nat: NAT })
    const [began, , last] = [pair.now, pair.keepalives.length, pair.initiator.sent.at(-1)]
    pair.run(seconds(61))
    expect(pair.keepalives.length).toBe(3)
    expect(pair.keepalives[0]).toBeLessThanOrEqual(began + seconds(20))
    expect(last?.endpoints.local.port).toBe(4500)
    expect(pair.initiator.sent.at(-1)).toMatchObject({ marker: false, bytes: Uint8Array.of(0xff) })
    expect(pair.responder.sent.some(({ bytes }) => bytes.length === 1)).toBe(false)
  })

  test('not without one, and not while packets go', () => {
    const pair = up()
    pair.run(seconds(100))
    expect(pair.keepalives).toEqual([])
    const busy: Pair = new Pair({
      nat: NAT,
      initiator: { espTraffic: () => ({ sent: busy.now, heard: busy.now }) },
    })
    busy.run(seconds(100))
    expect(busy.keepalives).toEqual([])
  })
})

describe('fragments of IKE messages (RFC 7383)', () => {
  const FRAGMENTED: PairOptions = {
    initiator: { fragmentation: { packet: 576 } },
    responder: { fragmentation: { packet: 576 } },
  }
  const SKF = 53
  const isFragment = ({ bytes }: { readonly bytes: Uint8Array }): boolean => bytes[16] === SKF

  test('where both have them, none is larger than was said', () => {
    const pair = up(FRAGMENTED)
    expect(established(pair)).toBe(true)
    const fragments = pair.responder.sent.filter(isFragment)
    expect(fragments.length).toBeGreaterThan(2)
    const packets = [...pair.responder.sent, ...pair.initiator.sent].slice(2)
    expect(Math.max(...packets.map(({ bytes }) => bytes.length + 20 + 8 + 4))).toBeLessThanOrEqual(
      576,
    )
    expect(Math.max(...fragments.map(({ bytes }) => bytes.length))).toBeGreaterThan(500)
    const received = pair.initiator.reports.find(
      (each) => each.kind === 'ike/message' && each.fragments !== undefined,
    )
    expect(received).toMatchObject({
      direction: 'received',
      exchange: 'IKE_AUTH',
      fragments: fragments.length,
    })
  })

  test.for([
    ['the initiator has not', { responder: FRAGMENTED.responder! }],
    ['the responder has not', { initiator: FRAGMENTED.initiator! }],
  ] as const)('%s: messages go whole', ([, options]) => {
    const pair = up(options)
    expect(established(pair)).toBe(true)
    const all = [...pair.responder.sent, ...pair.initiator.sent]
    expect(all.some(isFragment)).toBe(false)
    expect(Math.max(...all.map(({ bytes }) => bytes.length))).toBeGreaterThan(1500)
  })

  const fragmentNumber = (bytes: Uint8Array): number => u16(bytes, 32)

  test.for([1, 2, 3])(
    'fragment %i is lost: the request comes again, and is answered again',
    (lost) => {
      let isLost = false
      const network = (passing: Passing) => {
        const isHit = !isLost && isFragment(passing) && fragmentNumber(passing.bytes) === lost
        isLost ||= isHit
        return isHit ? [] : [{}]
      }
      const pair = new Pair({ ...FRAGMENTED, network }).run(seconds(10))
      expect(established(pair)).toBe(true)
      // What had come was kept: of the second time only the missing one is needed.
      const total = pair.responder.sent.filter(isFragment).length / 2
      const unneeded = pair.initiator.reports.filter(({ kind }) => kind === 'ike/ignored')
      expect(unneeded.length).toBe(total - 1)
      const times = pair.initiator.reports.filter(
        (each) => each.kind === 'ike/message' && each.times === 2,
      )
      expect(times).toMatchObject([{ exchange: 'IKE_AUTH', messageId: 1 }])
    },
  )

  test('in any order, and each twice', () => {
    const pair = new Pair({
      ...FRAGMENTED,
      network: (passing) =>
        isFragment(passing)
          ? [{ after: ms(60 - 10 * fragmentNumber(passing.bytes)) }, { after: ms(70) }]
          : [{}],
    }).run(seconds(10))
    expect(established(pair)).toBe(true)
    expect(pair.initiator.sent.length).toBe(6)
  })

  test('one that is damaged, and one of another number of fragments, change nothing', () => {
    const network = (passing: Passing) => {
      if (!isFragment(passing)) return [{}]
      const [damaged, more, none, beyond] = [0, 0, 0, 0].map(() => passing.bytes.slice())
      damaged![damaged!.length - 1]! ^= 1
      more![35]! += 1
      none![33] = 0
      beyond![33] = 200
      return [{ bytes: damaged! }, { bytes: more! }, { bytes: none! }, { bytes: beyond! }, {}]
    }
    const pair = new Pair({ ...FRAGMENTED, network }).run(seconds(10))
    expect(established(pair)).toBe(true)
    expect(
      pair.initiator.reports.some(
        (each) => each.kind === 'ike/ignored' && each.why === 'bad-integrity',
      ),
    ).toBe(true)
  })
})

describe('MOBIKE', () => {
  const move = (
    pair: Pair,
    address = ELSEWHERE,
    remote?: { address: typeof ELSEWHERE; port: number },
  ) => {
    pair.clientAt = address
    pair.initiator.input({
      kind: 'moved',
      local: { address, port: 4500 },
      ...(remote && { remote }),
    })
  }

  test('the client is elsewhere: both sides go on from there', () => {
    const pair = up()
    const child = childOf(pair)
    const count = pair.initiator.messages().length
    move(pair)
    pair.run()
    expect(pair.initiator.messages().slice(count)).toEqual([
      '> INFORMATIONAL request 6 {N(UPDATE_SA_ADDRESSES) N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP)}',
      '< INFORMATIONAL answer 6 {N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP)}',
    ])
    expect(childOf(pair)).toBe(child)
    expect(moves(pair.responder)).toMatchObject([
      { endpoints: { remote: { address: ELSEWHERE, port: 4500 } }, encapsulates: false },
    ])
    expect(moves(pair.initiator)).toMatchObject([{ endpoints: { local: { address: ELSEWHERE } } }])
    expect(pair.responder.report('ike/moved')).toMatchObject({
      by: 'peer',
      from: { remote: { address: CLIENT_AT } },
      to: { remote: { address: ELSEWHERE } },
    })
    pair.responder.input({ kind: 'probe' })
    pair.run()
    expect(pair.responder.sent.at(-1)?.endpoints.remote.address).toBe(ELSEWHERE)
    expect(pair.responder.messages().at(-1)).toBe('< INFORMATIONAL answer 0 {}')
  })

  test('behind a NAT now: ESP in UDP from now on, and keepalives', () => {
    const pair = up()
    pair.nat = NAT
    move(pair)
    pair.run()
    expect(moves(pair.initiator).at(-1)?.encapsulates).toBe(true)
    expect(moves(pair.responder).at(-1)).toMatchObject({
      endpoints: { remote: { address: NAT, port: 24_500 } },
      encapsulates: true,
    })
    pair.run(seconds(25))
    expect(pair.keepalives.length).toBe(1)
  })

  test('not behind one any more', () => {
    const pair = up({ nat: NAT })
    pair.nat = undefined
    move(pair)
    pair.run()
    expect(moves(pair.initiator).at(-1)?.encapsulates).toBe(false)
    expect(moves(pair.responder).at(-1)?.encapsulates).toBe(false)
    pair.run(seconds(60))
    expect(pair.keepalives).toEqual([])
  })

  test('a request that was on its way goes once more from there, before the update', () => {
    const pair = up()
    pair.network = () => []
    pair.initiator.input({ kind: 'rekey-child' })
    pair.run(ms(100))
    pair.network = () => [{}]
    move(pair)
    pair.run()
    const sources = pair.initiator.sent.slice(-4).map(({ endpoints }) => endpoints.local.address)
    expect(sources).toEqual([CLIENT_AT, ELSEWHERE, ELSEWHERE, ELSEWHERE])
    expect(childOf(pair).replaces).toBeDefined()
    expect(pair.responder.state.endpoints.remote.address).toBe(ELSEWHERE)
  })

  test('twice, before the first update is answered: the last address counts', () => {
    const pair = up()
    move(pair)
    pair.run(ms(5))
    move(pair, ipv4('203.0.113.5'))
    pair.run()
    for (const side of [pair.initiator, pair.responder]) {
      const { local, remote } = side.state.endpoints
      expect([local.address, remote.address]).toContain(ipv4('203.0.113.5'))
    }
    expect(pair.initiator.sent.at(-1)?.endpoints.local.address).toBe(ipv4('203.0.113.5'))
  })

  test('no answer from the new address: the session ends as any other', () => {
    const pair = up()
    move(pair)
    pair.network = () => []
    pair.run(seconds(40))
    expect(pair.initiator.report('ike/timed-out')).toMatchObject({ doing: 'move', times: 5 })
    expect(pair.initiator.over).toBe('timed-out')
  })

  test('the gateway wants to see that somebody hears at the new address', () => {
    const pair = up({ responder: { checksReturn: true } })
    move(pair)
    pair.run()
    expect(pair.responder.messages().slice(-2)).toEqual([
      '> INFORMATIONAL request 0 {N(COOKIE2)}',
      '< INFORMATIONAL answer 0 {N(COOKIE2)}',
    ])
    expect(pair.responder.over).toBeUndefined()
    move(pair, CLIENT_AT)
    pair.network = ({ from, bytes }) => (from === 'initiator' && bytes[19] === 0x28 ? [] : [{}])
    pair.run(seconds(60))
    expect(pair.responder.over).toBe('timed-out')
  })

  test.for([
    ['the gateway has not', { responder: { mobike: false } }],
    ['the client has not', { initiator: { mobike: false } }],
  ] as const)('%s: a move is said to fail', ([, options]) => {
    const pair = up(options)
    const count = pair.initiator.sent.length
    move(pair)
    expect(pair.initiator.report('ike/move-failed')).toBeDefined()
    expect(pair.initiator.sent.length).toBe(count)
  })

  test('without it, a peer behind a NAT is followed by its packets', () => {
    const pair = up({ nat: NAT, initiator: { mobike: false } })
    pair.nat = ipv4('198.51.100.2')
    pair.initiator.input({ kind: 'probe' })
    pair.run()
    expect(moves(pair.responder)).toMatchObject([
      { endpoints: { remote: { address: ipv4('198.51.100.2') } } },
    ])
  })

  test('to another address of the gateway', () => {
    const pair = up()
    const remote = { address: ipv4('192.0.2.11'), port: 4500 }
    move(pair, ELSEWHERE, remote)
    pair.run()
    expect(pair.responder.state.endpoints.local).toEqual(remote)
  })
})
