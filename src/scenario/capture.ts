/**
 * One capture a story, under a name that every file system takes.
 * Not the format: `lab.capture()` writes that.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { RunnerTestCase } from 'vitest'
import type { Lab } from '../lab/lab.ts'

const NAME_LENGTH_MAX = 60

/** Lower case letters, digits and hyphens. What that loses is made up for by a few digits of a hash. */
export function fileNameFrom(text: string): string {
  const slug = text
    .toLowerCase()
    .replaceAll(/['’]/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
  const lossless = slug.length <= NAME_LENGTH_MAX && !/[^\x20-\x7e]/.test(text) && slug !== ''
  if (lossless) return slug
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8)
  return `${slug.slice(0, NAME_LENGTH_MAX)}-${hash}`.replace(/^-/, '')
}

/** `dns--public-names-resolve-outside.pcapng`. Two parts, so that none is a name that Windows keeps for itself (`con`, `aux`). */
export function captureName(task: Readonly<RunnerTestCase>, root: string): string {
  const file = path.relative(root, task.file.filepath).split(path.sep).join('/')
  const stem = file.replace(/^scenarios\//, '').replace(/\.scenario\.[cm]?[jt]s$/, '')
  const same = task.file.tasks.filter((other) => other.name === task.name)
  const copy = same.length > 1 ? `-${same.findIndex((other) => other.id === task.id) + 1}` : ''
  return `${fileNameFrom(stem)}--${fileNameFrom(task.name)}${copy}.pcapng`
}

/**
 * Returns the path of the file. A reader never finds a part of one. Where there are keys of IKE or ESP, a folder beside it has the tables with which
 * Wireshark opens both: `x.wireshark/` for `x.pcapng`, to be named in WIRESHARK_CONFIG_DIR. The keys of TLS are in the capture itself.
 */
export function writeCapture(folder: string, name: string, lab: Lab): string {
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, name)
  const tables = lab.wiresharkTables()
  const profile = profileOf(file)
  rmSync(profile, { recursive: true, force: true })
  if (KEY_TABLES.some((table) => tables[table] !== '')) {
    mkdirSync(profile)
    for (const [table, content] of Object.entries(tables))
      writeFileSync(path.join(profile, table), content)
  }
  const unfinished = `${file}.part`
  writeFileSync(unfinished, lab.capture())
  renameSync(unfinished, file)
  return file
}

/** The folder with the tables of a capture file. */
export const profileOf = (file: string): string => file.replace(/\.pcapng$/, '.wireshark')

const KEY_TABLES = ['ikev2_decryption_table', 'esp_sa']
