import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { IkePayloadType } from '../../../src/wire/ikev2/numbers.ts'
import { decodePayloads, encodePayloads } from '../../../src/wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../../src/wire/ikev2/payloads.ts'
import { valueOf } from '../results.ts'
import { anyChain } from './arbitraries.ts'

const { SA, KE, Nonce, N, D, V, TSi, CP, SKF } = IkePayloadType
const NOTHING = new Uint8Array()

describe('what is malformed is a value', () => {
  const transform = '00 00 0008 01 00 000c'
  test.for([
    ['a payload shorter than its header', V, '00 00 0003', 'Payload Length'],
    ['a payload longer than the message', V, '00 00 0005', 'Payload Length'],
    ['bytes behind the last payload', V, '00 00 0004 00', 'message'],
    ['an SA without proposals', SA, '00 00 0004', 'Last Substruc'],
    [
      'a marker of proposals that is neither',
      SA,
      '00 00 000c 03 00 0008 01 01 00 00',
      'Last Substruc',
    ],
    [
      'a proposal marked as the last, and another',
      SA,
      '00 00 0014 00 00 0008 01 01 00 00 00 00 0008 02 01 00 00',
      'Payload Length',
    ],
    ['a proposal marked as not the last', SA, '00 00 000c 02 00 0008 01 01 00 00', 'Last Substruc'],
    [
      'a proposal shorter than its header',
      SA,
      '00 00 000c 00 00 0007 01 01 00 00',
      'Proposal Length',
    ],
    [
      'a proposal longer than its payload',
      SA,
      '00 00 000c 00 00 0009 01 01 00 00',
      'Proposal Length',
    ],
    ['an SPI longer than its proposal', SA, '00 00 000c 00 00 0008 01 01 04 00', 'SPI'],
    [
      'fewer transforms than are counted',
      SA,
      `00 00 0014 00 00 0010 01 01 00 02 03${transform.slice(2)}`,
      'Last Substruc',
    ],
    [
      'more transforms than are counted',
      SA,
      `00 00 001c 00 00 0018 01 01 00 01 ${transform} ${transform}`,
      'Num Transforms',
    ],
    [
      'a transform marked as not the last',
      SA,
      '00 00 0014 00 00 0010 01 01 00 01 03 00 0008 01 00 000c',
      'Last Substruc',
    ],
    [
      'a transform shorter than its header',
      SA,
      '00 00 0014 00 00 0010 01 01 00 01 00 00 0007 01 00 000c',
      'Transform Length',
    ],
    [
      'half an attribute',
      SA,
      '00 00 0016 00 00 0012 01 01 00 01 00 00 000a 01 00 000c 800e',
      'Attribute Value',
    ],
    [
      'an attribute longer than its transform',
      SA,
      '00 00 0018 00 00 0014 01 01 00 01 00 00 000c 01 00 000c 000e 0001',
      'Attribute Value',
    ],
    ['a nonce of 15 bytes', Nonce, `00 00 0013 ${'00'.repeat(15)}`, 'Nonce Data'],
    ['a nonce of 257 bytes', Nonce, `00 00 0105 ${'00'.repeat(257)}`, 'Nonce Data'],
    ['a KE without a group', KE, '00 00 0005 00', 'Diffie-Hellman Group Num'],
    ['an SPI longer than its notification', N, '00 00 000a 03 04 4009 1234', 'SPI'],
    ['more SPIs than a Delete holds', D, '00 00 000c 03 04 0002 00000101', 'SPI'],
    ['fewer SPIs than a Delete holds', D, '00 00 000c 03 04 0000 00000101', 'Payload Length'],
    ['SPIs of no size', D, '00 00 0008 03 00 ffff', 'Num of SPIs'],
    [
      'more selectors than there are',
      TSi,
      '00 00 0018 02 000000 07 00 0010 0000 ffff 00000000 ffffffff',
      'TS Type',
    ],
    [
      'fewer selectors than there are',
      TSi,
      '00 00 0018 00 000000 07 00 0010 0000 ffff 00000000 ffffffff',
      'Payload Length',
    ],
    [
      'an IPv4 selector of 15 bytes',
      TSi,
      '00 00 0018 01 000000 07 00 000f 0000 ffff 00000000 ffffffff',
      'Selector Length',
    ],
    [
      'an IPv6 selector of 16 bytes',
      TSi,
      '00 00 0018 01 000000 08 00 0010 0000 ffff 00000000 ffffffff',
      'Selector Length',
    ],
    [
      'an unknown selector shorter than its header',
      TSi,
      '00 00 000c 01 000000 09 00 0003',
      'Selector Length',
    ],
    ['an attribute longer than its CP', CP, '00 00 000c 01 000000 0001 0001', 'Value'],
    ['fragment 0', SKF, '00 00 0008 0000 0001', 'Fragment Number'],
    ['fragment 2 of 1', SKF, '00 00 0008 0002 0001', 'Fragment Number'],
  ] as const)('%s', ([, type, hex, field]) => {
    expect(decodePayloads(type, fromHex(hex))).toMatchObject({ ok: false, error: { field } })
  })

  test('and offsets count from the first payload', () => {
    const chain = fromHex('21 00 0005 00  00 00 0014 00 00 0010 01 01 00 01 00 00 0007 01 00 000c')
    expect(decodePayloads(V, chain)).toMatchObject({
      error: { code: 'bad-value', layer: 'ike payloads', offset: 5 + 4 + 8 + 4 },
    })
  })
})

describe('what cannot be written is our own mistake', () => {
  const spi = fromHex('01')
  test.for<readonly [string, IkePayload]>([
    ['a payload of 65532 bytes', { kind: 'eap', packet: new Uint8Array(0xffff - 3) }],
    ['an SA without proposals', { kind: 'sa', proposals: [] }],
    ['a short nonce', { kind: 'nonce', data: new Uint8Array(15) }],
    ['SPIs of two sizes', { kind: 'delete', protocol: 3, spis: [spi, new Uint8Array(4)] }],
    ['an SPI of no size', { kind: 'delete', protocol: 3, spis: [NOTHING] }],
    ['a group of three bytes', { kind: 'ke', group: 0x1_0000, data: spi }],
    ['RESERVED of eight bits', { kind: 'vendor-id', data: spi, reserved: 0x80 }],
    ['no type', { kind: 'unknown', type: 0, critical: false, data: spi }],
    ['fragment 2 of 1', { kind: 'fragment', first: 0, number: 2, total: 1, body: spi }],
    [
      'an attribute of 16 bits',
      { kind: 'configuration', type: 1, attributes: [{ type: 0x8000, value: spi }] },
    ],
    [
      'a selector of IPv4 that is called unknown',
      {
        kind: 'ts',
        role: 'initiator',
        selectors: [{ kind: 'unknown', type: 7, protocol: 0, data: new Uint8Array(12) }],
      },
    ],
    [
      'half an IPv6 address',
      {
        kind: 'ts',
        role: 'initiator',
        selectors: [{ kind: 'ipv6', protocol: 0, startPort: 0, endPort: 0, start: spi, end: spi }],
      },
    ],
    [
      'an attribute of a transform of 16 bits',
      {
        kind: 'sa',
        proposals: [
          {
            number: 1,
            protocol: 1,
            spi,
            transforms: [{ type: 1, id: 1, attributes: [{ type: 0x8000, value: 1 }] }],
          },
        ],
      },
    ],
  ])('%s', ([, payload]) => {
    expect(() => encodePayloads([payload])).toThrow(RangeError)
  })
})

const RUNS = { numRuns: 2000 }

describe('any', () => {
  test('chain survives encoding', () => {
    fc.assert(
      fc.property(anyChain, (chain) => {
        const { first, bytes } = encodePayloads(chain)
        expect(valueOf(decodePayloads(first, bytes))).toEqual(chain)
      }),
      RUNS,
    )
  })

  /** What decodes encodes to the same bytes; what does not is a value. */
  const isKeptOrRefused = (first: number, bytes: Uint8Array): boolean => {
    const decoded = decodePayloads(first, bytes)
    if (!decoded.ok) return false
    const encoded = encodePayloads(decoded.value)
    expect([encoded.first, toHex(encoded.bytes)]).toEqual([first, toHex(bytes)])
    return true
  }

  test('bytes are kept or refused, never an exception', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 80 }), (first, bytes) => {
        isKeptOrRefused(first, bytes)
      }),
      RUNS,
    )
  })

  test('damage is kept or refused, and both occur', () => {
    const counts = { kept: 0, refused: 0 }
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(anyChain, changes, fc.nat(3), (chain, changes, cut) => {
        const { first, bytes } = encodePayloads(chain)
        const damaged = bytes.slice(0, Math.max(0, bytes.length - (cut === 3 ? 1 : 0)))
        for (const [at, value] of changes) if (bytes.length > 0) damaged[at % bytes.length] = value
        counts[isKeptOrRefused(first, damaged) ? 'kept' : 'refused']++
      }),
      RUNS,
    )
    expect(Math.min(counts.kept, counts.refused)).toBeGreaterThan(RUNS.numRuns / 20)
  })
})
