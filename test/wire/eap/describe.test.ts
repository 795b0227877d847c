import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat, fromHex, utf8 } from '../../../src/base/bytes.ts'
import { describeEap } from '../../../src/wire/eap/describe.ts'
import { encodeMsChapV2Request, encodeMsChapV2Response } from '../../../src/wire/eap/ms-chap-v2.ts'
import { EapType, encodeEap } from '../../../src/wire/eap/packet.ts'
import { encodeResult } from '../../../src/wire/eap/peap-tlv.ts'

const packet = (code: 1 | 2, type: number, data: Uint8Array): Uint8Array =>
  encodeEap({ code, identifier: 3, type, data })

test.each([
  [packet(1, EapType.identity, new Uint8Array()), 'EAP Request #3 Identity'],
  [packet(2, EapType.identity, utf8('CORP\\ada')), 'EAP Response #3 Identity "CORP\\ada"'],
  [packet(1, EapType.peap, fromHex('20')), 'EAP Request #3 PEAP start'],
  [packet(2, EapType.peap, fromHex('00')), 'EAP Response #3 PEAP acknowledgement'],
  [
    packet(1, EapType.tls, fromHex('c000000bb8160301')),
    'EAP Request #3 EAP-TLS 3 of 3000 bytes, more to come',
  ],
  [packet(1, EapType.tls, fromHex('00160301')), 'EAP Request #3 EAP-TLS 3 bytes'],
  [packet(1, EapType.tls, new Uint8Array()), 'EAP Request #3 EAP-TLS unreadable'],
  [packet(2, EapType.nak, fromHex('190d')), 'EAP Response #3 Nak, wants PEAP, EAP-TLS'],
  [packet(2, EapType.nak, fromHex('00')), 'EAP Response #3 Nak, wants no other type'],
  [packet(1, 99, fromHex('00')), 'EAP Request #3 type 99'],
  [
    packet(
      1,
      EapType.mschapv2,
      encodeMsChapV2Request({ op: 'failure', id: 1, failure: { error: 691, retry: true } }),
    ),
    'EAP Request #3 EAP-MSCHAPv2 Failure, error 691, another try allowed',
  ],
  [
    packet(2, EapType.mschapv2, encodeMsChapV2Response({ op: 'success-acknowledged' })),
    'EAP Response #3 EAP-MSCHAPv2 Success acknowledged',
  ],
  [
    packet(1, EapType.tlv, concat(encodeResult('success'), fromHex('80070000'))),
    'EAP Request #3 EAP-TLV Result success, TLV 7',
  ],
  [encodeEap({ code: 3, identifier: 4 }), 'EAP Success #4'],
  [fromHex('0101'), 'EAP, unreadable: eap: truncated at Length, byte 2 (RFC 3748 §4)'],
])('%# is told as "%s"', (bytes, words) => {
  expect(describeEap(bytes)).toBe(words)
})

test('control characters of a peer do not reach a terminal', () => {
  expect(describeEap(packet(2, EapType.identity, utf8('a\u001b[2Jb')))).toBe(
    'EAP Response #3 Identity "a�[2Jb"',
  )
})

test('neither challenge nor response is shown', () => {
  const response = encodeMsChapV2Response({
    op: 'response',
    id: 1,
    peerChallenge: new Uint8Array(16).fill(0xab),
    ntResponse: new Uint8Array(24).fill(0xcd),
    name: 'ada',
  })
  expect(describeEap(packet(2, EapType.mschapv2, response))).toBe(
    'EAP Response #3 EAP-MSCHAPv2 Response of "ada"',
  )
})

test('any bytes have a phrase', () => {
  const types = fc.constantFrom(1, 3, 13, 25, 26, 33, 254)
  fc.assert(
    fc.property(
      fc.constantFrom(1 as const, 2 as const),
      types,
      fc.uint8Array({ maxLength: 80 }),
      (code, type, data) => {
        const bytes = packet(code, type, data)
        expect(describeEap(bytes)).toMatch(/^EAP/)
      },
    ),
  )
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void describeEap(bytes)))
})
