/** The captures in the shared test data, read without any code of the project. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

const DATA = process.env['SALLYPORT_DATA'] ?? '../shared/data'

/** Where a file of the shared test data is, or would be. */
export const capturePath = (name: string): string => path.join(DATA, name)

interface Pcap {
  /** What the frames begin with, by tcpdump's numbers: 1 Ethernet, 0 the loopback of BSD. */
  readonly linkType: number
  readonly frames: readonly Uint8Array[]
}

/** A pcap file below the data folder; undefined when the data is not there. */
export function readPcapFile(name: string): Pcap | undefined {
  const file = capturePath(name)
  if (!existsSync(file)) return undefined
  const bytes = readFileSync(file)
  const isLittle = bytes.readUInt32LE(0) === 0xa1b2c3d4
  const frames: Uint8Array[] = []
  for (let at = 24; at < bytes.length;) {
    const length = isLittle ? bytes.readUInt32LE(at + 8) : bytes.readUInt32BE(at + 8)
    frames.push(new Uint8Array(bytes.subarray(at + 16, at + 16 + length)))
    at += 16 + length
  }
  return { linkType: isLittle ? bytes.readUInt32LE(20) : bytes.readUInt32BE(20), frames }
}

/** Its frames alone, of a file that has Ethernet. */
export const readPcap = (name: string): readonly Uint8Array[] | undefined =>
  readPcapFile(name)?.frames
