/** A probe through Contoso's tunnel: its own hops, those of the packet that carries it, and those behind the gateway are one way. */
import { expect, test } from 'vitest'
import { buildLab } from '../../src/lab/build.ts'
import { legsOf } from '../../src/lab/legs.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

async function connected() {
  const built = buildLab(contoso)
  if (!built.ok) throw new Error(built.error.map(({ message }) => message).join('; '))
  const lab = built.value
  expect(await lab.nodes.laptop.connect()).toMatchObject({ outcome: 'connected' })
  return lab
}

const TO_INTRANET = { from: 'laptop', to: 'intranet', tcp: 80 } as const

test('there it passes NAT, both firewalls and the gateway, each once', async () => {
  const lab = await connected()
  const probe = await lab.probe(TO_INTRANET)
  expect(probe).toMatchObject({ disposition: 'delivered', at: 'intranet', replied: true })
  const there = ['laptop', 'homeRouter', 'internet', 'edgeFirewall', 'gateway', 'innerFirewall']
  expect(probe.hops.map(({ node }) => node)).toEqual([...there, 'intranet'])
  // The intranet's default gateway is the core router: the way back is another.
  const back = ['intranet', 'coreRouter', ...there.toReversed()]
  expect(probe.replyHops.map(({ node }) => node)).toEqual(back)
  const { packets, isInside } = legsOf(lab.trace.events, probe.packet)
  expect(isInside).toBe(false)
  expect(new Set(packets).size).toBe(3)
})

test('towards a client, too', async () => {
  const lab = await connected()
  const probe = await lab.probe({ from: 'dc1', to: '172.16.20.130', tcp: 3389 })
  expect(probe).toMatchObject({ disposition: 'denied', at: 'laptop' })
  expect(probe.rule).toBe('windows-inbound-default')
})

test('a packet whose carrier is lost ends where that was lost', async () => {
  const lab = await connected()
  using _ = lab.pause('edgeFirewall')
  const probe = await lab.probe(TO_INTRANET)
  expect(probe).toMatchObject({ disposition: 'lost', at: 'edgeFirewall', replied: false })
  expect(probe.hops.map(({ node }) => node)).not.toContain('gateway')
})

test('a carrier that the gateway does not take is lost at the gateway', async () => {
  const lab = await connected()
  lab.reboot('gateway')
  // Of one packet: TCP would send again, and find the tunnel that Windows has dialled meanwhile.
  const probe = await lab.probe({ from: 'laptop', to: 'intranet', udp: 88 })
  expect(probe).toMatchObject({ disposition: 'lost', at: 'gateway', replied: false })
})

test('what no tunnel carries is one leg', async () => {
  const lab = await connected()
  const probe = await lab.probe({ from: 'laptop', to: 'gateway', udp: 500 })
  expect(legsOf(lab.trace.events, probe.packet)).toEqual({
    packets: [probe.packet],
    last: probe.packet,
    isInside: false,
  })
})
