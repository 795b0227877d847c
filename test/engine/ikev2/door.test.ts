import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../../src/base/address.ts'
import { concat, toHex } from '../../../src/base/bytes.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import { after, ms, seconds, type Instant } from '../../../src/base/time.ts'
import { IkeDoor, type IkeDoorOptions } from '../../../src/engine/ikev2/door.ts'
import type { IkeEndpoints } from '../../../src/engine/ikev2/options.ts'
import { routeOf } from '../../../src/engine/ikev2/route.ts'
import { decodeIke, encodeIke } from '../../../src/wire/ikev2/header.ts'
import { decodePayloads, encodePayloads } from '../../../src/wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../../src/wire/ikev2/payloads.ts'
import { NotifyType } from '../../../src/wire/ikev2/notify-types.ts'
import { valueOf } from '../../wire/results.ts'
import { BEGAN, CLIENT_AT, established, GATEWAY_AT, Pair } from './pair.ts'

const FROM_CLIENT: IkeEndpoints = {
  local: { address: GATEWAY_AT, port: 500 },
  remote: { address: CLIENT_AT, port: 500 },
}
const requestOf = (seed: string): Uint8Array =>
  new Pair({ seed, network: () => [] }).initiator.sent[0]!.bytes

/** A request that lacks one payload. */
function without(kind: IkePayload['kind']): Uint8Array {
  const message = valueOf(decodeIke(requestOf('one')))
  const payloads = valueOf(decodePayloads(message.nextPayload, message.payloads))
  const { first, bytes } = encodePayloads(payloads.filter((each) => each.kind !== kind))
  return encodeIke({ ...message, nextPayload: first, payloads: bytes })
}

function openDoor(options: IkeDoorOptions) {
  const door = new IkeDoor(options)
  const rng = rngFrom('door')
  return (bytes: Uint8Array, halfOpen: number, now: Instant = BEGAN, endpoints = FROM_CLIENT) =>
    door.knock(bytes, endpoints, halfOpen, { now, rng, log: () => {} })
}

test('from so many half-open sessions on, cookies; with so many, nobody is heard', () => {
  const knock = openDoor({ cookiesFrom: 3, halfOpenMax: 6 })
  const request = requestOf('one')
  const kinds = [0, 2, 3, 5, 6, 100].map((halfOpen) => knock(request, halfOpen).kind)
  expect(kinds).toEqual(['open', 'open', 'answer', 'answer', 'ignored', 'ignored'])
  expect(knock(request, 6)).toEqual({ kind: 'ignored', why: 'too-many-half-open' })
})

test('when so many were let in within a second, cookies until it is over: what is refused at once is never half open', () => {
  const knock = openDoor({ cookiesFromPerSecond: 2 })
  const request = requestOf('one')
  const kindAt = (at: number) => knock(request, 0, after(BEGAN, ms(at))).kind
  const kinds = [0, 400, 500, 999, 1000, 1100, 1200].map(kindAt)
  expect(kinds).toEqual(['open', 'open', 'answer', 'answer', 'open', 'open', 'answer'])
})

test('who brings the cookie comes in however many there were', () => {
  const brought: Uint8Array[] = []
  const pair = new Pair({
    door: { cookiesFromPerSecond: 0 },
    network: ({ from, bytes }) => {
      if (from === 'initiator') brought.push(bytes)
      return [{}]
    },
  }).run()
  expect(established(pair)).toBe(true)
  expect(brought[1]!.length).toBeGreaterThan(brought[0]!.length)
})

test('under pressure an offer is not read before the cookie is there, and then it is', () => {
  // Its first transform has a length that the proposal has no room for.
  const broken = requestOf('one').slice()
  broken[28 + 4 + 8 + 3] = 0xff
  expect(openDoor({})(broken, 1)).toMatchObject({ kind: 'ignored', why: 'malformed' })
  const knock = openDoor({ cookiesFrom: 0 })
  const demand = knock(broken, 1)
  if (demand.kind !== 'answer') throw new Error(`no cookie is asked for: ${demand.kind}`)
  const { nextPayload, payloads: cookie } = valueOf(decodeIke(demand.bytes))
  const request = valueOf(decodeIke(broken))
  const chained = cookie.slice()
  chained[0] = request.nextPayload
  const answered = encodeIke({
    ...request,
    nextPayload,
    payloads: concat(chained, request.payloads),
  })
  expect(knock(answered, 1)).toMatchObject({ kind: 'ignored', why: 'malformed' })
})

test('a demand for a cookie: the header of the request, one notification, and it is the same each time', () => {
  const knock = openDoor({ cookiesFrom: 0 })
  const request = requestOf('one')
  const [answer, again] = [knock(request, 1), knock(request, 1)]
  expect(again).toEqual(answer)
  const bytes = answer.kind === 'answer' ? answer.bytes : new Uint8Array()
  const message = valueOf(decodeIke(bytes))
  expect(message).toMatchObject({ exchange: 34, flags: 0x20, messageId: 0 })
  expect(toHex(message.initiatorSpi)).toBe(toHex(request.subarray(0, 8)))
  expect(toHex(message.responderSpi)).toBe('0000000000000000')
  expect(valueOf(decodePayloads(message.nextPayload, message.payloads))).toMatchObject([
    { kind: 'notify', type: NotifyType.COOKIE },
  ])
  expect(bytes.length).toBeLessThan(request.length)
})

describe('a cookie', () => {
  /** The request that brings the cookie which was asked for. */
  const brought: Uint8Array[] = []
  const pair = new Pair({
    door: { cookiesFrom: 0 },
    network: ({ from, bytes }) => {
      if (from === 'initiator') brought.push(bytes)
      return [{}]
    },
  }).run(ms(25))
  const request = brought[1]!
  const door = (bytes: Uint8Array, now: Instant, endpoints = FROM_CLIENT) =>
    pair.door.knock(bytes, endpoints, 1, { now, rng: rngFrom('later'), log: () => {} }).kind

  test('serves who was given it, there and for a while', () => {
    expect(door(request, BEGAN)).toBe('open')
    expect(door(request, after(BEGAN, seconds(119)))).toBe('open')
    const elsewhere = { ...FROM_CLIENT, remote: { address: ipv4('203.0.113.78'), port: 500 } }
    expect(door(request, BEGAN, elsewhere)).toBe('answer')
    const otherPort = { ...FROM_CLIENT, remote: { address: CLIENT_AT, port: 501 } }
    expect(door(request, BEGAN, otherPort)).toBe('answer')
    const otherSpi = request.slice()
    otherSpi[0]! ^= 1
    expect(door(otherSpi, BEGAN)).toBe('answer')
    // The secret is another after two minutes, and the one before serves two more.
    expect(door(request, after(BEGAN, seconds(121)))).toBe('open')
    expect(door(request, after(BEGAN, seconds(245)))).toBe('answer')
  })
})

test.for([
  ['no IKE message', new Uint8Array(40), 'malformed'],
  ['cut short', requestOf('one').subarray(0, 60), 'malformed'],
  ['without a nonce', without('nonce'), 'incomplete'],
  ['without KE', without('ke'), 'incomplete'],
  ['without SA', without('sa'), 'incomplete'],
] as const)('%s: no session is opened, whether cookies are asked for or not', ([, bytes, why]) => {
  expect(openDoor({ cookiesFrom: 0 })(bytes, 1)).toMatchObject({ kind: 'ignored', why })
  expect(openDoor({})(bytes, 1)).toMatchObject({ kind: 'ignored', why })
})

test('2,000 strangers who do not come back: nothing is remembered, and who is honest gets through', () => {
  const pair = new Pair({ door: { cookiesFrom: 5 } })
  pair.halfOpen = 5
  const request = requestOf('stranger').slice()
  for (let stranger = 0; stranger < 2000; stranger++) {
    request[2] = stranger >>> 8
    request[3] = stranger
    pair.knock(request, ((stranger * 7919) >>> 0) as typeof CLIENT_AT)
  }
  expect(pair.responders.length).toBe(0)
  pair.run()
  expect(pair.responders.length).toBe(1)
  expect(established(pair)).toBe(true)
})

describe('where a datagram goes', () => {
  const { remote } = FROM_CLIENT
  const header = (change: Readonly<Record<number, number>>): Uint8Array => {
    const bytes = requestOf('one').slice(0, 28)
    for (const [at, value] of Object.entries(change)) bytes[Number(at)] = value
    return bytes
  }
  test.for([
    ['shorter than a header', new Uint8Array(27), { kind: 'none', why: 'too-short' }],
    ['IKEv1', header({ 17: 0x10 }), { kind: 'none', why: 'not-ikev2' }],
    ['IKE of the future', header({ 17: 0x30 }), { kind: 'none', why: 'not-ikev2' }],
  ] as const)('%s: nowhere', ([, bytes, route]) => {
    expect(routeOf(bytes, remote)).toEqual(route)
  })

  test('by the SPI of who receives it; the first by who sends it', () => {
    const spi = toHex(header({}).subarray(0, 8))
    expect(routeOf(header({}), remote)).toEqual({
      kind: 'first',
      key: `first/${spi}/203.0.113.77:500`,
    })
    expect(routeOf(header({ 19: 0x20 }), remote)).toEqual({
      kind: 'session',
      key: `initiator/${spi}`,
    })
    const known = { kind: 'session', key: 'responder/0000000000000007' }
    expect(routeOf(header({ 15: 7 }), remote)).toEqual(known)
    expect(routeOf(header({ 15: 7, 18: 37 }), remote)).toEqual(known)
  })
})
