import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import {
  decodeTcp,
  encodeTcp,
  maximumSegmentSizeOf,
  maximumSegmentSizeOption,
  segmentLength,
  TcpFlag,
  tcpHeaderBytes,
  type TcpSegment,
  writeTcp,
} from '../../src/wire/tcp.ts'

// The first two segments of Wireshark's sample capture http.cap (145.254.160.237 asks 65.208.228.223).
const ip = { source: ipv4('145.254.160.237'), destination: ipv4('65.208.228.223') }
const SYN = fromHex('0d2c0050 38affe13 00000000 70022238 c30c0000 020405b4 01010402')

const segment = (over: Partial<TcpSegment> = {}): TcpSegment => ({
  sourcePort: 49_200,
  destinationPort: 80,
  sequence: 1,
  acknowledgement: 2,
  flags: TcpFlag.ack,
  window: 65_535,
  urgentPointer: 0,
  options: [],
  payload: new Uint8Array(),
  ...over,
})

describe('a SYN from a capture (Wireshark sample http.cap, frame 1)', () => {
  test('decodes, with its options', () => {
    const decoded = decodeTcp(SYN, ip)
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.error))
    expect(decoded.value).toMatchObject({
      sourcePort: 3372,
      destinationPort: 80,
      sequence: 0x38affe13,
      flags: TcpFlag.syn,
      window: 8760,
    })
    expect(decoded.value.options.map((o) => o.kind)).toEqual([2, 1, 1, 4])
    expect(maximumSegmentSizeOf(decoded.value)).toBe(1460)
    expect(segmentLength(decoded.value)).toBe(1)
  })

  test('encodes back to the same bytes, checksum included', () => {
    const decoded = decodeTcp(SYN, ip)
    expect(decoded.ok && toHex(encodeTcp(decoded.value, ip))).toBe(toHex(SYN))
  })

  test('is written behind other bytes as it stands alone', () => {
    const decoded = decodeTcp(SYN, ip)
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.error))
    const frame = new Uint8Array(5 + tcpHeaderBytes(decoded.value.options))
    writeTcp(frame, 5, decoded.value, ip)
    expect(toHex(frame)).toBe(`0000000000${toHex(SYN)}`)
  })

  test('is refused at every truncation', () => {
    for (let length = 0; length < SYN.length; length++) {
      expect(decodeTcp(SYN.subarray(0, length), ip).ok, `${length} bytes`).toBe(false)
    }
  })

  test('has a wrong checksum under another address', () => {
    const other = decodeTcp(SYN, { ...ip, source: ipv4('145.254.160.238') })
    expect(other).toMatchObject({ ok: false, error: { code: 'bad-checksum', layer: 'tcp' } })
  })
})

test.for([
  ['a Data Offset below five words', { at: 12, value: 0x40 }, 'Data Offset'],
  ['a Data Offset beyond the segment', { at: 12, value: 0xf0 }, 'Data Offset'],
] as const)('%s is malformed', ([, change, field]) => {
  const bytes = SYN.slice()
  bytes[change.at] = change.value
  // The checksum is made right again, or it would hide the fault.
  bytes.set([0, 0], 16)
  const rightSum = encodeTcpChecksum(bytes)
  bytes.set(rightSum, 16)
  expect(decodeTcp(bytes, ip)).toMatchObject({ ok: false, error: { field } })
})

test.for([
  ['of length 0', { at: 21, value: 0 }, []],
  ['longer than the header', { at: 27, value: 9 }, [2, 1, 1]],
] as const)('an option %s ends the list, and the segment stands', ([, change, kinds]) => {
  const bytes = SYN.slice()
  bytes[change.at] = change.value
  bytes.set([0, 0], 16)
  bytes.set(encodeTcpChecksum(bytes), 16)
  const decoded = decodeTcp(bytes, ip)
  expect(decoded.ok && decoded.value.options.map((option) => option.kind)).toEqual(kinds)
})

test('an MSS option of a wrong length says nothing about the MSS, and the segment stands', () => {
  const bytes = SYN.slice()
  bytes[21] = 3
  bytes.set([0, 0], 16)
  bytes.set(encodeTcpChecksum(bytes), 16)
  const decoded = decodeTcp(bytes, ip)
  expect(decoded.ok && maximumSegmentSizeOf(decoded.value)).toBeUndefined()
  expect(decoded.ok).toBe(true)
})

/** The checksum field that makes `bytes` valid, found without the codec: RFC 1071 by the book. */
function encodeTcpChecksum(bytes: Uint8Array): number[] {
  const pseudo = [0x91fe, 0xa0ed, 0x41d0, 0xe4df, 6, bytes.length]
  let sum = pseudo.reduce((a, b) => a + b)
  for (let i = 0; i < bytes.length; i += 2) sum += bytes[i]! * 256 + (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return [(~sum >>> 8) & 255, ~sum & 255]
}

test('more than 40 bytes of options do not fit', () => {
  const options = Array.from({ length: 11 }, () => maximumSegmentSizeOption(1460))
  expect(() => encodeTcp(segment({ options }), ip)).toThrow(RangeError)
})

describe('any bytes', () => {
  test('random ones never raise an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(typeof decodeTcp(bytes, ip).ok).toBe('boolean')
      }),
    )
  })

  test('what can be written reads back the same', () => {
    fc.assert(
      fc.property(
        fc.record({
          sourcePort: fc.nat(65_535),
          destinationPort: fc.nat(65_535),
          sequence: fc.nat(2 ** 32 - 1),
          acknowledgement: fc.nat(2 ** 32 - 1),
          flags: fc.nat(255),
          window: fc.nat(65_535),
          urgentPointer: fc.nat(65_535),
          options: fc.array(
            fc.record({
              kind: fc.integer({ min: 3, max: 255 }),
              data: fc.uint8Array({ maxLength: 8 }),
            }),
            { maxLength: 4 },
          ),
          payload: fc.uint8Array({ maxLength: 64 }),
        }),
        (s) => {
          const decoded = decodeTcp(encodeTcp(s, ip), ip)
          if (!decoded.ok) throw new Error(JSON.stringify(decoded.error))
          expect(toHex(decoded.value.payload)).toBe(toHex(s.payload))
          expect({ ...decoded.value, payload: 0, options: 0 }).toEqual({
            ...s,
            payload: 0,
            options: 0,
          })
          expect(decoded.value.options.map((o) => [o.kind, toHex(o.data)])).toEqual(
            s.options.map((o) => [o.kind, toHex(o.data)]),
          )
        },
      ),
    )
  })

  test('one flipped bit never goes unnoticed', () => {
    fc.assert(
      fc.property(fc.nat(SYN.length * 8 - 1), (bit) => {
        const bytes = SYN.slice()
        bytes[bit >>> 3]! ^= 1 << (bit & 7)
        expect(decodeTcp(bytes, ip).ok).toBe(false)
      }),
    )
  })
})
