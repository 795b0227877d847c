/** Reads a gzipped tar archive (ustar, with GNU's long names) into memory. Not for links, sparse files or pax headers. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { err, ok, type Result } from '../../../src/base/result.ts'

const BLOCK = 512

/** Contents by path; else one line on what is wrong with the file. */
export function readTarball(file: string): Result<ReadonlyMap<string, Uint8Array>, string> {
  const files = new Map<string, Uint8Array>()
  try {
    const bytes = gunzipSync(readFileSync(file))
    const text = (at: number, length: number): string =>
      bytes.toString('latin1', at, at + length).replace(/\0.*$/s, '')
    // The name of the next file, where its header has no room for it.
    let long: string | undefined
    for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0;) {
      const size = Number.parseInt(text(at + 124, 12), 8)
      const kind = text(at + 156, 1)
      const name = long ?? text(at, 100)
      long = kind === 'L' ? text(at + BLOCK, size) : undefined
      if (kind === '0') files.set(name, bytes.subarray(at + BLOCK, at + BLOCK + size))
      at += BLOCK * (1 + Math.ceil(size / BLOCK))
    }
  } catch (thrown) {
    return err(`${file} cannot be read: ${(thrown as Error).message}`)
  }
  return files.size === 0 ? err(`${file} holds no files`) : ok(files)
}
