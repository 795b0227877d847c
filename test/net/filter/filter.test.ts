/** Rules, connection states and translation, packet by packet; each surprising case is one that the kernel judge settled. */
import { array, assert, nat, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seconds } from '../../../src/base/time.ts'
import {
  allow,
  allowEstablished,
  deny,
  reject,
  type FilterSpec,
  type RejectWith,
  type RuleSpec,
} from '../../../src/topology/firewall.ts'
import { Bench, CLIENT, ends, errorAbout, icmp, raw, ROUTER, SERVER, tcp, udp } from './packets.ts'

const OPEN: FilterSpec = { rules: [allow('anything')] }
const only = (...rules: RuleSpec[]): FilterSpec => ({ rules })
const MASQUERADE: FilterSpec = {
  rules: [allow('anything')],
  nat: [{ kind: 'masquerade', name: 'hide', to: 'outside' }],
}
const FORWARD: FilterSpec = {
  rules: [
    allowEstablished(),
    allow('web', { from: 'outside', tcp: [8443], destination: '192.168.1.80' }),
  ],
  nat: [
    {
      kind: 'dnat',
      name: 'publish',
      from: 'outside',
      destination: ROUTER,
      tcp: [443],
      toAddress: '192.168.1.80',
      toPort: 8443,
    },
  ],
}

describe('rules', () => {
  test('the first rule that decides wins, and the policy decides the rest', () => {
    const bench = new Bench(
      only(
        allow('count', { verdict: 'continue' } as never),
        deny('no dns', { udp: [53] }),
        allow('udp', { udp: [] }),
      ),
    )
    expect(bench.out(udp(`${CLIENT}:5000`, `${SERVER}:53`)).stop).toMatchObject({ rule: 'no dns' })
    expect(bench.out(udp(`${CLIENT}:5000`, `${SERVER}:54`)).stop).toBeUndefined()
    expect(bench.out(tcp(`${CLIENT}:5000`, `${SERVER}:54`, ['syn'])).stop).toEqual({
      kind: 'drop',
      rule: 'default forward',
      reason: 'filter',
    })
    expect(bench.filter.counters().get('udp')).toEqual({ packets: 1, bytes: 33 })
  })

  test.for([
    [{ source: '192.168.1.0/24' }, true],
    [{ source: '!192.168.1.0/24' }, false],
    [{ source: ['10.0.0.0/8', '!172.16.0.0/12'] }, true],
    [{ source: [] }, false],
    [{ destination: '198.18.0.7' }, true],
    [{ destination: '198.18.0.0/29' }, true],
    [{ destination: '198.18.0.8/29' }, false],
    [{ from: 'inside', to: 'outside' }, true],
    [{ from: 'outside' }, false],
    [{ udp: [[50, 60]] }, true],
    [{ udp: [54, 55] }, false],
    [{ tcp: [53], udp: [53] }, true],
    [{ tcp: [53] }, false],
    [{ protocol: 'udp' }, true],
    [{ protocol: 17, udp: [53] }, true],
    [{ protocol: 'tcp', udp: [53] }, false],
    [{ sourcePorts: [5000] }, true],
    [{ sourcePorts: [5000], tcp: [] }, false],
    [{ icmp: [8] }, false],
    [{ tcpFlags: { mask: ['syn'], set: [] } }, false],
    [{ state: ['new'] }, true],
    [{ state: ['established', 'invalid'] }, false],
  ] as [Partial<RuleSpec>, boolean][])('a DNS question matches %o: %s', ([match, matches]) => {
    const bench = new Bench(only(allow('it', match)))
    const { stop } = bench.out(udp(`${CLIENT}:5000`, `${SERVER}:53`))
    expect(stop === undefined).toBe(matches)
  })

  test('ICMP rules match a type, or a type with one code', () => {
    const bench = new Bench(only(allow('some', { icmp: [13, [8, 0]] })))
    expect(bench.out(icmp(CLIENT, SERVER, { type: 8, id: 1 })).stop).toBeUndefined()
    expect(bench.out(icmp(CLIENT, SERVER, { type: 8, code: 1, id: 2 })).stop).toBeDefined()
    expect(bench.out(icmp(CLIENT, SERVER, { type: 13, code: 1, id: 3 })).stop).toBeUndefined()
  })

  test('TCP flags: of those in the mask, exactly those in the set', () => {
    const bench = new Bench(
      only(allow('syn', { tcpFlags: { mask: ['syn', 'ack', 'rst'], set: ['syn'] } })),
    )
    expect(bench.out(tcp(`${CLIENT}:1`, `${SERVER}:80`, ['syn', 'urg'])).stop).toBeUndefined()
    expect(bench.out(tcp(`${CLIENT}:1`, `${SERVER}:80`, ['syn', 'ack'])).stop).toBeDefined()
  })

  test.for(['port-unreachable', 'admin-prohibited', 'tcp-reset'] as RejectWith[])(
    'reject with %s is handed to the stack',
    (kind) => {
      const bench = new Bench(only(reject('no', kind)))
      const { stop } = bench.out(tcp(`${CLIENT}:1`, `${SERVER}:80`, ['syn']))
      expect(stop).toEqual({ kind: 'reject', rule: 'no', with: kind })
    },
  )

  test('a rule that rejects with a reset is about TCP only', () => {
    const bench = new Bench(only(reject('no', 'tcp-reset'), deny('rest')))
    expect(bench.out(udp(`${CLIENT}:1`, `${SERVER}:80`)).stop).toMatchObject({ rule: 'rest' })
  })

  test('a reset is not answered with a reset, nor a damaged packet at all', () => {
    const bench = new Bench(only(reject('no', 'tcp-reset'), reject('udp', 'port-unreachable')))
    const reset = bench.out(tcp(`${CLIENT}:1`, `${SERVER}:80`, ['rst']))
    expect(reset.stop).toEqual({ kind: 'drop', rule: 'no', reason: 'filter' })
    const damaged = udp(`${CLIENT}:1`, `${SERVER}:80`)
    damaged.fill(0xff, damaged.length - 1)
    expect(bench.out(damaged).stop).toMatchObject({ kind: 'drop', rule: 'udp' })
  })
})

describe('connection states', () => {
  test('a reply that a rule drops still makes the flow established', () => {
    const bench = new Bench(only(deny('no replies', { from: 'outside' }), allow('out')))
    bench.out(udp(`${CLIENT}:5000`, `${SERVER}:53`))
    expect(bench.in(udp(`${SERVER}:53`, `${CLIENT}:5000`)).stop).toBeDefined()
    bench.out(udp(`${CLIENT}:5000`, `${SERVER}:53`))
    expect(bench.states).toEqual(['new', 'established', 'established'])
  })

  test('a flow whose first packet is dropped is not remembered', () => {
    const bench = new Bench(only(deny('first', { source: CLIENT }), allow('rest')))
    bench.out(udp(`${CLIENT}:5000`, `${SERVER}:53`))
    bench.in(udp(`${SERVER}:53`, `${CLIENT}:5000`))
    expect(bench.states).toEqual(['new', 'new'])
    expect(bench.filter.sessions()).toHaveLength(1)
  })

  test('an ACK without a SYN makes an entry; a FIN, a SYN+ACK or a RST does not', () => {
    const bench = new Bench(OPEN)
    const send = (port: number, ...flags: Parameters<typeof tcp>[2]): void =>
      void bench.out(tcp(`${CLIENT}:${port}`, `${SERVER}:80`, flags))
    send(1, 'ack')
    send(2, 'fin', 'ack')
    send(3, 'syn', 'ack')
    send(4, 'rst')
    send(5, 'syn', 'fin')
    expect(bench.states).toEqual(['new', 'invalid', 'invalid', 'invalid', 'invalid'])
  })

  test('a handshake, then a segment far beyond the window', () => {
    const bench = new Bench(OPEN)
    const [a, b] = [`${CLIENT}:5000`, `${SERVER}:443`]
    bench.out(tcp(a, b, ['syn'], { seq: 100 }))
    bench.in(tcp(b, a, ['syn', 'ack'], { seq: 900, ack: 101 }))
    bench.out(tcp(a, b, ['ack'], { seq: 101, ack: 901 }))
    bench.out(tcp(a, b, ['ack', 'psh'], { seq: 101, ack: 901, length: 20 }))
    bench.out(tcp(a, b, ['ack'], { seq: 10_000_000, ack: 901, length: 20 }))
    expect(bench.states).toEqual(['new', 'established', 'established', 'established', 'invalid'])
    expect(bench.filter.sessions()[0]).toMatchObject({ tcpState: 'established', assured: true })
  })

  test('a closed connection is opened again by a SYN', () => {
    const bench = new Bench(OPEN)
    const [a, b] = [`${CLIENT}:5000`, `${SERVER}:443`]
    bench.out(tcp(a, b, ['syn'], { seq: 100 }))
    bench.in(tcp(b, a, ['syn', 'ack'], { seq: 900, ack: 101 }))
    bench.out(tcp(a, b, ['ack'], { seq: 101, ack: 901 }))
    bench.out(tcp(a, b, ['fin', 'ack'], { seq: 101, ack: 901 }))
    bench.in(tcp(b, a, ['fin', 'ack'], { seq: 901, ack: 102 }))
    bench.out(tcp(a, b, ['ack'], { seq: 102, ack: 902 }))
    expect(bench.filter.sessions()[0]?.tcpState).toBe('time-wait')
    bench.out(tcp(a, b, ['syn'], { seq: 5_000_000 }))
    expect(bench.states.at(-1)).toBe('new')
  })

  test('a wrong checksum makes a packet invalid', () => {
    const bench = new Bench(OPEN)
    const damaged = udp(`${CLIENT}:5000`, `${SERVER}:53`)
    damaged.fill(0xff, 40, 41)
    bench.out(damaged)
    expect(bench.states).toEqual(['invalid'])
  })

  test('an ICMP error is related to the flow it quotes, and only when it goes to the right host', () => {
    const bench = new Bench(OPEN)
    const question = udp(`${CLIENT}:5000`, `${SERVER}:53`)
    const { frame } = bench.out(question)
    bench.in(errorAbout(frame, SERVER))
    const astray = icmp(SERVER, '192.168.1.99', { type: 3, code: 3 }, frame.slice(14))
    bench.in(astray)
    bench.in(errorAbout(udp(`${CLIENT}:5001`, `${SERVER}:53`), SERVER))
    expect(bench.states).toEqual(['new', 'related', 'invalid', 'invalid'])
  })

  test('UDP: unreplied and fresh flows live 30 s, a stream 120 s', () => {
    const bench = new Bench(OPEN)
    const [a, b] = [`${CLIENT}:5000`, `${SERVER}:53`]
    const round = (): void => {
      bench.out(udp(a, b))
      bench.in(udp(b, a))
    }
    round()
    bench.wait(seconds(29))
    round()
    bench.wait(seconds(119))
    bench.out(udp(a, b))
    bench.wait(seconds(121))
    bench.out(udp(a, b))
    expect(bench.states).toEqual([
      'new',
      'established',
      'established',
      'established',
      'established',
      'new',
    ])
  })

  test('an established flow is not asked about again, until the rules change', () => {
    const bench = new Bench(only(allow('old')))
    const [a, b] = [`${CLIENT}:5000`, `${SERVER}:53`]
    bench.out(udp(a, b))
    bench.in(udp(b, a))
    bench.out(udp(a, b))
    bench.out(udp(a, b))
    expect(bench.filter.counters().get('old')?.packets).toBe(4)
    bench.filter.reload(only(deny('new')))
    expect(bench.out(udp(a, b)).stop).toMatchObject({ rule: 'new' })
    expect(bench.states.at(-1)).toBe('established')
  })

  test('flush forgets', () => {
    const bench = new Bench(OPEN)
    bench.out(udp(`${CLIENT}:5000`, `${SERVER}:53`))
    bench.filter.flush()
    expect(bench.filter.sessions()).toEqual([])
  })
})

describe('translation', () => {
  test('a masquerade keeps the source port, and replies come back', () => {
    const bench = new Bench(MASQUERADE)
    const { frame } = bench.out(udp(`${CLIENT}:5000`, `${SERVER}:53`))
    expect(ends(frame)).toBe(`${ROUTER}:5000 > ${SERVER}:53`)
    const back = bench.in(udp(`${SERVER}:53`, `${ROUTER}:5000`))
    expect(ends(back.frame)).toBe(`${SERVER}:53 > ${CLIENT}:5000`)
    expect(bench.filter.sessions()[0]).toMatchObject({ sourceRule: 'hide', seenReply: true })
    expect(bench.events).toContainEqual({
      kind: 'translated',
      packet: 1,
      rule: 'hide',
      from: `${CLIENT}:5000`,
      to: `${ROUTER}:5000`,
    })
  })

  test('a source port that is taken is changed within its class', () => {
    const bench = new Bench(MASQUERADE)
    bench.out(udp(`${CLIENT}:500`, `${SERVER}:500`))
    const second = bench.out(udp('192.168.1.6:500', `${SERVER}:500`))
    const port = Number(/:(\d+) >/.exec(ends(second.frame))![1])
    expect(port).not.toBe(500)
    expect(port).toBeLessThan(512)
    const back = bench.in(udp(`${SERVER}:500`, `${ROUTER}:${port}`))
    expect(ends(back.frame)).toBe(`${SERVER}:500 > 192.168.1.6:500`)
  })

  test('a second ESP flow to the same peer cannot be told from the first, and is dropped', () => {
    const bench = new Bench(MASQUERADE)
    expect(bench.out(raw(50, CLIENT, SERVER)).stop).toBeUndefined()
    expect(bench.out(raw(50, '192.168.1.6', SERVER)).stop).toMatchObject({ reason: 'nat-clash' })
    expect(bench.out(raw(50, CLIENT, SERVER)).stop).toBeUndefined()
  })

  test('a range without a free port drops what comes next', () => {
    const bench = new Bench({
      rules: [allow('anything')],
      nat: [{ kind: 'snat', name: 'two', toAddress: '198.18.0.9', toPorts: [2000, 2001] }],
    })
    const stops = [1, 2, 3].map((n) => bench.out(udp(`${CLIENT}:${n}`, `${SERVER}:53`)).stop)
    expect(stops).toEqual([undefined, undefined, expect.objectContaining({ reason: 'nat-clash' })])
    expect(bench.out(icmp(CLIENT, SERVER, { type: 8, id: 9 })).stop).toBeUndefined()
  })

  test('rules see the translated destination, and the translated port', () => {
    const bench = new Bench(FORWARD)
    const { stop, frame } = bench.in(tcp(`${SERVER}:7000`, `${ROUTER}:443`, ['syn']))
    expect(stop).toBeUndefined()
    expect(ends(frame)).toBe(`${SERVER}:7000 > 192.168.1.80:8443`)
    const back = bench.out(
      tcp('192.168.1.80:8443', `${SERVER}:7000`, ['syn', 'ack'], { ack: 1001 }),
    )
    expect(ends(back.frame)).toBe(`${ROUTER}:443 > ${SERVER}:7000`)
  })

  test('an ICMP error is translated outside and in what it quotes', () => {
    const bench = new Bench(MASQUERADE)
    const { frame } = bench.out(udp(`${CLIENT}:5000`, `${SERVER}:53`))
    const error = bench.in(errorAbout(frame, '198.18.77.1')).frame
    expect(ends(error)).toBe(`198.18.77.1 > ${CLIENT}`)
    const quoted = new Uint8Array(14 + error.length - 42)
    quoted.set(error.subarray(42), 14)
    expect(ends(quoted)).toBe(`${CLIENT}:5000 > ${SERVER}:53`)
  })

  test('an error that the router itself makes about a translated flow speaks with the published address', () => {
    const bench = new Bench(FORWARD)
    const packet = { frame: tcp(`${SERVER}:7000`, `${ROUTER}:443`, ['syn']), id: 1 }
    const received = { ...packet, inNic: 'outside', outNic: 'inside', track: undefined }
    bench.filter.prerouting(received)
    const quoted = errorAbout(received.frame, '192.168.1.80')
    const { frame } = bench.send(quoted, 'outside', received.track)
    expect(ends(frame)).toBe(`${ROUTER} > ${SERVER}`)
    expect(bench.states).toEqual(['related'])
  })

  test('a redirect does not cross a translation', () => {
    const bench = new Bench(MASQUERADE)
    const { frame } = bench.out(udp(`${CLIENT}:5000`, `${SERVER}:53`))
    const redirect = icmp(SERVER, ROUTER, { type: 5, code: 1 }, frame.slice(14))
    expect(bench.in(redirect).stop).toMatchObject({ reason: 'malformed' })
  })
})

test('whatever arrives, a filter answers and does not throw', () => {
  const samples = [
    udp(`${CLIENT}:5000`, `${SERVER}:53`),
    tcp(`${CLIENT}:5000`, `${SERVER}:80`, ['syn']),
    icmp(CLIENT, SERVER, { type: 8, id: 7 }),
    errorAbout(udp(`${CLIENT}:5000`, `${SERVER}:53`), SERVER),
    raw(47, CLIENT, SERVER),
  ]
  const byte = record({ at: nat(60), value: nat(255) })
  assert(
    property(
      array(
        record({
          sample: nat(4),
          cut: nat(40),
          changes: array(byte, { maxLength: 4 }),
        }),
      ),
      (packets) => {
        const bench = new Bench(MASQUERADE)
        for (const { sample, cut, changes } of packets) {
          const whole = samples[sample]!
          const b = whole.slice(0, Math.max(34, whole.length - cut))
          for (const { at, value } of changes) if (14 + at < b.length) b[14 + at] = value
          b[14] = 0x45
          bench.out(b)
          bench.in(b)
        }
      },
    ),
    { numRuns: 200 },
  )
})
