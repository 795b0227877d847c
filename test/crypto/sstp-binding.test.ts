import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex } from '../../src/base/bytes.ts'
import { mppeKeys, mskOfMppeKeys } from '../../src/crypto/mppe.ts'
import {
  certificateHash,
  hlakOf,
  isSstpCompoundMac,
  sstpCompoundMac,
} from '../../src/crypto/sstp-binding.ts'
import { SstpHash } from '../../src/wire/sstp.ts'

/** CALL_CONNECTED of [MS-SSTP] §4.7, with SHA-256 and with SHA-1. */
const VECTORS = [
  {
    name: 'SHA-256',
    hash: SstpHash.SHA256,
    hlak: '2a1bb40d55ab0f5ef32f06f2b3cc73c48fd3fac41d7a1315a19228d9024ca164',
    message: `10010070 00040001 00030068 00000002
      412b489aebd7ecc7d08966f26be7cd72b231a0e9210d7c91b308862b0344c435
      7993ef314c493dace9f02d60e7e61c84b6690aafe9d7aeea92cbbe8ad599422d
      52a68efd8cffbf5277 0b8f0fe8ec73716583af6d611eb6d179b3b20840985449`,
  },
  {
    name: 'SHA-1',
    hash: SstpHash.SHA1,
    hlak: '4b3128f43925d9006eefb1c4e86515a1d88e56bab3ca2bdf0373b7f5a8a13b19',
    message: `10010070 00040001 00030068 00000001
      0f1a2d58d4a3e3000fad3ce4906e07b707aa9e441cceac5cbd7b2cc1c9d86cdf
      5826b629bda59b8e6fd8dcd2622fd34c534805a5 000000000000000000000000
      69915dd583d8062fef16f61db2f03290ec27cb6c 000000000000000000000000`,
  },
] as const

describe.each(VECTORS)('the compound MAC with $name', ({ hash, hlak, message }) => {
  const key = fromHex(hlak)
  const bytes = fromHex(message)

  test('is the one of [MS-SSTP] §4.7', () => {
    expect(toHex(sstpCompoundMac(hash, key, bytes))).toBe(toHex(bytes.subarray(80)))
    expect(isSstpCompoundMac(hash, key, bytes)).toBe(true)
  })

  test('is wrong when any bit of the message or of the key is another', () => {
    fc.assert(
      fc.property(fc.nat(111), fc.nat(7), (at, bit) => {
        const other = bytes.slice()
        other[at]! ^= 1 << bit
        expect(isSstpCompoundMac(hash, key, other)).toBe(false)
      }),
      { seed: 1 },
    )
    for (let at = 0; at < 32; at++) {
      const other = key.slice()
      other[at]! ^= 1
      expect(isSstpCompoundMac(hash, other, bytes)).toBe(false)
    }
  })

  test('is wrong in a message that is cut short', () => {
    for (const length of [0, 79, 80, 100, 111]) {
      expect(isSstpCompoundMac(hash, key, bytes.subarray(0, length))).toBe(false)
    }
  })
})

describe('the higher-layer authentication key', () => {
  test('is what MS-CHAP v2 sends with and what it receives with', () => {
    const keys = mppeKeys(new Uint8Array(16).fill(1), new Uint8Array(24).fill(2))
    expect(hlakOf(mskOfMppeKeys(keys))).toEqual(concat(keys.fromPeer, keys.toPeer))
  })

  test('is cut or filled to 32 bytes, and zeros without keys', () => {
    expect(hlakOf(new Uint8Array(64).fill(7))).toEqual(new Uint8Array(32).fill(7))
    expect(toHex(hlakOf(fromHex('0102')))).toBe(`0102${'00'.repeat(30)}`)
    expect(hlakOf()).toEqual(new Uint8Array(32))
  })
})

test('a hash of a certificate fills its field', () => {
  const der = fromHex('3000')
  expect(toHex(certificateHash(SstpHash.SHA1, der)).slice(40)).toBe('00'.repeat(12))
  expect(toHex(certificateHash(SstpHash.SHA256, new Uint8Array()))).toBe(
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  )
})
