import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { fromHex, toHex, u16 } from '../../src/base/bytes.ts'
import { instant, seconds, type Instant } from '../../src/base/time.ts'
import { fragment, Reassembler } from '../../src/net/fragments.ts'
import { Transit } from '../../src/net/transit.ts'
import { World } from '../../src/net/world.ts'
import {
  decodeIpv4,
  encodeIpv4,
  headerFault,
  writeHeaderChecksum,
  type Ipv4Packet,
} from '../../src/wire/ipv4.ts'
import { decodeUdp } from '../../src/wire/udp.ts'
import { readPcap } from '../wire/captures.ts'

const START = instant('2026-03-02T08:00:00Z')
const BASE: Ipv4Packet = {
  dscpEcn: 0,
  identification: 7,
  dontFragment: false,
  moreFragments: false,
  fragmentOffset: 0,
  ttl: 64,
  protocol: 17,
  source: ipv4('10.0.0.1'),
  destination: ipv4('10.0.0.2'),
  options: new Uint8Array(0),
  payload: new Uint8Array(0),
}

let ids = 0
function transit(packet: Partial<Ipv4Packet>): Transit {
  const ip = encodeIpv4({ ...BASE, ...packet })
  const frame = new Uint8Array(14 + ip.length)
  frame.set(ip, 14)
  return new Transit(frame, ++ids)
}

/** A fragment whose bytes tell where they belong. */
const piece = (start: number, length: number, more: boolean, rest: Partial<Ipv4Packet> = {}) =>
  transit({
    fragmentOffset: start,
    moreFragments: more,
    payload: Uint8Array.from({ length }, (_, i) => start + i),
    ...rest,
  })

function decode(packet: Transit): Ipv4Packet {
  const decoded = decodeIpv4(packet.frame.subarray(14))
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error))
  return decoded.value
}

function setUp() {
  const world = new World({ seed: '1', start: START })
  const dropped: { reason: string; detail: string; first: boolean }[] = []
  const reassembler = new Reassembler(world, {
    onDropped: (_packet, reason, detail, first) =>
      void dropped.push({ reason, detail, first: first !== undefined }),
  })
  const add = (...pieces: readonly Transit[]): Transit | undefined =>
    pieces.map((p) => reassembler.add(p)).at(-1)
  return { world, dropped, add }
}

const options = fc.nat(10).chain((n) => fc.uint8Array({ minLength: n * 4, maxLength: n * 4 }))

test('every cut is within the MTU, has right checksums, and joins to the same packet in any order', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 3000 }),
      fc.integer({ min: 68, max: 1500 }),
      options.filter((o) => o.every((byte) => byte >= 0x80 || byte === 0)),
      fc.infiniteStream(fc.nat()),
      (payload, mtu, options, draws) => {
        const whole = transit({ payload, options })
        const pieces = fragment(whole, mtu)
        for (const { frame, id } of pieces) {
          expect(headerFault(frame, 14)).toBeUndefined()
          expect(frame.length - 14).toBeLessThanOrEqual(mtu)
          expect(id).toBe(whole.id)
        }
        if (pieces.length === 1) return
        const shuffled = pieces
          .map((p) => ({ p, key: draws.next().value }))
          .sort((a, b) => a.key - b.key)
        const joined = setUp().add(...shuffled.map(({ p }) => p))
        expect(joined && toHex(joined.frame)).toBe(toHex(whole.frame))
        expect(joined?.fragmentMax).toBe(Math.max(...pieces.map((p) => p.frame.length - 14)))
      },
    ),
  )
})

test('a fragment can be cut again, and all of it joins', () => {
  const payload = Uint8Array.from({ length: 1000 }, (_, i) => i)
  const [first, second] = fragment(transit({ payload }), 700)
  const pieces = [...fragment(first!, 300), ...fragment(second!, 204)]
  expect(pieces.map((p) => decode(p).moreFragments)).toEqual([true, true, true, true, false])
  expect(
    setUp()
      .add(...pieces)
      ?.frame.subarray(34),
  ).toEqual(payload)
})

test('only options that say so are copied to later fragments; the others become NOPs, as in Linux', () => {
  // Record route (7) is for the first only; router alert (148) has the copied flag.
  const options = fromHex('07030494 04000001')
  const pieces = fragment(transit({ options, payload: new Uint8Array(100) }), 68)
  expect(pieces.map((p) => toHex(decode(p).options))).toEqual([
    '0703049404000001',
    '0101019404000001',
    '0101019404000001',
  ])
})

test('three fragments that a Windows client really sent join to one datagram', ({ skip }) => {
  const frames = readPcap('ikev2/windows-client-2015.pcap')
  if (frames === undefined) return skip('the shared captures are not here')
  const pieces = frames.slice(2, 5).map((frame) => {
    // The capture was taken before the network card filled the header checksum in.
    writeHeaderChecksum(frame, 14)
    return new Transit(frame, 1)
  })
  const joined = setUp().add(...pieces)
  const ip = decode(joined!)
  const udp = decodeUdp(ip.payload, ip)
  expect(udp).toMatchObject({ ok: true, value: { sourcePort: 4500, destinationPort: 4500 } })
  expect(u16(ip.payload, 4)).toBe(ip.payload.length)
})

test('a fragment that is there already is ignored', () => {
  const { add, dropped } = setUp()
  add(piece(0, 16, true), piece(0, 16, true))
  add(piece(0, 8, true))
  expect(add(piece(16, 8, false))).toBeDefined()
  expect(dropped).toEqual([])
})

test.for([
  ['the end of the first by eight bytes', [piece(0, 16, true), piece(8, 16, false)]],
  ['a later one from the front', [piece(16, 16, true), piece(8, 16, true)]],
  ['all of an earlier one', [piece(8, 8, true), piece(0, 24, true)]],
] as const)('a fragment that overlaps %s costs the whole datagram', ([, pieces]) => {
  const { add, dropped } = setUp()
  add(...pieces)
  expect(dropped).toMatchObject([{ reason: 'fragment-dropped', detail: 'fragments overlap' }])
})

test('fragments beyond the last, a second last one, and an empty one cost the datagram', () => {
  for (const pieces of [
    [piece(16, 8, false), piece(24, 8, true)],
    [piece(16, 8, false), piece(8, 8, false)],
    [piece(16, 8, true), piece(8, 8, false)],
    [piece(8, 0, true)],
    [piece(8, 7, true)],
  ]) {
    const { add, dropped } = setUp()
    add(...pieces)
    expect(dropped.map((d) => d.reason)).toEqual(['fragment-dropped'])
  }
})

test('what joins to more than an IPv4 packet can be is dropped', () => {
  const { add, dropped } = setUp()
  for (let start = 0; start < 65_504; start += 1024)
    add(piece(start, Math.min(1024, 65_504 - start), true))
  expect(add(piece(65_504, 28, false))).toBeUndefined()
  expect(dropped).toMatchObject([
    { reason: 'fragment-dropped', detail: 'a datagram of 65552 bytes' },
  ])
})

test('datagrams are told apart by addresses, protocol and identification', () => {
  const { add } = setUp()
  const others: Partial<Ipv4Packet>[] = [
    { identification: 8 },
    { protocol: 50 },
    { source: ipv4('10.0.0.9') },
    { destination: ipv4('10.0.0.9') },
  ]
  add(piece(0, 8, true))
  for (const other of others) expect(add(piece(8, 8, false, other))).toBeUndefined()
  expect(add(piece(8, 8, false))).toBeDefined()
})

test('what is incomplete after thirty seconds is given up', () => {
  const { world, add, dropped } = setUp()
  add(piece(0, 8, true))
  world.runUntil((START + seconds(30) - 1) as Instant)
  expect(dropped).toEqual([])
  world.runUntil((START + seconds(30)) as Instant)
  expect(dropped).toEqual([
    {
      reason: 'reassembly-timeout',
      detail: '8 of more than 8 bytes came within 30 s',
      first: true,
    },
  ])
  expect(add(piece(8, 8, false))).toBeUndefined()
})

test('memory for fragments is bounded', () => {
  const { add, dropped } = setUp()
  for (let i = 0; i < 4000; i++) add(piece(0, 1200, true, { identification: i }))
  expect(dropped.length).toBeGreaterThan(500)
  expect(new Set(dropped.map((d) => d.detail))).toEqual(new Set(['too many fragments wait']))
})

test('DF survives when the largest fragment had it, not otherwise (ip_frag_reasm)', () => {
  const joinedDf = (first: boolean, second: boolean): boolean => {
    const pieces = [
      piece(0, 64, true, { dontFragment: first }),
      piece(64, 8, false, { dontFragment: second }),
    ]
    return decode(setUp().add(...pieces)!).dontFragment
  }
  expect(joinedDf(true, true)).toBe(true)
  expect(joinedDf(true, false)).toBe(true)
  expect(joinedDf(false, true)).toBe(false)
})
