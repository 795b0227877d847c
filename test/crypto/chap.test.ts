import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { chapResponse, isChapResponse } from '../../src/crypto/chap.ts'

// RFC 2865 §7.2: the challenge is the Request Authenticator.
const CHALLENGE = fromHex('2aee86f08d0d55969ca5978e0d3367a2')
const RESPONSE = fromHex('e97557c316185895f293ff6344077275')

test('the response is that of the RFC, and only its password makes it', () => {
  expect(toHex(chapResponse(0x16, 'arctangent', CHALLENGE))).toBe(toHex(RESPONSE))
  expect(isChapResponse(RESPONSE, 0x16, 'arctangent', CHALLENGE)).toBe(true)
  expect(isChapResponse(RESPONSE, 0x16, 'arctangenT', CHALLENGE)).toBe(false)
  expect(isChapResponse(RESPONSE, 0x17, 'arctangent', CHALLENGE)).toBe(false)
  expect(isChapResponse(RESPONSE.subarray(1), 0x16, 'arctangent', CHALLENGE)).toBe(false)
})
