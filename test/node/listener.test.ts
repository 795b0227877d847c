import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { rngFrom } from '../../src/base/rng.ts'
import { startListener } from '../../src/node/listener.ts'
import { probePayload } from '../../src/node/probe-payload.ts'
import { statusReply, statusRequest } from '../../src/node/status-server.ts'
import { listener, type ListenerSpec } from '../../src/topology/services.ts'
import { decodeMessage } from '../../src/wire/dns/message.ts'
import { decodeIke, IkeExchange, IkeFlag, withoutMarker } from '../../src/wire/ikev2/header.ts'
import { decodeRadius, RadiusCode } from '../../src/wire/radius/packet.ts'
import { Network } from '../net/network.ts'

const rng = rngFrom('probe')

/** What the listener answers to one datagram on `port`, if anything. */
function ask(rest: Omit<ListenerSpec, 'service' | 'name'>, port: number, bytes: Uint8Array) {
  const net = new Network()
  const server = net.stack('gateway', { lan: '10.0.0.2' })
  const client = net.stack('laptop', { lan: '10.0.0.1' })
  startListener(server, listener({ name: 'open-ports', ...rest }))
  const heard: Uint8Array[] = []
  const socket = client.udp.open({ onDatagram: (d) => void heard.push(d.bytes) })
  if (socket.ok) socket.value.send({ address: ipv4('10.0.0.2'), port }, bytes)
  net.run()
  return { answer: heard[0], net, server, client }
}

describe('ike', () => {
  const gateway = { udp: [500, 4500], speaks: 'ike' } as const

  test.for([500, 4500])('a probe on %d is answered with the header of a response', (port) => {
    const probe = probePayload(port, rng)
    const { answer } = ask(gateway, port, probe)
    const bare = (bytes: Uint8Array) => (port === 4500 ? withoutMarker(bytes)! : bytes)
    const [request, reply] = [decodeIke(bare(probe)), decodeIke(bare(answer!))]
    if (!request.ok || !reply.ok) throw new Error('not an IKE message')
    expect(reply.value).toMatchObject({
      exchange: IkeExchange.saInit,
      flags: IkeFlag.response,
      messageId: 0,
      initiatorSpi: request.value.initiatorSpi,
    })
    expect(reply.value.responderSpi.some((byte) => byte !== 0)).toBe(true)
    expect(bare(answer!)).toHaveLength(28)
  })

  test('a probe of any size is one message, and is answered', () => {
    const plain = probePayload(500, rng).length
    // A Vendor ID that fills the room has a header of four bytes.
    const filled = plain + 4
    for (const size of [0, plain, plain + 1, filled, filled + 1, 500, 4000]) {
      const probe = probePayload(500, rng, { size: size })
      expect(probe.length).toBe(size > filled ? size : plain)
      expect(ask(gateway, 500, probe).answer).toHaveLength(28)
    }
  })

  const ike = probePayload(500, rngFrom('x'))
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = ike.slice()
    bytes[at] = value
    return bytes
  }
  test.for([
    ['too short', 500, ike.subarray(0, 27)],
    ['a length of its own', 500, changed(27, 29)],
    ['IKEv1', 500, changed(17, 0x10)],
    ['another exchange', 500, changed(18, IkeExchange.auth)],
    ['a response', 500, changed(19, IkeFlag.response)],
    ['a later message', 500, changed(23, 1)],
    ['a responder SPI', 500, changed(8, 1)],
    ['no marker on 4500', 4500, ike],
    ['a NAT keepalive', 4500, Uint8Array.of(0xff)],
    ['a marker on 500', 500, concat(new Uint8Array(4), ike)],
  ] as const)('%s is ignored', ([, port, bytes]) => {
    expect(ask(gateway, port, bytes).answer).toBeUndefined()
  })
})

describe('radius', () => {
  test.for([
    [1812, RadiusCode.accessAccept],
    [1813, RadiusCode.accountingResponse],
  ] as const)('Status-Server on %d is answered with code %d', ([port, code]) => {
    const { answer } = ask({ udp: [1812, 1813], speaks: 'radius' }, port, probePayload(port, rng))
    expect(decodeRadius(answer!)).toMatchObject({ ok: true, value: { code } })
  })

  test('a request that is signed with another secret, or is none, is discarded in silence', () => {
    const nps = { udp: [1812], speaks: 'radius' } as const
    expect(ask(nps, 1812, statusRequest(rng, 'other')).answer).toBeUndefined()
    expect(ask(nps, 1812, utf8('hello')).answer).toBeUndefined()
  })

  // RFC 5997 §6.1, shared secret xyzzy5461.
  const REQUEST = fromHex(
    '0cda00268a54f4686fb394c52866e302185d062350125a665e2e1e8411f3e243822097c84fa3',
  )
  test('the request of RFC 5997 §6.1 is rightly signed', () => {
    const reply = (request: Uint8Array, secret: string): Uint8Array | undefined => {
      const said = statusReply(request, 1812, secret)
      return said.ok ? said.value : undefined
    }
    expect(reply(REQUEST, 'xyzzy5461')).toBeDefined()
    expect(reply(REQUEST, 'xyzzy5462')).toBeUndefined()
    for (let at = 0; at < REQUEST.length; at++) {
      const damaged = REQUEST.slice()
      damaged[at]! ^= 1
      expect(reply(damaged, 'xyzzy5461'), `byte ${at}`).toBeUndefined()
    }
  })
})

test('echo repeats, silent does not, and both are delivered', () => {
  expect(ask({ udp: [7] }, 7, utf8('hello')).answer).toEqual(utf8('hello'))
  const { answer, net } = ask({ udp: [7], speaks: 'silent' }, 7, utf8('hello'))
  expect(answer).toBeUndefined()
  expect(net.drops()).toEqual([])
})

test('a probe of DNS asks for the servers of the root; other ports hear nothing in particular', () => {
  for (const size of [0, 100, 2000]) {
    const probe = probePayload(53, rng, { size: size })
    expect(probe.length).toBe(Math.max(17, size))
    expect(decodeMessage(probe)).toMatchObject({ ok: true, value: { question: [{ type: 2 }] } })
  }
  expect(probePayload(9, rng)).toHaveLength(0)
  expect(probePayload(9, rng, { size: 3000 })).toHaveLength(3000)
  expect(toHex(probePayload(500, rngFrom('a')))).toBe(toHex(probePayload(500, rngFrom('a'))))
})

test('TCP ports accept, close when the peer closes, and refuse once stopped', () => {
  const net = new Network()
  const server = net.stack('gateway', { lan: '10.0.0.2' })
  const client = net.stack('laptop', { lan: '10.0.0.1' })
  const stop = startListener(server, listener({ name: 'sstp', tcp: [443] }))
  const events: string[] = []
  const connect = () =>
    client.tcp.connect(
      { address: ipv4('10.0.0.2'), port: 443 },
      {
        onConnected: () => events.push('connected'),
        onEnd: () => events.push('end'),
        onClosed: (reason) => events.push(reason),
      },
    )
  const connection = connect()
  net.run()
  connection.close()
  net.run()
  stop()
  connect()
  net.run()
  expect(events).toEqual(['connected', 'end', 'closed', 'refused'])
})

test('a port that is taken is a line in the log, and the others open', () => {
  const net = new Network()
  const server = net.stack('gateway', { lan: '10.0.0.2' })
  startListener(server, listener({ name: 'first', udp: [500], tcp: [443] }))
  startListener(server, listener({ name: 'second', udp: [500, 501], tcp: [443] }))
  expect(net.trace.ofKind('logged').map((e) => [e.source, e.text])).toEqual([
    ['second', 'UDP port 500 is taken'],
    ['second', 'TCP port 443 is taken'],
  ])
})
