/** The NAT router on a real stack: what the hooks promise must survive routing, ARP, fragmentation and the stack's own errors. */
import { describe, expect, test } from 'vitest'
import { formatIpv4, type Ipv4 } from '../../src/base/address.ts'
import { seconds } from '../../src/base/time.ts'
import { followPacket } from '../../src/lab/follow.ts'
import type { Datagram, SocketError } from '../../src/net/sockets.ts'
import type { Stack } from '../../src/net/stack.ts'
import type { Trace } from '../../src/net/trace.ts'
import { PROTOCOL } from '../../src/wire/ipv4.ts'
import { LAPTOP, natNetwork, PEER, PRINTER, ROUTER, SERVER } from './nat-network.ts'

/** A UDP socket that keeps what it hears, and answers if told to. */
function socket(host: Stack, port: number, answers = false) {
  const heard: Datagram[] = []
  const errors: SocketError[] = []
  const opened = host.udp.open(
    {
      onDatagram: (datagram) => {
        heard.push(datagram)
        if (answers) own.send(datagram.from, datagram.bytes, { dontFragment: false })
      },
      onError: (error) => errors.push(error),
    },
    { port },
  )
  if (!opened.ok) throw new Error(opened.error)
  const own = opened.value
  const send = (address: Ipv4, to: number, length = 20) =>
    own.send({ address, port: to }, new Uint8Array(length), { dontFragment: length <= 20 })
  return { heard, errors, send, socket: own }
}

const sendersOf = (heard: readonly Datagram[]): string[] =>
  heard.map(({ from }) => `${formatIpv4(from.address)}:${from.port}`)
const endOf = (trace: Trace, packet: number) => followPacket(trace.events, packet, 'laptop')

describe('a NAT router on the network', () => {
  test('a datagram and its answer pass, translated', () => {
    const { stacks, run } = natNetwork()
    const laptop = socket(stacks.laptop, 4000)
    const server = socket(stacks.server, 500, true)
    laptop.send(SERVER, 500)
    run(seconds(1))
    expect(sendersOf(server.heard)).toEqual(['203.0.113.9:4000'])
    expect(sendersOf(laptop.heard)).toEqual(['192.0.2.10:500'])
  })

  test('fragments are put together, translated, and cut again', () => {
    const { stacks, run } = natNetwork()
    const laptop = socket(stacks.laptop, 4000)
    const server = socket(stacks.server, 500, true)
    laptop.send(SERVER, 500, 4000)
    run(seconds(1))
    expect(server.heard[0]?.bytes).toHaveLength(4000)
    expect(laptop.heard[0]?.bytes).toHaveLength(4000)
  })

  test('what nobody asked for is dropped, and the trace says where and why', () => {
    const { stacks, run, trace } = natNetwork()
    const peer = socket(stacks.peer, 500)
    const packet = peer.send(ROUTER, 4000)
    run(seconds(1))
    expect(endOf(trace, packet)).toMatchObject({
      disposition: 'denied',
      at: 'router',
      reason: 'no-mapping',
      rule: 'address-and-port-dependent filtering: nobody inside holds udp 4000',
    })
  })

  test('port unreachable comes back to the socket that asked', () => {
    const { stacks, run } = natNetwork()
    const laptop = socket(stacks.laptop, 4000)
    laptop.send(PEER, 9)
    run(seconds(1))
    expect(laptop.errors).toMatchObject([
      { code: 'port-unreachable', to: { address: PEER, port: 9 } },
    ])
  })

  test('path MTU discovery works through the translation', () => {
    const { stacks, run } = natNetwork()
    const laptop = socket(stacks.laptop, 4000)
    laptop.socket.send({ address: SERVER, port: 500 }, new Uint8Array(1450), { dontFragment: true })
    run(seconds(1))
    expect(laptop.errors).toMatchObject([
      { code: 'too-big', mtu: 1400, to: { address: SERVER, port: 500 } },
    ])
  })

  test('a TTL that runs out at the router is told with the addresses of the sender', () => {
    const { stacks, run } = natNetwork()
    const laptop = socket(stacks.laptop, 4000)
    laptop.socket.send({ address: SERVER, port: 500 }, new Uint8Array(1), { ttl: 1 })
    laptop.socket.send({ address: SERVER, port: 500 }, new Uint8Array(1), { ttl: 2 })
    run(seconds(1))
    expect(laptop.errors.map((error) => [error.code, formatIpv4(error.from)])).toEqual([
      ['ttl-expired', '10.0.0.1'],
      ['ttl-expired', '203.0.113.1'],
    ])
  })

  test('a refusal inside is told to who knocked, without an inside address in it', () => {
    const { stacks, run } = natNetwork({
      forwards: [{ name: 'dns', udp: 53, toAddress: '10.0.0.6', toPort: 5353 }],
    })
    const peer = socket(stacks.peer, 3000)
    peer.send(ROUTER, 53)
    run(seconds(1))
    expect(peer.errors).toMatchObject([
      { code: 'port-unreachable', from: ROUTER, to: { address: ROUTER, port: 53 } },
    ])
  })

  test('hairpinning reaches a neighbour by the outside address, and its errors come back', () => {
    const { stacks, run, trace } = natNetwork({
      hairpinning: true,
      forwards: [
        { name: 'dns', udp: 53, toAddress: '10.0.0.6' },
        { name: 'ntp', udp: 123, toAddress: '10.0.0.6' },
      ],
    })
    const laptop = socket(stacks.laptop, 4000)
    const printer = socket(stacks.printer, 53, true)
    const packet = laptop.send(ROUTER, 53)
    laptop.send(ROUTER, 123)
    run(seconds(1))
    expect(sendersOf(printer.heard)).toEqual(['203.0.113.9:4000'])
    expect(sendersOf(laptop.heard)).toEqual(['203.0.113.9:53'])
    expect(laptop.errors).toMatchObject([
      { code: 'port-unreachable', to: { address: ROUTER, port: 123 } },
    ])
    expect(endOf(trace, packet).hops.map((hop) => hop.node)).toEqual([
      'laptop',
      'router',
      'printer',
    ])
  })

  test('TCP opens, talks and closes through it', () => {
    const { stacks, run } = natNetwork()
    const got: number[] = []
    stacks.server.tcp.listen({ port: 80 }, (connection) => ({
      onData: (bytes) => {
        got.push(bytes.length)
        connection.send(bytes)
      },
      onEnd: () => connection.close(),
    }))
    const back: number[] = []
    const connection = stacks.laptop.tcp.connect(
      { address: SERVER, port: 80 },
      {
        onConnected: () => connection.send(new Uint8Array(3000)),
        onData: (bytes) => {
          back.push(bytes.length)
          if (back.reduce((a, b) => a + b, 0) === 3000) connection.close()
        },
        onClosed: (reason) => back.push(reason === 'closed' ? 0 : -1),
      },
    )
    run(seconds(300))
    expect(got.reduce((a, b) => a + b, 0)).toBe(3000)
    expect(back.at(-1)).toBe(0)
  })

  test('the router asks and is answered; from outside it does not answer', () => {
    const { stacks, run } = natNetwork()
    const router = socket(stacks.router, 4000)
    const server = socket(stacks.server, 53, true)
    const peer = socket(stacks.peer, 3000)
    router.send(SERVER, 53)
    peer.send(ROUTER, 4000)
    run(seconds(1))
    expect(server.heard).toHaveLength(1)
    expect(sendersOf(router.heard)).toEqual(['192.0.2.10:53'])
    expect(peer.errors).toEqual([])
  })

  test('neighbours inside talk without it', () => {
    const { stacks, run, nat } = natNetwork()
    const printer = socket(stacks.printer, 500)
    socket(stacks.laptop, 4000).send(PRINTER, 500)
    run(seconds(1))
    expect(sendersOf(printer.heard)).toEqual([`${formatIpv4(LAPTOP)}:4000`])
    expect(nat.mappings()).toEqual([])
  })

  test('a blocked packet names the block', () => {
    const { stacks, run, trace } = natNetwork({
      blocks: [{ name: 'no-udp', protocol: 'udp', exceptPorts: [53] }],
    })
    const laptop = socket(stacks.laptop, 4000)
    const packet = laptop.send(SERVER, 500)
    run(seconds(1))
    expect(endOf(trace, packet)).toMatchObject({
      disposition: 'denied',
      at: 'router',
      rule: 'no-udp',
      reason: 'blocked',
    })
  })
})

describe('ESP without UDP through address and port translation', () => {
  const reading = (host: Stack) => {
    const heard: string[] = []
    const raw = host.raw.open(PROTOCOL.esp, {
      onPacket: ({ payload, source }) =>
        heard.push(`${payload.join(' ')} of ${formatIpv4(source)}`),
    })
    return { heard, send: (to: Ipv4, byte: number) => raw.send(to, Uint8Array.of(byte)) }
  }

  test('has no port to be told apart by: the first inside host has the peer for itself', () => {
    const network = natNetwork()
    const { laptop, printer, server } = network.stacks
    const [one, other, peer] = [reading(laptop), reading(printer), reading(server)]
    // Nobody inside asked for this.
    peer.send(ROUTER, 9)
    network.run(seconds(1))
    one.send(SERVER, 1)
    network.run(seconds(1))
    other.send(SERVER, 2)
    network.run(seconds(1))
    peer.send(ROUTER, 3)
    network.run(seconds(1))
    expect(peer.heard).toEqual([`1 of ${formatIpv4(ROUTER)}`])
    expect(one.heard).toEqual([`3 of ${formatIpv4(SERVER)}`])
    expect(other.heard).toEqual([])
    expect(network.trace.ofKind('dropped').map(({ node, reason }) => `${node} ${reason}`)).toEqual([
      'router no-mapping',
      'router nat-clash',
    ])
  })

  test('is stopped where the network blocks protocol 50', () => {
    const network = natNetwork({ blocks: [{ name: 'no-esp', protocol: 'esp' }] })
    const { laptop, server } = network.stacks
    const peer = reading(server)
    reading(laptop).send(SERVER, 1)
    network.run(seconds(1))
    expect(peer.heard).toEqual([])
    expect(network.trace.ofKind('dropped')).toMatchObject([{ node: 'router', reason: 'blocked' }])
  })
})
