import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, fromUtf8, toHex, utf8 } from '../../../src/base/bytes.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import { chapResponse, isChapResponse } from '../../../src/crypto/chap.ts'
import {
  hideSalted,
  hideUserPassword,
  mppeKeyAttributes,
  readMppeKeys,
  revealSalted,
  revealUserPassword,
} from '../../../src/crypto/radius-hiding.ts'
import { forwardRequest, returnReply } from '../../../src/engine/radius/proxy.ts'
import {
  attribute,
  attributeValue,
  attributeValues,
  hasAttribute,
} from '../../../src/wire/radius/attributes.ts'
import type { RadiusAttribute, RadiusPacket } from '../../../src/wire/radius/packet.ts'
import { valueOf } from '../../wire/results.ts'

const OURS = utf8('nps1/41')
const THEIRS = attribute('Proxy-State', utf8('edge'))
const NAS = {
  secret: 'blue-otter',
  requestAuthenticator: fromHex('000102030405060708090a0b0c0d0e0f'),
}
const NEXT = {
  secret: 'red-fox',
  requestAuthenticator: fromHex('ff0102030405060708090a0b0c0d0eff'),
}

const packet = (code: number, ...attributes: readonly RadiusAttribute[]): RadiusPacket => ({
  code,
  identifier: 1,
  authenticator: NAS.requestAuthenticator,
  attributes,
})
const forward = (...attributes: readonly RadiusAttribute[]) =>
  forwardRequest(packet(1, ...attributes), NAS.secret, OURS)
const back = (...attributes: readonly RadiusAttribute[]) =>
  returnReply(packet(2, ...attributes, attribute('Proxy-State', OURS)), OURS, NEXT, NAS)

describe('a request that goes on', () => {
  test('has our Proxy-State last, and no proof of the hop that it came by', () => {
    const proof = { type: 80, value: new Uint8Array(16) }
    const { attributes } = valueOf(forward(proof, attribute('User-Name', 'ada'), THEIRS))
    expect(hasAttribute(attributes, 'Message-Authenticator')).toBe(false)
    const states = attributeValues(attributes, 'Proxy-State').map(fromUtf8)
    expect(states).toEqual(['edge', 'nps1/41'])
    expect(attributeValue(attributes, 'User-Name')).toBe('ada')
  })

  test('brings the password in clear, for the next secret', () => {
    const hidden = hideUserPassword(utf8('hunter2'), NAS.secret, NAS.requestAuthenticator)!
    const { attributes, userPassword } = valueOf(forward(attribute('User-Password', hidden)))
    expect(fromUtf8(userPassword!)).toBe('hunter2')
    expect(hasAttribute(attributes, 'User-Password')).toBe(false)
  })

  test('is refused with a password that is no password', () => {
    expect(forward(attribute('User-Password', new Uint8Array(5)))).toEqual({
      ok: false,
      error: { code: 'radius/hidden-malformed', attribute: 'User-Password' },
    })
  })

  test('keeps its CHAP challenge though its authenticator changes (RFC 2865 §2.2)', () => {
    const response = chapResponse(9, 'pw', NAS.requestAuthenticator)
    const chap = attribute('CHAP-Password', Uint8Array.of(9, ...response))
    const { attributes } = valueOf(forward(chap))
    const challenge = attributeValue(attributes, 'CHAP-Challenge')!
    const value = attributeValue(attributes, 'CHAP-Password')!
    expect(isChapResponse(value.subarray(1), 9, 'pw', challenge)).toBe(true)
    const own = attribute('CHAP-Challenge', utf8('challenge'))
    const kept = valueOf(forward(chap, own)).attributes
    expect(attributeValues(kept, 'CHAP-Challenge').map(fromUtf8)).toEqual(['challenge'])
  })
})

describe('an answer that goes back', () => {
  test('has keys that the client can reveal', () => {
    const keys = { send: new Uint8Array(32).fill(7), recv: new Uint8Array(32).fill(9) }
    const made = mppeKeyAttributes(keys, NEXT.secret, NEXT.requestAuthenticator, rngFrom('salt'))
    const { attributes } = valueOf(back(...made))
    expect(readMppeKeys(attributes, NAS.secret, NAS.requestAuthenticator)).toEqual(keys)
  })

  test.for([0, 1, 0xff])(
    'has a tunnel password that the client can reveal, its tag octet %i',
    (tag) => {
      const salt = fromHex('8001')
      const hidden = hideSalted(utf8('tunnel'), NEXT.secret, NEXT.requestAuthenticator, salt)!
      const { attributes } = valueOf(back({ type: 69, value: concat(Uint8Array.of(tag), hidden) }))
      const [found] = attributes
      expect(found!.value[0]).toBe(tag)
      const plain = revealSalted(found!.value.subarray(1), NAS.secret, NAS.requestAuthenticator)!
      expect(fromUtf8(plain)).toBe('tunnel')
    },
  )

  test('has MS-CHAP-MPPE-Keys, whose last eight bytes are zeros (RFC 2548 §2.4.1)', () => {
    const plain = concat(new Uint8Array(24).fill(3), new Uint8Array(8))
    const hidden = hideUserPassword(plain, NEXT.secret, NEXT.requestAuthenticator)!
    const { attributes } = valueOf(back(attribute('MS-CHAP-MPPE-Keys', hidden)))
    const value = attributeValue(attributes, 'MS-CHAP-MPPE-Keys')!
    expect(value.length).toBe(32)
    const read = revealUserPassword(value, NAS.secret, NAS.requestAuthenticator)!
    expect(toHex(read)).toBe(toHex(plain.subarray(0, 24)))
  })

  test('leaves every Proxy-State and proof behind, and keeps the rest as it was', () => {
    const kept = [attribute('Class', utf8('c')), attribute('MS-RAS-Vendor', 311)]
    const proof = { type: 80, value: new Uint8Array(16) }
    expect(valueOf(back(proof, ...kept, THEIRS))).toEqual({ code: 2, attributes: kept })
  })

  test('is none without our Proxy-State, or with what nobody can reveal', () => {
    expect(returnReply(packet(2, THEIRS), OURS, NEXT, NAS)).toEqual({
      ok: false,
      error: { code: 'radius/proxy-state-lost' },
    })
    for (const name of ['MS-MPPE-Send-Key', 'MS-CHAP-MPPE-Keys'] as const) {
      expect(back(attribute(name, new Uint8Array(5)))).toEqual({
        ok: false,
        error: { code: 'radius/hidden-malformed', attribute: name },
      })
    }
    expect(back({ type: 69, value: new Uint8Array() })).toMatchObject({ ok: false })
  })

  test('never raises an exception, whatever stands in it', () => {
    const any = fc.record({
      type: fc.constantFrom(2, 26, 33, 69, 80, 211),
      value: fc.oneof(
        fc.uint8Array({ maxLength: 253 }),
        fc
          .uint8Array({ maxLength: 60 })
          .map((bytes) => concat(fromHex('00000137'), Uint8Array.of(16, 2 + bytes.length), bytes)),
      ),
    })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), (attributes) => {
        expect(typeof back(...attributes).ok).toBe('boolean')
        expect(typeof forward(...attributes).ok).toBe('boolean')
      }),
    )
  })
})
