/** A relay agent between a network and a server elsewhere: what crosses, what comes back, and what goes in circles. */
import { expect, test } from 'vitest'
import { formatIpv4, ipv4, parseIpv4Prefix } from '../../src/base/address.ts'
import { days, minutes, seconds } from '../../src/base/time.ts'
import { startDhcpClient } from '../../src/node/dhcp-client.ts'
import { startDhcpRelay } from '../../src/node/dhcp-relay.ts'
import { startDhcpServer } from '../../src/node/dhcp-server.ts'
import { dhcpRelay, dhcpServer } from '../../src/topology/services.ts'
import {
  decodeDhcp,
  dhcpMessage,
  DhcpMessageType,
  dhcpTypeName,
  encodeDhcp,
  messageTypeOf,
  messageTypeOption,
} from '../../src/wire/dhcp.ts'
import { at, Network } from '../net/network.ts'

const SCOPE = dhcpServer({
  network: 'branch',
  pool: ['10.1.0.50', '10.1.0.60'],
  router: '10.1.0.1',
})

/** client ── branch ── router ── centre ── dhcp: the router relays, and the server has a scope of its own network, too. */
function site({ relays = true } = {}) {
  const net = new Network()
  const router = net.stack(
    'router',
    { branch: '10.1.0.1/24', centre: '10.2.0.1/24' },
    { forwards: true },
  )
  const server = net.stack('dhcp', { centre: at('10.2.0.9/24', { gateway: ipv4('10.2.0.1') }) })
  const stops = [
    startDhcpServer(server, SCOPE, parseIpv4Prefix('10.1.0.0/24')),
    startDhcpServer(server, dhcpServer({ network: 'centre', pool: ['10.2.0.50', '10.2.0.60'] })),
  ]
  if (relays)
    stops.push(startDhcpRelay(router, dhcpRelay({ network: 'branch', servers: ['10.2.0.9'] })))
  const shown = (network: string, name: string) => {
    const stack = net.stack(name, { [network]: {} })
    startDhcpClient(stack, network)
    return () => {
      const address = stack.nics[0]?.address
      return address === undefined ? undefined : formatIpv4(address)
    }
  }
  return { net, router, shown, stops }
}

/** `dhcp DHCPOFFER 1 10.1.0.1`: who sent what, how often it was relayed, and by which agent. */
const messages = (net: Network) =>
  net.trace.ofKind('sent').flatMap(({ node, frame }) => {
    const decoded = frame[23] === 17 ? decodeDhcp(frame.subarray(42)) : undefined
    if (decoded?.ok !== true) return []
    const { hops, relayAddress } = decoded.value
    return [
      `${node} ${dhcpTypeName(messageTypeOf(decoded.value))} ${hops} ${formatIpv4(relayAddress)}`,
    ]
  })

test('a lease comes from a server on another network, which chooses the scope by the agent', () => {
  const { net, shown } = site()
  const far = shown('branch', 'laptop')
  const near = shown('centre', 'pc')
  net.run(seconds(3))
  expect([far(), near()]).toEqual(['10.1.0.50', '10.2.0.50'])
  expect(messages(net).filter((line) => !line.includes('pc') && line.includes('10.1.0.1'))).toEqual(
    [
      'router DHCPDISCOVER 1 10.1.0.1',
      'dhcp DHCPOFFER 0 10.1.0.1',
      'router DHCPOFFER 0 10.1.0.1',
      'router DHCPREQUEST 1 10.1.0.1',
      'dhcp DHCPACK 0 10.1.0.1',
      'router DHCPACK 0 10.1.0.1',
    ],
  )
})

test('a renewal goes to the server itself, which knows the scope by the address', () => {
  const { net, shown } = site()
  const far = shown('branch', 'laptop')
  net.run(days(4.5))
  expect(far()).toBe('10.1.0.50')
  expect(messages(net).filter((line) => line.includes('DISCOVER'))).toHaveLength(2)
  // The router sends it on as it sends on everything.
  expect(messages(net).slice(-4)).toEqual([
    'laptop DHCPREQUEST 0 0.0.0.0',
    'router DHCPREQUEST 0 0.0.0.0',
    'dhcp DHCPACK 0 0.0.0.0',
    'router DHCPACK 0 0.0.0.0',
  ])
  expect(net.drops()).toEqual([])
})

test('without an agent nothing crosses, nor does anything after it was stopped', () => {
  for (const isStopped of [false, true]) {
    const { net, shown, stops } = site({ relays: isStopped })
    if (isStopped) stops.at(-1)!()
    const far = shown('branch', 'laptop')
    net.run(minutes(2))
    expect(far()).toMatch(/^169\.254\./)
  }
})

test('what has passed sixteen agents goes no further (RFC 1542 §4.1.1), and options are carried on as they are', () => {
  const { net } = site()
  const client = net.stack('stray', { branch: '10.1.0.77/24' })
  const opened = client.udp.open({ onDatagram: () => {} }, { port: 68 })
  if (!opened.ok) throw new Error(opened.error)
  for (const hops of [15, 16]) {
    const bytes = encodeDhcp(
      dhcpMessage({
        op: 1,
        hops,
        transaction: hops,
        hardwareAddress: new Uint8Array(6),
        // Two pieces of one option, which together are longer than one may be (RFC 3396).
        options: [
          messageTypeOption(DhcpMessageType.discover),
          { code: 200, data: new Uint8Array(200) },
          { code: 200, data: new Uint8Array(200) },
        ],
      }),
    )
    opened.value.send({ address: ipv4('10.1.0.1'), port: 67 }, bytes)
  }
  net.run(seconds(1))
  expect(messages(net).filter((line) => line.startsWith('router DHCPDISCOVER'))).toEqual([
    'router DHCPDISCOVER 16 10.1.0.1',
  ])
  expect(net.trace.ofKind('logged').map(({ text }) => text)).toContain(
    'a message has passed 16 agents: not carried on',
  )
})
