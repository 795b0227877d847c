import { describe, expect, test } from 'vitest'
import { minutes, ms, seconds, type Duration } from '../../src/base/time.ts'
import { encodeTcp, maximumSegmentSizeOf, segmentLength, TcpFlag } from '../../src/wire/tcp.ts'
import { established, flagsOf, forged, icmp, pair, quote, text } from './tcp-pair.ts'
import { CLIENT, SERVER, Wire, Witness } from './tcp-wire.ts'

describe('opening', () => {
  test('three segments open a connection, with the MSS of the path on both SYNs', () => {
    const { wire } = established({ mtu: 1400 })
    expect(wire.sent.map(flagsOf)).toEqual(['syn', 'syn+ack', 'ack'])
    expect(wire.sent.slice(0, 2).map(maximumSegmentSizeOf)).toEqual([1360, 1360])
    expect(wire.sent[0]!.sourcePort).toBeGreaterThanOrEqual(49_152)
  })

  test('an initial sequence number differs by connection and repeats by seed', () => {
    const numbers = (seed: string): number[] => {
      const { wire } = established({ seed })
      wire.client.connect({ address: SERVER, port: 80 }, {})
      wire.run(seconds(1))
      return wire.sent.filter((s) => (s.flags & TcpFlag.syn) !== 0).map((s) => s.sequence)
    }
    expect(new Set(numbers('a')).size).toBe(4)
    expect(numbers('a')).toEqual(numbers('a'))
    expect(numbers('a')).not.toEqual(numbers('b'))
  })

  test('a pair of ends that comes again begins above where it was, by a clock of 4 µs', () => {
    const firstSyn = (wait: Duration) => {
      const wire = new Wire({ seed: 'a' })
      wire.run(wait)
      wire.client.connect({ address: SERVER, port: 80 }, {})
      wire.run(ms(10))
      return wire.sent[0]!
    }
    const [first, again] = [firstSyn(ms(0)), firstSyn(seconds(1))]
    expect(again.sourcePort).toBe(first.sourcePort)
    expect((again.sequence - first.sequence) >>> 0).toBe(250_000)
  })

  test('nobody listens: the RST refuses it at once, and the drop is named', () => {
    const { wire, client } = pair({}, 81)
    wire.run(seconds(1))
    expect(client.events).toEqual(['refused'])
    expect(wire.sent.map(flagsOf)).toEqual(['syn', 'rst+ack'])
    expect(wire.drops).toMatchObject([{ reason: 'no-listener' }])
    expect(wire.client.connections).toEqual([])
  })

  test('nobody answers: two more SYNs, and after 21 s it has timed out', () => {
    const { wire, client } = pair({ passes: (s) => s.from !== 'client' })
    wire.run(ms(20_999))
    expect(client.events).toEqual([])
    wire.run(ms(2))
    expect(client.events).toEqual(['timed-out'])
    expect(wire.sent.map((s) => s.at)).toEqual([0, 3, 9])
  })

  test('a lost SYN-ACK is sent again when the SYN comes again', () => {
    const { wire, client } = pair({ passes: (_s, nth) => nth !== 2 })
    wire.run(seconds(4))
    expect(client.events).toEqual(['connected'])
    expect(wire.from('server').map(flagsOf).slice(0, 2)).toEqual(['syn+ack', 'syn+ack'])
  })

  test('a lost last ACK of the handshake is mended by the data that follow', () => {
    const { wire, client, server } = pair({ passes: (_s, nth) => nth !== 3 })
    client.connection!.send(text(10))
    wire.run(seconds(1))
    expect(server.events).toEqual(['accepted'])
    expect(server.received).toEqual(text(10))
  })

  test('no route: unreachable, told after connect() has returned', () => {
    const wire = new Wire()
    wire.routes.clear()
    const client = new Witness()
    wire.client.connect({ address: SERVER, port: 80 }, client.handlers)
    expect(client.events).toEqual([])
    wire.run(0 as Duration)
    expect(client.events).toEqual(['unreachable'])
    expect(client.detail).toMatchObject({ code: 'no-route' })
    expect(wire.sent).toEqual([])
  })

  test('an ICMP error ends an attempt, and is quoted', () => {
    const { wire, client } = pair({ passes: () => false })
    wire.client.onIcmpError(quote(wire), icmp('prohibited'))
    expect(client.events).toEqual(['unreachable'])
    expect(client.detail).toMatchObject({ code: 'prohibited' })
  })

  test('an ICMP error that quotes another sequence number is ignored (RFC 5927 §4.1)', () => {
    const { wire, client } = pair({ passes: () => false })
    const sequence = wire.sent[0]!.sequence - 1000
    wire.client.onIcmpError(quote(wire, { sequence }), icmp('prohibited'))
    wire.client.onIcmpError({ ...quote(wire), payload: new Uint8Array(3) }, icmp('prohibited'))
    expect(client.events).toEqual([])
  })

  test('both ends open at once: one connection, established on both sides', () => {
    const wire = new Wire()
    const client = new Witness()
    client.connection = wire.client.connect({ address: SERVER, port: 80 }, client.handlers)
    // The peer's own SYN, from port 80, crosses ours.
    wire.inject('client', forged('client', wire, { sequence: 900, flags: TcpFlag.syn }))
    const mine = wire.sent[0]!.sequence
    expect(flagsOf(wire.sent[1]!)).toBe('syn+ack')
    const ack = { sequence: 901, acknowledgement: mine + 1 }
    wire.inject('client', forged('client', wire, ack))
    expect(client.events).toEqual(['connected'])
  })

  test('one port has one listener; on another address it may have a second', () => {
    const wire = new Wire()
    const accept = () => ({})
    expect(wire.server.listen({ port: 80 }, accept).ok).toBe(true)
    expect(wire.server.listen({ port: 80 }, accept)).toEqual({ ok: false, error: 'port-in-use' })
    const second = wire.server.listen({ port: 80, address: SERVER }, accept)
    expect(second.ok).toBe(true)
    if (second.ok) second.value.close()
    expect(wire.server.listen({ port: 80, address: SERVER }, accept).ok).toBe(true)
  })
})

describe('ending', () => {
  const kinds = (wire: Wire, from: number): string[] =>
    wire.sent.slice(from).map((s) => `${s.from} ${flagsOf(s)}`)

  test('each side closes its half: FIN, ACK, FIN, ACK, and the closer waits 2 MSL', () => {
    const { wire, client, server } = established()
    const before = wire.sent.length
    client.connection!.close()
    wire.run(seconds(1))
    expect(server.events).toEqual(['accepted', 'end'])
    server.connection!.send(text(5))
    wire.run(seconds(1))
    expect(client.received).toEqual(text(5))
    server.connection!.close()
    wire.run(seconds(1))
    expect(server.events).toEqual(['accepted', 'end', 'closed'])
    expect(client.events).toEqual(['connected', 'end', 'closed'])
    expect(kinds(wire, before)).toEqual([
      'client fin+ack',
      'server ack',
      'server psh+ack',
      'client ack',
      'server fin+ack',
      'client ack',
    ])
    expect(wire.client.connections.map((c) => c.state)).toEqual(['time-wait'])
    expect(wire.server.connections).toEqual([])
    wire.run(minutes(2))
    expect(wire.client.connections).toEqual([])
    expect(client.events).toEqual(['connected', 'end', 'closed'])
  })

  test('a FIN seen again in TIME-WAIT is acknowledged again, and the wait begins anew', () => {
    // The last ACK is lost each time, or the server, which is done, would answer it with RST.
    let cut = false
    const { wire, client, server } = established({
      settings: { timeWait: seconds(10) },
      passes: () => !cut,
    })
    client.connection!.close()
    wire.run(seconds(1))
    server.connection!.close()
    wire.run(seconds(9))
    cut = true
    const fin = wire.from('server').findLast((s) => (s.flags & TcpFlag.fin) !== 0)!
    const before = wire.sent.length
    wire.inject('client', encodeTcp(fin, { source: SERVER, destination: CLIENT }))
    expect(kinds(wire, before)).toEqual(['client ack'])
    wire.run(seconds(9))
    expect(wire.client.connections.length).toBe(1)
    wire.run(seconds(2))
    expect(wire.client.connections.length).toBe(0)
  })

  test('both close at once: CLOSING on both sides, and both wait', () => {
    const { wire, client, server } = established()
    client.connection!.close()
    server.connection!.close()
    wire.run(ms(10))
    expect(wire.client.connections.map((c) => c.state)).toEqual(['closing'])
    wire.run(seconds(1))
    for (const end of [wire.client, wire.server]) {
      expect(end.connections.map((c) => c.state)).toEqual(['time-wait'])
    }
    expect(client.events).toEqual(['connected', 'end', 'closed'])
    expect(server.events).toEqual(['accepted', 'end', 'closed'])
  })

  test('close() before the handshake is done sends what is queued, then FIN', () => {
    const { wire, client, server } = pair()
    client.connection!.send(text(3000))
    client.connection!.close()
    wire.run(seconds(1))
    expect(server.received).toEqual(text(3000))
    expect(server.events).toEqual(['accepted', 'end'])
    const last = wire.from('client').findLast((s) => s.payload.length > 0)!
    expect(flagsOf(last)).toBe('fin+psh+ack')
    expect(segmentLength(last)).toBe(81)
  })

  test('a lost FIN is sent again', () => {
    let lost = false
    const { wire, client, server } = established({
      passes: (s) => {
        const drop = !lost && (s.flags & TcpFlag.fin) !== 0
        lost ||= drop
        return !drop
      },
    })
    client.connection!.close()
    wire.run(seconds(1))
    expect(lost).toBe(true)
    expect(server.events).toEqual(['accepted', 'end'])
  })

  test('abort() resets both ends', () => {
    const { wire, client, server } = established()
    client.connection!.abort()
    wire.run(seconds(1))
    expect(client.events).toEqual(['connected', 'reset'])
    expect(server.events).toEqual(['accepted', 'reset'])
    expect(flagsOf(wire.sent.at(-1)!)).toBe('rst+ack')
  })

  test('a peer that lost its memory answers with RST: the connection was half open', () => {
    const { wire, client } = established()
    wire.rebootServer()
    client.connection!.send(text(10))
    wire.run(seconds(1))
    expect(client.events).toEqual(['connected', 'reset'])
  })
})

describe('segments that do not belong', () => {
  test('a RST must have exactly the next number; one in the window is challenged (RFC 5961 §3.2)', () => {
    const { wire, server } = established()
    const next = wire.from('client')[0]!.sequence + 1
    const before = wire.sent.length
    const rst = (sequence: number): Uint8Array =>
      forged('server', wire, { sequence, flags: TcpFlag.rst })
    wire.inject('server', rst(next + 70_000))
    expect(wire.sent.length).toBe(before)
    wire.inject('server', rst(next + 1))
    expect(wire.sent.slice(before).map(flagsOf)).toEqual(['ack'])
    expect(server.events).toEqual(['accepted'])
    wire.inject('server', rst(next))
    expect(server.events).toEqual(['accepted', 'reset'])
  })

  test('a SYN on an open connection is answered with an acknowledgement only (RFC 5961 §4.2)', () => {
    const { wire, server } = established()
    const sequence = wire.from('client')[0]!.sequence + 1
    wire.inject('server', forged('server', wire, { sequence, flags: TcpFlag.syn }))
    expect(flagsOf(wire.sent.at(-1)!)).toBe('ack')
    expect(server.events).toEqual(['accepted'])
  })

  test('an acknowledgement of what was never sent changes nothing', () => {
    const { wire, server } = established()
    const [syn, synAck] = [wire.from('client')[0]!, wire.from('server')[0]!]
    const acknowledgement = synAck.sequence + 5000
    wire.inject(
      'server',
      forged('server', wire, { sequence: syn.sequence + 1, acknowledgement, payload: text(9) }),
    )
    expect(server.received.length).toBe(0)
    expect(wire.sent.at(-1)!.acknowledgement).toBe(syn.sequence + 1)
  })

  test('an ACK to a listener is refused with its own number', () => {
    const wire = new Wire()
    wire.server.listen({ port: 80 }, () => ({}))
    wire.client.connect({ address: SERVER, port: 80 }, {})
    wire.inject('server', forged('server', wire, { sequence: 7, acknowledgement: 4711 }))
    expect(wire.from('server')).toMatchObject([{ flags: TcpFlag.rst, sequence: 4711 }])
  })

  test('damaged and malformed segments are named drops', () => {
    const { wire } = established()
    const good = forged('server', wire, {})
    const damaged = good.slice()
    damaged[4]! ^= 1
    expect(wire.inject('server', damaged)).toMatchObject({ reason: 'bad-checksum' })
    expect(wire.inject('server', good.subarray(0, 12))).toMatchObject({ reason: 'malformed' })
  })
})
