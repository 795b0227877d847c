import { describe, expect, test } from 'vitest'
import { days } from '../../src/base/time.ts'
import {
  compose,
  edit,
  moved,
  withAuthority,
  withCertificate,
  withGateway,
  withInterface,
  withoutAuthorityOn,
  withoutCrl,
  withoutNatRule,
  withoutRecord,
  withoutRoute,
  withoutRule,
  withoutTrunkVlan,
  withProfileText,
  withRecord,
  withRoute,
  withRule,
  withRuleChanged,
  type Edit,
} from '../../src/topology/edit.ts'
import { allow, deny } from '../../src/topology/firewall.ts'
import { ethernetSwitch, firewall, host, natRouter, topology } from '../../src/topology/topology.ts'
import { validateTopology } from '../../src/topology/validate.ts'

const text = (path: string, text: string) => ({ path, text, encoding: 'utf-8' }) as const

const site = topology({
  name: 'site',
  start: '2026-03-02',
  networks: { lan: { prefix: '10.0.0.0/24', vlan: 7 }, wan: '192.0.2.0/24' },
  zones: {
    corp: { origin: 'corp.contoso.com', file: text('corp.zone', '@ NS ns\nvpn A 10.0.0.1\n') },
  },
  authorities: {
    root: {
      subject: 'CN=Root',
      validFor: days(10),
      crlUrls: ['http://pc/x.crl'],
      publishedOn: 'pc',
    },
  },
  nodes: {
    pc: host(
      { lan: { address: '10.0.0.2', gateway: '10.0.0.1' } },
      {
        profiles: { user: text('p.xml', '<VPNProfile/>') },
        trusts: ['root'],
        certificates: [{ name: 'ike', issuer: 'root', subject: 'CN=vpn', validFor: days(1) }],
        firewall: { rules: [allow('ping', { icmp: [8] })] },
      },
    ),
    edge: firewall(
      { lan: '10.0.0.1', wan: '192.0.2.1' },
      {
        routes: [{ to: '0.0.0.0/0', via: '192.0.2.254' }],
        filter: {
          rules: [allow('ike', { from: 'wan', udp: [500] }), allow('dns', { udp: [53] })],
          nat: [{ kind: 'masquerade', name: 'out', to: 'wan' }],
        },
      },
    ),
    home: natRouter(
      { lan: '10.0.0.9' },
      { nat: { outside: 'lan', forwards: [{ name: 'rdp', tcp: 3389, toAddress: '10.0.0.2' }] } },
    ),
    cabinet: ethernetSwitch({ networks: ['lan'], trunks: [{ to: 'pc', allows: ['lan'] }] }),
  },
})
type Site = typeof site
type SiteEdit = Edit<'lan' | 'wan', keyof Site['nodes'], 'corp'>
const { pc, edge, home, cabinet } = site.nodes

describe('an edit says what it does, and does only that', () => {
  test.for<[change: SiteEdit, name: string, look: (changed: Site) => unknown, want: unknown]>([
    [withoutRule('edge', 'ike'), "edge loses rule 'ike'", (t) => rulesOf(t), ['dns']],
    [
      withoutRule('pc', 'ping'),
      "pc loses rule 'ping'",
      (t) => t.nodes.pc,
      { ...pc, firewall: { rules: [] } },
    ],
    [
      withRule('edge', deny('no-web', { tcp: [80] })),
      "edge gains rule 'no-web'",
      (t) => rulesOf(t),
      ['ike', 'dns', 'no-web'],
    ],
    [
      withRule('edge', deny('first'), { before: 'dns' }),
      "edge gains rule 'first' before 'dns'",
      (t) => rulesOf(t),
      ['ike', 'first', 'dns'],
    ],
    [
      withRuleChanged('edge', 'ike', { udp: [501], from: undefined }),
      "edge changes rule 'ike' (udp, from)",
      (t) => filterOf(t).rules[0],
      { name: 'ike', verdict: 'accept', udp: [501] },
    ],
    [withoutNatRule('edge', 'out'), "edge loses NAT rule 'out'", (t) => filterOf(t).nat, []],
    [
      withoutNatRule('home', 'rdp'),
      "home loses NAT rule 'rdp'",
      (t) => t.nodes.home,
      { ...home, nat: { outside: 'lan', forwards: [] } },
    ],
    [
      withRoute('pc', { to: '10.9.0.0/16', via: '10.0.0.7' }),
      'pc gains the route 10.9.0.0/16 via 10.0.0.7',
      (t) => t.nodes.pc,
      { ...pc, routes: [{ to: '10.9.0.0/16', via: '10.0.0.7' }] },
    ],
    [
      withoutRoute('edge', '0.0.0.0/0'),
      'edge loses the route to 0.0.0.0/0',
      (t) => t.nodes.edge,
      { ...edge, routes: [] },
    ],
    [
      withGateway('edge', 'lan', '10.0.0.99'),
      'edge has the default gateway 10.0.0.99 on lan',
      (t) => nicsOf(t, 'edge')[0],
      { network: 'lan', address: '10.0.0.1', gateway: '10.0.0.99' },
    ],
    [
      withGateway('pc', 'lan', undefined),
      'pc has no default gateway on lan',
      (t) => nicsOf(t, 'pc'),
      [{ network: 'lan', address: '10.0.0.2' }],
    ],
    [
      withInterface('edge', 'wan', { address: 'dhcp' }),
      'edge changes its interface on wan (address)',
      (t) => nicsOf(t, 'edge')[1],
      { network: 'wan', address: 'dhcp' },
    ],
    [
      moved('pc', 'wan'),
      'pc moves to wan',
      (t) => nicsOf(t, 'pc'),
      [{ network: 'wan', address: 'dhcp' }],
    ],
    [
      withoutTrunkVlan('cabinet', 'pc', 'lan'),
      'cabinet lets lan no longer through to pc',
      (t) => t.nodes.cabinet,
      { ...cabinet, trunks: [{ to: 'pc', allows: [] }] },
    ],
    [
      withRecord('corp', 'www A 10.0.0.5'),
      'zone corp gains www A 10.0.0.5',
      (t) => t.zones.corp.file.text,
      '@ NS ns\nvpn A 10.0.0.1\n$ORIGIN corp.contoso.com.\nwww A 10.0.0.5\n',
    ],
    [
      withoutRecord('corp', 'vpn', 'A'),
      'zone corp loses vpn A',
      (t) => t.zones.corp.file.text,
      '@ NS ns\n',
    ],
    [
      withCertificate('pc', 'ike', { dns: ['x'] }),
      "pc changes certificate 'ike' (dns)",
      (t) => t.nodes.pc,
      {
        ...pc,
        certificates: [
          { name: 'ike', issuer: 'root', subject: 'CN=vpn', validFor: days(1), dns: ['x'] },
        ],
      },
    ],
    [
      withAuthority('root', { validFor: days(3) }),
      'authority root changes (validFor)',
      (t) => t.authorities['root']?.validFor,
      days(3),
    ],
    [
      withoutCrl('root'),
      'nobody publishes the CRL of root',
      (t) => t.authorities['root'],
      { subject: 'CN=Root', validFor: days(10), crlUrls: ['http://pc/x.crl'] },
    ],
    [
      withoutAuthorityOn('pc', 'root'),
      'pc forgets authority root',
      (t) => t.nodes.pc,
      { ...pc, trusts: [], intermediates: [] },
    ],
    [
      withProfileText('pc', (xml) => `${xml}\n`),
      'pc changes the profile of its user tunnel',
      (t) => t.nodes.pc,
      { ...pc, profiles: { user: text('p.xml', '<VPNProfile/>\n') } },
    ],
    [
      compose(withoutRule('edge', 'ike'), withoutRule('edge', 'dns')),
      "edge loses rule 'ike', and edge loses rule 'dns'",
      (t) => rulesOf(t),
      [],
    ],
  ])('%j', ([change, name, look, want]) => {
    const before = structuredClone(site)
    const changed = change.apply(site)
    expect(change.name).toBe(name)
    expect(look(changed)).toEqual(want)
    expect(site).toEqual(before)
    expect(Object.isFrozen(changed.nodes.pc)).toBe(true)
    expect(validateTopology(changed)).toEqual([])
  })

  const filterOf = (t: Site) => {
    const node = t.nodes.edge
    if (node.kind !== 'firewall') throw new Error(node.kind)
    return node.filter
  }
  const rulesOf = (t: Site) => filterOf(t).rules.map(({ name }) => name)
  const nicsOf = (t: Site, name: 'pc' | 'edge') => {
    const node = t.nodes[name]
    return node.kind === 'switch' ? [] : node.interfaces
  }
})

describe('an edit that changes nothing throws, and names what was probably meant', () => {
  test.for<[change: SiteEdit, told: string]>([
    [withoutRule('edge', 'ikee'), "there is no rule on edge 'ikee'; did you mean 'ike'?"],
    [withoutRule('home', 'x'), 'home is a nat-router without filter rules'],
    [withoutNatRule('home', 'x'), "there is no port forward on home 'x' (there is rdp)"],
    [
      withRule('edge', deny('x'), { before: 'y' }),
      "there is no rule on edge 'y' (there is ike, dns)",
    ],
    [
      withRuleChanged('edge', 'ike', { udp: [500] }),
      "'edge changes rule 'ike' (udp)' changes nothing",
    ],
    [withoutRoute('pc', '10.0.0.0/8'), "there is no route on pc '10.0.0.0/8': none is defined"],
    [withGateway('edge', 'wan', undefined), "'edge has no default gateway on wan' changes nothing"],
    [
      withGateway('pc', 'wan', '10.0.0.1'),
      "there is no interface of pc on 'wan'; did you mean 'lan'?",
    ],
    [moved('pc', 'lan'), 'pc is on lan already'],
    [moved('edge', 'lan'), 'edge has 2 interfaces: only one can move'],
    [
      withRoute('cabinet', { to: '0.0.0.0/0', via: '10.0.0.1' }),
      'cabinet is a switch: it has no addresses',
    ],
    [
      withoutTrunkVlan('cabinet', 'edge', 'lan'),
      "there is no trunk on cabinet to 'edge' (there is pc)",
    ],
    [withoutTrunkVlan('pc', 'edge', 'lan'), 'pc is a host, not a switch'],
    [withoutRecord('corp', 'www', 'A'), "zone corp has no A record at 'www'"],
    [withCertificate('pc', 'nps', {}), "there is no certificate on pc 'nps' (there is ike)"],
    [withAuthority('rot', {}), "there is no authority 'rot'; did you mean 'root'?"],
    [withProfileText('pc', (xml) => xml, 'device'), 'pc has no profile for a device tunnel'],
    [edit('nothing', (t) => ({ ...t })), "'nothing' changes nothing"],
  ])('%j', ([change, told]) => {
    expect(() => change.apply(site)).toThrow(new RangeError(told))
  })

  test('a node that does not exist', () => {
    const change: Edit = withoutRule('egde', 'ike')
    expect(() => change.apply(site)).toThrow("there is no node 'egde'; did you mean 'edge'?")
  })
})
