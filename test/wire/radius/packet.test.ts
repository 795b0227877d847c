import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import {
  decodeRadius,
  encodeRadius,
  RadiusCode,
  radiusTooLong,
} from '../../../src/wire/radius/packet.ts'
import { valueOf } from '../results.ts'
import { printedRight, RADIUS_VECTORS, titleOf } from './vectors.ts'

// RFC 5997 §6.1, a Status-Server packet.
const STATUS = fromHex(
  '0cda00268a54f4686fb394c52866e302185d062350125a665e2e1e8411f3e243822097c84fa3',
)

test('the packet of RFC 5997 §6.1 decodes and encodes back', () => {
  const decoded = decodeRadius(STATUS)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error))
  expect(decoded.value).toMatchObject({ code: RadiusCode.statusServer, identifier: 0xda })
  expect(decoded.value.attributes.map((a) => [a.type, a.value.length])).toEqual([[80, 16]])
  expect(toHex(encodeRadius(decoded.value))).toBe(toHex(STATUS))
})

test.for(RADIUS_VECTORS.map((vector) => [titleOf(vector), vector] as const))(
  '%s decodes and encodes back',
  ([, vector]) => {
    const hex = printedRight(vector.hex)
    const packet = valueOf(decodeRadius(fromHex(hex)))
    expect([packet.code, packet.identifier]).toEqual([vector.code, vector.id])
    const read = packet.attributes.map((a) => [a.type, toHex(a.value)])
    expect(read.slice(0, 4)).toEqual(vector.attrs.slice(0, 4))
    expect(toHex(encodeRadius(packet))).toBe(hex)
  },
)

test('the request of RFC 2865 §7.3 whose State is longer than the packet is refused as it is printed', () => {
  const [printed, ...more] = RADIUS_VECTORS.filter(({ hex }) => printedRight(hex) !== hex)
  expect(more).toEqual([])
  expect(decodeRadius(fromHex(printed!.hex))).toMatchObject({
    ok: false,
    error: { code: 'bad-value', field: 'Length', offset: 59 },
  })
})

test('octets beyond Length are padding', () => {
  const padded = new Uint8Array(STATUS.length + 5)
  padded.set(STATUS)
  expect(decodeRadius(padded)).toEqual(decodeRadius(STATUS))
})

test('it is refused at every truncation', () => {
  for (let length = 0; length < STATUS.length; length++) {
    expect(decodeRadius(STATUS.subarray(0, length)).ok, `${length} bytes`).toBe(false)
  }
})

test.for([
  ['a Length below the header', 3, 19],
  ['an attribute of length 1', 21, 1],
  ['an attribute beyond the packet', 21, 19],
] as const)('%s is malformed', ([, at, value]) => {
  const bytes = STATUS.slice()
  bytes[at] = value
  expect(decodeRadius(bytes)).toMatchObject({ ok: false, error: { field: 'Length' } })
})

test('what does not fit its length field is our own misuse', () => {
  const packet = { code: 1, identifier: 1, authenticator: new Uint8Array(16) }
  const attributes = [{ type: 79, value: new Uint8Array(254) }]
  expect(radiusTooLong(attributes)).toMatchObject({ attribute: 79, got: 254, most: 253 })
  expect(() => encodeRadius({ ...packet, attributes })).toThrow(RangeError)
  expect(() =>
    encodeRadius({ ...packet, authenticator: new Uint8Array(4), attributes: [] }),
  ).toThrow(RangeError)
})

test('random and damaged bytes never raise an exception', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void decodeRadius(bytes)))
  fc.assert(
    fc.property(fc.nat(STATUS.length - 1), fc.nat(255), (at, value) => {
      const bytes = STATUS.slice()
      bytes[at] = value
      expect(typeof decodeRadius(bytes).ok).toBe('boolean')
    }),
  )
})
