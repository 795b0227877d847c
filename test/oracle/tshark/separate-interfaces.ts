/**
 * The same capture with other IPv4 addresses between each two stations at each interface, so that tshark takes what passes there for
 * conversations of its own: a router with one interface sees each packet come and go. Checksums follow (RFC 1624): what was right stays
 * so, and what was wrong. Reads what the lab writes, one little-endian section of pcapng.
 */
import { adjustChecksum, concat, setU16, setU32, toHex, u16, u32 } from '../../../src/base/bytes.ts'
import { ETHER_TYPE } from '../../../src/wire/ethernet.ts'
import {
  destinationOf,
  fragmentOffsetOf,
  headerLengthOf,
  PROTOCOL,
  protocolOf,
  sourceOf,
} from '../../../src/wire/ipv4.ts'

const INTERFACE_DESCRIPTION = 1
const LINK_TYPE_AT = 8
const LINK_TYPE_RAW = 101
const ENHANCED_PACKET = 6
const FRAME_AT = 28
const INTERFACE_AT = 8
const CAPTURED_LENGTH_AT = 20
/** 1.0.0.0: the addresses count from here, which keeps them out of every special range. */
const FIRST_ADDRESS = 0x01000000

export function separateInterfaces(capture: Uint8Array): Uint8Array {
  const out = capture.slice()
  const view = new DataView(out.buffer)
  const names = new Map<string, number>()
  const rename = (place: string, address: number): number => {
    const key = `${place} ${address}`
    const renamed = names.get(key) ?? FIRST_ADDRESS + names.size
    names.set(key, renamed)
    return renamed
  }
  const linkTypes: number[] = []
  for (let at = 0; at < out.length; at += view.getUint32(at + 4, true)) {
    const type = view.getUint32(at, true)
    if (type === INTERFACE_DESCRIPTION) linkTypes.push(view.getUint16(at + LINK_TYPE_AT, true))
    if (type !== ENHANCED_PACKET) continue
    const nic = view.getUint32(at + INTERFACE_AT, true)
    const length = view.getUint32(at + CAPTURED_LENGTH_AT, true)
    const frame = out.subarray(at + FRAME_AT, at + FRAME_AT + length)
    const isRaw = linkTypes[nic] === LINK_TYPE_RAW
    const ip = isRaw ? rawOffset(frame) : ipOffset(frame)
    if (ip === undefined || u32(frame, ip + 16) === 0xffffffff) continue
    const [source, destination] = [sourceOf(frame, ip), destinationOf(frame, ip)]
    const place = isRaw ? `${nic}` : `${nic} ${stationsOf(frame)}`
    const checksums = checksumsOf(frame, ip)
    for (const [at, address] of [
      [ip + 12, source],
      [ip + 16, destination],
    ] as const) {
      replaceAddress(frame, at, rename(place, address), checksums)
    }
  }
  return out
}

/** Of each frame, in order: the number of its interface. */
export function interfacesOf(capture: Uint8Array): readonly number[] {
  const view = new DataView(capture.buffer, capture.byteOffset)
  const found: number[] = []
  for (let at = 0; at < capture.length; at += view.getUint32(at + 4, true)) {
    if (view.getUint32(at, true) === ENHANCED_PACKET) {
      found.push(view.getUint32(at + INTERFACE_AT, true))
    }
  }
  return found
}

/**
 * What one interface saw, and nothing else: for what cannot be told apart by addresses, because they are sealed (TCP inside ESP). Its frames keep their
 * order; interfaces and secrets stay.
 */
export function oneInterface(capture: Uint8Array, nic: number): Uint8Array {
  const view = new DataView(capture.buffer, capture.byteOffset)
  const kept: Uint8Array[] = []
  for (let at = 0; at < capture.length;) {
    const end = at + view.getUint32(at + 4, true)
    const isOthers =
      view.getUint32(at, true) === ENHANCED_PACKET &&
      view.getUint32(at + INTERFACE_AT, true) !== nic
    if (!isOthers) kept.push(capture.subarray(at, end))
    at = end
  }
  return concat(...kept)
}

/** Where the checksums are that cover its addresses: of the header, and of what begins in it. */
function checksumsOf(frame: Uint8Array, ip: number): readonly number[] {
  const transport = ip + headerLengthOf(frame, ip)
  const isFirst = fragmentOffsetOf(frame, ip) === 0
  const protocol = isFirst ? protocolOf(frame, ip) : undefined
  const at =
    protocol === PROTOCOL.udp ? transport + 6 : protocol === PROTOCOL.tcp ? transport + 16 : ip + 10
  // A UDP checksum of zero is none.
  const isNone = at + 2 > frame.length || (protocol === PROTOCOL.udp && u16(frame, at) === 0)
  return at === ip + 10 || isNone ? [ip + 10] : [ip + 10, at]
}

function replaceAddress(
  frame: Uint8Array,
  at: number,
  address: number,
  checksums: readonly number[],
): void {
  const before = [u16(frame, at), u16(frame, at + 2)] as const
  setU32(frame, at, address)
  const after = [u16(frame, at), u16(frame, at + 2)] as const
  for (const sum of checksums) {
    const high = adjustChecksum(u16(frame, sum), before[0], after[0])
    setU16(frame, sum, adjustChecksum(high, before[1], after[1]))
  }
}

/** The two MAC addresses, in whichever direction the frame goes. */
const stationsOf = (frame: Uint8Array): string =>
  [frame.subarray(0, 6), frame.subarray(6, 12)].map(toHex).toSorted().join(' ')

const rawOffset = (packet: Uint8Array): number | undefined =>
  packet.length >= 20 && packet[0]! >> 4 === 4 ? 0 : undefined

function ipOffset(frame: Uint8Array): number | undefined {
  const tagged = frame.length > 18 && u16(frame, 12) === ETHER_TYPE.vlan
  const ip = tagged ? 18 : 14
  return frame.length >= ip + 20 && u16(frame, ip - 2) === ETHER_TYPE.ipv4 ? ip : undefined
}
