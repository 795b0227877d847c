import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import {
  decodeMsChapV2Request,
  decodeMsChapV2Response,
  encodeMsChapV2Request,
  encodeMsChapV2Response,
  formatMsChapV2Failure,
  parseMsChapV2Failure,
} from '../../../src/wire/eap/ms-chap-v2.ts'
import { valueOf } from '../results.ts'

// What hostapd 2.10 and wpa_supplicant 2.10 said inside a PEAP tunnel, from their logs, from the opcode on.
const CHALLENGE = fromHex('01540019 10 32ff65ca560f59089b796f5d8548b1a8 4e505331')
const RESPONSE = fromHex(`02540039 31 699cf70d39f08fed276187d753a38077 0000000000000000
  a5f8179564622756cc49ca0b0fdd5495a20b59ac5096fdd4 00 616461`)
const SUCCESS = fromHex(`03540033 533d3639333844423646443942343334444238304338313643353139453638
  45344636464631313532342 04d3d4f4b`)

describe('packets of other programs', () => {
  test('a challenge', () => {
    const request = valueOf(decodeMsChapV2Request(CHALLENGE))
    expect(request).toMatchObject({ op: 'challenge', id: 0x54, name: 'NPS1' })
    expect(toHex(encodeMsChapV2Request(request))).toBe(toHex(CHALLENGE))
  })

  test('a response', () => {
    const response = valueOf(decodeMsChapV2Response(RESPONSE))
    expect(response).toMatchObject({ op: 'response', id: 0x54, name: 'ada' })
    expect(toHex(encodeMsChapV2Response(response))).toBe(toHex(RESPONSE))
  })

  test('a success', () => {
    const request = valueOf(decodeMsChapV2Request(SUCCESS))
    const authenticatorResponse = fromHex('6938db6fd9b434db80c816c519e68e4f6ff11524')
    expect(request).toEqual({ op: 'success', id: 0x54, authenticatorResponse, message: 'OK' })
    expect(toHex(encodeMsChapV2Request(request))).toBe(toHex(SUCCESS))
  })

  test('acknowledgements, with and without the rest of a header', () => {
    for (const hex of ['03', '03540004']) {
      expect(valueOf(decodeMsChapV2Response(fromHex(hex))).op).toBe('success-acknowledged')
    }
    expect(toHex(encodeMsChapV2Response({ op: 'success-acknowledged' }))).toBe('03')
    expect(toHex(encodeMsChapV2Response({ op: 'failure-acknowledged' }))).toBe('04')
    expect(valueOf(decodeMsChapV2Response(fromHex('04'))).op).toBe('failure-acknowledged')
  })
})

test('a change of password is 586 bytes and decodes to what was encoded', () => {
  const change = {
    op: 'change-password' as const,
    id: 9,
    encryptedPassword: new Uint8Array(516).fill(1),
    encryptedHash: new Uint8Array(16).fill(2),
    peerChallenge: new Uint8Array(16).fill(3),
    ntResponse: new Uint8Array(24).fill(4),
  }
  const bytes = encodeMsChapV2Response(change)
  expect(bytes).toHaveLength(586)
  expect(valueOf(decodeMsChapV2Response(bytes))).toEqual(change)
})

describe('the text of a failure', () => {
  const challenge = fromHex('000102030405060708090a0b0c0d0e0f')

  test('is written as RFC 2759 §6 has it, and read back', () => {
    const failure = { error: 691, retry: true, challenge, version: 3, message: 'Try again' }
    const text = 'E=691 R=1 C=000102030405060708090A0B0C0D0E0F V=3 M=Try again'
    expect(formatMsChapV2Failure(failure)).toBe(text)
    expect(parseMsChapV2Failure(text)).toEqual(failure)
  })

  test.each([
    ['E=648', { error: 648, retry: false }],
    ['E=691 R=0 V=3', { error: 691, retry: false, version: 3 }],
    ['E=691 R=1 C=00 V=3', { error: 691, retry: true, version: 3 }],
    ['E=691 R=1 M=', { error: 691, retry: true, message: '' }],
  ])('may say less: %s', (text, failure) => {
    expect(parseMsChapV2Failure(text)).toEqual(failure)
  })

  test.each(['', 'R=1', 'E=', 'E=x', 'nonsense'])('is refused without an error: "%s"', (text) => {
    expect(parseMsChapV2Failure(text)).toBeUndefined()
    const bytes = Uint8Array.of(4, 1, 0, 4 + text.length, ...utf8(text))
    expect(decodeMsChapV2Request(bytes)).toMatchObject({ error: { field: 'Message' } })
  })
})

describe('hostile bytes', () => {
  test('every truncation is refused', () => {
    const both = [decodeMsChapV2Request, decodeMsChapV2Response]
    for (const [at, whole] of [CHALLENGE, RESPONSE].entries()) {
      for (let length = 0; length < whole.length; length++) {
        expect(both[at]!(whole.subarray(0, length)).ok).toBe(false)
      }
    }
  })

  test.each([
    ['a challenge of eight bytes', '0101000d 08 0102030405060708', 'Value-Size'],
    [
      'a length that is too small',
      '01540018 10 32ff65ca560f59089b796f5d8548b1a8 4e505331',
      'MS-Length',
    ],
    ['an opcode that nobody has', '05010004', 'OpCode'],
    ['a response, to a peer', '02010004', 'OpCode'],
    ['a success without S=', '03010008 4d3d4f4b', 'Message'],
  ])('%s is refused', (_, hex, field) => {
    expect(decodeMsChapV2Request(fromHex(hex))).toMatchObject({
      error: { code: 'bad-value', field },
    })
  })

  test('random and mutated bytes never raise an exception', () => {
    const seeds = [CHALLENGE, RESPONSE, SUCCESS, utf8('\x04\x01\x00\x0aE=691 ')]
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
        fc.nat(80),
        (seed, changes, cut) => {
          const bytes = seed.slice(0, cut)
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
          decodeMsChapV2Request(bytes)
          decodeMsChapV2Response(bytes)
        },
      ),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
        decodeMsChapV2Request(bytes)
        decodeMsChapV2Response(bytes)
      }),
    )
  })
})
