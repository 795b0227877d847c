import { createCipheriv, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import { ikeCipher } from '../../../src/crypto/ike/ike-cipher.ts'
import { supports } from '../../../src/crypto/ike/supports.ts'
import { IKE_SUITES, keysOf } from './suites.ts'

const HEADER = rngFrom('header').bytes(32)

describe.each(IKE_SUITES)('$name', (suite) => {
  const cipher = ikeCipher(suite, keysOf(suite))
  const rng = rngFrom(suite.name)

  test('opens what it sealed, of every length, and as long as it said', () => {
    for (let length = 0; length <= 300; length++) {
      const plaintext = rng.bytes(length)
      const iv = rng.bytes(cipher.ivBytes)
      const body = cipher.seal(HEADER, plaintext, iv)
      expect(body.length).toBe(cipher.sealedLength(length))
      expect((body.length - cipher.ivBytes - cipher.icvBytes) % cipher.blockBytes).toBe(0)
      expect(toHex(body.subarray(0, cipher.ivBytes))).toBe(toHex(iv))
      expect(toHex(cipher.open(HEADER, body)!)).toBe(toHex(plaintext))
    }
  })

  test('opens in any order, and twice', () => {
    const texts = [5, 40, 16].map((length) => rng.bytes(length))
    const bodies = texts.map((text) => cipher.seal(HEADER, text, rng.bytes(cipher.ivBytes)))
    for (const at of [2, 0, 0, 1, 2]) {
      expect(toHex(cipher.open(HEADER, bodies[at]!)!)).toBe(toHex(texts[at]!))
    }
  })

  test('refuses any other bit, in the headers as well', () => {
    const body = cipher.seal(HEADER, rng.bytes(21), rng.bytes(cipher.ivBytes))
    for (let bit = 0; bit < body.length * 8; bit++) {
      expect(cipher.open(HEADER, flipped(body, bit)), `bit ${bit}`).toBeUndefined()
    }
    for (let bit = 0; bit < HEADER.length * 8; bit += 7) {
      expect(cipher.open(flipped(HEADER, bit), body), `header's bit ${bit}`).toBeUndefined()
    }
  })

  test('refuses what is cut short, and what is longer', () => {
    const body = cipher.seal(HEADER, rng.bytes(21), rng.bytes(cipher.ivBytes))
    for (let length = 0; length < body.length; length++) {
      expect(cipher.open(HEADER, body.subarray(0, length))).toBeUndefined()
    }
    expect(cipher.open(HEADER, concat(body, new Uint8Array(cipher.blockBytes)))).toBeUndefined()
  })

  test('refuses what other keys sealed', () => {
    const body = cipher.seal(HEADER, rng.bytes(21), rng.bytes(cipher.ivBytes))
    expect(ikeCipher(suite, keysOf(suite, 'others')).open(HEADER, body)).toBeUndefined()
  })

  test('tells the length of a wrong key or IV, and nothing of the key', () => {
    const keys = keysOf(suite)
    const long = concat(keys.encryption, Uint8Array.of(0xaa))
    const make = () => ikeCipher(suite, { ...keys, encryption: long })
    expect(make).toThrow(RangeError)
    expect(make).toThrow(`not ${long.length}`)
    expect(() => cipher.seal(HEADER, utf8('x'), new Uint8Array(3))).toThrow(
      `an IV has ${cipher.ivBytes} bytes, not 3`,
    )
  })
})

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const out = Uint8Array.from(bytes)
  out[bit >>> 3]! ^= 1 << (bit & 7)
  return out
}

test('ChaCha20-Poly1305: the example of RFC 7634 appendix B', () => {
  const key = fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3')
  const cipher = ikeCipher({ encryption: { id: 28 } }, { encryption: key, integrity: fromHex('') })
  const header = fromHex('c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029')
  const body = cipher.seal(header, fromHex('0000000c000040010000000a'), fromHex('1011121314151617'))
  expect(toHex(body)).toBe(
    '1011121314151617610394701f8d017f7c129248896b71bfe25236efd7cdc67066906315b2',
  )
  expect(header.length + body.length).toBe(0x45)
})

test('a CBC body is what OpenSSL makes of it piece by piece, and may be padded with anything', () => {
  const encryption = rngFrom('e').bytes(32)
  const integrity = rngFrom('a').bytes(20)
  const cipher = ikeCipher(
    { encryption: { id: 12, keyBits: 256 }, integrity: 2 },
    { encryption, integrity },
  )
  const iv = rngFrom('iv').bytes(16)
  const sealed = (padded: Uint8Array): Uint8Array => {
    const cbc = createCipheriv('aes-256-cbc', encryption, iv).setAutoPadding(false)
    const text = concat(iv, cbc.update(padded))
    const icv = createHmac('sha1', integrity).update(HEADER).update(text).digest()
    return concat(text, icv.subarray(0, 12))
  }
  const plaintext = utf8('0123456789')
  const zeros = sealed(concat(plaintext, new Uint8Array(5), Uint8Array.of(5)))
  expect(toHex(cipher.seal(HEADER, plaintext, iv))).toBe(toHex(zeros))
  // Two blocks where one would do, and padding of whatever value (RFC 7296 §3.14).
  const long = sealed(concat(plaintext, rngFrom('p').bytes(21), Uint8Array.of(21)))
  expect(toHex(cipher.open(HEADER, long)!)).toBe(toHex(plaintext))
  // Its length says that there is more padding than there are bytes.
  expect(cipher.open(HEADER, sealed(concat(new Uint8Array(15), Uint8Array.of(16))))).toBeUndefined()
  expect(cipher.open(HEADER, sealed(concat(new Uint8Array(15), Uint8Array.of(15))))?.length).toBe(0)
})

test('what protects ESP alone is refused', () => {
  const none = { encryption: new Uint8Array(), integrity: new Uint8Array(20) }
  expect(() => ikeCipher({ encryption: { id: 11 }, integrity: 2 }, none)).toThrow('none of IKE')
  const gmac = { encryption: new Uint8Array(20), integrity: new Uint8Array() }
  expect(() => ikeCipher({ encryption: { id: 21, keyBits: 128 } }, gmac)).toThrow('none of IKE')
  expect(supports.encryption(11, undefined, 'ike')).toBe(false)
  expect(supports.encryption(21, 128, 'ike')).toBe(false)
  expect(supports.encryption(11, undefined, 'esp')).toBe(true)
  expect(supports.encryption(21, 128)).toBe(true)
})

test('supports says what can be carried out', () => {
  for (const { encryption, integrity } of IKE_SUITES) {
    expect(supports.encryption(encryption.id, encryption.keyBits, 'ike')).toBe(true)
    expect(integrity === undefined || supports.integrity(integrity)).toBe(true)
  }
  // AES without its Key Length, ciphers of one key with it (RFC 7296 §3.3.5), and others.
  expect(supports.encryption(12)).toBe(false)
  expect(supports.encryption(20, 512)).toBe(false)
  expect(supports.encryption(3, 192)).toBe(false)
  expect(supports.encryption(13, 128)).toBe(false)
  expect([0, 3, 5, 9].some((id) => supports.integrity(id))).toBe(false)
})
