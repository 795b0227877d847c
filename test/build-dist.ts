/** Compiles `dist` once before tests that run the command itself; runs of other tests are not made to wait for it. */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import type { TestProject } from 'vitest/node'

const NEEDS_DIST = ['test/cli', 'test/packaging']

export function setup(project: TestProject): void {
  const root = project.config.root
  const asked = process.argv.slice(2).filter((word) => word.includes('test/'))
  const needed =
    asked.length === 0 ||
    asked.some((filter) =>
      NEEDS_DIST.some((folder) => filter.includes(folder) || folder.startsWith(filter)),
    )
  if (!needed) return
  // The command compiles what is stale by itself: before the tests, not in several of them at once.
  const bin = path.join(root, 'bin', 'sallyport.js')
  const ran = spawnSync(process.execPath, [bin, '--version'], { encoding: 'utf8' })
  if (ran.status !== 0) throw new Error(`dist cannot be compiled:\n${ran.stderr}`)
}
