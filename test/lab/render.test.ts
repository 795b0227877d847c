import { describe, expect, test } from 'vitest'
import { after, instant, ms } from '../../src/base/time.ts'
import type { Paint } from '../../src/lab/layout.ts'
import { renderProbe, renderResolve, renderTrace } from '../../src/lab/render.ts'
import type { ProbeReport, ResolveReport } from '../../src/lab/reports.ts'
import { Trace } from '../../src/net/trace.ts'
import { ethernet, udpPacket } from '../wire/frames.ts'

const START = instant('2026-03-02T08:00:00Z')
const LATER = after(START, ms(20))

const denied: ProbeReport = {
  from: 'laptop',
  target: '203.0.113.10:500/udp (gateway, by edge)',
  disposition: 'denied',
  at: 'edge',
  rule: 'default-deny',
  reason: 'filter',
  replied: false,
  hops: [
    { node: 'laptop', at: START, steps: [{ kind: 'sent', nic: 'internet' }] },
    {
      node: 'edge',
      at: LATER,
      steps: [
        { kind: 'received', nic: 'internet' },
        { kind: 'translate', rule: 'ike', from: '203.0.113.10:500', to: '192.0.2.10:500' },
        { kind: 'filter', rule: 'default-deny', verdict: 'drop', hook: 'forward' },
        { kind: 'drop', reason: 'filter', rule: 'default-deny' },
      ],
    },
  ],
  replyHops: [],
  packet: 1,
  seed: '1',
}

describe('a probe in lines', () => {
  test('names the node and the rule first, then the way', () => {
    expect(renderProbe(denied).join('\n')).toMatchInlineSnapshot(`
      "laptop → 203.0.113.10:500/udp (gateway, by edge)  denied: edge refused it by rule 'default-deny'
        there    +0 µs   laptop  sent to internet
                 +20 ms  edge    received from internet, 203.0.113.10:500 became 192.0.2.10:500 by 'ike', dropped: filter by rule 'default-deny'"
    `)
  })

  test('an answered probe shows both ways', () => {
    const report: ProbeReport = {
      from: 'laptop',
      target: '192.0.2.10:500/udp',
      disposition: 'delivered',
      at: 'gateway',
      replied: true,
      hops: [
        { node: 'laptop', at: START, steps: [{ kind: 'sent', nic: 'dmz' }] },
        {
          node: 'gateway',
          at: LATER,
          steps: [
            { kind: 'received', nic: 'dmz' },
            { kind: 'deliver', to: 'udp 500' },
          ],
        },
      ],
      replyHops: [{ node: 'gateway', at: LATER, steps: [{ kind: 'sent', nic: 'dmz' }] }],
      packet: 1,
      seed: '1',
    }
    expect(renderProbe(report).join('\n')).toMatchInlineSnapshot(`
      "laptop → 192.0.2.10:500/udp  delivered, and answered
        there    +0 µs   laptop   sent to dmz
                 +20 ms  gateway  received from dmz, delivered to udp 500
        back     +20 ms  gateway  sent to dmz"
    `)
  })

  test.for([
    [{ disposition: 'rejected' }, "rejected: edge rejected it by rule 'default-deny'"],
    [{ disposition: 'unresolved', at: 'laptop' }, 'unresolved: laptop could not resolve the name'],
    [{ reason: 'no-mapping' }, "denied: edge has no NAT mapping for it by rule 'default-deny'"],
    [{ disposition: 'delivered' }, 'delivered, but no answer came back'],
  ] as const)('%j: %s', ([change, words]) => {
    expect(renderProbe({ ...denied, ...change })[0]).toContain(words)
  })

  test('a packet that vanished was last seen somewhere', () => {
    const { rule: _rule, reason: _reason, ...rest } = denied
    const [line] = renderProbe({ ...rest, disposition: 'lost' })
    expect(line).toContain('lost: edge was the last to see it')
  })
})

const resolved: ResolveReport = {
  on: 'laptop',
  name: 'vpn.contoso.com',
  type: 'A',
  rcode: 'NOERROR',
  answers: [
    { name: 'vpn.contoso.com', type: 'CNAME', ttl: 3600, data: 'edge.contoso.com' },
    { name: 'edge.contoso.com', type: 'A', ttl: 60, data: '203.0.113.10' },
  ],
  servers: ['192.168.1.1'],
  nrptRule: '.contoso.com',
  why: ['the name is an exemption', 'home has the lowest metric'],
  fromCache: false,
}

describe('a resolution in lines', () => {
  test('shows what came, from whom, and why them', () => {
    expect(renderResolve(resolved).join('\n')).toMatchInlineSnapshot(`
      "laptop asks for vpn.contoso.com A  NOERROR, 2 records
        answer   vpn.contoso.com   3600  CNAME  edge.contoso.com
                 edge.contoso.com  60    A      203.0.113.10
        asked    192.168.1.1
        NRPT     .contoso.com
        why      the name is an exemption
                 home has the lowest metric"
    `)
  })

  test('nothing is shown that is not there', () => {
    const { nrptRule: _rule, ...rest } = resolved
    const nothing = {
      ...rest,
      rcode: 'NXDOMAIN',
      answers: [],
      servers: [],
      why: [],
      fromCache: true,
    }
    expect(renderResolve(nothing)).toEqual([
      'laptop asks for vpn.contoso.com A  NXDOMAIN, 0 records, from the cache',
    ])
  })
})

test('a trace: one line a frame where it was sent, and one a drop', () => {
  const trace = new Trace(() => LATER)
  const frame = ethernet(udpPacket('10.0.0.5:49152', '203.0.113.10:9', new Uint8Array(2)))
  trace.add({ kind: 'sent', node: 'laptop', nic: 'home', packet: 1, frame })
  trace.add({ kind: 'received', node: 'router', nic: 'home', packet: 1, frame })
  trace.add({
    kind: 'dropped',
    node: 'router',
    nic: 'home',
    packet: 1,
    reason: 'filter',
    rule: 'no',
    frame,
  })
  expect(renderTrace(trace.events, START).join('\n')).toMatchInlineSnapshot(`
    "+20 ms  laptop/home  10.0.0.5.49152 > 203.0.113.10.9  UDP 2 B
    +20 ms  router/home  10.0.0.5.49152 > 203.0.113.10.9  UDP 2 B  dropped: filter by rule 'no'"
  `)
})

test('colours come from the caller, and without colour nothing else changes', () => {
  const mark = (name: string) => (text: string) => `<${name}>${text}</${name}>`
  const paint: Paint = {
    green: mark('g'),
    red: mark('r'),
    yellow: mark('y'),
    bold: mark('b'),
    dim: mark('d'),
  }
  for (const [painted, plain] of [
    [renderProbe(denied, paint), renderProbe(denied)],
    [renderResolve(resolved, paint), renderResolve(resolved)],
  ] as const) {
    expect(painted.join('\n')).toMatch(/<[grbd]>/)
    expect(painted.map((line) => line.replace(/<\/?[grbd]>/g, ''))).toEqual(plain)
  }
})
