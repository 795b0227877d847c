import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import {
  decodeEap,
  decodeNak,
  EapCode,
  EapType,
  encodeEap,
  encodeNak,
} from '../../../src/wire/eap/packet.ts'
import { valueOf } from '../results.ts'

test.each([
  // wpa_supplicant's identity, as its log shows it.
  ['an identity', '0253000801616461', { code: 2, identifier: 0x53, type: EapType.identity }],
  ['a success', '03070004', { code: EapCode.success, identifier: 7 }],
  ['a failure', '04080004', { code: EapCode.failure, identifier: 8 }],
  [
    'an expanded type of Microsoft',
    '0101000ffe00013700000021aabbcc',
    { code: 1, type: EapType.expanded, expanded: { vendor: 311, type: 0x21 } },
  ],
])('%s decodes and encodes back', (_, hex, expected) => {
  const packet = valueOf(decodeEap(fromHex(hex)))
  expect(packet).toMatchObject(expected)
  expect(toHex(encodeEap(packet))).toBe(hex)
})

test('octets beyond the length are padding', () => {
  const packet = valueOf(decodeEap(fromHex('0253000801616461 0000')))
  expect(packet).toEqual({ code: 2, identifier: 0x53, type: 1, data: fromHex('616461') })
  expect(decodeEap(fromHex('03070004 ff')).ok).toBe(true)
})

test('every truncation is refused', () => {
  for (const hex of ['0253000801616461', '03070004', '0101000cfe00013700000021']) {
    const whole = fromHex(hex)
    for (let length = 0; length < whole.length; length++) {
      expect(decodeEap(whole.subarray(0, length))).toMatchObject({ error: { code: 'truncated' } })
    }
  }
})

test.each([
  ['a request without a type', '01010004', 'Length'],
  ['a request shorter than its header', '01010003', 'Length'],
  ['a success with data', '0301000500', 'Length'],
  ['a code that nobody has', '0501000501', 'Length'],
  ['a code that nobody has, in four bytes', '05010004', 'Code'],
  ['an expanded type cut short', '0101000bfe000137000000', 'Length'],
])('%s is refused', (_, hex, field) => {
  expect(decodeEap(fromHex(hex))).toMatchObject({ error: { code: 'bad-value', field } })
})

test('a Nak names the types wanted, or none', () => {
  expect(valueOf(decodeNak(fromHex('190d')))).toEqual([25, 13])
  expect(valueOf(decodeNak(fromHex('00')))).toEqual([])
  expect(decodeNak(new Uint8Array())).toMatchObject({ error: { code: 'truncated' } })
  expect(toHex(encodeNak([]))).toBe('00')
  expect(toHex(encodeNak([EapType.tls]))).toBe('0d')
})

test('what does not fit the length field is our own bug', () => {
  const packet = { code: EapCode.request, identifier: 1, type: 13, data: new Uint8Array(65_531) }
  expect(() => encodeEap(packet)).toThrow(RangeError)
})

test('random bytes never raise an exception, and what decodes encodes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const decoded = decodeEap(bytes)
      if (!decoded.ok) return
      const again = encodeEap(decoded.value)
      expect(toHex(again)).toBe(toHex(bytes.subarray(0, again.length)))
    }),
  )
})
