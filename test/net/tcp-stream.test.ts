import { expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { minutes, ms, seconds } from '../../src/base/time.ts'
import { TcpFlag } from '../../src/wire/tcp.ts'
import { established, forged, icmp, pair, quote, text } from './tcp-pair.ts'
import type { Passage } from './tcp-wire.ts'

test('many segments arrive whole, in segments no larger than the MSS', () => {
  const { wire, client, server } = established({ mtu: 576 })
  client.connection!.send(text(20_000))
  wire.run(seconds(5))
  expect(toHex(server.received)).toBe(toHex(text(20_000)))
  expect(Math.max(...wire.from('client').map((s) => s.payload.length))).toBe(536)
})

test('an answer carries the acknowledgement: request and response are three segments', () => {
  const { wire, client, server } = established()
  server.handlers.onData = () => server.connection!.send(text(100))
  client.connection!.send(text(50))
  const before = wire.sent.length
  wire.run(seconds(1))
  expect(wire.sent.slice(before).map((s) => [s.from, s.payload.length])).toEqual([
    ['server', 100],
    ['client', 0],
  ])
})

test('the congestion window opens from ten segments, by one for each acknowledged', () => {
  const { wire, client } = established({ latency: ms(50) })
  client.connection!.send(text(60 * 1460))
  const before = wire.from('client').length
  const count = (): number => wire.from('client').length - before
  wire.run(ms(1))
  const first = count()
  wire.run(ms(100))
  expect([first + 10, count() + 10 - first]).toEqual([10, 30])
})

test('three duplicate acknowledgements bring the lost segment at once', () => {
  let lost = 0
  const passes = (s: Passage): boolean => {
    if (s.from === 'client' && s.payload.length > 0 && lost === 0) return lost++ > 0
    return true
  }
  const { wire, client, server } = established({ passes })
  const from = wire.world.now
  client.connection!.send(text(8 * 1460))
  wire.run(ms(60))
  expect(toHex(server.received)).toBe(toHex(text(8 * 1460)))
  expect(lost).toBe(1)
  expect((wire.world.now - from) / 1e3).toBe(60)
})

test('a segment nobody acknowledges is sent five times more, with growing pauses, then it timed out', () => {
  let cut = false
  const { wire, client } = established({ passes: () => !cut })
  cut = true
  client.connection!.send(text(10))
  wire.client.onIcmpError(
    quote(wire, { sequence: wire.sent[0]!.sequence + 1 }),
    icmp('host-unreachable'),
  )
  expect(client.events).toEqual(['connected'])
  wire.run(minutes(2))
  expect(client.events).toEqual(['connected', 'timed-out'])
  expect(client.detail).toMatchObject({ code: 'host-unreachable' })
  const times = wire
    .from('client')
    .filter((s) => s.payload.length > 0)
    .map((s) => s.at)
  expect(times.map((t) => Number((t - times[0]!).toFixed(1)))).toEqual([0, 0.3, 0.9, 2.1, 4.5, 9.3])
})

test('the path MTU shrinks: what is in flight is cut anew', () => {
  const { wire, client, server } = established({
    passes: (s) => s.payload.length <= 1160,
  })
  client.connection!.send(text(5000))
  const { sequence } = wire.from('client').at(-1)!
  wire.client.onIcmpError(quote(wire, { sequence }), icmp('too-big', 1200))
  wire.run(seconds(1))
  expect(toHex(server.received)).toBe(toHex(text(5000)))
  expect(wire.from('client').filter((s) => s.payload.length === 1160).length).toBe(4)
})

test('a closed window is probed with one octet until it opens', () => {
  // The test is the peer: nothing that the client sends arrives anywhere.
  const { wire, client } = pair({ passes: () => false })
  const mine = wire.sent[0]!.sequence
  const peer = { sequence: 901, acknowledgement: mine + 1 }
  const synAck = { sequence: 900, acknowledgement: mine + 1, window: 0 }
  wire.inject('client', forged('client', wire, { ...synAck, flags: TcpFlag.syn | TcpFlag.ack }))
  client.connection!.send(text(100))
  wire.run(ms(400))
  const probes = (): Passage[] => wire.from('client').filter((s) => s.payload.length > 0)
  expect(probes().map((s) => s.payload.length)).toEqual([1])
  const limit = wire.world.now + minutes(20)
  // Each probe is answered with the same closed window; twelve unanswered ones would have ended it.
  for (let probe = 1; probe <= 12; probe++) {
    expect(probes().length).toBe(probe)
    wire.inject('client', forged('client', wire, { ...peer, window: 0 }))
    while (probes().length === probe && wire.world.now < limit) wire.run(seconds(1))
  }
  expect(client.events).toEqual(['connected'])
  expect(probes().every((s) => s.payload.length === 1)).toBe(true)
  wire.inject('client', forged('client', wire, { ...peer, window: 8000 }))
  expect(probes().at(-1)!.payload.length).toBe(100)
})
