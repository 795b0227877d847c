import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat, fromHex } from '../../../src/base/bytes.ts'
import { decodeOid, encodeOid } from '../../../src/pki/encoding/oid-encoding.ts'
import { ATTRIBUTE_OIDS, EKU_OIDS, OID } from '../../../src/pki/encoding/oids.ts'

const decode = (octets: Uint8Array): string | undefined => decodeOid(octets, 0, octets.length)

test('the identifiers that have names here come back as they are written', () => {
  for (const dotted of [OID, EKU_OIDS, ATTRIBUTE_OIDS].flatMap((names) => Object.values(names))) {
    expect(decode(encodeOid(dotted))).toBe(dotted)
  }
})

test('a neighbour of an identifier that has a name is not taken for it', () => {
  for (const dotted of Object.values(OID)) {
    const octets = encodeOid(dotted)
    const next = Uint8Array.from(octets)
    next[next.length - 1]! ^= 1
    expect(decode(next)).not.toBe(dotted)
    expect(decode(octets.subarray(0, -1))).not.toBe(dotted)
    expect(decode(concat(octets, Uint8Array.of(1)))).toBe(`${dotted}.1`)
  }
})

test('octets of one hash with an identifier that has a name are told apart', () => {
  // The hash takes an octet more for 31 less in the next one: 2.5.29.19 is 55 1d 13.
  expect(decode(fromHex('55 1c 32'))).toBe('2.5.28.50')
  expect(decode(fromHex('54 3c 13'))).toBe('2.4.60.19')
})

test('only the octets between the bounds count', () => {
  expect(decodeOid(fromHex('ff 55 1d 0f 80'), 1, 4)).toBe('2.5.29.15')
})

test('every identifier comes back', () => {
  const arcs = fc.tuple(
    fc.constantFrom('0.39', '1.3', '2.5', '2.39'),
    fc.array(fc.nat({ max: Number.MAX_SAFE_INTEGER }), { maxLength: 9 }),
  )
  fc.assert(
    fc.property(arcs, ([root, rest]) => {
      const dotted = [root, ...rest].join('.')
      expect(decode(encodeOid(dotted))).toBe(dotted)
    }),
  )
})
