import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { rngFrom } from '../../src/base/rng.ts'
import {
  hideSalted,
  hideUserPassword,
  mppeKeyAttributes,
  mppeKeysFromMsk,
  readMppeKeys,
  rehideSalted,
  revealSalted,
  revealUserPassword,
  SALTED_BYTES_MAX,
} from '../../src/crypto/radius-hiding.ts'
import { attributeValue } from '../../src/wire/radius/attributes.ts'

const authenticator = fc.uint8Array({ minLength: 16, maxLength: 16 })
const AUTHENTICATOR = fromHex('5841bf00e6ac4bb7ecb0d9d4bbbf9e09')

describe('User-Password', () => {
  test('comes back, unless it ends in zeros, which are filling', () => {
    const password = fc.uint8Array({ maxLength: 128 }).filter((bytes) => bytes.at(-1) !== 0)
    fc.assert(
      fc.property(password, fc.string(), authenticator, (plain, secret, ra) => {
        const hidden = hideUserPassword(plain, secret, ra)!
        expect(hidden.length % 16).toBe(0)
        expect(hidden.length).toBeGreaterThanOrEqual(16)
        expect(toHex(revealUserPassword(hidden, secret, ra)!)).toBe(toHex(plain))
      }),
    )
  })

  test('of more than 128 bytes has no value (RFC 2865 §5.2)', () => {
    expect(hideUserPassword(new Uint8Array(129), 's', AUTHENTICATOR)).toBeUndefined()
  })

  test('is undefined where the value is not 1 … 8 blocks', () => {
    for (const length of [0, 1, 15, 17, 129, 144]) {
      expect(revealUserPassword(new Uint8Array(length), 's', AUTHENTICATOR)).toBeUndefined()
    }
  })
})

describe('a salted value', () => {
  const salt = fc
    .uint8Array({ minLength: 2, maxLength: 2 })
    .map((bytes) => Uint8Array.of(bytes[0]! | 0x80, bytes[1]!))

  test('comes back whatever its length', () => {
    const plain = fc.uint8Array({ maxLength: SALTED_BYTES_MAX })
    fc.assert(
      fc.property(plain, fc.string(), authenticator, salt, (bytes, secret, ra, s) => {
        const hidden = hideSalted(bytes, secret, ra, s)!
        expect((hidden.length - 2) % 16).toBe(0)
        expect(toHex(revealSalted(hidden, secret, ra)!)).toBe(toHex(bytes))
      }),
    )
  })

  test('fits a vendor attribute at its longest, and no longer', () => {
    const most = hideSalted(new Uint8Array(SALTED_BYTES_MAX), 's', AUTHENTICATOR, fromHex('8001'))
    expect(most!.length).toBe(242)
    const more = new Uint8Array(SALTED_BYTES_MAX + 1)
    expect(hideSalted(more, 's', AUTHENTICATOR, fromHex('8001'))).toBeUndefined()
  })

  test('is undefined or other bytes for whoever has another secret, and never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.string(), (bytes, secret) => {
        const read = revealSalted(bytes, secret, AUTHENTICATOR)
        expect(read?.length ?? 0).toBeLessThanOrEqual(bytes.length)
      }),
    )
  })

  test('can be hidden anew for the next hop', () => {
    const plain = utf8('tunnel password')
    const here = { secret: 'blue-otter', requestAuthenticator: AUTHENTICATOR }
    const there = { secret: 'red-fox', requestAuthenticator: new Uint8Array(16) }
    const value = hideSalted(plain, here.secret, here.requestAuthenticator, fromHex('8001'))!
    const anew = rehideSalted(value, here, there)!
    expect(toHex(anew)).not.toBe(toHex(value))
    expect(toHex(revealSalted(anew, there.secret, there.requestAuthenticator)!)).toBe(toHex(plain))
  })
})

describe('MPPE keys', () => {
  const msk = Uint8Array.from({ length: 64 }, (_, at) => at)
  const keys = mppeKeysFromMsk(msk)

  test("of an MSK: the server's receiving key is the first half (RFC 5216 §2.3)", () => {
    expect(toHex(keys.recv)).toBe(toHex(msk.subarray(0, 32)))
    expect(toHex(keys.send)).toBe(toHex(msk.subarray(32)))
  })

  test('travel in two Microsoft attributes with two salts, their highest bits set', () => {
    const attributes = mppeKeyAttributes(keys, 's3cret', AUTHENTICATOR, rngFrom('salts'))
    const recv = attributeValue(attributes, 'MS-MPPE-Recv-Key')!
    const send = attributeValue(attributes, 'MS-MPPE-Send-Key')!
    expect([recv.length, send.length]).toEqual([50, 50])
    expect([recv[0]! & 0x80, send[0]! & 0x80]).toEqual([0x80, 0x80])
    expect(toHex(recv.subarray(0, 2))).not.toBe(toHex(send.subarray(0, 2)))
    expect(readMppeKeys(attributes, 's3cret', AUTHENTICATOR)).toEqual(keys)
    expect(readMppeKeys(attributes.slice(1), 's3cret', AUTHENTICATOR)).toBeUndefined()
    expect(readMppeKeys(attributes, 'S3cret', AUTHENTICATOR)).not.toEqual(keys)
  })
})
