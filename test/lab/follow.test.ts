import { describe, expect, test } from 'vitest'
import { after, instant, ms } from '../../src/base/time.ts'
import { DISPOSITIONS, followExchange, followPacket } from '../../src/lab/follow.ts'
import { Trace, type DropReason, type NewEvent } from '../../src/net/trace.ts'

const START = instant('2026-03-02T08:00:00Z')
const frame = new Uint8Array(14)

/** A trace with one event each millisecond. */
function traceOf(events: readonly NewEvent[]): Trace {
  let now = START
  const trace = new Trace(() => now)
  for (const event of events) {
    trace.add(event)
    now = after(now, ms(1))
  }
  return trace
}

const sent = (node: string, nic: string, packet = 1): NewEvent => ({
  kind: 'sent',
  node,
  nic,
  packet,
  frame,
})
const received = (node: string, nic: string, packet = 1): NewEvent => ({
  kind: 'received',
  node,
  nic,
  packet,
  frame,
})
const delivered = (node: string, packet = 1): NewEvent => ({
  kind: 'delivered',
  node,
  nic: 'dmz',
  packet,
  to: 'udp 500',
})
const dropped = (node: string, reason: DropReason, packet = 1, rule?: string): NewEvent => ({
  kind: 'dropped',
  node,
  reason,
  packet,
  ...(rule === undefined ? {} : { rule }),
})
const filtered = (node: string, verdict: 'accept' | 'drop' | 'reject', rule: string): NewEvent => ({
  kind: 'filtered',
  node,
  packet: 1,
  hook: 'forward',
  rule,
  verdict,
  state: 'new',
})

const there: readonly NewEvent[] = [
  sent('laptop', 'internet'),
  received('edge', 'internet'),
  {
    kind: 'translated',
    node: 'edge',
    packet: 1,
    rule: 'ike',
    from: '203.0.113.10:500',
    to: '192.0.2.10:500',
  },
  filtered('edge', 'accept', 'ike-to-gateway'),
  { kind: 'forwarded', node: 'edge', packet: 1, nic: 'dmz', via: '192.0.2.10' },
  sent('edge', 'dmz'),
  received('gateway', 'dmz'),
  delivered('gateway'),
]

describe('the way of a packet', () => {
  test('is told hop by hop, with every step in order', () => {
    const way = followPacket(traceOf(there).events, 1, 'laptop')
    expect(
      way.hops.map((hop) => [hop.node, hop.at - START, hop.steps.map((step) => step.kind)]),
    ).toEqual([
      ['laptop', ms(0), ['sent']],
      ['edge', ms(1), ['received', 'translate', 'filter', 'forward', 'sent']],
      ['gateway', ms(6), ['received', 'deliver']],
    ])
    expect(way).toMatchObject({ disposition: 'delivered', at: 'gateway' })
    expect(way.hops[1]!.steps[1]).toEqual({
      kind: 'translate',
      rule: 'ike',
      from: '203.0.113.10:500',
      to: '192.0.2.10:500',
    })
  })

  test('leaves out other packets', () => {
    const events = traceOf([
      sent('laptop', 'internet'),
      sent('other', 'internet', 2),
      received('edge', 'internet'),
    ]).events
    expect(followPacket(events, 1, 'laptop').hops.map((hop) => hop.node)).toEqual([
      'laptop',
      'edge',
    ])
  })

  test('a node that is passed twice makes two hops', () => {
    const events = traceOf([
      sent('a', 'x'),
      received('b', 'x'),
      sent('b', 'x'),
      received('a', 'x'),
    ]).events
    expect(followPacket(events, 1, 'a').hops.map((hop) => hop.node)).toEqual(['a', 'b', 'a'])
  })

  test.for([
    ['drop', 'denied'],
    ['reject', 'rejected'],
  ] as const)('a filter that says %s leaves it %s, by its rule', ([verdict, disposition]) => {
    const events = [
      sent('laptop', 'internet'),
      received('edge', 'internet'),
      filtered('edge', verdict, 'no'),
      dropped('edge', 'filter', 1, 'no'),
    ]
    expect(followPacket(traceOf(events).events, 1, 'laptop')).toMatchObject({
      disposition,
      at: 'edge',
      rule: 'no',
      reason: 'filter',
    })
  })

  test.for(Object.entries(DISPOSITIONS) as [DropReason, string][])(
    'dropped for %s: %s',
    ([reason, disposition]) => {
      const events = traceOf([sent('laptop', 'internet'), dropped('edge', reason)]).events
      expect(followPacket(events, 1, 'laptop')).toMatchObject({ disposition, at: 'edge', reason })
    },
  )

  test('a packet that nobody listens to was delivered to its host and is not a delivery', () => {
    const events = traceOf([...there, dropped('gateway', 'no-listener')]).events
    expect(followPacket(events, 1, 'laptop')).toMatchObject({
      disposition: 'no-listener',
      at: 'gateway',
    })
  })

  test('the lost fragment is the cause, not the wait for it', () => {
    const events = traceOf([
      sent('laptop', 'internet'),
      sent('laptop', 'internet'),
      dropped('hotel', 'fragment-dropped'),
      received('gateway', 'dmz'),
      dropped('gateway', 'reassembly-timeout'),
    ]).events
    expect(followPacket(events, 1, 'laptop')).toMatchObject({
      at: 'hotel',
      reason: 'fragment-dropped',
    })
  })

  test('a copy that is lost does not undo the delivery', () => {
    const events = traceOf([...there, dropped('internet', 'link-lost')]).events
    expect(followPacket(events, 1, 'laptop').disposition).toBe('delivered')
  })

  test('a packet of which nothing more is known is lost where it was last seen', () => {
    expect(followPacket(traceOf(there.slice(0, 2)).events, 1, 'laptop')).toMatchObject({
      disposition: 'lost',
      at: 'edge',
    })
    expect(followPacket([], 1, 'laptop')).toEqual({ hops: [], disposition: 'lost', at: 'laptop' })
  })
})

describe('an exchange', () => {
  const back = [
    sent('gateway', 'dmz', 2),
    received('laptop', 'internet', 2),
    delivered('laptop', 2),
  ]

  test('is answered when the reply is delivered to the sender', () => {
    const events = traceOf([...there, ...back]).events
    const followed = followExchange(events, { from: 'laptop', requests: [1], replies: [2] })
    expect(followed).toMatchObject({ disposition: 'delivered', at: 'gateway', replied: true })
    expect(followed.replyHops.map((hop) => hop.node)).toEqual(['gateway', 'laptop'])
  })

  test('a reply that dies on its way is told as far as it got', () => {
    const events = traceOf([
      ...there,
      sent('gateway', 'dmz', 2),
      dropped('edge', 'no-route', 2),
    ]).events
    const followed = followExchange(events, { from: 'laptop', requests: [1], replies: [2] })
    expect(followed).toMatchObject({ disposition: 'delivered', replied: false })
    expect(followed.replyHops.map((hop) => hop.node)).toEqual(['gateway', 'edge'])
  })

  test('the retransmission that arrived counts, not the first try that was lost', () => {
    const again = there.map((event) => ({ ...event, packet: 3 })) as NewEvent[]
    const events = traceOf([
      sent('laptop', 'internet'),
      dropped('internet', 'link-lost'),
      ...again,
    ]).events
    const followed = followExchange(events, { from: 'laptop', requests: [1, 3], replies: [] })
    expect(followed).toMatchObject({ disposition: 'delivered', replied: false, replyHops: [] })
    expect(followed).not.toHaveProperty('reason')
  })
})
