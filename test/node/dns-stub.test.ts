import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { seconds } from '../../src/base/time.ts'
import type { Stack } from '../../src/net/stack.ts'
import { startDnsServer } from '../../src/node/dns-server.ts'
import { createStubResolver, type StubOutcome } from '../../src/node/stub-resolver.ts'
import { dnsServer } from '../../src/topology/services.ts'
import { NRPT_DEFAULTS, type NrptRule } from '../../src/windows/nrpt.ts'
import { HEAD, zoneOf } from '../engine/dns/zones.ts'
import { at, Network } from '../net/network.ts'

const HOME = '192.168.1.1'
const CORP = '192.168.1.6'

const ZONES = new Map([
  ['public', zoneOf('contoso.com', `${HEAD}www 30 A 203.0.113.12\nfiles.corp A 203.0.113.99\n`)],
  ['home', zoneOf('home.example', `${HEAD}printer A 192.168.1.9\n`)],
  ['corp', zoneOf('corp.contoso.com', `${HEAD}intranet 60 A 10.10.0.20\nfiles A 10.10.0.21\n`)],
])

/** A client at home, whose interface names the home router; the corporate server can be reached, but only a rule leads there. */
class Home {
  readonly net = new Network()
  readonly laptop: Stack
  readonly rules: NrptRule[] = []
  connected = true
  groupPolicy: NrptRule[] | undefined
  searchList: string[] | undefined
  readonly resolver

  constructor(servers: readonly string[] = [HOME]) {
    for (const [name, address, zones] of [
      ['router', HOME, ['public', 'home']],
      ['dc1', CORP, ['corp']],
    ] as const) {
      startDnsServer(
        this.net.stack(name, { home: address }),
        dnsServer({ zones: [...zones] }),
        () => ZONES,
      )
    }
    const nic = at('192.168.1.100/24', {
      dns: servers.map((server) => ipv4(server)),
      suffix: 'home.example',
    })
    this.laptop = this.net.stack('laptop', { home: nic })
    this.resolver = createStubResolver(this.laptop, {
      nrpt: () => ({ local: this.rules, groupPolicy: this.groupPolicy, connected: this.connected }),
      nrptDefaults: () => NRPT_DEFAULTS,
      suffixSearchList: () => this.searchList,
      profileSuffixes: () => [],
      hosts: new Map([['pinned.contoso.com', ['10.1.1.1']]]),
    })
  }

  resolve(
    name: string,
    mode: 'api' | 'nslookup' = 'api',
  ): StubOutcome & { readonly data: string[] } {
    let outcome: StubOutcome | undefined
    this.resolver.resolve({ name, type: 'A' }, { mode }, (heard) => {
      outcome = heard
    })
    this.net.run(seconds(25))
    if (outcome === undefined) throw new Error('no outcome')
    return { ...outcome, data: outcome.answers.map((answer) => answer.data) }
  }
}

const SUFFIX: NrptRule = { namespace: '.corp.contoso.com', servers: [CORP] }

describe('the Windows client', () => {
  test('asks its interface, unless a rule sends the name elsewhere', () => {
    const home = new Home()
    expect(home.resolve('www.contoso.com')).toMatchObject({
      data: ['203.0.113.12'],
      servers: [HOME],
    })
    expect(home.resolve('intranet.corp.contoso.com')).toMatchObject({
      rcode: 'NXDOMAIN',
      servers: [HOME],
    })
    home.rules.push(SUFFIX)
    expect(home.resolve('intranet.corp.contoso.com')).toMatchObject({
      data: ['10.10.0.20'],
      servers: [CORP],
      nrptRule: '.corp.contoso.com',
    })
  })

  test('hands an exempt name back to the interface', () => {
    const home = new Home()
    home.rules.push(SUFFIX, { namespace: 'files.corp.contoso.com' })
    expect(home.resolve('files.corp.contoso.com')).toMatchObject({
      data: ['203.0.113.99'],
      servers: [HOME],
    })
  })

  test('does not fall back when the servers of a rule are silent', () => {
    const home = new Home()
    home.rules.push({ namespace: '.', servers: ['192.168.1.66'] })
    expect(home.resolve('www.contoso.com')).toMatchObject({
      rcode: 'TIMEOUT',
      servers: ['192.168.1.66'],
    })
  })

  test('goes on to the next server after a second', () => {
    const home = new Home(['192.168.1.66', HOME])
    expect(home.resolve('www.contoso.com')).toMatchObject({
      data: ['203.0.113.12'],
      servers: ['192.168.1.66', HOME],
    })
  })

  test('keeps an answer for its TTL, and forgets it when the tunnel changes the rules', () => {
    const home = new Home()
    home.rules.push(SUFFIX)
    expect(home.resolve('intranet.corp.contoso.com').fromCache).toBe(false)
    const again = home.resolve('intranet.corp.contoso.com')
    expect(again).toMatchObject({ fromCache: true, servers: [], data: ['10.10.0.20'] })
    expect(again.answers[0]!.ttl).toBeLessThan(60)
    home.connected = false
    expect(home.resolve('intranet.corp.contoso.com')).toMatchObject({
      fromCache: false,
      rcode: 'NXDOMAIN',
    })
  })

  test('puts a suffix behind a short name, the global list before its own', () => {
    const home = new Home()
    expect(home.resolve('printer').data).toEqual(['192.168.1.9'])
    home.searchList = ['contoso.com']
    expect(home.resolve('www').data).toEqual(['203.0.113.12'])
    expect(home.resolve('printer').rcode).toBe('NXDOMAIN')
  })

  test('believes its hosts file first', () => {
    expect(new Home().resolve('pinned.contoso.com')).toMatchObject({
      data: ['10.1.1.1'],
      servers: [],
    })
  })
})

describe('nslookup', () => {
  test('knows neither rules, nor cache, nor hosts file', () => {
    const home = new Home()
    home.rules.push(SUFFIX)
    home.resolve('intranet.corp.contoso.com')
    const told = home.resolve('intranet.corp.contoso.com', 'nslookup')
    expect(told).toMatchObject({ rcode: 'NXDOMAIN', servers: [HOME], fromCache: false })
    expect(told.nrptRule).toBeUndefined()
    expect(home.resolve('pinned.contoso.com', 'nslookup').rcode).toBe('NXDOMAIN')
  })

  test('asks the first server only', () => {
    expect(new Home(['192.168.1.66', HOME]).resolve('www.contoso.com', 'nslookup')).toMatchObject({
      rcode: 'TIMEOUT',
      servers: ['192.168.1.66'],
    })
  })
})
