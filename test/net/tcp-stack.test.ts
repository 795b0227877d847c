import { expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { toHex } from '../../src/base/bytes.ts'
import { rngFrom } from '../../src/base/rng.ts'
import { seconds } from '../../src/base/time.ts'
import { at, Network } from './network.ts'
import { Witness } from './tcp-wire.ts'

const FAR = ipv4('10.2.0.2')
const gateway = (address: string) => ({ gateway: ipv4(address) })

/** client ── near ── router ── far ── server, where `far` takes smaller packets than `near`. */
function routed() {
  const net = new Network()
  net.segment('far', { mtu: 1300 })
  const client = net.stack('client', { near: at('10.1.0.1/24', gateway('10.1.0.254')) })
  const router = net.stack('router', { near: '10.1.0.254', far: '10.2.0.254' }, { forwards: true })
  const server = net.stack('server', { far: at('10.2.0.2/24', gateway('10.2.0.254')) })
  const witness = new Witness()
  return { net, client, router, server, witness }
}

test('the path is narrower than both ends think: segments shrink after one ICMP error', () => {
  const net = new Network()
  net.segment('middle', { mtu: 1300 })
  const client = net.stack('client', { near: at('10.1.0.1/24', gateway('10.1.0.254')) })
  const [one, two] = [
    net.stack('one', { near: '10.1.0.254', middle: '10.3.0.1' }, { forwards: true }),
    net.stack('two', { far: '10.2.0.254', middle: '10.3.0.2' }, { forwards: true }),
  ]
  one.addRoute({ to: { address: ipv4('10.2.0.0'), length: 24 }, via: ipv4('10.3.0.2') })
  two.addRoute({ to: { address: ipv4('10.1.0.0'), length: 24 }, via: ipv4('10.3.0.1') })
  const server = net.stack('server', { far: at('10.2.0.2/24', gateway('10.2.0.254')) })
  const bytes = rngFrom('body').bytes(50_000)
  const heard = new Witness()
  server.tcp.listen({ port: 80 }, () => heard.handlers)
  client.tcp.connect({ address: FAR, port: 80 }, {}).send(bytes)
  net.run(seconds(30))
  expect(toHex(heard.received)).toBe(toHex(bytes))
  const sent = net.trace.ofKind('sent').filter((e) => e.node === 'client' && e.frame[23] === 6)
  const sizes = sent.map((e) => e.frame.length - 14)
  // A first window of full segments meets the router; nothing after it is larger than the path takes.
  const last = sizes.lastIndexOf(1500)
  expect(last).toBeGreaterThan(0)
  expect(Math.max(...sizes.slice(last + 1))).toBe(1300)
  expect(new Set(net.drops())).toEqual(new Set(['too-big']))
})

test('the MSS of a narrow interface keeps the other end from sending more', () => {
  const { net, client, server, witness } = routed()
  server.tcp.listen({ port: 80 }, () => witness.handlers)
  client.tcp.connect({ address: FAR, port: 80 }, {}).send(new Uint8Array(5000))
  net.run()
  expect(witness.received).toHaveLength(5000)
  expect(net.drops()).toEqual([])
})

test.for([
  ['nothing listens', FAR, 81, 'refused'],
  ['no such host: the router says so', ipv4('10.2.0.77'), 80, 'unreachable'],
  ['no such network: the router has no route', ipv4('172.16.0.1'), 80, 'unreachable'],
  ['no such neighbour', ipv4('10.1.0.77'), 80, 'unreachable'],
] as const)('%s', ([, address, port, reason]) => {
  const { net, client, witness } = routed()
  client.tcp.connect({ address, port }, witness.handlers)
  net.run(seconds(30))
  expect(witness.events).toEqual([reason])
  expect(witness.detail === undefined).toBe(reason === 'refused')
})

test('a server that is down on a known link: timed out or unreachable, never silence for ever', () => {
  const { net, client, server, witness } = routed()
  server.setDown(true)
  client.tcp.connect({ address: FAR, port: 80 }, witness.handlers)
  net.run(seconds(30))
  expect(witness.events).toHaveLength(1)
})
