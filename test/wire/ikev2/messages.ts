/** UDP datagrams of a capture in the shared test data, whole: link headers off, IPv4 fragments together. Without any code of the project. */
import { readPcapFile } from '../captures.ts'

export interface CapturedDatagram {
  /** Of the frame that completes it; counts from 1, as Wireshark's do. */
  readonly frame: number
  readonly sourcePort: number
  readonly destinationPort: number
  readonly payload: Uint8Array
}

/** An IKE message's bytes of a datagram on either port; undefined: it is no IKE. */
export function ikeBytes({ sourcePort, payload }: CapturedDatagram): Uint8Array | undefined {
  if (sourcePort === 500) return payload
  return payload.subarray(0, 4).every((byte) => byte === 0) ? payload.subarray(4) : undefined
}

/** Undefined when the data is not there. */
export function readDatagrams(name: string): readonly CapturedDatagram[] | undefined {
  const file = readPcapFile(name)
  if (file === undefined) return undefined
  const header = LINK_HEADER_BYTES.get(file.linkType)!
  const pieces = new Map<number, Uint8Array[]>()
  return file.frames.flatMap((bytes, i) => {
    const ip = Buffer.from(bytes.subarray(header))
    const ipHeader = (ip[0]! & 15) * 4
    const flags = ip.readUInt16BE(6)
    const id = ip.readUInt16BE(4)
    const piece = new Uint8Array(ip.subarray(ipHeader, ip.readUInt16BE(2)))
    // These captures have them in order.
    const all = [...((flags & 0x1fff) === 0 ? [] : (pieces.get(id) ?? [])), piece]
    pieces.set(id, all)
    return (flags & 0x2000) === 0 ? [{ frame: i + 1, ...datagram(Buffer.concat(all)) }] : []
  })
}

const LINK_HEADER_BYTES: ReadonlyMap<number, number> = new Map([
  [0, 4],
  [1, 14],
])

const datagram = (udp: Buffer) => ({
  sourcePort: udp.readUInt16BE(0),
  destinationPort: udp.readUInt16BE(2),
  payload: new Uint8Array(udp.subarray(8, udp.readUInt16BE(4))),
})
