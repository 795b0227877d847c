/**
 * Frames without what the platform's own randomness put there, for digests that are equal in every run of one seed. The closed list:
 *
 * - a TCP connection that speaks TLS, or has a port that always does: its data, and its checksum;
 * - RADIUS (UDP 1812, 1813, 1645, 1646): the authenticator but for that of a request for access (the seed gives it), Message-Authenticator, the
 *   keys of MS-MPPE-Send-Key and MS-MPPE-Recv-Key after their salt, what follows type, flags and length of an EAP method built on TLS, and the
 *   checksum of UDP;
 * - IKE: what is in the Encrypted payload, or a fragment of it, since EAP in there is built on TLS, and AUTH on its keys; and the checksum of UDP;
 * - ESP, in UDP or not: what is behind its sequence number, since what is in there may be TLS; and the checksum of UDP;
 * - fragments of UDP, TCP and ESP but the first: their data, since nothing in them says whose they are;
 * - a packet that an ICMP error quotes: the same of what it quotes, and the checksum of ICMP.
 *
 * They count by their length. Not a filter of the trace itself: captures have every byte. RFC 2865, RFC 2548 §2.4, RFC 3579, RFC 5216 §3.1,
 * RFC 7296 §3.14, RFC 7383 §2.5, RFC 4303 §2.
 */
import { u16, u32 } from '../base/bytes.ts'
import { ESP_HEADER_BYTES } from '../wire/esp.ts'
import { ETHER_TYPE, ETHERNET_HEADER, etherTypeOf, VLAN_TAG } from '../wire/ethernet.ts'
import { ICMP_HEADER, isIcmpError } from '../wire/icmp.ts'
import {
  IKE_HEADER_BYTES,
  IKE_PORT,
  NAT_T_PORT,
  NON_ESP_MARKER_BYTES,
} from '../wire/ikev2/header.ts'
import { IkePayloadType } from '../wire/ikev2/numbers.ts'
import {
  destinationOf,
  fragmentOffsetOf,
  headerLengthOf,
  IPV4_HEADER,
  PROTOCOL,
  protocolOf,
  sourceOf,
  totalLengthOf,
} from '../wire/ipv4.ts'
import { RADIUS_HEADER_BYTES, RadiusCode } from '../wire/radius/packet.ts'
import { TCP_HEADER_BYTES, TcpFlag } from '../wire/tcp.ts'
import { UDP_HEADER } from '../wire/udp.ts'

const RADIUS_PORTS: ReadonlySet<number> = new Set([1812, 1813, 1645, 1646])
/** HTTPS and SSTP, LDAPS, the global catalog over TLS. */
const TLS_PORTS: ReadonlySet<number> = new Set([443, 636, 3269])

const EAP_MESSAGE = 79
const MESSAGE_AUTHENTICATOR = 80
const VENDOR_SPECIFIC = 26
const MICROSOFT = 311
const MS_MPPE_SEND_KEY = 16
const MS_MPPE_RECV_KEY = 17
/** EAP-TLS, EAP-TTLS, PEAP, EAP-FAST, TEAP: type, then flags, then the length where the L bit says so. */
const EAP_TLS_TYPES: ReadonlySet<number> = new Set([13, 21, 25, 43, 55])
const EAP_HEADER = 4
const EAP_LENGTH_INCLUDED = 0x80

const IKE_NEXT_PAYLOAD_AT = 16
/** Next Payload, flags and length of a payload; of a fragment its number and the total, too. */
const PAYLOAD_HEADER = 4
const FRAGMENT_HEADER = 8

const UDP_CHECKSUM_AT = 6
const TCP_CHECKSUM_AT = 16

/** Their later fragments are data alone. */
const OPAQUE_FRAGMENTS: ReadonlySet<number> = new Set([PROTOCOL.udp, PROTOCOL.tcp, PROTOCOL.esp])

/** Ranges to blank, `[from, to)`, as offsets into the frame. */
type Ranges = [number, number][]

/**
 * A function of a trace's frames in their order: it knows a TLS connection by its ClientHello. A frame with nothing to blank comes back itself,
 * any other as a copy with zeros.
 */
export function repeatableFrames(): (frame: Uint8Array) => Uint8Array {
  const reader = new Reader()
  return (frame) => {
    const ranges = reader.rangesOf(frame)
    if (ranges.length === 0) return frame
    const out = new Uint8Array(frame)
    for (const [from, to] of ranges) out.fill(0, from, to)
    return out
  }
}

class Reader {
  /** TCP connections, named alike from both ends, that began a TLS handshake. */
  readonly #tls = new Set<string>()

  rangesOf(frame: Uint8Array): Ranges {
    const ranges: Ranges = []
    const at = ipOffsetOf(frame)
    // Also where the header's checksum is wrong: what is behind it is no less random.
    if (at !== undefined && isIpv4(frame, at, frame.length)) {
      this.#packet(frame, at, Math.min(at + totalLengthOf(frame, at), frame.length), ranges)
    }
    return ranges
  }

  /** `end` is where the packet ends, or what is quoted of it. */
  #packet(b: Uint8Array, at: number, end: number, ranges: Ranges): void {
    const protocol = protocolOf(b, at)
    const start = at + headerLengthOf(b, at)
    if (OPAQUE_FRAGMENTS.has(protocol) && fragmentOffsetOf(b, at) > 0) ranges.push([start, end])
    else if (protocol === PROTOCOL.udp) udpRanges(b, start, end, ranges)
    else if (protocol === PROTOCOL.tcp) this.#tcp(b, at, end, ranges)
    else if (protocol === PROTOCOL.esp) from(start + ESP_HEADER_BYTES, end, ranges)
    else if (protocol === PROTOCOL.icmp) this.#icmp(b, start, end, ranges)
  }

  #tcp(b: Uint8Array, at: number, end: number, ranges: Ranges): void {
    const start = at + headerLengthOf(b, at)
    if (start + 8 > end) return
    const ports = [u16(b, start), u16(b, start + 2)] as const
    const key = flowKey(`${sourceOf(b, at)}:${ports[0]}`, `${destinationOf(b, at)}:${ports[1]}`)
    const isWhole = start + TCP_HEADER_BYTES <= end
    const data = isWhole ? start + (b[start + 12]! >> 4) * 4 : start + 8
    if (isWhole) this.#learn(key, b, { flags: b[start + 13]!, data, end })
    if (!this.#tls.has(key) && !ports.some((port) => TLS_PORTS.has(port))) return
    from(data, end, ranges)
    if (data < end && isWhole) ranges.push([start + TCP_CHECKSUM_AT, start + TCP_CHECKSUM_AT + 2])
  }

  #learn(
    key: string,
    b: Uint8Array,
    segment: { readonly flags: number; readonly data: number; readonly end: number },
  ): void {
    const { flags, data, end } = segment
    // The same ports may be used again, for something else.
    if ((flags & TcpFlag.syn) !== 0) this.#tls.delete(key)
    // A handshake record of TLS with a ClientHello in it.
    if (data + 6 <= end && b[data] === 22 && b[data + 1] === 3 && b[data + 5] === 1) {
      this.#tls.add(key)
    }
  }

  #icmp(b: Uint8Array, start: number, end: number, ranges: Ranges): void {
    const quoted = start + ICMP_HEADER
    if (start >= end || !isIcmpError(b[start]!) || !isIpv4(b, quoted, end)) return
    const inner: Ranges = []
    if (protocolOf(b, quoted) !== PROTOCOL.icmp) this.#packet(b, quoted, end, inner)
    if (inner.length > 0) ranges.push([start + 2, start + 4], ...inner)
  }
}

const flowKey = (one: string, other: string): string =>
  one < other ? `${one} ${other}` : `${other} ${one}`

/** Whether a header of IPv4 begins at `at`, as far as its own length goes. */
const isIpv4 = (b: Uint8Array, at: number, end: number): boolean =>
  at + IPV4_HEADER <= end &&
  b[at]! >> 4 === 4 &&
  headerLengthOf(b, at) >= IPV4_HEADER &&
  at + headerLengthOf(b, at) <= end

function ipOffsetOf(frame: Uint8Array): number | undefined {
  if (frame.length < ETHERNET_HEADER + VLAN_TAG) return undefined
  const type = etherTypeOf(frame)
  if (type === ETHER_TYPE.ipv4) return ETHERNET_HEADER
  const isTagged = type === ETHER_TYPE.vlan
  if (!isTagged || u16(frame, ETHERNET_HEADER + 2) !== ETHER_TYPE.ipv4) return undefined
  return ETHERNET_HEADER + VLAN_TAG
}

function udpRanges(b: Uint8Array, start: number, end: number, ranges: Ranges): void {
  if (start + UDP_HEADER > end) return
  const ports = [u16(b, start), u16(b, start + 2)]
  const rangesOf = ports.some((port) => RADIUS_PORTS.has(port))
    ? radiusRanges
    : ports.includes(NAT_T_PORT)
      ? natTRanges
      : ports.includes(IKE_PORT)
        ? ikeRanges
        : undefined
  if (rangesOf === undefined) return
  // Also where a quote ends before what the checksum is of.
  ranges.push([start + UDP_CHECKSUM_AT, start + UDP_HEADER])
  rangesOf(b, start + UDP_HEADER, end, ranges)
}

/** IKE behind its marker, or ESP (RFC 3948 §2). */
function natTRanges(b: Uint8Array, start: number, end: number, ranges: Ranges): void {
  if (start + NON_ESP_MARKER_BYTES > end) return
  if (u32(b, start) === 0) ikeRanges(b, start + NON_ESP_MARKER_BYTES, end, ranges)
  else from(start + ESP_HEADER_BYTES, end, ranges)
}

/** What is encrypted is the only payload, or the last of few: as peers send it, the first. */
function ikeRanges(b: Uint8Array, start: number, end: number, ranges: Ranges): void {
  const body = start + IKE_HEADER_BYTES
  if (body > end) return
  const first = b[start + IKE_NEXT_PAYLOAD_AT]
  if (first === IkePayloadType.SK) from(body + PAYLOAD_HEADER, end, ranges)
  else if (first === IkePayloadType.SKF) from(body + FRAGMENT_HEADER, end, ranges)
}

/** The rest, where there is one. */
function from(at: number, end: number, ranges: Ranges): void {
  if (at < end) ranges.push([at, end])
}

function radiusRanges(b: Uint8Array, start: number, end: number, ranges: Ranges): void {
  if (start + RADIUS_HEADER_BYTES > end) return
  const code = b[start]!
  if (code !== RadiusCode.accessRequest && code !== RadiusCode.statusServer) {
    ranges.push([start + 4, start + RADIUS_HEADER_BYTES])
  }
  // An EAP packet goes on from one attribute to the next (RFC 3579 §3.1).
  let isTlsData = false
  let isFirst = true
  for (let at = start + RADIUS_HEADER_BYTES; at + 2 <= end;) {
    const type = b[at]!
    const value = at + 2
    const next = Math.min(at + Math.max(b[at + 1]!, 2), end)
    if (type === MESSAGE_AUTHENTICATOR) ranges.push([value, next])
    else if (type === VENDOR_SPECIFIC) vendorRanges(b, value, next, ranges)
    else if (type === EAP_MESSAGE) {
      const from = isFirst ? eapDataAt(b, value, next) : value
      isTlsData = isFirst ? from !== undefined : isTlsData
      if (isTlsData && from !== undefined && from < next) ranges.push([from, next])
      isFirst = false
    }
    at = next
  }
}

/** Where the data of a method built on TLS begins; undefined: it is none. */
function eapDataAt(b: Uint8Array, value: number, next: number): number | undefined {
  const type = value + EAP_HEADER
  if (type + 2 > next || !EAP_TLS_TYPES.has(b[type]!)) return undefined
  return type + 2 + ((b[type + 1]! & EAP_LENGTH_INCLUDED) === 0 ? 0 : 4)
}

function vendorRanges(b: Uint8Array, value: number, next: number, ranges: Ranges): void {
  // Vendor-Id, Vendor-Type, Vendor-Length, and two bytes of salt, which the seed gives.
  const key = value + 8
  if (key >= next || u16(b, value) !== 0 || u16(b, value + 2) !== MICROSOFT) return
  if (b[value + 4] === MS_MPPE_SEND_KEY || b[value + 4] === MS_MPPE_RECV_KEY) {
    ranges.push([key, next])
  }
}
