/**
 * Runs the benches as users run the product: as the JavaScript that `tsc` makes of it (types erased, nothing else), from a folder of
 * its own. Loading TypeScript on the fly would rewrite private fields and measure the loader.
 */
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  mkdirSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const built = mkdtempSync(path.join(tmpdir(), 'sallyport-bench-'))
const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) =>
  readFileSync(file, 'utf8'),
)
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
// One file at a time there is no package.json to look at.
Object.assign(options, { module: ts.ModuleKind.ESNext })

function compile(folder) {
  for (const name of readdirSync(path.join(root, folder), { recursive: true })) {
    const from = path.join(root, folder, name)
    const to = path.join(built, folder, name.replace(/\.ts$/, '.js'))
    if (statSync(from).isDirectory()) continue
    mkdirSync(path.dirname(to), { recursive: true })
    if (!name.endsWith('.ts')) {
      copyFileSync(from, to)
      continue
    }
    const { outputText } = ts.transpileModule(readFileSync(from, 'utf8'), {
      fileName: from,
      compilerOptions: options,
    })
    // Our own modules name each other by the files they are written in.
    writeFileSync(to, outputText.replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"))
  }
}

try {
  // Stories and topologies import the package by its name.
  const exports = { '.': './src/index.js', './scenario': './src/scenario/index.js' }
  const manifest = { name: 'sallyport', type: 'module', exports }
  writeFileSync(path.join(built, 'package.json'), JSON.stringify(manifest))
  symlinkSync(path.join(root, 'node_modules'), path.join(built, 'node_modules'), 'junction')
  const folders = ['src', 'bench', 'topologies', 'scenarios', 'test/pki', 'test/oracle']
  for (const folder of folders) compile(folder)
  const main = path.join(built, 'bench', 'main.js')
  const run = spawnSync(process.execPath, [...process.execArgv, main, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, SALLYPORT_ROOT: root },
  })
  process.exitCode = run.status ?? 70
} finally {
  rmSync(built, { recursive: true, force: true })
}
