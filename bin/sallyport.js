#!/usr/bin/env node
/**
 * The command. In a checkout it compiles `src` first when a file there is newer than `dist`; an installed package has no `src`.
 * Plain JavaScript, because it must run before anything is compiled.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const src = path.join(root, 'src')
const built = path.join(root, 'dist', '.tsbuildinfo')

/** The modification time of the newest file below a folder. */
function newestIn(folder) {
  let newest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const name = path.join(folder, entry.name)
    newest = Math.max(newest, entry.isDirectory() ? newestIn(name) : statSync(name).mtimeMs)
  }
  return newest
}

function buildIfStale() {
  if (existsSync(built) && statSync(built).mtimeMs >= newestIn(src)) return
  // Edits made while the compiler runs must count as newer than its output.
  const begun = new Date()
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json')
  const tsc = path.join(path.dirname(typescript), 'bin', 'tsc')
  const compiled = spawnSync(
    process.execPath,
    [tsc, '-p', path.join(root, 'tsconfig.build.json'), '--pretty', 'false'],
    { encoding: 'utf8' },
  )
  // Standard output belongs to the answer. Code that does not type-check is emitted all the same, and said once.
  process.stderr.write(compiled.stdout)
  if (existsSync(built)) utimesSync(built, begun, begun)
}

if (existsSync(src)) buildIfStale()
const { main } = await import('../dist/cli/main.js')
process.exitCode = await main(process.argv.slice(2))
