import { describe, expect, test } from 'vitest'
import { formatIpv4, ipv4 } from '../../src/base/address.ts'
import { days, hours, minutes, seconds } from '../../src/base/time.ts'
import type { Stack } from '../../src/net/stack.ts'
import { startDhcpClient, type DhcpResult } from '../../src/node/dhcp-client.ts'
import { startDhcpServer } from '../../src/node/dhcp-server.ts'
import { dhcpServer, type DhcpServerSpec } from '../../src/topology/services.ts'
import { decodeDhcp, dhcpTypeName, messageTypeOf } from '../../src/wire/dhcp.ts'
import { u16 } from '../../src/base/bytes.ts'
import { Network } from '../net/network.ts'

const HOME = dhcpServer({
  network: 'home',
  pool: ['192.168.1.100', '192.168.1.101'],
  router: '192.168.1.1',
  dns: ['192.168.1.1', '9.9.9.9'],
  suffix: 'home.example',
})
const OFFICE = dhcpServer({
  network: 'office',
  pool: ['10.0.0.50', '10.0.0.60'],
  suffix: 'corp.example',
})

class Site {
  readonly net = new Network()
  readonly results: DhcpResult[] = []

  server(name: string, address: string, spec: DhcpServerSpec): () => void {
    return startDhcpServer(this.net.stack(name, { [spec.network]: address }), spec)
  }

  client(name = 'laptop', network = 'home') {
    const stack = this.net.stack(name, { [network]: {} })
    const lease = startDhcpClient(stack, network, (result) => this.results.push(result))
    return { stack, lease }
  }

  /** `laptop DHCPDISCOVER 0.0.0.0`, for each DHCP frame that a node sent since event `from`. */
  messages(from = 0): string[] {
    return this.net.trace
      .ofKind('sent')
      .filter(
        (event) => event.id > from && event.frame[23] === 17 && u16(event.frame, 12) === 0x0800,
      )
      .flatMap((event) => {
        const decoded = decodeDhcp(event.frame.subarray(42))
        if (!decoded.ok) return []
        const source = [...event.frame.subarray(26, 30)].join('.')
        return [`${event.node} ${dhcpTypeName(messageTypeOf(decoded.value))} ${source}`]
      })
  }

  get lastEvent(): number {
    return this.net.trace.events.length
  }
}

const shown = (stack: Stack) => {
  const [nic] = stack.nics
  const address = nic?.address
  return address === undefined ? undefined : `${formatIpv4(address)}/${nic?.prefixLength}`
}

describe('a client on a network with a server', () => {
  test('its host tells of the address that came, and of the one that is gone', () => {
    const site = new Site()
    site.server('router', '192.168.1.1/24', HOME)
    const { stack, lease } = site.client()
    const heard: string[] = []
    stack.onNetworkChange(({ nic, kind }) => heard.push(`${nic} ${kind} ${shown(stack)}`))
    site.net.run(hours(1))
    stack.moveNic('home', site.net.segment('office'))
    lease.release()
    expect(heard).toEqual(['home address 192.168.1.100/24', 'office link undefined'])
  })

  test('gets address, router, DNS servers and suffix in four messages', () => {
    const site = new Site()
    site.server('router', '192.168.1.1/24', HOME)
    const { stack } = site.client()
    site.net.run(seconds(1))
    expect(site.messages()).toEqual([
      'laptop DHCPDISCOVER 0.0.0.0',
      'router DHCPOFFER 192.168.1.1',
      'laptop DHCPREQUEST 0.0.0.0',
      'router DHCPACK 192.168.1.1',
    ])
    expect(stack.nics).toMatchObject([
      {
        address: ipv4('192.168.1.100'),
        prefixLength: 24,
        gateway: ipv4('192.168.1.1'),
        dns: [ipv4('192.168.1.1'), ipv4('9.9.9.9')],
        suffix: 'home.example',
      },
    ])
    expect(site.results).toMatchObject([{ kind: 'leased', lease: { duration: days(8) } }])
    expect(site.net.drops()).toEqual([])
  })

  test('renews by unicast at half of the lease, for ever, and nothing changes on the way', () => {
    const site = new Site()
    site.server('router', '192.168.1.1/24', HOME)
    const { stack } = site.client()
    site.net.run(days(3.9))
    const before = site.lastEvent
    expect(site.messages()).toHaveLength(4)
    site.net.run(days(0.2))
    expect(site.messages(before)).toEqual([
      'laptop DHCPREQUEST 192.168.1.100',
      'router DHCPACK 192.168.1.1',
    ])
    site.net.run(days(400))
    expect(shown(stack)).toBe('192.168.1.100/24')
    expect(site.messages().filter((m) => m.includes('DISCOVER'))).toHaveLength(1)
  })

  test('loses the address when the lease expires and the server stays silent', () => {
    const site = new Site()
    const stop = site.server('router', '192.168.1.1/24', { ...HOME, lease: hours(8) })
    const { stack } = site.client()
    site.net.run(seconds(1))
    stop()
    site.net.run(hours(7.9))
    expect(shown(stack)).toBe('192.168.1.100/24')
    const asked = site.messages()
    // Renewing at T1 (4 h) goes to the server, rebinding at T2 (7 h) to everyone; each asks again at half of what is left.
    expect(asked.slice(4).every((m) => m === 'laptop DHCPREQUEST 192.168.1.100')).toBe(true)
    expect(asked.length).toBeGreaterThan(10)
    site.net.run(hours(0.11))
    expect(shown(stack)).toBeUndefined()
    site.net.run(minutes(2))
    expect(shown(stack)).toMatch(/^169\.254\.\d+\.\d+\/16$/)
  })

  test('gives the address back, and the next client gets one that was never used before it', () => {
    const site = new Site()
    site.server('router', '192.168.1.1/24', HOME)
    const first = site.client('first')
    site.net.run(seconds(1))
    first.lease.release()
    expect(shown(first.stack)).toBeUndefined()
    site.net.run(seconds(1))
    const second = site.client('second')
    const third = site.client('third')
    site.net.run(seconds(1))
    expect(site.messages()).toContain('first DHCPRELEASE 192.168.1.100')
    expect([shown(second.stack), shown(third.stack)]).toEqual([
      '192.168.1.101/24',
      '192.168.1.100/24',
    ])
    first.lease.renew()
    site.net.run(minutes(2))
    expect(shown(first.stack)).toMatch(/^169\.254\./)
  })
})

describe('a client that nobody answers', () => {
  test('asks four times in a minute, takes 169.254.x.y, and takes a lease when a server comes', () => {
    const site = new Site()
    const { stack } = site.client()
    site.net.run(seconds(55))
    expect(site.messages()).toEqual(Array(4).fill('laptop DHCPDISCOVER 0.0.0.0'))
    expect(shown(stack)).toBeUndefined()
    site.net.run(seconds(10))
    expect(shown(stack)).toMatch(/^169\.254\.\d+\.\d+\/16$/)
    expect(site.results).toMatchObject([{ kind: 'automatic' }])
    expect(
      site.net.trace.ofKind('logged').map((e) => e.id && [e.source, shown(stack) !== undefined]),
    ).toHaveLength(2)
    site.server('router', '192.168.1.1/24', HOME)
    site.net.run(minutes(6))
    expect(shown(stack)).toBe('192.168.1.100/24')
    expect(site.results.at(-1)).toMatchObject({ kind: 'leased' })
  })

  test('a pool that is used up is silence for the client and a line in the server log', () => {
    const site = new Site()
    site.server('router', '192.168.1.1/24', HOME)
    const stacks = ['a', 'b', 'c'].map((name) => site.client(name).stack)
    site.net.run(minutes(2))
    expect(stacks.map((s) => shown(s)?.slice(0, 7))).toEqual(['192.168', '192.168', '169.254'])
    const lines = site.net.trace.ofKind('logged').filter((e) => e.node === 'router')
    expect(lines.some((e) => e.text.includes('used up'))).toBe(true)
  })
})

describe('a client that moves', () => {
  const between = () => {
    const site = new Site()
    site.server('router', '192.168.1.1/24', HOME)
    site.server('dc', '10.0.0.1/24', OFFICE)
    const client = site.client()
    site.net.run(seconds(1))
    return { site, ...client }
  }

  test('asks in the new network for its old address, is refused, and gets a new one', () => {
    const { site, stack } = between()
    const before = site.lastEvent
    stack.moveNic('home', site.net.segment('office'))
    startDhcpClient(stack, 'office', undefined, { remembered: ipv4('192.168.1.100') })
    site.net.run(seconds(3))
    expect(site.messages(before)).toEqual([
      'laptop DHCPREQUEST 0.0.0.0',
      'dc DHCPNAK 10.0.0.1',
      'laptop DHCPDISCOVER 0.0.0.0',
      'dc DHCPOFFER 10.0.0.1',
      'laptop DHCPREQUEST 0.0.0.0',
      'dc DHCPACK 10.0.0.1',
    ])
    expect(stack.nics).toMatchObject([{ name: 'office', suffix: 'corp.example' }])
  })

  test('the client of the network it left is silent from then on, and coming back works', () => {
    const { site, stack } = between()
    for (const network of ['office', 'home', 'office', 'home']) {
      stack.moveNic(stack.nics[0]!.name, site.net.segment(network))
      startDhcpClient(stack, network)
      site.net.run(seconds(3))
      expect(shown(stack)).toBe(network === 'home' ? '192.168.1.100/24' : '10.0.0.50/24')
    }
    site.net.run(days(30))
    expect(site.messages().filter((m) => m.includes('DISCOVER'))).toHaveLength(5)
  })

  test('a cable that was pulled and put back: the old address is confirmed in two messages', () => {
    const { site, stack } = between()
    stack.unplug('home')
    site.net.run(minutes(1))
    const before = site.lastEvent
    stack.plug('home', site.net.segment('home'))
    site.net.run(seconds(2))
    expect(site.messages(before)).toEqual([
      'laptop DHCPREQUEST 0.0.0.0',
      'router DHCPACK 192.168.1.1',
    ])
    expect(shown(stack)).toBe('192.168.1.100/24')
  })
})

test('a server without an address on its network, and a taken port, are lines in the log', () => {
  const site = new Site()
  const stack = site.net.stack('router', { home: {}, office: '10.0.0.1/24' })
  startDhcpServer(stack, HOME)
  stack.udp.open({ onDatagram: () => {} }, { port: 67, nic: 'office' })
  startDhcpServer(stack, OFFICE)
  expect(site.net.trace.ofKind('logged').map((e) => e.text)).toEqual([
    'has no address on home: nobody is served',
    'UDP port 67 is taken: office is not served',
  ])
})
