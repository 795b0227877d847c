import * as fc from 'fast-check'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import {
  decodeIke,
  encodeIke,
  IkeExchange,
  IkeFlag,
  withMarker,
  withoutMarker,
} from '../../../src/wire/ikev2/header.ts'

// IKE_SA_INIT with nothing in it, laid out by hand after RFC 7296 §3.1.
const HEADER = fromHex('0102030405060708 0000000000000000 00 20 22 08 00000000 0000001c')

test('a header decodes and encodes back', () => {
  const decoded = decodeIke(HEADER)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error))
  expect(decoded.value).toMatchObject({
    exchange: IkeExchange.saInit,
    flags: IkeFlag.initiator,
    messageId: 0,
  })
  expect(toHex(encodeIke(decoded.value))).toBe(toHex(HEADER))
})

test('it is refused at every truncation, and when its length is not the datagram', () => {
  for (let length = 0; length < HEADER.length; length++) {
    expect(decodeIke(HEADER.subarray(0, length)).ok).toBe(false)
  }
  const longer = new Uint8Array(29)
  longer.set(HEADER)
  expect(decodeIke(longer)).toMatchObject({ error: { code: 'trailing-bytes' } })
})

test('the marker tells IKE from ESP and keepalives', () => {
  expect(withoutMarker(withMarker(HEADER))).toEqual(HEADER)
  expect(withoutMarker(Uint8Array.of(0, 0, 1, 0, 9))).toBeUndefined()
  expect(withoutMarker(Uint8Array.of(0xff))).toBeUndefined()
})

test('a SPI has eight bytes', () => {
  const decoded = decodeIke(HEADER)
  if (!decoded.ok) throw new Error('unreadable')
  expect(() => encodeIke({ ...decoded.value, initiatorSpi: new Uint8Array(4) })).toThrow(RangeError)
})

test('random bytes never raise an exception', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void decodeIke(bytes)))
})

const CAPTURE = `${process.env['SALLYPORT_DATA'] ?? '../shared/data'}/ikev2/windows-client-2015.pcap`
const missing = !existsSync(CAPTURE) && process.env['SALLYPORT_JUDGES'] !== 'required'

describe('a real Windows client (capture of 2015)', () => {
  test.skipIf(missing)(`its IKE_SA_INIT request decodes (needs ${CAPTURE})`, () => {
    const file = readFileSync(CAPTURE)
    // Classic pcap: 24 bytes, then 16 bytes a record; the first frame is Ethernet, IPv4 without options, UDP.
    const length = file.readUInt32LE(24 + 8)
    const frame = file.subarray(40, 40 + length)
    const decoded = decodeIke(new Uint8Array(frame.subarray(14 + 20 + 8)))
    expect(decoded).toMatchObject({
      ok: true,
      value: { exchange: IkeExchange.saInit, flags: IkeFlag.initiator, messageId: 0 },
    })
  })
})
