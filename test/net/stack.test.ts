import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { after, days, ms } from '../../src/base/time.ts'
import type { Stop } from '../../src/net/packet.ts'
import { echoRest, encodeIcmp, decodeIcmp, ICMP_TYPE } from '../../src/wire/icmp.ts'
import { BROADCAST_MAC, encodeEthernet, tagFrame } from '../../src/wire/ethernet.ts'
import { PROTOCOL } from '../../src/wire/ipv4.ts'
import { encodeUdp } from '../../src/wire/udp.ts'
import { ipFrame, Network, peer } from './network.ts'

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

describe('ICMP', () => {
  const ping = (rest: number, payload = Uint8Array.of(1, 2, 3)): Uint8Array =>
    encodeIcmp({ type: ICMP_TYPE.echo, code: 0, rest, payload })

  test('an echo request is answered with its own data; a raw reader sees it', () => {
    const { net, a } = pair()
    const replies: unknown[] = []
    a.openRaw(PROTOCOL.icmp, {
      onPacket: ({ payload, source }) => void replies.push({ source, icmp: decodeIcmp(payload) }),
    })
    const [source, destination] = [ipv4('10.0.0.1'), ipv4('10.0.0.2')]
    a.send({ protocol: PROTOCOL.icmp, source, destination, payload: ping(echoRest(7, 1)) })
    net.run()
    expect(replies).toMatchObject([
      {
        source: destination,
        icmp: { value: { type: 0, rest: echoRest(7, 1), payload: Uint8Array.of(1, 2, 3) } },
      },
    ])
  })

  test('a host may keep silent', () => {
    const net = new Network()
    const a = net.stack('a', { lan: '10.0.0.1' })
    net.stack('b', { lan: '10.0.0.2' }, { respondsToPing: false })
    const [source, destination] = [ipv4('10.0.0.1'), ipv4('10.0.0.2')]
    a.send({ protocol: PROTOCOL.icmp, source, destination, payload: ping(1) })
    net.run()
    expect(net.drops('b')).toEqual(['filter'])
  })

  test('a protocol that nobody reads is unreachable; a raw reader makes it reachable', () => {
    const { net, a, b } = pair()
    const errors: string[] = []
    const heard: number[] = []
    a.openRaw(PROTOCOL.esp, { onError: ({ code }) => void errors.push(code) })
    const packet = {
      protocol: PROTOCOL.esp,
      source: ipv4('10.0.0.1'),
      destination: ipv4('10.0.0.2'),
      payload: new Uint8Array(20),
    }
    a.send(packet)
    net.run()
    expect(errors).toEqual(['port-unreachable'])
    expect(net.drops('b')).toEqual(['no-listener'])
    const close = b.openRaw(PROTOCOL.esp, { onPacket: (p) => void heard.push(p.packet) })
    a.send(packet)
    net.run()
    close()
    a.send(packet)
    net.run()
    expect(heard).toHaveLength(1)
    expect(errors).toHaveLength(2)
  })

  test('an error about a packet that this host never sent changes nothing', () => {
    const { net, a } = pair()
    const quoted = ipFrame(
      { to: BROADCAST_MAC },
      { source: '10.0.0.77', destination: '10.0.0.2' },
    ).subarray(14)
    const payload = encodeIcmp({ type: 3, code: 4, rest: 500, payload: quoted })
    const ends = { source: '10.0.0.2', destination: '10.0.0.1' }
    net
      .segment('lan')
      .inject(ipFrame({ to: a.nics[0]!.mac }, ends, { protocol: PROTOCOL.icmp, payload }))
    net.run()
    expect(net.drops('a')).toEqual(['no-listener'])
    expect(a.mtuTo(ipv4('10.0.0.2'))).toBe(1500)
  })
})

describe('a host', () => {
  test('reaches itself by its own addresses and by 127.0.0.1, without a link or a filter', () => {
    const { net, a } = pair()
    const stop = (): Stop | undefined => ({ kind: 'drop', rule: 'all', reason: 'filter' })
    a.hooks = { prerouting: stop, input: stop, forward: stop, output: stop, postrouting: stop }
    const server = peer(a, 53)
    const client = peer(a)
    client.say('10.0.0.1', 53, 'x'.repeat(9000))
    client.say('127.0.0.1', 53)
    client.say('127.0.0.1', 54)
    net.run()
    expect(server.received.map((r) => [r.text.length, r.nic])).toEqual([
      [9000, 'loopback'],
      [5, 'loopback'],
    ])
    expect(net.trace.ofKind('sent')).toEqual([])
    expect(net.drops()).toEqual(['no-listener'])
  })

  test('a weak host takes packets for any of its addresses, a strong one only on the right interface', () => {
    for (const [os, forwards, expected] of [
      ['linux', false, 1],
      ['windows', false, 0],
      ['windows', true, 1],
    ] as const) {
      const net = new Network()
      const host = net.stack('host', { lan: '10.0.0.1', dmz: '10.0.1.1' }, { os, forwards })
      const server = peer(host, 53)
      net.segment('lan').inject(udpFrame(host.nics[0]!.mac, '10.0.1.1'))
      net.run()
      expect(server.received).toHaveLength(expected)
      expect(net.drops('host')).toHaveLength(1 - expected)
    }
  })

  test('Windows begins with TTL 128, Linux with 64', () => {
    for (const [os, ttl] of [
      ['windows', 128],
      ['linux', 64],
    ] as const) {
      const net = new Network()
      const host = net.stack('host', { lan: '10.0.0.1' }, { os })
      net.stack('other', { lan: '10.0.0.2' })
      peer(host).say('10.0.0.2', 53)
      net.run()
      expect(
        net.trace.ofKind('sent').find((e) => e.frame[12] === 8 && e.frame[13] === 0)!.frame[22],
      ).toBe(ttl)
    }
  })

  test('down, it hears and says nothing; up again, it does', () => {
    const { net, a, b } = pair()
    const server = peer(b, 53)
    const client = peer(a)
    b.setDown(true)
    client.say('10.0.0.2', 53)
    net.run(ms(100))
    expect(net.drops('b')).toEqual(['host-down'])
    expect(b.nics[0]!.up).toBe(false)
    b.setDown(false)
    net.run()
    expect(server.received).toHaveLength(1)
  })

  test('moves to another network: the old address is gone, the interface has the new name', () => {
    const { net, a } = pair()
    const server = peer(net.stack('cafe', { hotel: '172.16.0.1' }), 53)
    const changes: string[] = []
    a.onLinkChange((nic) => void changes.push(nic))
    a.moveNic('lan', net.segment('hotel'))
    expect(changes).toEqual(['hotel'])
    expect(a.nics).toMatchObject([{ name: 'hotel', address: undefined, up: true }])
    expect(a.sourceFor(ipv4('10.0.0.2'))).toBeUndefined()
    a.configure('hotel', {
      address: ipv4('172.16.0.7'),
      prefixLength: 24,
      gateway: ipv4('172.16.0.1'),
    })
    peer(a).say('172.16.0.1', 53)
    net.run()
    expect(server.received).toMatchObject([{ nic: 'hotel' }])
    expect(a.addressOf('hotel')).toBe(ipv4('172.16.0.7'))
  })

  test('a pulled cable takes the routes away, and gives them back', () => {
    const { net, a, b } = pair()
    const server = peer(b, 53)
    const client = peer(a)
    a.unplug('lan')
    client.say('10.0.0.2', 53)
    net.run()
    expect(client.errors).toMatchObject([{ code: 'no-route' }])
    a.plug('lan', net.segment('lan'))
    client.say('10.0.0.2', 53)
    net.run()
    expect(server.received).toHaveLength(1)
  })

  test('a lease that is lost takes address, gateway, DNS and suffix with it', () => {
    const { a } = pair()
    const settings = {
      address: ipv4('10.0.0.50'),
      prefixLength: 24,
      gateway: ipv4('10.0.0.254'),
      dns: [ipv4('10.0.0.53')],
      suffix: 'corp.contoso.com',
    }
    a.configure('lan', settings)
    expect(a.nics).toMatchObject([settings])
    expect(a.sourceFor(ipv4('8.8.8.8'))).toBe(ipv4('10.0.0.50'))
    a.configure('lan', undefined)
    expect(a.nics[0]).toMatchObject({ address: undefined, gateway: undefined, dns: [] })
    expect(a.routes).toEqual([])
  })

  test('an unknown interface is the caller’s mistake, and the message lists those there are', () => {
    expect(() => pair().a.configure('wlan', undefined)).toThrow(/'wlan', only on lan/)
  })

  test('has a clock of its own, and logs under its name', () => {
    const net = new Network()
    const host = net.stack('host', { lan: {} }, { wallClock: (now) => after(now, days(400)) })
    expect(host.wallClock - host.now).toBe(days(400))
    host.log('RasClient', 'no answer', 20227)
    expect(net.trace.ofKind('logged')).toMatchObject([
      { node: 'host', source: 'RasClient', text: 'no answer', eventId: 20227, id: 1 },
    ])
  })
})

describe('frames that nobody can use', () => {
  test.for([
    ['IPv6', 0x86dd, 'IPv6'],
    ['LLDP', 0x88cc, 'EtherType 0x88cc'],
  ] as const)('%s is not modelled: one counted drop at each station', ([, etherType, detail]) => {
    const { net } = pair()
    net.segment('lan').inject(
      encodeEthernet({
        destination: BROADCAST_MAC,
        source: Uint8Array.of(2, 0, 0, 0, 0, 9),
        etherType,
        payload: new Uint8Array(40),
      }),
    )
    net.run()
    expect(net.trace.ofKind('dropped')).toMatchObject([
      { node: 'a', reason: 'not-modelled', detail },
      { node: 'b', reason: 'not-modelled', detail },
    ])
  })

  test('a tag on an untagged cable is not modelled; frames to others are not even seen', () => {
    const { net, b } = pair()
    const frame = udpFrame(b.nics[0]!.mac, '10.0.0.2')
    net.segment('lan').inject(tagFrame(frame, 7))
    net.run()
    expect(net.drops()).toEqual(['not-modelled'])
  })

  test('a bad IPv4 header is a counted drop that names the field', () => {
    const { net, b } = pair()
    const frame = udpFrame(b.nics[0]!.mac, '10.0.0.2')
    frame[22]! ^= 1
    net.segment('lan').inject(frame)
    net.segment('lan').inject(frame.subarray(0, 30))
    net.run()
    expect(net.trace.ofKind('dropped')).toMatchObject([
      { reason: 'bad-checksum', detail: 'IPv4: bad-checksum at Header Checksum' },
      { reason: 'malformed', detail: 'IPv4: truncated at Total Length' },
    ])
  })

  test('equal seeds give equal traces', () => {
    const digest = (): string => {
      const net = new Network()
      net.segment('lan', { loss: 0.3, jitter: ms(5) })
      const client = peer(net.stack('a', { lan: '10.0.0.1' }))
      peer(net.stack('b', { lan: '10.0.0.2' }), 53)
      for (let i = 0; i < 20; i++) client.say('10.0.0.2', 53 + (i % 2))
      net.run()
      return net.trace.digest()
    }
    expect(digest()).toBe(digest())
  })
})
