import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import {
  decodePeapTlvs,
  encodeCryptoBinding,
  encodeResult,
  encodeTlvNak,
} from '../../../src/wire/eap/peap-tlv.ts'
import { valueOf } from '../results.ts'

// The request with which hostapd 2.10 ends PEAP, from the log of eapol_test 2.10, after EAP's header and type.
const BINDING = fromHex(`000c0038 00 00 00 00
  23cb7a0ff13dcc4c422375d8b31efade600611101f56a04b44d53ce3b9ed17c1
  65d74c83f8539260e5b0320a71587a23eb174668`)
const REQUEST = fromHex(`8003 0002 0001 ${toHex(BINDING)}`)

test('what hostapd sends decodes and encodes back', () => {
  const [result, bound] = valueOf(decodePeapTlvs(REQUEST))
  expect(result).toEqual({ kind: 'result', status: 'success' })
  if (bound?.kind !== 'crypto-binding') throw new Error('no crypto-binding')
  expect(bound.binding).toMatchObject({ version: 0, receivedVersion: 0, subtype: 'request' })
  expect(toHex(bound.bytes)).toBe(toHex(BINDING))
  expect(toHex(encodeResult('success')) + toHex(encodeCryptoBinding(bound.binding))).toBe(
    toHex(REQUEST),
  )
})

test.each([
  ['a failure', encodeResult('failure'), { kind: 'result', status: 'failure' }],
  ['a NAK', encodeTlvNak(7), { kind: 'nak', vendor: 0, type: 7 }],
  [
    'an unknown TLV that is mandatory',
    fromHex('8007 0001 aa'),
    { kind: 'unknown', type: 7, mandatory: true, value: fromHex('aa') },
  ],
  [
    'an unknown TLV that is not',
    fromHex('0009 0000'),
    { kind: 'unknown', type: 9, mandatory: false, value: new Uint8Array() },
  ],
])('%s is told', (_, bytes, tlv) => {
  expect(valueOf(decodePeapTlvs(bytes))).toEqual([tlv])
})

describe('hostile bytes', () => {
  test.each([
    ['a TLV longer than what is there', '80030003 0001', 'truncated'],
    ['half a header', '8003', 'truncated'],
    ['a Result of three bytes', '80030003 000100', 'bad-value'],
    ['a status that nobody has', '80030002 0003', 'bad-value'],
    ['a Crypto-Binding of four bytes', '000c0004 00000000', 'bad-value'],
    ['a NAK of four bytes', '80040004 00000000', 'bad-value'],
  ])('%s is refused', (_, hex, code) => {
    expect(decodePeapTlvs(fromHex(hex))).toMatchObject({ error: { code } })
  })

  test('a Crypto-Binding of a subtype that nobody has is refused', () => {
    expect(decodePeapTlvs(BINDING.with(7, 2))).toMatchObject({ error: { field: 'SubType' } })
  })

  test('random and mutated bytes never raise an exception', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (b) => void decodePeapTlvs(b)))
    fc.assert(
      fc.property(fc.nat(65), fc.nat(255), fc.nat(66), (at, value, cut) => {
        decodePeapTlvs(REQUEST.with(at, value).subarray(0, cut))
      }),
    )
  })
})
