/** NTLM and the two SMB commands: there and back, garbage, and Microsoft's own example of version 2. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { clientChallenge, isNtlmV2Response, ntlmV2Response } from '../../src/crypto/ntlm.ts'
import { ntPasswordHash } from '../../src/crypto/ms-chap.ts'
import { decodeNtlm, encodeNtlm, encodeTargetInfo, type NtlmMessage } from '../../src/wire/ntlm.ts'
import { cutSmb2, decodeSmb2, encodeSmb2, type Smb2Message } from '../../src/wire/smb2.ts'

const text = fc.string({ maxLength: 20 })
const bytes = fc.uint8Array({ maxLength: 60 })
const flags = fc.nat(0xffff_ffff)
const message = fc.oneof(
  fc.record({ kind: fc.constant('negotiate'), flags }),
  fc.record({
    kind: fc.constant('challenge'),
    flags,
    targetName: text,
    serverChallenge: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    targetInfo: bytes,
  }),
  fc.record({
    kind: fc.constant('authenticate'),
    flags,
    domain: text,
    user: text,
    workstation: text,
    lmResponse: bytes,
    ntResponse: bytes,
  }),
) as fc.Arbitrary<NtlmMessage>

test('every message comes back as it was; damage and garbage are errors, not exceptions', () => {
  fc.assert(
    fc.property(message, fc.nat(), fc.nat(255), (sent, where, flip) => {
      const encoded = encodeNtlm(sent)
      expect(decodeNtlm(encoded)).toEqual({ ok: true, value: sent })
      encoded[where % encoded.length]! ^= flip
      expect(typeof decodeNtlm(encoded).ok).toBe('boolean')
      expect(typeof decodeNtlm(encoded.subarray(0, where % encoded.length)).ok).toBe('boolean')
    }),
  )
})

test('the response is that of [MS-NLMP] §4.2.4', () => {
  const exchange = {
    user: 'User',
    domain: 'Domain',
    serverChallenge: fromHex('0123456789abcdef'),
  }
  // The example has two names only: MsvAvNbDomainName and MsvAvNbComputerName.
  const targetInfo = fromHex(
    '02000c0044006f006d00610069006e0001000c005300650072007600650072000000 0000',
  )
  const hash = ntPasswordHash('Password')
  const client = clientChallenge(new Uint8Array(8), fromHex('aaaaaaaaaaaaaaaa'), targetInfo)
  const response = ntlmV2Response(exchange, hash, client)
  expect(toHex(response.subarray(0, 16))).toBe('68cd0ab851e51c96aabc927bebef6a1c')
  expect(isNtlmV2Response(response, exchange, hash)).toBe(true)
  expect(isNtlmV2Response(response, { ...exchange, user: 'USER' }, hash)).toBe(true)
  expect(isNtlmV2Response(response, { ...exchange, domain: 'DOMAIN' }, hash)).toBe(false)
  expect(isNtlmV2Response(response.with(20, 9), exchange, hash)).toBe(false)
  expect(isNtlmV2Response(response.subarray(0, 16), exchange, hash)).toBe(false)
})

test('target information begins with the names of [MS-NLMP] §2.2.2.1 and ends with an end', () => {
  const info = encodeTargetInfo({ netbios: 'D', computer: 'S', domain: 'd.x', dnsName: 's.d.x' })
  expect(toHex(info)).toBe(
    '0200020044000100020053000400060064002e00780003000a0073002e0064002e00780000000000',
  )
})

test('SMB asks and answers in frames, and anything else is an error', () => {
  const messages: readonly Smb2Message[] = [
    { command: 'negotiate', isResponse: false, messageId: 0 },
    { command: 'negotiate', isResponse: true, messageId: 0 },
    { command: 'echo', isResponse: false, messageId: 7 },
    { command: 'echo', isResponse: true, messageId: 7 },
  ]
  for (const sent of messages) {
    const frame = encodeSmb2(sent)
    const cut = cutSmb2(frame)
    if (cut === undefined || cut === 'malformed') throw new Error('not a frame')
    expect(cut.length).toBe(frame.length)
    expect(decodeSmb2(cut.message)).toEqual({ ok: true, value: sent })
    expect(cutSmb2(frame.subarray(0, frame.length - 1))).toBeUndefined()
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (garbage) => {
      expect(typeof decodeSmb2(garbage).ok).toBe('boolean')
      expect(() => cutSmb2(garbage)).not.toThrow()
    }),
  )
})
