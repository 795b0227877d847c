/** Windows Server 2019 and its firewall's rules for RADIUS: which are heeded, and when all are. */
import { expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { heededFirewall } from '../../src/lab/host-firewall.ts'
import { createFilter } from '../../src/net/filter/filter.ts'
import { allow } from '../../src/topology/firewall.ts'
import { nps } from '../../src/topology/nps.ts'
import { host } from '../../src/topology/topology.ts'
import { peer } from '../net/network.ts'
import { access } from '../net/tunnels.ts'

const RULES = [
  allow('radius', { udp: [1812, 1813, 1645, 1646] }),
  allow('radius-and-dns', { udp: [1812, 53] }),
  allow('any-udp', { udp: [] }),
  allow('management', { tcp: [3389] }),
]

const serverOf = (
  os: 'windows-server-2019' | 'windows-server-2022',
  settings: Parameters<typeof nps>[0],
) => host({ lan: '10.0.0.7' }, { os, services: [nps(settings)], firewall: { rules: RULES } })

const names = (spec: ReturnType<typeof serverOf>): readonly string[] =>
  (heededFirewall(spec)?.rules ?? []).map(({ name }) => name)

test('rules for nothing but RADIUS count for nothing where the service has no SID', () => {
  expect(names(serverOf('windows-server-2019', { firewallSidFixed: false }))).toEqual([
    'radius-and-dns',
    'any-udp',
    'management',
  ])
})

test.each([
  ['it was fixed', serverOf('windows-server-2019', { firewallSidFixed: true })],
  ['nobody has broken it', serverOf('windows-server-2019', {})],
  ['Windows is another', serverOf('windows-server-2022', { firewallSidFixed: false })],
] as const)('all count where %s', (_, spec) => {
  expect(names(spec)).toHaveLength(RULES.length)
})

test('ports of NPS’s own count as RADIUS, too', () => {
  const spec = host(
    { lan: '10.0.0.7' },
    {
      os: 'windows-server-2019',
      services: [nps({ firewallSidFixed: false, authenticationPorts: [18120] })],
      firewall: { rules: [allow('moved', { udp: [18120] })] },
    },
  )
  expect(heededFirewall(spec)?.rules).toEqual([])
})

/** client ══ gateway ── server, where the gateway has a firewall of its own that lets DNS in. */
function gatewayOf(os: 'windows-server-2022' | 'linux') {
  const { net, client, gateway, server } = access()
  const spec = host(
    { corp: '10.0.0.1' },
    { os, firewall: { rules: [allow('dns', { udp: [53] })] } },
  )
  gateway.hooks = createFilter(heededFirewall(spec)!, {
    clock: () => net.world.now,
    rng: gateway.rng.fork('filter'),
    addressOf: (network) => gateway.addressOf(network),
    defaultHook: 'input',
  })
  const behind = peer(server, 53)
  const [dns, other] = [peer(gateway, 53), peer(gateway, 54)]
  const asking = peer(client)
  asking.say('10.0.0.5', 53)
  asking.say('10.0.0.99', 53)
  asking.say('10.0.0.99', 54)
  net.run()
  const heard = [behind, dns, other].map(({ received }) => received.map(({ nic }) => nic))
  // The answer finds its way back into the tunnel.
  behind.socket.send({ address: ipv4('10.0.0.100'), port: asking.socket.port }, new Uint8Array(1))
  net.run()
  return { heard, answers: asking.received.length, drops: net.drops('gateway') }
}

test('a Windows gateway forwards between tunnel and network whatever its firewall says, which guards the gateway itself', () => {
  expect(gatewayOf('windows-server-2022')).toEqual({
    heard: [['corp'], ['internal'], []],
    answers: 1,
    drops: ['filter'],
  })
})

test('netfilter’s forward hook is closed unless somebody opens it', () => {
  expect(gatewayOf('linux')).toMatchObject({ heard: [[], ['internal'], []], answers: 0 })
})
