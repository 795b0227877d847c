import { describe, expect, test } from 'vitest'
import { formatIpv4, ipv4 } from '../../src/base/address.ts'
import { ms, seconds } from '../../src/base/time.ts'
import type { CloseReason } from '../../src/net/sockets.ts'
import type { Stack } from '../../src/net/stack.ts'
import { decodeIcmp, echoRest, encodeIcmp, ICMP_TYPE } from '../../src/wire/icmp.ts'
import { decodeIpv4, PROTOCOL } from '../../src/wire/ipv4.ts'
import { at, Network, peer } from './network.ts'
import { access, arpSentBy, kindsOf, routes, tunnelAt, wire } from './tunnels.ts'

/** Two hosts that only a tunnel joins. */
function pair(mtu = 1400) {
  const net = new Network()
  const a = net.stack('a', { home: '192.168.1.2' })
  const b = net.stack('b', { away: '192.168.2.2' })
  const joined = wire(
    { stack: a, settings: tunnelAt('10.9.0.1', { mtu }), routes: ['10.9.0.2/32'] },
    { stack: b, settings: tunnelAt('10.9.0.2', { mtu }), routes: ['10.9.0.1/32'] },
  )
  return { net, a, b, ...joined }
}

const ping = (from: Stack, source: string, destination: string): string[] => {
  const heard: string[] = []
  from.openRaw(PROTOCOL.icmp, {
    onPacket: ({ payload, source: who, nic }) => {
      const icmp = decodeIcmp(payload)
      if (icmp.ok) heard.push(`${icmp.value.type}/${icmp.value.code} ${formatIpv4(who)} ${nic}`)
    },
  })
  from.send({
    protocol: PROTOCOL.icmp,
    source: ipv4(source),
    destination: ipv4(destination),
    payload: encodeIcmp({
      type: ICMP_TYPE.echo,
      code: 0,
      rest: echoRest(1, 1),
      payload: new Uint8Array(8),
    }),
  })
  return heard
}

describe('two hosts with a tunnel between them', () => {
  test('ping', () => {
    const { net, a } = pair()
    const heard = ping(a, '10.9.0.1', '10.9.0.2')
    net.run()
    expect(heard).toEqual(['0/0 10.9.0.2 vpn'])
  })

  test('UDP: whole inner packets cross, and each side has its own packet in the trace', () => {
    const { net, a, b, crossed } = pair()
    const server = peer(b, 53)
    const id = peer(a).say('10.9.0.2', 53)
    net.run()
    expect(server.received).toMatchObject([{ text: 'hello', nic: 'vpn' }])
    const inner = decodeIpv4(crossed[0]!.packet)
    expect(inner.ok && inner.value).toMatchObject({ source: ipv4('10.9.0.1'), ttl: 64 })
    expect(kindsOf(net, id)).toEqual(['sent a/vpn'])
    const arrived = server.received[0]!.packet
    expect(arrived).not.toBe(id)
    expect(kindsOf(net, arrived)).toEqual(['received b/vpn', 'delivered b/vpn'])
    // The test's wire carries each inner packet as itself.
    expect(net.trace.ofPacket(arrived)[0]).toMatchObject({ within: id })
  })

  test('in the trace a tunnel has Ethernet without addresses, and nobody asks by ARP', () => {
    const { net, a, b } = pair()
    peer(b, 53)
    const id = peer(a).say('10.9.0.2', 53)
    net.run()
    const [sent] = net.trace.ofPacket(id)
    const head = sent?.kind === 'sent' ? [...sent.frame.subarray(0, 15)] : []
    expect(head).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0x45])
    expect(arpSentBy(net, 'a')).toEqual([])
  })

  test('TCP carries a stream in segments that fit the tunnel', () => {
    const { net, a, b, crossed } = pair(1300)
    let bytes = 0
    b.tcp.listen({ port: 80 }, () => ({ onData: (data) => void (bytes += data.length) }))
    const connection = a.tcp.connect({ address: ipv4('10.9.0.2'), port: 80 }, {})
    connection.send(new Uint8Array(50_000))
    net.run()
    expect(bytes).toBe(50_000)
    expect(Math.max(...crossed.map(({ packet }) => packet.length))).toBe(1300)
  })

  test('what is larger than the MTU is cut, or refused when it must not be', () => {
    const { net, a, b, crossed } = pair(1000)
    const server = peer(b, 53)
    const client = peer(a)
    const big = new Uint8Array(1500).fill(0x61)
    const to = { address: ipv4('10.9.0.2'), port: 53 }
    client.socket.send(to, big)
    client.socket.send(to, big, { dontFragment: true })
    net.run()
    expect(server.received.map(({ text }) => text.length)).toEqual([1500])
    expect(crossed.map(({ packet }) => packet.length)).toEqual([996, 552])
    expect(client.errors).toMatchObject([{ code: 'too-big', mtu: 1000 }])
  })

  test('who has no such port says so through the tunnel', () => {
    const { net, a } = pair()
    const client = peer(a)
    client.say('10.9.0.2', 53)
    net.run()
    expect(client.errors).toMatchObject([{ code: 'port-unreachable', from: ipv4('10.9.0.2') }])
  })

  test('a wire without delay: who is answered while it sends hears it afterwards', () => {
    const net = new Network()
    const [a, b] = [net.stack('a', {}), net.stack('b', {})]
    const one = a.openTunnel(tunnelAt('10.9.0.1'), (packet) => void other.deliver(packet))
    const other = b.openTunnel(tunnelAt('10.9.0.2'), (packet) => void one.deliver(packet))
    one.setRoutes(routes('0.0.0.0/0'))
    other.setRoutes(routes('0.0.0.0/0'))
    let text = ''
    b.tcp.listen({ port: 80 }, (connection) => ({ onData: (data) => connection.send(data) }))
    const connection = a.tcp.connect(
      { address: ipv4('10.9.0.2'), port: 80 },
      { onData: (data) => void (text += Buffer.from(data).toString()) },
    )
    connection.send(Buffer.from('echo'))
    net.run()
    expect(text).toBe('echo')
    expect(net.drops()).toEqual([])
  })

  test('same seed, same digest', () => {
    const digest = (): string => {
      const { net, a, b } = pair()
      b.tcp.listen({ port: 80 }, (connection) => ({ onData: (data) => connection.send(data) }))
      const connection = a.tcp.connect({ address: ipv4('10.9.0.2'), port: 80 }, {})
      connection.send(new Uint8Array(20_000))
      peer(a).say('10.9.0.2', 53)
      net.run()
      return net.trace.digest()
    }
    expect(digest()).toBe(digest())
  })
})

describe('what the carrier says', () => {
  test('a program hears why its packet was not taken', () => {
    const { net, a, refuse } = pair()
    const client = peer(a)
    refuse('host-unreachable')
    const id = client.say('10.9.0.2', 53)
    net.run()
    expect(client.errors).toMatchObject([{ code: 'host-unreachable', to: { port: 53 } }])
    expect(net.trace.ofPacket(id).at(-1)).toMatchObject({
      reason: 'link-lost',
      nic: 'vpn',
      detail: 'vpn refused it: host-unreachable',
    })
  })

  test('somebody else hears it by ICMP', () => {
    const { net, server, refuse } = access()
    const asking = peer(server)
    refuse('host-unreachable')
    asking.say('10.0.0.100', 53)
    net.run()
    expect(asking.errors).toMatchObject([{ code: 'host-unreachable', from: ipv4('10.0.0.1') }])
  })

  test('a carrier that can take less says so, and TCP goes on with less', () => {
    const net = new Network()
    const [a, b] = [net.stack('a', {}), net.stack('b', {})]
    const sizes: number[] = []
    const one = a.openTunnel(tunnelAt('10.9.0.1'), (packet) => {
      if (packet.length > 900) {
        one.update(tunnelAt('10.9.0.1', { mtu: 900 }))
        return 'too-big'
      }
      sizes.push(packet.length)
      a.after(ms(1), () => void other.deliver(packet))
    })
    const other = b.openTunnel(tunnelAt('10.9.0.2'), (packet) => {
      b.after(ms(1), () => void one.deliver(packet))
    })
    one.setRoutes(routes('10.9.0.2/32'))
    other.setRoutes(routes('10.9.0.1/32'))
    let bytes = 0
    b.tcp.listen({ port: 80 }, () => ({ onData: (data) => void (bytes += data.length) }))
    a.tcp.connect({ address: ipv4('10.9.0.2'), port: 80 }, {}).send(new Uint8Array(20_000))
    net.run(seconds(30))
    expect(bytes).toBe(20_000)
    expect(Math.max(...sizes)).toBe(900)
  })

  test('a carrier whose own packets lead into its tunnel is stopped', () => {
    const net = new Network()
    const a = net.stack('a', { home: at('192.168.1.2/24', { gateway: ipv4('192.168.1.1') }) })
    const carrier = peer(a)
    const tunnel = a.openTunnel(tunnelAt('10.9.0.1', { metric: 1 }), (packet) => {
      carrier.socket.send({ address: ipv4('203.0.113.1'), port: 4500 }, packet)
    })
    tunnel.setRoutes(routes('0.0.0.0/1', '128.0.0.0/1'))
    peer(a).say('198.51.100.1', 53)
    net.run()
    expect(net.drops()).toEqual(['no-route'])
    expect(carrier.errors).toMatchObject([{ code: 'net-unreachable' }])
  })
})

describe('an interface among others', () => {
  test('shows its settings, and lasts until it is closed', () => {
    const { net, a, tunnels } = pair()
    tunnels[0].update(
      tunnelAt('10.9.0.7', { dns: [ipv4('10.0.0.10')], suffix: 'corp.example', metric: 3 }),
    )
    expect(a.nics).toMatchObject([
      { name: 'home', kind: 'ethernet' },
      {
        name: 'vpn',
        kind: 'tunnel',
        up: true,
        address: ipv4('10.9.0.7'),
        prefixLength: 32,
        gateway: undefined,
        dns: [ipv4('10.0.0.10')],
        suffix: 'corp.example',
        metric: 3,
      },
    ])
    expect(a.hasAddress(ipv4('10.9.0.1'))).toBe(false)
    expect(a.sourceFor(ipv4('10.9.0.2'))).toBe(ipv4('10.9.0.7'))
    a.setDown(true)
    expect(a.nics[1]!.up).toBe(false)
    a.setDown(false)
    tunnels[0].close()
    tunnels[0].close()
    expect(a.nics.map(({ name }) => name)).toEqual(['home'])
    expect(a.hasAddress(ipv4('10.9.0.7'))).toBe(false)
    expect(a.routeTo(ipv4('10.9.0.2'))).toBeUndefined()
    net.run()
  })

  test('two of one name, or a name of a cable: refused', () => {
    const { a } = pair()
    const nothing = (): void => undefined
    expect(() => a.openTunnel(tunnelAt('10.9.0.9'), nothing)).toThrow(
      "a has an interface 'vpn' already",
    )
    expect(() => a.openTunnel(tunnelAt('10.9.0.9', { name: 'home' }), nothing)).toThrow(RangeError)
    expect(() => a.openTunnel(tunnelAt('10.9.0.9', { name: 'x', mtu: 60 }), nothing)).toThrow(
      'an MTU of 60',
    )
  })

  test('the longest prefix wins, then the lowest metric', () => {
    const net = new Network()
    const gateway = ipv4('192.168.1.1')
    const a = net.stack('a', { home: at('192.168.1.2/24', { gateway, metric: 25 }) })
    const tunnel = a.openTunnel(tunnelAt('10.9.0.1', { metric: 5 }), () => undefined)
    const by = (to: string): string | undefined => a.routeTo(ipv4(to))?.nic.name
    tunnel.setRoutes(routes('10.0.0.0/8'))
    expect([by('10.1.1.1'), by('8.8.8.8'), by('192.168.1.9')]).toEqual(['vpn', 'home', 'home'])
    tunnel.setRoutes(routes('0.0.0.0/0'))
    expect([by('10.1.1.1'), by('192.168.1.9')]).toEqual(['vpn', 'home'])
    tunnel.setRoutes([{ to: { address: ipv4('0.0.0.0'), length: 0 }, metric: 50 }])
    expect(by('8.8.8.8')).toBe('home')
  })

  test('routes of the topology may be replaced at any time: those of the tunnel stay', () => {
    const { a } = pair()
    a.setRoutes([])
    expect(a.routeTo(ipv4('10.9.0.2'))?.nic.name).toBe('vpn')
  })

  test('a Windows client takes packets for the tunnel’s address from the tunnel alone', () => {
    const { net, client } = access()
    peer(client, 53)
    const neighbour = net.stack('neighbour', {
      home: at('192.168.1.3/24', { gateway: ipv4('192.168.1.2') }),
    })
    peer(neighbour).say('10.0.0.100', 53)
    net.run()
    expect(net.drops('client')).toEqual(['not-forwarding'])
  })

  test('a host that is down neither sends into it nor hears', () => {
    const { net, a, b, tunnels } = pair()
    const client = peer(a)
    b.setDown(true)
    client.say('10.9.0.2', 53)
    net.run()
    expect(net.drops('b')).toEqual(['host-down'])
    a.setDown(true)
    client.say('10.9.0.2', 53)
    expect(tunnels[0].name).toBe('vpn')
    net.run()
    expect(net.drops('a')).toEqual(['host-down'])
  })

  test('what comes out of a tunnel may be anything', () => {
    const { net, b, tunnels } = pair()
    tunnels[1].deliver(new Uint8Array(0))
    tunnels[1].deliver(new Uint8Array(19).fill(0x45))
    tunnels[1].deliver(new Uint8Array(40).fill(0x45))
    net.run()
    expect(net.drops(b.name)).toEqual(['malformed', 'malformed', 'malformed'])
  })
})

describe('closing', () => {
  test('while traffic flows: what is on its way is dropped, and programs hear that there is no route', () => {
    const { net, a, b, tunnels } = pair()
    const closed: [CloseReason, string | undefined][] = []
    let bytes = 0
    b.tcp.listen({ port: 80 }, () => ({ onData: (data) => void (bytes += data.length) }))
    const connection = a.tcp.connect(
      { address: ipv4('10.9.0.2'), port: 80 },
      { onClosed: (reason, detail) => void closed.push([reason, detail?.code]) },
    )
    connection.send(new Uint8Array(500_000))
    const client = peer(a)
    net.run(ms(12))
    expect(bytes).toBeGreaterThan(0)
    tunnels[0].close()
    client.say('10.9.0.2', 53)
    net.run(seconds(200))
    expect(bytes).toBeLessThan(500_000)
    expect(net.drops('a')).toContain('link-lost')
    expect(client.errors).toMatchObject([{ code: 'no-route' }])
    expect(closed).toEqual([['timed-out', 'no-route']])
  })

  test('another of the same name can be opened', () => {
    const { net, a, b, tunnels } = pair()
    const server = peer(b, 53)
    tunnels[0].close()
    const again = a.openTunnel(tunnelAt('10.9.0.1'), (packet) => void tunnels[1].deliver(packet))
    again.setRoutes(routes('10.9.0.0/24'))
    tunnels[0].setRoutes(routes('0.0.0.0/0'))
    peer(a).say('10.9.0.2', 53)
    net.run()
    expect(server.received).toHaveLength(1)
    expect(a.routeTo(ipv4('8.8.8.8'))).toBeUndefined()
  })
})
