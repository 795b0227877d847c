import { describe, expect, test } from 'vitest'
import { purposeOf, relationsOf } from '../../src/lab/relations.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { contoso } from '../../topologies/contoso/topology.ts'
import { minimal } from '../../topologies/minimal.ts'
import { compiled, dated } from './deployment.ts'

const told = (topology: Topology) =>
  relationsOf(compiled(topology)).map(({ as, on, of, name = '', client }) =>
    [as, on, of, name, client].join(' ').trim(),
  )

const CLIENTS = ['laptop', 'hotelLaptop', 'mobileLaptop', 'officePc']

describe('who judges whose certificate', () => {
  test('Contoso: clients judge the gateway and NPS, NPS judges users, the gateway judges devices', () => {
    expect(told(contoso as Topology)).toEqual([
      ...CLIENTS.map((node) => `ike-client ${node} gateway:ike vpn.contoso.com ${node}`),
      ...CLIENTS.map((node) => `peap-client ${node} nps1:nps  ${node}`),
      'gateway-device gateway laptop:device  laptop',
      'nps-user nps1 laptop:user  laptop',
      'gateway-device gateway hotelLaptop:device  hotelLaptop',
      'nps-user nps1 hotelLaptop:user  hotelLaptop',
      'gateway-device gateway mobileLaptop:device  mobileLaptop',
    ])
  })

  test('SSTP is judged where the gateway listens for it', () => {
    const as = (sstp: boolean) => relationsOf(compiled(dated({ sstp }))).map((each) => each.as)
    expect(as(true)).toEqual(['ike-client', 'sstp-client'])
    expect(as(false)).toEqual(['ike-client'])
  })

  test('minimal: no profiles and no certificates, nobody judges', () => {
    expect(told(minimal as Topology)).toEqual([])
  })

  test('of two gateways a client judges the one that is certified for the name', () => {
    const base = dated({ sstp: false, gateway: { dns: ['vpn.example.com'] } })
    const profile =
      '<VPNProfile><NativeProfile><Servers>vpn.example.com</Servers></NativeProfile></VPNProfile>'
    const other = {
      ...base.nodes['gateway']!,
      interfaces: [{ network: 'lan', address: '192.0.2.11' }],
      certificates: [
        { name: 'ike', issuer: 'root', subject: 'CN=x', dns: ['x.example.com'], validFor: 1e6 },
      ],
    }
    const laptop = {
      ...base.nodes['laptop']!,
      profiles: { user: { path: 'p.xml', text: profile, encoding: 'utf-8' } },
    }
    const two = { ...base, nodes: { ...base.nodes, laptop, other } } as Topology
    expect(told(two)).toEqual(['ike-client laptop gateway:ike vpn.example.com laptop'])
  })
})

describe('what a certificate is for', () => {
  test.for([
    ['gateway', 'serverAuth'],
    ['gateway:ike', 'serverAuth'],
    ['nps1', 'serverAuth'],
    ['laptop:user', 'clientAuth'],
    ['laptop:device', 'clientAuth'],
  ] as const)('Contoso: %s for %s', ([of, purpose]) => {
    expect(purposeOf(compiled(contoso as Topology), of)).toBe(purpose)
  })

  test('a gateway is a server even with a certificate that is not for one', () => {
    const of = dated({ gateway: { eku: ['clientAuth'] } })
    expect(purposeOf(compiled(of), 'gateway:ike')).toBe('serverAuth')
  })
})
