/** What an oracle is told, and what it says of a file that it cannot judge. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { run as boringssl } from './boringssl/run.ts'
import { readOptions } from './options.ts'
import { run as pkits } from './pkits/run.ts'
import { run as windows } from './windows/run.ts'
import { run as x509 } from './x509/run.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-oracle-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

const file = (name: string, contents: string | Uint8Array): string => {
  const at = path.join(folder, name)
  writeFileSync(at, contents)
  return at
}
const empty = JSON.stringify({ version: 1, testcases: [] })

test('options are read in any order, and one without a value is empty', () => {
  const options = readOptions(['--suite', 'a.json', '--profile', 'strict', '--verbose'])
  expect(options).toEqual({ suite: 'a.json', profile: 'strict', verbose: '' })
})

test.for<readonly [string, () => void]>([
  ['a file that is not there', () => x509({ suite: path.join(folder, 'none') })],
  ['a file that is no JSON', () => x509({ suite: file('no.json', '{') })],
  ['a suite of another version', () => x509({ suite: file('v2.json', '{"version":2}') })],
  ['a broken archive', () => x509({ suite: file('x.gz', Uint8Array.of(0x1f, 0x8b, 8)) })],
  ['no file', () => x509({})],
  ['a profile that is not known', () => x509({ suite: file('a.json', empty), profile: 'nobody' })],
  ['no verdicts', () => windows({ suite: file('a.json', empty) })],
  ['another suite', () => pkits({ suite: file('a.json', empty) })],
  ['an archive that is none', () => boringssl({ suite: file('a.json', empty) })],
])('%s is refused in one line, with exit status 2', ([, run]) => {
  const said = vi.spyOn(console, 'error').mockReturnValue()
  const printed = vi.spyOn(console, 'log').mockReturnValue()
  run()
  expect(process.exitCode).toBe(2)
  expect(printed).not.toHaveBeenCalled()
  expect(said.mock.calls).toHaveLength(1)
  expect(said.mock.calls[0]![0]).not.toContain('\n')
})

test('a suite may be gzipped, and the last line has the figures', () => {
  const printed = vi.spyOn(console, 'log').mockReturnValue()
  x509({ suite: file('suite.json.gz', gzipSync(empty)) })
  expect(process.exitCode).toBeUndefined()
  expect(printed.mock.lastCall).toEqual([
    'x509: cases=0 pass=0 false-accepts=0 false-rejects=0 skipped=0 enterprise-false-accepts=0 enterprise-false-rejects=0',
  ])
})

test('a case whose certificates do not read is judged, and not skipped', () => {
  const printed = vi.spyOn(console, 'log').mockReturnValue()
  const one = {
    id: 'made::up',
    validation_kind: 'SERVER',
    trusted_certs: ['nothing'],
    untrusted_intermediates: [],
    peer_certificate: 'nothing',
    signature_algorithms: [],
    key_usage: [],
    extended_key_usage: [],
    expected_result: 'SUCCESS',
    expected_peer_names: [],
  }
  x509({ suite: file('one.json', JSON.stringify({ version: 1, testcases: [one] })) })
  expect(process.exitCode).toBe(1)
  expect(printed.mock.lastCall![0]).toMatch(/cases=1 pass=0 .*false-rejects=1 skipped=0/)
})
