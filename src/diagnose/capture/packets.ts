/**
 * From the frames of a capture to IPv4 packets, fragments put together as far as they are there: what came, which offsets never did. Not the lab's own
 * reassembly (`net/fragments.ts`), which gives up where this must tell; nothing is checked that a sender leaves to its card. RFC 791 §3.2.
 */
import type { Ipv4 } from '../../base/address.ts'
import { concat, u16, u32 } from '../../base/bytes.ts'
import { seconds, type Instant } from '../../base/time.ts'
import type { CaptureFile, ReadFrame } from '../../wire/capture-frames.ts'
import { ETHER_TYPE } from '../../wire/ethernet.ts'
import {
  destinationOf,
  fragmentOffsetOf,
  hasMoreFragments,
  headerFault,
  headerLengthOf,
  identificationOf,
  IPV4_HEADER,
  IPV4_LENGTH_MAX,
  mayFragment,
  PROTOCOL,
  protocolOf,
  sourceOf,
  totalLengthOf,
  ttlOf,
} from '../../wire/ipv4.ts'

/** A fragment, or a packet that is whole: what part of the payload, in which frame. */
export interface Piece {
  readonly frame: number
  readonly start: number
  readonly end: number
}

/** An IP packet as it was seen at one interface. */
export interface SeenPacket {
  /** Index into the capture's interfaces. */
  readonly interface: number
  readonly at: Instant
  readonly from: Ipv4
  readonly to: Ipv4
  readonly protocol: number
  readonly identification: number
  readonly ttl: number
  readonly mayBeCut: boolean
  /** By offset; more than one: it came in fragments. */
  readonly pieces: readonly Piece[]
  /** Offsets of which nothing came. `to` absent: nobody knows how far it goes. */
  readonly gaps: readonly { readonly from: number; readonly to?: number }[]
  /** From its beginning up to the first gap. */
  readonly payload: Uint8Array
  /** Less was captured than was on the wire. */
  readonly isSnapped: boolean
}

export interface SeenPackets {
  readonly packets: readonly SeenPacket[]
  /** Link types that are not read, with their frames. */
  readonly unread: ReadonlyMap<number, number>
  readonly ipv6: number
  /** The first and the last time of any frame. */
  readonly from: Instant
  readonly until: Instant
}

// ── link layers ──

const IP_VERSION = { 4: ETHER_TYPE.ipv4, 6: ETHER_TYPE.ipv6 } as const
const VLAN_TAGS: readonly number[] = [ETHER_TYPE.vlan, 0x88a8, 0x9100]
const PPPOE_SESSION = 0x8864
const PPP_IPV4 = 0x0021

interface Carried {
  readonly etherType: number
  readonly at: number
}

const NOTHING: Carried = { etherType: 0, at: 0 }

function ethernet(bytes: Uint8Array): Carried {
  let at = 12
  while (at + 2 <= bytes.length && VLAN_TAGS.includes(u16(bytes, at))) at += 4
  if (at + 2 > bytes.length) return NOTHING
  const etherType = u16(bytes, at)
  if (etherType !== PPPOE_SESSION) return { etherType, at: at + 2 }
  const isIp = at + 10 <= bytes.length && u16(bytes, at + 8) === PPP_IPV4
  return isIp ? { etherType: ETHER_TYPE.ipv4, at: at + 10 } : NOTHING
}

function ip(bytes: Uint8Array, at = 0): Carried {
  const version = (bytes[at] ?? 0) >> 4
  return version === 4 || version === 6 ? { etherType: IP_VERSION[version], at } : NOTHING
}

const typed =
  (typeAt: number, header: number) =>
  (bytes: Uint8Array): Carried =>
    bytes.length < header ? NOTHING : { etherType: u16(bytes, typeAt), at: header }

/** By LINKTYPE_ number: what a frame carries, and where. Loopbacks say a family that each system numbers in its own way, so the packet itself is asked. */
const LINKS: ReadonlyMap<number, (bytes: Uint8Array) => Carried> = new Map([
  [0, (bytes: Uint8Array) => ip(bytes, 4)],
  [1, ethernet],
  [12, (bytes: Uint8Array) => ip(bytes)],
  [14, (bytes: Uint8Array) => ip(bytes)],
  [101, (bytes: Uint8Array) => ip(bytes)],
  [108, (bytes: Uint8Array) => ip(bytes, 4)],
  [113, typed(14, 16)],
  [228, (bytes: Uint8Array) => ip(bytes)],
  [276, typed(0, 20)],
])

// ── fragments ──

/** A reassembly that takes longer is two packets of one number (RFC 791 §3.2: senders may use a number again). */
const REASSEMBLY = seconds(30)

interface Part extends Piece {
  readonly bytes: Uint8Array
}

interface Growing extends Omit<SeenPacket, 'pieces' | 'gaps' | 'payload' | 'isSnapped'> {
  /** By where they start. */
  readonly parts: Map<number, Part>
  /** Of the payload, once the last fragment was seen. */
  length?: number
  isSnapped: boolean
}

/** IPv4 packets of UDP, ESP and ICMP, in the order in which they began. */
export function packetsOf({ interfaces, frames }: CaptureFile): SeenPackets {
  const unread = new Map<number, number>()
  const all: Growing[] = []
  const open = new Map<string, Growing>()
  let ipv6 = 0
  let now = (frames.find(({ at }) => at !== undefined)?.at ?? 0) as Instant
  const from = now
  let until = now
  for (const frame of frames) {
    now = frame.at ?? now
    if (now > until) until = now
    const { linkType } = interfaces[frame.interface]!
    const carriedBy = LINKS.get(linkType)
    if (carriedBy === undefined) unread.set(linkType, (unread.get(linkType) ?? 0) + 1)
    const { etherType, at } = carriedBy?.(frame.bytes) ?? NOTHING
    if (etherType === ETHER_TYPE.ipv6) ipv6++
    if (etherType === ETHER_TYPE.ipv4)
      addPacket(frame.bytes.subarray(at), { frame, now, all, open })
  }
  return { packets: all.map(finished), unread, ipv6, from, until }
}

interface Sorting {
  readonly frame: ReadFrame
  readonly now: Instant
  readonly all: Growing[]
  readonly open: Map<string, Growing>
}

const WANTED: readonly number[] = [PROTOCOL.udp, PROTOCOL.esp, PROTOCOL.icmp]
/** With the card's checksums, and what a snap length has cut off. */
const BEARABLE: readonly string[] = ['bad-checksum', 'truncated']

function addPacket(bytes: Uint8Array, { frame, now, all, open }: Sorting): void {
  const fault = headerFault(bytes, 0)
  const isReadable = fault === undefined || BEARABLE.includes(fault.code)
  if (!isReadable || bytes.length < IPV4_HEADER) return
  const header = headerLengthOf(bytes, 0)
  const protocol = protocolOf(bytes, 0)
  if (bytes.length < header || !WANTED.includes(protocol)) return
  const start = fragmentOffsetOf(bytes, 0)
  const isMore = hasMoreFragments(bytes, 0)
  const end = start + totalLengthOf(bytes, 0) - header
  const payload = bytes.subarray(header, totalLengthOf(bytes, 0))
  const part: Part = { frame: frame.number, start, end, bytes: payload }
  const isSnapped = payload.length < end - start
  const heads = {
    interface: frame.interface,
    from: sourceOf(bytes, 0),
    to: destinationOf(bytes, 0),
    protocol,
    identification: identificationOf(bytes, 0),
    ttl: ttlOf(bytes, 0),
    mayBeCut: mayFragment(bytes, 0),
  }
  if (start === 0 && !isMore) {
    all.push({ ...heads, at: now, parts: new Map([[0, part]]), length: end, isSnapped })
    return
  }
  // With the TTL: a capture on a router's two sides at once shows every packet twice.
  const key = [
    heads.interface,
    heads.from,
    heads.to,
    protocol,
    heads.identification,
    heads.ttl,
  ].join()
  const known = open.get(key)
  const growing =
    known !== undefined && now - known.at <= REASSEMBLY
      ? known
      : { ...heads, at: now, parts: new Map<number, Part>(), isSnapped: false }
  if (growing !== known) {
    open.set(key, growing)
    all.push(growing)
  }
  if (!growing.parts.has(start)) growing.parts.set(start, part)
  growing.isSnapped ||= isSnapped
  if (!isMore) growing.length ??= end
}

function finished({ parts, length, ...rest }: Growing): SeenPacket {
  const sorted = [...parts.values()].toSorted((a, b) => a.start - b.start)
  const gaps: { from: number; to?: number }[] = []
  const whole: Uint8Array[] = []
  let reached = 0
  let filled = 0
  for (const { start, end, bytes } of sorted) {
    if (start > reached) gaps.push({ from: reached, to: start })
    else if (gaps.length === 0 && start <= filled && end <= IPV4_LENGTH_MAX) {
      whole.push(bytes.subarray(filled - start))
      filled = Math.max(filled, start + bytes.length)
    }
    reached = Math.max(reached, end)
  }
  if (length === undefined) gaps.push({ from: reached })
  else if (reached < length) gaps.push({ from: reached, to: length })
  const pieces = sorted.map(({ frame, start, end }) => ({ frame, start, end }))
  return { ...rest, pieces, gaps, payload: whole.length === 1 ? whole[0]! : concat(...whole) }
}

export const framesOf = ({ pieces }: SeenPacket): readonly number[] =>
  pieces.map(({ frame }) => frame)

/** Where the packet that an ICMP error quotes was going; undefined: it quotes too little. */
export function quotedIn(message: Uint8Array):
  | {
      readonly from: Ipv4
      readonly to: Ipv4
      readonly protocol: number
      readonly identification: number
      /** Absent: of a later fragment. */
      readonly ports?: readonly [from: number, to: number]
    }
  | undefined {
  const quote = message.subarray(8)
  if (quote.length < IPV4_HEADER || quote[0]! >> 4 !== 4) return undefined
  const header = headerLengthOf(quote, 0)
  const hasPorts = fragmentOffsetOf(quote, 0) === 0 && quote.length >= header + 4
  const word = hasPorts ? u32(quote, header) : 0
  return {
    from: sourceOf(quote, 0),
    to: destinationOf(quote, 0),
    protocol: protocolOf(quote, 0),
    identification: identificationOf(quote, 0),
    ...(hasPorts && { ports: [word >>> 16, word & 0xffff] as const }),
  }
}
