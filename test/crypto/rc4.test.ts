import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { rc4 } from '../../src/crypto/rc4.ts'

// RFC 6229 §2: key streams of 40 and 128 bits, at offsets 0, 16 and 240.
test.each([
  ['0102030405', 0, 'b2396305f03dc027ccc3524a0a1118a8'],
  ['0102030405', 16, '6982944f18fc82d589c403a47a0d0919'],
  ['0102030405', 240, '28cb1132c96ce286421dcaadb8b69eae'],
  ['0102030405060708090a0b0c0d0e0f10', 0, '9ac7cc9a609d1ef7b2932899cde41b97'],
  ['0102030405060708090a0b0c0d0e0f10', 16, '5248c4959014126a6e8a84f11d1a9e1c'],
])('the key stream of %s at %i is that of the RFC', (key, at, stream) => {
  expect(toHex(rc4(fromHex(key), new Uint8Array(at + 16)).subarray(at))).toBe(stream)
})
