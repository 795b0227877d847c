import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import {
  decodeSstp,
  describeSstpAttribute,
  encodeSstp,
  SstpAttributeId,
  SstpMessageType,
  sstpPacketLength,
  SstpStatus,
  type SstpAttribute,
  type SstpPacket,
} from '../../src/wire/sstp.ts'
import { valueOf } from './results.ts'

const NONCE = '412b489aebd7ecc7d08966f26be7cd72b231a0e9210d7c91b308862b0344c435'
const CERTIFICATE = '7993ef314c493dace9f02d60e7e61c84b6690aafe9d7aeea92cbbe8ad599422d'
const MAC = '52a68efd8cffbf52770b8f0fe8ec73716583af6d611eb6d179b3b20840985449'

const control = (type: number, ...attributes: readonly SstpAttribute[]): SstpPacket => ({
  kind: 'control',
  type,
  attributes,
})

describe('SSTP packets', () => {
  test.for<readonly [string, string, SstpPacket]>([
    // The first three: [MS-SSTP] §4.7.
    [
      'CALL_CONNECT_REQUEST',
      '1001000e 00010001 00010006 0001',
      control(1, { kind: 'encapsulated-protocol', protocol: 1 }),
    ],
    [
      'CALL_CONNECT_ACK',
      `10010030 00020001 00040028 00000002 ${NONCE}`,
      control(2, { kind: 'crypto-binding-request', hashes: 2, nonce: fromHex(NONCE) }),
    ],
    [
      'CALL_CONNECTED',
      `10010070 00040001 00030068 00000002 ${NONCE}${CERTIFICATE}${MAC}`,
      control(4, {
        kind: 'crypto-binding',
        hash: 2,
        nonce: fromHex(NONCE),
        certificateHash: fromHex(CERTIFICATE),
        compoundMac: fromHex(MAC),
      }),
    ],
    // The others laid out by hand after [MS-SSTP] §2.2.
    [
      'CALL_CONNECT_NAK',
      '10010016 00030001 0002000e 00000001 00000004 0002',
      control(3, {
        kind: 'status-info',
        attribute: 1,
        status: SstpStatus.VALUE_NOT_SUPPORTED,
        value: fromHex('0002'),
      }),
    ],
    [
      'CALL_ABORT',
      '10010014 00050001 0002000c 00000003 00000007',
      control(5, {
        kind: 'status-info',
        attribute: SstpAttributeId.CRYPTO_BINDING,
        status: SstpStatus.INVALID_FRAME_RECEIVED,
        value: new Uint8Array(),
      }),
    ],
    [
      'CALL_DISCONNECT',
      '10010014 00060001 0002000c 00000000 00000000',
      control(6, { kind: 'status-info', attribute: 0, status: 0, value: new Uint8Array() }),
    ],
    ['CALL_DISCONNECT_ACK', '10010008 00070000', control(7)],
    ['ECHO_REQUEST', '10010008 00080000', control(8)],
    ['ECHO_RESPONSE', '10010008 00090000', control(9)],
    ['data', '1000000c ff03c021 01000004', { kind: 'data', payload: fromHex('ff03c02101000004') }],
    ['no data', '10000004', { kind: 'data', payload: new Uint8Array() }],
    [
      'what nobody knows',
      '10010010 00420001 00990008 01020304',
      control(0x42, { kind: 'unknown', id: 0x99, value: fromHex('01020304') }),
    ],
    [
      'a protocol of three bytes',
      '1001000f 00010001 00010007 000100',
      control(1, { kind: 'bad-length', id: 1, value: fromHex('000100') }),
    ],
  ])('%s', ([, hex, packet]) => {
    expect(valueOf(decodeSstp(fromHex(hex)))).toEqual(packet)
    expect(toHex(encodeSstp(packet))).toBe(toHex(fromHex(hex)))
  })

  test('reserved bits are passed over', () => {
    const bytes = fromHex('10ff f00e 00010001 ff01f006 0001')
    expect(valueOf(decodeSstp(bytes))).toEqual(
      control(1, { kind: 'encapsulated-protocol', protocol: 1 }),
    )
    expect(sstpPacketLength(bytes)).toEqual({ ok: true, value: 14 })
  })

  test.for([
    ['another version', '20000004', 'Version'],
    ['a length beyond what is there', '10000005', 'Length'],
    ['a length short of what is there', '1000000400', 'Length'],
    ['half a control header', '100100060008', 'Num Attributes'],
    ['fewer attributes than it says', '10010008 00080001', 'Reserved'],
    ['more bytes than attributes', '10010009 00080000 00', 'Attributes'],
    ['an attribute shorter than its header', '1001000c 00080001 00010003', 'Length'],
    ['an attribute longer than the packet', '1001000e 00010001 00010007 0001', 'Value'],
  ] as const)('%s is refused', ([, hex, field]) => {
    expect(decodeSstp(fromHex(hex))).toMatchObject({ ok: false, error: { field } })
  })

  test('a Status Info holds no more than 64 bytes of a value', () => {
    const value = new Uint8Array(65)
    const status = { kind: 'status-info', attribute: 1, status: 4, value } as const
    expect(() => encodeSstp(control(3, status))).toThrow(RangeError)
    const full = encodeSstp(control(3, { ...status, value: value.subarray(1) }))
    expect(valueOf(decodeSstp(full))).toMatchObject({ attributes: [{ kind: 'status-info' }] })
    const bytes = fromHex(`10010055 00030001 0002004d 00000001 00000004 ${'00'.repeat(65)}`)
    expect(valueOf(decodeSstp(bytes))).toMatchObject({ attributes: [{ kind: 'bad-length' }] })
  })

  test('a packet has 4095 bytes at most', () => {
    const payload = new Uint8Array(4091)
    expect(encodeSstp({ kind: 'data', payload })).toHaveLength(4095)
    expect(() => encodeSstp({ kind: 'data', payload: new Uint8Array(4092) })).toThrow(RangeError)
  })
})

describe('where a packet ends', () => {
  test('is told by four bytes', () => {
    const bytes = fromHex('1001000e')
    for (const length of [0, 1, 2, 3]) {
      expect(sstpPacketLength(bytes.subarray(0, length))).toEqual({ ok: true, value: undefined })
    }
    expect(sstpPacketLength(bytes)).toEqual({ ok: true, value: 14 })
  })

  test('is not told by a stream of something else', () => {
    expect(sstpPacketLength(fromHex('48'))).toMatchObject({ error: { field: 'Version' } })
    expect(sstpPacketLength(fromHex('10010003'))).toMatchObject({ error: { field: 'Length' } })
  })
})

test('a status is told by name', () => {
  const value = new Uint8Array()
  const status = { kind: 'status-info', attribute: 3, status: 7, value } as const
  expect(describeSstpAttribute(status)).toBe('STATUS_INFO(CRYPTO_BINDING: INVALID_FRAME_RECEIVED)')
  expect(describeSstpAttribute({ kind: 'unknown', id: 99, value })).toBe('attribute 99')
})

test('any bytes are refused, or are what they encode to', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 140 }),
    fc
      .tuple(fc.constantFrom(0, 1), fc.uint8Array({ maxLength: 200 }))
      .map(([flags, rest]) => Uint8Array.of(0x10, flags, 0, rest.length + 4, ...rest)),
    fc.tuple(fc.nat(12), fc.nat(6), fc.uint8Array({ maxLength: 120 })).map(([type, id, value]) => {
      const length = value.length + 12
      const head = [0x10, 1, 0, length, 0, type, 0, 1, 0, id, 0, value.length + 4]
      return Uint8Array.of(...head, ...value)
    }),
  )
  fc.assert(
    fc.property(bytes, (each) => {
      const decoded = decodeSstp(each)
      if (!decoded.ok) return
      const again = encodeSstp(decoded.value)
      expect(decodeSstp(again)).toEqual(decoded)
      expect(again).toHaveLength(each.length)
    }),
    { seed: 1, numRuns: 2000 },
  )
})

test('every message has its number', () => {
  expect(Object.values(SstpMessageType)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
})
