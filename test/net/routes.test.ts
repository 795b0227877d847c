import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ipv4, maskOf, prefixContains, type Ipv4, type Prefix } from '../../src/base/address.ts'
import { LocalAddresses, RouteTable, type Route } from '../../src/net/routes.ts'

const prefix = (text: string): Prefix<Ipv4> => {
  const [address, length] = text.split('/')
  return { address: ipv4(address!), length: Number(length) }
}
const route = (to: string, nic: string, metric = 1): Route<string> => ({
  to: prefix(to),
  via: undefined,
  nic,
  metric,
})

function tableOf(...routes: readonly Route<string>[]): RouteTable<string> {
  const table = new RouteTable<string>()
  for (const r of routes) table.add(r)
  return table
}

test('the longest prefix wins, whatever the metrics', () => {
  const table = tableOf(route('0.0.0.0/0', 'default', 1), route('10.0.0.0/8', 'ten', 500))
  expect(table.lookup(ipv4('10.1.2.3'))?.nic).toBe('ten')
  expect(table.lookup(ipv4('11.1.2.3'))?.nic).toBe('default')
})

test('among equal prefixes the lowest metric wins, then the first that was configured', () => {
  const table = tableOf(
    route('0.0.0.0/0', 'slow', 30),
    route('0.0.0.0/0', 'first', 20),
    route('0.0.0.0/0', 'second', 20),
  )
  expect(table.lookup(ipv4('192.0.2.1'))?.nic).toBe('first')
  expect(table.lookupOn(ipv4('192.0.2.1'), 'second')?.nic).toBe('second')
  expect(table.lookupOn(ipv4('192.0.2.1'), 'nowhere')).toBeUndefined()
})

test('the least of the routes of an interface is taken out, and others stay', () => {
  const table = tableOf(
    route('10.0.0.0/8', 'tunnel', 1),
    route('10.0.0.0/8', 'cable', 2),
    route('10.0.0.0/8', 'tunnel', 3),
  )
  table.remove(prefix('10.0.0.0/9'), 'tunnel')
  table.remove(prefix('10.0.0.0/8'), 'other')
  table.remove(prefix('10.0.0.0/8'), 'tunnel')
  expect(table.all.map(({ nic, metric }) => `${nic} ${metric}`)).toEqual(['tunnel 1', 'cable 2'])
  table.remove(prefix('10.0.0.0/8'), 'tunnel')
  table.remove(prefix('10.0.0.0/8'), 'cable')
  expect(table.lookup(ipv4('10.0.0.1'))).toBeUndefined()
})

test('without a route there is none', () => {
  expect(tableOf(route('10.0.0.0/8', 'ten')).lookup(ipv4('11.0.0.1'))).toBeUndefined()
})

test('the table agrees with trying every route', () => {
  const address = fc.nat(0xffffffff).map((n) => n as Ipv4)
  const arbitrary = fc.record({ address, length: fc.nat(32), metric: fc.nat(3) })
  fc.assert(
    fc.property(fc.array(arbitrary, { maxLength: 30 }), address, (specs, destination) => {
      const routes = specs.map(({ address, length, metric }, i) => ({
        to: { address: ((address & maskOf(length)) >>> 0) as Ipv4, length },
        via: undefined,
        nic: String(i),
        metric,
      }))
      const best = routes
        .filter((r) => prefixContains(r.to, destination))
        .sort((a, b) => b.to.length - a.to.length || a.metric - b.metric)[0]
      expect(tableOf(...routes).lookup(destination)).toBe(best)
    }),
  )
})

test('an address claims its broadcast address; prefixes of 31 and 32 bits have none (RFC 3021)', () => {
  const locals = new LocalAddresses<string>()
  locals.add('lan', ipv4('10.0.0.1'), 24)
  locals.add('link', ipv4('10.0.1.0'), 31)
  expect(locals.get(ipv4('10.0.0.255'))).toEqual({ nic: 'lan', kind: 'broadcast' })
  expect(locals.get(ipv4('10.0.1.1'))).toBeUndefined()
  expect(locals.isUnicast(ipv4('10.0.1.0'))).toBe(true)
})
