/**
 * ECDSA whose signatures repeat: the random number of each follows from key and message (RFC 6979). The platform draws it anew every time, and a lab would
 * send other bytes with the same seed. Not for verification, and not proof against whoever measures its time.
 */
import { createECDH, createHmac, hash, type KeyObject } from 'node:crypto'
import { concat, fromHex, toHex } from '../../base/bytes.ts'
import type { EcpCurve } from './curves.ts'

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`)
const bytesOf = (value: bigint, length: number): Uint8Array =>
  fromHex(value.toString(16).padStart(length * 2, '0'))

interface Field {
  readonly curve: EcpCurve
  readonly n: bigint
  /** Bits and bytes of n. */
  readonly bits: number
  readonly bytes: number
}

function fieldOf(curve: EcpCurve): Field {
  const n = numberOf(curve.order)
  return { curve, n, bits: n.toString(2).length, bytes: curve.order.length }
}

/** bits2int (RFC 6979 §2.3.2): the leftmost bits, as many as the order has. */
function leftmost(bytes: Uint8Array, { bits }: Field): bigint {
  const excess = bytes.length * 8 - bits
  return excess > 0 ? numberOf(bytes) >> BigInt(excess) : numberOf(bytes)
}

/** Numbers k in 1 … n − 1, one after another (RFC 6979 §3.2). */
function* nonces(digest: string, field: Field, d: Uint8Array, h: Uint8Array): Generator<bigint> {
  const reduced = bytesOf(leftmost(h, field) % field.n, field.bytes)
  const mac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array =>
    createHmac(digest, key)
      .update(concat(...parts))
      .digest()
  let v: Uint8Array = new Uint8Array(h.length).fill(1)
  let key: Uint8Array = new Uint8Array(h.length)
  for (const step of [0, 1]) {
    key = mac(key, v, Uint8Array.of(step), d, reduced)
    v = mac(key, v)
  }
  for (;;) {
    let bytes: Uint8Array = new Uint8Array()
    while (bytes.length * 8 < field.bits) {
      v = mac(key, v)
      bytes = concat(bytes, v)
    }
    const k = leftmost(bytes, field)
    if (k > 0n && k < field.n) yield k
    key = mac(key, v, Uint8Array.of(0))
    v = mac(key, v)
  }
}

function inverse(value: bigint, n: bigint): bigint {
  let [a, b] = [value, n]
  let [x, y] = [1n, 0n]
  while (b !== 0n) {
    const quotient = a / b
    ;[a, b] = [b, a - quotient * b]
    ;[x, y] = [y, x - quotient * y]
  }
  return ((x % n) + n) % n
}

/** r and s, each as long as the order (RFC 4754 §3). `digest` is OpenSSL's name of the hash; `key` is a private one on `curve`. */
export function signEcdsa(
  digest: string,
  octets: Uint8Array,
  key: KeyObject,
  curve: EcpCurve,
): Uint8Array {
  const field = fieldOf(curve)
  const { n, bytes } = field
  const h = hash(digest, octets, 'buffer')
  const d = leftPadded(Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url'), bytes)
  for (const k of nonces(digest, field, d, h)) {
    const point = createECDH(curve.name)
    point.setPrivateKey(bytesOf(k, bytes))
    const x = point.getPublicKey().subarray(1, 1 + (point.getPublicKey().length - 1) / 2)
    const r = numberOf(x) % n
    const s = (inverse(k, n) * (leftmost(h, field) + r * numberOf(d))) % n
    if (r !== 0n && s !== 0n) return concat(bytesOf(r, bytes), bytesOf(s, bytes))
  }
  throw new Error('unreachable: the numbers do not end')
}

const leftPadded = (bytes: Uint8Array, length: number): Uint8Array =>
  concat(new Uint8Array(length - bytes.length), bytes)

/** ECDSA-Sig-Value of r and s (RFC 3279 §2.2.3), as method 14 has it (RFC 7427 §3). */
export function ecdsaDer(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2
  const body = concat(integer(signature.subarray(0, half)), integer(signature.subarray(half)))
  const length = body.length < 128 ? [body.length] : [0x81, body.length]
  return concat(Uint8Array.of(0x30, ...length), body)
}

/** Without leading zeros, but one where the highest bit is set: it would be negative. */
function integer(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0)
  const digits = bytes.subarray(start)
  const sign = digits[0]! & 0x80 ? [0] : []
  return concat(Uint8Array.of(2, sign.length + digits.length, ...sign), digits)
}
