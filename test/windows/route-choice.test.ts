/** Which way a packet goes while a tunnel is up, and what is in the way of what at home. */
import { describe, expect, test } from 'vitest'
import {
  formatPrefix,
  ipv4,
  parseAddress,
  parsePrefix,
  type Prefix,
} from '../../src/base/address.ts'
import { ASSUMPTIONS, type Assumptions } from '../../src/windows/assumptions.ts'
import { readProfile } from '../../src/windows/profile-xml.ts'
import { homeOverlaps, routeTo, type PhysicalRoute } from '../../src/windows/route-choice.ts'
import { vpnRoutes } from '../../src/windows/vpn-routes.ts'

const SPLIT = '<RoutingPolicyType>SplitTunnel</RoutingPolicyType>'
const NO_CLASS = '<DisableClassBasedDefaultRoute>true</DisableClassBasedDefaultRoute>'
const route = (address: string, size: number, rest = ''): string =>
  `<Route><Address>${address}</Address><PrefixSize>${size}</PrefixSize>${rest}</Route>`
const EXCLUDED = '<ExclusionRoute>true</ExclusionRoute>'

function tunnel(native: string, routes = '') {
  const text = `<VPNProfile><NativeProfile><Servers>vpn.contoso.com</Servers>${native}</NativeProfile>${routes}</VPNProfile>`
  const read = readProfile({ path: 'p.xml', text, encoding: 'utf-8' })
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return vpnRoutes(read.value, { assigned: ipv4('10.99.0.2'), gateway: ipv4('203.0.113.10') })
}

function prefix(text: string): Prefix {
  const read = parsePrefix(text)
  if (!read.ok) throw new Error(read.error)
  return read.value
}

/** A wire at home with a router, as Windows has it: 256 for what is on-link, and the interface's 25. */
const at = (network: string, metric = 25): readonly PhysicalRoute[] => [
  { to: prefix(network), isOnLink: true, metric: 256 + metric },
  { to: prefix('0.0.0.0/0'), isOnLink: false, metric },
]
const HOME = at('192.168.1.0/24')

const way = (
  to: string,
  vpn: ReturnType<typeof tunnel>,
  { home = HOME, tunnelMetric = 25, assume = ASSUMPTIONS } = {},
) => routeTo(parseAddress(to)!, { vpn, home, tunnelMetric }, assume)

describe('a split tunnel', () => {
  const vpn = tunnel(SPLIT + NO_CLASS, route('10.10.0.0', 16) + route('172.16.20.0', 24))

  test.for([
    ['10.10.0.6', 'tunnel'],
    ['172.16.20.9', 'tunnel'],
    ['10.99.0.2', 'tunnel'],
    ['10.11.0.1', 'physical'],
    ['8.8.8.8', 'physical'],
    ['192.168.1.7', 'physical'],
    // Packets of the tunnel itself.
    ['203.0.113.10', 'physical'],
  ])('%s: %s', ([to, out]) => {
    expect(way(to!, vpn)?.out).toBe(out)
  })

  test('the class-based route takes what no Route has', () => {
    expect(way('10.11.0.1', tunnel(SPLIT))?.out).toBe('tunnel')
    expect(way('11.0.0.1', tunnel(SPLIT))?.out).toBe('physical')
  })

  test('an exclusion is longer than what it is excluded from', () => {
    const excluded = tunnel(
      SPLIT + NO_CLASS,
      route('10.10.0.0', 16) + route('10.10.8.0', 24, EXCLUDED),
    )
    expect(way('10.10.8.1', excluded)).toMatchObject({ out: 'physical', by: 'tunnel' })
    expect(way('10.10.9.1', excluded)?.out).toBe('tunnel')
  })

  test('no route, no way', () => {
    expect(way('8.8.8.8', vpn, { home: [] })).toBeUndefined()
    expect(way('2001:db8::1', vpn)).toBeUndefined()
  })
})

describe('a force tunnel', () => {
  const vpn = tunnel('', route('198.51.100.0', 24, EXCLUDED))

  test.for([
    ['8.8.8.8', 'tunnel', 'tunnel'],
    ['2001:db8::1', 'tunnel', 'tunnel'],
    ['198.51.100.9', 'physical', 'tunnel'],
    ['203.0.113.10', 'physical', 'tunnel'],
    // A route of the physical interface that is more specific still wins.
    ['192.168.1.7', 'physical', 'home'],
  ])('%s: %s, by a route of %s', ([to, out, by]) => {
    expect(way(to!, vpn)).toMatchObject({ out, by, restsOn: [] })
  })

  test('its default route wins whatever the metrics are', () => {
    expect(way('8.8.8.8', vpn, { tunnelMetric: 9999 })?.out).toBe('tunnel')
  })
})

describe('of two routes of one length', () => {
  const vpn = tunnel(SPLIT + NO_CLASS, route('10.10.0.0', 16, '<Metric>9</Metric>'))
  const behind = (metric: number): readonly PhysicalRoute[] => [
    { to: prefix('10.10.0.0/16'), isOnLink: false, metric },
  ]

  test('the lower sum of route and interface metric wins', () => {
    expect(way('10.10.0.1', vpn, { home: behind(35) })?.out).toBe('tunnel')
    expect(way('10.10.0.1', vpn, { home: behind(33) })?.out).toBe('physical')
    expect(way('10.10.0.1', vpn, { home: behind(33), tunnelMetric: 3 })?.out).toBe('tunnel')
  })

  test('the wire at home wins, unless metrics are assumed to decide', () => {
    const home = at('10.10.0.0/16')
    expect(way('10.10.0.1', vpn, { home })).toEqual({
      out: 'physical',
      by: 'home',
      to: prefix('10.10.0.0/16'),
      restsOn: ['samePrefixAtHome'],
    })
    const assume: Assumptions = { ...ASSUMPTIONS, samePrefixAtHome: 'metric' }
    expect(way('10.10.0.1', vpn, { home, assume })?.out).toBe('tunnel')
  })
})

describe('overlap with the network at home', () => {
  const told = (
    home: readonly PhysicalRoute[],
    vpn: ReturnType<typeof tunnel>,
    assume = ASSUMPTIONS,
  ) =>
    homeOverlaps({ home, vpn, tunnelMetric: 25 }, assume).map(
      (one) => `${formatPrefix(one.home)} ${one.effect} ${formatPrefix(one.tunnel)}`,
    )
  const corp = tunnel(SPLIT + NO_CLASS, route('10.10.0.0', 16) + route('192.168.1.0', 24))

  test('the classic clash', () => {
    expect(told(at('192.168.1.0/24'), corp)).toEqual(['192.168.1.0/24 hidden 192.168.1.0/24'])
    const assume: Assumptions = { ...ASSUMPTIONS, samePrefixAtHome: 'metric' }
    expect(told(at('192.168.1.0/24'), corp, assume)).toEqual([
      '192.168.1.0/24 hides-home 192.168.1.0/24',
    ])
    expect(homeOverlaps({ home: HOME, vpn: corp, tunnelMetric: 25 })[0]?.restsOn).toEqual([
      'samePrefixAtHome',
    ])
  })

  test('a home within a network of the company hides a part of it', () => {
    expect(told(at('10.10.0.0/24'), corp)).toEqual(['10.10.0.0/24 partly-hidden 10.10.0.0/16'])
    expect(way('10.10.0.6', corp, { home: at('10.10.0.0/24') })?.out).toBe('physical')
    expect(way('10.10.1.6', corp, { home: at('10.10.0.0/24') })?.out).toBe('tunnel')
  })

  test('routes to single hosts get through: they are longer', () => {
    const hosts = tunnel(SPLIT + NO_CLASS, route('10.10.0.6', 32))
    expect(way('10.10.0.6', hosts, { home: at('10.10.0.0/24') })?.out).toBe('tunnel')
    expect(told(at('10.10.0.0/24'), hosts)).toEqual(['10.10.0.0/24 hides-home 10.10.0.6/32'])
  })

  test('a class-based route overlaps as any', () => {
    expect(told(at('10.0.0.0/24'), tunnel(SPLIT))).toEqual(['10.0.0.0/24 partly-hidden 10.0.0.0/8'])
  })

  test('default routes, exclusions and other networks do not', () => {
    expect(told(HOME, tunnel(''))).toEqual([])
    expect(told(HOME, tunnel(SPLIT + NO_CLASS, route('192.168.0.0', 16, EXCLUDED)))).toEqual([])
    expect(told(at('192.168.2.0/24'), corp)).toEqual([])
  })
})
