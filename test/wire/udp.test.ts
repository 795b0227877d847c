import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { u16 } from '../../src/base/bytes.ts'
import { decodeIpv4 } from '../../src/wire/ipv4.ts'
import { decodeUdp, encodeUdp } from '../../src/wire/udp.ts'
import { readPcap } from './captures.ts'

const PSEUDO = { source: ipv4('10.0.0.1'), destination: ipv4('10.0.0.2') }
const payload = Uint8Array.of(1, 2, 3)
const datagram = { sourcePort: 5000, destinationPort: 53, payload }

test('what is encoded decodes to the same', () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(0xffff), fc.uint8Array(), (from, to, payload) => {
      const value = { sourcePort: from, destinationPort: to, payload }
      expect(decodeUdp(encodeUdp(value, PSEUDO), PSEUDO)).toEqual({ ok: true, value })
    }),
  )
})

test('captured datagrams decode, those with a checksum verify, and they encode back to it', ({
  skip,
}) => {
  const frames = readPcap('ikev2/windows-client-2015.pcap')
  if (frames === undefined) return skip('the shared captures are not here')
  let sums = 0
  for (const frame of frames) {
    // What the capturing host sent has no IP checksum yet: its network card makes it. What came in has.
    const ip = decodeIpv4(frame.subarray(14))
    if (!ip.ok || ip.value.protocol !== 17) continue
    const decoded = decodeUdp(ip.value.payload, ip.value)
    expect(decoded.ok).toBe(true)
    if (!decoded.ok || u16(ip.value.payload, 6) === 0) continue
    expect(encodeUdp(decoded.value, ip.value)).toEqual(ip.value.payload)
    sums++
  }
  expect(sums).toBeGreaterThan(0)
})

test('a wrong checksum is refused, an absent one is not', () => {
  const bytes = encodeUdp(datagram, PSEUDO)
  bytes[7]! ^= 1
  expect(decodeUdp(bytes, PSEUDO)).toMatchObject({ error: { code: 'bad-checksum' } })
  bytes[6] = 0
  bytes[7] = 0
  expect(decodeUdp(bytes, PSEUDO).ok).toBe(true)
})

test('the checksum covers the addresses', () => {
  const bytes = encodeUdp(datagram, PSEUDO)
  const other = { ...PSEUDO, source: ipv4('10.0.0.3') }
  expect(decodeUdp(bytes, other)).toMatchObject({ error: { code: 'bad-checksum' } })
})

test('a sum of zero goes out as 0xffff, since 0 means that there is none (RFC 768)', () => {
  // With these two bytes the words add up to 0xffff, whose complement is 0.
  const sum = (0x0a00 + 1 + 0x0a00 + 2 + 17 + 10 + 5000 + 53 + 10) % 0xffff
  const word = 0xffff - sum
  const bytes = encodeUdp({ ...datagram, payload: Uint8Array.of(word >> 8, word & 255) }, PSEUDO)
  expect(u16(bytes, 6)).toBe(0xffff)
  expect(decodeUdp(bytes, PSEUDO).ok).toBe(true)
})

test.for([
  ['a length below the header', 7, 'bad-value'],
  ['a length beyond the packet', 12, 'truncated'],
] as const)('%s is refused', ([, length, code]) => {
  const bytes = encodeUdp(datagram, PSEUDO)
  bytes[5] = length
  expect(decodeUdp(bytes, PSEUDO)).toMatchObject({ error: { code, layer: 'udp' } })
})

test('bytes beyond Length are not data', () => {
  const bytes = new Uint8Array(20)
  bytes.set(encodeUdp(datagram, PSEUDO))
  expect(decodeUdp(bytes, PSEUDO)).toMatchObject({ ok: true, value: { payload } })
})

test('a datagram that no IPv4 packet could hold is a mistake of the caller', () => {
  expect(() => encodeUdp({ ...datagram, payload: new Uint8Array(65_508) }, PSEUDO)).toThrow(
    RangeError,
  )
})

test('random bytes never throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (b) => void decodeUdp(b, PSEUDO)))
})
