/**
 * IP addresses and prefixes. IPv4 is a uint32 number, IPv6 a 128-bit bigint: both compare with `===`, both are Map keys.
 * Not a resolver. Text is read strictly (RFC 6943 §3.1.1): four decimal octets without leading zeros; RFC 4291 for IPv6.
 */
import { Netmask } from 'netmask'
import { err, ok, type Result } from './result.ts'

declare const family: unique symbol
export type Ipv4 = number & { readonly [family]: 4 }
export type Ipv6 = bigint & { readonly [family]: 6 }
export type Address = Ipv4 | Ipv6

/** `address` has no bits beyond `length`. */
export interface Prefix<A extends Address = Address> {
  readonly address: A
  readonly length: number
}

export const isIpv4 = (address: Address): address is Ipv4 => typeof address === 'number'

export function parseIpv4(text: string): Ipv4 | undefined {
  const m = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (m === null) return undefined
  let value = 0
  for (const octet of m.slice(1)) {
    if (Number(octet) > 255 || (octet.length > 1 && octet.startsWith('0'))) return undefined
    value = value * 256 + Number(octet)
  }
  return value as Ipv4
}

export function parseIpv6(text: string): Ipv6 | undefined {
  // An embedded IPv4 tail (RFC 4291 §2.2, form 3) becomes two groups first.
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  if (tail !== null) {
    const v4 = parseIpv4(tail[2]!)
    if (v4 === undefined) return undefined
    return parseIpv6(`${tail[1]}${(v4 >>> 16).toString(16)}:${(v4 & 0xffff).toString(16)}`)
  }
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, rest] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head!.length - (rest?.length ?? 0)
  if (rest === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [
    ...head!,
    ...Array<string>(rest === undefined ? 0 : missing).fill('0'),
    ...(rest ?? []),
  ]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) as Ipv6
}

export const parseAddress = (text: string): Address | undefined =>
  text.includes(':') ? parseIpv6(text) : parseIpv4(text)

/** For literals in our own code and in tests. Throws RangeError. */
export function ipv4(text: string): Ipv4 {
  const address = parseIpv4(text)
  if (address === undefined) throw new RangeError(`'${text}' is not an IPv4 address`)
  return address
}

export const formatIpv4 = (a: Ipv4): string =>
  `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}`

/** RFC 5952: lower case, the longest run of zero groups as `::`. */
export function formatIpv6(a: Ipv6): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    Number((a >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  )
  const runs = groups.map((_, start) => groups.slice(start).findIndex((g) => g !== '0'))
  const lengths = runs.map((run, start) => (run === -1 ? 8 - start : run))
  const longest = Math.max(...lengths)
  if (longest < 2) return groups.join(':')
  const start = lengths.indexOf(longest)
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + longest).join(':')}`
}

export const formatAddress = (a: Address): string => (isIpv4(a) ? formatIpv4(a) : formatIpv6(a))
export const formatPrefix = (p: Prefix): string => `${formatAddress(p.address)}/${p.length}`

export const maskOf = (length: number): number =>
  length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0

export function prefixContains(p: Prefix, a: Address): boolean {
  if (isIpv4(p.address)) return isIpv4(a) && (a & maskOf(p.length)) >>> 0 === p.address
  return !isIpv4(a) && a >> BigInt(128 - p.length) === p.address >> BigInt(128 - p.length)
}

export const broadcastOf = (p: Prefix<Ipv4>): Ipv4 =>
  ((p.address | ~maskOf(p.length)) >>> 0) as Ipv4

/** An interface address with its prefix length, `192.0.2.10/24`: host bits are the point here. */
export interface InterfaceAddress {
  readonly address: Address
  readonly prefix: Prefix
}

function readSlash(text: string): Result<{ address: Address; length: number }, string> {
  const m = /^([^/]+)\/(\d{1,3})$/.exec(text)
  if (m === null)
    return err(`'${text}' is not an address with a prefix length, such as 10.0.0.0/24`)
  const address = parseAddress(m[1]!)
  if (address === undefined)
    return err(
      `'${m[1]}' is not an IP address (four decimal octets without leading zeros, or IPv6)`,
    )
  const length = Number(m[2])
  const most = isIpv4(address) ? 32 : 128
  return length > most
    ? err(`'${text}' has a prefix length above ${most}`)
    : ok({ address, length })
}

const networkOf = (address: Address, length: number): Address =>
  isIpv4(address)
    ? // netmask reads leniently, so it only ever sees text that the strict parser wrote.
      parseIpv4(new Netmask(`${formatIpv4(address)}/${length}`).base)!
    : (((address >> BigInt(128 - length)) << BigInt(128 - length)) as Ipv6)

/** A prefix such as `10.0.0.0/24`. Host bits are refused, and the message quotes what was meant. */
export function parsePrefix(text: string): Result<Prefix, string> {
  const read = readSlash(text)
  if (!read.ok) return read
  const { address, length } = read.value
  const network = networkOf(address, length)
  if (network !== address) {
    return err(`'${text}' has host bits set; did you mean ${formatAddress(network)}/${length}?`)
  }
  return ok({ address, length })
}

/** A prefix of IPv4 as above; undefined for everything else. */
export function parseIpv4Prefix(text: string): Prefix<Ipv4> | undefined {
  const parsed = parsePrefix(text)
  if (!parsed.ok) return undefined
  const { address, length } = parsed.value
  return isIpv4(address) ? { address, length } : undefined
}

/** An address on a network such as `192.0.2.10/24`. */
export function parseInterfaceAddress(text: string): Result<InterfaceAddress, string> {
  const read = readSlash(text)
  if (!read.ok) return read
  const { address, length } = read.value
  return ok({ address, prefix: { address: networkOf(address, length), length } })
}
