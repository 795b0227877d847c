import { expect, test } from 'vitest'
import { formatIpv4, ipv4 } from '../../src/base/address.ts'
import { minutes, ms, seconds } from '../../src/base/time.ts'
import { lose } from '../../src/net/faults.ts'
import { decodeArp, encodeArp } from '../../src/wire/arp.ts'
import { BROADCAST_MAC, encodeEthernet, ETHER_TYPE, etherTypeOf } from '../../src/wire/ethernet.ts'
import { at, Network, peer } from './network.ts'

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 66)

interface ArpSeen {
  readonly node: string
  readonly operation: number
  readonly toAll: boolean
  readonly target: string
}

/** ARP frames as they were sent. */
const arpsOf = (net: Network): ArpSeen[] =>
  net.trace.ofKind('sent').flatMap(({ node, frame }) => {
    if (etherTypeOf(frame) !== ETHER_TYPE.arp) return []
    const arp = decodeArp(frame.subarray(14))
    if (!arp.ok) throw new Error('an ARP frame of ours does not decode')
    const { operation, target } = arp.value
    return [{ node, operation, toAll: frame[0] === 0xff, target: formatIpv4(target) }]
  })

const arpFrame = (operation: number, sender: string, target: string): Uint8Array =>
  encodeEthernet({
    destination: BROADCAST_MAC,
    source: MAC,
    etherType: ETHER_TYPE.arp,
    payload: encodeArp({
      operation,
      senderMac: MAC,
      sender: ipv4(sender),
      targetMac: new Uint8Array(6),
      target: ipv4(target),
    }),
  })

function pair() {
  const net = new Network()
  const a = net.stack('a', { lan: '10.0.0.1' })
  const b = net.stack('b', { lan: '10.0.0.2' })
  return { net, a, b, client: peer(a), server: peer(b, 53) }
}

test('one broadcast question and one unicast answer serve both directions', () => {
  const { net, client, server } = pair()
  client.say('10.0.0.2', 53)
  net.run()
  server.socket.send({ address: ipv4('10.0.0.1'), port: client.socket.port }, new Uint8Array(1))
  net.run()
  expect(arpsOf(net)).toEqual([
    { node: 'a', operation: 1, toAll: true, target: '10.0.0.2' },
    { node: 'b', operation: 2, toAll: false, target: '10.0.0.1' },
  ])
})

test('packets that wait for an answer leave in order', () => {
  const { net, client, server } = pair()
  for (const text of ['1', '2', '3']) client.say('10.0.0.2', 53, text)
  net.run()
  expect(server.received.map((r) => r.text)).toEqual(['1', '2', '3'])
  expect(arpsOf(net)).toHaveLength(2)
})

test('nobody answers: three questions a second apart, then no-neighbour, and the sender hears of it', () => {
  const { net, client } = pair()
  client.say('10.0.0.9', 53)
  net.run(ms(2999))
  expect(net.drops()).toEqual([])
  net.run(ms(2))
  expect(arpsOf(net)).toHaveLength(3)
  expect(net.drops()).toEqual(['no-neighbour'])
  expect(client.errors).toMatchObject([
    { code: 'host-unreachable', to: { address: ipv4('10.0.0.9'), port: 53 } },
  ])
})

test('at most a hundred packets wait; the oldest gives way', () => {
  const { net, client } = pair()
  for (let i = 0; i < 103; i++) client.say('10.0.0.9', 53)
  net.run(seconds(1))
  expect(net.drops()).toEqual(['queue-full', 'queue-full', 'queue-full'])
})

test('a stale entry is asked again by unicast, while packets go on', () => {
  const { net, client, server } = pair()
  client.say('10.0.0.2', 53)
  net.run(seconds(40))
  client.say('10.0.0.2', 53)
  net.run()
  expect(server.received).toHaveLength(2)
  expect(arpsOf(net).slice(2)).toEqual([
    { node: 'a', operation: 1, toAll: false, target: '10.0.0.2' },
    { node: 'b', operation: 2, toAll: false, target: '10.0.0.1' },
  ])
})

test('an entry that nobody confirms any more is forgotten, and asked for anew by broadcast', () => {
  const { net, a, b, client } = pair()
  client.say('10.0.0.2', 53)
  net.run(seconds(40))
  b.setDown(true)
  client.say('10.0.0.2', 53)
  net.run(seconds(4))
  expect(a.neighboursOf('lan')).toEqual([])
  client.say('10.0.0.2', 53)
  net.run()
  expect(
    arpsOf(net)
      .slice(-3)
      .map((arp) => arp.toAll),
  ).toEqual([true, true, true])
  expect(net.drops('a')).toEqual(['no-neighbour'])
})

test('a lost answer costs a second', () => {
  const { net, client, server } = pair()
  const lost = net.segment('lan').addFault(lose(1).from('b'))
  client.say('10.0.0.2', 53)
  net.run(ms(500))
  lost[Symbol.dispose]()
  net.run()
  expect(server.received).toHaveLength(1)
  expect(arpsOf(net).filter((arp) => arp.node === 'a')).toHaveLength(2)
})

test('a second answer within a second is not believed, a later one is', () => {
  const { net, a, client } = pair()
  client.say('10.0.0.2', 53)
  net.run(ms(10))
  const [known] = a.neighboursOf('lan')
  net.segment('lan').inject(arpFrame(2, '10.0.0.2', '10.0.0.1'))
  net.run(ms(10))
  expect(a.neighboursOf('lan')).toEqual([known])
  net.run(seconds(2))
  net.segment('lan').inject(arpFrame(2, '10.0.0.2', '10.0.0.1'))
  net.run(ms(10))
  expect(a.neighboursOf('lan')).toEqual([{ address: ipv4('10.0.0.2'), mac: MAC }])
})

test('a question makes an entry only at the one who is asked (RFC 826)', () => {
  const { net, a, b } = pair()
  net.segment('lan').inject(arpFrame(1, '10.0.0.7', '10.0.0.1'))
  net.run()
  expect(a.neighboursOf('lan')).toEqual([{ address: ipv4('10.0.0.7'), mac: MAC }])
  expect(b.neighboursOf('lan')).toEqual([])
})

test('a duplicate address is logged by both, once for each other station', () => {
  const net = new Network()
  const one = net.stack('one', { lan: '10.0.0.1' })
  net.stack('two', { lan: '10.0.0.1' })
  one.announce()
  one.announce()
  net.run()
  const logs = net.trace.ofKind('logged')
  expect(logs.map((l) => [l.node, l.source, l.eventId])).toEqual([
    ['two', 'Tcpip', 4199],
    ['one', 'Tcpip', 4199],
  ])
  expect(logs[0]!.text).toContain('address conflict for IP address 10.0.0.1 with the system')
})

test('an address given by DHCP is announced', () => {
  const { net, a } = pair()
  a.configure('lan', { address: ipv4('10.0.0.8'), prefixLength: 24 })
  net.run()
  expect(arpsOf(net)).toEqual([{ node: 'a', operation: 1, toAll: true, target: '10.0.0.8' }])
})

test('Linux answers for the addresses of its other interfaces, Windows does not', () => {
  for (const [os, answers] of [
    ['linux', 1],
    ['windows', 0],
  ] as const) {
    const net = new Network()
    net.stack('host', { lan: '10.0.0.1', dmz: '10.0.9.1' }, { os })
    net.segment('lan').inject(arpFrame(1, '10.0.0.7', '10.0.9.1'))
    net.run()
    expect(arpsOf(net).filter((arp) => arp.operation === 2)).toHaveLength(answers)
  }
})

test('every address of an interface is answered for', () => {
  const net = new Network()
  const also = at('203.0.113.1/24', { alsoAt: [{ address: ipv4('203.0.113.5') }] })
  const server = peer(net.stack('edge', { internet: also }), 500)
  peer(net.stack('laptop', { internet: '203.0.113.77' })).say('203.0.113.5', 500)
  net.run()
  expect(server.received).toHaveLength(1)
})

test('a host that was idle for a day asks again', () => {
  const { net, client, server } = pair()
  client.say('10.0.0.2', 53)
  net.run(minutes(24 * 60))
  client.say('10.0.0.2', 53)
  net.run()
  expect(server.received).toHaveLength(2)
})
