import { expect, test } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { md4 } from '../../src/crypto/md4.ts'

// RFC 1320 appendix A.5.
test.each([
  ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
  ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
  ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
  ['message digest', 'd9130a8164549fe818874806e1c7014b'],
  ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
  [
    'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
    '043f8582f241db351ce627e153e7f0e4',
  ],
  [
    '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
    'e33b4ddc9c38f2199c3e7b164fcc0536',
  ],
])('the digest of "%s" is that of the RFC', (message, digest) => {
  expect(toHex(md4(utf8(message)))).toBe(digest)
})

test('a message may end anywhere in a block', () => {
  // Each length leaves the padding elsewhere; no two digests may meet.
  const digests = Array.from({ length: 200 }, (_, length) => toHex(md4(new Uint8Array(length))))
  expect(new Set(digests).size).toBe(200)
})
