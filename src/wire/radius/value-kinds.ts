/**
 * The kinds of value that RADIUS attributes have (RFC 2865 §5, RFC 2868 §3, RFC 3162 §2, RFC 8044), and how each is written and read.
 * Not attributes: `attributes.ts` puts these values into packets by the attribute's name.
 */
import { isIpv4, type Address, type Ipv4, type Ipv6, type Prefix } from '../../base/address.ts'
import { concat, fromHex, fromUtf8, setU32, toHex, u32, utf8 } from '../../base/bytes.ts'
import type { Instant } from '../../base/time.ts'

/** RFC 2868 §3: which of several tunnels an attribute belongs to, 1 … 31; 0: to none in particular. */
export interface Tagged<T> {
  readonly tag: number
  readonly value: T
}

/** What each kind of value is in memory. */
export interface RadiusValues {
  /** UTF-8. */
  readonly text: string
  readonly octets: Uint8Array
  /** 0 … 2³² − 1. */
  readonly integer: number
  readonly address: Ipv4
  readonly 'ipv6-address': Ipv6
  readonly 'ipv6-prefix': Prefix<Ipv6>
  /** Whole seconds since the Unix epoch travel. */
  readonly date: Instant
  /** 0 … 2²⁴ − 1 behind a tag. */
  readonly 'tagged-integer': Tagged<number>
  readonly 'tagged-text': Tagged<string>
  /** The tag is always there (RFC 2868 §3.5). */
  readonly 'tagged-octets': Tagged<Uint8Array>
}

export type ValueKind = keyof RadiusValues

/** Number, kind, and whether the value is kept out of traces and reports. */
export type AttributeRow = readonly [type: number, kind: ValueKind, keep?: 'secret']

type Codec<T> = {
  readonly write: (value: T) => Uint8Array
  /** Undefined: these bytes are no such value. */
  readonly read: (bytes: Uint8Array) => T | undefined
}

const TAG_MAX = 0x1f
const UINT32 = 2 ** 32
const UINT24 = 2 ** 24

function writeU32(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value >= UINT32) {
    throw new RangeError(`${value} is not a whole number of 32 bits`)
  }
  const out = new Uint8Array(4)
  setU32(out, 0, value)
  return out
}

const readU32 = (bytes: Uint8Array): number | undefined =>
  bytes.length === 4 ? u32(bytes, 0) : undefined

function withTag(tag: number, rest: Uint8Array): Uint8Array {
  if (!Number.isInteger(tag) || tag < 0 || tag > TAG_MAX) {
    throw new RangeError(`a tag is 0 … ${TAG_MAX}, not ${tag}`)
  }
  return concat(Uint8Array.of(tag), rest)
}

const writeIpv6 = (address: Address): Uint8Array =>
  fromHex(isIpv4(address) ? '' : address.toString(16).padStart(32, '0'))

const ipv6From = (bytes: Uint8Array): Ipv6 => BigInt(`0x${toHex(bytes)}`) as Ipv6

/** RFC 3162 §2.3: reserved, the length, and as many octets of the prefix as the sender likes. */
function readIpv6Prefix(bytes: Uint8Array): Prefix<Ipv6> | undefined {
  const length = bytes[1]
  if (length === undefined || length > 128 || bytes.length > 18) return undefined
  if (bytes.length - 2 < Math.ceil(length / 8)) return undefined
  const padded = new Uint8Array(16)
  padded.set(bytes.subarray(2))
  const host = BigInt(128 - length)
  return { address: ((ipv6From(padded) >> host) << host) as Ipv6, length }
}

const writeIpv6Prefix = ({ address, length }: Prefix<Ipv6>): Uint8Array =>
  concat(Uint8Array.of(0, length), writeIpv6(address).subarray(0, Math.ceil(length / 8)))

/** RFC 2868 §3.3: a first octet above 0x1f is no tag but the text's own. */
function readTaggedText(bytes: Uint8Array): Tagged<string> {
  const [first] = bytes
  return first !== undefined && first <= TAG_MAX
    ? { tag: first, value: fromUtf8(bytes.subarray(1)) }
    : { tag: 0, value: fromUtf8(bytes) }
}

export const VALUE_CODECS: { readonly [K in ValueKind]: Codec<RadiusValues[K]> } = {
  text: { write: utf8, read: fromUtf8 },
  octets: { write: (value) => value, read: (bytes) => bytes },
  integer: { write: writeU32, read: readU32 },
  address: { write: writeU32, read: (bytes) => readU32(bytes) as Ipv4 | undefined },
  'ipv6-address': {
    write: writeIpv6,
    read: (bytes) => (bytes.length === 16 ? ipv6From(bytes) : undefined),
  },
  'ipv6-prefix': { write: writeIpv6Prefix, read: readIpv6Prefix },
  date: {
    write: (at) => writeU32(Math.floor(at / 1e6)),
    read(bytes) {
      const seconds = readU32(bytes)
      return seconds === undefined ? undefined : ((seconds * 1e6) as Instant)
    },
  },
  'tagged-integer': {
    write({ tag, value }) {
      if (value >= UINT24) throw new RangeError(`${value} does not fit the 24 bits behind a tag`)
      return withTag(tag, writeU32(value).subarray(1))
    },
    read: (bytes) =>
      bytes.length === 4 ? { tag: bytes[0]!, value: u32(bytes, 0) % UINT24 } : undefined,
  },
  'tagged-text': {
    // A text without a tag goes without, unless its own first octet would read as one.
    write: ({ tag, value }) =>
      tag === 0 && value >= ' ' ? utf8(value) : withTag(tag, utf8(value)),
    read: readTaggedText,
  },
  'tagged-octets': {
    write: ({ tag, value }) => withTag(tag, value),
    read: (bytes) =>
      bytes.length === 0 ? undefined : { tag: bytes[0]!, value: bytes.subarray(1) },
  },
}
