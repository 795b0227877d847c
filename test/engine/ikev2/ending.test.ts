import { describe, expect, test } from 'vitest'
import { minutes, ms, seconds } from '../../../src/base/time.ts'
import type { IkeInput } from '../../../src/engine/ikev2/contract.ts'
import { childOf, Pair, type PairOptions, type Side } from './pair.ts'

const up = (options: PairOptions = {}): Pair => new Pair(options).run()
const overs = (pair: Pair) => [pair.initiator.over, pair.responder.over]
const downs = (side: Side): readonly string[] =>
  side.outputs.flatMap((each) => (each.kind === 'child-down' ? [each.why] : []))

describe('the end', () => {
  const CLOSE: IkeInput = { kind: 'close' }

  test.for(['initiator', 'responder'] as const)('the %s says good-bye', (who) => {
    const pair = up()
    const [side, other] =
      who === 'initiator' ? [pair.initiator, pair.responder] : [pair.responder, pair.initiator]
    side.input({ kind: 'close', why: 'idle' })
    expect(downs(side)).toEqual(['closed'])
    pair.run(seconds(1))
    expect(side.over).toBe('closed')
    expect(side.report('ike/over')).toEqual({ kind: 'ike/over', why: 'closed', detail: 'idle' })
    expect(downs(other)).toEqual(['deleted-by-peer'])
    pair.run(minutes(1))
    expect(other.over).toBe('deleted-by-peer')
    for (const each of [side, other]) {
      expect([...each.timers.keys(), ...each.routes, ...each.children.keys()]).toEqual([])
    }
  })

  test('the answer to it is lost: it is asked again, and answered again', () => {
    const pair = up()
    let lost = 0
    pair.network = ({ from }) => (from === 'responder' && lost++ < 2 ? [] : [{}])
    pair.initiator.input(CLOSE)
    pair.run(seconds(10))
    expect(pair.initiator.over).toBe('closed')
    expect(pair.initiator.report('ike/timed-out')).toBeUndefined()
  })

  test('nobody answers it: closed all the same', () => {
    const pair = up()
    pair.network = () => []
    pair.initiator.input(CLOSE)
    pair.run(seconds(40))
    expect(pair.initiator.over).toBe('closed')
  })

  test('both at once: each answers the other', () => {
    const pair = up()
    pair.initiator.input(CLOSE)
    pair.responder.input(CLOSE)
    pair.run(minutes(1))
    expect(overs(pair)).toEqual(['closed', 'closed'])
    for (const side of [pair.initiator, pair.responder]) {
      expect(side.report('ike/timed-out')).toBeUndefined()
      expect(side.messages().slice(-3)).toEqual([
        expect.stringMatching(/^> INFORMATIONAL request \d \{D\(IKE\)\}$/),
        expect.stringMatching(/^< INFORMATIONAL request \d \{D\(IKE\)\}$/),
        expect.stringMatching(/^> INFORMATIONAL answer \d \{\}$/),
      ])
    }
  })

  test('while something else is asked: that is waited for, and no child comes of it', () => {
    for (const kind of ['rekey-child', 'rekey-ike'] as const) {
      const pair = up()
      pair.initiator.input({ kind }).input(CLOSE)
      expect(downs(pair.initiator)).toEqual(['closed'])
      pair.run(minutes(2))
      expect(overs(pair)).toEqual(['closed', 'deleted-by-peer'])
      expect(pair.initiator.outputs.filter((each) => each.kind === 'child-up').length).toBe(1)
      expect([...pair.responder.timers.keys(), ...pair.responder.routes]).toEqual([])
    }
  })

  test('the peer asks for something else meanwhile: it is told to wait', () => {
    const pair = up()
    pair.initiator.input(CLOSE)
    pair.responder.input({ kind: 'rekey-child' })
    pair.run(seconds(1))
    expect(pair.initiator.messages()).toContain('> CREATE_CHILD_SA answer 0 {N(TEMPORARY_FAILURE)}')
    expect(pair.initiator.over).toBe('closed')
  })

  test('silently, or before it stands: at once, without a word', () => {
    const pair = up()
    const count = pair.initiator.sent.length
    pair.initiator.input({ kind: 'close', silent: true })
    expect([pair.initiator.over, pair.initiator.sent.length]).toEqual(['closed', count])
    const early = new Pair().run(ms(30))
    early.initiator.input(CLOSE)
    expect(early.initiator.over).toBe('closed')
    expect(early.run(minutes(2)).responder.over).toBe('not-established')
  })

  test('one child only', () => {
    const pair = up()
    pair.responder.input({ kind: 'close-child', spi: childOf(pair).remoteSpi })
    pair.run()
    expect([downs(pair.initiator), downs(pair.responder)]).toEqual([
      ['deleted-by-peer'],
      ['closed'],
    ])
    expect(overs(pair)).toEqual([undefined, undefined])
  })

  test('one child, by both at once', () => {
    const pair = up()
    const { spi, remoteSpi } = childOf(pair)
    pair.responder.input({ kind: 'close-child', spi: remoteSpi })
    pair.initiator.input({ kind: 'close-child', spi })
    pair.run()
    for (const side of [pair.initiator, pair.responder]) {
      expect(downs(side)).toEqual(['deleted-by-peer'])
      // RFC 7296 §1.4.1: the answers do not name what both have named.
      expect(
        side.messages().filter((each) => each.includes('answer') && each.includes('D(ESP)')),
      ).toEqual([])
    }
  })

  test('after the end nothing moves it any more', () => {
    const pair = up()
    pair.initiator.input({ kind: 'close', silent: true })
    const count = pair.initiator.outputs.length
    const last = pair.responder.sent.at(-1)!
    const endpoints = { local: last.endpoints.remote, remote: last.endpoints.local }
    for (const input of [
      { kind: 'datagram', bytes: last.bytes, endpoints },
      { kind: 'timer', timer: 'keepalive' },
      { kind: 'eap', packet: new Uint8Array(5) },
      { kind: 'judged', accepted: true },
      { kind: 'rekey-child' },
      CLOSE,
    ] as const) {
      pair.initiator.input(input)
    }
    expect(pair.initiator.outputs.length).toBe(count)
  })

  test('answers that were not asked for are passed over', () => {
    const pair = up()
    for (const side of [pair.initiator, pair.responder]) {
      const count = side.outputs.length
      for (const input of [
        { kind: 'eap', packet: Uint8Array.of(1, 1, 0, 5, 1) },
        { kind: 'eap-success', msk: new Uint8Array(64) },
        { kind: 'eap-failure' },
        { kind: 'judged', accepted: false, failure: 'late' },
        { kind: 'address' },
        { kind: 'certificate' },
        { kind: 'timer', timer: 'retransmit/0' },
        { kind: 'timer', timer: 'child/77/soft' },
        { kind: 'rekey-child', spi: 77 },
        { kind: 'close-child', spi: 77 },
        { kind: 'child-wears', spi: 77, limit: 'hard' },
      ] as const) {
        side.input(input)
      }
      expect(side.outputs.slice(count)).toEqual([])
    }
  })
})
