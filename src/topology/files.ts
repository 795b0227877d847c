/**
 * Text files that a topology names (zone files, ProfileXML), read once and carried as data with their path.
 * Not a parser: what the text means is read by `engine/dns/zone-file.ts` and `windows/profile-xml.ts`.
 */
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { positionAt, type Position } from './position.ts'

export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** The text without byte order mark, as written: line ends are kept. */
export interface SourceFile {
  /** As a person would name it, relative to the working directory where that is shorter. For messages. */
  readonly path: string
  readonly text: string
  readonly encoding: TextEncoding
  /** UTF-16 without a byte order mark: which half of a unit comes first was seen from the zero bytes. */
  readonly isUnmarked?: true
}

export const SOURCE_FILE_BYTES_MAX = 4 * 1024 * 1024

/** A file that a topology names cannot be read. The loader turns it into one line and exit status 2. */
export class SourceFileError extends Error {
  override name = 'SourceFileError'
  readonly path: string
  readonly problem: string
  /** Where in the file, if it is about its contents. */
  readonly at: Position | undefined
  constructor(file: string, problem: string, at?: Position) {
    super(`${file}${at === undefined ? '' : `:${at.line}:${at.column}`}: ${problem}`)
    this.path = file
    this.problem = problem
    this.at = at
  }
}

function encodingOf([first, second]: Uint8Array): Omit<SourceFile, 'path' | 'text'> {
  if (first === 0xff && second === 0xfe) return { encoding: 'utf-16le' }
  if (first === 0xfe && second === 0xff) return { encoding: 'utf-16be' }
  // Text begins with a letter of ASCII, and no text of one byte a letter has a zero.
  if (first !== 0 && second === 0) return { encoding: 'utf-16le', isUnmarked: true }
  if (first === 0 && second !== 0) return { encoding: 'utf-16be', isUnmarked: true }
  return { encoding: 'utf-8' }
}

/**
 * Decode bytes by their byte order mark (UTF-8, UTF-16 little or big endian). Without one they are UTF-16 if one of the first two is
 * zero, and else UTF-8. Undefined: not valid in it.
 */
export function decodeText(bytes: Uint8Array): Omit<SourceFile, 'path'> | undefined {
  const form = encodingOf(bytes)
  try {
    return { text: new TextDecoder(form.encoding, { fatal: true }).decode(bytes), ...form }
  } catch (thrown) {
    if (thrown instanceof TypeError) return undefined
    throw thrown
  }
}

/**
 * Where bytes that {@link decodeText} refuses stop being text, and what stands there. Whoever saved a file as Windows-1252 wants to know
 * which letter it was.
 */
export function firstBadByte(bytes: Uint8Array): { at: Position; problem: string } {
  const { encoding } = encodingOf(bytes)
  const decode = (length: number, stream: boolean): string | undefined => {
    try {
      const decoder = new TextDecoder(encoding, { fatal: true })
      return decoder.decode(bytes.subarray(0, length), { stream })
    } catch {
      return undefined
    }
  }
  // In streaming mode a decoder forgives what is cut off, so the longest prefix that it takes can be found by halving.
  let good = 0
  let bad = bytes.length + 1
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (decode(middle, true) === undefined) bad = middle
    else good = middle
  }
  while (decode(good, false) === undefined) good--
  const text = decode(good, false)!
  const at = positionAt(text, text.length)
  const byte = bytes[good]!.toString(16).toUpperCase().padStart(2, '0')
  return { at, problem: `byte 0x${byte} is not ${encoding.toUpperCase()} text` }
}

/**
 * Read a text file named relative to the file that names it: `sourceFile(import.meta.url, './zones/contoso.com.zone')`.
 * Throws {@link SourceFileError} when it is missing, larger than {@link SOURCE_FILE_BYTES_MAX}, or not text.
 */
export function sourceFile(from: string, relative: string): SourceFile {
  const { shown, bytes } = readNear(from, relative, SOURCE_FILE_BYTES_MAX)
  const decoded = decodeText(bytes)
  if (decoded === undefined) {
    const { at, problem } = firstBadByte(bytes)
    throw new SourceFileError(shown, problem, at)
  }
  return { path: shown, ...decoded }
}

/**
 * The bytes of a file named relative to `from`, the file (or the URL of it) that names it, and how its path is shown. Throws
 * {@link SourceFileError} when it is missing, no file, or larger than `bytesMax`.
 */
export function readNear(
  from: string,
  relative: string,
  bytesMax: number,
): { readonly shown: string; readonly bytes: Buffer } {
  const base = from.startsWith('file:') ? fileURLToPath(from) : from
  const file = path.resolve(path.dirname(base), relative)
  const shown = shownPath(file)
  const stat = statSync(file, { throwIfNoEntry: false })
  if (stat === undefined) throw new SourceFileError(shown, 'no such file')
  if (!stat.isFile()) throw new SourceFileError(shown, 'is not a file')
  if (stat.size > bytesMax) throw new SourceFileError(shown, tooLarge(stat.size, bytesMax))
  return { shown, bytes: readFileSync(file) }
}

/** What is said of a file that is not read for its size. */
export const tooLarge = (size: number, bytesMax: number): string =>
  `${size} bytes, more than the ${bytesMax} that are read`

/** A path as a person would type it here, always with forward slashes. */
export function shownPath(file: string): string {
  const relative = path.relative(process.cwd(), file)
  const shown =
    relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? file : relative
  return shown.split(path.sep).join('/')
}

/** `topology.ts#branch` → the file and the name of one of its exports. A `#` elsewhere in the path stays. */
export function splitExport(file: string): readonly [file: string, name: string | undefined] {
  const m = /^(.*\.\w+)#([A-Za-z_$][\w$]*)$/s.exec(file)
  return m === null ? [file, undefined] : [m[1]!, m[2]]
}
