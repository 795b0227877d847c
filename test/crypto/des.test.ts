import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { desEncrypt, desKeyOf } from '../../src/crypto/des.ts'

// RFC 2759 §9.3: the first and second key of the hash of "MyPw".
test.each([
  ['fc156af7edcd6c', 'fd0b5b5e7f6e34d9'],
  ['0edde3337d427f', '0e6e796737ea08fe'],
])('seven bytes become eight of odd parity (%s)', (raw, key) => {
  expect(toHex(desKeyOf(fromHex(raw)))).toBe(key)
})

test('a block is encrypted as single DES does it', () => {
  // The worked example of J. Orlin Grabbe, key 133457799bbcdff1 without its parity bits.
  const key = fromHex('12695bc9b7b7f8')
  expect(toHex(desEncrypt(fromHex('0123456789abcdef'), key))).toBe('85e813540f0ab405')
})
