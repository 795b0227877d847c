/** MD5 and HMAC-MD5: the vectors of RFC 1321 §A.5 and RFC 2202 §2, and node's own HMAC for keys of every length. */
import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { hmacMd5, md5 } from '../../src/crypto/md5.ts'

test.for([
  ['', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
  ['abcdefghijklmnopqrstuvwxyz', 'c3fcd3d76192e4007dfb496cca67e13b'],
])("the digest of '%s' is that of RFC 1321", ([message, digest]) => {
  expect(toHex(md5(utf8(message!)))).toBe(digest)
})

test.for([
  ['0b'.repeat(16), 'Hi There', '9294727a3638bb1c13f48ef8158bfc9d'],
  [
    'aa'.repeat(80),
    'Test Using Larger Than Block-Size Key - Hash Key First',
    '6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd',
  ],
])('the proof with the key %s is that of RFC 2202', ([key, message, proof]) => {
  expect(toHex(hmacMd5(fromHex(key!), utf8(message!)))).toBe(proof)
})

test('keys of every length make the proof that node makes', () => {
  const message = utf8('Access-Request')
  for (let length = 0; length < 140; length++) {
    const key = Uint8Array.from({ length }, (_, i) => i)
    const expected = createHmac('md5', key).update(message).digest()
    expect(toHex(hmacMd5(key, message))).toBe(toHex(expected))
  }
})
