/**
 * The NAT router against RFC 5508: ICMP queries, and errors with the packets that they quote.
 */
import { describe, expect, test } from 'vitest'
import { formatIpv4 } from '../../src/base/address.ts'
import { checksum, u16 } from '../../src/base/bytes.ts'
import { seconds } from '../../src/base/time.ts'
import { IP_OFFSET } from '../../src/net/packet.ts'
import { decodeIcmp, encodeIcmp, ICMP_TYPE, UNREACHABLE } from '../../src/wire/icmp.ts'
import { decodeIpv4, destinationOf, PROTOCOL, sourceOf } from '../../src/wire/ipv4.ts'
import { TcpFlag } from '../../src/wire/tcp.ts'
import { ethernet, ipPacket } from '../wire/frames.ts'
import { back, build, out, OUTSIDE, reached, router, seen, split } from './nat-stack.ts'

describe('RFC 5508: ICMP', () => {
  const ping = (from: string, to = '198.51.100.7') =>
    ({ ...out(from, to), icmp: 'request' }) as const
  const pong = (id: number, from = '198.51.100.7') =>
    ({ ...back(from, `${OUTSIDE}:${id}`), icmp: 'reply' }) as const

  test('an echo keeps its identifier if it is free, and the reply finds the querier (REQ-1)', () => {
    const { send } = router()
    expect(seen(send(ping('10.0.0.5:7')))).toBe(`${OUTSIDE}:7`)
    const other = split(seen(send(ping('10.0.0.6:7')))).port
    expect(other).not.toBe(7)
    expect(reached(send(pong(7)))).toBe('10.0.0.5:7')
    expect(reached(send(pong(other)))).toBe('10.0.0.6:7')
  })

  test('a query session lives for 60 seconds (REQ-2)', () => {
    const { send, advance } = router()
    send(ping('10.0.0.5:7'))
    advance(seconds(59))
    expect(reached(send(pong(7)))).toBe('10.0.0.5:7')
    advance(seconds(1))
    expect(reached(send(pong(7)))).toBe('no-mapping')
  })

  test('nobody outside may ping in, whatever the filtering', () => {
    const { send } = router({ filtering: 'endpoint-independent' })
    send(ping('10.0.0.5:7'))
    expect(reached(send({ ...back('198.51.100.7:7', OUTSIDE), icmp: 'request' }))).toBe(
      'no-mapping',
    )
  })

  /** An ICMP error about `about`, a frame as the sender of the error saw it; only 8 bytes of transport header are quoted. */
  const errorAbout = (about: Uint8Array, from: string, quoted = 28): Uint8Array => {
    const quote = about.slice(IP_OFFSET, IP_OFFSET + quoted)
    const payload = encodeIcmp({
      type: ICMP_TYPE.destinationUnreachable,
      code: UNREACHABLE.fragmentationNeeded,
      rest: 1280,
      payload: quote,
    })
    const to = decodeIpv4(about.subarray(IP_OFFSET))
    if (!to.ok) throw new Error('not IPv4')
    const ends = { from, to: formatIpv4(to.value.source) }
    return ethernet(ipPacket(ends, { protocol: PROTOCOL.icmp, payload }))
  }
  const quoteIn = (frame: Uint8Array) => {
    const ip = decodeIpv4(frame.subarray(IP_OFFSET))
    if (!ip.ok) throw new Error(JSON.stringify(ip.error))
    const icmp = decodeIcmp(ip.value.payload)
    if (!icmp.ok) throw new Error(JSON.stringify(icmp.error))
    const quote = icmp.value.payload
    return {
      from: formatIpv4(ip.value.source),
      to: formatIpv4(ip.value.destination),
      mtu: icmp.value.rest,
      headerSum: checksum(quote, 0, 20),
      source: `${formatIpv4(sourceOf(quote, 0))}:${u16(quote, 20)}`,
      destination: `${formatIpv4(destinationOf(quote, 0))}:${u16(quote, 22)}`,
    }
  }

  test.for([{}, { tcp: TcpFlag.syn }])(
    'an error from outside reaches the inside host and quotes its own packet (REQ-4), %j',
    (kind) => {
      const { carry, send, events } = router()
      send({ ...out('10.0.0.6:4000'), ...kind })
      const frame = build({ ...out('10.0.0.5:4000'), ...kind })
      const sent = carry(frame, 'lan').packet
      events.length = 0
      const { stop, packet } = carry(errorAbout(sent.frame, '192.0.2.254'), 'wan')
      expect(stop).toBeUndefined()
      expect(quoteIn(packet.frame)).toEqual({
        from: '192.0.2.254',
        to: '10.0.0.5',
        mtu: 1280,
        headerSum: 0,
        source: '10.0.0.5:4000',
        destination: '198.51.100.7:500',
      })
      expect(events[0]).toMatchObject({ kind: 'translated', to: '10.0.0.5:4000' })
    },
  )

  test('an error about an echo goes to who sent the echo', () => {
    const { carry } = router()
    const sent = carry(build(ping('10.0.0.5:7')), 'lan').packet
    const { packet } = carry(errorAbout(sent.frame, '192.0.2.254'), 'wan')
    expect(quoteIn(packet.frame)).toMatchObject({ to: '10.0.0.5', headerSum: 0 })
  })

  test('an error from inside shows nobody outside an inside address (REQ-5)', () => {
    const { carry } = router({
      forwards: [{ name: 'web', udp: 53, toAddress: '10.0.0.80', toPort: 5353 }],
    })
    const asked = carry(build(back('198.51.100.7:3000', `${OUTSIDE}:53`)), 'wan').packet
    const { packet } = carry(errorAbout(asked.frame, '10.0.0.80'), 'lan')
    expect(quoteIn(packet.frame)).toEqual({
      from: OUTSIDE,
      to: '198.51.100.7',
      mtu: 1280,
      headerSum: 0,
      source: '198.51.100.7:3000',
      destination: `${OUTSIDE}:53`,
    })
  })

  test('an error of the router itself about an inbound packet is translated too', () => {
    const { carry } = router({ forwards: [{ name: 'web', udp: 53, toAddress: '10.0.0.80' }] })
    const asked = carry(build(back('198.51.100.7:3000', `${OUTSIDE}:53`)), 'wan').packet
    const { packet } = carry(errorAbout(asked.frame, OUTSIDE), undefined)
    expect(quoteIn(packet.frame)).toMatchObject({ from: OUTSIDE, destination: `${OUTSIDE}:53` })
  })

  test('an error does not end a mapping (RFC 4787 REQ-12), nor refresh it', () => {
    const { carry, send, advance } = router()
    const sent = carry(build(out('10.0.0.5:4000')), 'lan').packet
    advance(seconds(100))
    carry(errorAbout(sent.frame, '192.0.2.254'), 'wan')
    expect(reached(send(back('198.51.100.7:500', `${OUTSIDE}:4000`)))).toBe('10.0.0.5:4000')
    advance(seconds(30))
    expect(reached(send(back('198.51.100.7:500', `${OUTSIDE}:4000`)))).toBe('no-mapping')
  })

  test('errors about packets that nobody sent, damaged ones and short ones are dropped (REQ-3, REQ-4)', () => {
    const { carry } = router()
    const sent = carry(build(out('10.0.0.5:4000')), 'lan').packet
    const damaged = errorAbout(sent.frame, '192.0.2.254')
    damaged[IP_OFFSET + 25]! ^= 1
    expect(carry(damaged, 'wan').stop).toMatchObject({ reason: 'malformed' })
    expect(carry(errorAbout(sent.frame, '192.0.2.254', 24), 'wan').stop).toMatchObject({
      reason: 'malformed',
    })
    const invented = errorAbout(build(out(`${OUTSIDE}:4000`, '192.0.2.1:500')), '192.0.2.254')
    expect(carry(invented, 'wan').stop).toMatchObject({ reason: 'no-mapping' })
  })

  test('an error inside a hairpinned flow finds its way (REQ-7)', () => {
    const { carry, send } = router({ hairpinning: true, filtering: 'endpoint-independent' })
    send(out('10.0.0.5:4000'))
    const sent = carry(build(out('10.0.1.6:5000', `${OUTSIDE}:4000`)), 'guest').packet
    const { packet, stop } = carry(errorAbout(sent.frame, '10.0.0.5'), 'lan')
    expect(stop).toBeUndefined()
    expect(quoteIn(packet.frame)).toMatchObject({
      from: OUTSIDE,
      to: '10.0.1.6',
      source: '10.0.1.6:5000',
      destination: `${OUTSIDE}:4000`,
    })
  })
})
