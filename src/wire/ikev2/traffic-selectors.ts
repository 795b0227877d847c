/**
 * Traffic selectors (RFC 7296 §3.13.1). Not narrowing: what a selector covers is the engine's business.
 */
import type { Ipv4 } from '../../base/address.ts'
import { concat, setU32 } from '../../base/bytes.ts'
import type { Reader } from '../codec.ts'
import { u16Bytes, u8Bytes } from './fields.ts'
import { TrafficSelectorType } from './numbers.ts'

export type TrafficSelector =
  | (Ports & { readonly kind: 'ipv4'; readonly start: Ipv4; readonly end: Ipv4 })
  /** 16 bytes each. */
  | (Ports & { readonly kind: 'ipv6'; readonly start: Uint8Array; readonly end: Uint8Array })
  /** `data`: what follows Selector Length. */
  | UnknownSelector

interface Ports {
  /** IP protocol; 0: any. */
  readonly protocol: number
  /** Of ICMP: type in the high octet, code in the low (RFC 7296 §3.13.1). */
  readonly startPort: number
  readonly endPort: number
}

interface UnknownSelector {
  readonly kind: 'unknown'
  readonly type: number
  /** The octet that is the protocol in the others. */
  readonly protocol: number
  readonly data: Uint8Array
}

/** Type, protocol, length. */
const HEADER_BYTES = 4
const IPV4_BYTES = 16
const IPV6_BYTES = 40
const IPV6_ADDRESS_BYTES = 16

/** One selector. Of a type that has addresses its length must be theirs. */
export function readTrafficSelector(r: Reader): TrafficSelector {
  const type = r.u8('TS Type', 'RFC 7296 §3.13.1')
  const protocol = r.u8('IP Protocol ID', 'RFC 7296 §3.13.1')
  const length = r.u16('Selector Length', 'RFC 7296 §3.13.1')
  const expected = lengthOf(type)
  if (length < HEADER_BYTES || (expected !== undefined && length !== expected)) {
    r.reject('bad-value', 'Selector Length', 'RFC 7296 §3.13.1')
  }
  if (expected === undefined) {
    const data = r.take(length - HEADER_BYTES, 'Selector Length', 'RFC 7296 §3.13.1')
    return { kind: 'unknown', type, protocol, data }
  }
  const startPort = r.u16('Start Port', 'RFC 7296 §3.13.1')
  const endPort = r.u16('End Port', 'RFC 7296 §3.13.1')
  const ports = { protocol, startPort, endPort }
  if (type === TrafficSelectorType.TS_IPV4_ADDR_RANGE) {
    const start = r.u32('Starting Address', 'RFC 7296 §3.13.1') as Ipv4
    const end = r.u32('Ending Address', 'RFC 7296 §3.13.1') as Ipv4
    return { kind: 'ipv4', ...ports, start, end }
  }
  const start = r.take(IPV6_ADDRESS_BYTES, 'Starting Address', 'RFC 7296 §3.13.1')
  const end = r.take(IPV6_ADDRESS_BYTES, 'Ending Address', 'RFC 7296 §3.13.1')
  return { kind: 'ipv6', ...ports, start, end }
}

const lengthOf = (type: number): number | undefined => {
  if (type === TrafficSelectorType.TS_IPV4_ADDR_RANGE) return IPV4_BYTES
  return type === TrafficSelectorType.TS_IPV6_ADDR_RANGE ? IPV6_BYTES : undefined
}

/** Throws RangeError for what does not fit its field, an unknown selector of a known type among it. */
export function trafficSelectorBytes(selector: TrafficSelector): Uint8Array {
  const body = bodyOf(selector)
  const type = typeOf(selector)
  const length = HEADER_BYTES + body.length
  const expected = lengthOf(type)
  if ((expected === undefined) !== (selector.kind === 'unknown') || length !== (expected ?? length))
    throw new RangeError(`a traffic selector of type ${type} is not ${selector.kind}, ${length} B`)
  return concat(
    u8Bytes(type, 'TS Type'),
    u8Bytes(selector.protocol, 'IP Protocol ID'),
    u16Bytes(length, 'Selector Length'),
    body,
  )
}

const typeOf = (selector: TrafficSelector): number => {
  if (selector.kind === 'unknown') return selector.type
  return selector.kind === 'ipv4'
    ? TrafficSelectorType.TS_IPV4_ADDR_RANGE
    : TrafficSelectorType.TS_IPV6_ADDR_RANGE
}

function bodyOf(selector: TrafficSelector): Uint8Array {
  if (selector.kind === 'unknown') return selector.data
  const ports = [u16Bytes(selector.startPort, 'Start Port'), u16Bytes(selector.endPort, 'End Port')]
  if (selector.kind === 'ipv6') return concat(...ports, selector.start, selector.end)
  const addresses = new Uint8Array(8)
  setU32(addresses, 0, selector.start)
  setU32(addresses, 4, selector.end)
  return concat(...ports, addresses)
}
