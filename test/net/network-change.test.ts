import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { ms, seconds } from '../../src/base/time.ts'
import type { NetworkChange, SocketError } from '../../src/net/sockets.ts'
import type { Stack } from '../../src/net/stack.ts'
import { formatIpv4 } from '../../src/base/address.ts'
import { decodeIpv4, PROTOCOL } from '../../src/wire/ipv4.ts'
import { createFilter } from '../../src/net/filter/filter.ts'
import { at, Network, peer } from './network.ts'
import { routes, tunnelAt } from './tunnels.ts'

/** laptop ── home ── router (other routes) */
function laptop() {
  const net = new Network()
  const gateway = ipv4('192.168.1.1')
  const a = net.stack('laptop', { home: at('192.168.1.2/24', { gateway }) }, { os: 'windows' })
  net.stack('router', { home: '192.168.1.1' }, { forwards: true })
  return { net, a }
}

const changesOf = (stack: Stack): { readonly heard: string[]; readonly stop: () => void } => {
  const heard: string[] = []
  const stop = stack.onNetworkChange(({ nic, kind }: NetworkChange) => {
    const view = stack.nics.find(({ name }) => name === nic)
    const address = view?.address === undefined ? 'none' : formatIpv4(view.address)
    heard.push(`${nic} ${kind} ${view?.up === true ? 'up' : 'down'} ${address}`)
  })
  return { heard, stop }
}

describe('a change of network', () => {
  test('is told when it is done, until nobody wants to hear', () => {
    const { net, a } = laptop()
    const { heard, stop } = changesOf(a)
    a.unplug('home')
    a.plug('home', net.segment('home'))
    a.moveNic('home', net.segment('hotel'))
    a.configure('hotel', { address: ipv4('172.16.0.7'), prefixLength: 24 })
    // Other DNS servers alone move nothing.
    a.configure('hotel', { address: ipv4('172.16.0.7'), prefixLength: 24, dns: [ipv4('9.9.9.9')] })
    a.configure('hotel', undefined)
    const tunnel = a.openTunnel(tunnelAt('10.9.0.1'), () => undefined)
    tunnel.setRoutes(routes('10.0.0.0/8'))
    tunnel.update(tunnelAt('10.9.0.1', { mtu: 1300 }))
    tunnel.update(tunnelAt('10.9.0.2'))
    tunnel.close()
    expect(heard).toEqual([
      'home link down 192.168.1.2',
      'home link up 192.168.1.2',
      'hotel link up none',
      'hotel address up 172.16.0.7',
      'hotel address up none',
      'vpn link up 10.9.0.1',
      'vpn address up 10.9.0.2',
      'vpn link down none',
    ])
    stop()
    a.unplug('hotel')
    expect(heard).toHaveLength(8)
  })
})

describe('an address that is gone', () => {
  test('nothing leaves by another interface for a socket of a closed tunnel', () => {
    const { net, a } = laptop()
    const tunnel = a.openTunnel(tunnelAt('10.9.0.1', { metric: 1 }), () => undefined)
    tunnel.setRoutes(routes('0.0.0.0/0'))
    const bound = peer(a, 5000, { address: ipv4('10.9.0.1') })
    const errors: SocketError[] = []
    const raw = a.raw.open(PROTOCOL.esp, { onError: (error) => void errors.push(error) })
    a.tcp.connect({ address: ipv4('198.51.100.1'), port: 80 }, {})
    net.run(ms(10))
    tunnel.close()
    bound.say('198.51.100.1', 53)
    raw.send(ipv4('198.51.100.1'), new Uint8Array(8), { source: ipv4('10.9.0.1') })
    net.run(seconds(30))
    const sources = net.trace.ofKind('sent').flatMap(({ node, nic, frame }) => {
      const ip = frame[13] === 0 ? decodeIpv4(frame.subarray(14)) : undefined
      return node === 'laptop' && nic === 'home' && ip?.ok === true ? [ip.value.source] : []
    })
    expect(sources).not.toContain(ipv4('10.9.0.1'))
    expect(bound.errors).toMatchObject([{ code: 'no-route' }])
    expect(errors).toMatchObject([{ code: 'no-route' }])
    expect(net.drops('laptop')).toContain('no-route')
  })
})

describe('raw sockets', () => {
  /** inside ── lan ── edge ── internet ── outside; the edge lets ESP out and its answers in. */
  function esp(rules: 'esp' | 'nothing') {
    const net = new Network()
    const inside = net.stack('inside', { lan: at('10.0.0.2/24', { gateway: ipv4('10.0.0.1') }) })
    const edge = net.stack(
      'edge',
      { lan: '10.0.0.1/24', internet: '192.0.2.1/24' },
      { forwards: true },
    )
    const gateway = ipv4('192.0.2.1')
    const outside = net.stack('outside', { internet: at('192.0.2.2/24', { gateway }) })
    edge.hooks = createFilter(
      {
        rules: [
          { name: 'answers', verdict: 'accept', state: ['established'] },
          ...(rules === 'esp'
            ? [{ name: 'esp', from: 'lan', protocol: 'esp', verdict: 'accept' } as const]
            : []),
        ],
      },
      {
        clock: () => net.world.now,
        rng: edge.rng.fork('filter'),
        addressOf: (network) => edge.addressOf(network),
        defaultHook: 'forward',
      },
    )
    return { net, inside, outside }
  }

  test('ESP without UDP crosses a firewall that tracks it, and comes back', () => {
    const { net, inside, outside } = esp('esp')
    const heard: string[] = []
    const answering = outside.raw.open(PROTOCOL.esp, {
      onPacket: ({ payload, source, nic, packet }) => {
        heard.push(`${payload.join(' ')} ${nic} ${packet}`)
        answering.send(source, Uint8Array.of(3, 4))
      },
    })
    const asking = inside.raw.open(PROTOCOL.esp, {
      onPacket: ({ payload }) => void heard.push(payload.join(' ')),
    })
    // Nobody inside asked for this one.
    answering.send(ipv4('10.0.0.2'), Uint8Array.of(9))
    net.run()
    expect(heard).toEqual([])
    const id = asking.send(ipv4('192.0.2.2'), Uint8Array.of(1, 2))
    net.run()
    expect(heard).toEqual([`1 2 internet ${id}`, '3 4'])
  })

  test('is refused by a rule, by a host that reads no ESP, and not heard once closed', () => {
    const blocked = esp('nothing')
    blocked.inside.raw.open(PROTOCOL.esp, {}).send(ipv4('192.0.2.2'), new Uint8Array(8))
    blocked.net.run()
    expect(blocked.net.drops('edge')).toEqual(['filter'])

    const { net, inside, outside } = esp('esp')
    const errors: string[] = []
    const asking = inside.raw.open(PROTOCOL.esp, {
      onError: ({ code }, { destination }) =>
        void errors.push(`${code} ${formatIpv4(destination)}`),
    })
    const heard: number[] = []
    const reading = outside.raw.open(PROTOCOL.esp, {
      onPacket: ({ packet }) => void heard.push(packet),
    })
    reading.close()
    asking.send(ipv4('192.0.2.2'), new Uint8Array(8))
    asking.send(ipv4('192.0.2.2'), new Uint8Array(3000), { dontFragment: true })
    net.run()
    expect(net.drops('outside')).toEqual(['no-listener'])
    expect(heard).toEqual([])
    expect(errors).toContain('too-big 192.0.2.2')
  })
})
