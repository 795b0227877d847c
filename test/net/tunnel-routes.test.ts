/** What goes into a tunnel and what past it, whose metric counts, and which address a packet bears. */
import { describe, expect, test } from 'vitest'
import { formatIpv4, formatPrefix, ipv4 } from '../../src/base/address.ts'
import { ms, seconds } from '../../src/base/time.ts'
import type { Stack } from '../../src/net/stack.ts'
import { at, Network, peer } from './network.ts'
import { access, arpSentBy, prefix, routes, tunnelAt } from './tunnels.ts'

const SERVER = ipv4('203.0.113.1')

/** laptop ── home ── router */
function laptop() {
  const net = new Network()
  const gateway = ipv4('192.168.1.1')
  const home = at('192.168.1.2/24', { gateway, dns: [ipv4('192.168.1.1')] })
  const a = net.stack('laptop', { home }, { os: 'windows' })
  net.stack('router', { home: '192.168.1.1' }, { forwards: true })
  const by = (to: string): string | undefined => a.routeTo(ipv4(to))?.nic.name
  return { net, a, by }
}

const forced = (stack: Stack, metric = 25) => {
  const settings = tunnelAt('10.9.0.1', { metric, outranks: true, dns: [ipv4('10.0.0.10')] })
  const tunnel = stack.openTunnel(settings, () => undefined)
  tunnel.setRoutes(routes('0.0.0.0/0'))
  return tunnel
}

describe('a pinned route', () => {
  test('keeps the carrier outside of its own tunnel, until it is let go', () => {
    const { a, by } = laptop()
    const unpin = a.pinRoute(SERVER)
    const tunnel = forced(a)
    expect([by('203.0.113.1'), by('203.0.113.2')]).toEqual(['home', 'vpn'])
    a.setRoutes([])
    expect(a.routeTo(SERVER)).toMatchObject({ via: ipv4('192.168.1.1'), to: { length: 32 } })
    unpin()
    unpin()
    expect(by('203.0.113.1')).toBe('vpn')
    // Asked for while the tunnel has everything: tunnels do not count.
    const again = a.pinRoute(SERVER)
    expect(by('203.0.113.1')).toBe('home')
    tunnel.close()
    again()
    expect(a.routeTo(SERVER)?.to.length).toBe(0)
  })

  test('follows the host from network to network, and waits while there is no way', () => {
    const { net, a, by } = laptop()
    a.pinRoute(SERVER)
    forced(a)
    a.unplug('home')
    expect(by('203.0.113.1')).toBe('vpn')
    a.plug('home', net.segment('home'))
    expect(by('203.0.113.1')).toBe('home')
    a.moveNic('home', net.segment('hotel'))
    const gateway = ipv4('172.16.0.1')
    a.configure('hotel', { address: ipv4('172.16.0.7'), prefixLength: 24, gateway })
    expect(a.routeTo(SERVER)).toMatchObject({ via: gateway, to: { length: 32 } })
    a.configure('hotel', undefined)
    expect(by('203.0.113.1')).toBe('vpn')
  })

  test('excludes whole networks, on the link too, and two may ask for one', () => {
    const { a, by } = laptop()
    const tunnel = a.openTunnel(tunnelAt('10.9.0.1'), () => undefined)
    tunnel.setRoutes(routes('10.0.0.0/8', '192.168.0.0/16', '192.168.1.128/25'))
    const [one, other] = [a.pinRoute(prefix('10.5.0.0/16')), a.pinRoute(prefix('10.5.0.0/16'))]
    a.pinRoute(prefix('192.168.1.192/26'))
    expect([by('10.4.0.1'), by('10.5.0.1'), by('10.6.0.1')]).toEqual(['vpn', 'home', 'vpn'])
    expect([by('192.168.1.9'), by('192.168.1.130')]).toEqual(['home', 'vpn'])
    expect(a.routeTo(ipv4('192.168.1.200'))).toMatchObject({
      nic: { name: 'home' },
      via: undefined,
    })
    one()
    expect(by('10.5.0.1')).toBe('home')
    other()
    expect(by('10.5.0.1')).toBe('vpn')
  })
})

describe('a tunnel that has the default route', () => {
  const metrics = (stack: Stack) => stack.nics.map(({ name, metric }) => `${name} ${metric}`)
  const table = (stack: Stack) =>
    stack.routes.map(({ to, nic, metric }) => `${formatPrefix(to)} ${nic.name} ${metric}`)

  test('raises all other metrics while it is open, as route print shows it', () => {
    const { a, by } = laptop()
    const tunnel = forced(a)
    expect(metrics(a)).toEqual(['home 4250', 'vpn 25'])
    expect(table(a)).toEqual([
      '10.9.0.1/32 vpn 25',
      '192.168.1.0/24 home 4250',
      '0.0.0.0/0 vpn 26',
      '0.0.0.0/0 home 4250',
    ])
    // What is on the link at home stays there.
    expect([by('8.8.8.8'), by('192.168.1.9')]).toEqual(['vpn', 'home'])
    tunnel.close()
    expect(metrics(a)).toEqual(['home 25'])
    expect(by('8.8.8.8')).toBe('home')
  })

  test('wins with the worst metric that can be set, and with a split tunnel beside it', () => {
    const { a, by } = laptop()
    const device = a.openTunnel(
      tunnelAt('10.9.0.2', { name: 'device', metric: 1 }),
      () => undefined,
    )
    device.setRoutes(routes('10.0.0.0/8', '0.0.0.0/0'))
    const user = forced(a, 9999)
    expect([by('8.8.8.8'), by('10.0.0.10')]).toEqual(['vpn', 'device'])
    user.update(tunnelAt('10.9.0.1', { metric: 9999 }))
    expect([by('8.8.8.8'), metrics(a)]).toEqual(['device', ['home 25', 'device 1', 'vpn 9999']])
  })
})

describe('one route more, and one less', () => {
  test('is what setting them all would have been', () => {
    const { a } = laptop()
    const one = a.openTunnel(tunnelAt('10.9.0.1'), () => undefined)
    one.setRoutes(routes('10.1.0.0/16', '10.2.0.0/16'))
    one.addRoute({ to: prefix('10.3.0.0/16'), metric: 7 })
    one.addRoute({ to: prefix('10.1.0.0/16'), metric: 9 })
    one.removeRoute(prefix('10.2.0.0/16'))
    one.removeRoute(prefix('10.2.0.0/15'))
    const seen = (): string[] =>
      a.routes.map(({ to, nic, metric }) => `${formatPrefix(to)} ${nic.name} ${metric}`).toSorted()
    const before = seen()
    expect(before).toContain('10.1.0.0/16 vpn 34')
    expect(before).toContain('10.3.0.0/16 vpn 32')
    expect(before.join()).not.toContain('10.2.0.0')
    // Everything is derived anew.
    a.setRoutes([])
    expect(seen()).toEqual(before)
    one.close()
    one.addRoute({ to: prefix('10.4.0.0/16') })
    one.removeRoute(prefix('10.3.0.0/16'))
    expect(seen().join()).not.toContain('vpn')
  })

  test('far ends of a gateway come and go one by one, with ARP', () => {
    const { net, server, internal } = access()
    net.run(ms(10))
    internal.addRoute({ to: prefix('10.0.0.101/32') })
    internal.addRoute({ to: prefix('10.0.0.101/32') })
    expect(arpSentBy(net, 'gateway')).toEqual([
      '1 10.0.0.100 10.0.0.100',
      '1 10.0.0.101 10.0.0.101',
    ])
    internal.removeRoute(prefix('10.0.0.100/32'))
    const asking = peer(server)
    asking.say('10.0.0.100', 53)
    asking.say('10.0.0.99', 53)
    net.run()
    // The gateway's own address in there is its own; nobody has the other any more.
    expect(asking.errors.map(({ code, to }) => `${code} ${formatIpv4(to.address)}`)).toEqual([
      'port-unreachable 10.0.0.99',
      'host-unreachable 10.0.0.100',
    ])
  })
})

describe('forwarding', () => {
  test('goes on as long as one wants it, and makes a weak host of Windows', () => {
    const net = new Network()
    const gateway = net.stack(
      'gateway',
      { corp: '10.0.0.1', outer: '192.0.2.1' },
      { os: 'windows' },
    )
    const outside = net.stack('outside', {
      outer: at('192.0.2.2/24', { gateway: ipv4('192.0.2.1') }),
    })
    const server = peer(net.stack('server', { corp: '10.0.0.5' }), 53)
    const own = peer(gateway, 53)
    const say = (): number[] => {
      peer(outside).say('10.0.0.5', 53)
      peer(outside).say('10.0.0.1', 53)
      net.run(seconds(5))
      return [server.received.length, own.received.length]
    }
    expect(say()).toEqual([0, 0])
    const [stop, stopToo] = [gateway.startForwarding(), gateway.startForwarding()]
    expect(say()).toEqual([1, 1])
    stop()
    stop()
    expect(say()).toEqual([2, 2])
    stopToo()
    expect(say()).toEqual([2, 2])
    expect(net.drops('gateway')).toEqual(Array.from({ length: 4 }, () => 'not-forwarding'))
  })
})

describe('the source address', () => {
  const sent = (net: Network, node: string) =>
    net.trace.ofKind('sent').filter((event) => event.node === node && event.frame[13] === 0)
  const source = (frame: Uint8Array) => frame.subarray(26, 30).join('.')

  test('is the tunnel’s for what goes into it, and home’s for the rest', () => {
    const { net, a } = laptop()
    const tunnel = a.openTunnel(tunnelAt('10.9.0.1'), () => undefined)
    tunnel.setRoutes(routes('10.0.0.0/8'))
    const asking = peer(a)
    asking.say('10.0.0.10', 53)
    asking.say('192.168.1.1', 53)
    a.tcp.connect({ address: ipv4('10.0.0.10'), port: 80 }, {})
    net.run(ms(10))
    expect(sent(net, 'laptop').map(({ nic, frame }) => `${nic} ${source(frame)}`)).toEqual([
      'vpn 10.9.0.1',
      'vpn 10.9.0.1',
      'home 192.168.1.2',
    ])
  })

  test('is the one of several in whose network the next hop is', () => {
    const net = new Network()
    const a = net.stack('a', {
      lan: at('192.0.2.2/24', {
        alsoAt: [{ address: ipv4('10.0.0.2') }, { address: ipv4('10.0.0.3') }],
        gateway: ipv4('10.0.0.1'),
      }),
    })
    const from = (to: string): string => formatIpv4(a.sourceFor(ipv4(to))!)
    expect([from('192.0.2.9'), from('10.0.0.9'), from('8.8.8.8'), from('10.0.0.3')]).toEqual([
      '192.0.2.2',
      '10.0.0.2',
      '10.0.0.2',
      '10.0.0.3',
    ])
  })

  test('decides on Windows by which interface a packet leaves: what was there before the tunnel stays outside', () => {
    const { net, a } = laptop()
    const router = net.stack('web', { home: '192.168.1.3' })
    let bytes = 0
    router.tcp.listen({ port: 80 }, () => ({ onData: (data) => void (bytes += data.length) }))
    const old = a.tcp.connect({ address: ipv4('192.168.1.3'), port: 80 }, {})
    net.run(ms(10))
    const tunnel = a.openTunnel(tunnelAt('10.9.0.1'), () => undefined)
    tunnel.setRoutes(routes('192.168.1.3/32'))
    old.send(new Uint8Array(10))
    const bound = peer(a, 5000, { address: ipv4('10.9.0.1') })
    // The tunnel has no route there.
    bound.say('192.168.1.1', 53)
    net.run()
    expect(bytes).toBe(10)
    expect(bound.errors).toMatchObject([{ code: 'no-route' }])
    expect(sent(net, 'laptop').every(({ nic }) => nic === 'home')).toBe(true)
  })

  test('does not on Linux, nor on a Windows that forwards', () => {
    for (const options of [{}, { os: 'windows', forwards: true }] as const) {
      const net = new Network()
      const a = net.stack('a', { home: at('192.168.1.2/24') }, options)
      const tunnel = a.openTunnel(tunnelAt('10.9.0.1'), () => undefined)
      tunnel.setRoutes(routes('10.0.0.0/8'))
      peer(a, 5000, { address: ipv4('192.168.1.2') }).say('10.0.0.10', 53)
      expect(sent(net, 'a').map(({ nic, frame }) => `${nic} ${source(frame)}`)).toEqual([
        'vpn 192.168.1.2',
      ])
    }
  })
})
