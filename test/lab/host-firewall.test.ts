/** Windows Server 2019 and its firewall's rules for RADIUS: which are heeded, and when all are. */
import { expect, test } from 'vitest'
import { heededFirewall } from '../../src/lab/host-firewall.ts'
import { allow } from '../../src/topology/firewall.ts'
import { nps } from '../../src/topology/nps.ts'
import { host } from '../../src/topology/topology.ts'

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
