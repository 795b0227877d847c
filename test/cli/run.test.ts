/** `sallyport run` as its user meets it: in the folder that `init` writes, changed in one place. */
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { startedFolder } from './sallyport.ts'

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)!

interface RunDocument {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly seed: number
  readonly scenarios: readonly {
    readonly name: string
    readonly file: string
    readonly status: string
    readonly digest: string
    readonly steps: readonly { readonly title: string; readonly status: string }[]
    readonly diagnosis: readonly {
      readonly code: string
      readonly at: string
      readonly rule?: string
      readonly location?: { readonly file: string; readonly line: number }
    }[]
  }[]
}

test('the stories of a fresh start hold', () => {
  using folder = startedFolder()
  const ran = folder.run('run')
  expect(ran.stderr).toBe('')
  expect(lastLine(ran.stdout)).toBe('3 stories hold, 0 fail')
  expect(ran.status).toBe(0)
})

test('a forgotten rule is told with the firewall, what decided instead, its line, and the replay', () => {
  using folder = startedFolder()
  folder.edit('topology.ts', 'udp: [4500],', 'udp: [4501],')
  const ran = folder.run('run', 'IKE', '--seed', '7')
  expect(ran.status).toBe(1)
  expect(lastLine(ran.stdout)).toBe('0 stories hold, 1 fail')
  expect(ran.stdout).toMatch(/because +firewall\/denied +edgeFirewall .*'default-deny'/)
  const line = folder
    .read('topology.ts')
    .split('\n')
    .findIndex((text) => text.includes("name: 'default-deny'"))
  expect(ran.stdout).toContain(`(topology.ts:${line + 1}:`)
  const title = 'the gateway answers IKE from home, and nothing else'
  expect(ran.stdout).toContain(`npx sallyport run '${title}' --seed 7`)
  expect(ran.stdout).toMatch(/claim +scenarios\/first\.scenario\.ts:\d+:\d+/)
})

test('the JSON document has the keys that scripts rely on, and nothing else is on standard output', () => {
  using folder = startedFolder()
  folder.edit('topology.ts', 'udp: [4500],', 'udp: [4501],')
  const ran = folder.run('run', '--json', '--reporter', 'pretty,github')
  expect(ran.status).toBe(1)
  const document = JSON.parse(ran.stdout) as RunDocument
  expect(document).toMatchObject({ passed: 2, failed: 1, skipped: 0, seed: 1 })
  expect(document.scenarios[0]).toMatchObject({
    file: 'scenarios/first.scenario.ts',
    status: 'failed',
    digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    steps: [{ title: 'IKE and NAT-T arrive and are answered', status: 'failed' }],
    diagnosis: [
      {
        code: 'firewall/denied',
        at: 'edgeFirewall',
        rule: 'default-deny',
        location: { file: 'topology.ts' },
      },
    ],
  })
})

test('filters choose by title and by file, tags by tag; what is left out is not skipped', () => {
  using folder = startedFolder()
  const count = (...args: readonly string[]): number => {
    const { passed, failed, skipped } = JSON.parse(
      folder.run('run', '--json', ...args).stdout,
    ) as RunDocument
    expect(skipped).toBe(0)
    return passed + failed
  }
  expect(count('PUBLIC', 'trusts')).toBe(2)
  expect(count('first.scenario', '--tag', 'core')).toBe(2)
  // What cmd.exe makes of 'of the gateway'.
  expect(count("'of", 'the', "gateway'")).toBe(2)
})

test('no story matched is wrong use', () => {
  using folder = startedFolder()
  const ran = folder.run('run', 'no such story')
  expect(ran.status).toBe(2)
  expect(ran.complaints).toEqual(["error: no story matches 'no such story'"])
})

test('the same seed gives the same digests, in two processes with different clocks', () => {
  using folder = startedFolder()
  const digests = (): string[] =>
    (JSON.parse(folder.run('run', '--json', '--repeat', '2').stdout) as RunDocument).scenarios.map(
      ({ digest }) => digest,
    )
  const first = digests()
  process.env['TZ'] = 'Pacific/Kiritimati'
  try {
    expect(digests()).toEqual(first)
  } finally {
    delete process.env['TZ']
  }
})

test('one capture a story, under a name that Windows takes', () => {
  using folder = startedFolder()
  folder.run('run', '--pcap', 'captures')
  const names = readdirSync(path.join(folder.path, 'captures'))
  expect(names).toHaveLength(3)
  for (const name of names) expect(name).toMatch(/^[a-z0-9-]+--[a-z0-9-]+\.pcapng$/)
})

test('--trace prints a line a packet', () => {
  using folder = startedFolder()
  expect(folder.run('run', 'IKE', '--trace').stdout).toMatch(/^ +\+\S+.*laptop\/homeLan .* UDP /m)
})

test('a story that names a node which another topology lacks is refused in one line', () => {
  using folder = startedFolder()
  const text = folder.read('topology.ts').replace('    laptop: host(', '    notebook: host(')
  folder.write('other.ts', text)
  const ran = folder.run('run', '--topology', 'other.ts', 'IKE')
  expect(ran.status).toBe(2)
  expect(ran.complaints).toEqual([
    "error: scenarios/first.scenario.ts: story 'the gateway answers IKE from home, and nothing else' names node 'laptop', which topology 'my-network' does not have",
  ])
})

test('a JUnit report goes to a file when another report is printed', () => {
  using folder = startedFolder()
  const ran = folder.run('run', '--reporter', 'pretty,junit', '--output', 'out/report.xml')
  expect(lastLine(ran.stdout)).toMatch(/stories hold/)
  expect(folder.read('out/report.xml')).toContain('<testsuites')
  expect(existsSync(path.join(folder.path, 'sallyport-junit.xml'))).toBe(false)
})
