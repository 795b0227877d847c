import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { prf, prfLength, prfPlus } from '../../../src/crypto/ike/prf.ts'
import { skeyseed } from '../../../src/crypto/ike/keys.ts'
import { supports } from '../../../src/crypto/ike/supports.ts'
import { dataFile, missingData } from '../../pki/judges.ts'

const ALL = [1, 2, 5, 6, 7]

describe('HMAC', () => {
  // RFC 2202 §2 and §3, test case 2; RFC 4231 §4.3.
  test.each([
    [1, '750c783e6ab0b503eaa86e310a5db738'],
    [2, 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
    [5, '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
    [
      6,
      'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
    ],
    [
      7,
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    ],
  ])('as prf %i', (id, expected) => {
    const data = utf8('what do ya want for nothing?')
    expect(toHex(prf(id, utf8('Jefe'), data))).toBe(expected)
    expect(toHex(prf(id, utf8('Jefe'), data.subarray(0, 5), data.subarray(5)))).toBe(expected)
    expect(prfLength(id)).toBe(expected.length / 2)
  })
})

test.each(ALL)('prf+ of prf %i is a chain of it, cut off (RFC 7296 §2.13)', (id) => {
  const [key, seed] = [utf8('key'), utf8('seed')]
  const t1 = prf(id, key, seed, Uint8Array.of(1))
  const t2 = prf(id, key, t1, seed, Uint8Array.of(2))
  const t3 = prf(id, key, t2, seed, Uint8Array.of(3))
  const all = toHex(t1) + toHex(t2) + toHex(t3)
  const most = 3 * prfLength(id)
  for (const length of [0, 1, prfLength(id), prfLength(id) + 1, most]) {
    expect(toHex(prfPlus(id, key, seed, length))).toBe(all.slice(0, 2 * length))
  }
  expect(prfPlus(id, key, seed, 255 * prfLength(id)).length).toBe(255 * prfLength(id))
  expect(() => prfPlus(id, key, seed, 255 * prfLength(id) + 1)).toThrow(RangeError)
})

test('other prfs are not known', () => {
  for (const id of [0, 3, 4, 8, 99]) {
    expect(supports.prf(id)).toBe(false)
    expect(() => prf(id, utf8('k'))).toThrow(`no pseudorandom function ${id}`)
  }
  expect(ALL.every((id) => supports.prf(id))).toBe(true)
})

interface Vector {
  readonly name: string
  readonly kdf: string
  readonly prf: string
  readonly key: string
  readonly salt: string
  readonly out: string
}

const FILE = 'ikev2/ikev2-kdf-vectors.json'
const why = missingData(FILE)
const PRF: Readonly<Record<string, number>> = {
  PRF_HMAC_SHA1: 2,
  PRF_HMAC_SHA2_256: 5,
  PRF_HMAC_SHA2_384: 6,
  PRF_HMAC_SHA2_512: 7,
}

test.skipIf(why !== undefined)(
  `the vectors of NIST for SP 800-135 come out (${why ?? 'here'})`,
  () => {
    const { vectors } = JSON.parse(readFileSync(dataFile(FILE), 'utf8')) as {
      vectors: readonly Vector[]
    }
    const seen = new Set<string>()
    for (const { name, kdf, prf: prfName, key, salt, out } of vectors) {
      const id = PRF[prfName]
      expect(id, `${name}: ${prfName}`).toBeDefined()
      seen.add(kdf)
      const [k, s] = [fromHex(key), fromHex(salt)]
      const made =
        kdf === 'KDF_PRF'
          ? skeyseed(id!, { shared: k, nonceI: s.subarray(0, 7), nonceR: s.subarray(7) })
          : prfPlus(id!, k, s, out.length / 2)
      expect({ name, made: toHex(made) }).toEqual({ name, made: out })
    }
    expect(vectors.length).toBe(13)
    expect([...seen].sort()).toEqual(['KDF_PRF', 'KDF_PRF_PLUS'])
  },
)
