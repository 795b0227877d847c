/** Which routes a tunnel brings: by routing policy, by the class of the assigned address, by Route elements and exclusions. */
import { expect, test } from 'vitest'
import { formatPrefix, ipv4, parseIpv6 } from '../../src/base/address.ts'
import { ASSUMPTIONS } from '../../src/windows/assumptions.ts'
import { readProfile } from '../../src/windows/profile-xml.ts'
import { classPrefix, tunnelMetric, vpnRoutes } from '../../src/windows/vpn-routes.ts'

const GATEWAY = ipv4('203.0.113.10')

function profile(native: string, routes = '') {
  const text = `<VPNProfile><NativeProfile><Servers>vpn.contoso.com</Servers>${native}</NativeProfile>${routes}</VPNProfile>`
  const read = readProfile({ path: 'p.xml', text, encoding: 'utf-8' })
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value
}
const route = (address: string, size: number, rest = ''): string =>
  `<Route><Address>${address}</Address><PrefixSize>${size}</PrefixSize>${rest}</Route>`

function shown(native: string, routes = '', assigned = '10.99.0.2') {
  const made = vpnRoutes(profile(native, routes), { assigned: ipv4(assigned), gateway: GATEWAY })
  const lines = made.routes.map(
    ({ to, out, metric, because }) => `${formatPrefix(to)} ${out} ${metric} ${because}`,
  )
  return { ...made, lines }
}

const SPLIT = '<RoutingPolicyType>SplitTunnel</RoutingPolicyType>'
const NO_CLASS = '<DisableClassBasedDefaultRoute>true</DisableClassBasedDefaultRoute>'
const EXCLUDED = '<ExclusionRoute>true</ExclusionRoute>'
const BASE = ['10.99.0.2/32 tunnel 1 assigned', '203.0.113.10/32 physical 1 gateway']

test('a split tunnel has the class of its address and the routes of the profile', () => {
  const { lines, outranksDefaults, notes } = shown(SPLIT, route('172.16.0.0', 12))
  expect(lines).toEqual([...BASE, '10.0.0.0/8 tunnel 1 class', '172.16.0.0/12 tunnel 1 profile'])
  expect(outranksDefaults).toBe(false)
  expect(notes).toEqual([])
})

test('without the class-based route there are those of the profile alone, with their metrics', () => {
  const routes = route('10.10.0.0', 16, '<Metric>7</Metric>') + route('2001:db8::', 32)
  expect(shown(SPLIT + NO_CLASS, routes).lines).toEqual([
    ...BASE,
    '10.10.0.0/16 tunnel 7 profile',
    '2001:db8::/32 tunnel 1 profile',
  ])
})

test('a split tunnel without any route says that it reaches nothing', () => {
  const nothing = 'no class-based route and no Route: nothing is reached through the tunnel'
  expect(shown(SPLIT + NO_CLASS).notes).toEqual([nothing])
  expect(shown(SPLIT + NO_CLASS, route('10.10.0.0', 16, EXCLUDED)).notes).toEqual([nothing])
})

test.for([['<RoutingPolicyType>ForceTunnel</RoutingPolicyType>'], ['']])(
  'a force tunnel takes everything but exclusions: %s',
  ([native]) => {
    const made = shown(native!, route('198.51.100.0', 24, EXCLUDED))
    expect(made.lines).toEqual([
      ...BASE,
      '0.0.0.0/0 tunnel 1 force-tunnel',
      '::/0 tunnel 1 force-tunnel',
      '198.51.100.0/24 physical 1 exclusion',
    ])
    expect(made.outranksDefaults).toBe(true)
  },
)

test('a prefix that stands twice counts as it stands last', () => {
  const routes = route('10.10.0.0', 16) + route('10.10.0.0', 16, EXCLUDED)
  const { lines, notes, restsOn } = shown(SPLIT + NO_CLASS, routes)
  expect(lines).toEqual([...BASE, '10.10.0.0/16 physical 1 exclusion'])
  expect(notes).toEqual([
    '10.10.0.0/16 stands twice: the last counts',
    'no class-based route and no Route: nothing is reached through the tunnel',
  ])
  expect(restsOn).toEqual([])
})

test('a route with host bits is missing, or its bits are cleared', () => {
  const routes = route('10.1.2.3', 16)
  expect(shown(SPLIT, routes)).toMatchObject({
    lines: [...BASE, '10.0.0.0/8 tunnel 1 class'],
    notes: ['10.1.2.3/16 is no network, 10.1.0.0/16 is: the Route is left out'],
    restsOn: ['routeWithHostBits'],
  })
  const made = vpnRoutes(
    profile(SPLIT, routes),
    { assigned: ipv4('10.99.0.2') },
    { ...ASSUMPTIONS, routeWithHostBits: 'cleared' },
  )
  expect(made.routes.at(-1)).toMatchObject({ because: 'profile', metric: 1 })
  expect(formatPrefix(made.routes.at(-1)!.to)).toBe('10.1.0.0/16')
  expect(made.notes).toEqual(['10.1.2.3/16 is taken as 10.1.0.0/16'])
})

test('a tunnel to an IPv6 gateway leaves its host route beside it', () => {
  const gateway = parseIpv6('2001:db8::10')!
  const { routes } = vpnRoutes(profile(''), { assigned: ipv4('10.99.0.2'), gateway })
  expect(routes.map(({ to, out }) => `${formatPrefix(to)} ${out}`)).toContain(
    '2001:db8::10/128 physical',
  )
})

test('the metric of the interface is the profile’s, or computed', () => {
  const own = (metrics: string) => profile('', metrics)
  expect(tunnelMetric(own(''))).toBe(25)
  const metrics =
    '<IPv4InterfaceMetric>3</IPv4InterfaceMetric><IPv6InterfaceMetric>4</IPv6InterfaceMetric>'
  expect(tunnelMetric(own(metrics))).toBe(3)
  expect(tunnelMetric(own(metrics), 'ipv6')).toBe(4)
})

test.for([
  ['10.99.0.2', '10.0.0.0/8'],
  ['126.1.2.3', '126.0.0.0/8'],
  ['128.1.2.3', '128.1.0.0/16'],
  ['172.16.20.130', '172.16.0.0/16'],
  ['191.255.0.1', '191.255.0.0/16'],
  ['192.168.7.9', '192.168.7.0/24'],
  ['223.1.2.3', '223.1.2.0/24'],
  ['127.0.0.1', undefined],
  ['224.0.0.1', undefined],
  ['0.1.2.3', undefined],
])('the class of %s is %s', ([address, prefix]) => {
  const found = classPrefix(ipv4(address!))
  expect(found === undefined ? undefined : formatPrefix(found)).toBe(prefix)
})
