/**
 * A laptop behind a NAT router, a server outside and one behind a VLAN trunk, on real stacks and segments.
 *
 *   laptop ─ home ─ router ─ wan ─ isp ─ far (VLAN 20, MTU 1400) ─ server
 *   printer ──┘                └── peer
 */
import { ipv4 } from '../../src/base/address.ts'
import { instant, ms, type Duration } from '../../src/base/time.ts'
import { createNatRouter, type NatRouter } from '../../src/net/nat-router.ts'
import { Segment } from '../../src/net/segment.ts'
import { Stack, type StackOptions } from '../../src/net/stack.ts'
import { Switch } from '../../src/net/switch.ts'
import { Trace } from '../../src/net/trace.ts'
import { World } from '../../src/net/world.ts'
import type { NatRouterSpec } from '../../src/topology/firewall.ts'

export const LAPTOP = ipv4('10.0.0.5')
export const PRINTER = ipv4('10.0.0.6')
export const ROUTER = ipv4('203.0.113.9')
export const PEER = ipv4('203.0.113.10')
export const SERVER = ipv4('192.0.2.10')

export function natNetwork(spec: Partial<NatRouterSpec> = {}) {
  const world = new World({ seed: '1', start: instant('2026-03-02T08:00:00Z') })
  const trace = new Trace(() => world.now)
  const segment = (name: string, rest: { mtu?: number; vlan?: number } = {}): Segment =>
    new Segment(world, trace, { name, latency: ms(1), ...rest })
  const home = segment('home')
  const wan = segment('wan')
  const far = segment('far', { mtu: 1400, vlan: 20 })
  const trunk = new Switch(trace, { name: 'switch' }).trunk('server').allow('far')

  const stack = (name: string, rest: Partial<StackOptions> = {}): Stack =>
    new Stack(world, trace, { name, ...rest })
  const at = (text: string, gateway?: string) => ({
    address: ipv4(text),
    prefixLength: 24,
    ...(gateway === undefined ? {} : { gateway: ipv4(gateway) }),
  })

  const laptop = stack('laptop', { os: 'windows' })
  laptop.addNic(home, at('10.0.0.5', '10.0.0.1'))
  const printer = stack('printer')
  printer.addNic(home, at('10.0.0.6', '10.0.0.1'))
  const router = stack('router', { forwards: true })
  router.addNic(home, at('10.0.0.1'))
  router.addNic(wan, at('203.0.113.9', '203.0.113.1'))
  const peer = stack('peer')
  peer.addNic(wan, at('203.0.113.10', '203.0.113.1'))
  const isp = stack('isp', { forwards: true })
  isp.addNic(wan, at('203.0.113.1'))
  isp.addNic(far, at('192.0.2.1'))
  const server = stack('server')
  server.addNic(far, { ...at('192.0.2.10', '192.0.2.1'), trunk })

  const nat: NatRouter = createNatRouter(
    { outside: 'wan', ...spec },
    {
      outsideAddress: () => router.addressOf('wan'),
      insideNetworks: ['home'],
      clock: () => world.now,
      rng: router.rng.fork('nat'),
      detailed: () => true,
      report: (event) => trace.add({ ...event, node: 'router' }),
    },
  )
  router.hooks = nat
  return {
    world,
    trace,
    nat,
    stacks: { laptop, printer, router, peer, isp, server },
    segments: { home, wan, far },
    run: (time: Duration) => world.runUntil((world.now + time) as typeof world.now),
  }
}
