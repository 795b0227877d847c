import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../../src/base/address.ts'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { NotifyType } from '../../../src/wire/ikev2/notify-types.ts'
import { ConfigAttribute, IkePayloadType } from '../../../src/wire/ikev2/numbers.ts'
import {
  decodePayloads,
  encodePayloads,
  outlinePayloads,
} from '../../../src/wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../../src/wire/ikev2/payloads.ts'
import { valueOf } from '../results.ts'
import { anyChain } from './arbitraries.ts'

const { SA, KE, IDi, IDr, CERT, CERTREQ, AUTH, Nonce, N, D, V, TSi, TSr, SK, CP, EAP, SKF } =
  IkePayloadType
const NOTHING = new Uint8Array()

/** Laid out by hand after the figures of RFC 7296 §3 and RFC 7383 §2.5. Each is alone in its chain: Next Payload is 0, but of SK and SKF. */
const SAMPLES: readonly (readonly [string, number, string, IkePayload])[] = [
  [
    'SA: two proposals, Key Length in the short form',
    SA,
    `00 00 0044
     02 00 0024 01 01 00 03  03 00 000c 01 00 000c 800e 0100  03 00 0008 02 00 0005  00 00 0008 04 00 000e
     00 00 001c 02 03 04 02 c0ffee01  03 00 0008 01 00 0014  00 00 0008 05 00 0000`,
    {
      kind: 'sa',
      proposals: [
        {
          number: 1,
          protocol: 1,
          spi: NOTHING,
          transforms: [
            { type: 1, id: 12, keyLength: 256 },
            { type: 2, id: 5 },
            { type: 4, id: 14 },
          ],
        },
        {
          number: 2,
          protocol: 3,
          spi: fromHex('c0ffee01'),
          transforms: [
            { type: 1, id: 20 },
            { type: 5, id: 0 },
          ],
        },
      ],
    },
  ],
  [
    'SA: attributes that no RFC defines, and a Key Length in the long form, which is none',
    SA,
    `00 00 0026
     00 00 0022 01 01 00 01
     00 00 001a 01 00 000c 800e 0080 8011 0007 000e 0002 0080 0012 0000`,
    {
      kind: 'sa',
      proposals: [
        {
          number: 1,
          protocol: 1,
          spi: NOTHING,
          transforms: [
            {
              type: 1,
              id: 12,
              keyLength: 128,
              attributes: [
                { type: 17, value: 7 },
                { type: 14, bytes: fromHex('0080') },
                { type: 18, bytes: NOTHING },
              ],
            },
          ],
        },
      ],
    },
  ],
  ['KE', KE, '00 00 000c 0013 0000 01020304', { kind: 'ke', group: 19, data: fromHex('01020304') }],
  [
    'IDi: an IPv4 address',
    IDi,
    '00 00 000c 01 000000 0a000005',
    { kind: 'id', role: 'initiator', type: 1, data: fromHex('0a000005') },
  ],
  [
    'IDr with every bit that should be zero',
    IDr,
    '00 ff 0009 02 010203 76',
    {
      kind: 'id',
      role: 'responder',
      type: 2,
      data: fromHex('76'),
      critical: true,
      reserved: 0x7f,
      bodyReserved: 0x010203,
    },
  ],
  ['CERT', CERT, '00 00 0007 04 3080', { kind: 'cert', encoding: 4, data: fromHex('3080') }],
  [
    'CERTREQ for any',
    CERTREQ,
    '00 00 0005 04',
    { kind: 'certreq', encoding: 4, authorities: NOTHING },
  ],
  ['AUTH', AUTH, '00 00 000a 0e 000000 beef', { kind: 'auth', method: 14, data: fromHex('beef') }],
  [
    'Nonce',
    Nonce,
    `00 00 0014 ${'ab'.repeat(16)}`,
    { kind: 'nonce', data: new Uint8Array(16).fill(0xab) },
  ],
  [
    'N: REKEY_SA, with an SPI',
    N,
    '00 00 000c 03 04 4009 12345678',
    {
      kind: 'notify',
      protocol: 3,
      spi: fromHex('12345678'),
      type: NotifyType.REKEY_SA,
      data: NOTHING,
    },
  ],
  [
    'N: INVALID_KE_PAYLOAD, with the group to take',
    N,
    '00 00 000a 00 00 0011 000e',
    {
      kind: 'notify',
      protocol: 0,
      spi: NOTHING,
      type: NotifyType.INVALID_KE_PAYLOAD,
      data: fromHex('000e'),
    },
  ],
  ['D: the IKE SA', D, '00 00 0008 01 00 0000', { kind: 'delete', protocol: 1, spis: [] }],
  [
    'D: two Child SAs',
    D,
    '00 00 0010 03 04 0002 00000101 00000102',
    { kind: 'delete', protocol: 3, spis: [fromHex('00000101'), fromHex('00000102')] },
  ],
  [
    'D: none of the SPIs that it speaks of',
    D,
    '00 00 0008 03 04 0000',
    { kind: 'delete', protocol: 3, spis: [], spiSize: 4 },
  ],
  ['V', V, '00 00 0007 616263', { kind: 'vendor-id', data: fromHex('616263') }],
  [
    'TSi: all of IPv4 and of IPv6, and Fibre Channel',
    TSi,
    `00 00 0048 03 000000
     07 00 0010 0000 ffff 00000000 ffffffff
     08 11 0028 01f4 01f4 ${'00'.repeat(16)} ${'ff'.repeat(16)}
     09 00 0008 01020304`,
    {
      kind: 'ts',
      role: 'initiator',
      selectors: [
        {
          kind: 'ipv4',
          protocol: 0,
          startPort: 0,
          endPort: 0xffff,
          start: ipv4('0.0.0.0'),
          end: ipv4('255.255.255.255'),
        },
        {
          kind: 'ipv6',
          protocol: 17,
          startPort: 500,
          endPort: 500,
          start: new Uint8Array(16),
          end: new Uint8Array(16).fill(255),
        },
        { kind: 'unknown', type: 9, protocol: 0, data: fromHex('01020304') },
      ],
    },
  ],
  ['TSr: none', TSr, '00 00 0008 00 000000', { kind: 'ts', role: 'responder', selectors: [] }],
  [
    'CP: what Windows asks for, and an attribute with the R bit',
    CP,
    '00 00 001c 01 000000 0001 0000 0003 0000 5ba0 0000 8006 0004 0a000001',
    {
      kind: 'configuration',
      type: 1,
      attributes: [
        { type: ConfigAttribute.INTERNAL_IP4_ADDRESS, value: NOTHING },
        { type: ConfigAttribute.INTERNAL_IP4_DNS, value: NOTHING },
        { type: ConfigAttribute.INTERNAL_IP4_SERVER, value: NOTHING },
        {
          type: ConfigAttribute.INTERNAL_IP4_DHCP,
          value: fromHex('0a000001'),
          reserved: true,
        },
      ],
    },
  ],
  ['EAP: Success', EAP, '00 00 0008 03 01 0004', { kind: 'eap', packet: fromHex('03010004') }],
  ['SK', SK, '23 00 0006 aabb', { kind: 'encrypted', first: IDi, body: fromHex('aabb') }],
  ['SK of nothing', SK, '00 00 0005 aa', { kind: 'encrypted', first: 0, body: fromHex('aa') }],
  [
    'SKF',
    SKF,
    '23 00 0009 0001 0003 aa',
    { kind: 'fragment', first: IDi, number: 1, total: 3, body: fromHex('aa') },
  ],
  [
    'one that nobody knows, critical',
    200,
    '00 81 0006 0102',
    { kind: 'unknown', type: 200, critical: true, reserved: 1, data: fromHex('0102') },
  ],
]

describe('each kind of payload', () => {
  test.for(SAMPLES)('%s', ([, type, hex, payload]) => {
    expect(decodePayloads(type, fromHex(hex))).toEqual({ ok: true, value: [payload] })
    const encoded = encodePayloads([payload])
    expect(encoded.first).toBe(type)
    expect(toHex(encoded.bytes)).toBe(toHex(fromHex(hex)))
  })

  test.for(SAMPLES)('%s: is refused at every truncation', ([, type, hex]) => {
    const bytes = fromHex(hex)
    for (let length = 0; length < bytes.length; length++) {
      const decoded = decodePayloads(type, bytes.subarray(0, length))
      expect(decoded).toMatchObject({ ok: false, error: { code: 'truncated' } })
    }
  })
})

describe('a chain', () => {
  const nonce: IkePayload = { kind: 'nonce', data: new Uint8Array(16) }
  const vendor: IkePayload = { kind: 'vendor-id', data: fromHex('01') }
  const secret: IkePayload = { kind: 'encrypted', first: AUTH, body: fromHex('02') }

  test('of nothing is nothing', () => {
    expect(decodePayloads(0, NOTHING)).toEqual({ ok: true, value: [] })
    expect(encodePayloads([])).toEqual({ first: 0, bytes: NOTHING })
    expect(decodePayloads(0, fromHex('00'))).toMatchObject({ error: { code: 'trailing-bytes' } })
  })

  test('names each next payload, and an encrypted one what is inside it', () => {
    const { first, bytes } = encodePayloads([nonce, vendor, secret])
    expect([first, bytes[0], bytes[20], bytes[25]]).toEqual([Nonce, V, SK, AUTH])
    expect(valueOf(decodePayloads(first, bytes))).toEqual([nonce, vendor, secret])
  })

  test('has an encrypted payload at its end only', () => {
    expect(() => encodePayloads([secret, vendor])).toThrow(RangeError)
    const { first, bytes } = encodePayloads([secret])
    const longer = new Uint8Array([...bytes, 0, 0, 0, 4])
    expect(decodePayloads(first, longer)).toMatchObject({
      error: { code: 'trailing-bytes', field: 'Encrypted and Authenticated', offset: 5 },
    })
  })
})

describe('a chain by its headers alone', () => {
  test('has the payloads that reading it finds', () => {
    fc.assert(
      fc.property(anyChain, (payloads) => {
        const { first, bytes } = encodePayloads(payloads)
        const outline = outlinePayloads(first, bytes)
        if (payloads.some(({ kind }) => kind === 'encrypted' || kind === 'fragment')) {
          // What its Next Payload names is inside.
          return
        }
        expect(outline?.map(({ type }) => type)).toEqual(
          payloads.map((payload) => encodePayloads([payload]).first),
        )
      }),
    )
  })

  test('of any bytes is none, or ends where they end', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 120 }), (first, bytes) => {
        const outline = outlinePayloads(first, bytes)
        if (outline === undefined) return
        const length = outline.reduce((sum, { body }) => sum + body.length + 4, 0)
        expect(length).toBe(bytes.length)
      }),
    )
  })
})
