import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { locate, locateRule, openSource, type TopologySource } from '../../src/topology/source.ts'

let folder: string
let source: TopologySource
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sallyport-source-'))
  for (const [name, text] of Object.entries(FILES)) writeFileSync(path.join(folder, name), text)
  source = openSource(path.join(folder, 'topology.ts'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const FILES = {
  'topology.ts': `import { allow, allowEstablished, firewall, host as computer, natRouter, topology } from 'sallyport'
import { web, lanPrefix } from './parts.ts'
import * as rules from './parts.ts'

const common = { os: 'linux', forwards: true } as const
const dmzRules = [rules.ike, allow('ping', { icmp: [8] })]
const member = (address: string) => computer({ lan: { address, gateway: '10.0.0.1' } }, common)
function server(name: string) {
  return { kind: 'host', interfaces: [{ network: 'lan', address: name }] } as const
}

export const unused = 1
export const site = topology({
  name: 'site',
  start: '2026-03-02',
  networks: { lan: lanPrefix, 'dmz': { prefix: '192.0.2.0/28', vlan: 9 } },
  nodes: {
    web,
    pc: member('10.0.0.2'),
    srv: server('10.0.0.3'),
    plain: computer({ lan: '10.0.0.4', dmz: 'dhcp' }, { ...common, routes: [{ to: 'x', via: 'y' }] }),
    edge: firewall({ lan: '10.0.0.1' }, {
      filter: {
        rules: [
          allowEstablished(),
          ...dmzRules,
          { name: 'last', verdict: 'drop', from: 'lan' },
        ],
        otherwise: { forward: { name: 'default-deny', verdict: 'drop' } },
        nat: [{ kind: 'masquerade', name: 'out', to: 'dmz' }],
      },
    }),
    home: natRouter({ lan: '1' }, { nat: { outside: 'lan', forwards: [{ name: 'rdp', tcp: 3389, toAddress: 'x' }] } }),
  },
})
`,
  'parts.ts': `import { allow, host } from 'sallyport'
export { lanPrefix } from './deep.js'
export const ike = allow('ike', {
  from: 'dmz',
  udp: [500, 4500],
})
export const web = host({ dmz: '192.0.2.5' }, { roams: ['lan'] })
`,
  'deep.ts': `export const lanPrefix = '10.0.0.0/24'\n`,
}

/** Where a place is, as `file:line` and the text that begins there. */
function at(...steps: (string | number)[]): string {
  const place = source.locate(steps)
  if (place === undefined) return 'nowhere'
  const name = path.basename(place.file) as keyof typeof FILES
  const line = FILES[name].split('\n')[place.line - 1]!
  return `${name}:${place.line} ${line.slice(place.column - 1, place.column + 11)}`
}

describe('a path is followed', () => {
  test.for<[why: string, path: (string | number)[], place: string]>([
    ['to a key', ['networks', 'dmz', 'vlan'], 'topology.ts:16 vlan: 9 } },'],
    ['to the call itself', [], 'topology.ts:13 topology({'],
    [
      'through a constructor of interfaces',
      ['nodes', 'plain', 'interfaces', 1, 'address'],
      "topology.ts:21 dmz: 'dhcp' ",
    ],
    [
      'by the name of a network',
      ['nodes', 'plain', 'interfaces', 'dmz'],
      "topology.ts:21 dmz: 'dhcp' ",
    ],
    [
      'into what a constructor takes besides',
      ['nodes', 'plain', 'routes', 0, 'via'],
      "topology.ts:21 via: 'y' }] ",
    ],
    ['through a spread', ['nodes', 'plain', 'forwards'], 'topology.ts:5 forwards: tr'],
    ['into another file', ['nodes', 'web', 'roams', 0], "parts.ts:7 'lan'] })"],
    [
      'through a function of the user, to the argument it was given',
      ['nodes', 'pc', 'interfaces', 'lan', 'gateway'],
      "topology.ts:7 gateway: '10",
    ],
    [
      'through a function of the user that returns data',
      ['nodes', 'srv', 'interfaces', 0, 'network'],
      "topology.ts:9 network: 'la",
    ],
    [
      'to a rule after a spread list',
      ['nodes', 'edge', 'filter', 'rules', 3, 'from'],
      "topology.ts:27 from: 'lan' ",
    ],
    [
      'to a rule by its name',
      ['nodes', 'edge', 'filter', 'rules', 'last'],
      "topology.ts:27 { name: 'las",
    ],
    [
      'to a rule in another file',
      ['nodes', 'edge', 'filter', 'rules', 'ike', 'udp', 1],
      'parts.ts:5 4500],',
    ],
    [
      'to a rule without arguments',
      ['nodes', 'edge', 'filter', 'rules', 'established'],
      'topology.ts:25 allowEstabli',
    ],
    [
      'to the nearest thing when it is not written',
      ['nodes', 'edge', 'certificates', 0],
      'topology.ts:22 edge: firewa',
    ],
    [
      'to the nearest thing when it was computed',
      ['networks', 'lan', 'prefix'],
      'topology.ts:16 lan: lanPref',
    ],
    [
      'nowhere further than the file when nothing fits',
      ['zones', 'x'],
      'topology.ts:13 topology({',
    ],
  ])('%s', ([, steps, place]) => {
    expect(at(...steps).startsWith(place)).toBe(true)
  })
})

describe('a rule is found by its node and name', () => {
  const lineOf = (node: string, rule: string): string => {
    const place = locateRule(path.join(folder, 'topology.ts'), node, rule)
    return place === undefined ? 'nowhere' : `${path.basename(place.file)}:${place.line}`
  }
  test.for([
    ['edge', 'ike', 'parts.ts:3'],
    ['edge', 'ping', 'topology.ts:6'],
    ['edge', 'default-deny', 'topology.ts:29'],
    ['edge', 'out', 'topology.ts:30'],
    ['home', 'rdp', 'topology.ts:33'],
    ['edge', 'no such rule', 'topology.ts:22'],
  ] as const)('%s %s', ([node, rule, place]) => {
    expect(lineOf(node, rule)).toBe(place)
  })

  test('in the Contoso topology', () => {
    const contoso = fileURLToPath(new URL('../../topologies/contoso/topology.ts', import.meta.url))
    const place = locateRule(contoso, 'edgeFirewall', 'edge-default-deny')
    expect(place?.file).toBe('topologies/contoso/topology.ts')
    expect(place?.line).toBeGreaterThan(200)
  })
})

test('JSON answers the same questions', () => {
  const file = path.join(folder, 'topology.json')
  writeFileSync(
    file,
    '{\n "nodes": { "edge": { "filter": {\n  "rules": [{ "name": "a" },\n   { "name": "b", "udp": [] }] } } } }',
  )
  expect(locate(file, ['nodes', 'edge', 'filter', 'rules', 1, 'udp'])).toMatchObject({
    line: 4,
    column: 19,
  })
  expect(locateRule(file, 'edge', 'a')).toMatchObject({ line: 3, column: 13 })
})

test.for([
  ['it is not TypeScript at all', 'junk.ts', '\0\0 {{{ \u{1F600} export default'],
  [
    'names lead in a circle',
    'circle.ts',
    "import { a } from './circle.ts'\nexport { a }\nconst b: any = c\nconst c: any = b\nexport default { nodes: b, networks: { ...c } }\n",
  ],
  [
    'a function calls itself',
    'loop.ts',
    'const f = (x: any): any => ({ ...f(x), nodes: f(x) })\nexport default f(1)\n',
  ],
] as const)('what cannot be followed ends somewhere: %s', ([, name, text]) => {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  const place = locate(file, ['nodes', 'x', 'interfaces', 0])
  expect(place?.line ?? 1).toBeGreaterThan(0)
})

test('no such file is nowhere', () => {
  expect(locate(path.join(folder, 'nowhere.ts'), ['nodes'])).toBeUndefined()
  expect(locate(path.join(folder, 'nowhere.json'), ['nodes'])).toBeUndefined()
})
