/** Runs the command as a user does, in a folder of its own. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const BIN = path.join(ROOT, 'bin', 'sallyport.js')

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** Lines of standard error. */
  readonly complaints: readonly string[]
}

export interface Folder extends Disposable {
  readonly path: string
  run(...args: readonly string[]): Ran
  read(file: string): string
  write(file: string, text: string): void
  /** Replace `from`, which must be there, by `to`. */
  edit(file: string, from: string, to: string): void
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** An empty folder whose name no shell would like; it goes away with its block. */
export function emptyFolder(): Folder {
  const folder = mkdtempSync(path.join(tmpdir(), "sally's port (é) [1] "))
  const at = (file: string): string => path.join(folder, file)
  return {
    path: folder,
    run(...args) {
      // Node warns when a parent asks for colours and we for none.
      const { FORCE_COLOR: _forced, ...env } = process.env
      const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
        cwd: folder,
        encoding: 'utf8',
        // Marks are drawn for the locale; a machine's own may be POSIX.
        env: { ...env, NO_COLOR: '1', LC_ALL: 'C.UTF-8' },
      })
      return { status, stdout, stderr, complaints: lines(stderr) }
    },
    read: (file) => readFileSync(at(file), 'utf8'),
    write: (file, text) => writeFileSync(at(file), text),
    edit(file, from, to) {
      const text = readFileSync(at(file), 'utf8')
      if (!text.includes(from)) throw new Error(`${file} does not contain ${from}`)
      writeFileSync(at(file), text.replace(from, to))
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** What `sallyport init` writes. */
export function startedFolder(): Folder {
  const folder = emptyFolder()
  cpSync(path.join(ROOT, 'templates', 'init'), folder.path, { recursive: true })
  return folder
}
