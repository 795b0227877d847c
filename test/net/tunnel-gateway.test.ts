import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { ms } from '../../src/base/time.ts'
import { createFilter } from '../../src/net/filter/filter.ts'
import type { Packet, PacketHooks } from '../../src/net/packet.ts'
import { decodeIpv4 } from '../../src/wire/ipv4.ts'
import { Network, peer } from './network.ts'
import { access, arpSentBy, kindsOf, routes, tunnelAt } from './tunnels.ts'

const hooks = (see: (hook: string, packet: Packet) => void): PacketHooks => {
  const watch = (hook: string) => (packet: Packet) => {
    see(hook, packet)
    return undefined
  }
  return {
    prerouting: watch('prerouting'),
    input: watch('input'),
    forward: watch('forward'),
    output: watch('output'),
    postrouting: watch('postrouting'),
  }
}

describe('a gateway between a tunnel and a network', () => {
  test('forwards both ways: a TTL less, the same id on its side, and the interfaces named', () => {
    const { net, client, server } = access()
    const answering = peer(server, 53)
    const asking = peer(client)
    asking.say('10.0.0.5', 53)
    net.run()
    expect(answering.received).toMatchObject([{ text: 'hello', nic: 'corp' }])
    const id = answering.received[0]!.packet
    expect(kindsOf(net, id)).toEqual([
      'received gateway/internal',
      'forwarded gateway/corp',
      'sent gateway/corp',
      'received server/corp',
      'delivered server/corp',
    ])
    const frames = net.trace.ofPacket(id).flatMap((event) => ('frame' in event ? [event] : []))
    expect(frames.map(({ frame }) => frame![22])).toEqual([128, 127, 127])

    answering.say('10.0.0.100', asking.socket.port)
    net.run()
    expect(asking.received).toMatchObject([{ nic: 'vpn' }])
  })

  test('answers ARP by proxy for whom it has, and announces who comes', () => {
    const { net, gateway, server, internal } = access()
    expect(arpSentBy(net, 'gateway')).toEqual(['1 10.0.0.100 10.0.0.100'])
    const asking = peer(server)
    asking.say('10.0.0.100', 53)
    net.run()
    expect(arpSentBy(net, 'gateway')).toContain('2 10.0.0.100 10.0.0.5')
    expect(server.neighboursOf('corp')).toMatchObject([
      { address: ipv4('10.0.0.100'), mac: gateway.nics[0]!.mac },
    ])
    expect(net.drops('client')).toEqual(['no-listener'])

    internal.setRoutes(routes('10.0.0.100/32', '10.0.0.101/32', '10.7.0.1/32', '10.0.0.128/25'))
    expect(arpSentBy(net, 'gateway').slice(-2)).not.toContain('1 10.7.0.1 10.7.0.1')
    expect(arpSentBy(net, 'gateway').at(-1)).toBe('1 10.0.0.101 10.0.0.101')
    // Neither for an address of nobody, nor for whole networks.
    const other = net.stack('other', { corp: '10.0.0.6' })
    const errors = peer(other)
    errors.say('10.0.0.102', 53)
    errors.say('10.0.0.200', 53)
    net.run()
    expect(errors.errors.map(({ code }) => code)).toEqual(['host-unreachable', 'host-unreachable'])
  })

  test('a client that has gone is answered for no more', () => {
    const { net, gateway, server, internal } = access()
    net.run()
    internal.setRoutes([])
    const asking = peer(server)
    asking.say('10.0.0.100', 53)
    net.run()
    expect(net.drops('server')).toEqual(['no-neighbour'])
    expect(gateway.routeTo(ipv4('10.0.0.100'))?.nic.name).toBe('corp')
  })

  test('client to client, by the gateway: in and out of one interface', () => {
    const net = new Network()
    const gateway = net.stack('gateway', {}, { forwards: true })
    const clients = ['10.9.0.1', '10.9.0.2'].map((address, i) => {
      const stack = net.stack(`client${i}`, {})
      const tunnel = stack.openTunnel(tunnelAt(address), (packet) => {
        stack.after(ms(1), () => void internal.deliver(packet))
      })
      tunnel.setRoutes(routes('0.0.0.0/0'))
      return { stack, tunnel, address: ipv4(address) }
    })
    const internal = gateway.openTunnel(tunnelAt('10.9.0.254', { name: 'internal' }), (packet) => {
      const inner = decodeIpv4(packet)
      const client = clients.find(({ address }) => inner.ok && inner.value.destination === address)
      if (client === undefined) return 'host-unreachable'
      gateway.after(ms(1), () => void client.tunnel.deliver(packet))
    })
    internal.setRoutes(routes('10.9.0.0/24'))
    const server = peer(clients[1]!.stack, 53)
    const asking = peer(clients[0]!.stack)
    asking.say('10.9.0.2', 53)
    asking.say('10.9.0.3', 53)
    net.run()
    expect(server.received).toHaveLength(1)
    expect(asking.errors).toMatchObject([
      { code: 'host-unreachable', from: ipv4('10.9.0.254'), to: { address: ipv4('10.9.0.3') } },
    ])
  })

  test('a TTL that ends at the gateway, and a packet that the tunnel cannot take whole', () => {
    const { net, client, server } = access(1000)
    const asking = peer(client)
    asking.socket.send({ address: ipv4('10.0.0.5'), port: 53 }, new Uint8Array(1), { ttl: 1 })
    const answering = peer(server)
    answering.say('10.0.0.100', 53, new Uint8Array(1200))
    net.run()
    expect(asking.errors).toMatchObject([{ code: 'ttl-expired', from: ipv4('10.0.0.99') }])
    expect(answering.errors).toMatchObject([{ code: 'too-big', mtu: 1000, from: ipv4('10.0.0.1') }])
    expect(server.mtuTo(ipv4('10.0.0.100'))).toBe(1000)
    expect(net.drops('gateway').toSorted()).toEqual(['too-big', 'ttl-expired'])
  })

  test('"fragmentation needed" of a router behind the gateway comes back through the tunnel', () => {
    const { net, client, server } = access(1400, 800)
    peer(server, 53)
    const asking = peer(client)
    const big = new Uint8Array(1200)
    asking.say('10.0.0.5', 53, big)
    net.run()
    expect(asking.errors).toMatchObject([{ code: 'too-big', mtu: 800, from: ipv4('10.0.0.99') }])
    expect(client.mtuTo(ipv4('10.0.0.5'))).toBe(800)
  })

  test('a hook sees the tunnel by its name', () => {
    const { net, client, gateway, server } = access()
    const seen: string[] = []
    gateway.hooks = hooks((hook, { inNic, outNic }) => {
      seen.push(`${hook} ${inNic ?? ''} ${outNic ?? ''}`)
    })
    const answering = peer(server, 53)
    const asking = peer(client)
    asking.say('10.0.0.5', 53)
    net.run()
    answering.say('10.0.0.100', asking.socket.port)
    net.run()
    expect(seen).toEqual([
      'prerouting internal ',
      'forward internal corp',
      'postrouting internal corp',
      'prerouting corp ',
      'forward corp internal',
      'postrouting corp internal',
    ])
  })

  test('a filter zones it', () => {
    const { net, client, gateway, server } = access()
    gateway.hooks = createFilter(
      {
        zones: { clients: ['internal'], intranet: ['corp'] },
        rules: [{ name: 'dns', from: 'clients', to: 'intranet', udp: [53], verdict: 'accept' }],
      },
      {
        clock: () => net.world.now,
        rng: gateway.rng.fork('filter'),
        addressOf: (network) => gateway.addressOf(network),
        defaultHook: 'forward',
      },
    )
    const dns = peer(server, 53)
    const web = peer(server, 80)
    const asking = peer(client)
    asking.say('10.0.0.5', 53)
    asking.say('10.0.0.5', 80)
    net.run()
    expect([dns.received.length, web.received.length]).toEqual([1, 0])
    expect(net.trace.ofKind('dropped')).toMatchObject([
      { node: 'gateway', nic: 'internal', reason: 'filter' },
    ])
  })
})
