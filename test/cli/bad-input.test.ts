/** What cannot be read or built: one or two lines with file, line and column, exit status 2, whichever command meets it. */
import { expect, test } from 'vitest'
import { startedFolder, type Ran } from './sallyport.ts'

/** Where `text` stands in the folder's topology, as `topology.ts:LINE:COLUMN`. */
function place(topology: string, text: string): string {
  const before = topology.slice(0, topology.indexOf(text)).split('\n')
  return `topology.ts:${before.length}:${before.at(-1)!.length + 1}`
}

function refused(ran: Ran, at: RegExp): void {
  expect(ran.stderr).toMatch(/^error: topology\.ts:\d+/)
  expect(ran.stderr).toMatch(at)
  expect(ran.stderr).not.toMatch(/^ +at /m)
  expect(ran.complaints.length).toBeLessThanOrEqual(2)
  expect(ran.status).toBe(2)
}

test.for([
  {
    what: 'a syntax error',
    from: "name: 'my-network',",
    to: "name: 'my-network',,",
    at: /:\d+:\d+: syntax error/,
  },
  {
    what: 'a file that throws',
    from: 'export default',
    to: "throw new Error('boom')\nexport default",
    at: /:\d+(?::\d+)?: .*boom/,
  },
  {
    what: 'host bits',
    from: '203.0.113.0/24',
    to: '203.0.113.7/24',
    at: /:\d+:\d+: .*'203\.0\.113\.7\/24'.*203\.0\.113\.0\/24/,
  },
  {
    what: 'an octet above 255',
    from: "'172.16.10.1'",
    to: "'300.16.10.1'",
    at: /:\d+:\d+: .*'300\.16\.10\.1'/,
  },
  {
    what: 'an octal-looking octet',
    from: "'172.16.10.1'",
    to: "'172.016.10.1'",
    at: /:\d+:\d+: .*'172\.016\.10\.1'/,
  },
  {
    what: 'an unknown network',
    from: "outside: 'homeAccess'",
    to: "outside: 'homeAcess'",
    at: /:\d+:\d+: .*'homeAcess'/,
  },
  {
    what: 'an unknown zone',
    from: "zones: ['public']",
    to: "zones: ['pubilc']",
    at: /:\d+:\d+: .*'pubilc'.*'public'/,
  },
  { what: 'a port out of range', from: 'udp: [4500]', to: 'udp: [70000]', at: /:\d+:\d+: .*70000/ },
  {
    what: 'a zone file that is not there',
    from: './zones/example.com.zone',
    to: './zones/none.zone',
    at: /:\d+:\d+: .*none\.zone/,
  },
])('$what in a topology', ({ from, to, at }) => {
  using folder = startedFolder()
  folder.edit('topology.ts', from, to)
  refused(folder.run('check', 'topology.ts'), at)
})

test.for([
  { what: 'a syntax error', from: "name: 'my-network',", to: "name: 'my-network',,", at: /syntax/ },
  {
    what: 'a file that throws',
    from: 'default',
    to: "default 'x'.repeat(-1) || ",
    at: /repeat|count/,
  },
  { what: 'host bits', from: '203.0.113.0/24', to: '203.0.113.7/24', at: /'203\.0\.113\.7\/24'/ },
])('$what in the topology of a story that is played', ({ from, to, at }) => {
  using folder = startedFolder()
  folder.edit('topology.ts', from, to)
  refused(folder.run('run', '--tag', 'core'), at)
})

test('a bad record in a zone file is placed in the zone file', () => {
  using folder = startedFolder()
  folder.edit(
    'zones/example.com.zone',
    'vpn     IN A    203.0.113.10',
    'vpn     IN A    203.0.113.999',
  )
  const ran = folder.run('run')
  expect(ran.status).toBe(2)
  expect(ran.stderr).toMatch(/^error: zones\/example\.com\.zone:\d+:\d+: .*203\.0\.113\.999/)
})

test('a malformed ProfileXML is placed in the profile', () => {
  using folder = startedFolder()
  folder.edit('user-tunnel.xml', '</NativeProfile>', '')
  for (const args of [
    ['check', 'user-tunnel.xml'],
    ['check', 'topology.ts'],
  ]) {
    const ran = folder.run(...args)
    expect(ran.status).toBe(2)
    expect(ran.stderr).toMatch(/^error: user-tunnel\.xml:\d+:\d+: /)
    expect(ran.complaints.length).toBeLessThanOrEqual(2)
  }
})

test('a syntax error in a story is placed in the story', () => {
  using folder = startedFolder()
  folder.edit('scenarios/first.scenario.ts', "tags: ['core'],", "tags: ['core'],,")
  const ran = folder.run('run')
  expect(ran.status).toBe(2)
  expect(ran.stderr).toMatch(/^error: scenarios\/first\.scenario\.ts:\d+:\d+: syntax error/)
})

test('CRLF in every input file loads', () => {
  using folder = startedFolder()
  for (const file of [
    'topology.ts',
    'scenarios/first.scenario.ts',
    'zones/example.com.zone',
    'user-tunnel.xml',
  ])
    folder.write(file, folder.read(file).replaceAll('\n', '\r\n'))
  const ran = folder.run('run')
  expect(ran.stderr).toBe('')
  expect(ran.status).toBe(0)
})

test('the place is that of the value', () => {
  using folder = startedFolder()
  folder.edit('topology.ts', "'172.16.10.1'", "'300.16.10.1'")
  const expected = place(folder.read('topology.ts'), "perimeter: '300.16.10.1'")
  expect(folder.run('check', 'topology.ts').stderr).toContain(expected)
})
