/**
 * Object identifiers between their dotted form and their contents octets (X.690 §8.19).
 * Not names: {@link ./oids.ts} has those.
 */
import { ATTRIBUTE_OIDS, EKU_OIDS, OID } from './oids.ts'

/** The contents octets of `dotted`, which has at least two arcs, as in `2.5.29.20`. */
export function encodeOid(dotted: string): Uint8Array {
  const [root = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const octets = [root * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc % 128]
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) {
      groups.unshift(0x80 | (high % 128))
    }
    return groups
  })
  return Uint8Array.from(octets)
}

interface KnownOid {
  readonly octets: Uint8Array
  readonly dotted: string
}

// A chain carries some fifty identifiers, nearly all of them from a short list: to recognise one is five times faster than to write
// it out, and what looks it up by its text finds the very same string. By a hash of the octets.
const known = new Map<number, KnownOid>()
for (const names of [OID, EKU_OIDS, ATTRIBUTE_OIDS]) {
  for (const dotted of Object.values(names)) {
    const octets = encodeOid(dotted)
    known.set(hash(octets), { octets, dotted })
  }
}

function hash(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let value = to - from
  for (let at = from; at < to; at++) value = (value * 31 + bytes[at]!) | 0
  return value
}

/** The dotted form of the contents octets between `from` and `to`; undefined when they are no OBJECT IDENTIFIER. */
export function decodeOid(bytes: Uint8Array, from: number, to: number): string | undefined {
  const candidate = known.get(hash(bytes, from, to))
  return candidate !== undefined && standsAt(candidate.octets, bytes, from, to)
    ? candidate.dotted
    : writeOut(bytes.subarray(from, to))
}

function standsAt(octets: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== octets.length) return false
  for (let at = from; at < to; at++) if (bytes[at] !== octets[at - from]) return false
  return true
}

function writeOut(octets: Uint8Array): string | undefined {
  if (octets.length === 0 || octets.at(-1)! >= 0x80) return undefined
  const arcs: number[] = []
  let value = 0
  let begun = false
  for (const octet of octets) {
    // A leading 80 pads the arc (X.690 §8.19.2).
    if (!begun && octet === 0x80) return undefined
    value = value * 128 + (octet & 0x7f)
    if (value > Number.MAX_SAFE_INTEGER) return undefined
    begun = octet >= 0x80
    if (begun) continue
    arcs.push(value)
    value = 0
  }
  const [first = 0, ...rest] = arcs
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - 40 * root, ...rest].join('.')
}
