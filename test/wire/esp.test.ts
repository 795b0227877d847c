import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { decodeEsp, encodeEsp, kindOfNatT, natKeepalive } from '../../src/wire/esp.ts'

// Laid out by hand after RFC 4303 §2.
const PACKET = fromHex('12345678 00000001 a71a51de')

describe('ESP', () => {
  test('has its SPI and its sequence number in the clear', () => {
    const rest = fromHex('a71a51de')
    expect(decodeEsp(PACKET)).toEqual({
      ok: true,
      value: { spi: 0x12345678, sequence: 1, rest },
    })
    expect(toHex(encodeEsp({ spi: 0x12345678, sequence: 1, rest }))).toBe(toHex(PACKET))
  })

  test('is refused without them, and with an SPI of zero', () => {
    for (let length = 0; length < 8; length++) {
      expect(decodeEsp(PACKET.subarray(0, length)).ok).toBe(false)
    }
    expect(decodeEsp(new Uint8Array(8))).toMatchObject({ error: { field: 'SPI' } })
    const rest = new Uint8Array()
    expect(() => encodeEsp({ spi: 0, sequence: 1, rest })).toThrow(RangeError)
    expect(() => encodeEsp({ spi: 1, sequence: 2 ** 32, rest })).toThrow(RangeError)
  })

  test('survives decoding, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const decoded = decodeEsp(bytes)
        return !decoded.ok || toHex(encodeEsp(decoded.value)) === toHex(bytes)
      }),
    )
  })
})

describe('a datagram on port 4500', () => {
  test.for([
    ['ESP', '12345678 00000001 a71a51de', 'esp'],
    ['IKE', '00000000 0102030405060708', 'ike'],
    ['IKE cut short', '00000000', 'ike'],
    ['a keepalive', 'ff', 'keepalive'],
    ['nothing', '', 'malformed'],
    ['another byte', 'fe', 'malformed'],
    ['two bytes of a keepalive', 'ffff', 'malformed'],
    ['three zeros', '000000', 'malformed'],
    ['half an ESP header', '12345678 000000', 'malformed'],
  ] as const)('is %s', ([, hex, kind]) => {
    expect(kindOfNatT(fromHex(hex))).toBe(kind)
  })

  test('is a keepalive where we send one', () => {
    expect(kindOfNatT(natKeepalive())).toBe('keepalive')
  })
})
