/**
 * The key exchanges of IKEv2 by the number of their group: MODP (RFC 2409 §6, RFC 3526, RFC 5114), ECP (RFC 5903), Curve25519 (RFC 8031).
 * Not a source of strong secrets: private values come from the lab's chance, so that a run repeats. The arithmetic is OpenSSL's.
 */
import {
  createDiffieHellman,
  createECDH,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  getDiffieHellman,
  type DiffieHellman,
} from 'node:crypto'
import { concat, equalBytes, fromHex, withoutBuffer } from '../../base/bytes.ts'
import { remember } from '../../base/remember.ts'
import type { Rng } from '../../base/rng.ts'
import { ECP_CURVES, type EcpCurve } from './curves.ts'
import { RFC_5114 } from './rfc5114.ts'

/** One side of an exchange, with a private value of its own. */
export interface KeyExchange {
  readonly group: number
  /** What a KE payload carries, as long as the group says (RFC 7296 §3.4). */
  readonly publicValue: Uint8Array
  /** g^ir, as long as the group's field. Undefined: the peer's value is none of the group's (RFC 6989 §2, RFC 8031 §2). */
  shared(peer: Uint8Array): Uint8Array | undefined
}

type Opener = (rng: Rng) => Omit<KeyExchange, 'group'>

/** What OpenSSL makes of it; undefined where it refuses the peer's bytes, for which it throws errors of many names. */
function accepted(compute: () => Uint8Array): Uint8Array | undefined {
  try {
    return withoutBuffer(compute())
  } catch {
    return undefined
  }
}

/** A number in 1 … order − 1, as long as the order. Both big-endian. */
function scalarBelow(order: Uint8Array, rng: Rng): Uint8Array {
  // Bits above the order's highest one would only be drawn in vain: P-521 fills one of eight.
  const mask = 0xff >>> Math.clz32(order[0]! << 24)
  for (;;) {
    const scalar = rng.bytes(order.length)
    scalar[0] = scalar[0]! & mask
    if (Buffer.compare(scalar, order) < 0 && scalar.some((byte) => byte !== 0)) return scalar
  }
}

// ── MODP ──

interface ModpGroup {
  readonly prime: Uint8Array
  readonly generator: Uint8Array
  /** Of the subgroup of RFC 5114; the other primes are safe ones. */
  readonly order?: Uint8Array
  /** At least twice the strength of the group (RFC 3526 §8): a full one costs up to fifteen times as much, for nothing. */
  readonly exponentBytes: number
}

const safe = (name: string, exponentBytes: number) => (): ModpGroup => ({
  prime: withoutBuffer(getDiffieHellman(name).getPrime()),
  generator: Uint8Array.of(2),
  exponentBytes,
})

const small =
  ({ prime, generator, order }: Record<'prime' | 'generator' | 'order', string>) =>
  (): ModpGroup => ({
    prime: fromHex(prime),
    generator: fromHex(generator),
    order: fromHex(order),
    exponentBytes: order.length / 2,
  })

const MODP = new Map<number, () => ModpGroup>([
  [1, safe('modp1', 32)],
  [2, safe('modp2', 32)],
  [5, safe('modp5', 32)],
  [14, safe('modp14', 32)],
  [15, safe('modp15', 40)],
  [16, safe('modp16', 40)],
  [22, small(RFC_5114.modp1024s160)],
  [23, small(RFC_5114.modp2048s224)],
  [24, small(RFC_5114.modp2048s256)],
])

/** `base` to the power of `exponent`, as long as the prime. Undefined: OpenSSL refuses the base, or the result is 1 or p − 1. */
type Power = (base: Uint8Array, exponent: Uint8Array) => Uint8Array | undefined

/** One object for all exchanges of a group: OpenSSL tests a prime that it does not know for being one, which takes 20 ms and more. */
function powerOf({ prime, generator }: ModpGroup): Power {
  const field: DiffieHellman = createDiffieHellman(Buffer.from(prime), Buffer.from(generator))
  return (base, exponent) =>
    accepted(() => {
      field.setPrivateKey(exponent)
      return padded(field.computeSecret(base), prime.length)
    })
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes
  return concat(new Uint8Array(length - bytes.length), bytes)
}

/** The number one more, or one less, without a carry out of the last byte: primes are odd, and so are orders. */
function withLast(bytes: Uint8Array, by: 1 | -1): Uint8Array {
  const out = Uint8Array.from(bytes)
  out[out.length - 1]! += by
  return out
}

function modpOpener(group: ModpGroup): Opener {
  const { prime, generator, order } = group
  const power = powerOf(group)
  const one = padded(Uint8Array.of(1), prime.length)
  const last = withLast(prime, -1)
  const isMember = (y: Uint8Array): boolean => {
    if (y.length !== prime.length) return false
    if (Buffer.compare(y, one) <= 0 || Buffer.compare(y, last) >= 0) return false
    if (order === undefined) return true
    // y^q = 1 (RFC 6989 §2.2), asked as y^(q+1) = y, since OpenSSL has no result of 1.
    const raised = power(y, withLast(order, 1))
    return raised !== undefined && equalBytes(raised, y)
  }
  return (rng) => {
    const secret = order === undefined ? rng.bytes(group.exponentBytes) : scalarBelow(order, rng)
    // The highest bit of a short exponent is set, as OpenSSL does: its length is part of the group.
    if (order === undefined) secret[0] = secret[0]! | 0x80
    return {
      publicValue: power(generator, secret)!,
      shared: (peer) => (isMember(peer) ? power(peer, secret) : undefined),
    }
  }
}

// ── elliptic curves ──

const UNCOMPRESSED = Uint8Array.of(4)

/** x and y without the octet that says so, and the x of the common point (RFC 5903 §7). */
const ecpOpener =
  ({ name, order }: EcpCurve): Opener =>
  (rng) => {
    const ecdh = createECDH(name)
    ecdh.setPrivateKey(scalarBelow(order, rng))
    const publicValue = withoutBuffer(ecdh.getPublicKey().subarray(1))
    return {
      publicValue,
      shared: (peer) =>
        peer.length === publicValue.length
          ? accepted(() => ecdh.computeSecret(concat(UNCOMPRESSED, peer)))
          : undefined,
    }
  }

const X25519_BYTES = 32
/** Before the 32 bytes of a key: PrivateKeyInfo and SubjectPublicKeyInfo (RFC 8410 §7, §4). */
const X25519_PRIVATE = fromHex('302e020100300506032b656e04220420')
const X25519_PUBLIC = fromHex('302a300506032b656e032100')

const x25519Opener: Opener = (rng) => {
  const der = Buffer.from(concat(X25519_PRIVATE, rng.bytes(X25519_BYTES)))
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    publicValue: withoutBuffer(spki.subarray(-X25519_BYTES)),
    shared(peer) {
      if (peer.length !== X25519_BYTES) return undefined
      // A result of zeros is refused by OpenSSL (RFC 8031 §2).
      return accepted(() => {
        const key = Buffer.from(concat(X25519_PUBLIC, peer))
        const publicKey = createPublicKey({ key, format: 'der', type: 'spki' })
        return diffieHellman({ privateKey, publicKey })
      })
    },
  }
}

// ── by number ──

const X25519 = 31

const openerOf = remember((id: string): Opener => {
  const modp = MODP.get(Number(id))
  if (modp !== undefined) return modpOpener(modp())
  const ecp = ECP_CURVES.get(Number(id))
  return ecp === undefined ? x25519Opener : ecpOpener(ecp)
})

export const isGroup = (group: number): boolean =>
  MODP.has(group) || ECP_CURVES.has(group) || group === X25519

/**
 * An exchange with a private value drawn from `rng`: the same seed gives the same bytes. Undefined: a group that is not known here.
 * The first one of groups 1, 2, 22, 23 and 24 in a process takes up to 0.3 s longer.
 */
export function openKeyExchange(group: number, rng: Rng): KeyExchange | undefined {
  return isGroup(group) ? { group, ...openerOf(String(group))(rng) } : undefined
}
