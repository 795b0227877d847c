import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import {
  hasNtResponse,
  isNtChallengeResponse,
  ntChallengeResponse,
  ntPasswordHash,
} from '../../src/crypto/ms-chap.ts'

// RFC 2433 appendix B.2.
const CHALLENGE = fromHex('102db5df085d3041')
const RESPONSE = fromHex('4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61')

test('hash and response are those of the RFC', () => {
  const hash = ntPasswordHash('MyPw')
  expect(toHex(hash)).toBe('fc156af7edcd6c0edde3337d427f4eac')
  expect(toHex(ntChallengeResponse(CHALLENGE, hash))).toBe(toHex(RESPONSE))
})

test('another password, or half a response, is refused', () => {
  expect(isNtChallengeResponse(RESPONSE, CHALLENGE, ntPasswordHash('MyPw'))).toBe(true)
  expect(isNtChallengeResponse(RESPONSE, CHALLENGE, ntPasswordHash('mypw'))).toBe(false)
  expect(isNtChallengeResponse(new Uint8Array(), CHALLENGE, ntPasswordHash('MyPw'))).toBe(false)
})

test('passwords are hashed as UTF-16', () => {
  // `printf 'pässwörd€' | iconv -t UTF-16LE | openssl dgst -md4 -provider legacy`.
  expect(toHex(ntPasswordHash('pässwörd€'))).toBe('7f20bf6e69d97371914a8807579cab5c')
})

test('a response with LAN Manager only is told by its flags', () => {
  expect([0, 1, 2, 3].map(hasNtResponse)).toEqual([false, true, false, true])
})
