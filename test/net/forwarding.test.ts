import { expect, test } from 'vitest'
import { formatIpv4, ipv4 } from '../../src/base/address.ts'
import { ms, seconds } from '../../src/base/time.ts'
import type { Packet, PacketHooks, Stop } from '../../src/net/packet.ts'
import type { StackOptions } from '../../src/net/stack.ts'
import { decodeIcmp } from '../../src/wire/icmp.ts'
import { decodeIpv4, PROTOCOL, type Ipv4Packet } from '../../src/wire/ipv4.ts'
import { at, ipFrame, Network, peer } from './network.ts'

/** client ── lan ── router ── dmz ── server */
function setUp(router: Partial<StackOptions> = {}, mtu = 1500) {
  const net = new Network()
  net.segment('dmz', { mtu })
  const client = net.stack('client', { lan: at('10.0.0.2/24', { gateway: ipv4('10.0.0.1') }) })
  const edge = net.stack(
    'router',
    { lan: '10.0.0.1/24', dmz: '10.0.1.1/24' },
    { forwards: true, ...router },
  )
  const server = net.stack('server', { dmz: at('10.0.1.2/24', { gateway: ipv4('10.0.1.1') }) })
  return { net, client, edge, server, asking: peer(client), answering: peer(server, 53) }
}

const sentBy = (net: Network, node: string, protocol: number): Ipv4Packet[] =>
  net.trace.ofKind('sent').flatMap((event) => {
    const ip = decodeIpv4(event.frame.subarray(14))
    return event.node === node && ip.ok && ip.value.protocol === protocol ? [ip.value] : []
  })

/** ICMP errors that `node` sent, as `type/code/rest from → to`. */
const errorsOf = (net: Network, node = 'router'): string[] =>
  sentBy(net, node, PROTOCOL.icmp).flatMap(({ payload, source, destination }) => {
    const icmp = decodeIcmp(payload)
    if (!icmp.ok) throw new Error('an ICMP message of ours does not decode')
    const { type, code, rest } = icmp.value
    return [`${type}/${code}/${rest} ${formatIpv4(source)} → ${formatIpv4(destination)}`]
  })

const hooks = (parts: Partial<Record<keyof PacketHooks, (packet: Packet) => Stop | undefined>>) => {
  const nothing = (): undefined => undefined
  return {
    prerouting: nothing,
    input: nothing,
    forward: nothing,
    output: nothing,
    postrouting: nothing,
    ...parts,
  } satisfies PacketHooks
}

const mac = (stack: { nics: readonly { mac: Uint8Array }[] }): Uint8Array => stack.nics[0]!.mac

test('a forwarded packet has one less TTL, right checksums, the same id, and its way in the trace', () => {
  const { net, asking, answering } = setUp()
  const id = asking.say('10.0.1.2', 53)
  net.run()
  expect(answering.received).toMatchObject([{ text: 'hello', packet: id, nic: 'dmz' }])
  expect(sentBy(net, 'client', 17)[0]!.ttl).toBe(64)
  expect(sentBy(net, 'router', 17)[0]!.ttl).toBe(63)
  const kinds = net.trace.ofPacket(id).map((event) => `${event.kind} ${event.node}`)
  expect(kinds).toEqual([
    'sent client',
    'received router',
    'forwarded router',
    'sent router',
    'received server',
    'delivered server',
  ])
})

test('a host that does not forward drops what is for others, silently', () => {
  const { net, asking } = setUp({ forwards: false })
  asking.say('10.0.1.2', 53)
  net.run()
  expect(net.drops()).toEqual(['not-forwarding'])
  expect(asking.errors).toEqual([])
})

test('no route: net unreachable from the address nearest to the sender', () => {
  const { net, asking } = setUp()
  asking.say('192.0.2.1', 53)
  net.run()
  expect(net.drops()).toEqual(['no-route'])
  expect(errorsOf(net)).toEqual(['3/0/0 10.0.0.1 → 10.0.0.2'])
  expect(asking.errors).toMatchObject([
    { code: 'net-unreachable', to: { address: ipv4('192.0.2.1'), port: 53 } },
  ])
})

test('no neighbour: host unreachable after three unanswered questions', () => {
  const { net, asking } = setUp()
  asking.say('10.0.1.9', 53)
  net.run()
  expect(net.drops()).toEqual(['no-neighbour'])
  expect(errorsOf(net)).toEqual(['3/1/0 10.0.0.1 → 10.0.0.2'])
  expect(asking.errors).toMatchObject([{ code: 'host-unreachable', from: ipv4('10.0.0.1') }])
})

test('the last hop of a TTL answers time exceeded', () => {
  const { net, asking } = setUp()
  asking.socket.send({ address: ipv4('10.0.1.2'), port: 53 }, new Uint8Array(1), { ttl: 1 })
  net.run()
  expect(net.drops()).toEqual(['ttl-expired'])
  expect(errorsOf(net)).toEqual(['11/0/0 10.0.0.1 → 10.0.0.2'])
  expect(asking.errors).toMatchObject([{ code: 'ttl-expired' }])
})

test('a missing route is found before an exhausted TTL, and an exhausted TTL before the filter (ip_forward)', () => {
  const { net, asking, edge } = setUp()
  edge.hooks = hooks({ forward: () => ({ kind: 'drop', rule: 'deny', reason: 'filter' }) })
  const send = (to: string, ttl: number): void =>
    void asking.socket.send({ address: ipv4(to), port: 53 }, new Uint8Array(1), { ttl })
  send('192.0.2.1', 1)
  send('10.0.1.2', 1)
  send('10.0.1.2', 2)
  net.run()
  expect(net.drops()).toEqual(['no-route', 'ttl-expired', 'filter'])
})

test('DF and a narrow link: fragmentation needed with its MTU; the sender learns and cuts', () => {
  const { net, client, asking, answering } = setUp({}, 1000)
  const big = 'x'.repeat(1200)
  asking.say('10.0.1.2', 53, big)
  net.run()
  expect(net.drops()).toEqual(['too-big'])
  expect(errorsOf(net)).toEqual(['3/4/1000 10.0.0.1 → 10.0.0.2'])
  expect(asking.errors).toMatchObject([{ code: 'too-big', mtu: 1000 }])
  expect(client.mtuTo(ipv4('10.0.1.2'))).toBe(1000)

  asking.say('10.0.1.2', 53, big)
  net.run()
  expect(answering.received.map((r) => r.text)).toEqual([big])
  expect(
    sentBy(net, 'client', 17)
      .slice(1)
      .map((ip) => ip.payload.length),
  ).toEqual([976, 232])
})

test('what was learned of a path is forgotten after ten minutes', () => {
  const { net, client, asking } = setUp({}, 1000)
  asking.say('10.0.1.2', 53, 'x'.repeat(1200))
  net.run(seconds(599))
  expect(client.mtuTo(ipv4('10.0.1.2'))).toBe(1000)
  net.run(seconds(2))
  expect(client.mtuTo(ipv4('10.0.1.2'))).toBe(1500)
})

test('without DF a router cuts, and the fragments keep the packet’s id', () => {
  const { net, asking, answering } = setUp({}, 1000)
  const bytes = new Uint8Array(1200)
  const to = { address: ipv4('10.0.1.2'), port: 53 }
  const id = asking.socket.send(to, bytes, { dontFragment: false })
  net.run()
  expect(answering.received).toHaveLength(1)
  expect(sentBy(net, 'router', 17).map((ip) => ip.fragmentOffset)).toEqual([0, 976])
  const ids = net.trace.ofKind('sent').filter((e) => e.packet === id && e.node === 'router')
  expect(ids).toHaveLength(2)
})

test('a payload beyond the MTU goes out in fragments; with DF it is refused at home', () => {
  const { net, asking, answering } = setUp()
  asking.say('10.0.1.2', 53, 'y'.repeat(4000))
  const to = { address: ipv4('10.0.1.2'), port: 53 }
  asking.socket.send(to, new Uint8Array(4000), { dontFragment: true })
  net.run()
  expect(answering.received.map((r) => r.text.length)).toEqual([4000])
  expect(net.drops()).toEqual(['too-big'])
  expect(asking.errors).toMatchObject([{ code: 'too-big', mtu: 1500 }])
})

test('a router without hooks passes fragments on as they are, in any order', () => {
  const { net, edge, asking, answering } = setUp()
  const seen: number[] = []
  net.segment('dmz').tap = () => seen.push(1)
  asking.say('10.0.1.2', 53, 'z'.repeat(3000))
  net.run()
  expect(answering.received).toHaveLength(1)
  expect(edge.hooks).toBeUndefined()
  // Three fragments, and the two frames of ARP.
  expect(seen).toHaveLength(5)
})

test('hooks see a datagram whole, and it leaves in fragments no larger than it came', () => {
  const { net, edge, asking, answering } = setUp()
  const sizes: number[] = []
  edge.hooks = hooks({ forward: ({ frame }) => void sizes.push(frame.length - 14) })
  asking.say('10.0.1.2', 53, 'z'.repeat(3000))
  net.run()
  expect(sizes).toEqual([3028])
  expect(answering.received).toHaveLength(1)
  const [sent, forwarded] = ['client', 'router'].map((node) =>
    sentBy(net, node, 17).map((ip) => ip.payload.length),
  )
  expect(forwarded).toEqual(sent)
})

test('DF fragments that fit pass a tracking router; those that do not fit the next link are reported', () => {
  const { net, edge, asking, answering } = setUp({}, 1000)
  edge.hooks = hooks({})
  const fragmentsOf = (size: number): Uint8Array[] => {
    const payload = new Uint8Array(1200)
    payload.set([0x13, 0x88, 0, 53, 1200 >> 8, 1200 & 255, 0, 0])
    const cut = { identification: size, dontFragment: true, payload: payload.subarray(0, size) }
    const ends = { source: '10.0.0.2', destination: '10.0.1.2' }
    const macs = { to: mac(edge) }
    return [
      ipFrame(macs, ends, { ...cut, moreFragments: true }),
      ipFrame(macs, ends, { ...cut, fragmentOffset: size, payload: payload.subarray(size) }),
    ]
  }
  for (const frame of [...fragmentsOf(640), ...fragmentsOf(1040)]) net.segment('lan').inject(frame)
  net.run()
  expect(answering.received).toHaveLength(1)
  expect(sentBy(net, 'router', 17).map((ip) => [ip.payload.length, ip.dontFragment])).toEqual([
    [640, true],
    [560, true],
  ])
  expect(errorsOf(net)).toEqual(['3/4/1000 10.0.0.1 → 10.0.0.2'])
  expect(asking.errors).toEqual([])
})

test('a network that drops fragments drops each one, with or without hooks', () => {
  const { net, edge, asking, answering } = setUp()
  edge.dropsFragments = true
  asking.say('10.0.1.2', 53, 'z'.repeat(3000))
  asking.say('10.0.1.2', 53, 'small')
  net.run()
  expect(net.drops('router')).toEqual(['fragment-dropped', 'fragment-dropped', 'fragment-dropped'])
  expect(answering.received.map((r) => r.text)).toEqual(['small'])
})

test('an incomplete datagram: the destination says so after thirty seconds, a router in between does not', () => {
  const { net, edge, server } = setUp()
  edge.hooks = hooks({})
  const half = { moreFragments: true, payload: new Uint8Array(64) }
  const ends = { source: '10.0.0.2', destination: '10.0.1.2' }
  net.segment('lan').inject(ipFrame({ to: mac(edge) }, ends, half))
  net.segment('dmz').inject(ipFrame({ to: mac(server) }, ends, half))
  net.run(seconds(40))
  expect(net.drops().sort()).toEqual(['reassembly-timeout', 'reassembly-timeout'])
  const complaints = sentBy(net, 'router', PROTOCOL.icmp).map((ip) => ip.source)
  expect(complaints).toEqual([ipv4('10.0.1.2')])
  expect(errorsOf(net, 'server')).toEqual(['11/1/0 10.0.1.2 → 10.0.0.2'])
})

test('hooks run where netfilter has them, with the interfaces that are known there', () => {
  const { net, edge, asking, answering } = setUp()
  const seen: string[] = []
  const note =
    (hook: string) =>
    ({ inNic, outNic }: Packet): undefined =>
      void seen.push(`${hook} ${inNic ?? '-'} ${outNic ?? '-'}`)
  edge.hooks = hooks({
    prerouting: note('prerouting'),
    input: note('input'),
    forward: note('forward'),
    output: note('output'),
    postrouting: note('postrouting'),
  })
  peer(edge, 53)
  asking.say('10.0.1.2', 53)
  asking.say('10.0.0.1', 53)
  peer(edge).say('10.0.1.2', 53)
  net.run()
  expect(answering.received).toHaveLength(2)
  expect(seen).toEqual([
    'output - dmz',
    'postrouting - dmz',
    'prerouting lan -',
    'forward lan dmz',
    'postrouting lan dmz',
    'prerouting lan -',
    'input lan -',
  ])
})

test('a destination that prerouting rewrites is routed anew', () => {
  const { net, edge, server, asking } = setUp()
  const translated = peer(server, 500)
  edge.hooks = hooks({
    prerouting: ({ frame }) => {
      if (frame[23] !== 17) return
      frame.set([10, 0, 1, 2], 30)
      // Checksums by hand: 10.0.0.1 became 10.0.1.2, that is 0x0101 more in one word.
      const header = ((frame[24]! << 8) | frame[25]!) - 0x0101
      frame[24] = header >> 8
      frame[25] = header
      frame[40] = 0
      frame[41] = 0
    },
  })
  asking.say('10.0.0.1', 500)
  net.run()
  expect(translated.received).toHaveLength(1)
  expect(net.drops()).toEqual([])
})

test.for([
  ['net-unreachable', '3/0/0', 'net-unreachable'],
  ['host-unreachable', '3/1/0', 'host-unreachable'],
  ['proto-unreachable', '3/2/0', 'port-unreachable'],
  ['port-unreachable', '3/3/0', 'port-unreachable'],
  ['net-prohibited', '3/9/0', 'prohibited'],
  ['host-prohibited', '3/10/0', 'prohibited'],
  ['admin-prohibited', '3/13/0', 'prohibited'],
] as const)('reject with %s sends ICMP %s and the socket hears %s', ([rejectWith, icmp, code]) => {
  const { net, edge, asking } = setUp()
  edge.hooks = hooks({ forward: () => ({ kind: 'reject', rule: 'no', with: rejectWith }) })
  const id = asking.say('10.0.1.2', 53)
  net.run()
  expect(errorsOf(net)).toEqual([`${icmp} 10.0.0.1 → 10.0.0.2`])
  expect(asking.errors).toMatchObject([{ code }])
  expect(net.trace.ofKind('dropped')).toMatchObject([
    { node: 'router', reason: 'filter', rule: 'no', packet: id, nic: 'lan' },
  ])
})

test('reject with tcp-reset refuses a SYN in the destination’s name, and says nothing to UDP', () => {
  const { net, edge, client, asking } = setUp()
  edge.hooks = hooks({ forward: () => ({ kind: 'reject', rule: 'no', with: 'tcp-reset' }) })
  const closed: string[] = []
  client.tcp.connect(
    { address: ipv4('10.0.1.2'), port: 443 },
    { onClosed: (reason) => void closed.push(reason) },
  )
  asking.say('10.0.1.2', 53)
  net.run()
  expect(closed).toEqual(['refused'])
  const [reset] = sentBy(net, 'router', PROTOCOL.tcp)
  expect(reset).toMatchObject({ source: ipv4('10.0.1.2'), destination: ipv4('10.0.0.2') })
  expect(errorsOf(net)).toEqual([])
})

test('the host’s own filter refuses what it sends, and the program hears of it', () => {
  const { net, client, asking } = setUp()
  client.hooks = hooks({ output: () => ({ kind: 'drop', rule: 'no-dns', reason: 'filter' }) })
  asking.say('10.0.1.2', 53)
  net.run()
  expect(asking.errors).toMatchObject([{ code: 'prohibited', from: ipv4('10.0.0.2') }])
  expect(net.trace.ofKind('dropped')).toMatchObject([{ node: 'client', rule: 'no-dns' }])
})

test.for([
  ['a loopback source', '127.0.0.1', '10.0.1.2'],
  ['a loopback destination', '10.0.0.2', '127.0.0.1'],
  ['a source in 0/8', '0.0.0.5', '10.0.1.2'],
  ['a multicast source', '224.0.0.1', '10.0.1.2'],
  ['a broadcast source', '255.255.255.255', '10.0.1.2'],
  ['the router’s own address as source', '10.0.1.1', '10.0.1.2'],
] as const)('%s is a martian', ([, source, destination]) => {
  const { net, edge } = setUp()
  net.segment('lan').inject(ipFrame({ to: mac(edge) }, { source, destination }))
  net.run()
  expect(net.drops()).toEqual(['martian'])
  expect(errorsOf(net)).toEqual([])
})

test('nothing is answered to broadcasts, later fragments, other errors, or nobody', () => {
  const { net, edge } = setUp()
  const lan = net.segment('lan')
  const unreachable = { source: '10.0.0.2', destination: '192.0.2.1' }
  const to = mac(edge)
  const error = Uint8Array.of(3, 1, 0xfc, 0xfe, 0, 0, 0, 0)
  const everybody = new Uint8Array(6).fill(255)
  const datagram = Uint8Array.of(0, 9, 0, 9, 0, 8, 0, 0)
  lan.inject(ipFrame({ to: everybody }, { ...unreachable, source: '10.0.0.3' }))
  lan.inject(ipFrame({ to }, unreachable, { fragmentOffset: 64 }))
  lan.inject(ipFrame({ to }, unreachable, { protocol: PROTOCOL.icmp, payload: error }))
  lan.inject(ipFrame({ to }, { ...unreachable, source: '240.0.0.1' }))
  const broadcast = { source: '10.0.0.2', destination: '10.0.0.255' }
  lan.inject(ipFrame({ to }, broadcast, { payload: datagram }))
  net.run(ms(100))
  expect(errorsOf(net)).toEqual([])
  expect(net.drops('router')).toEqual([
    'not-forwarding',
    'no-route',
    'no-route',
    'no-route',
    'no-listener',
  ])
})

test('an error quotes the packet as it came, up to 576 bytes in all', () => {
  const { net, asking } = setUp()
  asking.say('192.0.2.1', 53, 'q'.repeat(1000))
  asking.say('192.0.2.1', 53, 'short')
  net.run()
  const icmps = sentBy(net, 'router', PROTOCOL.icmp)
  expect(icmps.map((ip) => ip.payload.length + 20)).toEqual([576, 61])
  const quoted = decodeIpv4(icmps[1]!.payload.subarray(8))
  expect(quoted).toMatchObject({
    ok: true,
    value: { destination: ipv4('192.0.2.1'), ttl: 64, source: ipv4('10.0.0.2') },
  })
  expect(icmps[0]!.dscpEcn).toBe(0xc0)
})

test('two default gateways: the lowest metric carries all, whatever the source address says', () => {
  const net = new Network()
  const host = net.stack('gateway', {
    outer: at('192.0.2.10/24', { gateway: ipv4('192.0.2.1'), metric: 50 }),
    inner: at('10.0.0.10/24', { gateway: ipv4('10.0.0.1'), metric: 25 }),
  })
  const inner = net.stack('inner', { inner: '10.0.0.1' }, { forwards: true })
  const socket = peer(host).socket
  const source = ipv4('192.0.2.10')
  socket.send({ address: ipv4('203.0.113.7'), port: 500 }, new Uint8Array(1), { source })
  net.run()
  const sent = net.trace.ofKind('sent').filter((event) => event.node === 'gateway')
  expect(new Set(sent.map((event) => event.nic))).toEqual(new Set(['inner']))
  expect(inner.name && net.drops('inner')).toEqual(['no-route'])
  expect(host.sourceFor(ipv4('203.0.113.7'))).toBe(ipv4('10.0.0.10'))
})

test('static routes are found by the interface that reaches their next hop, and can be replaced', () => {
  const { net, server, asking, answering, edge } = setUp()
  const far = net.stack('far', { remote: at('10.9.0.2/24', { gateway: ipv4('10.9.0.1') }) })
  server.addNic(net.segment('remote'), at('10.9.0.1/24'))
  const heard = peer(far, 53)
  asking.say('10.9.0.2', 53)
  net.run()
  expect(net.drops()).toEqual(['no-route'])
  edge.addRoute({ to: { address: ipv4('10.9.0.0'), length: 24 }, via: ipv4('10.0.1.2') })
  asking.say('10.9.0.2', 53)
  net.run()
  // The server got it, but does not forward.
  expect(net.drops()).toEqual(['no-route', 'not-forwarding'])
  edge.setRoutes([])
  asking.say('10.9.0.2', 53)
  net.run()
  expect(net.drops()).toEqual(['no-route', 'not-forwarding', 'no-route'])
  expect([...heard.received, ...answering.received]).toEqual([])
})
