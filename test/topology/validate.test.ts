import { describe, expect, test } from 'vitest'
import type { NetworkSpec, Topology } from '../../src/topology/topology.ts'
import { validateTopology } from '../../src/topology/validate.ts'
import { complaints } from './complaints.ts'
import { everything, host, nic, rule } from './everything.ts'

test('every field of every type is accepted', () => {
  expect(validateTopology(everything)).toEqual([])
})

test('an answer for a frozen topology is remembered, for one that can change it is not', () => {
  const loose = structuredClone(everything) as { start: string } & Topology
  expect(validateTopology(loose)).toEqual([])
  loose.start = 'tomorrow'
  expect(validateTopology(loose)).toHaveLength(1)
})

describe('what cannot be built is said in one sentence', () => {
  test.for<[path: string, value: unknown, told: string]>([
    // Addresses.
    [
      'nodes.pc.interfaces.0.address',
      '010.0.0.1',
      "nodes.pc.interfaces.lan.address: '010.0.0.1' is not an IPv4 address (a leading zero reads as octal in places)",
    ],
    [
      'nodes.pc.interfaces.0.address',
      '300.1.1.1',
      "nodes.pc.interfaces.lan.address: '300.1.1.1' is not an IPv4 address (300 is above 255)",
    ],
    [
      'nodes.pc.interfaces.0.address',
      '10.1',
      "nodes.pc.interfaces.lan.address: '10.1' is not an IPv4 address (it has 2 octets, not 4)",
    ],
    [
      'nodes.pc.interfaces.0.address',
      '10.0.0.1/33',
      "nodes.pc.interfaces.lan.address: '10.0.0.1/33' has a prefix length above 32",
    ],
    [
      'nodes.pc.interfaces.0.address',
      'DHCP',
      "nodes.pc.interfaces.lan.address: 'DHCP' is not an IPv4 address",
    ],
    [
      'nodes.pc.interfaces.0.address',
      '2001:db8::1',
      "nodes.pc.interfaces.lan.address: '2001:db8::1' is an IPv6 address; IPv4 is modelled so far",
    ],
    ['nodes.pc.interfaces.0.address', undefined, 'nodes.pc.interfaces.lan.address: is missing'],
    [
      'nodes.pc.interfaces.0.gateway',
      '10.0.0.256',
      "nodes.pc.interfaces.lan.gateway: '10.0.0.256' is not an IPv4 address (256 is above 255)",
    ],
    [
      'nodes.pc.interfaces.0.alsoAt',
      ['x'],
      "nodes.pc.interfaces.lan.alsoAt[0]: 'x' is not an IPv4 address",
    ],
    [
      'nodes.pc.routes.0.to',
      '10.0.0.1/8',
      "nodes.pc.routes[0].to: '10.0.0.1/8' has host bits set; did you mean 10.0.0.0/8?",
    ],
    [
      'nodes.pc.routes.0.via',
      'gateway',
      "nodes.pc.routes[0].via: 'gateway' is not an IPv4 address",
    ],
    [
      'networks.lan.prefix',
      '10.0.0.1/24',
      "networks.lan.prefix: '10.0.0.1/24' has host bits set; did you mean 10.0.0.0/24?",
    ],
    [
      'networks.lan.prefix',
      '010.0.0.0/24',
      "networks.lan.prefix: '010.0.0.0' is not an IPv4 address (a leading zero reads as octal in places)",
    ],
    [
      'networks.lan.prefix',
      '10.0.0.0',
      "networks.lan.prefix: '10.0.0.0' is not an address with a prefix length, such as 10.0.0.0/24",
    ],
    ['networks.lan.prefix', 10, 'networks.lan.prefix: 10 is not text'],
    // Names.
    [
      'nodes.pc.interfaces.0.network',
      'lann',
      "nodes.pc.interfaces.lann.network: there is no network 'lann'; did you mean 'lan'?",
    ],
    [
      'nodes.pc.interfaces.0.network',
      '',
      'nodes.pc.interfaces[0].network: is on no network: write the name of one',
    ],
    ['nodes.pc.interfaces.0.network', undefined, 'nodes.pc.interfaces[0].network: is missing'],
    [
      'nodes.pc.roams',
      ['moon'],
      "nodes.pc.roams[0]: there is no network 'moon' (there is lan, wan)",
    ],
    [
      'nodes.pc.services.0.zones',
      ['crop'],
      "nodes.pc.services[0].zones[0]: there is no zone 'crop'; did you mean 'corp'?",
    ],
    [
      'nodes.pc.services.0.scopes',
      { outside: 'x' },
      "nodes.pc.services[0].scopes.outside: there is no zone 'x' (there is corp)",
    ],
    [
      'nodes.pc.services.0.policies.0.scope',
      'outsid',
      "nodes.pc.services[0].policies.p.scope: there is no scope 'outsid'; did you mean 'outside'?",
    ],
    [
      'nodes.pc.services.2.certificate',
      'web',
      "nodes.pc.services[2].certificate: there is no certificate on this node 'web' (there is ike)",
    ],
    [
      'nodes.pc.services.4.certificate',
      'ikev2',
      "nodes.pc.services[4].certificate: there is no certificate on this node 'ikev2' (there is ike)",
    ],
    [
      'nodes.pc.certificates.0.issuer',
      'rot',
      "nodes.pc.certificates.ike.issuer: there is no authority 'rot'; did you mean 'root'?",
    ],
    [
      'nodes.pc.trusts',
      ['constructor'],
      "nodes.pc.trusts[0]: there is no authority 'constructor' (there is root, issuing)",
    ],
    [
      'nodes.cabinet.trunks.0.to',
      'pcc',
      "nodes.cabinet.trunks[0].to: there is no node 'pcc'; did you mean 'pc'?",
    ],
    [
      'nodes.cabinet.trunks.0.to',
      'cabinet',
      "nodes.cabinet.trunks[0].to: 'cabinet' is a switch: a trunk leads to a node with interfaces",
    ],
    [
      'nodes.cabinet.trunks.0.allows',
      ['wan'],
      "nodes.cabinet.trunks[0].allows[0]: 'wan' is not among this switch's networks",
    ],
    [
      'nodes.edge.filter.rules.0.from',
      'insde',
      "nodes.edge.filter.rules.everything.from: there is no network or zone 'insde'; did you mean 'inside'?",
    ],
    [
      'nodes.edge.filter.zones.inside',
      ['x'],
      "nodes.edge.filter.zones.inside[0]: there is no network 'x' (there is lan, wan)",
    ],
    [
      'nodes.router.nat.outside',
      'wan',
      "nodes.router.nat.outside: this node has no interface on 'wan'",
    ],
    [
      'authorities.issuing.publishedOn',
      'ca2',
      "authorities.issuing.publishedOn: there is no node 'ca2' (there is pc, edge, router, cabinet)",
    ],
    [
      'authorities.issuing.publishedOn',
      'cabinet',
      "authorities.issuing.publishedOn: 'cabinet' is a switch: it serves no files",
    ],
    [
      'authorities.root.issuer',
      'issuing',
      'authorities.root.issuer: is a circle of issuers: root → issuing → root; a root has none',
    ],
    [
      'nodes.vpn-gw',
      host,
      "nodes.vpn-gw: 'vpn-gw' is not a name for a node or network: write a camelCase identifier, such as vpnGw",
    ],
    ['nodes.lab', host, "nodes.lab: 'lab' is taken: stories get it from vitest"],
    ['nodes.switch', host, "nodes.switch: 'switch' is a reserved word of JavaScript"],
    [
      'networks.DMZ',
      { prefix: '10.9.0.0/16' },
      "networks.DMZ: 'DMZ' is not a name for a node or network: write a camelCase identifier, such as dmz",
    ],
    // Numbers.
    [
      'nodes.edge.filter.rules.0.udp',
      [70_000],
      'nodes.edge.filter.rules.everything.udp[0]: 70000 is above 65535',
    ],
    [
      'nodes.edge.filter.rules.0.udp',
      [[5, 4]],
      'nodes.edge.filter.rules.everything.udp[0]: the range begins at 5, after its end 4',
    ],
    [
      'nodes.edge.filter.rules.0.udp',
      ['500'],
      "nodes.edge.filter.rules.everything.udp[0]: '500' is not a number or a pair",
    ],
    ['nodes.pc.services.3.tcp', [0], 'nodes.pc.services.l.tcp[0]: 0 is below 1'],
    ['networks.lan.vlan', 4095, 'networks.lan.vlan: 4095 is above 4094'],
    ['networks.lan.loss', 1.5, 'networks.lan.loss: 1.5 is above 1'],
    ['networks.lan.latency', -5, 'networks.lan.latency: is negative: a delay is 0 or more'],
    [
      'networks.lan.latency',
      0.5,
      'networks.lan.latency: 0.5 is not a duration: write ms(20), seconds(3), minutes(5), hours(8) or days(366)',
    ],
    ['networks.lan.mtu', 60, 'networks.lan.mtu: 60 is below 68'],
    ['nodes.edge.filter.sessions.udp', 0, 'nodes.edge.filter.sessions.udp: must be longer than 0'],
    [
      'nodes.pc.certificates.0.validFor',
      -1,
      'nodes.pc.certificates.ike.validFor: must be longer than 0',
    ],
    ['start', '2026-02-30', "start: '2026-02-30' is not a date such as 2026-03-02T08:00:00Z (UTC)"],
    // Rules.
    [
      'nodes.edge.filter.rules',
      [rule, rule],
      "nodes.edge.filter.rules.everything.name: there is another rule 'everything' here",
    ],
    [
      'nodes.edge.filter.nat.0.to',
      'wan',
      'nodes.edge.filter.nat.in.to: dnat comes before routing, so nobody knows yet where the packet leaves',
    ],
    [
      'nodes.edge.filter.nat.1.from',
      'lan',
      'nodes.edge.filter.nat.out.from: snat comes after routing and knows only where packets leave',
    ],
    [
      'nodes.edge.filter.rules.0.hook',
      'input',
      'nodes.edge.filter.rules.everything.to: a packet at the input hook leaves by no network',
    ],
    [
      'nodes.edge.filter.rules.0.verdict',
      'acept',
      "nodes.edge.filter.rules.everything.verdict: 'acept' is not one of accept, drop, continue; did you mean 'accept'?",
    ],
    [
      'nodes.edge.filter.rules.0.verdict',
      { reject: 'tcp-rst' },
      "nodes.edge.filter.rules.everything.verdict.reject: 'tcp-rst' is not one of port-unreachable, host-unreachable, net-unreachable, proto-unreachable, host-prohibited, net-prohibited, admin-prohibited, tcp-reset; did you mean 'tcp-reset'?",
    ],
    [
      'nodes.edge.filter.rules.0.source',
      '10.0.0.1/24',
      "nodes.edge.filter.rules.everything.source: '10.0.0.1/24' has host bits set; did you mean 10.0.0.0/24?",
    ],
    [
      'nodes.edge.filter.rules.0.tcpFlags',
      { mask: ['syn'], set: ['ack'] },
      "nodes.edge.filter.rules.everything.tcpFlags: 'ack' is in set and not in mask: it could never match",
    ],
    [
      'nodes.router.nat.forwards',
      [{ name: 'f', toAddress: '10.0.0.2' }],
      'nodes.router.nat.forwards.f: forwards nothing: give it a udp or a tcp port',
    ],
    // Services and the rest.
    [
      'nodes.pc.services.1.pool',
      ['10.0.0.200', '10.0.0.100'],
      "nodes.pc.services.lan.pool: '10.0.0.200' comes after '10.0.0.100'",
    ],
    [
      'nodes.pc.services.1.pool',
      ['10.0.0.200'],
      'nodes.pc.services.lan.pool: has 1 entries, not 2',
    ],
    [
      'nodes.pc.services.1.network',
      'wan',
      "nodes.pc.services.wan.network: this node has no interface on 'wan', and no relay agent is there",
    ],
    [
      'nodes.pc.services.2.pages',
      { index: 'x' },
      "nodes.pc.services[2].pages.index: 'index' is not a path: begin with '/'",
    ],
    [
      'nodes.pc.services.0.service',
      'dnsserver',
      "nodes.pc.services[0].service: 'dnsserver' is not one of dns-server, dhcp-server, dhcp-relay, web-server, listener, vpn-gateway, nps, domain-controller; did you mean 'dns-server'?",
    ],
    [
      'nodes.pc.services.0',
      {
        service: 'nps',
        networkPolicies: [{ name: 'p', access: 'grant', allowedCertificateOids: ['clientAuth'] }],
      },
      "nodes.pc.services[0].networkPolicies.p.allowedCertificateOids[0]: 'clientAuth' is not an object identifier such as 1.3.6.1.4.1.311.21.8.1.2.3",
    ],
    [
      'nodes.pc.services.0',
      { service: 'vpn-gateway', deviceTunnel: { rootCertificateNames: ['Contoso'] } },
      "nodes.pc.services[0].deviceTunnel.rootCertificateNames[0]: 'Contoso' is not a distinguished name such as CN=Contoso Root CA",
    ],
    [
      'nodes.pc.kind',
      'hots',
      "nodes.pc.kind: 'hots' is not one of host, firewall, nat-router, switch; did you mean 'host'?",
    ],
    ['nodes.pc.gatway', 'x', "nodes.pc.gatway: unknown key 'gatway'"],
    [
      'nodes.pc.interfaces.0.gatway',
      'x',
      "nodes.pc.interfaces.lan.gatway: unknown key 'gatway'; did you mean 'gateway'?",
    ],
    ['nodes.pc.roams', 'wan', "nodes.pc.roams: 'wan' is not a list"],
    [
      'nodes.pc.profiles.user',
      './p.xml',
      "nodes.pc.profiles.user: './p.xml' is not a file: write sourceFile(import.meta.url, './name')",
    ],
    [
      'zones.corp.origin',
      'corp.contoso.com.',
      "zones.corp.origin: 'corp.contoso.com.' ends in a dot: write 'corp.contoso.com'",
    ],
    [
      'zones.corp.origin',
      'a..b',
      "zones.corp.origin: 'a..b' is not a domain name: a label is empty",
    ],
    [
      'authorities.root.subject',
      'Root',
      "authorities.root.subject: 'Root' is not a distinguished name such as CN=Contoso Root CA",
    ],
    [
      'authorities.issuing.crlUrls',
      ['pki/x.crl'],
      "authorities.issuing.crlUrls[0]: 'pki/x.crl' is not a URL such as http://pki.contoso.com/root.crl",
    ],
  ])('%s = %j', ([path, value, told]) => {
    expect(complaints(path, value)).toContain(told)
  })

  test('a network without a vlan rides no trunk, and two networks of one vlan share no switch', () => {
    expect(complaints('networks.lan.vlan', undefined)).toEqual([
      "nodes.cabinet.trunks[0].allows[0]: 'lan' has no vlan: give networks.lan the number of its tag",
    ])
    const twice = structuredClone(everything) as unknown as {
      networks: Record<string, NetworkSpec>
      nodes: { cabinet: { networks: string[] } }
    }
    twice.networks['wan'] = { prefix: '192.0.2.0/24', vlan: 10 }
    twice.nodes.cabinet.networks = ['lan', 'wan']
    expect(validateTopology(twice as unknown as Topology).map(({ message }) => message)).toEqual([
      "'wan' and 'lan' are both VLAN 10: on one switch that is one network",
    ])
  })

  test('values out of range do not hide names that do not exist', () => {
    const broken = structuredClone(everything) as unknown as {
      networks: { lan: { vlan: number } }
      nodes: { pc: { trusts: string[] } }
    }
    broken.networks.lan.vlan = 5000
    broken.nodes.pc.trusts = ['rooot']
    expect(validateTopology(broken as unknown as Topology)).toHaveLength(2)
  })
})

describe('what a real site can contain builds, however wrong', () => {
  test.for<[why: string, path: string, value: unknown]>([
    ['an address outside its network', 'nodes.pc.interfaces.0.address', '192.168.7.7'],
    ['an address that another node has', 'nodes.edge.interfaces.0.address', '10.0.0.1'],
    ['overlapping networks', 'networks.wan.prefix', '10.0.0.0/8'],
    ['a gateway nobody has', 'nodes.pc.interfaces.0.gateway', '172.16.0.1'],
    ['a VLAN missing on the trunk', 'nodes.cabinet.trunks.0.allows', []],
    ['no interface at all', 'nodes.edge.interfaces', []],
    ['a DHCP pool outside the network', 'nodes.pc.services.1.pool', ['192.168.0.1', '192.168.0.9']],
    ['a star in a group policy namespace', 'nodes.pc.groupPolicyNrpt', [{ namespace: '*.corp' }]],
    ['no rules', 'nodes.edge.filter.rules', []],
    ['an undefined field', 'nodes.pc.suffixSearchList', undefined],
  ])('%s', ([, path, value]) => {
    const told = complaints(path, value).filter((line) => !line.includes('no interface on'))
    expect(told).toEqual([])
  })

  test('two default gateways', () => {
    const nics = [nic, { ...nic, network: 'wan', address: '192.0.2.9', gateway: '192.0.2.1' }]
    expect(complaints('nodes.edge.interfaces', nics)).toEqual([])
  })
})
