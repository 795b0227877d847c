/** Frames of the captures in the shared test data, read without any code of the project. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

const DATA = process.env['SALLYPORT_DATA'] ?? '../shared/data'

/** Ethernet frames of a pcap file below the data folder; undefined when the data is not there. */
export function readPcap(name: string): Uint8Array[] | undefined {
  const file = path.join(DATA, name)
  if (!existsSync(file)) return undefined
  const bytes = readFileSync(file)
  const isLittle = bytes.readUInt32LE(0) === 0xa1b2c3d4
  const frames: Uint8Array[] = []
  for (let at = 24; at < bytes.length;) {
    const length = isLittle ? bytes.readUInt32LE(at + 8) : bytes.readUInt32BE(at + 8)
    frames.push(new Uint8Array(bytes.subarray(at + 16, at + 16 + length)))
    at += 16 + length
  }
  return frames
}
