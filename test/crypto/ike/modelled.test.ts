/** Modelled IKE and ESP: every length as for real, both ends alike, and no byte that may be another. */
import { describe, expect, test } from 'vitest'
import { rngFrom } from '../../../src/base/rng.ts'
import { REAL_IKE } from '../../../src/crypto/ike/cryptography.ts'
import { supports } from '../../../src/crypto/ike/supports.ts'
import type { IkeSuite } from '../../../src/crypto/ike/transforms.ts'
import { MODELLED_IKE } from '../../../src/crypto/modelled/ike.ts'
import { poolKey } from '../../../src/pki/keys/key-pool.ts'
import { publicKey } from '../../../src/pki/keys/verification-key.ts'

const bytes = (length: number, label = 'bytes') => rngFrom(label).bytes(length)
const GROUPS = Array.from({ length: 40 }, (_, group) => group).filter((group) =>
  supports.group(group),
)

test.each(GROUPS)(
  'group %i: values and secrets of the same length, alike on both sides',
  (group) => {
    const [a, b] = ['a', 'b'].map((seed) => MODELLED_IKE.openKeyExchange(group, rngFrom(seed))!)
    const real = REAL_IKE.openKeyExchange(group, rngFrom('a'))!
    const realPeer = REAL_IKE.openKeyExchange(group, rngFrom('b'))!
    expect(a!.publicValue).toHaveLength(real.publicValue.length)
    const shared = a!.shared(b!.publicValue)
    expect(shared).toHaveLength(real.shared(realPeer.publicValue)!.length)
    expect(b!.shared(a!.publicValue)).toEqual(shared)
    for (const wrong of [new Uint8Array(a!.publicValue.length), a!.publicValue.subarray(1)]) {
      expect(a!.shared(wrong)).toBeUndefined()
    }
  },
)

test('no exchange in a group that nobody knows', () => {
  expect(MODELLED_IKE.openKeyExchange(99, rngFrom('a'))).toBeUndefined()
})

const SUITES: readonly IkeSuite[] = [
  { encryption: { id: 3 }, integrity: 2, prf: 2, group: 2 },
  { encryption: { id: 12, keyBits: 256 }, integrity: 12, prf: 5, group: 14 },
  { encryption: { id: 20, keyBits: 128 }, prf: 6, group: 19 },
  { encryption: { id: 28 }, prf: 7, group: 31 },
]

describe.each(SUITES)('%o', (suite) => {
  const sources = {
    shared: bytes(256, 'shared'),
    nonceI: bytes(32, 'i'),
    nonceR: bytes(32, 'r'),
    spiI: bytes(8, 'spi i'),
    spiR: bytes(8, 'spi r'),
  }
  const keys = MODELLED_IKE.ikeKeys(suite, sources)
  const own = { encryption: keys.skEi, integrity: keys.skAi }

  test('keys have the lengths of the suite, and follow from every source', () => {
    const real = REAL_IKE.ikeKeys(suite, sources)
    const lengths = (of: typeof keys) => Object.values(of).map(({ length }: Uint8Array) => length)
    expect(lengths(keys)).toEqual(lengths(real))
    const others = Object.entries(sources).map(([name, value]) => {
      const changed = value.slice()
      changed[0]! ^= 1
      return String(MODELLED_IKE.ikeKeys(suite, { ...sources, [name]: changed }).skEi)
    })
    expect(new Set([String(keys.skEi), ...others]).size).toBe(others.length + 1)
  })

  test('messages are as long as real ones, open again, and not with a byte changed', () => {
    const cipher = MODELLED_IKE.ikeCipher(suite, own)
    const real = REAL_IKE.ikeCipher(suite, own)
    const header = bytes(32, 'header')
    const iv = bytes(cipher.ivBytes, 'iv')
    for (const length of [0, 1, 7, 15, 16, 17, 300]) {
      const plain = bytes(length, 'plain')
      const sealed = cipher.seal(header, plain, iv)
      expect(sealed).toHaveLength(real.seal(header, plain, iv).length)
      expect(cipher.open(header, sealed)).toEqual(plain)
      for (let at = 0; at < sealed.length; at++) {
        const changed = sealed.slice()
        changed[at]! ^= 1
        expect(cipher.open(header, changed)).toBeUndefined()
      }
      expect(cipher.open(bytes(32, 'other'), sealed)).toBeUndefined()
    }
  })

  test('ESP packets are as long as real ones, and refuse what was changed', () => {
    const cipher = MODELLED_IKE.espCipher(suite, own)
    const real = REAL_IKE.espCipher(suite, own)
    const iv = suite.integrity === undefined ? undefined : bytes(cipher.ivBytes, 'iv')
    const inner = bytes(100, 'inner')
    const packet = cipher.seal(0x1234, 7, 4, inner, iv)
    expect(packet).toHaveLength(real.seal(0x1234, 7, 4, inner, iv).length)
    expect(cipher.open(packet)).toEqual({ nextHeader: 4, payload: inner })
    for (let at = 0; at < packet.length; at++) {
      const changed = packet.slice()
      changed[at]! ^= 1
      expect(cipher.open(changed)).toBe('bad-icv')
    }
    expect(cipher.open(packet.subarray(0, 5))).toBe('malformed')
  })

  test('extended sequence numbers count whole', () => {
    const cipher = MODELLED_IKE.espCipher({ ...suite, esn: true }, own)
    const iv = suite.integrity === undefined ? undefined : bytes(cipher.ivBytes, 'iv')
    const packet = cipher.seal(1, 2 ** 32 + 5, 4, bytes(20), iv)
    expect(cipher.open(packet, 1)).toMatchObject({ nextHeader: 4 })
    expect(cipher.open(packet, 0)).toBe('bad-icv')
  })
})

test('AUTH by certificate is as long as for real, of one key and one message', () => {
  const [own, other] = [poolKey(0), poolKey(1)]
  const octets = bytes(400)
  for (const hashes of [undefined, [2, 3]]) {
    const auth = MODELLED_IKE.signAuth(octets, own.privateKey, hashes)
    const real = REAL_IKE.signAuth(octets, own.privateKey, hashes)
    expect([auth.method, auth.data.length]).toEqual([real.method, real.data.length])
    const verified = (spki: Uint8Array, over = octets, of = auth) =>
      MODELLED_IKE.verifyAuth(over, publicKey(spki)!, of)
    expect(verified(own.spki)).toBe(true)
    expect(verified(other.spki)).toBe(false)
    expect(verified(own.spki, bytes(399))).toBe(false)
    const data = auth.data.slice()
    data[data.length - 1]! ^= 1
    expect(verified(own.spki, octets, { ...auth, data })).toBe(false)
    expect(REAL_IKE.verifyAuth(octets, publicKey(own.spki)!, auth)).toBe(false)
  }
})
