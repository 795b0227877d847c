import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, setU32, toHex, u32 } from '../../../src/base/bytes.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import { integrityWith } from '../../../src/crypto/ike/cipher-key.ts'
import { espCipher } from '../../../src/crypto/ike/esp-cipher.ts'
import { integrityOf } from '../../../src/crypto/ike/transforms.ts'
import { EspSa } from '../../../src/engine/esp/esp-sa.ts'
import { spiBytes } from '../../../src/engine/ikev2/children.ts'
import { ALL_IPV4, ALL_IPV6, ipv4Selector } from '../../../src/engine/ikev2/selectors.ts'
import { ESP_SUITES } from '../../crypto/ike/suites.ts'
import {
  CBC,
  ends,
  fateOf,
  GCM,
  GCM_ESN,
  inner,
  LAPTOP,
  laptopChild,
  packetOf,
  SERVER,
  SPI_OF_GATEWAY,
} from './pair.ts'

const SEED = 4303

describe.each(ESP_SUITES)('$name', (suite) => {
  test('packets go both ways, numbered from 1, and are counted', () => {
    const { laptop, gateway } = ends(suite)
    const there = inner()
    const back = inner({ source: SERVER, destination: LAPTOP })
    for (let number = 1; number <= 3; number++) {
      const packet = packetOf(laptop.seal(there))
      expect([u32(packet, 0), u32(packet, 4)]).toEqual([SPI_OF_GATEWAY, number])
      expect(packet.length).toBeLessThanOrEqual(there.length + laptop.overhead)
      expect(toHex(packetOf(gateway.open(packet)))).toBe(toHex(there))
      expect(toHex(packetOf(laptop.open(packetOf(gateway.seal(back)))))).toBe(toHex(back))
    }
    const count = { packets: 3, bytes: 3 * there.length }
    expect(laptop.counters).toEqual({ outbound: count, inbound: count, dropped: {} })
  })
})

test('no IV comes twice, and those of CBC are not foreseen', () => {
  const ivsOf = (suite: typeof CBC, bytes: number): readonly string[] => {
    const { laptop } = ends(suite)
    return Array.from({ length: 3 }, () =>
      toHex(packetOf(laptop.seal(inner())).subarray(8, 8 + bytes)),
    )
  }
  expect(ivsOf(GCM, 8)).toEqual(['0000000000000001', '0000000000000002', '0000000000000003'])
  const rng = rngFrom('laptop')
  expect(ivsOf(CBC, 16)).toEqual(Array.from({ length: 3 }, () => toHex(rng.bytes(16))))
})

describe('replay', () => {
  const sent = (count: number, window?: number) => {
    const { laptop, gateway } = ends(GCM, window === undefined ? {} : { window })
    return { gateway, packets: Array.from({ length: count }, () => packetOf(laptop.seal(inner()))) }
  }

  test('in another order all come once, and none twice', () => {
    const { gateway, packets } = sent(60)
    const order = [59, 0, 30, ...packets.keys()]
    const fates = order.map((at) => fateOf(gateway.open(packets[at]!)))
    expect(fates.filter((fate) => fate === 'delivered').length).toBe(60)
    expect(gateway.counters.dropped).toEqual({ replayed: 3 })
  })

  test.for([
    [undefined, 64],
    [32, 32],
    [200, 200],
  ] as const)('a window of %s reaches back %i packets', ([window, size]) => {
    const { gateway, packets } = sent(300, window)
    expect(fateOf(gateway.open(packets[299]!))).toBe('delivered')
    expect(fateOf(gateway.open(packets[299 - size + 1]!))).toBe('delivered')
    expect(fateOf(gateway.open(packets[299 - size]!))).toBe('too-old')
  })

  test('a number that no ICV vouches for moves nothing', () => {
    const { gateway, packets } = sent(2)
    const forged = packets[0]!.slice()
    setU32(forged, 4, 0xffff_fff0)
    expect(fateOf(gateway.open(forged))).toBe('bad-icv')
    expect(packets.map((packet) => fateOf(gateway.open(packet)))).toEqual([
      'delivered',
      'delivered',
    ])
  })
})

describe('extended sequence numbers', () => {
  const BORDER = 2 ** 32

  /** A gateway that has come as far as `top`, and what the laptop sends it from there on. */
  function at(top: number) {
    const { gateway } = ends(GCM_ESN)
    const sealer = espCipher(GCM_ESN, laptopChild(GCM_ESN).outbound)
    const open = (sequence: number) =>
      fateOf(gateway.open(sealer.seal(SPI_OF_GATEWAY, sequence, 4, inner())))
    // It goes there as a peer would, by steps of less than half of all numbers.
    for (let sequence = 2 ** 30; sequence < top; sequence += 2 ** 30) open(sequence)
    open(top)
    return open
  }

  test('numbers go on over 32 bits, in any order', () => {
    const open = at(BORDER - 2)
    const order = [BORDER + 1, BORDER - 1, BORDER, BORDER + 1, BORDER - 40, BORDER - 70]
    expect(order.map(open)).toEqual([
      'delivered',
      'delivered',
      'delivered',
      'replayed',
      'delivered',
      // Taken for one of the next turn, which its ICV is not of.
      'bad-icv',
    ])
  })

  test('the same 32 bits one turn later are another packet', () => {
    const open = at(BORDER + 5)
    expect([open(2 * BORDER + 6), open(6)]).toEqual(['bad-icv', 'bad-icv'])
    expect(at(2 * BORDER + 5)(2 * BORDER + 6)).toBe('delivered')
  })
})

describe('limits', () => {
  test('bytes: told at the soft limit and at the hard one, then nothing goes or comes', () => {
    const { length } = inner()
    const { laptop, gateway, worn } = ends(
      GCM,
      {},
      { bytes: { soft: 3 * length, hard: 5 * length } },
    )
    const fates: string[] = []
    for (let n = 0; n < 6; n++) {
      const sealed = laptop.seal(inner())
      fates.push(fateOf(sealed))
      if ('packet' in sealed) gateway.open(sealed.packet)
    }
    expect(fates).toEqual([...Array.from({ length: 5 }, () => 'delivered'), 'expired'])
    expect(worn).toEqual(['laptop soft', 'gateway soft', 'laptop hard', 'gateway hard'])
    expect(fateOf(gateway.seal(inner({ source: SERVER, destination: LAPTOP })))).toBe('expired')
    expect(laptop.counters.dropped).toEqual({ expired: 1 })
  })

  test('the last number is used, and none comes again', () => {
    const { laptop, worn } = ends(GCM, { sequences: { soft: 2, hard: 4 } })
    const numbers = Array.from({ length: 6 }, () => {
      const sealed = laptop.seal(inner())
      return 'packet' in sealed ? u32(sealed.packet, 4) : sealed.dropped
    })
    expect(numbers).toEqual([1, 2, 3, 4, 'expired', 'expired'])
    expect(worn).toEqual(['laptop soft', 'laptop hard'])
  })
})

describe('selectors', () => {
  const DNS = { ...ipv4Selector(SERVER), protocol: 17, startPort: 53, endPort: 53 } as const
  const PING = { ...ipv4Selector(SERVER), protocol: 1, startPort: 0x0800, endPort: 0x08ff } as const
  const OPAQUE = { ...ipv4Selector(SERVER), protocol: 17, startPort: 0xffff, endPort: 0 } as const
  const ports = (source: number, destination: number) =>
    Uint8Array.of(source >>> 8, source, destination >>> 8, destination, 0, 8, 0, 0)

  test.for([
    ['all', [ALL_IPV4], inner(), 'delivered'],
    ['another source', [ALL_IPV4], inner({ source: SERVER }), 'outside-selectors'],
    [
      'another destination',
      [ipv4Selector(SERVER)],
      inner({ destination: LAPTOP }),
      'outside-selectors',
    ],
    ['the port', [DNS], inner({ payload: ports(50_000, 53) }), 'delivered'],
    ['another port', [DNS], inner({ payload: ports(53, 54) }), 'outside-selectors'],
    [
      'another protocol',
      [DNS],
      inner({ protocol: 6, payload: ports(50_000, 53) }),
      'outside-selectors',
    ],
    [
      'a later fragment has no port',
      [DNS],
      inner({ fragmentOffset: 8, payload: ports(1, 53) }),
      'outside-selectors',
    ],
    [
      'it goes by a selector of all ports',
      [DNS, ALL_IPV4],
      inner({ fragmentOffset: 8 }),
      'delivered',
    ],
    ['or an opaque one', [OPAQUE], inner({ fragmentOffset: 8 }), 'delivered'],
    ['which is for nothing else', [OPAQUE], inner(), 'outside-selectors'],
    ['too short for a port', [DNS], inner({ payload: Uint8Array.of(0, 53) }), 'outside-selectors'],
    [
      'an echo request',
      [PING],
      inner({ protocol: 1, payload: Uint8Array.of(8, 0, 0, 0) }),
      'delivered',
    ],
    [
      'an echo reply',
      [PING],
      inner({ protocol: 1, payload: Uint8Array.of(0, 0, 0, 0) }),
      'outside-selectors',
    ],
    ['IPv6 alone', [ALL_IPV6], inner(), 'outside-selectors'],
  ] as const)('%s', ([, remoteSelectors, packet, fate]) => {
    const { laptop } = ends(GCM, {}, { remoteSelectors })
    expect(fateOf(laptop.seal(packet))).toBe(fate)
    const lax = ends(GCM, {}, { localSelectors: [ALL_IPV4], remoteSelectors: [ALL_IPV4] })
    const { gateway } = ends(GCM, {}, { remoteSelectors })
    expect(fateOf(gateway.open(packetOf(lax.laptop.seal(packet))))).toBe(fate)
  })
})

describe('what an authentic peer may say wrong', () => {
  function sealed(nextHeader: number, payload: Uint8Array) {
    const { gateway } = ends(GCM)
    const sealer = espCipher(GCM, laptopChild(GCM).outbound)
    return { gateway, outcome: gateway.open(sealer.seal(SPI_OF_GATEWAY, 1, nextHeader, payload)) }
  }

  test.for([
    ['IPv6', 41, inner(), 'not-ipv4'],
    ['a dummy packet', 59, new Uint8Array(40), 'dummy'],
    ['no header', 4, new Uint8Array(19), 'not-ipv4'],
    ['nothing', 4, new Uint8Array(), 'not-ipv4'],
    ['half a packet', 4, inner().subarray(0, 25), 'not-ipv4'],
    ['a header whose checksum is wrong', 4, inner().fill(9, 8, 9), 'not-ipv4'],
  ] as const)('%s', ([, nextHeader, payload, fate]) => {
    const { gateway, outcome } = sealed(nextHeader, payload)
    expect(fateOf(outcome)).toBe(fate)
    expect(gateway.counters).toMatchObject({ inbound: { packets: 0 }, dropped: { [fate]: 1 } })
  })

  test('padding that hides the length is taken off', () => {
    const { outcome } = sealed(4, concat(inner(), new Uint8Array(100)))
    expect(toHex(packetOf(outcome))).toBe(toHex(inner()))
  })

  test('padding longer than all', () => {
    const suite = { encryption: { id: 11 }, integrity: 2 }
    const { gateway } = ends(suite)
    const mac = integrityWith(integrityOf(2)!, laptopChild(suite).outbound.integrity)
    const sent = Uint8Array.of(...spiBytes(SPI_OF_GATEWAY), 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 4)
    expect(fateOf(gateway.open(concat(sent, mac.icv(sent))))).toBe('bad-padding')
  })
})

test('what is no packet of this pair', () => {
  const { laptop, gateway } = ends(GCM)
  const packet = packetOf(laptop.seal(inner()))
  expect(fateOf(laptop.open(packet))).toBe('unknown-spi')
  expect(fateOf(gateway.open(packet.subarray(0, 7)))).toBe('malformed')
  expect(fateOf(gateway.open(packet.subarray(0, 8)))).toBe('malformed')
  expect(fateOf(gateway.open(packet.subarray(0, -4)))).toBe('bad-icv')
  expect(fateOf(gateway.open(packet))).toBe('delivered')
})

test('bytes of anybody: nothing is thrown, delivered or remembered', () => {
  const suites = [GCM, GCM_ESN, CBC, { encryption: { id: 3 }, integrity: 1 }]
  fc.assert(
    fc.property(
      fc.constantFrom(...suites),
      fc.uint8Array({ maxLength: 200 }),
      fc.boolean(),
      fc.array(fc.tuple(fc.nat(199), fc.integer({ min: 1, max: 255 })), { minLength: 1 }),
      (suite, bytes, isRight, changes) => {
        const { laptop, gateway } = ends(suite)
        const good = packetOf(laptop.seal(inner()))
        const other = good.slice()
        for (const [at, change] of changes) other[at % other.length]! ^= change
        if (isRight && bytes.length >= 4) setU32(bytes, 0, SPI_OF_GATEWAY)
        const hostile = [bytes, other].filter((each) => toHex(each) !== toHex(good))
        expect(hostile.map((each) => fateOf(gateway.open(each)))).not.toContain('delivered')
        expect(fateOf(gateway.open(good))).toBe('delivered')
      },
    ),
    { seed: SEED, numRuns: 500 },
  )
})

test('what is to be sent is looked at, too', () => {
  const { laptop } = ends(GCM)
  for (const bytes of [new Uint8Array(), new Uint8Array(40), new Uint8Array(40).fill(0x60)]) {
    expect(fateOf(laptop.seal(bytes))).toBe('not-ipv4')
  }
  expect(laptop.counters).toMatchObject({ outbound: { packets: 0 }, dropped: { 'not-ipv4': 3 } })
})

test('a suite that cannot be carried out is our own mistake', () => {
  const child = { ...laptopChild(GCM), suite: { encryption: { id: 99 } } }
  expect(() => new EspSa(child, { rng: rngFrom('x') })).toThrow(RangeError)
})
