/** What RRAS borrows of DHCP: how many at once, for how long, and what it does without a server. */
import { expect, test } from 'vitest'
import { formatIpv4, ipv4, type Ipv4 } from '../../../src/base/address.ts'
import { days, hours, minutes, seconds, type Duration } from '../../../src/base/time.ts'
import { startDhcpServer } from '../../../src/node/dhcp-server.ts'
import { DhcpAddresses } from '../../../src/node/rras/dhcp-addresses.ts'
import { dhcpServer } from '../../../src/topology/services.ts'
import { decodeDhcp, dhcpTypeName, messageTypeOf } from '../../../src/wire/dhcp.ts'
import { Network } from '../../net/network.ts'

interface Wanted {
  /** Last address of the scope, which begins at .100. */
  readonly last?: number
  readonly lease?: Duration
  readonly isAllowed?: boolean
  readonly isServed?: boolean
}

function gateway({ last = 199, lease = days(8), isAllowed = true, isServed = true }: Wanted = {}) {
  const net = new Network()
  const server = net.stack('dhcp', { inside: '10.0.0.1/24' })
  const spec = dhcpServer({ network: 'inside', pool: ['10.0.0.100', `10.0.0.${last}`], lease })
  let stop = isServed ? startDhcpServer(server, spec) : () => {}
  const stack = net.stack('gateway', { inside: '10.0.0.10/24' })
  const told: string[] = []
  const addresses = new DhcpAddresses(
    stack,
    { nic: 'inside', block: 10, isAllowed },
    {
      onReady: () => told.push('ready'),
      onAutomatic: (address) => told.push(`automatic ${formatIpv4(address)}`),
      onLost: (address) => told.push(`lost ${formatIpv4(address)}`),
    },
  )
  const take = (count: number, wanted?: Ipv4): string[] => {
    const got: string[] = []
    for (let i = 0; i < count; i++) {
      addresses.take(wanted, (address) =>
        got.push(address === undefined ? '-' : formatIpv4(address)),
      )
    }
    return got
  }
  return {
    net,
    stack,
    addresses,
    told,
    take,
    silence: () => stop(),
    serve: () => (stop = startDhcpServer(server, spec)),
  }
}

/** How often the gateway sent each kind of message. */
function sent(net: Network, by = 'gateway'): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { node, frame } of net.trace.ofKind('sent')) {
    const decoded = node === by && frame[23] === 17 ? decodeDhcp(frame.subarray(42)) : undefined
    if (decoded?.ok !== true) continue
    const name = dhcpTypeName(messageTypeOf(decoded.value))
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

test('ten addresses are borrowed when the service starts: one is its own, nine are for clients', () => {
  const { net, addresses, told, take } = gateway()
  expect(told).toEqual([])
  net.run(seconds(5))
  expect(told).toEqual(['ready'])
  expect(sent(net)).toEqual({ DHCPDISCOVER: 10, DHCPREQUEST: 10 })
  expect(formatIpv4(addresses.server!)).toBe('10.0.0.100')
  expect(take(3)).toEqual(['10.0.0.101', '10.0.0.102', '10.0.0.103'])
})

test('the leases are those of RAS, whatever the interface’s own is', () => {
  const { net } = gateway()
  net.run(seconds(5))
  const [first] = net.trace.ofKind('logged').filter(({ node }) => node === 'dhcp')
  expect(first?.text).toMatch(/^10\.0\.0\.100 to 52415320[0-9a-f]{24}$/)
})

test('the last of a block brings the next ten, and who comes meanwhile waits for them', () => {
  const { net, take } = gateway()
  net.run(seconds(5))
  expect(take(9)).toHaveLength(9)
  const waiting = take(1)
  expect(waiting).toEqual([])
  net.run(seconds(5))
  expect(waiting).toEqual(['10.0.0.110'])
  expect(sent(net)['DHCPREQUEST']).toBe(20)
})

test('what comes back is given out again, after what was free before', () => {
  const { net, addresses, take } = gateway()
  net.run(seconds(5))
  const all = take(8)
  addresses.give(ipv4(all[2]!))
  expect(take(2)).toEqual(['10.0.0.109', all[2]])
  expect(sent(net)['DHCPDISCOVER']).toBe(20)
})

test('an address that is wanted is given where it is free', () => {
  const { net, take } = gateway()
  net.run(seconds(5))
  expect(take(1, ipv4('10.0.0.105'))).toEqual(['10.0.0.105'])
  expect(take(1, ipv4('10.0.0.105'))).toEqual(['10.0.0.101'])
})

test('without a server clients get automatic addresses, and 20169 is told once', () => {
  const { net, addresses, told, take } = gateway({ isServed: false })
  const early = take(1)
  net.run(minutes(2))
  expect(told).toEqual(['automatic 169.254.0.1', 'ready'])
  expect(early).toEqual(['169.254.0.2'])
  expect(take(1)).toEqual(['169.254.0.3'])
  expect(formatIpv4(addresses.server!)).toBe('169.254.0.1')
  net.run(hours(1))
  expect(told).toHaveLength(2)
})

test('one goes on asking, and when a server answers, new clients get addresses of its scope', () => {
  const { net, addresses, take, serve } = gateway({ isServed: false })
  net.run(minutes(2))
  take(1)
  serve()
  net.run(minutes(10))
  expect(take(1)).toEqual(['10.0.0.101'])
  expect(formatIpv4(addresses.server!)).toBe('10.0.0.100')
  // The one that asked on, and the nine that make up the block.
  expect(sent(net, 'dhcp')['DHCPACK']).toBe(10)
})

test('a scope that is used up is silence, too: RRAS cannot tell one from the other', () => {
  const { net, told, take } = gateway({ last: 102 })
  net.run(minutes(2))
  expect(told).toEqual(['ready'])
  expect(take(2)).toEqual(['10.0.0.101', '10.0.0.102'])
  const third = take(1)
  net.run(minutes(2))
  expect(third).toEqual(['169.254.0.2'])
  expect(told).toEqual(['ready', 'automatic 10.0.0.100'])
})

test('leases are renewed by a broadcast that names the address, and kept for ever', () => {
  const { net, told, take } = gateway({ lease: hours(1) })
  net.run(seconds(5))
  const [had] = take(1)
  net.run(days(3))
  expect(told).toEqual(['ready'])
  expect(sent(net)['DHCPDISCOVER']).toBe(10)
  expect(sent(net)['DHCPREQUEST']).toBeGreaterThan(10 * 24)
  expect(net.drops()).toEqual([])
  expect(had).toBe('10.0.0.101')
})

test('a lease that cannot be renewed is lost, and whoever has the address is told', () => {
  const { net, addresses, told, take, silence } = gateway({ lease: hours(1) })
  net.run(seconds(5))
  take(2)
  silence()
  net.run(minutes(70))
  expect(told).toEqual(['ready', 'lost 10.0.0.101', 'lost 10.0.0.102', 'automatic 169.254.0.1'])
  expect(formatIpv4(addresses.server!)).toBe('169.254.0.1')
})

test('everything is given back when the service stops', () => {
  const { net, addresses } = gateway()
  net.run(seconds(5))
  addresses.stop()
  net.run(seconds(5))
  expect(sent(net)['DHCPRELEASE']).toBe(10)
  const before = net.trace.events.length
  net.run(days(10))
  expect(net.trace.events.length).toBe(before)
})

test('without the privilege to use the DHCP client nothing is asked', () => {
  const { net, told, take } = gateway({ isAllowed: false })
  net.run(seconds(1))
  expect(told).toEqual(['automatic 169.254.0.1', 'ready'])
  expect(take(1)).toEqual(['169.254.0.2'])
  expect(sent(net)).toEqual({})
})
