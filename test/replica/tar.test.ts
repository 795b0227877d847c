/** Archives as tar(1) reads them. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { tarOf, type TarFile } from '../../src/replica/tar.ts'

const tar = (files: readonly TarFile[], ...args: readonly string[]): string => {
  const ran = spawnSync('tar', [...args], { input: tarOf(files), encoding: 'utf8' })
  expect(ran.stderr).toBe('')
  return ran.stdout
}
const file = (name: string, text: string, mode = 0o644): TarFile => ({
  name,
  bytes: utf8(text),
  mode,
})
const hasTar = spawnSync('tar', ['--version']).status === 0

test.skipIf(!hasTar)(
  'files come out as they went in, each folder once and before what is in it',
  () => {
    const files = [file('a/b/one', 'x'.repeat(512)), file('a/two', ''), file('three', 'ö', 0o755)]
    expect(tar(files, '-t')).toBe('a/\na/b/\na/b/one\na/two\nthree\n')
    expect(tar(files, '-xO', 'a/b/one')).toBe('x'.repeat(512))
    expect(tar(files, '-xO', 'three')).toBe('ö')
    expect(tar(files, '-tv')).toMatch(/^-rwxr-xr-x .* three$/m)
  },
)

test.skipIf(!hasTar)('a name may be longer than its header', () => {
  const name = `${'folder/'.repeat(20)}${'ä'.repeat(70)}`
  expect(tar([file(name, 'deep')], '-xO', '--quoting-style=literal', name)).toBe('deep')
})

test('the same files give the same octets, in whole blocks', () => {
  const files = [file('a', '1'), file('b', '2')]
  expect(tarOf(files)).toEqual(tarOf(files))
  expect(tarOf(files).length % 512).toBe(0)
})
