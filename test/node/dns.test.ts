import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { seconds } from '../../src/base/time.ts'
import type { Zone } from '../../src/engine/dns/zone.ts'
import type { Stack } from '../../src/net/stack.ts'
import { startDnsServer, type DnsServed } from '../../src/node/dns-server.ts'
import { queryServers, type QueryResult } from '../../src/node/dns-query.ts'
import { dnsServer, type DnsServerSpec } from '../../src/topology/services.ts'
import { encodeMessage } from '../../src/wire/dns/encode.ts'
import { queryFor } from '../../src/wire/dns/message.ts'
import { nameOf } from '../../src/wire/dns/name.ts'
import { CLASS, rcodeName, typeNumber } from '../../src/wire/dns/registry.ts'
import { HEAD, lines, zoneOf } from '../engine/dns/zones.ts'
import { Network } from '../net/network.ts'

const ROOT_HEAD = '$TTL 1h\n@ SOA a.root. h. 1 1 1 1 60\n@ NS a.root.\na.root. A 10.0.0.1\n'

const ZONES: Readonly<Record<string, Zone>> = {
  root: zoneOf(
    '.',
    `${ROOT_HEAD}com. NS ns.com.\nns.com. A 10.0.0.2\nlame. NS ns.lame.\nns.lame. A 10.0.0.2\ngone. NS ns.gone.\nns.gone. A 10.0.0.99\n`,
  ),
  com: zoneOf(
    'com',
    '$TTL 1h\n@ SOA ns h 1 1 1 1 60\n@ NS ns\nns A 10.0.0.2\ncontoso NS ns1.contoso\nns1.contoso A 10.0.0.3\nfabrikam NS ns1.contoso\n',
  ),
  contoso: zoneOf(
    'contoso.com',
    `$TTL 300\n@ SOA ns1 h 1 1 1 1 60\n@ NS ns1\nns1 A 10.0.0.3\nwww 30 A 192.0.2.12\nfar CNAME www.fabrikam.com.\n` +
      `big ${Array.from({ length: 90 }, (_, i) => `A 192.0.2.${i}`).join('\nbig ')}\n`,
  ),
  fabrikam: zoneOf(
    'fabrikam.com',
    '$TTL 300\n@ SOA ns1.contoso.com. h 1 1 1 1 60\n@ NS ns1.contoso.com.\nwww A 192.0.2.77\n',
  ),
  corp: zoneOf(
    'corp.example',
    `${HEAD}www A 10.10.0.20\nout CNAME www.contoso.com.\nsub NS ns.sub\nns.sub A 10.0.0.4\n`,
  ),
  sub: zoneOf('sub.corp.example', `${HEAD}www A 10.10.0.21\n`),
}

/** The root, com and contoso.com on servers of their own, a recursive resolver at 10.0.0.53, and a client. */
class Internet {
  readonly net = new Network()
  readonly served: DnsServed[] = []
  readonly zones = new Map(Object.entries(ZONES))
  readonly client: Stack

  constructor(resolver: Partial<DnsServerSpec> = { rootHints: ['10.0.0.1'] }) {
    this.server('root', '10.0.0.1', { zones: ['root'] })
    this.server('com', '10.0.0.2', { zones: ['com'] })
    this.server('contoso', '10.0.0.3', { zones: ['contoso', 'fabrikam'] })
    this.server('sub', '10.0.0.4', { zones: ['sub'] })
    this.server('resolver', '10.0.0.53', { recursion: true, ...resolver })
    this.client = this.net.stack('client', { lan: '10.0.0.9' })
  }

  server(name: string, address: string, spec: Partial<DnsServerSpec>): void {
    const stack = this.net.stack(name, { lan: address })
    startDnsServer(
      stack,
      dnsServer(spec),
      () => this.zones,
      (event) => {
        this.served.push({ ...event, policy: name })
      },
    )
  }

  /** What the client hears: rcode and answers. `asked`: who dealt with a query meanwhile. */
  ask(name: string, type = 'A', server = '10.0.0.53') {
    let result: QueryResult | undefined
    const question = { name: nameOf(name), type: typeNumber(type)!, class: CLASS.IN }
    const from = this.served.length
    queryServers(
      this.client,
      question,
      [{ servers: [ipv4(server)], wait: seconds(12) }],
      (heard) => {
        result = heard
      },
    )
    this.net.run(seconds(13))
    const message = result?.reply?.message
    return {
      rcode: message === undefined ? 'TIMEOUT' : rcodeName(message.rcode),
      answers: lines(message?.answer),
      message,
      asked: this.served.slice(from).map((event) => event.policy),
    }
  }
}

describe('a recursive resolver', () => {
  test('goes from the root along referrals, and then remembers', () => {
    const internet = new Internet()
    const first = internet.ask('www.contoso.com')
    expect(first.answers).toEqual(['www.contoso.com 30 A 192.0.2.12'])
    expect(first.asked).toEqual(['root', 'com', 'contoso', 'resolver'])
    expect(first.message).toMatchObject({ recursionAvailable: true, authoritative: false })
    const second = internet.ask('www.contoso.com')
    expect(second.asked).toEqual(['resolver'])
    // Thirteen seconds after the question, not quite thirteen after the answer was kept.
    expect(second.answers).toEqual(['www.contoso.com 18 A 192.0.2.12'])
  })

  test('asks the nearest known zone when a record has run out', () => {
    const internet = new Internet()
    internet.ask('www.contoso.com')
    internet.net.run(seconds(20))
    expect(internet.ask('www.contoso.com').asked).toEqual(['contoso', 'resolver'])
  })

  test('finds the address of a name server that has no glue', () => {
    const { answers, asked } = new Internet().ask('www.fabrikam.com')
    expect(answers).toEqual(['www.fabrikam.com 300 A 192.0.2.77'])
    expect(asked[0]).toBe('root')
  })

  test('follows an alias into another zone', () => {
    expect(new Internet().ask('far.contoso.com').answers).toEqual([
      'far.contoso.com 300 CNAME www.fabrikam.com.',
      'www.fabrikam.com 300 A 192.0.2.77',
    ])
  })

  test('remembers what is not there (RFC 2308)', () => {
    const internet = new Internet()
    expect(internet.ask('nix.contoso.com')).toMatchObject({
      rcode: 'NXDOMAIN',
      asked: ['root', 'com', 'contoso', 'resolver'],
    })
    expect(internet.ask('nix.contoso.com')).toMatchObject({
      rcode: 'NXDOMAIN',
      asked: ['resolver'],
    })
  })

  test('turns to TCP for what UDP cannot carry', () => {
    const internet = new Internet()
    expect(internet.ask('big.contoso.com').answers).toHaveLength(90)
  })

  test('fails for a lame server at once, and for a silent one in time', () => {
    expect(new Internet().ask('www.lame').rcode).toBe('SERVFAIL')
    expect(new Internet().ask('www.gone').rcode).toBe('SERVFAIL')
  })

  test('answers from its own zones, and goes on where they lead elsewhere', () => {
    const internet = new Internet({ zones: ['corp'], rootHints: ['10.0.0.1'] })
    expect(internet.ask('www.corp.example')).toMatchObject({
      asked: ['resolver'],
      message: { authoritative: true },
    })
    expect(internet.ask('out.corp.example').answers).toEqual([
      'out.corp.example 3600 CNAME www.contoso.com.',
      'www.contoso.com 30 A 192.0.2.12',
    ])
    expect(internet.ask('www.sub.corp.example')).toMatchObject({
      answers: ['www.sub.corp.example 3600 A 10.10.0.21'],
      asked: ['sub', 'resolver'],
    })
  })

  test('sends to forwarders, and the longest conditional one first', () => {
    const internet = new Internet({
      forwarders: ['10.0.0.3'],
      conditionalForwarders: { 'corp.example': ['10.0.0.1'], 'sub.corp.example': ['10.0.0.4'] },
    })
    expect(internet.ask('www.contoso.com').asked).toEqual(['contoso', 'resolver'])
    expect(internet.ask('www.sub.corp.example').asked).toEqual(['sub', 'resolver'])
  })

  test('is not drawn into a ring by a server that forwards back to it', () => {
    const internet = new Internet({ forwarders: ['10.0.0.54'] })
    internet.server('other', '10.0.0.54', { recursion: true, forwarders: ['10.0.0.53'] })
    const { rcode, asked } = internet.ask('www.contoso.com')
    expect(rcode).toBe('SERVFAIL')
    expect(asked.length).toBeLessThan(20)
  })

  test('does nothing for others where recursion is off', () => {
    expect(new Internet({ recursion: false }).ask('www.contoso.com').rcode).toBe('REFUSED')
  })
})

describe('a server', () => {
  test('sees an edited zone at once', () => {
    const internet = new Internet()
    const edited = new Map(internet.zones)
    edited.set('contoso', zoneOf('contoso.com', `${HEAD}www A 192.0.2.99\n`))
    let zones = internet.zones
    const stack = internet.net.stack('live', { lan: '10.0.0.60' })
    startDnsServer(stack, dnsServer({ zones: ['contoso'] }), () => zones)
    expect(internet.ask('www.contoso.com', 'A', '10.0.0.60').answers).toEqual([
      'www.contoso.com 30 A 192.0.2.12',
    ])
    zones = edited
    expect(internet.ask('www.contoso.com', 'A', '10.0.0.60').answers).toEqual([
      'www.contoso.com 3600 A 192.0.2.99',
    ])
  })

  test('survives octets that are no message, by UDP and by TCP', () => {
    const internet = new Internet()
    const socket = internet.client.udp.open({ onDatagram: () => {} })
    if (!socket.ok) throw new Error(socket.error)
    const query = encodeMessage(
      queryFor(
        { name: nameOf('www.contoso.com'), type: 1, class: 1 },
        { id: 1, recursionDesired: true },
      ),
    )
    for (let length = 0; length < query.length; length++) {
      socket.value.send({ address: ipv4('10.0.0.53'), port: 53 }, query.slice(0, length))
    }
    const connection = internet.client.tcp.connect(
      { address: ipv4('10.0.0.53'), port: 53 },
      { onConnected: () => connection.send(Uint8Array.of(0, 3, 1, 2, 3, 0, 0, 255, 255, 1)) },
    )
    internet.net.run(seconds(5))
    expect(internet.ask('www.contoso.com').rcode).toBe('NOERROR')
  })

  test('lets its port go when it is stopped', () => {
    const internet = new Internet()
    const stack = internet.net.stack('twice', { lan: '10.0.0.61' })
    const zones = () => internet.zones
    startDnsServer(stack, dnsServer({ zones: ['contoso'] }), zones)()
    startDnsServer(stack, dnsServer({ zones: ['contoso'] }), zones)
    expect(internet.ask('www.contoso.com', 'A', '10.0.0.61').rcode).toBe('NOERROR')
  })
})
