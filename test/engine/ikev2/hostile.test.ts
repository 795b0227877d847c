/** Bytes of anybody, and of a peer with the right keys: nothing is thrown, nothing grows, and who is honest gets through. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rngFrom, type Rng } from '../../../src/base/rng.ts'
import { minutes, ms, seconds } from '../../../src/base/time.ts'
import type { Chain } from '../../../src/engine/ikev2/protect.ts'
import { encodePayloads } from '../../../src/wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../../src/wire/ikev2/payloads.ts'
import { anyPayload } from '../../wire/ikev2/arbitraries.ts'
import { forge, reseal } from './forge.ts'
import { LAPTOP } from './identities.ts'
import { established, Pair, type PairOptions, type Side } from './pair.ts'

const SEED = 7296
const [AUTH, CREATE_CHILD_SA, INFORMATIONAL] = [35, 36, 37]

/** What a peer makes a session keep. */
function expectBounded({ state, routes, timers, children }: Side): void {
  expect(state.others.length).toBeLessThanOrEqual(10)
  expect(children.size).toBeLessThanOrEqual(34)
  expect(state.sa.queue.length).toBeLessThanOrEqual(40)
  expect(routes.size).toBeLessThanOrEqual(12)
  expect(timers.size).toBeLessThanOrEqual(120)
  expect(state.authorities.length).toBeLessThanOrEqual(512)
}

const both = (pair: Pair): readonly Side[] => [pair.initiator, ...pair.responders]

function give(pair: Pair, side: Side, bytes: Uint8Array): void {
  const { local, remote } = pair.initiator.state.endpoints
  const isInitiator = side === pair.initiator
  const endpoints = isInitiator ? { local, remote } : { local: remote, remote: local }
  const before = side.outputs.length
  side.input({ kind: 'datagram', bytes, endpoints })
  expect(side.outputs.length - before).toBeLessThan(200)
  expectBounded(side)
}

const changed = (
  bytes: Uint8Array,
  changes: readonly (readonly [number, number])[],
): Uint8Array => {
  const out = bytes.slice()
  for (const [at, value] of changes) if (out.length > 0) out[at % out.length] = value
  return out
}
const changes = fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { minLength: 1, maxLength: 4 })

/** How far the pair has come: the first answer is due; IKE_AUTH is; all is up. */
const STAGES = [ms(5), ms(25), seconds(5)]
const WITH_CERTIFICATE: PairOptions = {
  initiator: { authentication: { kind: 'certificate', certificate: LAPTOP } },
}

describe('without keys', () => {
  test('random bytes, to either side at any time, are no matter to who is honest', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...STAGES),
        fc.array(fc.tuple(fc.uint8Array({ maxLength: 120 }), fc.boolean()), { maxLength: 20 }),
        (stage, garbage) => {
          const pair = new Pair()
          pair.run(stage)
          for (const [bytes, hasHeader] of garbage) {
            if (hasHeader && bytes.length >= 28)
              bytes.set(pair.initiator.sent[0]!.bytes.subarray(0, 20))
            for (const side of both(pair)) give(pair, side, bytes)
          }
          pair.run(seconds(10))
          expect(established(pair)).toBe(true)
        },
      ),
      { seed: SEED, numRuns: 60 },
    )
  })

  test('copies of what the two say, changed, before and behind each of their own, from the moment that there are keys', () => {
    const rng = rngFrom('changed')
    for (let run = 0; run < 25; run++) {
      const pair = new Pair({ ...(run % 2 === 0 ? WITH_CERTIFICATE : {}), seed: `run ${run}` })
      pair.network = ({ bytes, marker }) => {
        if (!marker) return [{}]
        const copies = Array.from({ length: 4 }, () => ({
          bytes: changed(bytes, [[rng.below(bytes.length), rng.below(256)]]),
          after: ms(5 + rng.below(10)),
        }))
        return [...copies, {}]
      }
      pair.run(seconds(10))
      for (const side of both(pair)) {
        expectBounded(side)
        side.input({ kind: 'rekey-child' }).input({ kind: 'rekey-ike' })
      }
      pair.run(seconds(60))
      expect([established(pair), pair.initiator.over, pair.responder.over]).toEqual([
        true,
        undefined,
        undefined,
      ])
    }
  })

  test('IKE_SA_INIT, changed in any way: answered or not, but never thrown at', () => {
    const [request] = new Pair({ network: () => [] }).initiator.sent
    fc.assert(
      fc.property(changes, (how) => {
        const pair = new Pair({ network: ({ from }) => (from === 'responder' ? [{}] : []) })
        pair.run(ms(1))
        const bytes = changed(request!.bytes, how)
        pair.knock(bytes)
        pair.run(seconds(1))
        for (const side of both(pair)) expectBounded(side)
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  test('the answer to it, changed in any way', () => {
    const seen = { established: 0, failed: 0 }
    fc.assert(
      fc.property(changes, (how) => {
        const pair = new Pair({
          network: ({ from, bytes, marker }) =>
            from === 'responder' && !marker ? [{ bytes: changed(bytes, how) }] : [{}],
        }).run(minutes(2))
        seen[established(pair) ? 'established' : 'failed']++
        // Where it changed what AUTH covers, nobody is fooled.
        expect(pair.initiator.children.size).toBe(established(pair) ? 1 : 0)
        expect(pair.initiator.over === undefined).toBe(established(pair))
      }),
      { seed: SEED, numRuns: 60 },
    )
    expect(seen.failed).toBeGreaterThan(10)
  })
})

describe('with the keys', () => {
  const mutate =
    (rng: Rng) =>
    (chain: Chain): Chain => {
      const bytes = chain.bytes.slice()
      switch (rng.below(4)) {
        case 0:
          return { ...chain, bytes: bytes.subarray(0, rng.below(bytes.length + 1)) }
        case 1:
          return { first: rng.below(256), bytes }
        case 2:
          return {
            first: chain.first,
            bytes: new Uint8Array([...bytes, ...rng.bytes(rng.below(40))]),
          }
        default: {
          const count = 1 + rng.below(4)
          const how = Array.from(
            { length: count },
            () => [rng.below(4000), rng.below(256)] as const,
          )
          return { ...chain, bytes: changed(bytes, how) }
        }
      }
    }

  test('what each says is changed inside, now and then: each ends well, or says why', () => {
    const ends = new Set<string>()
    for (let run = 0; run < 150; run++) {
      const pair = new Pair({ ...(run % 2 === 0 ? WITH_CERTIFICATE : {}), seed: `inside ${run}` })
      const rng = pair.rng.fork('changes')
      pair.network = ({ from, bytes }) => {
        if (!rng.chance(0.15)) return [{}]
        const side = from === 'initiator' ? pair.initiator : pair.responder
        const other = reseal(side, bytes, mutate(rng), rng)
        return other === undefined ? [{}] : [{ bytes: other }]
      }
      pair.run(seconds(40))
      for (const kind of ['rekey-child', 'rekey-ike', 'probe', 'rekey-child', 'close'] as const) {
        for (const side of both(pair)) {
          side.input({ kind })
          expectBounded(side)
        }
        pair.run(seconds(40))
      }
      pair.run(minutes(3))
      for (const side of both(pair)) {
        ends.add(side.over ?? 'open')
        expect(side.report('ike/over')?.why).toBe(side.over)
        expect([side.timers.size, side.routes.size, side.children.size]).toEqual([0, 0, 0])
      }
    }
    expect([...ends]).toEqual(
      expect.arrayContaining([
        'closed',
        'authentication-failed',
        'invalid-syntax',
        'deleted-by-peer',
      ]),
    )
    expect([...ends]).not.toContain('open')
  })

  /** Payloads that mean something at this moment, and any others. */
  const meaningful = (pair: Pair): fc.Arbitrary<IkePayload> => {
    const spis = both(pair).flatMap((side) =>
      [...side.children.keys()].map((spi) => Uint8Array.of(spi >>> 24, spi >>> 16, spi >>> 8, spi)),
    )
    const spi = fc.constantFrom(...spis, Uint8Array.of(1, 2, 3, 4), new Uint8Array())
    const types = [
      14, 17, 34, 35, 36, 38, 43, 44, 16_384, 16_388, 16_389, 16_393, 16_396, 16_400, 16_401, 24,
    ]
    return fc.oneof(
      fc.record({
        kind: fc.constant('notify' as const),
        protocol: fc.constantFrom(0, 1, 3),
        spi,
        type: fc.constantFrom(...types),
        data: fc.uint8Array({ maxLength: 24 }),
      }),
      fc.record({
        kind: fc.constant('delete' as const),
        protocol: fc.constantFrom(1, 3),
        spis: fc.array(
          spi.filter(({ length }) => length === 4),
          { minLength: 1, maxLength: 3 },
        ),
      }),
      anyPayload,
    )
  }

  test.for([
    ['to who is being signed in', STAGES[1]!],
    ['to who is up', STAGES[2]!],
  ] as const)('any payloads in any exchange %s', ([, stage]) => {
    const model = new Pair().run(stage)
    const rng = rngFrom('forged')
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            exchange: fc.constantFrom(AUTH, CREATE_CHILD_SA, INFORMATIONAL, 34, 99),
            isResponse: fc.boolean(),
            payloads: fc.array(meaningful(model), { maxLength: 6 }),
            toInitiator: fc.boolean(),
          }),
          { minLength: 1, maxLength: 12 },
        ),
        (messages) => {
          const pair = new Pair().run(stage)
          for (const { payloads, toInitiator, ...rest } of messages) {
            const [to, from] = toInitiator
              ? [pair.initiator, pair.responder]
              : [pair.responder, pair.initiator]
            if (from.state.sa.protection === undefined) continue
            const { outstanding, nextExpected } = to.state.sa
            const messageId = rest.isResponse ? (outstanding?.messageId ?? 0) : nextExpected
            const exchange = rest.isResponse
              ? (outstanding?.exchange ?? rest.exchange)
              : rest.exchange
            const chain = encodePayloads(payloads)
            give(pair, to, forge(from, { ...rest, exchange, messageId, chain }, rng))
            pair.run(ms(50))
            to.input({ kind: 'probe' })
          }
          pair.run(minutes(1))
          for (const side of both(pair)) expectBounded(side)
        },
      ),
      { seed: SEED, numRuns: 150 },
    )
  })

  test('a peer that replaces and never deletes has so many SAs, and no more', () => {
    const pair = new Pair().run()
    const rng = rngFrom('greedy')
    const send = (payloads: readonly IkePayload[]): void => {
      const { nextExpected: messageId } = pair.responder.state.sa
      const chain = encodePayloads(payloads)
      const forged = { exchange: CREATE_CHILD_SA, messageId, isResponse: false, chain }
      give(pair, pair.responder, forge(pair.initiator, forged, rng))
    }
    const [old] = pair.initiator.children.values()
    const spi = (n: number): Uint8Array => Uint8Array.of(9, 9, n >>> 8, n)
    const { state } = pair.initiator
    for (let n = 0; n < 100; n++) {
      send([
        {
          kind: 'sa',
          proposals: [
            {
              number: 1,
              protocol: 3,
              spi: spi(n),
              transforms: [
                { type: 1, id: 12, keyLength: 256 },
                { type: 3, id: 2 },
                { type: 5, id: 0 },
              ],
            },
          ],
        },
        { kind: 'nonce', data: rng.bytes(32) },
        { kind: 'ts', role: 'initiator', selectors: old!.localSelectors },
        { kind: 'ts', role: 'responder', selectors: old!.remoteSelectors },
      ])
    }
    expect(pair.responder.children.size).toBe(32)
    expect(pair.responder.report('ike/child-refused')).toMatchObject({
      notify: 'NO_ADDITIONAL_SAS',
    })
    expect(state.established).toBe(true)
  })

  test('a peer that moves at every packet, and proves nothing', () => {
    const pair = new Pair({ responder: { checksReturn: true } }).run()
    const rng = rngFrom('restless')
    pair.network = () => []
    for (let n = 0; n < 100; n++) {
      const { nextExpected: messageId } = pair.responder.state.sa
      const chain = encodePayloads([
        {
          kind: 'notify',
          protocol: 0,
          spi: new Uint8Array(),
          type: 16_400,
          data: new Uint8Array(),
        },
      ])
      give(
        pair,
        pair.responder,
        forge(
          pair.initiator,
          { exchange: INFORMATIONAL, messageId, isResponse: false, chain },
          rng,
        ),
      )
    }
    expect(pair.responder.state.sa.queue.length).toBe(1)
    pair.run(minutes(1))
    expect(pair.responder.over).toBe('timed-out')
  })
})

test('fragments without end are not kept', () => {
  const fragmentation = { packet: 576 }
  const pair = new Pair({
    ...WITH_CERTIFICATE,
    initiator: { ...WITH_CERTIFICATE.initiator, fragmentation },
    responder: { fragmentation },
  })
  pair.network = ({ bytes, number }) => (bytes[16] === 53 && number % 2 === 0 ? [] : [{}])
  pair.run(seconds(200))
  for (const side of both(pair)) {
    const { requestParts, responseParts } = side.state.sa
    for (const parts of [requestParts, responseParts])
      expect(parts?.bytes ?? 0).toBeLessThanOrEqual(0xffff)
    expectBounded(side)
  }
  expect(pair.initiator.over).toBeDefined()
})
