import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex, u32 } from '../../../src/base/bytes.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import { espCipher } from '../../../src/crypto/ike/esp-cipher.ts'
import type { EspContent, EspFault } from '../../../src/crypto/ike/esp-frame.ts'
import { ESP_SUITES, keysOf } from './suites.ts'

const SPI = 0xc0ffee01

/** What must be good. */
function contentOf(content: EspContent | EspFault): EspContent {
  if (typeof content === 'string') throw new Error(content)
  return content
}

describe.each([
  ...ESP_SUITES.map((suite) => ({ ...suite, esn: false })),
  ...ESP_SUITES.filter((_, at) => at % 3 === 0).map((suite) => ({ ...suite, esn: true })),
])('$name, extended sequence numbers: $esn', (suite) => {
  const cipher = espCipher(suite, keysOf(suite))
  const rng = rngFrom(suite.name)
  const sequence = suite.esn ? 5 * 2 ** 32 + 77 : 77
  const high = suite.esn ? 5 : undefined

  test('opens what it sealed, of every length, and as long as it said', () => {
    for (let length = 0; length <= 300; length++) {
      const payload = rng.bytes(length)
      const packet = cipher.seal(SPI, sequence, 4, payload, rng.bytes(cipher.ivBytes))
      expect(packet.length).toBe(cipher.sealedLength(length))
      expect(packet.length - length).toBeLessThanOrEqual(cipher.overhead)
      expect([u32(packet, 0), u32(packet, 4)]).toEqual([SPI, 77])
      const content = contentOf(cipher.open(packet, high))
      expect(content.nextHeader).toBe(4)
      expect(toHex(content.payload)).toBe(toHex(payload))
    }
  })

  test('refuses any other bit', () => {
    const packet = cipher.seal(SPI, sequence, 4, rng.bytes(21), rng.bytes(cipher.ivBytes))
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const other = Uint8Array.from(packet)
      other[bit >>> 3]! ^= 1 << (bit & 7)
      expect(cipher.open(other, high), `bit ${bit}`).toBe('bad-icv')
    }
    const others = suite.esn ? [cipher.open(packet, 4), cipher.open(packet)] : []
    expect(others).toEqual(others.map(() => 'bad-icv'))
  })

  test('refuses what is cut short or longer, and what other keys sealed', () => {
    const packet = cipher.seal(SPI, sequence, 4, rng.bytes(21), rng.bytes(cipher.ivBytes))
    for (let length = 0; length < packet.length; length++) {
      expect(cipher.open(packet.subarray(0, length), high)).toMatch(/^(malformed|bad-icv)$/)
    }
    expect(cipher.open(concat(packet, new Uint8Array(16)), high)).toBe('bad-icv')
    expect(espCipher(suite, keysOf(suite, 'others')).open(packet, high)).toBe('bad-icv')
  })

  test('gives out memory that nothing later writes to', () => {
    const iv = rng.bytes(cipher.ivBytes)
    const first = cipher.seal(SPI, sequence, 4, rng.bytes(40), iv)
    const [sealed, content] = [toHex(first), contentOf(cipher.open(first, high))]
    const payload = toHex(content.payload)
    const second = cipher.seal(SPI, sequence, 4, rng.bytes(40), iv)
    cipher.open(second, high)
    expect(toHex(first)).toBe(sealed)
    first.fill(0)
    expect(toHex(content.payload)).toBe(payload)
    expect(contentOf(cipher.open(Buffer.from(second), high)).payload).not.toBeInstanceOf(Buffer)
  })
})

test('a counter is the IV where none is given, except of CBC', () => {
  const gcm = { name: 'gcm', encryption: { id: 20, keyBits: 256 } }
  const packet = espCipher(gcm, keysOf(gcm)).seal(SPI, 7 * 2 ** 32 + 9, 4, new Uint8Array(3))
  expect(toHex(packet.subarray(8, 16))).toBe('0000000700000009')
  const cbc = { name: 'cbc', encryption: { id: 12, keyBits: 256 }, integrity: 12 }
  const cipher = espCipher(cbc, keysOf(cbc))
  expect(() => cipher.seal(SPI, 1, 4, new Uint8Array(3))).toThrow('an IV has 16 bytes, not 0')
  const short = new Uint8Array(15)
  expect(() => cipher.seal(SPI, 1, 4, short, short)).toThrow('an IV has 16 bytes, not 15')
})

// ── draft-mcgrew-gcm-test-01, GCM in ESP: key, salt and IV, additional data, plaintext with padding and trailer, ciphertext and ICV ──

const MCGREW = [
  [
    '4c80cdefbb5d10da906ac73c3613a634',
    '2e443b684956ed7e3b244cfe',
    '000043218765432100000000',
    '45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f756470037369700963796265726369747902646b000021000101020201',
    'fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732459018148f6cbe722fd04796562dfdb4',
  ],
  [
    'feffe9928665731c6d6a8f9467308308',
    'cafebabefacedbaddecaf888',
    '0000a5f80000000a',
    '4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d001000001000000000000037369700963796265726369747902646b00000100010001',
    'deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd183b70d3aa8bc6ee4c309e9d85a41ad4a',
  ],
  [
    'abbccddef00112233445566778899aababbccddef00112233445566778899aab',
    '112233440102030405060708',
    '4a2cbfe300000002',
    '4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b40101040201020201',
    'ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99def842d8eb335f4eecfdbf831824b4c4915956c96',
  ],
  [
    'feffe9928665731c6d6a8f9467308308feffe9928665731c',
    'cafebabefacedbaddecaf888',
    '0000a5f80000000a',
    '45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001',
    'a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc7795457b9652037f5318027b5b4cd7a636',
  ],
  [
    'abbccddef00112233445566778899aab',
    'decaf888cafedebaceface74',
    '000001000000000000000001',
    '4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b800302d500004e20001e8c18d75b81dc91baa0476b91b924b280389d92c963bac046ec959b6266c04722b14923010101',
    '18a6fd42f72cbf4ab2a2ea901f73d814e3e7f243d95412e1c349c1d2fbec168f9190feebaf2cb01984e65863965d7472b79da345e0e780191f0d2f0e0f496c226f2127b27db35724e7845d68651f57e65f354f75ff17015769623436',
  ],
  [
    '7d773d00c144c525ac619d18c84a3f47',
    'd966426743457e9182443bc6',
    '335467aeffffffff',
    '01020201',
    '437f866bcb3f699fe9b0822bac961c4504bef270',
  ],
] as const

test.each(MCGREW)('AES-GCM in ESP with the key %s', (key, nonce, additional, plain, sealed) => {
  const esn = additional.length === 24
  const suite = { encryption: { id: 20, keyBits: key.length * 4 }, esn }
  const cipher = espCipher(suite, {
    encryption: fromHex(key + nonce.slice(0, 8)),
    integrity: new Uint8Array(),
  })
  const header = fromHex(additional)
  const high = esn ? u32(header, 4) : 0
  const low = u32(header, esn ? 8 : 4)
  const clear = fromHex(plain)
  const payload = clear.subarray(0, clear.length - 2 - clear.at(-2)!)
  const iv = fromHex(nonce.slice(8))
  const packet = cipher.seal(u32(header, 0), high * 2 ** 32 + low, clear.at(-1)!, payload, iv)
  expect(toHex(packet.subarray(8))).toBe(nonce.slice(8) + sealed)
  const content = contentOf(cipher.open(packet, high))
  expect([content.nextHeader, toHex(content.payload)]).toEqual([clear.at(-1), toHex(payload)])
})

test('ChaCha20-Poly1305: the example of RFC 7634 appendix A', () => {
  const encryption = fromHex(
    '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3',
  )
  const cipher = espCipher({ encryption: { id: 28 } }, { encryption, integrity: fromHex('') })
  const payload = fromHex(
    '45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10' +
      '0007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627' +
      '28292a2b2c2d2e2f3031323334353637',
  )
  const packet = cipher.seal(0x01020304, 5, 4, payload, fromHex('1011121314151617'))
  expect(toHex(packet)).toBe(
    '0102030400000005' +
      '1011121314151617' +
      '24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6' +
      '14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3' +
      'cbec163fac469b502773f6fb94e664da9165b82829f641e0' +
      '76aaa8266b7fb0f7b11b369907e1ad43',
  )
})

test('AES-CBC: the packet of RFC 3602 §4, case 5, with an ICV behind it', () => {
  const encryption = fromHex('90d382b410eeba7ad938c46cec1a82bf')
  const suite = { encryption: { id: 12, keyBits: 128 }, integrity: 2 }
  const cipher = espCipher(suite, { encryption, integrity: rngFrom('a').bytes(20) })
  const payload = fromHex(
    '08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f10111213141516171819' +
      '1a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637',
  )
  const iv = fromHex('e96e8c08ab465763fd098d45dd3ff893')
  const packet = cipher.seal(0x4321, 1, 1, payload, iv)
  expect(toHex(packet.subarray(0, -12))).toBe(
    '0000432100000001' +
      'e96e8c08ab465763fd098d45dd3ff893' +
      'f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856' +
      'a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874a' +
      'a269add047ad2d5913ac19b7cfbad4a6',
  )
})

test('GMAC leaves the payload in clear, and covers the IV with it (RFC 4543 §3.3)', () => {
  const suite = { name: 'gmac', encryption: { id: 21, keyBits: 256 } }
  const cipher = espCipher(suite, keysOf(suite))
  const payload = rngFrom('p').bytes(18)
  const packet = cipher.seal(SPI, 1, 4, payload)
  expect(toHex(packet.subarray(16, 36))).toBe(`${toHex(payload)}0004`)
  packet[15]! ^= 1
  expect(cipher.open(packet)).toBe('bad-icv')
})

// As Linux tests its rfc4543(gcm(aes)).
test('GMAC: a packet of 8 zeros as IV', () => {
  const encryption = fromHex('4c80cdefbb5d10da906ac73c3613a63422433c64')
  const suite = { encryption: { id: 21, keyBits: 128 } }
  const cipher = espCipher(suite, { encryption, integrity: new Uint8Array() })
  const payload = fromHex(
    '45000030da3a00008001df3bc0a80005c0a800010800c6cd0200070061626364' +
      '65666768696a6b6c6d6e6f7071727374',
  )
  const packet = cipher.seal(0x4321, 7, 1, payload, new Uint8Array(8))
  expect(toHex(packet.subarray(-20))).toBe('01020201f2a9a836e155106aa8dcd618e4099aaa')
})
