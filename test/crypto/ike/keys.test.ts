import { expect, test } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { childKeys, ikeKeys, skeyseed } from '../../../src/crypto/ike/keys.ts'
import { prf, prfPlus } from '../../../src/crypto/ike/prf.ts'

const FROM = {
  shared: utf8('g^ir'),
  nonceI: utf8('Ni of sixteen by'),
  nonceR: utf8('Nr of sixteen by'),
  spiI: fromHex('0102030405060708'),
  spiR: fromHex('1112131415161718'),
}
const CBC = { encryption: { id: 12, keyBits: 256 }, integrity: 12, prf: 5, group: 14 }
const GCM = { encryption: { id: 20, keyBits: 128 }, prf: 6, group: 19 }

test('an SA with CBC: seven keys in the order of RFC 7296 §2.14', () => {
  const seed = prf(5, concat(FROM.nonceI, FROM.nonceR), FROM.shared)
  const all = concat(FROM.nonceI, FROM.nonceR, FROM.spiI, FROM.spiR)
  const material = prfPlus(5, seed, all, 7 * 32)
  const keys = ikeKeys(CBC, FROM)
  const { skD, skAi, skAr, skEi, skEr, skPi, skPr } = keys
  expect(toHex(concat(skD, skAi, skAr, skEi, skEr, skPi, skPr))).toBe(toHex(material))
  expect(Object.values(keys).map((key) => key.length)).toEqual([32, 32, 32, 32, 32, 32, 32])
})

test('an SA with an AEAD: no integrity keys, and a salt behind each key (RFC 5282 §7.1)', () => {
  const { skD, skAi, skAr, skEi, skEr, skPi, skPr } = ikeKeys(GCM, FROM)
  const lengths = [skD, skAi, skAr, skEi, skEr, skPi, skPr].map((key) => key.length)
  expect(lengths).toEqual([48, 0, 0, 20, 20, 48, 48])
})

test("a rekeyed SA: SKEYSEED by the old SA's prf, keys by the new one (RFC 7296 §2.18)", () => {
  const old = { prf: 2, skD: utf8('SK_d of the old SA..') }
  const seed = prf(2, old.skD, FROM.shared, FROM.nonceI, FROM.nonceR)
  expect(toHex(skeyseed(5, { ...FROM, old }))).toBe(toHex(seed))
  const all = concat(FROM.nonceI, FROM.nonceR, FROM.spiI, FROM.spiR)
  expect(toHex(ikeKeys(CBC, { ...FROM, old }).skD)).toBe(toHex(prfPlus(5, seed, all, 32)))
})

test('child SAs: keys from SK_d and the nonces, with PFS from the new secret first (RFC 7296 §2.17)', () => {
  const skD = utf8('SK_d')
  const { nonceI, nonceR, shared } = FROM
  const suite = { encryption: { id: 12, keyBits: 128 }, integrity: 2 }
  const plain = childKeys(suite, { prf: 5, skD, nonceI, nonceR })
  const { encryptionI, integrityI, encryptionR, integrityR } = plain
  const inOrder = concat(encryptionI, integrityI, encryptionR, integrityR)
  expect(toHex(inOrder)).toBe(toHex(prfPlus(5, skD, concat(nonceI, nonceR), 2 * (16 + 20))))
  const pfs = childKeys(suite, { prf: 5, skD, nonceI, nonceR, shared })
  expect(toHex(pfs.encryptionI)).toBe(toHex(prfPlus(5, skD, concat(shared, nonceI, nonceR), 16)))
})

test('child SAs with AEADs, GMAC and NULL take keys of these lengths', () => {
  const from = { prf: 5, skD: utf8('SK_d'), nonceI: FROM.nonceI, nonceR: FROM.nonceR }
  const lengths = (suite: Parameters<typeof childKeys>[0]) => {
    const { encryptionI, integrityR } = childKeys(suite, from)
    return [encryptionI.length, integrityR.length]
  }
  expect(lengths({ encryption: { id: 20, keyBits: 256 } })).toEqual([36, 0])
  expect(lengths({ encryption: { id: 21, keyBits: 192 } })).toEqual([28, 0])
  expect(lengths({ encryption: { id: 28 } })).toEqual([36, 0])
  expect(lengths({ encryption: { id: 11 }, integrity: 14 })).toEqual([0, 64])
  expect(lengths({ encryption: { id: 2 }, integrity: 1 })).toEqual([8, 16])
  expect(lengths({ encryption: { id: 3 }, integrity: 13 })).toEqual([24, 48])
})

test.each([
  [{ encryption: { id: 12, keyBits: 256 } }, 'does not go with integrity transform none'],
  [
    { encryption: { id: 20, keyBits: 256 }, integrity: 12 },
    'does not go with integrity transform 12',
  ],
  [{ encryption: { id: 12 }, integrity: 12 }, 'no encryption transform 12 with a key of its bits'],
  [{ encryption: { id: 99, keyBits: 128 }, integrity: 12 }, 'no encryption transform 99'],
])('a suite whose parts do not work together is refused (%j)', (suite, message) => {
  expect(() => ikeKeys({ ...suite, prf: 5, group: 14 }, FROM)).toThrow(message)
})
