import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, fromUtf8, toHex, utf8 } from '../../src/base/bytes.ts'
import {
  accountingAuthenticator,
  signRequest,
  signResponse,
  verifyAccountingAuthenticator,
  verifyMessageAuthenticator,
  verifyResponseAuthenticator,
} from '../../src/crypto/radius.ts'
import { chapResponse, isChapResponse } from '../../src/crypto/chap.ts'
import { hideUserPassword, revealUserPassword } from '../../src/crypto/radius-hiding.ts'
import {
  decodeRadius,
  RadiusAttributeType,
  RadiusCode,
  type RadiusPacket,
} from '../../src/wire/radius/packet.ts'
import { printedRight, RADIUS_VECTORS, titleOf, type RadiusVector } from '../wire/radius/vectors.ts'
import { valueOf } from '../wire/results.ts'

const packetOf = (hex: string): RadiusPacket => valueOf(decodeRadius(fromHex(printedRight(hex))))
const titled = (wanted: (vector: RadiusVector) => boolean) =>
  RADIUS_VECTORS.filter(wanted).map((vector) => [titleOf(vector), vector] as const)
const unsigned = { messageAuthenticator: false }

/** RFC 5997 §6.2 prints code 2 (erratum): the digest that it prints is that of Accounting-Response. */
const isErratum = (vector: RadiusVector): boolean =>
  vector.section.startsWith('6.2') && vector.kind === 'response'

describe('responses of the RFCs', () => {
  test.for(titled((v) => v.kind === 'response' && !isErratum(v)))('%s', ([, vector]) => {
    const request = packetOf(vector.request_hex!)
    const response = packetOf(vector.hex)
    const { secret } = vector
    expect(verifyResponseAuthenticator(response, request.authenticator, secret)).toBe('valid')
    expect(verifyResponseAuthenticator(response, request.authenticator, 'other')).toBe('wrong')
    const again = { ...response, authenticator: new Uint8Array(16) }
    const signed = valueOf(signResponse(again, request.authenticator, secret, unsigned))
    expect(toHex(signed)).toBe(vector.hex)
  })

  test('the reply of RFC 5997 §6.2 is right once its code is that of Accounting-Response', () => {
    const vector = RADIUS_VECTORS.find(isErratum)!
    const { authenticator } = packetOf(vector.request_hex!)
    const printed = packetOf(vector.hex)
    expect(verifyResponseAuthenticator(printed, authenticator, vector.secret)).toBe('wrong')
    const meant = { ...printed, code: RadiusCode.accountingResponse }
    expect(verifyResponseAuthenticator(meant, authenticator, vector.secret)).toBe('valid')
    const bytes = valueOf(signResponse(meant, authenticator, vector.secret, unsigned))
    expect(toHex(bytes)).toBe(`05${vector.hex.slice(2)}`)
  })
})

describe('requests of the RFCs', () => {
  test.for(titled((v) => v.rfc === '5997' && v.kind === 'request'))(
    '%s: Message-Authenticator',
    ([, vector]) => {
      const packet = packetOf(vector.hex)
      expect(verifyMessageAuthenticator(packet, vector.secret)).toBe('valid')
      expect(verifyMessageAuthenticator(packet, 'other')).toBe('wrong')
      const blank = packet.attributes.map((a) =>
        a.type === RadiusAttributeType.messageAuthenticator
          ? { ...a, value: new Uint8Array(16) }
          : a,
      )
      const signed = signRequest({ ...packet, attributes: blank }, vector.secret, unsigned)
      expect(toHex(valueOf(signed))).toBe(vector.hex)
    },
  )

  test.for(titled((v) => v.user_password !== undefined))('%s: User-Password', ([, vector]) => {
    const { authenticator, attributes } = packetOf(vector.hex)
    const { value } = attributes.find((a) => a.type === RadiusAttributeType.userPassword)!
    const password = vector.user_password!
    const revealed = revealUserPassword(value, vector.secret, authenticator)!
    expect(fromUtf8(revealed)).toBe(password)
    const hidden = hideUserPassword(utf8(password), vector.secret, authenticator)!
    expect(toHex(hidden)).toBe(toHex(value))
  })

  test.for(titled((v) => v.chap_password !== undefined))('%s: CHAP-Password', ([, vector]) => {
    const { authenticator, attributes } = packetOf(vector.hex)
    const { value } = attributes.find((a) => a.type === RadiusAttributeType.chapPassword)!
    const made = chapResponse(value[0]!, vector.chap_password!, authenticator)
    expect(toHex(value.subarray(1))).toBe(toHex(made))
    expect(isChapResponse(made, value[0]!, 'other', authenticator)).toBe(false)
  })
})

describe('Message-Authenticator', () => {
  const request: RadiusPacket = {
    code: RadiusCode.accessRequest,
    identifier: 7,
    authenticator: fromHex('000102030405060708090a0b0c0d0e0f'),
    attributes: [{ type: 1, value: utf8('ada') }],
  }
  const signed = packetOf(
    toHex(valueOf(signRequest(request, 's3cret', { messageAuthenticator: true }))),
  )

  test('stands before all other attributes of what is signed here', () => {
    expect(signed.attributes.map((a) => a.type)).toEqual([80, 1])
    expect(verifyMessageAuthenticator(signed, 's3cret')).toBe('valid')
  })

  test('is wrong once any bit of the packet has changed', () => {
    fc.assert(
      fc.property(fc.nat(2), fc.nat(7), (at, bit) => {
        const value = signed.attributes[1]!.value.slice()
        value[at] = value[at]! ^ (1 << bit)
        const forged = { ...signed, attributes: [signed.attributes[0]!, { type: 1, value }] }
        expect(verifyMessageAuthenticator(forged, 's3cret')).toBe('wrong')
      }),
    )
  })

  test('is absent, or repeated, and neither counts as valid', () => {
    expect(verifyMessageAuthenticator(request, 's3cret')).toBe('absent')
    const twice = { ...signed, attributes: [...signed.attributes, signed.attributes[0]!] }
    expect(verifyMessageAuthenticator(twice, 's3cret')).toBe('repeated')
  })

  test('of another length is wrong, not an exception', () => {
    const short = { ...signed, attributes: [{ type: 80, value: new Uint8Array(3) }] }
    expect(verifyMessageAuthenticator(short, 's3cret')).toBe('wrong')
  })

  test("of a response is computed over the request's authenticator", () => {
    const reply = { ...request, code: RadiusCode.accessAccept, attributes: [] }
    const made = signResponse(reply, request.authenticator, 's3cret', {
      messageAuthenticator: true,
    })
    const response = valueOf(decodeRadius(valueOf(made)))
    const { authenticator } = request
    expect(verifyMessageAuthenticator(response, 's3cret', authenticator)).toBe('valid')
    expect(verifyMessageAuthenticator(response, 's3cret')).toBe('wrong')
    expect(verifyResponseAuthenticator(response, authenticator, 's3cret')).toBe('valid')
  })

  test('of an Accounting-Request is computed over zeros, and the Request Authenticator after it', () => {
    const accounting = { ...request, code: RadiusCode.accountingRequest }
    const made = signRequest(accounting, 's3cret', { messageAuthenticator: true })
    const packet = valueOf(decodeRadius(valueOf(made)))
    expect(verifyAccountingAuthenticator(packet, 's3cret')).toBe('valid')
    expect(verifyAccountingAuthenticator(packet, 'other')).toBe('wrong')
    expect(verifyMessageAuthenticator(packet, 's3cret')).toBe('valid')
    expect(toHex(packet.authenticator)).toBe(toHex(accountingAuthenticator(packet, 's3cret')))
  })
})

test('what is too long to send is a value, with what there was and what fits', () => {
  const long = (length: number, count: number): RadiusPacket => ({
    code: 1,
    identifier: 0,
    authenticator: new Uint8Array(16),
    attributes: Array.from({ length: count }, () => ({ type: 1, value: new Uint8Array(length) })),
  })
  expect(signRequest(long(254, 1), 's', unsigned)).toEqual({
    ok: false,
    error: { code: 'radius/too-long', attribute: 1, got: 254, most: 253 },
  })
  expect(signResponse(long(253, 16), new Uint8Array(16), 's', unsigned)).toEqual({
    ok: false,
    error: { code: 'radius/too-long', got: 4100, most: 4096 },
  })
})
