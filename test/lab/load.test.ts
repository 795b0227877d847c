import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatLoadProblem, loadTopology } from '../../src/lab/load.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sallyport-load-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string | Uint8Array): string {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

/** What a person would read, with the folder left out. */
async function complaints(file: string): Promise<string[]> {
  const loaded = await loadTopology(file)
  if (loaded.ok) return []
  return loaded.error.map((p) =>
    formatLoadProblem(p).replaceAll(`${folder.split(path.sep).join('/')}/`, ''),
  )
}

const GOOD_TS = `import { host, ms, topology } from 'sallyport'

export const lan = topology({
  name: 'lan',
  start: '2026-03-02T08:00:00Z',
  networks: { lan: { prefix: '10.0.0.0/24', latency: ms(1) } },
  nodes: {
    pc: host({ lan: '10.0.0.2' }),
    printer: host({ lan: '10.0.0.3' }),
  },
})
`

const GOOD_JSON = `{
  "$schema": "./topology.schema.json",
  "name": "lan",
  "start": "2026-03-02T08:00:00Z",
  "networks": { "lan": { "prefix": "10.0.0.0/24", "latency": "1 ms" } },
  "nodes": {
    "pc": { "kind": "host", "interfaces": { "lan": "10.0.0.2" } },
    "printer": { "kind": "host", "interfaces": [{ "network": "lan", "address": "10.0.0.3" }] }
  }
}
`

describe('what can be read', () => {
  test('a .ts file in a folder without node_modules, and the same in JSON, are the same topology', async () => {
    const ts = await loadTopology(write('good/topology.ts', GOOD_TS))
    const json = await loadTopology(write('good/topology.json', GOOD_JSON))
    expect(ts.ok && json.ok && json.value.topology).toEqual(ts.ok && ts.value.topology)
    expect(ts.ok && ts.value.topology.networks['lan']?.latency).toBe(1000)
  })

  test.for([
    ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['a byte order mark', (text: string) => `\ufeff${text}`],
  ] as const)('%s does no harm', async ([, change]) => {
    expect(await complaints(write('eol/topology.ts', change(GOOD_TS)))).toEqual([])
    expect(await complaints(write('eol/topology.json', change(GOOD_JSON)))).toEqual([])
  })

  test('a path with blanks, brackets, per cent and hash signs', async () => {
    expect(await complaints(write('a #1 (x86) 100%/topo logy.ts', GOOD_TS))).toEqual([])
  })

  test('files beside it may be imported and named', async () => {
    write(
      'split/nodes.ts',
      `import { host } from 'sallyport'\nexport const pc = host({ lan: '10.0.0.2' })\n`,
    )
    write('split/x.zone', '@ IN SOA a b 1 2 3 4 5\n')
    const file = write(
      'split/topology.ts',
      `import { sourceFile, topology } from 'sallyport'
import { pc } from './nodes.ts'
export default topology({ name: 'x', start: '2026-03-02', networks: { lan: '10.0.0.0/24' }, nodes: { pc },
  zones: { x: { origin: 'example.com', file: sourceFile(import.meta.url, './x.zone') } } })
`,
    )
    expect(await complaints(file)).toEqual([])
  })

  test('a file that was edited is read again', async () => {
    const file = write('again/topology.ts', GOOD_TS)
    await loadTopology(file)
    write('again/topology.ts', GOOD_TS.replace("'lan',", "'second',"))
    const again = await loadTopology(file)
    expect(again.ok && again.value.topology.name).toBe('second')
  })

  test('#name chooses among several exports; without it they are listed', async () => {
    const file = write(
      'two/topology.ts',
      `${GOOD_TS}export const other = topology({ ...lan, name: 'other' })\nexport const helper = 1\n`,
    )
    const other = await loadTopology(`${file}#other`)
    expect(other.ok && other.value.topology.name).toBe('other')
    expect(await complaints(file)).toEqual([
      'two/topology.ts  exports 2 topologies: choose one as topology.ts#lan or topology.ts#other',
    ])
    expect(await complaints(`${file}#ohter`)).toEqual([
      "two/topology.ts  exports no topology 'ohter'; did you mean 'other'?",
    ])
  })
})

describe('what cannot be read is told in one line with its place', () => {
  test.for<[why: string, name: string, text: string, told: string]>([
    [
      'a syntax error',
      'a.ts',
      "import { host } from 'sallyport'\r\n\r\nexport const x = { a: ;\r\n",
      'a.ts:3:23  syntax error: Unexpected token',
    ],
    [
      'a module that does not exist',
      'b.ts',
      "import x from 'sallyport'\nimport y from './nope.ts'\nexport default y\n",
      "b.ts:2:15  cannot find the module './nope.ts'",
    ],
    [
      'a file that throws',
      'c.ts',
      "const n = 3\nfunction f() {\n  throw new RangeError('no more\\nthan ' + n)\n}\nf()\n",
      'c.ts:3:3  threw RangeError: no more than 3',
    ],
    ['a file that throws no error', 'd.ts', "throw 'up'\n", 'd.ts  threw up'],
    [
      'a mistyped import',
      'e.ts',
      "import { hots } from 'sallyport'\n\nhots({})\n",
      'e.ts:3:1  threw TypeError: hots is not a function',
    ],
    [
      'a named file that is missing',
      'f.ts',
      "import { sourceFile } from 'sallyport'\nexport const x =\n  sourceFile(import.meta.url, './no.zone')\n",
      'f.ts:3:31  no.zone: no such file',
    ],
    [
      'no topology',
      'g.ts',
      'export const x = 1\n',
      'g.ts  exports no topology: write export default topology({ … })',
    ],
    [
      'an empty file',
      'h.ts',
      '',
      'h.ts  exports no topology: write export default topology({ … })',
    ],
    [
      'JSON with a comma too many',
      'i.json',
      '{\r\n  "name": "x",\r\n}\r\n',
      "i.json:2:14  a comma before '}'",
    ],
    [
      'JSON that ends too early',
      'j.json',
      '{ "name": "x"',
      "j.json:1:14  expected ',' or '}', got the end of the file",
    ],
    ['empty JSON', 'k.json', '', 'k.json:1:1  expected a value, got the end of the file'],
    ['another kind of file', 'l.yaml', 'a: b', 'l.yaml  is not a topology file: .ts or .json'],
  ])('%s', async ([, name, text, told]) => {
    expect(await complaints(write(name, text))).toEqual([told])
  })

  test('no such file, with the one that was probably meant', async () => {
    write('near/topology.ts', GOOD_TS)
    expect(await complaints(path.join(folder, 'near/topolgy.ts'))).toEqual([
      "near/topolgy.ts  no such file; did you mean 'topology.ts'?",
    ])
    expect(await complaints(path.join(folder, 'nowhere/at-all.ts'))).toEqual([
      'nowhere/at-all.ts  no such file',
    ])
  })

  test('a folder', async () => {
    write('dir/topology.ts', GOOD_TS)
    expect(await complaints(path.join(folder, 'dir'))).toEqual([
      'dir  is a folder: name the file in it, such as dir/topology.ts',
    ])
  })

  test('a named file that is not UTF-8 is shown at its bad byte', async () => {
    write('latin/p.xml', Uint8Array.from([0x3c, 0x61, 0x0d, 0x0a, 0x20, 0xe9, 0x3e]))
    const file = write(
      'latin/topology.ts',
      "import { sourceFile } from 'sallyport'\nexport default sourceFile(import.meta.url, 'p.xml')\n",
    )
    expect(await complaints(file)).toEqual(['latin/p.xml:2:2  byte 0xE9 is not UTF-8 text'])
  })
})

describe('what cannot be built is told where it is written', () => {
  test('in TypeScript', async () => {
    const text = GOOD_TS.replace("'10.0.0.2'", "'010.0.0.2'").replace(
      "printer: host({ lan: '10.0.0.3' })",
      "printer: host({ lan: { address: '300.1.1.1', gatway: '10.0.0.1' } } as never)",
    )
    expect(await complaints(write('bad/one.ts', text))).toEqual([
      "bad/one.ts:9:50  nodes.printer.interfaces.lan.gatway: unknown key 'gatway'; did you mean 'gateway'?",
    ])
    expect(
      await complaints(write('bad/two.ts', text.replace(/, gatway.*?'10.0.0.1'/, ''))),
    ).toEqual([
      "bad/two.ts:8:16  nodes.pc.interfaces.lan.address: '010.0.0.2' is not an IPv4 address (a leading zero reads as octal in places)",
      "bad/two.ts:9:28  nodes.printer.interfaces.lan.address: '300.1.1.1' is not an IPv4 address (300 is above 255)",
    ])
  })

  test('in JSON', async () => {
    const text = GOOD_JSON.replace('"10.0.0.2"', '"10.0.0"').replace('"1 ms"', '5')
    expect(await complaints(write('bad/one.json', text))).toEqual([
      'bad/one.json:5:51  networks.lan.latency: 5 is not a duration: write 20 ms, 3 s, 5 min, 8 h or 366 d in quotes',
    ])
    expect(
      await complaints(
        write('bad/two.json', text.replace('5 }', '"5 s" }').replace('10.0.0.0/24', '10.0.0.9/24')),
      ),
    ).toEqual([
      "bad/two.json:5:26  networks.lan.prefix: '10.0.0.9/24' has host bits set; did you mean 10.0.0.0/24?",
      "bad/two.json:7:45  nodes.pc.interfaces.lan.address: '10.0.0' is not an IPv4 address (it has 3 octets, not 4)",
    ])
  })
})
