import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { rngFrom, type Rng } from '../../../src/base/rng.ts'
import { isGroup, openKeyExchange } from '../../../src/crypto/ike/groups.ts'
import { RFC_5114 } from '../../../src/crypto/ike/rfc5114.ts'
import { supports } from '../../../src/crypto/ike/supports.ts'
import { givenBytes } from './chance.ts'

/** Group, bytes of its public value and of its shared secret. */
const GROUPS = [
  [1, 96, 96],
  [2, 128, 128],
  [5, 192, 192],
  [14, 256, 256],
  [15, 384, 384],
  [16, 512, 512],
  [19, 64, 32],
  [20, 96, 48],
  [21, 132, 66],
  [22, 128, 128],
  [23, 256, 256],
  [24, 256, 256],
  [31, 32, 32],
] as const

describe.each(GROUPS)('group %i', (group, publicBytes, sharedBytes) => {
  const open = (seed: string) => openKeyExchange(group, rngFrom(seed))!

  test('gives both sides the same secret, as long as its field', () => {
    for (let round = 0; round < 4; round++) {
      const [a, b] = [open(`a${round}`), open(`b${round}`)]
      expect([a.group, a.publicValue.length]).toEqual([group, publicBytes])
      const secret = a.shared(b.publicValue)!
      expect(secret.length).toBe(sharedBytes)
      expect(toHex(b.shared(a.publicValue)!)).toBe(toHex(secret))
    }
  })

  test('repeats with its seed, and only with that', () => {
    expect(toHex(open('a').publicValue)).toBe(toHex(open('a').publicValue))
    expect(toHex(open('a').publicValue)).not.toBe(toHex(open('b').publicValue))
  })

  test('keeps one exchange apart from the next', () => {
    const [a, b] = [open('a'), open('b')]
    const secret = toHex(a.shared(b.publicValue)!)
    open('c').shared(a.publicValue)
    expect(toHex(a.shared(b.publicValue)!)).toBe(secret)
  })

  test('refuses what is none of its values', () => {
    const a = open('a')
    const good = open('b').publicValue
    for (const length of [0, 1, publicBytes - 1, publicBytes + 1]) {
      expect(a.shared(new Uint8Array(length).fill(2)), `${length} bytes`).toBeUndefined()
    }
    expect(a.shared(new Uint8Array(publicBytes))).toBeUndefined()
    if (group === 31) return
    expect(a.shared(new Uint8Array(publicBytes).fill(0xff))).toBeUndefined()
    const one = new Uint8Array(publicBytes)
    one[publicBytes - 1] = 1
    expect(a.shared(one)).toBeUndefined()
    if (publicBytes === sharedBytes) return
    const off = Uint8Array.from(good)
    off[publicBytes - 1]! ^= 1
    expect(a.shared(off), 'a point beside the curve').toBeUndefined()
  })
})

test('other groups are not known', () => {
  for (const group of [0, 3, 4, 6, 17, 18, 25, 32, 1024]) {
    expect(openKeyExchange(group, rngFrom('x'))).toBeUndefined()
    expect(isGroup(group)).toBe(false)
    expect(supports.group(group)).toBe(false)
  }
  expect(GROUPS.every(([group]) => supports.group(group))).toBe(true)
})

// ── the arithmetic, without OpenSSL ──

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`)

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let square = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

/** An Rng that keeps what it gave last. */
function witness(seed: string): Rng & { last: Uint8Array } {
  const rng = rngFrom(seed)
  return {
    ...rng,
    last: new Uint8Array(),
    bytes(length) {
      this.last = rng.bytes(length)
      return Uint8Array.from(this.last)
    },
  }
}

describe.each(Object.entries(RFC_5114))('%s of RFC 5114', (name, group) => {
  const p = BigInt(`0x${group.prime}`)
  const g = BigInt(`0x${group.generator}`)
  const q = BigInt(`0x${group.order}`)
  const number = { modp1024s160: 22, modp2048s224: 23, modp2048s256: 24 }[name]!

  test('has a subgroup of that order, which its generator makes', () => {
    expect((p - 1n) % q).toBe(0n)
    expect(power(g, q, p)).toBe(1n)
    expect(g > 1n).toBe(true)
    // Fermat, to the base 2: a wrong digit anywhere would show.
    expect(power(2n, p - 1n, p)).toBe(1n)
    expect(power(2n, q - 1n, q)).toBe(1n)
  })

  test('gives g to the power of what chance gave', () => {
    const chance = witness('x')
    const { publicValue } = openKeyExchange(number, chance)!
    const x = numberOf(chance.last)
    expect(x < q).toBe(true)
    expect(numberOf(publicValue)).toBe(power(g, x, p))
  })

  test('refuses a value outside of the subgroup (RFC 6989 §2.2)', () => {
    const a = openKeyExchange(number, rngFrom('a'))!
    const peer = openKeyExchange(number, rngFrom('b'))!.publicValue
    // p − y has twice the order of y.
    const negative = (p - numberOf(peer)).toString(16).padStart(peer.length * 2, '0')
    expect(a.shared(peer)).toBeDefined()
    expect(a.shared(fromHex(negative))).toBeUndefined()
  })
})

test('group 14 gives 2 to the power of what chance gave, its highest bit set', () => {
  const chance = witness('x')
  const { publicValue } = openKeyExchange(14, chance)!
  chance.last[0]! |= 0x80
  // RFC 3526 §3: 2^2048 − 2^1984 − 1 + 2^64 · ([2^1918 π] + 124476), of which the ends are known without π.
  const p = primeOf14()
  expect(toHex(p).startsWith('ffffffffffffffffc90fdaa22168c234')).toBe(true)
  expect(toHex(p).endsWith('15728e5a8aacaa68ffffffffffffffff')).toBe(true)
  expect(numberOf(publicValue)).toBe(power(2n, numberOf(chance.last), numberOf(p)))
})

/** From its definition: digits of π by Machin's formula, in fixed point. */
function primeOf14(): Uint8Array {
  const unit = 1n << 2100n
  const arctan = (inverse: bigint): bigint => {
    let term = unit / inverse
    let sum = term
    for (let n = 3n; term !== 0n; n += 2n) {
      term = -term / (inverse * inverse)
      sum += term / n
    }
    return sum
  }
  const pi = 4n * (4n * arctan(5n) - arctan(239n))
  const digits = pi >> (2100n - 1918n)
  const p = (1n << 2048n) - (1n << 1984n) - 1n + (1n << 64n) * (digits + 124476n)
  return fromHex(p.toString(16))
}

// ── examples of the RFCs ──

test('group 19: the example of RFC 5903 §8.1', () => {
  const i = fromHex('c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433')
  const r = fromHex('c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53')
  const initiator = openKeyExchange(19, givenBytes(i))!
  const responder = openKeyExchange(19, givenBytes(r))!
  expect(toHex(initiator.publicValue)).toBe(
    'dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180' +
      '5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3',
  )
  expect(toHex(responder.publicValue)).toBe(
    'd12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63' +
      '56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab',
  )
  const shared = 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de'
  expect(toHex(initiator.shared(responder.publicValue)!)).toBe(shared)
})

test('group 31: the example of RFC 7748 §6.1', () => {
  const a = fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')
  const b = fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb')
  const alice = openKeyExchange(31, givenBytes(a))!
  const bob = openKeyExchange(31, givenBytes(b))!
  expect(toHex(alice.publicValue)).toBe(
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  )
  expect(toHex(bob.publicValue)).toBe(
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  )
  expect(toHex(alice.shared(bob.publicValue)!)).toBe(
    '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  )
})

test('an exchange shows its group and its public value, and no more', () => {
  const exchange = openKeyExchange(19, rngFrom('a'))!
  expect(Object.keys(exchange).sort()).toEqual(['group', 'publicValue', 'shared'])
})
