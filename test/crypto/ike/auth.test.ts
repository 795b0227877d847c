import {
  createECDH,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import {
  sharedKeyAuth,
  signAuth,
  signedOctets,
  verifyAuth,
  type AuthData,
} from '../../../src/crypto/ike/auth.ts'
import { ECP_CURVES } from '../../../src/crypto/ike/curves.ts'
import { ecdsaDer, signEcdsa } from '../../../src/crypto/ike/ecdsa.ts'

const OCTETS = utf8('the first message, the nonce of the other, and prf(SK_p, ID)')

/** A private key on a curve of its number, from its secret. */
function ecKey(group: number, secret: string): KeyObject {
  const { name, order } = ECP_CURVES.get(group)!
  const ecdh = createECDH(name)
  ecdh.setPrivateKey(fromHex(secret.padStart(order.length * 2, '0')))
  const point = ecdh.getPublicKey()
  const half = (point.length - 1) / 2
  const coordinate = (at: number) => point.subarray(at, at + half).toString('base64url')
  const crv = { 19: 'P-256', 20: 'P-384', 21: 'P-521' }[group]!
  const d = Buffer.from(fromHex(secret.padStart(half * 2, '0'))).toString('base64url')
  const key = { kty: 'EC', crv, x: coordinate(1), y: coordinate(1 + half), d }
  return createPrivateKey({ format: 'jwk', key })
}

/** RFC 6979 §A.2.5 … §A.2.7, the message "sample": group, hash, private key, r, s. */
const RFC_6979 = [
  [
    19,
    'sha256',
    'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721',
    'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
    'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
  ],
  [
    20,
    'sha384',
    '6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5',
    '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46',
    '99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8',
  ],
  [
    21,
    'sha512',
    '00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538',
    '00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa',
    '00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a',
  ],
] as const

test.each(RFC_6979)(
  'ECDSA on group %i with %s: the example of RFC 6979',
  (group, hash, d, r, s) => {
    const key = ecKey(group, d)
    const signature = signEcdsa(hash, utf8('sample'), key, ECP_CURVES.get(group)!)
    expect(toHex(signature)).toBe(r + s)
  },
)

test('a signature in DER has no leading zeros but where it would be negative', () => {
  const rs = concat(new Uint8Array(31), Uint8Array.of(0x7f), fromHex('80'.repeat(32)))
  expect(toHex(ecdsaDer(rs))).toBe(`302602017f022100${'80'.repeat(32)}`)
  const long = ecdsaDer(concat(fromHex(`01${'ff'.repeat(65)}`), fromHex(`01${'ff'.repeat(65)}`)))
  expect(toHex(long.subarray(0, 6))).toBe('308188024201')
})

// ── signatures by method ──

const EC = RFC_6979.map(([group, , d]) => [group, ecKey(group, d)] as const)
let rsa: KeyObject
let pssKey: KeyObject
let ed25519: KeyObject
beforeAll(() => {
  rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  pssKey = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey
  ed25519 = generateKeyPairSync('ed25519').privateKey
})

/** It verifies, and nothing near it does. */
function expectProof(key: KeyObject, auth: AuthData): void {
  const publicKey = createPublicKey(key)
  expect(verifyAuth(OCTETS, publicKey, auth)).toBe(true)
  expect(verifyAuth(concat(OCTETS, Uint8Array.of(0)), publicKey, auth)).toBe(false)
  for (let at = 0; at < auth.data.length; at++) {
    const data = Uint8Array.from(auth.data)
    data[at]! ^= 0x10
    expect(verifyAuth(OCTETS, publicKey, { ...auth, data }), `byte ${at}`).toBe(false)
  }
  for (const length of [0, 1, 14, auth.data.length - 1]) {
    const data = auth.data.subarray(0, length)
    expect(verifyAuth(OCTETS, publicKey, { ...auth, data }), `${length} bytes`).toBe(false)
  }
  for (const method of [0, 1, 2, 3, 9, 10, 11, 14, 200].filter((m) => m !== auth.method)) {
    expect(verifyAuth(OCTETS, publicKey, { ...auth, method }), `method ${method}`).toBe(false)
  }
}

describe('without SIGNATURE_HASH_ALGORITHMS', () => {
  test('RSA is method 1 with SHA-1 (RFC 7296 §3.8)', () => {
    const auth = signAuth(OCTETS, rsa)
    expect(auth).toEqual({ method: 1, data: new Uint8Array(sign('sha1', OCTETS, rsa)) })
    expectProof(rsa, auth)
    expect(signAuth(OCTETS, rsa)).toEqual(auth)
  })

  test.each(['sha256', 'sha384', 'sha512'] as const)('method 1 with %s is good as well', (hash) => {
    const auth = signAuth(OCTETS, rsa, undefined, { legacyHash: hash })
    expect(auth.method).toBe(1)
    expectProof(rsa, auth)
  })

  test.each(EC)('group %i is ECDSA with its own method, r and s (RFC 4754)', (group, key) => {
    const auth = signAuth(OCTETS, key)
    expect(auth.method).toBe(group - 10)
    expect(auth.data.length).toBe({ 19: 64, 20: 96, 21: 132 }[group])
    expectProof(key, auth)
    expect(signAuth(OCTETS, key)).toEqual(auth)
  })

  test('no other key has a method', () => {
    expect(() => signAuth(OCTETS, ed25519)).toThrow('no authentication method takes a key of type')
    expect(() => signAuth(OCTETS, pssKey)).toThrow(RangeError)
  })
})

describe('with SIGNATURE_HASH_ALGORITHMS (RFC 7427)', () => {
  const SHA256_RSA = '0f300d06092a864886f70d01010b0500'

  test('RSA names its algorithm before the signature', () => {
    const auth = signAuth(OCTETS, rsa, [1, 2, 3, 4])
    expect(auth.method).toBe(14)
    expect(toHex(auth.data.subarray(0, 16))).toBe(SHA256_RSA)
    expect(toHex(auth.data.subarray(16))).toBe(sign('sha256', OCTETS, rsa).toString('hex'))
    expectProof(rsa, auth)
  })

  // RFC 7427 appendix A.1, A.3; RFC 8017's object identifiers.
  test.each([
    [[1], '0f300d06092a864886f70d0101050500'],
    [[3], '0f300d06092a864886f70d01010c0500'],
    [[4, 1], '0f300d06092a864886f70d01010d0500'],
  ])('RSA with the hashes %j', (hashes, identifier) => {
    const auth = signAuth(OCTETS, rsa, hashes)
    expect(toHex(auth.data.subarray(0, 16))).toBe(identifier)
    expectProof(rsa, auth)
  })

  test.each([
    [19, '0c300a06082a8648ce3d040302'],
    [20, '0c300a06082a8648ce3d040303'],
    [21, '0c300a06082a8648ce3d040304'],
  ])('ECDSA of group %i, its signature in DER', (group, identifier) => {
    const key = EC.find(([of]) => of === group)![1]
    const auth = signAuth(OCTETS, key, [2, 3, 4])
    expect(auth.method).toBe(14)
    expect(toHex(auth.data.subarray(0, 13))).toBe(identifier)
    expect(auth.data[13]).toBe(0x30)
    expectProof(key, auth)
    expect(signAuth(OCTETS, key, [2, 3, 4])).toEqual(auth)
  })

  test('ECDSA takes another hash where the peer knows no better', () => {
    const auth = signAuth(OCTETS, EC[1]![1], [2])
    expect(toHex(auth.data.subarray(0, 13))).toBe('0c300a06082a8648ce3d040302')
    const sha1 = signAuth(OCTETS, EC[0]![1], [1])
    expect(toHex(sha1.data.subarray(0, 12))).toBe('0b300906072a8648ce3d0401')
    expect(verifyAuth(OCTETS, createPublicKey(EC[0]![1]), sha1)).toBe(true)
  })

  test('RSASSA-PSS, for a key of RSA when chosen and for its own kind always', () => {
    // RFC 7427 §A.4.3: SHA-256, MGF1 with SHA-256, 32 bytes of salt.
    const identifier =
      '43304106092a864886f70d01010a3034a00f300d06096086480165030402010500' +
      'a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120'
    for (const auth of [signAuth(OCTETS, rsa, [2], { pss: true }), signAuth(OCTETS, pssKey, [2])]) {
      expect(auth.method).toBe(14)
      expect(toHex(auth.data.subarray(0, identifier.length / 2))).toBe(identifier)
    }
    expectProof(rsa, signAuth(OCTETS, rsa, [4], { pss: true }))
    expectProof(pssKey, signAuth(OCTETS, pssKey, [3]))
  })

  test('RSASSA-PSS by its defaults: SHA-1 and 20 bytes (RFC 7427 §A.4.1)', () => {
    const auth = signAuth(OCTETS, rsa, [1], { pss: true })
    expect(toHex(auth.data.subarray(0, 16))).toBe('0f300d06092a864886f70d01010a3000')
    expect(verifyAuth(OCTETS, createPublicKey(rsa), auth)).toBe(true)
  })

  test('Ed25519 with the hash "Identity" (RFC 8420)', () => {
    const auth = signAuth(OCTETS, ed25519, [5])
    expect(toHex(auth.data.subarray(0, 8))).toBe('07300506032b6570')
    expectProof(ed25519, auth)
  })

  test('without a hash in common the old methods remain', () => {
    expect(signAuth(OCTETS, rsa, []).method).toBe(1)
    expect(signAuth(OCTETS, rsa, [5, 1024]).method).toBe(1)
    expect(signAuth(OCTETS, EC[0]![1], [5]).method).toBe(9)
  })

  test("another kind of key than the identifier's proves nothing", () => {
    const auth = signAuth(OCTETS, rsa, [2])
    for (const key of [EC[0]![1], ed25519, pssKey]) {
      expect(verifyAuth(OCTETS, createPublicKey(key), auth)).toBe(false)
    }
    const ec = signAuth(OCTETS, EC[0]![1], [2])
    expect(verifyAuth(OCTETS, createPublicKey(EC[1]![1]), ec)).toBe(false)
  })
})

// ── shared keys, and what is signed ──

test('a shared key signs through "Key Pad for IKEv2" (RFC 7296 §2.15)', () => {
  const msk = rngFrom('msk').bytes(64)
  const pad = createHmac('sha256', msk).update('Key Pad for IKEv2').digest()
  const expected = createHmac('sha256', pad).update(OCTETS).digest('hex')
  expect(toHex(sharedKeyAuth(5, msk, OCTETS))).toBe(expected)
  expect(sharedKeyAuth(2, msk, OCTETS).length).toBe(20)
})

test('the signed octets are the message, the nonce of the other, and the identity under SK_p', () => {
  const skP = rngFrom('skP').bytes(32)
  const id = fromHex('0200000076706e2e636f6e746f736f2e636f6d')
  const mac = createHmac('sha256', skP).update(id).digest('hex')
  const octets = signedOctets(utf8('message'), utf8('nonce'), 5, skP, id)
  expect(toHex(octets)).toBe(toHex(utf8('messagenonce')) + mac)
})
