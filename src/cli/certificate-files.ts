/**
 * Certificate files from the disk: opened, bounded and read, with one line for each that cannot be. Not what is in them:
 * {@link ../pki/files/containers.ts}. Passwords come from a file or the environment, since a command line can be read by everybody.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { err, ok, type Result } from '../base/result.ts'
import {
  CERTIFICATE_FILE_BYTES_MAX,
  formatContainerFault,
  readContainer,
  type ContainerFault,
  type Contents,
} from '../pki/files/containers.ts'
import { decodeText, shownPath, tooLarge } from '../topology/files.ts'
import type { Problem } from './answer.ts'

/** Where a password is looked for when no file was named. */
const PASSWORD_VARIABLE = 'SALLYPORT_PASSWORD'

const ERRNO_WORDS = new Map([
  ['ENOENT', 'no such file'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EISDIR', 'is a directory'],
  ['ELOOP', 'its symbolic links lead in a circle'],
])

/** The whole of a file (or pipe), or why not. A large one is refused before it is read. */
function bytesOf(file: string): Result<Uint8Array, string> {
  let handle: number | undefined
  try {
    handle = openSync(file, 'r')
    const stat = fstatSync(handle)
    if (stat.isDirectory()) return err('is a directory')
    if (stat.size > CERTIFICATE_FILE_BYTES_MAX)
      return err(tooLarge(stat.size, CERTIFICATE_FILE_BYTES_MAX))
    // One byte more than is allowed: a pipe does not say how much comes.
    const buffer = new Uint8Array(CERTIFICATE_FILE_BYTES_MAX + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(handle, buffer, length, buffer.length - length, null)
    }
    return ok(buffer.slice(0, length))
  } catch (thrown) {
    if (!(thrown instanceof Error) || !('code' in thrown)) throw thrown
    const code = String(thrown.code)
    const words = ERRNO_WORDS.get(code)
    return err(`cannot be read${words === undefined ? '' : `: ${words}`} (${code})`)
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}

const problem = (file: string, message: string): Result<never, Problem> =>
  err({ file: shownPath(file), message })

/** What a relying party finds in `file`. `password`: for PKCS #12. */
export function readCertificateFile(
  file: string,
  password: string | undefined,
): Result<Contents, Problem> {
  const bytes = bytesOf(file)
  if (!bytes.ok) return problem(file, bytes.error)
  const contents = readContainer(bytes.value, password)
  return contents.ok ? contents : problem(file, messageOf(contents.error))
}

const messageOf = (fault: ContainerFault): string =>
  fault.kind === 'password-needed'
    ? `${formatContainerFault(fault)} (--password-file FILE, or ${PASSWORD_VARIABLE})`
    : formatContainerFault(fault)

/** The first line of `file`; without a file, what the environment has. Undefined: there is none. */
export function readPassword(file: string | undefined): Result<string | undefined, Problem> {
  if (file === undefined) return ok(process.env[PASSWORD_VARIABLE])
  const bytes = bytesOf(file)
  if (!bytes.ok) return problem(file, bytes.error)
  const text = decodeText(bytes.value)?.text
  return text === undefined ? problem(file, 'is not text') : ok(text.split(/\r\n|\n|\r/, 1)[0]!)
}
