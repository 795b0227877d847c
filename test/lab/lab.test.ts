/** The verbs of a lab on the Contoso topology: which address is aimed at, what live edits keep, what faults do, what misuse says. */
import { describe, expect, test } from 'vitest'
import { contoso } from '../../topologies/contoso/topology.ts'
import { days, instant, minutes, ms, seconds } from '../../src/base/time.ts'
import { buildLab } from '../../src/lab/build.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { fault, lose } from '../../src/net/faults.ts'
import { moved, withoutRule, withRuleChanged } from '../../src/topology/edit.ts'
import { host, topology } from '../../src/topology/topology.ts'

type Contoso = Lab<keyof typeof contoso.nodes>

function labOf(options: Parameters<typeof buildLab>[1] = {}): Contoso {
  const built = buildLab(contoso, options)
  if (!built.ok) throw new Error(built.error.map((problem) => problem.message).join('\n'))
  return built.value
}

describe('a node means the address by which the sender reaches it', () => {
  test.for([
    ['laptop', 'gateway', { udp: 500 }, '203.0.113.10:500/udp (gateway, by edgeFirewall)'],
    ['officePc', 'gateway', { udp: 500 }, '172.16.20.10:500/udp (gateway)'],
    ['edgeFirewall', 'gateway', { udp: 500 }, '172.16.10.10:500/udp (gateway)'],
    ['laptop', 'ca1', { tcp: 80 }, '203.0.113.11:80/tcp (ca1, by edgeFirewall)'],
    ['gateway', 'nps1', { udp: 1812 }, '10.10.0.7:1812/udp (nps1)'],
    ['laptop', '203.0.113.10', { udp: 9 }, '203.0.113.10:9/udp'],
    ['laptop', 'homeRouter', { icmp: true }, '192.168.1.1/icmp (homeRouter)'],
  ] as const)('%s → %s', async ([from, to, traffic, target]) => {
    expect((await labOf().probe({ from, to, ...traffic })).target).toBe(target)
  })

  test('a name is resolved by the sender, and a name that is none sends nothing', async () => {
    const lab = labOf()
    const found = await lab.probe({ from: 'laptop', to: 'vpn.contoso.com', udp: 500 })
    expect(found).toMatchObject({ disposition: 'delivered', at: 'gateway', replied: true })
    const lost = await lab.probe({ from: 'laptop', to: 'nowhere.contoso.com', udp: 500 })
    expect(lost).toMatchObject({ disposition: 'unresolved', at: 'laptop', hops: [], packet: 0 })
  })
})

describe('probes of every kind', () => {
  test('ping comes back', async () => {
    const report = await labOf().probe({ from: 'officePc', to: 'nps1', icmp: true })
    expect(report).toMatchObject({ disposition: 'delivered', at: 'nps1', replied: true })
  })

  test('an open TCP port shakes hands, a closed one refuses', async () => {
    const lab = labOf()
    const open = await lab.probe({ from: 'officePc', to: 'intranet', tcp: 80 })
    expect(open).toMatchObject({ disposition: 'delivered', replied: true })
    const closed = await lab.probe({ from: 'officePc', to: 'intranet', tcp: 81 })
    expect(closed).toMatchObject({ disposition: 'no-listener', at: 'intranet', replied: false })
  })

  test('ESP reaches the host that has nobody for it', async () => {
    const report = await labOf().probe({ from: 'officePc', to: 'intranet', esp: true })
    expect(report).toMatchObject({ disposition: 'no-listener', at: 'intranet' })
  })

  test('without a route nothing is sent', async () => {
    const report = await labOf().probe({ from: 'internet', to: '10.10.0.7', tcp: 80 })
    expect(report).toMatchObject({ disposition: 'no-route', at: 'internet', hops: [] })
  })
})

describe('edits while the lab runs', () => {
  test('sessions outlive a change of rules; new flows meet the new rules', async () => {
    const lab = labOf()
    await lab.probe({ from: 'laptop', to: 'gateway', udp: 4500 })
    const before = lab.sessions('edgeFirewall')
    const guard = lab.apply(withoutRule('edgeFirewall', 'nat-t-to-gateway'))
    expect(lab.sessions('edgeFirewall')).toEqual(before)
    const during = await lab.probe({ from: 'laptop', to: 'gateway', udp: 4500 })
    expect(during).toMatchObject({ disposition: 'denied', rule: 'edge-default-deny' })
    guard[Symbol.dispose]()
    const later = await lab.probe({ from: 'laptop', to: 'gateway', udp: 4500 })
    expect(later).toMatchObject({ disposition: 'delivered' })
  })

  test('an edit that cannot be built changes nothing', async () => {
    const lab = labOf()
    expect(() =>
      lab.apply(withRuleChanged('edgeFirewall', 'ike-to-gateway', { udp: [70_000] })),
    ).toThrow(RangeError)
    expect(lab.topology).toBe(contoso)
    const report = await lab.probe({ from: 'laptop', to: 'gateway', udp: 500 })
    expect(report).toMatchObject({ disposition: 'delivered' })
  })

  test('what happened is in the trace, but not in what an observer sees', () => {
    const lab = labOf()
    lab.apply(withoutRule('edgeFirewall', 'ike-to-gateway'))
    expect(lab.trace.ofKind('script').map((event) => event.text)).toEqual([
      "edgeFirewall loses rule 'ike-to-gateway'",
    ])
    expect(lab.trace.observable().filter((event) => event.kind === 'script')).toEqual([])
  })
})

test('an edit that lays other cables is for another lab', () => {
  const lab = labOf()
  expect(() => lab.apply(moved('laptop', 'office'))).toThrow('build another, or use moveTo')
})

describe('faults', () => {
  test('a cut link loses the packet there, and says by which fault', async () => {
    const lab = labOf()
    await lab.probe({ from: 'laptop', to: 'gateway', udp: 500 })
    using _ = lab.inject(lose(1).on('edgeAccess'))
    const report = await lab.probe({ from: 'laptop', to: 'gateway', udp: 500 })
    expect(report).toMatchObject({ disposition: 'lost', reason: 'fault', rule: 'lose 100 %' })
  })

  test('a fault that never met a frame fails whoever set it', () => {
    const lab = labOf()
    const guard = lab.inject(fault('nothing', () => ({ kind: 'pass' })).on('office'))
    expect(() => guard[Symbol.dispose]()).toThrow("fault 'nothing' never met a frame")
    const optional = lab.inject(fault('nothing', () => ({ kind: 'pass' })).optionally())
    expect(() => optional[Symbol.dispose]()).not.toThrow()
  })
})

describe('a client that moves', () => {
  test('gets the address, servers and suffix of the place it is in', async () => {
    const lab = labOf()
    expect(await lab.nodes.laptop.trustedNetwork()).toEqual({
      inside: false,
      suffixes: ['home.arpa'],
    })
    await lab.nodes.laptop.moveTo('office')
    expect(await lab.nodes.laptop.trustedNetwork()).toMatchObject({ inside: true })
    const page = await lab.nodes.laptop.get('http://intranet.corp.contoso.com/')
    expect(page).toMatchObject({ status: 200, body: 'Welcome to the Contoso intranet.\n' })
  })

  test('one without a network hears nothing', async () => {
    const lab = labOf()
    await lab.advance(seconds(20))
    const paused = lab.pause('gateway')
    const dark = await lab.probe({ from: 'laptop', to: 'gateway', udp: 500 })
    expect(dark).toMatchObject({ disposition: 'lost', replied: false })
    paused[Symbol.dispose]()
    await lab.advance(minutes(1))
    const back = await lab.probe({ from: 'laptop', to: 'gateway', udp: 500 })
    expect(back).toMatchObject({ disposition: 'delivered', replied: true })
  })
})

test('a firewall that reboots forgets its sessions, and the reply finds none', async () => {
  const lab = labOf()
  await lab.probe({ from: 'laptop', to: 'gateway', udp: 4500 })
  expect(lab.sessions('edgeFirewall').length).toBeGreaterThan(0)
  lab.reboot('edgeFirewall')
  expect(lab.sessions('edgeFirewall')).toEqual([])
  const again = await lab.probe({ from: 'laptop', to: 'gateway', udp: 4500 })
  expect(again).toMatchObject({ disposition: 'delivered', replied: true })
})

test('a client that reboots asks for its address again, and a server serves again', async () => {
  const lab = labOf()
  await lab.advance(seconds(30))
  lab.reboot('laptop')
  lab.reboot('homeRouter')
  await lab.advance(seconds(30))
  expect(await lab.nodes.laptop.resolve('vpn.contoso.com')).toMatchObject({ rcode: 'NOERROR' })
})

test('a clock that is years ahead finds the certificate expired, on that host only', async () => {
  const lab = labOf()
  {
    using _ = lab.skewClock('laptop', days(800))
    const chain = await lab.nodes.laptop.judge('gateway', { profile: 'ike-client' })
    expect(chain.failures[0]).toMatchObject({ code: 'pki/certificate-expired' })
    const other = await lab.nodes.officePc.judge('gateway', { profile: 'ike-client' })
    expect(other.valid).toBe(true)
  }
  const right = await lab.nodes.laptop.judge('gateway', { profile: 'ike-client' })
  expect(right.valid).toBe(true)
})

test('misuse names the node and what there is', async () => {
  const lab = labOf()
  await expect(lab.probe({ from: 'nobody' as 'laptop', to: 'gateway', udp: 1 })).rejects.toThrow(
    "no node 'nobody'; it has laptop, ",
  )
  await expect(lab.nodes.gateway.moveTo('office')).rejects.toThrow('gateway has 2 interfaces')
  await expect(lab.nodes.laptop.judge('dc1')).rejects.toThrow('dc1 has no certificate')
})

test('a lab may start at another instant; its certificates stay where they were', async () => {
  const lab = labOf({ at: instant('2028-03-01') })
  const chain = await lab.nodes.laptop.judge('gateway', { profile: 'ike-client' })
  expect(chain.failures[0]).toMatchObject({ code: 'pki/certificate-expired' })
})

test('a topology that cannot be built is a list of problems with their places', () => {
  const built = buildLab(
    topology({
      name: 'broken',
      start: '2026-03-02',
      networks: { lan: '10.0.0.1/24' },
      zones: {
        bad: {
          origin: 'x.test',
          file: { path: 'x.zone', text: '@ IN A 1.2.3', encoding: 'utf-8' },
        },
      },
      nodes: { pc: host({ lan: '10.0.0.2' }) },
    }),
  )
  expect(built).toMatchObject({
    ok: false,
    error: [{ path: ['networks', 'lan', 'prefix'], message: expect.stringContaining('host bits') }],
  })
})

test('steps are told in order, with what became of them', async () => {
  const lab = labOf()
  await lab.step('wait', () => lab.advance(ms(1)))
  await expect(lab.step('fall', () => Promise.reject(new Error('ouch')))).rejects.toThrow('ouch')
  expect(lab.steps).toEqual([
    { title: 'wait', status: 'passed' },
    { title: 'fall', status: 'failed' },
  ])
})
