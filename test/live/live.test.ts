/** Real sockets on loopback against a simulated node, in one process. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ethernetSwitch, host, listener, nps, seconds, topology, type Topology } from 'sallyport'
import { utf8 } from '../../src/base/bytes.ts'
import { instant } from '../../src/base/time.ts'
import { startLive, type LiveOptions, type LiveSession } from '../../src/live/live.ts'
import { wallClockNow } from '../../src/live/real-time.ts'
import { BACKLOG_MAX } from '../../src/live/udp-door.ts'
import { RECENT_EVENTS } from '../../src/net/trace.ts'
import type { World } from '../../src/net/world.ts'
import { decodeMessage } from '../../src/wire/dns/message.ts'
import { dnsLab, echoLab, liveOn, portOf, question, udpClient, type Client } from './real.ts'

/** Asks again, as any client does whose datagram was lost in a full buffer; fewer times than RADIUS clients do. */
async function askUntilAnswered(client: Client, port: number): Promise<Uint8Array> {
  const received = client.receive()
  for (let tries = 0; tries < 3; tries++) {
    client.send(question('here.example.com'), port)
    const answer = await Promise.race([received, sleep(1000)])
    if (answer !== undefined) return answer.bytes
  }
  throw new Error('nobody answered')
}

/** Stop the clock as an engine does that waits for the platform. The lab's world is not for scripts, so it has no type there. */
const holdClockOf = (live: LiveSession): (() => void) =>
  (live.lab as unknown as { readonly world: World }).world.hold()

async function freePort(): Promise<number> {
  await using client = await udpClient()
  return client.port
}

async function refusal(options: LiveOptions, network: Topology = echoLab): Promise<unknown> {
  const started = await startLive(network, options)
  if (!started.ok) return started.error
  await started.value.stop()
  return 'it started'
}

describe('datagrams', () => {
  test('reach the service and are answered, each to who asked', async () => {
    await using live = await liveOn(echoLab, { node: 'server' })
    await using one = await udpClient()
    await using two = await udpClient()
    const port = portOf(live, 'udp', 7)
    one.send(utf8('one'), port)
    two.send(utf8('two'), port)
    expect((await one.receive()).bytes.toString()).toBe('one')
    expect((await two.receive()).bytes.toString()).toBe('two')
    expect(live.counts).toMatchObject({ datagrams: 2, answers: 2, malformed: 0, dropped: 0 })
  })

  test('come as themselves, or from the node that their address speaks as', async () => {
    const options = { node: 'server', peers: [{ from: '127.0.0.1', as: 'asker' }] }
    await using live = await liveOn(echoLab, options)
    expect(live.speaksAs).toEqual([{ from: '127.0.0.1', as: '10.9.0.5', node: 'asker' }])
    // Two addresses, one port number: to the service they are one host's two ports.
    await using one = await udpClient('127.0.0.1')
    await using two = await udpClient('127.0.0.2', one.port)
    const port = portOf(live, 'udp', 7)
    one.send(utf8('as asker'), port)
    two.send(utf8('as itself'), port)
    expect((await one.receive()).bytes.toString()).toBe('as asker')
    expect((await two.receive()).bytes.toString()).toBe('as itself')
  })

  test('to a node that is paused are lost, as on site', async () => {
    await using live = await liveOn(echoLab, { node: 'server' })
    await using client = await udpClient()
    const port = portOf(live, 'udp', 7)
    const paused = live.lab.pause('server')
    client.send(utf8('lost'), port)
    await expect.poll(() => live.counts.dropped).toBe(1)
    paused[Symbol.dispose]()
    client.send(utf8('heard'), port)
    expect((await client.receive()).bytes.toString()).toBe('heard')
  })

  test('an edit of the running lab counts for the next one', async () => {
    await using live = await liveOn(echoLab, { node: 'server' })
    await using client = await udpClient()
    client.send(utf8('before'), portOf(live, 'udp', 7))
    await client.receive()
    live.lab.reboot('server')
    client.send(utf8('after'), portOf(live, 'udp', 7))
    expect((await client.receive()).bytes.toString()).toBe('after')
  })
})

describe('a flood', () => {
  test('of garbage leaves bounded traces, and a good question is answered', async () => {
    await using live = await liveOn(dnsLab, { node: 'server' })
    await using flooder = await udpClient()
    await using client = await udpClient('127.0.0.2')
    const port = portOf(live, 'udp', 53)
    const garbage = new Uint8Array(40).fill(0xff)
    let sent = 0
    while (live.counts.malformed < 2.5 * RECENT_EVENTS) {
      for (let i = 0; i < 200; i++) flooder.send(garbage, port)
      sent += 200
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(live.counts.malformed).toBeLessThanOrEqual(sent)
    expect(live.lab.trace.dropCount('server', 'malformed')).toBe(live.counts.malformed)
    expect(live.lab.trace.events.length).toBeLessThan(2 * RECENT_EVENTS)
    const answered = decodeMessage(await askUntilAnswered(client, port))
    expect(answered.ok && answered.value.answer).toHaveLength(1)
  })

  test('while an engine holds the clock is cut off at a fixed number, and the rest is served', async () => {
    await using live = await liveOn(echoLab, { node: 'server' })
    await using client = await udpClient()
    const port = portOf(live, 'udp', 7)
    const letGo = holdClockOf(live)
    let sent = 0
    while (live.counts.dropped === 0) {
      for (let i = 0; i < 100; i++) client.send(utf8(`${sent++}`), port)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(live.counts.datagrams).toBe(0)
    letGo()
    await expect.poll(() => live.counts.datagrams).toBeGreaterThanOrEqual(BACKLOG_MAX)
    expect((await client.receive()).bytes.toString()).toBe('0')
  })
})

describe('who speaks as whom', () => {
  const npsLab = (clients: readonly string[]) =>
    topology({
      name: 'nps',
      start: '2026-03-02T08:00:00Z',
      networks: { lan: '10.9.0.0/24' },
      nodes: {
        gateway: host({ lan: '10.9.0.5' }),
        server: host(
          { lan: '10.9.0.2' },
          {
            services: [
              nps({
                clients: clients.map((address, i) => ({
                  name: `client ${i}`,
                  address,
                  secret: 'a-lab-secret-only',
                })),
              }),
            ],
          },
        ),
      },
    })

  test.for([
    ['the first client', ['10.9.0.5', '10.9.0.6'], [{ as: '10.9.0.5', node: 'gateway' }]],
    ['an address that no node has', ['10.9.0.77'], [{ as: '10.9.0.77' }]],
    ['the first of a range', ['10.9.0.32/28'], [{ as: '10.9.0.33' }]],
    ['the first that is known by address', ['vpn.example.com', '10.9.0.5'], [{ as: '10.9.0.5' }]],
    ['nobody, where NPS has no client', [], []],
  ] as const)('loopback is %s of an NPS', async ([, clients, expected]) => {
    await using live = await liveOn(npsLab(clients), { node: 'server' })
    expect(live.speaksAs).toHaveLength(expected.length)
    expect(live.speaksAs).toMatchObject(expected.map((each) => ({ from: '127.0.0.0/8', ...each })))
  })

  test('what the operator says comes before', async () => {
    const peers = [{ from: '127.0.0.3', as: '10.9.0.200' }]
    await using live = await liveOn(npsLab(['10.9.0.5']), { node: 'server', peers })
    expect(live.speaksAs.map(({ from, as }) => `${from} ${as}`)).toEqual([
      '127.0.0.3 10.9.0.200',
      '127.0.0.0/8 10.9.0.5',
    ])
  })
})

describe('time', () => {
  test('the lab starts now, whatever its topology says, and its certificates with it', async () => {
    const from = wallClockNow()
    await using live = await liveOn(echoLab, { node: 'server' })
    const start = instant(live.lab.topology.start)
    expect(start).toBeGreaterThan(from - seconds(1))
    expect(start).toBeLessThanOrEqual(wallClockNow())
    expect(live.lab.now).toBeGreaterThanOrEqual(from)
    expect(echoLab.start).toBe('2026-03-02T08:00:00Z')
  })
})

describe('stopping', () => {
  test('closes the ports, and leaves the lab under virtual time', async () => {
    const live = await liveOn(echoLab, { node: 'server' })
    const port = portOf(live, 'udp', 7)
    const counts = await live.stop()
    expect(await live.ended).toEqual({ kind: 'stopped' })
    expect(await live.stop()).toBe(counts)
    await using _free = await udpClient('127.0.0.1', port)
    const before = live.lab.now
    await live.lab.advance(seconds(3600))
    expect(live.lab.now - before).toBe(seconds(3600))
  })

  test('a bug of our own ends the session, says so, and closes everything', async () => {
    const live = await liveOn(echoLab, { node: 'server' })
    const port = portOf(live, 'udp', 7)
    const { world } = live.lab as unknown as { readonly world: World }
    world.schedule(
      0 as never,
      () => {
        throw new Error('a bug')
      },
      undefined,
    )
    expect(await live.ended).toEqual({ kind: 'broken', thrown: new Error('a bug') })
    await using _free = await udpClient('127.0.0.1', port)
  })
})

describe('refusals', () => {
  const net = topology({
    name: 'refusals',
    start: '2026-03-02T08:00:00Z',
    networks: { lan: { prefix: '10.9.0.0/24', vlan: 9 } },
    nodes: {
      silent: host({ lan: '10.9.0.5' }),
      access: ethernetSwitch({ networks: ['lan'], trunks: [{ to: 'silent', allows: ['lan'] }] }),
      server: host(
        { lan: '10.9.0.2' },
        { services: [listener({ name: 'x', udp: [60_000, 60_001] })] },
      ),
    },
  })

  test.for([
    ['a node that is not there', { node: 'servre' }, 'unknown-node', "did you mean 'server'?"],
    ['a switch', { node: 'access' }, 'no-service', 'is a switch'],
    ['a node without services', { node: 'silent' }, 'no-service', 'offers no service'],
    ['no port left', { node: 'server', realPort: () => undefined }, 'not-open', 'UDP 60000'],
    ['a port beyond 65535', { node: 'server', realPort: (p: number) => p + 6000 }, 'bad-port', ''],
    ['a name for an address', { node: 'server', bind: 'localhost' }, 'bad-address', 'localhost'],
    ['IPv6', { node: 'server', bind: '::1' }, 'bad-address', 'IPv4 only'],
    ['an address of no machine', { node: 'server', bind: '127.0.0.256' }, 'bad-address', ''],
    [
      'a source that is no address of this machine',
      { node: 'server', exposes: true, sources: [{ own: '10.9.0.2', address: '192.0.2.1' }] },
      'bad-address',
      'no address of this machine',
    ],
    [
      'a source beyond this machine',
      { node: 'server', sources: [{ own: '10.9.0.2', address: '192.0.2.1' }] },
      'needs-expose',
      '--expose',
    ],
    ['every address', { node: 'server', bind: '0.0.0.0' }, 'needs-expose', '--expose'],
    [
      'an address of another machine',
      { node: 'server', bind: '192.0.2.1', exposes: true },
      'bad-address',
      'no address of this machine',
    ],
    [
      'a peer that is no node',
      { node: 'server', peers: [{ from: '127.0.0.1', as: 'silence' }] },
      'unknown-node',
      "did you mean 'silent'?",
    ],
    [
      'a peer without an address',
      { node: 'server', peers: [{ from: '127.0.0', as: 'silent' }] },
      'bad-address',
      '127.0.0',
    ],
    [
      'a server beyond this machine',
      { node: 'server', remotes: [{ to: 'silent', address: '192.0.2.1' }] },
      'needs-expose',
      '--expose',
    ],
  ] as const)('%s', async ([, options, code, words]) => {
    const refused = await refusal(options, net)
    expect(refused).toMatchObject({
      kind: 'live',
      code,
      message: expect.stringContaining(words) as string,
    })
  })

  test('a port in use: one line, and the ports that were open already are free again', async () => {
    await using taken = await udpClient()
    const free = await freePort()
    const realPort = (port: number): number => (port === 60_000 ? free : taken.port)
    expect(await refusal({ node: 'server', realPort }, net)).toMatchObject({
      code: 'port-in-use',
      message: `UDP 127.0.0.1:${taken.port} is in use by another program`,
    })
    await using _free = await udpClient('127.0.0.1', free)
  })

  test('a topology that cannot be built keeps its problems with their places', async () => {
    const broken = topology({
      name: 'broken',
      start: '2026-03-02T08:00:00Z',
      networks: { lan: '10.9.0.0/24' },
      nodes: { server: host({ lan: '10.9.0.300' }) },
    })
    expect(await refusal({ node: 'server' }, broken)).toMatchObject({
      kind: 'topology',
      problems: [{ path: ['nodes', 'server', 'interfaces', 0, 'address'] }],
    })
  })
})

test('the event log of the served node is told as it happens, and nobody else’s', async () => {
  const told: string[] = []
  const onLog: NonNullable<LiveOptions['onLog']> = ({ node, text }) => told.push(`${node} ${text}`)
  const live = await liveOn(echoLab, { node: 'server', onLog })
  const { stack } = live.lab as unknown as {
    readonly stack: (node: string) => { log(source: string, text: string): void }
  }
  stack.call(live.lab, 'server').log('Test', 'one')
  stack.call(live.lab, 'asker').log('Test', 'two')
  await live.stop()
  stack.call(live.lab, 'server').log('Test', 'three')
  expect(told).toEqual(['server one'])
})
