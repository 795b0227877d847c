import { expect, test } from 'vitest'
import { ipv4, type Ipv4 } from '../../src/base/address.ts'
import { encodeUdp } from '../../src/wire/udp.ts'
import { at, ipFrame, Network, peer } from './network.ts'

function pair() {
  const net = new Network()
  const a = net.stack('a', { lan: '10.0.0.1' })
  const b = net.stack('b', { lan: '10.0.0.2' })
  return { net, a, b }
}

const udpFrame = (
  to: Uint8Array,
  destination: string,
  spoil: (message: Uint8Array) => void = () => undefined,
): Uint8Array => {
  const ends = { source: '10.0.0.9', destination }
  const payload = encodeUdp(
    { sourcePort: 5000, destinationPort: 53, payload: Uint8Array.of(104, 105) },
    { source: ipv4(ends.source), destination: ipv4(destination) },
  )
  spoil(payload)
  return ipFrame({ to }, ends, { payload })
}

test('a datagram tells where it came from, and the answer finds its way', () => {
  const { net, a, b } = pair()
  const server: ReturnType<typeof b.udp.open> = b.udp.open(
    {
      onDatagram: ({ from, to, bytes }) => {
        if (server.ok) server.value.send(from, bytes, { source: to.address })
      },
    },
    { port: 53 },
  )
  const client = peer(a)
  client.say('10.0.0.2', 53, 'ping')
  net.run()
  expect(client.received).toMatchObject([{ text: 'ping', from: `${ipv4('10.0.0.2')}:53` }])
})

test('a service with two addresses answers from the one it was asked on', () => {
  const net = new Network()
  const edge = net.stack('edge', {
    lan: at('10.0.0.1/24', { alsoAt: [{ address: ipv4('10.0.0.5') }] }),
  })
  const opened: ReturnType<typeof edge.udp.open> = edge.udp.open(
    {
      onDatagram: ({ from, to }) => {
        if (opened.ok) opened.value.send(from, new Uint8Array(1), { source: to.address })
      },
    },
    { port: 500 },
  )
  const client = peer(net.stack('client', { lan: '10.0.0.9' }))
  client.say('10.0.0.5', 500)
  net.run()
  expect(client.received.map((r) => r.from)).toEqual([`${ipv4('10.0.0.5')}:500`])
})

test('nobody listens: port unreachable, a drop, and the sender hears of it', () => {
  const { net, a } = pair()
  const client = peer(a)
  client.say('10.0.0.2', 4500)
  net.run()
  expect(net.trace.ofKind('dropped')).toMatchObject([
    { node: 'b', reason: 'no-listener', detail: 'nobody listens on UDP port 4500' },
  ])
  expect(client.errors).toEqual([
    {
      code: 'port-unreachable',
      to: { address: ipv4('10.0.0.2'), port: 4500 },
      from: ipv4('10.0.0.2'),
    },
  ])
})

test('no route: the program hears it, and the packet is a drop', () => {
  const { net, a } = pair()
  const client = peer(a)
  client.say('192.0.2.1', 53)
  net.run()
  expect(client.errors).toMatchObject([{ code: 'no-route', to: { port: 53 } }])
  expect(net.drops()).toEqual(['no-route'])
})

test('a closed socket hears nothing more', () => {
  const { net, a } = pair()
  const client = peer(a)
  client.say('10.0.0.2', 53)
  client.say('192.0.2.1', 53)
  client.socket.close()
  net.run()
  expect(client.errors).toEqual([])
})

test('ports are taken once, unless address or interface keep them apart', () => {
  const net = new Network()
  const host = net.stack('host', { lan: '10.0.0.1', dmz: '10.0.1.1' })
  const handlers = { onDatagram: () => undefined }
  expect(host.udp.open(handlers, { port: 67, nic: 'lan' }).ok).toBe(true)
  expect(host.udp.open(handlers, { port: 67, nic: 'dmz' }).ok).toBe(true)
  expect(host.udp.open(handlers, { port: 67 })).toEqual({ ok: false, error: 'port-in-use' })
  const bound = host.udp.open(handlers, { port: 53, address: ipv4('10.0.0.1') })
  expect(bound.ok).toBe(true)
  expect(host.udp.open(handlers, { port: 53, address: ipv4('10.0.1.1') }).ok).toBe(true)
  expect(host.udp.open(handlers, { port: 53, address: ipv4('10.0.0.1') }).ok).toBe(false)
  if (bound.ok) bound.value.close()
  expect(host.udp.open(handlers, { port: 53, address: ipv4('10.0.0.1') }).ok).toBe(true)
})

test('ephemeral ports come from the dynamic range, and the same seed gives the same', () => {
  const ports = (): number[] => {
    const { a } = pair()
    return Array.from({ length: 50 }, () => peer(a).socket.port)
  }
  const drawn = ports()
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(49_152)
  expect(new Set(drawn).size).toBe(50)
  expect(ports()).toEqual(drawn)
})

test('a broadcast reaches every socket of the port on every host, and is never answered with an error', () => {
  const { net, a, b } = pair()
  const c = net.stack('c', { lan: '10.0.0.3' })
  const bound = peer(b, 67, { address: ipv4('10.0.0.2') })
  const other = peer(b, 67, { address: ipv4('10.0.0.77') })
  const client = peer(a, 68)
  client.socket.send({ address: ipv4('255.255.255.255'), port: 67 }, Uint8Array.of(33), {
    nic: 'lan',
  })
  client.say('10.0.0.255', 67, '?')
  net.run()
  expect(bound.received.map((r) => r.text)).toEqual(['!', '?'])
  expect(other.received.map((r) => r.text)).toEqual(['!', '?'])
  expect(net.drops(c.name)).toEqual(['no-listener', 'no-listener'])
  expect(client.errors).toEqual([])
})

test('an interface without an address can ask everybody, from 0.0.0.0', () => {
  const net = new Network()
  const client = net.stack('client', { lan: {} })
  const server = peer(net.stack('server', { lan: '10.0.0.1' }), 67)
  const { socket } = peer(client, 68)
  const to = { address: ipv4('255.255.255.255'), port: 67 }
  socket.send(to, Uint8Array.of(33), { nic: 'lan', source: 0 as Ipv4 })
  net.run()
  expect(server.received).toMatchObject([{ text: '!', from: '0:68', nic: 'lan' }])
  expect(net.drops()).toEqual([])
})

test.for([
  ['a wrong checksum', 'bad-checksum', (m: Uint8Array): void => void (m[6]! ^= 1)],
  ['a length beyond the packet', 'malformed', (m: Uint8Array): void => void (m[5] = 200)],
  ['a length below the header', 'malformed', (m: Uint8Array): void => void (m[5] = 4)],
] as const)('%s is a counted drop', ([, reason, spoil]) => {
  const { net, b } = pair()
  const server = peer(b, 53)
  net.segment('lan').inject(udpFrame(b.nics[0]!.mac, '10.0.0.2', spoil))
  net.run()
  expect(server.received).toEqual([])
  expect(net.trace.dropCount('b', reason)).toBe(1)
})

test('a checksum of zero means that there is none', () => {
  const { net, b } = pair()
  const server = peer(b, 53)
  const noSum = (message: Uint8Array): void => void message.fill(0, 6, 8)
  net.segment('lan').inject(udpFrame(b.nics[0]!.mac, '10.0.0.2', noSum))
  net.run()
  expect(server.received).toMatchObject([{ text: 'hi' }])
})
