import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { days, hours, microseconds, minutes, ms, seconds } from '../../src/base/time.ts'
import { parseDuration } from '../../src/topology/json-shape.ts'
import { parseJsonTopology, topologyJsonSchema } from '../../src/topology/json.ts'
import { positionAt } from '../../src/topology/position.ts'
import { validateTopology } from '../../src/topology/validate.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const here = path.join(root, 'topologies', 'contoso', 'topology.json')

test('topology.schema.json is what scripts/write-schema.mjs would write', () => {
  const shipped = JSON.parse(readFileSync(path.join(root, 'topology.schema.json'), 'utf8'))
  expect(shipped).toEqual(topologyJsonSchema())
})

describe('durations', () => {
  test.for([
    ['20 ms', ms(20)],
    ['1.5 s', seconds(1.5)],
    ['2 min', minutes(2)],
    ['8h', hours(8)],
    ['-366 d', days(-366)],
    ['5 µs', microseconds(5)],
    ['5 us', microseconds(5)],
    ['5', undefined],
    ['5 m', undefined],
    ['five s', undefined],
    ['', undefined],
    ['99999999999999 d', undefined],
  ] as const)('%s', ([written, meant]) => {
    expect(parseDuration(written)).toBe(meant)
  })
})

const WHOLE = {
  name: 'site',
  start: '2026-03-02T08:00:00Z',
  networks: { lan: { prefix: '10.10.0.0/24', latency: '2 ms' }, wan: '203.0.113.0/24' },
  zones: {
    corp: { origin: 'corp.contoso.com', file: './zones/corp.contoso.com.zone' },
    again: { origin: 'corp.contoso.com', file: { file: './zones/corp.contoso.com.zone' } },
  },
  authorities: { root: { subject: 'CN=Root', validFrom: '-30 d', validFor: '3650 d' } },
  nodes: {
    pc: {
      kind: 'host',
      interfaces: { lan: { address: 'dhcp', metric: 5 } },
      profiles: { user: { file: './user-tunnel.xml' } },
    },
    edge: {
      kind: 'firewall',
      interfaces: { lan: '10.10.0.1', wan: '203.0.113.2' },
      filter: {
        rules: [{ name: 'ike', verdict: 'accept', from: 'wan', udp: [500, [4500, 4500]] }],
        sessions: { udp: '30 s' },
      },
    },
  },
}

test('the JSON form becomes the data that topology() makes', () => {
  const read = parseJsonTopology(JSON.stringify(WHOLE), here)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  const { topology } = read.value
  expect(validateTopology(topology)).toEqual([])
  expect(topology.networks).toEqual({
    lan: { prefix: '10.10.0.0/24', latency: ms(2) },
    wan: { prefix: '203.0.113.0/24' },
  })
  expect(topology.nodes['edge']).toMatchObject({
    interfaces: [
      { network: 'lan', address: '10.10.0.1' },
      { network: 'wan', address: '203.0.113.2' },
    ],
    filter: { sessions: { udp: seconds(30) } },
  })
  expect(topology.nodes['pc']).toMatchObject({
    interfaces: [{ network: 'lan', address: 'dhcp', metric: 5 }],
    profiles: { user: { encoding: 'utf-8', text: expect.stringContaining('<VPNProfile>') } },
  })
  expect(topology.zones['again']).toEqual(topology.zones['corp'])
  expect(topology.authorities['root']?.validFrom).toBe(days(-30))
  expect(Object.isFrozen(topology.nodes['pc'])).toBe(true)
})

describe('what has the wrong shape is said with its place', () => {
  test.for<[from: string, to: string, at: string, told: string]>([
    [
      '"./user-tunnel.xml"',
      '"./nowhere.xml"',
      '"user"',
      'nodes.pc.profiles.user: topologies/contoso/nowhere.xml: no such file',
    ],
    [
      '"30 s"',
      '30',
      '"udp": 30',
      'nodes.edge.filter.sessions.udp: 30 is not a duration: write 20 ms, 3 s, 5 min, 8 h or 366 d in quotes',
    ],
    [
      '"30 s"',
      '"30"',
      '"udp": "30"',
      "nodes.edge.filter.sessions.udp: '30' is not a duration such as 20 ms, 3 s, 5 min, 8 h or 366 d",
    ],
    [
      '"metric": 5',
      '"metrik": 5',
      '"metrik"',
      "nodes.pc.interfaces.lan.metrik: unknown key 'metrik'; did you mean 'metric'?",
    ],
    [
      '"firewall"',
      '"firewal"',
      '"kind": "firewal"',
      "nodes.edge.kind: 'firewal' is not one of host, firewall, nat-router, switch; did you mean 'firewall'?",
    ],
    ['"name": "site",', '', '{', 'name: is missing'],
    [
      '"2 ms"',
      '2',
      '"latency"',
      'networks.lan.latency: 2 is not a duration: write 20 ms, 3 s, 5 min, 8 h or 366 d in quotes',
    ],
    [
      '"verdict": "accept"',
      '"verdict": "accpet"',
      '"verdict"',
      "nodes.edge.filter.rules.ike.verdict: 'accpet' is not one of accept, drop, continue; did you mean 'accept'?",
    ],
  ])('%s → %s', ([from, to, at, told]) => {
    const text = JSON.stringify(WHOLE, null, 2).replace(from, to)
    const read = parseJsonTopology(text, here)
    expect(read.ok ? [] : read.error).toEqual([
      { ...positionAt(text, text.indexOf(at)), message: told },
    ])
  })

  test('all of them, in the order of the text', () => {
    const text = JSON.stringify(WHOLE).replace('"30 s"', '30').replace('"2 ms"', '2')
    const read = parseJsonTopology(text, here)
    expect(read.ok ? [] : read.error.map(({ message }) => message.split(':')[0])).toEqual([
      'networks.lan.latency',
      'nodes.edge.filter.sessions.udp',
    ])
  })
})
