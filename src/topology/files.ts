/**
 * Text files that a topology names (zone files, ProfileXML), read once and carried as data with their path.
 * Not a parser: what the text means is read by `engine/dns/zone-file.ts` and `windows/profile-xml.ts`.
 */
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** The text without byte order mark, as written: line ends are kept. */
export interface SourceFile {
  /** As a person would name it, relative to the working directory where that is shorter. For messages. */
  readonly path: string
  readonly text: string
  readonly encoding: TextEncoding
}

export const SOURCE_FILE_BYTES_MAX = 4 * 1024 * 1024

/** A file that a topology names cannot be read. The loader turns it into one line and exit status 2. */
export class SourceFileError extends Error {
  override name = 'SourceFileError'
  readonly path: string
  constructor(file: string, problem: string) {
    super(`${file}: ${problem}`)
    this.path = file
  }
}

/** Decode bytes by their byte order mark (UTF-8, UTF-16 little or big endian); without one they are UTF-8. Undefined: not valid in it. */
export function decodeText(
  bytes: Uint8Array,
): { text: string; encoding: TextEncoding } | undefined {
  const encoding: TextEncoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8'
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes), encoding }
  } catch (thrown) {
    if (thrown instanceof TypeError) return undefined
    throw thrown
  }
}

/**
 * Read a text file named relative to the file that names it: `sourceFile(import.meta.url, './zones/contoso.com.zone')`.
 * Throws {@link SourceFileError} when it is missing, larger than {@link SOURCE_FILE_BYTES_MAX}, or not text.
 */
export function sourceFile(from: string, relative: string): SourceFile {
  const base = from.startsWith('file:') ? fileURLToPath(from) : from
  const file = path.resolve(path.dirname(base), relative)
  const shown = shownPath(file)
  let size: number
  try {
    size = statSync(file).size
  } catch {
    throw new SourceFileError(shown, 'no such file')
  }
  if (size > SOURCE_FILE_BYTES_MAX) {
    throw new SourceFileError(
      shown,
      `${size} bytes, more than the ${SOURCE_FILE_BYTES_MAX} that are read`,
    )
  }
  const decoded = decodeText(readFileSync(file))
  if (decoded === undefined) throw new SourceFileError(shown, 'is not text in UTF-8 or UTF-16')
  return { path: shown, ...decoded }
}

/** A path as a person would type it here, always with forward slashes. */
export function shownPath(file: string): string {
  const relative = path.relative(process.cwd(), file)
  const shown =
    relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? file : relative
  return shown.split(path.sep).join('/')
}
