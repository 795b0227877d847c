/** `sallyport init`: all of it or nothing. */
import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { emptyFolder } from './sallyport.ts'

const everything = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()

test('writes what runs at once, and names it', () => {
  using folder = emptyFolder()
  const ran = folder.run('init', 'my net', '--json')
  expect(ran.status).toBe(0)
  const { files } = JSON.parse(ran.stdout) as { files: string[] }
  expect(files).toContain('my net/topology.ts')
  expect(files).toContain('my net/scenarios/first.scenario.ts')
  for (const file of files) expect(folder.read(file).length).toBeGreaterThan(0)
})

test('overwrites nothing, and then writes nothing at all', () => {
  using folder = emptyFolder()
  folder.write('user-tunnel.xml', 'mine')
  const ran = folder.run('init', '.')
  expect(ran.status).toBe(2)
  expect(ran.complaints).toEqual([
    'error: user-tunnel.xml is already there, and nothing is overwritten',
  ])
  expect(everything(folder.path)).toEqual(['user-tunnel.xml'])
  expect(folder.read('user-tunnel.xml')).toBe('mine')
})

test('a file where a folder should be stops it before anything is written', () => {
  using folder = emptyFolder()
  mkdirSync(path.join(folder.path, 'net'))
  folder.write('net/zones', 'a file')
  const ran = folder.run('init', 'net')
  expect(ran.status).toBe(2)
  expect(ran.complaints).toEqual(['error: net/zones is no folder'])
  expect(everything(folder.path)).toEqual(['net', path.join('net', 'zones')])
})
