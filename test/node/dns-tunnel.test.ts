/** The Windows DNS client with a tunnel: whose servers are asked first, which suffixes are tried, and that nothing is left when it is gone. */
import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { seconds } from '../../src/base/time.ts'
import type { TunnelSettings } from '../../src/net/sockets.ts'
import { startDnsServer } from '../../src/node/dns-server.ts'
import { createStubResolver, type StubOutcome } from '../../src/node/stub-resolver.ts'
import { dnsServer } from '../../src/topology/services.ts'
import { NRPT_DEFAULTS, type NrptRule } from '../../src/windows/nrpt.ts'
import { HEAD, zoneOf } from '../engine/dns/zones.ts'
import { at, Network } from '../net/network.ts'
import { routes, tunnelAt, wire } from '../net/tunnels.ts'

const HOME = '192.168.1.1'
const CORP = '10.0.0.5'

/** Split brain: the same name inside and outside. */
const ZONES = new Map([
  ['public', zoneOf('contoso.com', `${HEAD}www 30 A 203.0.113.12\n`)],
  ['home', zoneOf('home.example', `${HEAD}files A 192.168.1.9\n`)],
  ['inside', zoneOf('contoso.com', `${HEAD}www 30 A 10.0.0.12\nfiles.corp A 10.0.0.21\n`)],
])

class Road {
  readonly net = new Network()
  readonly rules: NrptRule[] = []
  readonly client
  readonly vpn
  readonly resolver

  constructor(settings: Partial<TunnelSettings>) {
    const router = this.net.stack('router', { home: HOME })
    startDnsServer(router, dnsServer({ zones: ['public', 'home'] }), () => ZONES)
    const server = this.net.stack('dc1', {
      corp: at(`${CORP}/24`, { gateway: ipv4('10.0.0.1') }),
    })
    startDnsServer(server, dnsServer({ zones: ['inside'] }), () => ZONES)
    const home = at('192.168.1.2/24', { dns: [ipv4(HOME)], suffix: 'home.example' })
    this.client = this.net.stack('client', { home }, { os: 'windows' })
    const gateway = this.net.stack('gateway', { corp: '10.0.0.1' }, { forwards: true })
    const { tunnels } = wire(
      {
        stack: this.client,
        settings: tunnelAt('10.9.0.2', {
          dns: [ipv4(CORP)],
          suffix: 'corp.contoso.com',
          ...settings,
        }),
        routes: ['10.0.0.0/8'],
      },
      { stack: gateway, settings: tunnelAt('10.9.0.1'), routes: ['10.9.0.2/32'] },
    )
    this.vpn = tunnels[0]
    const isUp = (): boolean => this.client.nics.some(({ kind }) => kind === 'tunnel')
    this.resolver = createStubResolver(this.client, {
      nrpt: () => ({ local: this.rules, connected: isUp() }),
      nrptDefaults: () => NRPT_DEFAULTS,
      suffixSearchList: () => undefined,
      profileSuffixes: () => (isUp() ? ['corp.contoso.com', 'contoso.com'] : []),
    })
  }

  ask(
    name: string,
    mode: 'api' | 'nslookup' = 'api',
  ): Pick<StubOutcome, 'servers'> & { data: string[] } {
    let outcome: StubOutcome | undefined
    this.resolver.resolve({ name, type: 'A' }, { mode }, (heard) => {
      outcome = heard
    })
    this.net.run(seconds(25))
    const { answers = [], servers = [] } = outcome ?? {}
    return { servers, data: answers.map(({ data }) => data) }
  }
}

const INSIDE = { servers: [CORP], data: ['10.0.0.12'] }
const OUTSIDE = { servers: [HOME], data: ['203.0.113.12'] }

describe('whose servers are asked first', () => {
  test.each([
    ['the tunnel’s, with the lower metric', { metric: 3 }, INSIDE],
    [
      'those of Ethernet, with the lower metric: the world outside answers',
      { metric: 50 },
      OUTSIDE,
    ],
    ['the tunnel’s, where it has the default route', { metric: 50, outranks: true }, INSIDE],
  ])('%s', (_, settings, expected) => {
    const road = new Road(settings)
    expect(road.ask('www.contoso.com')).toEqual(expected)
    expect(road.ask('www.contoso.com', 'nslookup')).toEqual(expected)
    road.vpn.close()
    expect(road.ask('www.contoso.com')).toEqual(OUTSIDE)
  })

  test('a rule’s, whatever the metrics; by the tunnel if its routes lead there', () => {
    const road = new Road({ metric: 50 })
    road.rules.push({ namespace: '.contoso.com', servers: [CORP] })
    expect(road.ask('www.contoso.com')).toEqual(INSIDE)
    expect(road.ask('www.contoso.com', 'nslookup')).toEqual(OUTSIDE)
    // Nothing routes the servers of the rule: it decides alone all the same.
    road.vpn.setRoutes(routes('10.7.0.0/16'))
    road.resolver.flush()
    expect(road.ask('www.contoso.com')).toEqual({ servers: [CORP], data: [] })
    road.vpn.close()
    expect(road.ask('www.contoso.com')).toEqual(OUTSIDE)
  })
})

describe('a short name', () => {
  test('gets the suffixes of the profile in their order, then those of interfaces', () => {
    const road = new Road({ metric: 3 })
    expect(road.ask('files')).toEqual({ servers: [CORP], data: ['10.0.0.21'] })
    expect(road.ask('www')).toEqual(INSIDE)
    road.vpn.close()
    expect(road.ask('files')).toEqual({ servers: [HOME], data: ['192.168.1.9'] })
    expect(road.ask('www').data).toEqual([])
  })
})
