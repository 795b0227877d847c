/**
 * The NAT router against RFC 5382 (TCP), and what passes it without ports, by a forward, or not at all.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instant, minutes, seconds } from '../../src/base/time.ts'
import { IP_OFFSET, type Packet } from '../../src/net/packet.ts'
import type { NatRouterSpec } from '../../src/topology/firewall.ts'
import { PROTOCOL } from '../../src/wire/ipv4.ts'
import { TcpFlag } from '../../src/wire/tcp.ts'
import { back, build, out, OUTSIDE, reached, router, seen, split } from './nat-stack.ts'

describe('RFC 5382: TCP', () => {
  const flow = (tcp: number) => ({ ...out('10.0.0.5:4000', '198.51.100.7:443'), tcp })
  const reply = (tcp: number) => ({ ...back('198.51.100.7:443', `${OUTSIDE}:4000`), tcp })
  const { syn, ack, fin, rst } = TcpFlag

  test('an established connection may idle for 2 hours and 4 minutes (REQ-5)', () => {
    const { send, advance } = router()
    send(flow(syn))
    send(reply(syn | ack))
    send(flow(ack))
    advance(minutes(123))
    expect(reached(send(reply(ack)))).toBe('10.0.0.5:4000')
    advance(minutes(123))
    expect(reached(send(reply(ack)))).toBe('10.0.0.5:4000')
    advance(minutes(124))
    expect(reached(send(reply(ack)))).toBe('no-mapping')
  })

  test.for([
    ['opening', [syn]],
    ['closed by FINs', [syn, -(syn | ack), ack, fin | ack, -(fin | ack)]],
    ['reset', [syn, -(syn | ack), ack, rst]],
  ] as const)('a connection that is %s is forgotten after 4 minutes (REQ-5)', ([, flags]) => {
    const { send, advance } = router()
    for (const each of flags) send(each < 0 ? reply(-each) : flow(each))
    advance(seconds(239))
    expect(reached(send(reply(ack)))).toBe('10.0.0.5:4000')
    advance(minutes(4))
    expect(reached(send(reply(ack)))).toBe('no-mapping')
  })

  test('a half-closed connection is still established', () => {
    const { send, advance } = router()
    for (const each of [syn, ack, fin | ack]) send(flow(each))
    send(reply(syn | ack))
    advance(minutes(60))
    expect(reached(send(reply(ack)))).toBe('10.0.0.5:4000')
  })

  test('a simultaneous open passes: SYN out, SYN in (REQ-2)', () => {
    const { send } = router()
    send(flow(syn))
    expect(reached(send(reply(syn)))).toBe('10.0.0.5:4000')
  })

  test('an unsolicited SYN is dropped without a word (REQ-4)', () => {
    expect(router().send(reply(syn))).toMatchObject({ kind: 'drop', reason: 'no-mapping' })
  })

  test('a connection that the router forgot goes on when the inside host sends', () => {
    const { send, nat, advance } = router()
    send(flow(syn))
    nat.flush()
    expect(reached(send(reply(ack)))).toBe('no-mapping')
    expect(reached(send(flow(ack)))).toBe('198.51.100.7:443')
    advance(minutes(60))
    expect(reached(send(reply(ack)))).toBe('10.0.0.5:4000')
  })
})

describe('protocols without ports', () => {
  const esp = (from: string, to = '198.51.100.7') => ({ ...out(from, to), protocol: PROTOCOL.esp })

  test('ESP passes by address, for one inside host per peer', () => {
    const { send } = router()
    expect(seen(send(esp('10.0.0.5')))).toBe(OUTSIDE)
    expect(reached(send({ ...back('198.51.100.7', OUTSIDE), protocol: PROTOCOL.esp }))).toBe(
      '10.0.0.5',
    )
    expect(send(esp('10.0.0.6'))).toMatchObject({
      reason: 'nat-clash',
      rule: 'another inside host holds esp to 198.51.100.7',
    })
    expect(seen(send(esp('10.0.0.6', '192.0.2.1')))).toBe(OUTSIDE)
  })

  test('nobody asked, nobody gets it', () => {
    const stop = router().send({ ...back('198.51.100.7', OUTSIDE), protocol: PROTOCOL.gre })
    expect(stop).toMatchObject({
      rule: 'address-and-port-dependent filtering: nobody inside holds gre',
    })
  })
})

describe('port forwards', () => {
  const forwards = [
    { name: 'web', tcp: 443, toAddress: '10.0.0.80', toPort: 8443 },
    { name: 'admin', tcp: 8443, toAddress: '10.0.0.80', toPort: 8443 },
  ]
  const knock = (port: number) => ({
    ...back('198.51.100.7:3000', `${OUTSIDE}:${port}`),
    tcp: TcpFlag.syn,
  })
  const answer = { ...out('10.0.0.80:8443', '198.51.100.7:3000'), tcp: TcpFlag.syn | TcpFlag.ack }

  test.for([443, 8443])(
    'everybody may knock at %i, and the answer leaves by the port knocked at',
    (port) => {
      const { send, events } = router({ forwards })
      expect(reached(send(knock(port)))).toBe('10.0.0.80:8443')
      expect(seen(send(answer))).toBe(`${OUTSIDE}:${port}`)
      expect(events[0]).toMatchObject({ rule: port === 443 ? 'web' : 'admin' })
    },
  )

  test('UDP of the same number is not forwarded', () => {
    expect(reached(router({ forwards }).send(back('198.51.100.7:3000', `${OUTSIDE}:443`)))).toBe(
      'no-mapping',
    )
  })

  test('a forward never expires and survives a flush', () => {
    const { send, advance, nat } = router({ forwards })
    advance(minutes(10_000))
    nat.flush()
    expect(reached(send(knock(443)))).toBe('10.0.0.80:8443')
    expect(nat.mappings().map((each) => each.forward)).toEqual(['web', 'admin'])
  })
})

describe('blocks: a hotel that lets only the web through', () => {
  const spec: Partial<NatRouterSpec> = {
    blocks: [
      { name: 'web-only', protocol: 'tcp', exceptPorts: [80, 443, [8000, 8100]] },
      { name: 'no-udp', protocol: 'udp', exceptPorts: [53] },
      { name: 'no-esp', protocol: 50 },
    ],
    forwards: [{ name: 'game', udp: 3074, toAddress: '10.0.0.80' }],
  }
  test.for([
    [{ ...out('10.0.0.5:4000', '198.51.100.7:500') }, 'no-udp'],
    [{ ...out('10.0.0.5:4000', '198.51.100.7:53') }, undefined],
    [{ ...out('10.0.0.5:4000', '198.51.100.7:25'), tcp: TcpFlag.syn }, 'web-only'],
    [{ ...out('10.0.0.5:4000', '198.51.100.7:443'), tcp: TcpFlag.syn }, undefined],
    [{ ...out('10.0.0.5:4000', '198.51.100.7:8050'), tcp: TcpFlag.syn }, undefined],
    [{ ...out('10.0.0.5', '198.51.100.7'), protocol: PROTOCOL.esp }, 'no-esp'],
    [{ ...out('10.0.0.5:4000', '10.0.1.6:500') }, undefined],
  ] as const)('%j is blocked by %s', ([sent, rule]) => {
    const outcome = router(spec).send(sent)
    const blocked = 'kind' in outcome && outcome.kind === 'drop' && outcome.reason === 'blocked'
    expect(blocked ? outcome.rule : undefined).toBe(rule)
  })

  test('a blocked packet makes no mapping', () => {
    const { send, nat } = router(spec)
    send(out('10.0.0.5:4000'))
    expect(nat.mappings().filter((each) => each.forward === undefined)).toEqual([])
  })

  test('answers of a forwarded server are not blocked', () => {
    const { send } = router(spec)
    send(back('198.51.100.7:3000', `${OUTSIDE}:3074`))
    expect(reached(send(out('10.0.0.80:3074', '198.51.100.7:3000')))).toBe('198.51.100.7:3000')
    expect(reached(send(out('10.0.0.80:3074', '198.51.100.7:3001')))).toBe('blocked')
  })

  test('the router itself is not blocked', () => {
    expect(router(spec).own(out(`${OUTSIDE}:4000`))).toMatchObject({ at: 'outside' })
  })
})

describe('new settings for a running router', () => {
  const base: NatRouterSpec = {
    outside: 'wan',
    forwards: [{ name: 'game', udp: 3074, toAddress: '10.0.0.80' }],
  }

  test('mappings live on, blocks and filtering hold at once', () => {
    const { send, nat } = router(base)
    send(out('10.0.0.5:4000'))
    nat.reload({
      ...base,
      filtering: 'endpoint-independent',
      blocks: [{ name: 'no-udp', protocol: 'udp' }],
    })
    expect(reached(send(back('192.0.2.1:9', `${OUTSIDE}:4000`)))).toBe('10.0.0.5:4000')
    expect(send(out('10.0.0.5:4000'))).toMatchObject({ rule: 'no-udp' })
  })

  test('a forward that is gone is closed, a new one is open and takes its port from whoever holds it', () => {
    const { send, nat } = router(base)
    send(out('10.0.0.5:4000'))
    nat.reload({ outside: 'wan', forwards: [{ name: 'new', udp: 4000, toAddress: '10.0.0.81' }] })
    expect(reached(send(back('192.0.2.1:9', `${OUTSIDE}:3074`)))).toBe('no-mapping')
    expect(reached(send(back('192.0.2.1:9', `${OUTSIDE}:4000`)))).toBe('10.0.0.81:4000')
    expect(seen(send(out('10.0.0.5:4000')))).not.toBe(`${OUTSIDE}:4000`)
  })

  test('a forward that stays keeps its peers', () => {
    const { send, nat } = router(base)
    send(back('198.51.100.7:3000', `${OUTSIDE}:3074`))
    nat.reload({ ...base, blocks: [{ name: 'no-udp', protocol: 'udp' }] })
    expect(reached(send(out('10.0.0.80:3074', '198.51.100.7:3000')))).toBe('198.51.100.7:3000')
  })

  test('another mapping behaviour begins with no mappings', () => {
    const { send, nat } = router(base)
    send(out('10.0.0.5:4000'))
    nat.reload({ ...base, mapping: 'address-dependent' })
    expect(nat.mappings().map((mapping) => mapping.forward)).toEqual(['game'])
  })
})

describe('the router itself', () => {
  test('its own packets hold mappings, so its answers are let in and no port is shared', () => {
    const { own, send } = router()
    expect(own(out(`${OUTSIDE}:4000`))).toEqual({
      from: `${OUTSIDE}:4000`,
      to: '198.51.100.7:500',
      at: 'outside',
    })
    expect(send(back('198.51.100.7:500', `${OUTSIDE}:4000`))).toMatchObject({ at: 'router' })
    expect(seen(send(out('10.0.0.5:4000')))).not.toBe(`${OUTSIDE}:4000`)
  })

  test('a port that an inside host holds is changed for the router, and back', () => {
    const { own, send } = router()
    send(out('10.0.0.5:4000'))
    const port = split(seen(own(out(`${OUTSIDE}:4000`)))).port
    expect(port).not.toBe(4000)
    expect(send(back('198.51.100.7:500', `${OUTSIDE}:${port}`))).toEqual({
      from: '198.51.100.7:500',
      to: `${OUTSIDE}:4000`,
      at: 'router',
    })
  })

  test('from outside its services are not reachable; its DHCP client is', () => {
    const { send, nat } = router()
    expect(reached(send(back('198.51.100.7:9999', `${OUTSIDE}:53`)))).toBe('no-mapping')
    const offer = build({ from: '203.0.113.1:67', to: '255.255.255.255:68' })
    const packet: Packet = {
      frame: offer,
      id: 1,
      inNic: 'wan',
      outNic: undefined,
      track: undefined,
    }
    expect(nat.prerouting(packet) ?? nat.input(packet)).toBeUndefined()
    const announcement = build({ from: '203.0.113.1:67', to: '255.255.255.255:1900' })
    expect(nat.input({ ...packet, frame: announcement })).toMatchObject({ reason: 'no-mapping' })
  })

  test('inside networks reach each other without translation', () => {
    const { send, events } = router()
    expect(send(out('10.0.0.5:4000', '10.0.1.6:500'))).toEqual({
      from: '10.0.0.5:4000',
      to: '10.0.1.6:500',
      at: 'inside',
    })
    expect(events).toEqual([])
  })

  test('without an outside address nothing goes out; with a new one every mapping is void', () => {
    let address: string | undefined
    const { send, nat } = router({}, { outside: () => address })
    expect(send(out('10.0.0.5:4000'))).toMatchObject({ rule: 'no outside address' })
    address = OUTSIDE
    send(out('10.0.0.5:4000'))
    expect(nat.mappings()).toHaveLength(1)
    address = '203.0.113.77'
    expect(nat.mappings()).toEqual([])
    expect(seen(send(out('10.0.0.5:4000')))).toBe('203.0.113.77:4000')
  })

  test('a mapping shows who holds what, towards whom, until when', () => {
    const { send, nat } = router()
    send(out('10.0.0.5:4000'))
    expect(nat.mappings()).toEqual([
      {
        protocol: PROTOCOL.udp,
        inside: split('10.0.0.5:4000'),
        outside: split(`${OUTSIDE}:4000`),
        peers: [split('198.51.100.7:500')],
        expires: instant('2026-03-02T08:02:00Z'),
        forward: undefined,
      },
    ])
  })
})

describe('whatever arrives', () => {
  const frames = fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    fc
      .tuple(
        fc.constantFrom(
          build(out('10.0.0.5:4000')),
          build({ ...back('198.51.100.7:500', `${OUTSIDE}:4000`), icmp: 'reply' }),
          build({ ...back('198.51.100.7:500', `${OUTSIDE}:4000`), tcp: TcpFlag.syn }),
        ),
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }),
        fc.nat(60),
      )
      .map(([frame, changes, length]) => {
        const out = frame.slice(0, Math.max(IP_OFFSET, frame.length - length))
        for (const [at, value] of changes) if (at < out.length) out[at] = value
        return out
      }),
  )
  test('no bytes raise an exception', () => {
    const { nat } = router({ hairpinning: true })
    fc.assert(
      fc.property(
        frames,
        fc.constantFrom('lan', 'wan', undefined),
        fc.constantFrom('lan', 'wan', undefined),
        (frame, inNic, outNic) => {
          const packet: Packet = { frame, id: 1, inNic, outNic, track: undefined }
          nat.prerouting(packet)
          nat.input(packet)
          nat.forward(packet)
          nat.postrouting(packet)
        },
      ),
      { numRuns: 2000 },
    )
  })
})
