/**
 * A client and a server with an open connection, and segments forged in the name of either: what TCP's tests share.
 */
import { expect } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { setU16, setU32 } from '../../src/base/bytes.ts'
import { rngFrom } from '../../src/base/rng.ts'
import { seconds } from '../../src/base/time.ts'
import type { SocketError } from '../../src/net/sockets.ts'
import { encodeTcp, TcpFlag, type TcpSegment } from '../../src/wire/tcp.ts'
import { CLIENT, SERVER, Wire, Witness, type Passage, type WireOptions } from './tcp-wire.ts'

export const flagsOf = (s: Passage): string =>
  Object.entries(TcpFlag)
    .filter(([, bit]) => (s.flags & bit) !== 0)
    .map(([name]) => name)
    .join('+')

/** A server on port 80 that keeps a witness, and a client that connects to it. */
export function pair(options: WireOptions = {}, port = 80) {
  const wire = new Wire(options)
  const server = new Witness()
  wire.server.listen({ port: 80 }, (connection) => {
    server.connection = connection
    server.events.push('accepted')
    return server.handlers
  })
  const client = new Witness()
  client.connection = wire.client.connect({ address: SERVER, port }, client.handlers)
  return { wire, client, server }
}

export function established(options: WireOptions = {}) {
  const all = pair(options)
  all.wire.run(seconds(1))
  expect(all.client.events).toEqual(['connected'])
  expect(all.server.events).toEqual(['accepted'])
  return all
}

export const text = (n: number): Uint8Array => rngFrom('text').bytes(n)

/** A segment as the peer of `to` would write it. */
export function forged(to: 'client' | 'server', wire: Wire, over: Partial<TcpSegment>): Uint8Array {
  const mine = wire.from('client')[0]!
  const [source, destination] = to === 'server' ? [CLIENT, SERVER] : [SERVER, CLIENT]
  const ports =
    to === 'server'
      ? { sourcePort: mine.sourcePort, destinationPort: 80 }
      : { sourcePort: 80, destinationPort: mine.sourcePort }
  return encodeTcp(
    {
      ...ports,
      sequence: 0,
      acknowledgement: 0,
      flags: TcpFlag.ack,
      window: 65_535,
      urgentPointer: 0,
      options: [],
      payload: new Uint8Array(),
      ...over,
    },
    { source: source, destination: destination },
  )
}

export const icmp = (code: SocketError['code'], mtu?: number): SocketError => ({
  code,
  to: { address: SERVER, port: 80 },
  from: ipv4('10.0.0.254'),
  ...(mtu === undefined ? {} : { mtu }),
})

export function quote(wire: Wire, over: { sequence?: number } = {}) {
  const first = wire.from('client')[0]!
  const payload = new Uint8Array(8)
  setU16(payload, 0, first.sourcePort)
  setU16(payload, 2, 80)
  setU32(payload, 4, over.sequence ?? first.sequence)
  return { source: CLIENT, destination: SERVER, payload }
}
