/** What `npm pack` would ship: everything the command needs, and nothing that is only for this checkout. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** npm as a script for this very Node, since `npm` itself is a batch file on Windows. */
function npmCli(): string | undefined {
  const beside = path.dirname(process.execPath)
  return [
    process.env['npm_execpath'],
    path.join(beside, '../lib/node_modules/npm/bin/npm-cli.js'),
    path.join(beside, 'node_modules/npm/bin/npm-cli.js'),
  ].find((file) => file !== undefined && existsSync(file))
}

const npm = npmCli()

test.skipIf(npm === undefined)('the package holds what a user needs', () => {
  const args = [npm!, 'pack', '--dry-run', '--json', '--ignore-scripts']
  const output = execFileSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [packed] = JSON.parse(output) as [{ files: { path: string }[] }]
  const files = packed.files.map((file) => file.path)
  for (const needed of [
    'bin/sallyport.js',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/scenario/index.js',
    'dist/scenario/runner.js',
    'dist/cli/main.js',
    'docker/start',
    'docker/gateway/Dockerfile',
    'templates/init/topology.ts',
    'templates/init/scenarios/first.scenario.ts',
    'LICENSE',
  ])
    expect(files).toContain(needed)
  const strays = files.filter(
    (file) =>
      !/^(?:bin|dist|docker|templates)\/|^[^/]+$/.test(file) || file.includes('.tsbuildinfo'),
  )
  expect(strays).toEqual([])
})

test('npm start needs no shell', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const name of ['start', 'test', 'prepare', 'lint', 'types'])
    expect(scripts[name]).not.toMatch(/[;&|$'`*]|\/bin\/|=\S/)
})
