import * as fc from 'fast-check'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { ntPasswordHash } from '../../src/crypto/ms-chap.ts'
import {
  challengeHash,
  decryptNewPassword,
  encryptNewPassword,
  encryptOldPasswordHash,
  formatAuthenticatorResponse,
  generateAuthenticatorResponse,
  generateNtResponse,
  hashNtPasswordHash,
  isAuthenticatorResponse,
  isNtResponse,
  isOldPasswordHash,
} from '../../src/crypto/ms-chap-v2.ts'
import { getMasterKey, mppeKeys, mskOfMppeKeys } from '../../src/crypto/mppe.ts'
import { InvariantError } from '../../src/base/invariant.ts'

// RFC 2759 §9.2.
const EXCHANGE = {
  user: 'User',
  authenticatorChallenge: fromHex('5b5d7c7d7b3f2f3e3c2c602132262628'),
  peerChallenge: fromHex('21402324255e262a28295f2b3a337c7e'),
}
const HASH = ntPasswordHash('clientPass')
const RESPONSE = fromHex('82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df')

describe('an exchange', () => {
  test('is that of RFC 2759 §9.2, step by step', () => {
    expect(toHex(challengeHash(EXCHANGE))).toBe('d02e4386bce91226')
    expect(toHex(HASH)).toBe('44ebba8d5312b8d611474411f56989ae')
    expect(toHex(hashNtPasswordHash(HASH))).toBe('41c00c584bd2d91c4017a2a12fa59f3f')
    expect(toHex(generateNtResponse(EXCHANGE, HASH))).toBe(toHex(RESPONSE))
    expect(
      formatAuthenticatorResponse(generateAuthenticatorResponse(EXCHANGE, HASH, RESPONSE)),
    ).toBe('S=407A5589115FD0D6209F510FE9C04566932CDA56')
  })

  test('hashes the name without a domain before it, and a UPN whole', () => {
    const named = (user: string): string => toHex(challengeHash({ ...EXCHANGE, user }))
    expect(named('CORP\\User')).toBe(named('User'))
    expect(named('User@corp.contoso.com')).not.toBe(named('User'))
    expect(named('user')).not.toBe(named('User'))
  })

  test('is refused with one bit changed, in either direction', () => {
    const answer = generateAuthenticatorResponse(EXCHANGE, HASH, RESPONSE)
    expect(isNtResponse(RESPONSE, EXCHANGE, HASH)).toBe(true)
    expect(isAuthenticatorResponse(answer, EXCHANGE, HASH, RESPONSE)).toBe(true)
    for (let at = 0; at < 20; at++) {
      const other = RESPONSE.with(at, RESPONSE[at]! ^ 1)
      expect(isNtResponse(other, EXCHANGE, HASH)).toBe(false)
      const claimed = answer.with(at, answer[at]! ^ 1)
      expect(isAuthenticatorResponse(claimed, EXCHANGE, HASH, RESPONSE)).toBe(false)
    }
    expect(isNtResponse(RESPONSE.subarray(0, 23), EXCHANGE, HASH)).toBe(false)
  })
})

test('keys are those of RFC 3079 §3.5.3', () => {
  const hashHash = hashNtPasswordHash(HASH)
  expect(toHex(getMasterKey(hashHash, RESPONSE))).toBe('fdece3717a8c838cb388e527ae3cdd31')
  const keys = mppeKeys(hashHash, RESPONSE)
  expect(toHex(keys.fromPeer)).toBe('d5f0e9521e3ea9589645e86051c82226')
  expect(toHex(keys.toPeer)).toBe('8b7cdc149b993a1ba118cb153f56dccb')
  const msk = toHex(mskOfMppeKeys(keys))
  expect(msk).toBe(`${toHex(keys.fromPeer)}${toHex(keys.toPeer)}${'00'.repeat(32)}`)
})

const VECTORS = path.join(
  process.env['SALLYPORT_DATA'] ?? '../shared/data',
  'radius/mschapv2-vectors.json',
)
const missing = !existsSync(VECTORS) && process.env['SALLYPORT_JUDGES'] !== 'required'

test.skipIf(missing)(`the shared vectors come out byte for byte (needs ${VECTORS})`, () => {
  const given = JSON.parse(readFileSync(VECTORS, 'utf8')) as Record<string, string>
  const exchange = {
    user: given['user']!,
    authenticatorChallenge: fromHex(given['authenticator_challenge']!),
    peerChallenge: fromHex(given['peer_challenge']!),
  }
  const hash = ntPasswordHash(given['password']!)
  const hashHash = hashNtPasswordHash(hash)
  const response = generateNtResponse(exchange, hash)
  const keys = mppeKeys(hashHash, response)
  const answer = generateAuthenticatorResponse(exchange, hash, response)
  expect({
    challenge: toHex(challengeHash(exchange)),
    password_hash: toHex(hash),
    nt_response: toHex(response),
    password_hash_hash: toHex(hashHash),
    authenticator_response: formatAuthenticatorResponse(answer),
    master_key: toHex(getMasterKey(hashHash, response)),
    send_start_key_128_client_side: toHex(keys.fromPeer),
    recv_start_key_128_client_side: toHex(keys.toPeer),
  }).toEqual({
    challenge: given['challenge'],
    password_hash: given['password_hash'],
    nt_response: given['nt_response'],
    password_hash_hash: given['password_hash_hash'],
    authenticator_response: given['authenticator_response'],
    master_key: given['master_key'],
    send_start_key_128_client_side: given['send_start_key_128_client_side'],
    recv_start_key_128_client_side: given['recv_start_key_128_client_side'],
  })
})

describe('a change of password', () => {
  const OLD = ntPasswordHash('Autumn2025!')
  const padding = new Uint8Array(512).fill(0xa5)

  test('carries any password of at most 256 characters through the old hash', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 128 }), (password) => {
        const encrypted = encryptNewPassword(password, OLD, padding)
        expect(encrypted).toHaveLength(516)
        expect(decryptNewPassword(encrypted, OLD)).toBe(password)
      }),
    )
    const longest = 'x'.repeat(256)
    expect(decryptNewPassword(encryptNewPassword(longest, OLD, padding), OLD)).toBe(longest)
    expect(() => encryptNewPassword(`${longest}x`, OLD, padding)).toThrow(InvariantError)
  })

  test('shows nothing to who has another hash, or another size', () => {
    const encrypted = encryptNewPassword('Winter2026!', OLD, padding)
    expect(decryptNewPassword(encrypted, ntPasswordHash('guess'))).toBeUndefined()
    expect(decryptNewPassword(encrypted.subarray(1), OLD)).toBeUndefined()
  })

  test('proves the old password with the new hash', () => {
    const fresh = ntPasswordHash('Winter2026!')
    const proof = encryptOldPasswordHash(OLD, fresh)
    expect(proof).toHaveLength(16)
    expect(isOldPasswordHash(proof, OLD, fresh)).toBe(true)
    expect(isOldPasswordHash(proof, fresh, OLD)).toBe(false)
    expect(isOldPasswordHash(proof.subarray(8), OLD, fresh)).toBe(false)
  })
})
