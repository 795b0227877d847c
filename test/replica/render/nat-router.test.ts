/** A home router in the words of Linux. What Linux decides for itself is told, not written. */
import { expect, test } from 'vitest'
import { minutes } from '../../../src/base/time.ts'
import { natRouterFilter } from '../../../src/replica/render/nat-router.ts'
import { renderNftables, renderSysctls } from '../../../src/replica/render/nftables.ts'
import type { NatRouterSpec } from '../../../src/topology/firewall.ts'

const NETWORKS = ['lan', 'guests', 'wan']
const rulesOf = (spec: Omit<NatRouterSpec, 'outside'>): string =>
  renderNftables(natRouterFilter({ outside: 'wan', ...spec }, NETWORKS).filter, {
    defaultHook: 'forward',
  })

test('everything goes out behind the outside address, and only answers come in', () => {
  const rules = rulesOf({})
  expect(rules).toContain('oifname "wan" counter masquerade')
  expect(rules).toContain('iifname { "lan", "guests" } counter accept comment "nat-outbound"')
  expect(rules).toMatch(/chain forward \{\n.*policy drop/)
  expect(rules).toMatch(/chain input \{\n.*policy drop/)
  expect(rules).not.toContain('iifname "wan"')
})

test('a block names every port but those that pass, and comes before the answers', () => {
  const rules = rulesOf({
    blocks: [{ name: 'only-dns', protocol: 'udp', exceptPorts: [53, [500, 510]] }],
  })
  const drop = rules.split('\n').findIndex((line) => line.includes('drop comment "only-dns"'))
  const answers = rules.split('\n').findIndex((line) => line.includes('comment "nat-replies"'))
  expect(drop).toBeGreaterThan(0)
  expect(drop).toBeLessThan(answers)
  expect(rules).toContain('udp dport { 0-52, 54-499, 511-65535 }')
})

test('a forward is translated first, and let in at its port behind', () => {
  const rules = rulesOf({
    forwards: [{ name: 'web', tcp: 8080, toAddress: '192.168.1.20', toPort: 80 }],
  })
  expect(rules).toMatch(/iifname "wan" .*tcp dport 8080 counter dnat to 192\.168\.1\.20:80/)
  expect(rules).toMatch(/iifname "wan" ip daddr 192\.168\.1\.20 .*tcp dport 80 counter accept/)
})

test('idle times are those of the RFCs, or those of the router', () => {
  const { filter } = natRouterFilter({ outside: 'wan' }, NETWORKS)
  expect(renderSysctls(filter)).toBe(
    [
      'net.netfilter.nf_conntrack_udp_timeout = 120',
      'net.netfilter.nf_conntrack_udp_timeout_stream = 120',
      'net.netfilter.nf_conntrack_tcp_timeout_established = 7440',
      'net.netfilter.nf_conntrack_icmp_timeout = 60',
      '',
    ].join('\n'),
  )
  const short = natRouterFilter({ outside: 'wan', timeouts: { udp: minutes(1) } }, NETWORKS)
  expect(renderSysctls(short.filter)).toContain('udp_timeout = 60\n')
})

test('what Linux does another way is told', () => {
  const { notRendered } = natRouterFilter(
    {
      outside: 'wan',
      mapping: 'address-dependent',
      filtering: 'endpoint-independent',
      hairpinning: true,
      dropsFragments: true,
    },
    NETWORKS,
  )
  expect(notRendered).toEqual([
    'mapping is not address-dependent: Linux keeps the inside port wherever it is free',
    'filtering is address-and-port-dependent, not endpoint-independent',
    'no hairpinning',
    'fragments are let through',
  ])
  expect(natRouterFilter({ outside: 'wan' }, NETWORKS).notRendered).toEqual([])
})
