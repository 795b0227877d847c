import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import {
  decodeIcmp,
  echoIdentifier,
  echoRest,
  encodeIcmp,
  icmpName,
  isIcmpError,
} from '../../src/wire/icmp.ts'
import { valueOf } from './results.ts'

// An echo request of Linux' ping -s 8: identifier 0x1234, sequence number 1.
const ECHO = fromHex('0800 d9ba 1234 0001 0001020304050607')

test('an echo request decodes and encodes back to the same bytes', () => {
  const decoded = decodeIcmp(ECHO)
  expect(decoded).toMatchObject({ ok: true, value: { type: 8, code: 0, rest: 0x12340001 } })
  expect(toHex(encodeIcmp(valueOf(decoded)))).toBe(toHex(ECHO))
})

test('identifier and sequence number share a word', () => {
  expect(echoRest(0xfedc, 7)).toBe(0xfedc0007)
  expect(echoIdentifier(0xfedc0007)).toBe(0xfedc)
})

test('a wrong checksum is refused', () => {
  const wrong = ECHO.slice()
  wrong[15]! ^= 1
  expect(decodeIcmp(wrong)).toMatchObject({ error: { code: 'bad-checksum' } })
})

test('every truncation is refused', () => {
  for (let length = 0; length < ECHO.length; length++)
    expect(decodeIcmp(ECHO.subarray(0, length)).ok).toBe(false)
})

test('queries are no errors, everything else is (RFC 1122 §3.2.2)', () => {
  const queries = [0, 8, 13, 14, 15, 16, 17, 18]
  for (let type = 0; type < 256; type++) expect(isIcmpError(type)).toBe(!queries.includes(type))
})

test('messages have names for people', () => {
  expect(icmpName(3, 13)).toBe('administratively prohibited')
  expect(icmpName(11, 0)).toBe('TTL exceeded in transit')
  expect(icmpName(42, 1)).toBe('ICMP type 42, code 1')
})

test('random bytes never throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void decodeIcmp(bytes)))
})
