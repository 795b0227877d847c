/**
 * Writes tar archives (POSIX.1-1988 ustar, with GNU's long names), which is how an engine takes files. Not a reader. The same files give the same bytes.
 */
import { concat, utf8 } from '../base/bytes.ts'

export interface TarFile {
  /** Relative, with slashes. */
  readonly name: string
  readonly bytes: Uint8Array
  /** Permissions, `0o644`. */
  readonly mode: number
}

const BLOCK = 512
const NAME_MAX = 100
const DIRECTORY_MODE = 0o755

/** Files in their order, each behind the folders that it is in. */
export function tarOf(files: readonly TarFile[]): Uint8Array {
  const made = new Set<string>()
  const parts = files.flatMap(({ name, bytes, mode }) => [
    ...foldersOf(name)
      .filter((folder) => !made.has(folder))
      .flatMap((folder) => {
        made.add(folder)
        return entry({ name: `${folder}/`, mode: DIRECTORY_MODE, type: '5' })
      }),
    ...entry({ name, mode, type: '0', bytes }),
  ])
  return concat(...parts, new Uint8Array(2 * BLOCK))
}

function foldersOf(name: string): readonly string[] {
  const parts = name.split('/').slice(0, -1)
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'))
}

interface Entry {
  readonly name: string
  readonly mode: number
  /** `0` a file, `5` a folder, `L` the name of the next entry. */
  readonly type: '0' | '5' | 'L'
  readonly bytes?: Uint8Array
}

function entry({ name, mode, type, bytes = new Uint8Array() }: Entry): readonly Uint8Array[] {
  const encoded = utf8(name)
  const long =
    encoded.length > NAME_MAX
      ? entry({ name: '././@LongLink', mode: 0, type: 'L', bytes: utf8(`${name}\0`) })
      : []
  const header = new Uint8Array(BLOCK)
  const put = (at: number, text: string): void => header.set(utf8(text), at)
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')
  header.set(encoded.subarray(0, NAME_MAX))
  put(100, `${octal(mode, 7)}\0`)
  put(108, `${octal(0, 7)}\0`)
  put(116, `${octal(0, 7)}\0`)
  put(124, `${octal(bytes.length, 11)}\0`)
  put(136, `${octal(0, 11)}\0`)
  // The sum counts itself as blanks.
  put(148, ' '.repeat(8))
  put(156, type)
  put(257, 'ustar\x0000')
  const sum = header.reduce((total, octet) => total + octet, 0)
  put(148, `${octal(sum, 6)}\0 `)
  const padding = (BLOCK - (bytes.length % BLOCK)) % BLOCK
  return [...long, header, bytes, new Uint8Array(padding)]
}
