import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ipv4, type Ipv4 } from '../../src/base/address.ts'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import {
  decodeIpv4,
  decrementTtl,
  encodeIpv4,
  headerFault,
  isFragment,
  type Ipv4Packet,
} from '../../src/wire/ipv4.ts'
import { readPcap } from './captures.ts'
import { valueOf } from './results.ts'

// The header that many texts on the checksum use: 192.168.0.1 → 192.168.0.199, UDP, checksum 0xb861.
const HEADER = fromHex('4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7')
const packet = (): Uint8Array => {
  const out = new Uint8Array(0x73)
  out.set(HEADER)
  return out
}

const arbitrary: fc.Arbitrary<Ipv4Packet> = fc.record({
  dscpEcn: fc.nat(255),
  identification: fc.nat(0xffff),
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  fragmentOffset: fc.nat(0x1fff).map((n) => n * 8),
  ttl: fc.nat(255),
  protocol: fc.nat(255),
  source: fc.nat(0xffffffff).map((n) => n as Ipv4),
  destination: fc.nat(0xffffffff).map((n) => n as Ipv4),
  options: fc.nat(10).chain((n) => fc.uint8Array({ minLength: n * 4, maxLength: n * 4 })),
  payload: fc.uint8Array({ maxLength: 80 }),
})

test('a known header decodes, its checksum holds, and it encodes back to the same bytes', () => {
  const decoded = decodeIpv4(packet())
  expect(decoded).toMatchObject({
    ok: true,
    value: {
      ttl: 64,
      protocol: 17,
      dontFragment: true,
      source: ipv4('192.168.0.1'),
      destination: ipv4('192.168.0.199'),
    },
  })
  expect(toHex(encodeIpv4(valueOf(decoded)))).toBe(toHex(packet()))
})

test('captured packets decode and encode back to the same bytes', ({ skip }) => {
  const frames = readPcap('ikev2/tcpdump-espudp1.pcap')
  if (frames === undefined) return skip('the shared captures are not here')
  for (const frame of frames) {
    const decoded = valueOf(decodeIpv4(frame.subarray(14)))
    expect(toHex(encodeIpv4(decoded))).toBe(toHex(frame.subarray(14)))
  }
})

test('what is encoded decodes to the same, options included', () => {
  fc.assert(
    fc.property(arbitrary, (value) => {
      expect(decodeIpv4(encodeIpv4(value))).toEqual({ ok: true, value })
    }),
  )
})

test.for([
  ['Version', 0, 0x65, 'bad-value'],
  ['IHL', 0, 0x44, 'bad-value'],
  ['Total Length', 3, 0x13, 'bad-value'],
  ['Total Length', 3, 0x74, 'truncated'],
  ['Header Checksum', 10, 0xb9, 'bad-checksum'],
] as const)('a wrong %s is refused (byte %i = %i)', ([field, at, value, code]) => {
  const wrong = packet()
  wrong[at] = value
  expect(decodeIpv4(wrong)).toMatchObject({ ok: false, error: { layer: 'ipv4', code, field } })
})

test('every truncation is refused', () => {
  for (let length = 0; length < 0x73; length++)
    expect(decodeIpv4(packet().subarray(0, length)).ok).toBe(false)
})

test('link padding is not part of the packet', () => {
  const padded = new Uint8Array(0x73 + 7)
  padded.set(packet())
  const decoded = decodeIpv4(padded)
  expect(decoded.ok && decoded.value.payload.length).toBe(0x73 - 20)
})

test('one off the TTL keeps every checksum right (RFC 1624)', () => {
  fc.assert(
    fc.property(
      arbitrary.filter((value) => value.ttl > 0),
      (value) => {
        const bytes = encodeIpv4(value)
        decrementTtl(bytes, 0)
        expect(headerFault(bytes, 0)).toBeUndefined()
        expect(bytes[8]).toBe(value.ttl - 1)
      },
    ),
  )
})

test('DF alone does not make a fragment; MF or an offset does', () => {
  const base = { ...arbitraryBase, dontFragment: true }
  expect(isFragment(encodeIpv4(base), 0)).toBe(false)
  expect(isFragment(encodeIpv4({ ...base, moreFragments: true }), 0)).toBe(true)
  expect(isFragment(encodeIpv4({ ...base, fragmentOffset: 8 }), 0)).toBe(true)
})
const arbitraryBase: Ipv4Packet = {
  dscpEcn: 0,
  identification: 1,
  dontFragment: false,
  moreFragments: false,
  fragmentOffset: 0,
  ttl: 64,
  protocol: 17,
  source: ipv4('10.0.0.1'),
  destination: ipv4('10.0.0.2'),
  options: new Uint8Array(0),
  payload: new Uint8Array(8),
}

test('random bytes never throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void decodeIpv4(bytes)))
})
