/** Which containers a topology becomes, how they are wired, and who signs in how. Whether it works is for an engine to say (`npm run oracle -- replica`). */
import { describe, expect, test } from 'vitest'
import { fromUtf8 } from '../../src/base/bytes.ts'
import { planReplica, type ReplicaOptions, type ReplicaPlan } from '../../src/replica/plan.ts'
import { edit, withProfileText, type Edit } from '../../src/topology/edit.ts'
import { withVpnGateway } from '../../src/topology/edit-gateway.ts'
import { withNetworkPolicy } from '../../src/topology/edit-nps.ts'
import { host, topology, type Topology } from '../../src/topology/topology.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

function planned(change?: Edit, options: ReplicaOptions = {}): ReplicaPlan {
  const plan = planReplica(change?.apply(contoso) ?? contoso, options)
  if (!plan.ok) throw new Error(plan.error.map(({ message }) => message).join('\n'))
  return plan.value
}

const refusal = (written: Topology, options: ReplicaOptions = {}): string => {
  const plan = planReplica(written, options)
  return plan.ok ? 'planned' : plan.error.map(({ message }) => message).join('\n')
}

const textOf = ({ nodes }: ReplicaPlan, node: string, name: string): string => {
  const found = nodes.find((each) => each.name === node)?.files.find((file) => file.name === name)
  if (found === undefined) throw new Error(`${node} has no ${name}`)
  return fromUtf8(found.bytes)
}

const MSCHAPV2 = { eap: [{ type: 'peap', inner: ['mschapv2', 'tls'] }] } as const
const POLICY = 'Virtual Private Network (VPN) Connections'

describe('who is in a replica', () => {
  test('the client, and all others that stand still; routers with nobody behind are not', () => {
    const { nodes, networks } = planned()
    expect(nodes.map(({ name, role }) => `${name} ${role}`)).toEqual([
      'laptop client',
      'homeRouter router',
      'internet router',
      'rootDns dns',
      'publicDns dns',
      'ispDns dns',
      'edgeFirewall firewall',
      'gateway gateway',
      'innerFirewall firewall',
      'coreRouter router',
      'dc1 dns',
      'nps1 nps',
      'ca1 web',
      'intranet web',
    ])
    expect(networks).not.toContain('hotelLan')
    expect(networks).toContain('homeLan')
  })

  test('another client brings the routers that it is behind', () => {
    const { nodes } = planned(undefined, { client: 'hotelLaptop' })
    const names = nodes.map(({ name }) => name)
    expect(names).toContain('hotelRouter')
    expect(names).not.toContain('homeRouter')
    expect(names).not.toContain('laptop')
  })

  test('two address translations in a row are both there', () => {
    const named = edit('somebody signs in', (before) => ({
      ...before,
      nodes: {
        ...before.nodes,
        mobileLaptop: { ...before.nodes['mobileLaptop']!, users: ['ada'] },
      },
    }))
    const names = planned(named, { client: 'mobileLaptop' }).nodes.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['phone', 'carrier']))
  })

  test('who is left out is told', () => {
    expect(planned().notRendered).toContain('files is left out: no program stands for it')
    expect(planned().notRendered).toContain('dc1: nothing stands for its service domain-controller')
  })
})

describe('how it is wired', () => {
  test('interfaces have their addresses, routes and names in the order of the topology', () => {
    expect(textOf(planned(), 'edgeFirewall', 'interfaces')).toBe(
      [
        'address flush dev eth0',
        'address add 203.0.113.2/28 brd + dev eth0',
        'address add 203.0.113.10/28 brd + dev eth0',
        'address add 203.0.113.11/28 brd + dev eth0',
        'link set eth0 up',
        'address flush dev eth1',
        'address add 172.16.10.1/24 brd + dev eth1',
        'link set eth1 up',
        'address flush dev eth2',
        'address add 172.16.30.1/24 brd + dev eth2',
        'link set eth2 up',
        'route add default via 203.0.113.1 dev eth0',
        'route add 10.10.0.0/16 via 172.16.30.2',
        'route add 172.16.20.0/24 via 172.16.30.2',
        '',
      ].join('\n'),
    )
    const rules = textOf(planned(), 'edgeFirewall', 'nftables.conf')
    expect(rules).toMatch(
      /iifname "eth0" ip daddr 172\.16\.10\.10 meta l4proto udp udp dport 500 counter accept/,
    )
    expect(rules).toContain('oifname "eth0" counter masquerade')
  })

  test('a client has the first address that its DHCP server would give, with router and DNS', () => {
    const text = textOf(planned(), 'laptop', 'interfaces')
    expect(text).toContain('address add 192.168.1.100/24')
    expect(text).toContain('route add default via 192.168.1.1 dev eth0')
    expect(textOf(planned(), 'laptop', 'resolv.conf')).toBe('nameserver 192.168.1.1\n')
  })

  test('those forward who do so in the topology; a gateway answers ARP for its clients', () => {
    const forwards = planned().nodes.flatMap(({ name, sysctls }) =>
      sysctls['net.ipv4.ip_forward'] === '1' ? [name] : [],
    )
    expect(forwards).toEqual([
      'homeRouter',
      'internet',
      'edgeFirewall',
      'gateway',
      'innerFirewall',
      'coreRouter',
    ])
    const answering = planned().nodes.filter(
      ({ sysctls }) => 'net.ipv4.conf.all.proxy_arp' in sysctls,
    )
    expect(answering.map(({ name }) => name)).toEqual(['gateway'])
  })

  test('a RADIUS server that is a node is asked at its address', () => {
    expect(textOf(planned(), 'gateway', 'radius.conf')).toContain('address = "10.10.0.7"')
  })
})

describe('how the client signs in', () => {
  test('as its profile says, with the certificate that Windows would take', () => {
    const { client } = planned()
    expect(client).toEqual({
      node: 'laptop',
      gateway: 'vpn.contoso.com',
      proof: {
        kind: 'eap-tls',
        certificate: 'user',
        identity: 'ada@corp.contoso.com',
        serverName: 'nps1.corp.contoso.com',
      },
    })
  })

  test('NPS takes without PEAP what it takes inside, each once, and this is told', () => {
    const plan = planned(
      withNetworkPolicy('nps1', POLICY, { constraints: { authentication: MSCHAPV2 } }),
    )
    expect(plan.notRendered[0]).toBe(`policy '${POLICY}' takes mschapv2, tls without PEAP`)
    const text = textOf(plan, 'nps1', 'modules.conf')
    expect(text).toMatch(/eap eap_network_1 \{\n\tdefault_eap_type = peap/)
    expect(text).toContain('\n\tmschapv2 {')
    expect(text).toContain('\n\ttls {')
  })

  test('a password is in no file that is kept', () => {
    const plan = planned(
      withProfileText('laptop', (text) => text.replace('<Type>13</Type>', '<Type>26</Type>')),
    )
    expect(plan.client.proof).toMatchObject({ kind: 'eap-mschapv2' })
    const holders = plan.nodes
      .flatMap(({ files }) => files)
      .filter(({ bytes }) => fromUtf8(bytes).includes('Analytical-Engine-1843'))
    expect(holders.map(({ name }) => name)).toEqual(['swanctl/secrets.conf', 'accounts'])
    expect(holders.every(({ isMadeAtStart }) => isMadeAtStart === true)).toBe(true)
  })
})

describe('what cannot be a replica', () => {
  test.each([
    ['nobody signs in', { client: 'mobileLaptop' }, 'mobileLaptop: nobody signs in there'],
    ['no profile', { client: 'dc1' }, 'dc1: its ProfileXML names no server'],
  ])('%s', (_, options, line) => {
    expect(refusal(contoso, options)).toBe(line)
  })

  test('a network without a client', () => {
    const lan = topology({
      name: 'lan',
      start: '2026-03-02T08:00:00Z',
      networks: { lan: '10.0.0.0/24' },
      nodes: { pc: host({ lan: '10.0.0.2' }) },
    })
    expect(refusal(lan)).toBe('no host has a ProfileXML for its users')
  })

  test('a gateway that asks DHCP for its clients’ addresses', () => {
    const changed = withVpnGateway('gateway', { addressAssignment: 'dhcp', pool: undefined }).apply(
      contoso,
    )
    expect(refusal(changed)).toBe('a gateway without a static pool cannot be rendered')
  })
})
