/**
 * Captures made for the gate itself, on a small network: every kind of frame that stacks, switches and NAT routers write,
 * so that the gate and each entry of its allow-list are exercised without any story.
 */
import { ipv4 } from '../../../src/base/address.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { minutes, ms, seconds } from '../../../src/base/time.ts'
import { captureOf } from '../../../src/lab/capture.ts'
import { Stack } from '../../../src/net/stack.ts'
import type { TraceEvent } from '../../../src/net/trace.ts'
import { startDhcpClient } from '../../../src/node/dhcp-client.ts'
import { startDhcpServer } from '../../../src/node/dhcp-server.ts'
import { encodeMessage } from '../../../src/wire/dns/encode.ts'
import { queryFor } from '../../../src/wire/dns/message.ts'
import { nameOf } from '../../../src/wire/dns/name.ts'
import { CLASS, TYPE } from '../../../src/wire/dns/registry.ts'
import { echoRest, encodeIcmp, ICMP_TYPE } from '../../../src/wire/icmp.ts'
import { PROTOCOL } from '../../../src/wire/ipv4.ts'
import { natNetwork, PEER, ROUTER, SERVER } from '../../net/nat-network.ts'
import { espTunnel } from '../../node/ike/esp-tunnel.ts'
import type { Secrets } from './tshark.ts'

export interface TitledCapture {
  readonly title: string
  readonly capture: Uint8Array
  /** The trace that it was made from. */
  readonly events: readonly TraceEvent[]
  readonly secrets?: Secrets
}

type Network = ReturnType<typeof natNetwork>

const titled = (title: string, act: (network: Network) => void): TitledCapture => {
  const network = natNetwork({
    hairpinning: true,
    forwards: [{ name: 'dns', udp: 53, toAddress: '10.0.0.6' }],
  })
  act(network)
  const { events } = network.trace
  return { title, capture: captureOf(events), events }
}

/** What goes through a tunnel, in the clear at its interfaces and sealed on the way. */
function tunnelled(encapsulates: boolean): TitledCapture {
  const { net, client, server } = espTunnel({ encapsulates, wanMtu: 1000 })
  server.tcp.listen({ port: 8000 }, (connection) => ({
    onData: (bytes) => connection.send(bytes),
    onEnd: () => connection.close(),
  }))
  const address = ipv4('10.0.0.5')
  const connection = client.tcp.connect({ address, port: 8000 }, {})
  connection.send(new Uint8Array(9000))
  net.run(seconds(5))
  connection.close()
  net.run(seconds(5))
  const opened = client.udp.open({ onDatagram: () => {} }, { port: 4000 })
  if (opened.ok) {
    opened.value.send({ address, port: 9 }, new Uint8Array(3000), { dontFragment: false })
    opened.value.send({ address, port: 53 }, query)
  }
  net.run(seconds(1))
  const { events } = net.trace
  const how = encapsulates ? 'in UDP' : 'as protocol 50'
  return { title: `a tunnel, ESP ${how}`, capture: captureOf(events), events }
}

function echo(network: Network, name: 'server' | 'printer', port: number): void {
  const opened = network.stacks[name].udp.open(
    {
      onDatagram: ({ from, bytes }) => {
        if (opened.ok) opened.value.send(from, bytes, { dontFragment: false })
      },
    },
    { port },
  )
}

function laptopSocket({ stacks }: Network) {
  const opened = stacks.laptop.udp.open({ onDatagram: () => {} }, { port: 4000 })
  if (!opened.ok) throw new RangeError(opened.error)
  return opened.value
}

const query = encodeMessage(
  queryFor(
    { name: nameOf('vpn.contoso.com'), type: TYPE.A, class: CLASS.IN },
    { id: 7, recursionDesired: true },
  ),
)

export const ownCaptures = (): readonly TitledCapture[] => [
  titled('UDP through NAT, whole and in fragments, to a VLAN trunk', (network) => {
    echo(network, 'server', 7)
    const socket = laptopSocket(network)
    socket.send({ address: SERVER, port: 7 }, new Uint8Array(20))
    socket.send({ address: SERVER, port: 7 }, new Uint8Array(4000), { dontFragment: false })
    network.run(seconds(1))
  }),
  titled('ICMP errors: port unreachable, TTL, fragmentation needed, and a hairpin', (network) => {
    const socket = laptopSocket(network)
    socket.send({ address: PEER, port: 9 }, new Uint8Array(20))
    socket.send({ address: SERVER, port: 9 }, new Uint8Array(20), { ttl: 2 })
    socket.send({ address: SERVER, port: 9 }, new Uint8Array(1450), { dontFragment: true })
    socket.send({ address: ROUTER, port: 53 }, query)
    network.run(seconds(1))
  }),
  titled('a DNS query seen at every interface on its way', (network) => {
    laptopSocket(network).send({ address: SERVER, port: 53 }, query)
    network.run(seconds(1))
  }),
  titled('TCP: a conversation with a path MTU to discover, and a closed port', (network) => {
    const { laptop, server } = network.stacks
    server.tcp.listen({ port: 8000 }, (connection) => ({
      onData: (bytes) => connection.send(bytes),
      onEnd: () => connection.close(),
    }))
    let left = 9000
    const connection = laptop.tcp.connect(
      { address: SERVER, port: 8000 },
      {
        onConnected: () => connection.send(new Uint8Array(left)),
        onData: (bytes) => {
          left -= bytes.length
          if (left === 0) connection.close()
        },
      },
    )
    network.run(seconds(10))
    laptop.tcp.connect({ address: SERVER, port: 8001 }, {})
    network.run(seconds(10))
  }),
  titled('ping, answered and not', (network) => {
    const ping = (destination: typeof SERVER): void => {
      const payload = encodeIcmp({
        type: ICMP_TYPE.echo,
        code: 0,
        rest: echoRest(7, 1),
        payload: utf8('abcdefghijklmnopqrstuvwabcdefghi'),
      })
      const source = ipv4('10.0.0.5')
      network.stacks.laptop.send({ protocol: PROTOCOL.icmp, source, destination, payload })
    }
    ping(SERVER)
    network.run(seconds(1))
    ping(ipv4('192.0.2.77'))
    network.run(seconds(5))
  }),
  titled('DHCP: a lease, its renewal and its release', (network) => {
    startDhcpServer(network.stacks.router, {
      service: 'dhcp-server',
      network: 'home',
      pool: ['10.0.0.100', '10.0.0.110'],
      router: '10.0.0.1',
      dns: ['10.0.0.1'],
      suffix: 'home.example',
      lease: minutes(10),
    })
    const phone = new Stack(network.world, network.trace, { name: 'phone', os: 'windows' })
    phone.addNic(network.segments.home)
    const client = startDhcpClient(phone, 'home')
    network.run(minutes(12))
    client.release()
    network.run(seconds(1))
  }),
  tunnelled(true),
  tunnelled(false),
  titled('a host that is not there', (network) => {
    network.stacks.server.setDown(true)
    laptopSocket(network).send({ address: SERVER, port: 9 }, new Uint8Array(20))
    network.run(seconds(10))
    network.stacks.server.setDown(false)
    network.run(ms(1))
  }),
]
