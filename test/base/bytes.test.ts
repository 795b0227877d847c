import { expect, test } from 'vitest'
import fc from 'fast-check'
import {
  adjustChecksum,
  checksum,
  checksumSum,
  concat,
  equalBytes,
  foldChecksum,
  fromHex,
  setU16,
  setU32,
  toHex,
  u16,
  u32,
  utf8,
  withoutBuffer,
} from '../../src/base/bytes.ts'

test('RFC 1071 §3: the sum of 0001 f203 f4f5 f6f7 is ddf2, its checksum 220d', () => {
  expect(checksum(fromHex('0001 f203 f4f5 f6f7'))).toBe(0x220d)
})

test('data with its own checksum in it sums to nothing, odd lengths included', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 99 }), (data) => {
      const sealed = concat(new Uint8Array(2), data)
      setU16(sealed, 0, checksum(sealed))
      expect(checksum(sealed)).toBe(0)
    }),
  )
})

test('a long sum is that of its parts, wherever in its memory it stands', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 98, maxLength: 300 }), fc.nat(3), (data, offset) => {
      const memory = new Uint8Array(offset + data.length)
      memory.set(data, offset)
      const whole = checksumSum(memory.subarray(offset), 0, data.length)
      let parts = 0
      for (let at = 0; at < data.length; at += 64) {
        parts = checksumSum(data, at, Math.min(at + 64, data.length), parts)
      }
      expect(foldChecksum(whole)).toBe(foldChecksum(parts))
    }),
  )
})

test('RFC 1624: a checksum adjusted for one word is the checksum of the changed data', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 4, maxLength: 40 }),
      fc.integer({ min: 0, max: 0xffff }),
      (data, word) => {
        const before = checksum(data)
        const was = u16(data, 2)
        setU16(data, 2, word)
        // Minus zero and plus zero are one value in ones' complement arithmetic.
        expect(adjustChecksum(before, was, word) % 0xffff).toBe(checksum(data) % 0xffff)
      },
    ),
  )
})

test('numbers go out big-endian and come back', () => {
  const bytes = new Uint8Array(6)
  setU16(bytes, 0, 0xfedc)
  setU32(bytes, 2, 0xfedcba98)
  expect(toHex(bytes)).toBe('fedcfedcba98')
  expect(u16(bytes, 0)).toBe(0xfedc)
  expect(u32(bytes, 2)).toBe(0xfedcba98)
})

test('hexadecimal literals are refused when they are not', () => {
  expect(fromHex('0a 0B')).toEqual(Uint8Array.of(10, 11))
  expect(() => fromHex('0')).toThrow(RangeError)
  expect(() => fromHex('zz')).toThrow(RangeError)
})

test('bytes are equal when each one is', () => {
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
  expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(false)
})

test('what was a Buffer is the same bytes, of which a slice is a copy', () => {
  const buffer = Buffer.from('abcdef').subarray(1, 5)
  const plain = withoutBuffer(buffer)
  expect(Buffer.isBuffer(plain)).toBe(false)
  const kept = plain.slice(1, 3)
  buffer.fill(0)
  expect(plain).toEqual(new Uint8Array(4))
  expect(kept).toEqual(utf8('cd'))
  expect(kept.buffer.byteLength).toBe(2)
})
