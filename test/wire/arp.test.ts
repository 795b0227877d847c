import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { concat, fromHex } from '../../src/base/bytes.ts'
import { decodeArp, encodeArp } from '../../src/wire/arp.ts'
import { valueOf } from './results.ts'

// A request as Linux sends it: who has 10.0.0.1, tell 10.0.0.2.
const REQUEST = fromHex('0001 0800 06 04 0001 02005e100002 0a000002 000000000000 0a000001')

test('a request decodes and encodes back to the same bytes', () => {
  const decoded = decodeArp(REQUEST)
  expect(decoded).toMatchObject({
    ok: true,
    value: { operation: 1, sender: ipv4('10.0.0.2'), target: ipv4('10.0.0.1') },
  })
  expect(encodeArp(valueOf(decoded))).toEqual(REQUEST)
})

test('padding to the least Ethernet payload is ignored', () => {
  expect(decodeArp(concat(REQUEST, new Uint8Array(18))).ok).toBe(true)
})

test.for([
  ['ar$hrd', 0, '0006'],
  ['ar$pro', 2, '86dd'],
  ['ar$hln', 4, '08'],
  ['ar$pln', 5, '10'],
] as const)('%s other than Ethernet and IPv4 is refused', ([field, at, bytes]) => {
  const wrong = REQUEST.slice()
  wrong.set(fromHex(bytes), at)
  expect(decodeArp(wrong)).toMatchObject({ ok: false, error: { code: 'bad-value', field } })
})

test('every truncation is refused', () => {
  for (let length = 0; length < REQUEST.length; length++)
    expect(decodeArp(REQUEST.subarray(0, length))).toMatchObject({ error: { code: 'truncated' } })
})

test('random bytes never throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void decodeArp(bytes)))
})

test('within a frame it reads the same, right or wrong', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(30), (noise, kept) => {
      const bytes = concat(REQUEST.subarray(0, kept), noise)
      const frame = concat(new Uint8Array(14), bytes)
      expect(decodeArp(frame, 14)).toEqual(decodeArp(bytes))
      expect(decodeArp(concat(REQUEST, noise))).toEqual(decodeArp(REQUEST))
    }),
  )
})
