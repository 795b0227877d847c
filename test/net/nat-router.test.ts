/**
 * The NAT router against RFC 4787, requirement by requirement, packet by packet.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { minutes, seconds } from '../../src/base/time.ts'
import type { NatBehaviour } from '../../src/topology/firewall.ts'
import { TcpFlag } from '../../src/wire/tcp.ts'
import { back, out, OUTSIDE, reached, router, seen, split } from './nat-stack.ts'

const BEHAVIOURS: readonly NatBehaviour[] = [
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent',
]

describe('RFC 4787 §4.1: address and port mapping', () => {
  // X:x sends to Y1:y1, then to Y1:y2, then to Y2:y1. Which of them see the same outside port as the first?
  test.for([
    ['endpoint-independent', [true, true]],
    ['address-dependent', [true, false]],
    ['address-and-port-dependent', [false, false]],
  ] as const)('%s mapping reuses the port: other port, other address = %j', ([mapping, same]) => {
    const { send } = router({ mapping })
    const first = seen(send(out('10.0.0.5:4000', '198.51.100.7:500')))
    const others = ['198.51.100.7:501', '192.0.2.1:500'].map((to) =>
      seen(send(out('10.0.0.5:4000', to))),
    )
    expect(first).toBe(`${OUTSIDE}:4000`)
    expect(others.map((each) => each === first)).toEqual(same)
  })

  test('a mapping once made is kept: the same flow sees the same port again', () => {
    for (const mapping of BEHAVIOURS) {
      const { send } = router({ mapping })
      send(out('10.0.0.6:4000'))
      expect(seen(send(out('10.0.0.5:4000')))).toBe(seen(send(out('10.0.0.5:4000'))))
    }
  })
})

describe('RFC 4787 §4.2: port assignment', () => {
  test('a free port is preserved; a taken one is not overloaded (REQ-3)', () => {
    const { send } = router()
    expect(seen(send(out('10.0.0.5:4000')))).toBe(`${OUTSIDE}:4000`)
    const second = split(seen(send(out('10.0.0.6:4000', '192.0.2.1:99'))))
    expect(second.port).not.toBe(4000)
  })

  test('UDP and TCP ports are apart', () => {
    const { send } = router()
    send(out('10.0.0.5:4000'))
    expect(seen(send({ ...out('10.0.0.6:4000'), tcp: TcpFlag.syn }))).toBe(`${OUTSIDE}:4000`)
  })

  test.for([500, 501, 1023, 1024, 4000, 4001, 65_535])(
    'a substitute for %i stays in its range (REQ-3a) and keeps its parity (REQ-4)',
    (port) => {
      const { send } = router()
      send(out(`10.0.0.5:${port}`))
      for (let host = 6; host < 30; host++) {
        const got = split(seen(send(out(`10.0.0.${host}:${port}`)))).port
        expect(got < 1024).toBe(port < 1024)
        expect(got & 1).toBe(port & 1)
        expect(got).not.toBe(0)
      }
    },
  )

  test('a range gives every port of the parity, then the other parity, then nothing', () => {
    const { send } = router({ mapping: 'address-and-port-dependent' })
    const next = (peer: number) => send(out('10.0.0.5:500', `198.51.100.7:${peer}`))
    const ports = Array.from({ length: 1023 }, (_, i) => split(seen(next(2000 + i))).port)
    expect(new Set(ports).size).toBe(1023)
    expect(ports.slice(0, 511).every((port) => port % 2 === 0)).toBe(true)
    expect(next(9)).toMatchObject({
      reason: 'nat-clash',
      rule: 'no outside port is left for udp',
    })
  })

  test('the port of a forward belongs to the forward', () => {
    const { send } = router({ forwards: [{ name: 'web', udp: 4000, toAddress: '10.0.0.80' }] })
    expect(seen(send(out('10.0.0.5:4000')))).not.toBe(`${OUTSIDE}:4000`)
    expect(seen(send(out('10.0.0.80:4000')))).toBe(`${OUTSIDE}:4000`)
  })
})

describe('RFC 4787 §4.3: mapping refresh', () => {
  test('a UDP mapping lives for two minutes after the last outbound packet (REQ-5)', () => {
    const { send, advance } = router()
    send(out('10.0.0.5:4000'))
    advance(seconds(119))
    expect(reached(send(back('198.51.100.7:500', `${OUTSIDE}:4000`)))).toBe('10.0.0.5:4000')
    advance(seconds(1))
    expect(reached(send(back('198.51.100.7:500', `${OUTSIDE}:4000`)))).toBe('no-mapping')
  })

  test('outbound packets refresh, inbound packets do not (REQ-6)', () => {
    const { send, advance } = router()
    send(out('10.0.0.5:4000'))
    for (let i = 0; i < 5; i++) {
      advance(seconds(100))
      expect(reached(send(out('10.0.0.5:4000')))).toBe('198.51.100.7:500')
    }
    advance(seconds(100))
    expect(reached(send(back('198.51.100.7:500', `${OUTSIDE}:4000`)))).toBe('10.0.0.5:4000')
    advance(seconds(100))
    expect(reached(send(back('198.51.100.7:500', `${OUTSIDE}:4000`)))).toBe('no-mapping')
  })

  test('the timeout is what the router says', () => {
    const { send, advance } = router({ timeouts: { udp: seconds(30) } })
    send(out('10.0.0.5:4000'))
    advance(seconds(31))
    expect(reached(send(back('198.51.100.7:500', `${OUTSIDE}:4000`)))).toBe('no-mapping')
  })

  test('an expired port is free for the next host', () => {
    const { send, advance } = router()
    send(out('10.0.0.5:4000'))
    advance(minutes(3))
    expect(seen(send(out('10.0.0.6:4000')))).toBe(`${OUTSIDE}:4000`)
  })
})

describe('RFC 4787 §5: filtering (REQ-8)', () => {
  // X:x has sent to Y1:500. Who may answer? Y1:500, Y1:501, Y2:500.
  test.for([
    ['endpoint-independent', [true, true, true]],
    ['address-dependent', [true, true, false]],
    ['address-and-port-dependent', [true, false, false]],
  ] as const)(
    '%s filtering lets in the peer, another port, another address = %j',
    ([filtering, allowed]) => {
      const { send } = router({ filtering })
      send(out('10.0.0.5:4000'))
      const outcomes = ['198.51.100.7:500', '198.51.100.7:501', '192.0.2.1:500'].map((from) =>
        send(back(from, `${OUTSIDE}:4000`)),
      )
      expect(outcomes.map((each) => reached(each) === '10.0.0.5:4000')).toEqual(allowed)
    },
  )

  test('a refusal names the filtering behaviour, the port and the peer', () => {
    const { send } = router({ filtering: 'address-dependent' })
    send(out('10.0.0.5:4000'))
    expect(send(back('192.0.2.1:500', `${OUTSIDE}:4000`))).toEqual({
      kind: 'drop',
      reason: 'no-mapping',
      rule: 'address-dependent filtering: the holder of udp 4000 never sent to 192.0.2.1:500',
    })
    expect(send(back('192.0.2.1:500', `${OUTSIDE}:4500`))).toMatchObject({
      rule: 'address-dependent filtering: nobody inside holds udp 4500',
    })
  })

  test('a permission ends with its own peer, though another keeps the mapping alive', () => {
    const { send, advance } = router()
    send(out('10.0.0.5:4000', '198.51.100.7:500'))
    advance(seconds(90))
    send(out('10.0.0.5:4000', '192.0.2.1:500'))
    advance(seconds(90))
    expect(reached(send(back('198.51.100.7:500', `${OUTSIDE}:4000`)))).toBe('no-mapping')
    expect(reached(send(back('192.0.2.1:500', `${OUTSIDE}:4000`)))).toBe('10.0.0.5:4000')
  })

  test('an inside address is not reachable from outside, even by a packet that is routed to it', () => {
    const { send } = router({ filtering: 'endpoint-independent' })
    send(out('10.0.0.5:4000'))
    expect(send(back('198.51.100.7:500', '10.0.0.5:4000'))).toMatchObject({ reason: 'no-mapping' })
  })
})

describe('RFC 4787 §6: hairpinning (REQ-9)', () => {
  test('the receiver sees the external address and port of the sender, and its answer finds the way back', () => {
    const { send } = router({ hairpinning: true, filtering: 'endpoint-independent' })
    send(out('10.0.0.5:4000'))
    expect(send(out('10.0.1.6:5000', `${OUTSIDE}:4000`))).toEqual({
      from: `${OUTSIDE}:5000`,
      to: '10.0.0.5:4000',
      at: 'inside',
    })
    expect(send(out('10.0.0.5:4000', `${OUTSIDE}:5000`))).toEqual({
      from: `${OUTSIDE}:4000`,
      to: '10.0.1.6:5000',
      at: 'inside',
    })
  })

  test('filtering judges a neighbour like anybody outside', () => {
    const { send } = router({ hairpinning: true, filtering: 'address-and-port-dependent' })
    send(out('10.0.0.5:4000'))
    expect(reached(send(out('10.0.1.6:5000', `${OUTSIDE}:4000`)))).toBe('no-mapping')
    send(out('10.0.0.5:4000', `${OUTSIDE}:5000`))
    expect(reached(send(out('10.0.1.6:5000', `${OUTSIDE}:4000`)))).toBe('10.0.0.5:4000')
  })

  test('a forwarded server is reached from inside by its outside address', () => {
    const { send } = router({
      hairpinning: true,
      forwards: [{ name: 'web', tcp: 443, toAddress: '10.0.0.80', toPort: 8443 }],
    })
    const syn = { ...out('10.0.0.5:4000', `${OUTSIDE}:443`), tcp: TcpFlag.syn }
    expect(send(syn)).toEqual({ from: `${OUTSIDE}:4000`, to: '10.0.0.80:8443', at: 'inside' })
  })

  test('without hairpinning the packet is refused, and what nobody holds is for the router itself', () => {
    const { send } = router()
    send(out('10.0.0.5:4000'))
    expect(send(out('10.0.1.6:5000', `${OUTSIDE}:4000`))).toMatchObject({
      reason: 'no-mapping',
      rule: 'no hairpinning',
    })
    expect(send(out('10.0.1.6:5000', `${OUTSIDE}:53`))).toMatchObject({ at: 'router' })
    expect(send({ ...out('10.0.1.6:9', OUTSIDE), icmp: 'request' })).toMatchObject({ at: 'router' })
  })
})

/** What the RFC promises, said without tables: all that counts is who sent what to whom in the last two minutes. */
test('whatever the traffic, RFC 4787 holds', () => {
  const remotes = ['198.51.100.7:500', '198.51.100.7:501', '192.0.2.1:500'] as const
  const insides = ['10.0.0.5:4000', '10.0.0.6:4000', '10.0.1.5:4001'] as const
  const step = fc.oneof(
    fc.record({ inside: fc.constantFrom(...insides), remote: fc.constantFrom(...remotes) }),
    fc.record({ port: fc.nat(20), remote: fc.constantFrom(...remotes) }),
    fc.record({ pause: fc.integer({ min: 1, max: 130 }) }),
  )
  const behaviour = fc.constantFrom(...BEHAVIOURS)
  const reaches = (filtering: NatBehaviour, sentTo: string, from: string): boolean =>
    filtering === 'endpoint-independent' ||
    (filtering === 'address-dependent'
      ? sentTo.split(':')[0] === from.split(':')[0]
      : sentTo === from)

  fc.assert(
    fc.property(
      behaviour,
      behaviour,
      fc.array(step, { maxLength: 40 }),
      (mapping, filtering, steps) => {
        const { send, advance } = router({ mapping, filtering })
        const log: { inside: string; port: number; remote: string; at: number }[] = []
        const ports: number[] = []
        const broken: string[] = []
        let now = 0
        const live = () => log.filter((entry) => now - entry.at < 120)
        for (const each of steps) {
          if ('pause' in each) {
            now += each.pause
            advance(seconds(each.pause))
          } else if ('inside' in each) {
            const { port } = split(seen(send(out(each.inside, each.remote))))
            const holders = live().filter((entry) => entry.port === port)
            if (holders.some((entry) => entry.inside !== each.inside))
              broken.push(`${port} is shared`)
            log.push({ inside: each.inside, port, remote: each.remote, at: now })
            if (!ports.includes(port)) ports.push(port)
          } else {
            const port = ports[each.port % Math.max(1, ports.length)] ?? 9
            const holders = live().filter((entry) => entry.port === port)
            const admitted = holders.find((entry) => reaches(filtering, entry.remote, each.remote))
            const outcome = reached(send(back(each.remote, `${OUTSIDE}:${port}`)))
            const expected = admitted?.inside ?? 'no-mapping'
            if (outcome !== expected) broken.push(`${port}: ${outcome}, expected ${expected}`)
          }
        }
        expect(broken).toEqual([])
      },
    ),
    { numRuns: 500 },
  )
})
