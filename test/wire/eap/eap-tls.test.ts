import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import {
  decodeTlsFragment,
  encodeTlsFragment,
  isTlsAcknowledgement,
} from '../../../src/wire/eap/eap-tls.ts'
import { valueOf } from '../results.ts'

// Laid out by hand after RFC 5216 §3.1.
test.each([
  ['a start', '20', { start: true, more: false, version: 0, data: new Uint8Array() }],
  ['a start of PEAP version 1', '21', { start: true, version: 1 }],
  ['the first fragment', 'c000000bb8160301', { more: true, total: 3000 }],
  ['one in the middle', '40aabb', { more: true, data: fromHex('aabb') }],
  ['the last one', '00ccdd', { more: false, data: fromHex('ccdd') }],
  ['a whole message with its length', '8000000002eeff', { total: 2, data: fromHex('eeff') }],
])('%s decodes and encodes back', (_, hex, expected) => {
  const fragment = valueOf(decodeTlsFragment(fromHex(hex)))
  expect(fragment).toMatchObject(expected)
  expect(toHex(encodeTlsFragment(fragment))).toBe(hex)
})

test('an acknowledgement is nothing at all', () => {
  const isAcknowledgement = (hex: string): boolean =>
    isTlsAcknowledgement(valueOf(decodeTlsFragment(fromHex(hex))))
  expect(['00', '01', '20', '40', '0016'].map(isAcknowledgement)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})

test.each([
  ['no flags', '', 'truncated'],
  ['a length cut short', '80000000', 'truncated'],
  ['more data than the whole', '8000000001aabb', 'bad-value'],
  ['a message of four gigabytes', 'c0ffffffffaa', 'bad-value'],
])('%s is refused', (_, hex, code) => {
  expect(decodeTlsFragment(fromHex(hex))).toMatchObject({ error: { code } })
})

test('random bytes never raise an exception', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), (b) => void decodeTlsFragment(b)))
})
