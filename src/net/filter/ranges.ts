/**
 * Sets of addresses and ports as sorted, disjoint, inclusive ranges: what every prefix, negation and port list comes down to.
 * Not a parser of topologies: text that is no prefix is a RangeError, because `topology/validate.ts` has seen it before.
 */
import { broadcastOf, maskOf, parseIpv4, type Ipv4 } from '../../base/address.ts'
import type { PortMatch, PrefixMatch } from '../../topology/firewall.ts'

/** from, to, from, to, … both inclusive, ascending, with gaps between. Empty: nothing. */
export type Ranges = Uint32Array

export function inRanges(ranges: Ranges, value: number): boolean {
  for (let i = 0; i < ranges.length; i += 2)
    if (value >= ranges[i]! && value <= ranges[i + 1]!) return true
  return false
}

type Pair = readonly [from: number, to: number]

function union(pairs: readonly Pair[]): Ranges {
  const out: number[] = []
  for (const [from, to] of pairs.toSorted((a, b) => a[0] - b[0])) {
    const last = out.length - 1
    if (last > 0 && from <= out[last]! + 1) out[last] = Math.max(out[last]!, to)
    else out.push(from, to)
  }
  return Uint32Array.from(out)
}

function prefixPair(text: string): Pair {
  const [address, length = '32'] = text.split('/')
  const from = parseIpv4(address!)
  const bits = Number(length)
  if (from === undefined || !(bits >= 0 && bits <= 32))
    throw new RangeError(`'${text}' is not an IPv4 prefix such as 10.0.0.0/8 or 10.0.0.6`)
  const network = ((from & maskOf(bits)) >>> 0) as Ipv4
  return [network, broadcastOf({ address: network, length: bits })]
}

const complement = ([from, to]: Pair): readonly Pair[] => [
  ...(from > 0 ? [[0, from - 1] as const] : []),
  ...(to < 0xffffffff ? [[to + 1, 0xffffffff] as const] : []),
]

/** Everything that one of the entries matches. */
export function addressRanges(match: PrefixMatch | readonly PrefixMatch[]): Ranges {
  const entries = typeof match === 'string' ? [match] : match
  return union(
    entries.flatMap((entry) =>
      entry.startsWith('!') ? complement(prefixPair(entry.slice(1).trim())) : [prefixPair(entry)],
    ),
  )
}

/** An empty list means every port: undefined. */
export function portRanges(ports: readonly PortMatch[] | undefined): Ranges | undefined {
  if (ports === undefined || ports.length === 0) return undefined
  return union(ports.map((port) => (typeof port === 'number' ? [port, port] : port)))
}
