import { expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { Switch, type Trunk } from '../../src/net/switch.ts'
import { vlanOf } from '../../src/wire/ethernet.ts'
import { at, Network, peer } from './network.ts'

/** Host a on VLAN 10, host b on VLAN 20, and a router that has both on one trunk. */
function setUp(allows: readonly string[]) {
  const net = new Network()
  net.segment('red', { vlan: 10 })
  net.segment('blue', { vlan: 20 })
  const trunk: Trunk = new Switch(net.trace, { name: 'switch1' }).trunk('router').allow(...allows)
  const a = net.stack('a', { red: at('10.0.1.2/24', { gateway: ipv4('10.0.1.1') }) })
  const b = net.stack('b', { blue: at('10.0.2.2/24', { gateway: ipv4('10.0.2.1') }) })
  const router = net.stack(
    'router',
    { red: at('10.0.1.1/24', { trunk }), blue: at('10.0.2.1/24', { trunk }) },
    { forwards: true },
  )
  return { net, trunk, a, b, router }
}

const framesOf = (net: Network, node: string): Uint8Array[] =>
  net.trace.events.flatMap((event) =>
    (event.kind === 'sent' || event.kind === 'received') && event.node === node
      ? [event.frame]
      : [],
  )

test('a router on a stick routes between two VLANs of one trunk', () => {
  const { net, a, b } = setUp(['red', 'blue'])
  const server = peer(b, 53)
  peer(a).say('10.0.2.2', 53)
  net.run()
  expect(server.received).toMatchObject([{ text: 'hello' }])
  expect(net.drops()).toEqual([])
})

test('frames on the trunk carry the VLAN’s tag, frames at access ports none', () => {
  const { net, a, b } = setUp(['red', 'blue'])
  peer(b, 53)
  peer(a).say('10.0.2.2', 53)
  net.run()
  const onTrunk = framesOf(net, 'router').map(vlanOf)
  expect(new Set(onTrunk)).toEqual(new Set([10, 20]))
  expect(new Set(framesOf(net, 'a').map(vlanOf))).toEqual(new Set([undefined]))
  expect(new Set(framesOf(net, 'b').map(vlanOf))).toEqual(new Set([undefined]))
})

test('a VLAN missing on the trunk is dropped at the switch, which names VLAN and trunk', () => {
  const { net, a, b } = setUp(['red'])
  const server = peer(b, 53)
  const client = peer(a)
  client.say('10.0.2.2', 53)
  net.run()
  expect(server.received).toEqual([])
  const drops = net.trace.ofKind('dropped').filter((d) => d.node === 'switch1')
  expect(drops).toMatchObject(
    drops.map(() => ({
      reason: 'vlan-not-allowed',
      nic: 'blue',
      detail: 'VLAN 20 (blue) is not allowed on the trunk to router',
    })),
  )
  // Three ARP requests of the router, unanswered: its sender hears host unreachable.
  expect(drops).toHaveLength(3)
  expect(client.errors).toMatchObject([{ code: 'host-unreachable', from: ipv4('10.0.1.1') }])
})

test('allowing the VLAN later heals it', () => {
  const { net, trunk, a, b } = setUp(['red'])
  const server = peer(b, 53)
  const client = peer(a)
  client.say('10.0.2.2', 53)
  net.run()
  trunk.allow('blue')
  client.say('10.0.2.2', 53, 'again')
  net.run()
  expect(server.received).toMatchObject([{ text: 'again' }])
})

test('a network without a VLAN id rides the trunk untagged', () => {
  const net = new Network()
  const trunk = new Switch(net.trace, { name: 'switch1' }).trunk('a').allow('plain')
  const a = net.stack('a', { plain: at('10.0.0.1/24', { trunk }) })
  const server = peer(net.stack('b', { plain: '10.0.0.2' }), 53)
  peer(a).say('10.0.0.2', 53)
  net.run()
  expect(server.received).toHaveLength(1)
  expect(framesOf(net, 'a').map(vlanOf)).toEqual([undefined, undefined, undefined])
})
