import { describe, expect, test } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import { hours, minutes, ms, seconds } from '../../../src/base/time.ts'
import type { IkeInput } from '../../../src/engine/ikev2/contract.ts'
import { ikeTransforms } from '../../../src/engine/ikev2/proposals.ts'
import { childOf, ESP_SUITE, IKE_SUITE, Pair, type PairOptions, type Side } from './pair.ts'

const REKEY_CHILD: IkeInput = { kind: 'rekey-child' }
const REKEY_IKE: IkeInput = { kind: 'rekey-ike' }

/** Long enough for everything to be deleted and forgotten that is to be. */
const SETTLE = minutes(3)

/** One matched child, and nothing that was replaced left over on either side. */
function expectSettled(pair: Pair): void {
  pair.run(SETTLE)
  expect([pair.initiator.over, pair.responder.over]).toEqual([undefined, undefined])
  childOf(pair)
  for (const side of [pair.initiator, pair.responder]) {
    expect(side.state.others.length, 'IKE SAs besides the one').toBe(0)
    expect([...side.routes].length).toBe(1)
    expect(side.state.sa.outstanding).toBeUndefined()
  }
  expect(toHex(pair.initiator.state.sa.spiI)).toBe(toHex(pair.responder.state.sa.spiI))
  expect(toHex(pair.initiator.state.sa.spiR)).toBe(toHex(pair.responder.state.sa.spiR))
  expectSpeaking(pair)
}

/** Both sides can still ask and are answered. */
function expectSpeaking(pair: Pair): void {
  for (const side of [pair.initiator, pair.responder]) {
    const before = side.messages().length
    side.input({ kind: 'probe' })
    pair.run()
    expect(side.messages().slice(before)).toMatchObject(
      [/^> INFORMATIONAL/, /^< INFORMATIONAL/].map((like) => expect.stringMatching(like)),
    )
  }
}

const up = (options: PairOptions = {}): Pair => new Pair(options).run()
const after = (side: Side, count: number): readonly string[] => side.messages().slice(count)
const childEvents = (side: Side): readonly string[] =>
  side.outputs.flatMap((each) => {
    if (each.kind === 'child-up') return [each.child.replaces === undefined ? 'up' : 'up instead']
    return each.kind === 'child-down' ? [`down ${each.why}`] : []
  })

describe('a child is replaced', () => {
  test.for(['initiator', 'responder'] as const)('by the %s', (who) => {
    const pair = up()
    const side = pair[who]
    const before = childOf(pair)
    const count = side.messages().length
    side.input(REKEY_CHILD)
    pair.run()
    expect(after(side, count)).toEqual([
      `> CREATE_CHILD_SA request ${who === 'initiator' ? 6 : 0} {N(REKEY_SA) SA Ni TSi TSr}`,
      `< CREATE_CHILD_SA answer ${who === 'initiator' ? 6 : 0} {SA Nr TSi TSr}`,
      `> INFORMATIONAL request ${who === 'initiator' ? 7 : 1} {D(ESP)}`,
      `< INFORMATIONAL answer ${who === 'initiator' ? 7 : 1} {D(ESP)}`,
    ])
    const child = childOf(pair)
    expect(child.replaces).toBe(before.spi)
    expect(toHex(child.outbound.encryption)).not.toBe(toHex(before.outbound.encryption))
    expect(child.localSelectors).toEqual(before.localSelectors)
    expect(child.remoteSelectors).toEqual(before.remoteSelectors)
    for (const each of [pair.initiator, pair.responder]) {
      expect(childEvents(each)).toEqual(['up', 'up instead', 'down rekeyed'])
    }
    expectSettled(pair)
  })

  test('with a group of its own', () => {
    const pair = up({
      initiator: { pfsGroup: 19 },
      responder: { espSuites: [{ ...ESP_SUITE, group: 19 }] },
    })
    const count = pair.initiator.messages().length
    expect(childOf(pair).suite.group).toBeUndefined()
    pair.initiator.input(REKEY_CHILD)
    pair.run()
    expect(after(pair.initiator, count).slice(0, 2)).toEqual([
      '> CREATE_CHILD_SA request 6 {N(REKEY_SA) SA Ni KE TSi TSr}',
      '< CREATE_CHILD_SA answer 6 {SA Nr KE TSi TSr}',
    ])
    expect(childOf(pair).suite.group).toBe(19)
    pair.responder.input(REKEY_CHILD)
    pair.run()
    expect(childOf(pair).suite.group).toBe(19)
    expectSettled(pair)
  })

  test('in a group that the peer does not want: the old one stays', () => {
    const pair = up({
      initiator: { pfsGroup: 14 },
      responder: { espSuites: [{ ...ESP_SUITE, group: 19 }] },
    })
    pair.initiator.input(REKEY_CHILD)
    pair.run()
    expect(pair.initiator.report('ike/no-proposal-chosen')).toMatchObject({
      exchange: 'CREATE_CHILD_SA',
      offered: ['ENCR_AES_CBC_256/AUTH_HMAC_SHA1_96/MODP_2048'],
    })
    expect(pair.responder.report('ike/child-refused')).toMatchObject({
      by: 'own',
      exchange: 'CREATE_CHILD_SA',
      notify: 'NO_PROPOSAL_CHOSEN',
    })
    expect(pair.initiator.report('ike/rekey-failed')).toMatchObject({ what: 'ESP', again: false })
    expect(childOf(pair).replaces).toBeUndefined()
    expectSettled(pair)
  })

  test('a lost request or answer is no matter', () => {
    for (const lost of [0, 1, 2]) {
      const pair = up()
      let count = 0
      pair.network = () => (count++ === lost ? [] : [{}])
      pair.initiator.input(REKEY_CHILD)
      pair.run(seconds(30))
      expect(childOf(pair).replaces).toBeDefined()
      pair.network = () => [{}]
      expectSettled(pair)
    }
  })
})

describe('the IKE SA is replaced', () => {
  test.for(['initiator', 'responder'] as const)('by the %s; its children stay', (who) => {
    const pair = up()
    const before = childOf(pair)
    const count = pair[who].messages().length
    pair[who].input(REKEY_IKE)
    pair.run()
    expect(after(pair[who], count).map((each) => each.replace(/ \d+ /, ' '))).toEqual([
      '> CREATE_CHILD_SA request {SA Ni KE}',
      '< CREATE_CHILD_SA answer {SA Nr KE}',
      '> INFORMATIONAL request {D(IKE)}',
      '< INFORMATIONAL answer {}',
    ])
    expect(childOf(pair)).toBe(before)
    expect(pair[who].state.sa.role).toBe('initiator')
    for (const side of [pair.initiator, pair.responder]) {
      expect(side.report('ike/rekeyed')?.text).toContain('ENCR_AES_CBC_256')
    }
    expectSettled(pair)
  })

  test('again and again, by turns, with children in between', () => {
    const pair = up()
    for (let round = 0; round < 4; round++) {
      const side = round % 2 === 0 ? pair.responder : pair.initiator
      side.input(REKEY_IKE)
      pair.run()
      side.input(REKEY_CHILD)
      pair.run()
    }
    expectSettled(pair)
    expect(pair.initiator.secrets.filter(({ kind }) => kind === 'ike').length).toBe(5)
  })

  test('what waited for its turn goes on with the new one', () => {
    const pair = up()
    pair.initiator.input(REKEY_IKE).input(REKEY_CHILD).input({ kind: 'probe' })
    pair.run()
    expect(childOf(pair).replaces).toBeDefined()
    expectSettled(pair)
  })

  test('an initiator of the new one keeps to its suite, whatever the other had chosen from', () => {
    const other = { ...IKE_SUITE, group: 14 }
    const pair = up({
      initiator: { ikeProposals: [ikeTransforms(other), ikeTransforms(IKE_SUITE)] },
      responder: { ikeSuites: [IKE_SUITE, other] },
    })
    pair.responder.input(REKEY_IKE)
    pair.run()
    expect(pair.responder.state.sa.protection?.suite).toEqual(IKE_SUITE)
    expectSettled(pair)
  })

  test('the delete is lost for good: the replaced one is forgotten all the same', () => {
    const pair = up()
    pair.initiator.input(REKEY_IKE)
    pair.run(ms(25))
    const old = pair.responder.state.others.at(0)
    expect(old?.state).toBe('replaced')
    pair.network = ({ bytes }) => (toHex(bytes.subarray(0, 8)) === toHex(old!.spiI) ? [] : [{}])
    pair.run(seconds(120))
    pair.network = () => [{}]
    expectSettled(pair)
  })
})

describe('both at once', () => {
  const seeds = Array.from({ length: 8 }, (_, at) => `seed ${at}`)

  test('children: two are made, the one with the lowest nonce goes, by who made it', () => {
    const losers = seeds.map((seed) => {
      const pair = up({ seed })
      pair.initiator.input(REKEY_CHILD)
      pair.responder.input(REKEY_CHILD)
      pair.run()
      expect(childEvents(pair.initiator).toSorted()).toEqual([
        'down redundant',
        'down rekeyed',
        'up',
        'up instead',
        'up instead',
      ])
      const loser = pair.initiator.report('ike/simultaneous-rekey')?.loser
      const other = loser === 'own' ? 'peer' : 'own'
      expect(pair.responder.report('ike/simultaneous-rekey')).toMatchObject({
        what: 'ESP',
        loser: other,
      })
      expectSettled(pair)
      return loser
    })
    expect(new Set(losers).size).toBe(2)
  })

  test('the IKE SA: two are made, the one with the lowest nonce goes, by who made it', () => {
    const losers = seeds.map((seed) => {
      const pair = up({ seed })
      pair.initiator.input(REKEY_IKE)
      pair.responder.input(REKEY_IKE)
      pair.run()
      const loser = pair.initiator.report('ike/simultaneous-rekey')?.loser
      const other = loser === 'own' ? 'peer' : 'own'
      expect(pair.responder.report('ike/simultaneous-rekey')).toMatchObject({
        what: 'IKE',
        loser: other,
      })
      expect(pair.initiator.state.sa.role).toBe(loser === 'own' ? 'responder' : 'initiator')
      expectSettled(pair)
      return loser
    })
    expect(new Set(losers).size).toBe(2)
  })

  const WISHES = [REKEY_CHILD, REKEY_IKE]

  test('whatever is asked for at once, in whatever order and with whatever is lost, all is well in the end', () => {
    for (const seed of Array.from({ length: 60 }, (_, at) => `chaos ${at}`)) {
      // So patient that no loss is the end of it.
      const retransmission = Array.from({ length: 30 }, () => seconds(1))
      const pair = up({ seed, initiator: { retransmission }, responder: { retransmission } })
      const rng = pair.rng.fork('chaos')
      pair.network = () => {
        if (rng.chance(0.2)) return []
        const late = { after: ms(rng.below(rng.chance(0.2) ? 3000 : 30)) }
        return rng.chance(0.1) ? [late, { after: ms(rng.below(2000)) }] : [late]
      }
      for (let round = 0; round < 3; round++) {
        for (const side of [pair.initiator, pair.responder]) {
          for (const wish of WISHES) if (rng.chance(0.7)) side.input(wish)
        }
        pair.run(ms(rng.below(4000)))
      }
      pair.run(seconds(40))
      pair.network = () => [{}]
      expectSettled(pair)
    }
  })

  test('a child on one side, the IKE SA on the other: both are told to wait, and do it later', () => {
    for (const seed of seeds) {
      const pair = up({ seed })
      pair.initiator.input(REKEY_CHILD)
      pair.responder.input(REKEY_IKE)
      pair.run()
      for (const [side, what] of [
        [pair.initiator, 'ESP'],
        [pair.responder, 'IKE'],
      ] as const) {
        expect(side.report('ike/rekey-failed')).toEqual({
          kind: 'ike/rekey-failed',
          what,
          notify: 'TEMPORARY_FAILURE',
          again: true,
        })
      }
      pair.run(seconds(20))
      expect(childOf(pair).replaces).toBeDefined()
      expect(pair.initiator.report('ike/rekeyed')).toBeDefined()
      expectSettled(pair)
    }
  })
})

describe('lifetimes', () => {
  const replacedWithin = (pair: Pair): number =>
    pair.initiator.outputs.filter(({ kind }) => kind === 'child-up').length - 1

  test('a child is replaced before its time, with some spread', () => {
    const pair = up({ initiator: { childLifetime: { time: hours(1) } } })
    pair.run((minutes(51) - pair.since()) as never)
    expect(replacedWithin(pair)).toBe(0)
    pair.run(minutes(4))
    expect(replacedWithin(pair)).toBe(1)
    pair.run(hours(4))
    expect(replacedWithin(pair)).toBeGreaterThanOrEqual(5)
    expectSettled(pair)
  })

  test('the IKE SA too', () => {
    const pair = up({ responder: { ikeLifetime: { time: hours(8) } } })
    pair.run(hours(40))
    expect(pair.initiator.reports.filter(({ kind }) => kind === 'ike/rekeyed').length).toBe(5)
    expectSettled(pair)
  })

  test('both sides with the same lifetime live on', () => {
    const each = {
      childLifetime: { time: minutes(30), jitter: seconds(0) },
      ikeLifetime: { time: hours(2), jitter: seconds(0) },
    }
    const pair = up({ initiator: each, responder: each })
    pair.run(hours(24))
    expect(pair.initiator.report('ike/simultaneous-rekey')).toBeDefined()
    expectSettled(pair)
  })

  test('a peer that will not replace it: ended at its time, and the peer is told', () => {
    const pair = up({
      initiator: { childLifetime: { time: minutes(10) }, pfsGroup: 14 },
    })
    const [spi] = pair.initiator.children.keys()
    pair.run(minutes(11))
    expect(pair.initiator.report('ike/rekey-failed')).toMatchObject({
      notify: 'NO_PROPOSAL_CHOSEN',
    })
    expect(childEvents(pair.initiator)).toEqual(['up', 'down expired'])
    expect(childEvents(pair.responder)).toEqual(['up', 'down deleted-by-peer'])
    expect(pair.initiator.report('ike/child-over')).toMatchObject({ spi, why: 'expired' })
    expectSpeaking(pair)
  })

  test('the IKE SA expires where it cannot be replaced, and the peer is told', () => {
    const ikeLifetime = { time: minutes(10), margin: minutes(1), jitter: seconds(0) }
    const pair = up({ initiator: { ikeLifetime } })
    pair.responder.state.sa.outstanding = {
      messageId: 99,
      exchange: 37,
      datagrams: [],
      purpose: { kind: 'delete-children', spis: [] },
      payloads: [],
      began: pair.now,
      times: 1,
    }
    pair.run(minutes(11))
    expect(pair.initiator.report('ike/rekey-failed')).toMatchObject({
      what: 'IKE',
      notify: 'TEMPORARY_FAILURE',
    })
    expect(pair.initiator.over).toBe('expired')
    expect(childEvents(pair.initiator)).toEqual(['up', 'down expired'])
    expect(pair.responder.over).toBe('deleted-by-peer')
  })

  test.for([
    ['soft', ['up', 'up instead', 'down rekeyed']],
    ['hard', ['up', 'down expired']],
  ] as const)('bytes: %s', ([limit, events]) => {
    const pair = up({ initiator: { childLifetime: { bytes: 1000 } } })
    const child = childOf(pair)
    expect(child.bytes).toEqual({ soft: 900, hard: 1000 })
    pair.initiator.input({ kind: 'child-wears', spi: child.spi, limit })
    pair.run()
    expect(childEvents(pair.initiator)).toEqual(events)
  })
})

test('a child that the peer does not know cannot be replaced, and is gone', () => {
  const pair = up()
  const child = childOf(pair)
  pair.network = ({ from }) => (from === 'responder' ? [] : [{}])
  pair.responder.input({ kind: 'close-child', spi: child.remoteSpi })
  pair.run(ms(1))
  pair.responder.state.children.clear()
  pair.network = () => [{}]
  pair.initiator.input(REKEY_CHILD)
  pair.run()
  expect(pair.initiator.report('ike/rekey-failed')).toMatchObject({
    notify: 'CHILD_SA_NOT_FOUND',
    again: false,
  })
  expect(childEvents(pair.initiator)).toEqual(['up', 'down deleted-by-peer'])
})
