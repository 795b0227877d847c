import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { fromHex } from '../../../src/base/bytes.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'
import { TAG } from '../../../src/pki/encoding/der.ts'
import { poolKey } from '../../../src/pki/keys/key-pool.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'
import { checkCost, keySize, publicKey } from '../../../src/pki/keys/verification-key.ts'

const MODULUS = fromHex(`00 c1 ${'5a'.repeat(126)} 01`)
const EXPONENT = fromHex('01 00 01')

/** SubjectPublicKeyInfo of an RSA key (RFC 3279 §2.3.1), its parts as given. */
function rsa({
  modulus = MODULUS,
  exponent = EXPONENT,
  parameters = write.nullElement(),
  algorithm = OID.rsaEncryption as string,
}): Uint8Array {
  const numbers = write.sequence(
    write.element(TAG.integer, modulus),
    write.element(TAG.integer, exponent),
  )
  return write.sequence(write.sequence(write.oid(algorithm), parameters), write.bitString(numbers))
}

/** What OpenSSL makes of the whole encoding. */
function byOpenssl(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

const none = new Uint8Array()
const curve = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey
const ec = new Uint8Array(curve.export({ format: 'der', type: 'spki' }))

describe('a key is the one that OpenSSL reads from the whole encoding', () => {
  test.for<[string, Uint8Array]>([
    ['of the pool', poolKey(0).spki],
    [
      'with a modulus whose first bit is not set',
      rsa({ modulus: fromHex(`41 ${'5a'.repeat(128)}`) }),
    ],
    ['on a curve', ec],
    ['RSA without parameters', rsa({ parameters: none })],
    ['RSA with other parameters', rsa({ parameters: write.sequence() })],
    ['RSA with a NULL that has contents', rsa({ parameters: write.element(TAG.null, EXPONENT) })],
    ['RSA with a negative modulus', rsa({ modulus: MODULUS.subarray(1) })],
    ['RSA with a padded exponent', rsa({ exponent: fromHex('00 01 00 01') })],
    ['RSA-PSS', rsa({ algorithm: '1.2.840.113549.1.1.10', parameters: none })],
    ['of an algorithm that nobody knows', rsa({ algorithm: '1.2.3.4' })],
    ['that ends early', poolKey(0).spki.subarray(0, -1)],
    ['that is empty', none],
  ])('%s', ([, spki]) => {
    const expected = byOpenssl(spki)
    const found = publicKey(spki)
    expect(found?.asymmetricKeyType).toBe(expected?.asymmetricKeyType)
    expect(found?.export({ format: 'pem', type: 'spki' })).toBe(
      expected?.export({ format: 'pem', type: 'spki' }),
    )
    const bits = expected?.asymmetricKeyDetails?.modulusLength
    expect(keySize(spki)?.kind === 'curve' ? undefined : keySize(spki)?.bits).toBe(bits)
  })
})

test.for(['00', '01', '02', '01 00 00'])('an RSA key with the exponent %s signs nothing', (hex) => {
  const spki = rsa({ exponent: fromHex(hex) })
  expect(byOpenssl(spki)?.asymmetricKeyType).toBe('rsa')
  expect(publicKey(spki)).toBeUndefined()
})

test('sizes are those of the modulus and of the field', () => {
  expect(keySize(poolKey(3).spki)).toEqual({ kind: 'modulus', bits: 2048 })
  expect(keySize(rsa({ modulus: fromHex(`01 ${'00'.repeat(127)} 01`) }))).toEqual({
    kind: 'modulus',
    bits: 1025,
  })
  expect(keySize(ec)).toEqual({ kind: 'curve', bits: 384 })
  expect(keySize(none)).toBeUndefined()
})

test('a check costs more with a longer key and a larger exponent', () => {
  const cost = (bits: number, exponent: Uint8Array) =>
    checkCost(rsa({ modulus: fromHex(`00 c1 ${'5a'.repeat(bits / 8 - 2)} 01`), exponent }))
  const ones = (count: number) => fromHex(`00 ${'ff'.repeat(count / 8)}`)
  expect(cost(2048, EXPONENT)).toBe(1)
  expect(cost(2048, fromHex('03'))).toBeLessThan(1)
  expect(cost(4096, EXPONENT)).toBe(4)
  expect(cost(2048, ones(2048))).toBeCloseTo(4094 / 17)
  expect(cost(16384, ones(64))).toBeCloseTo((64 * 126) / 17)
  expect(checkCost(ec)).toBeCloseTo(13 * 1.5 ** 2)
  expect(checkCost(none)).toBe(1)
})

test('a key is read once for one certificate, and anew for another with the same bytes', () => {
  const { spki } = poolKey(5)
  expect(publicKey(spki)).toBe(publicKey(spki))
  expect(publicKey(Uint8Array.from(spki))).not.toBe(publicKey(spki))
})
