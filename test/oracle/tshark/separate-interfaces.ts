/**
 * The same capture with other IPv4 addresses between each two stations at each interface, so that tshark takes what passes there for
 * conversations of its own: a router with one interface sees each packet come and go. Not a valid capture: checksums are left as
 * they are. Reads what the lab writes, one little-endian section of pcapng.
 */
import { setU32, toHex, u16, u32 } from '../../../src/base/bytes.ts'
import { ETHER_TYPE } from '../../../src/wire/ethernet.ts'
import { destinationOf, sourceOf } from '../../../src/wire/ipv4.ts'

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
  for (let at = 0; at < out.length; at += view.getUint32(at + 4, true)) {
    if (view.getUint32(at, true) !== ENHANCED_PACKET) continue
    const nic = view.getUint32(at + INTERFACE_AT, true)
    const length = view.getUint32(at + CAPTURED_LENGTH_AT, true)
    const frame = out.subarray(at + FRAME_AT, at + FRAME_AT + length)
    const ip = ipOffset(frame)
    if (ip === undefined || u32(frame, ip + 16) === 0xffffffff) continue
    const [source, destination] = [sourceOf(frame, ip), destinationOf(frame, ip)]
    const place = `${nic} ${stationsOf(frame)}`
    setU32(frame, ip + 12, rename(place, source))
    setU32(frame, ip + 16, rename(place, destination))
  }
  return out
}

/** The two MAC addresses, in whichever direction the frame goes. */
const stationsOf = (frame: Uint8Array): string =>
  [frame.subarray(0, 6), frame.subarray(6, 12)].map(toHex).toSorted().join(' ')

function ipOffset(frame: Uint8Array): number | undefined {
  const tagged = frame.length > 18 && u16(frame, 12) === ETHER_TYPE.vlan
  const ip = tagged ? 18 : 14
  return frame.length >= ip + 20 && u16(frame, ip - 2) === ETHER_TYPE.ipv4 ? ip : undefined
}
