import { describe, expect, test } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import { minutes, ms, seconds } from '../../../src/base/time.ts'
import { ikeTransforms } from '../../../src/engine/ikev2/proposals.ts'
import { ALL_IPV4, ipv4Selector } from '../../../src/engine/ikev2/selectors.ts'
import type { TrafficSelector } from '../../../src/wire/ikev2/traffic-selectors.ts'
import { ipv4 } from '../../../src/base/address.ts'
import { LAPTOP } from './identities.ts'
import {
  CFG_REPLY,
  childOf,
  established,
  IKE_SUITE,
  INNER,
  Pair,
  type PairOptions,
  type Side,
} from './pair.ts'

const up = (options: PairOptions = {}): Pair => new Pair(options).run()
const ignored = (side: Side): readonly string[] =>
  side.reports.flatMap((each) => (each.kind === 'ike/ignored' ? [each.why] : []))
const overs = (pair: Pair) => [pair.initiator.over, pair.responder.over]
const downs = (side: Side): readonly string[] =>
  side.outputs.flatMap((each) => (each.kind === 'child-down' ? [each.why] : []))

const WITH_CERTIFICATE: PairOptions = {
  initiator: { authentication: { kind: 'certificate', certificate: LAPTOP } },
}

describe('a request that comes again', () => {
  test('is answered with the same bytes, and the host is not asked again', () => {
    const once = up()
    const twice = up({ network: () => [{}, { after: ms(15) }] })
    expect(established(twice)).toBe(true)
    const questions = (side: Side) =>
      side.outputs.filter(({ kind }) => /^(ask|eap)/.test(kind)).length
    expect(questions(twice.responder)).toBe(questions(once.responder))
    expect(questions(twice.initiator)).toBe(questions(once.initiator))
    expect(twice.responders.length).toBe(1)
    const answers = twice.responder.sent.map(({ bytes }) => toHex(bytes))
    // All but the last come before the next request, so they are still known.
    expect(answers.filter((each, at) => answers.indexOf(each) !== at).length).toBe(6)
    expect(new Set(ignored(twice.initiator))).toEqual(new Set(['old-message-id']))
  })

  test('is not answered when it is not the same to the bit', () => {
    const pair = up()
    const last = pair.initiator.sent.at(-1)!
    const endpoints = { local: last.endpoints.remote, remote: last.endpoints.local }
    const count = pair.responder.sent.length
    const other = last.bytes.slice()
    other[other.length - 1]! ^= 1
    pair.responder.input({ kind: 'datagram', bytes: other, endpoints })
    expect(pair.responder.sent.length).toBe(count)
    pair.responder.input({ kind: 'datagram', bytes: last.bytes, endpoints })
    expect(pair.responder.sent.length).toBe(count + 1)
    expect(toHex(pair.responder.sent[count]!.bytes)).toBe(
      toHex(pair.responder.sent[count - 1]!.bytes),
    )
  })

  test('while the host thinks is passed over', () => {
    const judge = (): undefined => undefined
    const pair = new Pair({ ...WITH_CERTIFICATE, responderManners: { judge } }).run(seconds(4))
    expect(ignored(pair.responder)).toEqual(['busy', 'busy'])
    pair.responder.input({ kind: 'judged', accepted: true })
    pair.run()
    expect(established(pair)).toBe(true)
  })

  test('in fragments is answered once, for the first of them', () => {
    const fragmentation = { packet: 576 }
    let isLost = false
    const pair = new Pair({
      initiator: { ...WITH_CERTIFICATE.initiator, fragmentation },
      responder: { fragmentation },
      network({ from, marker }) {
        const isHit = from === 'responder' && marker && !isLost
        isLost ||= isHit
        return isHit ? [] : [{}]
      },
    }).run(seconds(10))
    expect(established(pair)).toBe(true)
    const requests = pair.initiator.sent.filter(({ bytes }) => bytes[16] === 53).length / 2
    const answers = pair.responder.sent.filter(({ bytes }) => bytes[16] === 53).length / 2
    expect(requests).toBeGreaterThan(2)
    expect(Number.isInteger(answers)).toBe(true)
  })

  test('of the message before the last is not answered', () => {
    const pair = up()
    const before = pair.initiator.sent.at(-2)!
    const endpoints = { local: before.endpoints.remote, remote: before.endpoints.local }
    const count = pair.responder.sent.length
    pair.responder.input({ kind: 'datagram', bytes: before.bytes, endpoints })
    expect(pair.responder.sent.length).toBe(count)
    expect(ignored(pair.responder)).toEqual(['old-message-id'])
  })
})

describe('the window', () => {
  test('one request at a time, in the order of the wishes', () => {
    const pair = up()
    const count = pair.initiator.messages().length
    pair.initiator.input({ kind: 'rekey-child' }).input({ kind: 'rekey-ike' })
    expect(pair.initiator.messages().slice(count).length).toBe(1)
    pair.run()
    const ids = pair.initiator
      .messages()
      .slice(count)
      .filter((each) => each.startsWith('>'))
    expect(ids).toEqual([
      '> CREATE_CHILD_SA request 6 {N(REKEY_SA) SA Ni TSi TSr}',
      '> CREATE_CHILD_SA request 7 {SA Ni KE}',
      '> INFORMATIONAL request 0 {D(ESP)}',
      '> INFORMATIONAL request 8 {D(IKE)}',
    ])
  })

  test('a message of the future is not looked at', () => {
    const pair = up()
    pair.network = () => []
    pair.initiator.input({ kind: 'probe' })
    const probe = pair.initiator.sent.at(-1)!
    const bytes = probe.bytes.slice()
    bytes[23]! += 1
    const endpoints = { local: probe.endpoints.remote, remote: probe.endpoints.local }
    pair.responder.input({ kind: 'datagram', bytes, endpoints })
    expect(ignored(pair.responder)).toEqual(['future-message-id'])
  })

  test('an answer that nobody waits for is not looked at', () => {
    const pair = up()
    const answer = pair.responder.sent.at(-1)!
    const endpoints = { local: answer.endpoints.remote, remote: answer.endpoints.local }
    pair.initiator.input({ kind: 'datagram', bytes: answer.bytes, endpoints })
    expect(ignored(pair.initiator)).toEqual(['old-message-id'])
  })
})

describe('retransmission', () => {
  test('by the schedule that was given, the same bytes each time', () => {
    const retransmission = [100, 200, 400].map(ms)
    const pair = new Pair({ initiator: { retransmission }, network: () => [] }).run(seconds(5))
    expect(new Set(pair.wire).size).toBe(1)
    expect(pair.initiator.report('ike/timed-out')).toMatchObject({
      times: 3,
      waited: ms(700),
      doing: 'sa-init',
    })
    expect([...pair.initiator.timers, ...pair.initiator.routes]).toEqual([])
  })

  test('every message is lost once: all is well, later', () => {
    const seen = new Set<string>()
    const pair = new Pair({
      network({ bytes }) {
        const text = toHex(bytes)
        const isNew = !seen.has(text)
        seen.add(text)
        return isNew ? [] : [{}]
      },
    }).run(minutes(1))
    expect(established(pair)).toBe(true)
    childOf(pair)
  })

  test('an established SA whose peer is silent ends, and its child with it', () => {
    const pair = up()
    pair.network = () => []
    pair.initiator.input({ kind: 'probe' })
    pair.run(seconds(40))
    expect(pair.initiator.report('ike/timed-out')).toMatchObject({
      exchange: 'INFORMATIONAL',
      doing: 'probe',
    })
    expect(pair.initiator.over).toBe('timed-out')
    expect(downs(pair.initiator)).toEqual(['ike-sa-over'])
  })
})

describe('dead peers', () => {
  const DEAD_PEER: PairOptions = { responder: { deadPeer: seconds(30) } }

  test('after a silence the peer is asked, and answers', () => {
    const pair = up(DEAD_PEER)
    pair.run(seconds(100))
    const probes = pair.responder.messages().filter((each) => each.startsWith('> INFORMATIONAL'))
    expect(probes.length).toBe(3)
    expect(overs(pair)).toEqual([undefined, undefined])
  })

  test('it does not: ended after the silence and the schedule', () => {
    const pair = up(DEAD_PEER)
    pair.network = () => []
    pair.run(seconds(55))
    expect(pair.responder.over).toBeUndefined()
    pair.run(seconds(3))
    expect(pair.responder.over).toBe('timed-out')
  })

  test('packets in the tunnel are signs of life', () => {
    const pair: Pair = new Pair({
      responder: { deadPeer: seconds(30), espTraffic: () => ({ heard: pair.now }) },
    })
    pair.run(minutes(10))
    expect(pair.responder.messages().some((each) => each.startsWith('> INFORMATIONAL'))).toBe(false)
  })
})

describe('cookies', () => {
  test('and then another group: the cookie goes along', () => {
    const wanted = { ...IKE_SUITE, group: 14 }
    const pair = up({
      door: { cookiesFrom: 0 },
      initiator: {
        ikeProposals: [ikeTransforms({ ...IKE_SUITE, group: 2 }), ikeTransforms(wanted)],
      },
      responder: { ikeSuites: [wanted] },
    })
    expect(pair.initiator.kinds().slice(0, 3)).toEqual([
      'ike/cookie-demanded',
      'ike/invalid-ke',
      'ike/agreed',
    ])
    expect(pair.initiator.messages().filter((each) => each.startsWith('> IKE_SA_INIT'))).toEqual([
      expect.not.stringContaining('COOKIE'),
      expect.stringContaining('{N(COOKIE) SA KE Ni'),
      expect.stringContaining('{N(COOKIE) SA KE Ni'),
    ])
    expect(established(pair)).toBe(true)
  })

  test('demanded again and again: given up after the schedule', () => {
    const pair = new Pair({
      door: { cookiesFrom: 0 },
      network: ({ from, bytes }) => {
        // Each cookie is spoilt on its way.
        const other = bytes.slice()
        if (from === 'initiator' && bytes[16] === 41) other[40]! ^= 1
        return [{ bytes: other }]
      },
    }).run(seconds(60))
    expect(pair.responders).toEqual([])
    expect(pair.initiator.kinds().filter((kind) => kind === 'ike/cookie-demanded').length).toBe(3)
    expect(pair.initiator.over).toBe('timed-out')
  })
})

describe('selectors are narrowed', () => {
  const net = (from: string, to: string, rest: Partial<TrafficSelector> = {}): TrafficSelector =>
    ({ ...ipv4Selector(ipv4(from), ipv4(to)), ...rest }) as TrafficSelector
  const tcp443 = { protocol: 6, startPort: 443, endPort: 443 }

  test.for<
    [string, readonly TrafficSelector[], readonly TrafficSelector[], readonly TrafficSelector[]]
  >([
    [
      'to what the gateway has',
      [ALL_IPV4],
      [net('10.20.0.0', '10.20.255.255')],
      [net('10.20.0.0', '10.20.255.255')],
    ],
    [
      'to what the client wants',
      [net('10.20.0.5', '10.20.0.5')],
      [ALL_IPV4],
      [net('10.20.0.5', '10.20.0.5')],
    ],
    [
      'to what both have',
      [net('10.0.0.0', '10.20.0.9')],
      [net('10.20.0.0', '10.20.255.255')],
      [net('10.20.0.0', '10.20.0.9')],
    ],
    [
      'to a port',
      [ALL_IPV4],
      [net('10.20.0.0', '10.20.0.255', tcp443)],
      [net('10.20.0.0', '10.20.0.255', tcp443)],
    ],
    [
      'to several',
      [ALL_IPV4],
      [net('10.20.0.1', '10.20.0.1'), net('10.30.0.0', '10.30.0.9')],
      [net('10.20.0.1', '10.20.0.1'), net('10.30.0.0', '10.30.0.9')],
    ],
  ])('%s', ([, wanted, allowed, common]) => {
    const pair = up({
      initiator: { remoteSelectors: wanted },
      responder: { localSelectors: allowed },
    })
    expect(childOf(pair).remoteSelectors).toEqual(common)
    expect(childOf(pair).localSelectors).toEqual([ipv4Selector(INNER)])
  })

  test('without addresses to give, the peer may be what it is', () => {
    const pair = up({ initiator: { configuration: [] } })
    expect(childOf(pair).localSelectors).toEqual([ipv4Selector(ipv4('203.0.113.77'))])
    expect(childOf(pair).configuration).toBeUndefined()
  })

  test('the peer may be what the host says', () => {
    const remoteSelectors = [net('10.20.100.0', '10.20.100.255')]
    const pair = up({ responder: { remoteSelectors } })
    expect(childOf(pair).localSelectors).toEqual(remoteSelectors)
    expect(childOf(pair).configuration).toEqual(CFG_REPLY)
  })
})
