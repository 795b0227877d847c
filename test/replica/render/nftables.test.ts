/** The text that a Linux router would load. Whether it means the same as the twin is for the kernel judge to say. */
import { expect, test } from 'vitest'
import { minutes, seconds } from '../../../src/base/time.ts'
import { renderNftables, renderSysctls } from '../../../src/replica/render/nftables.ts'
import {
  allow,
  allowEstablished,
  deny,
  reject,
  type FilterSpec,
} from '../../../src/topology/firewall.ts'

const lines = (spec: FilterSpec): readonly string[] =>
  renderNftables(spec, { defaultHook: 'forward', interfaceOf: (network) => `if-${network}` })
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.includes('comment'))

test('rules in order, each with its counter and its name, and the policy last', () => {
  const spec: FilterSpec = {
    zones: { inner: ['corp', 'dmz'] },
    rules: [
      allowEstablished(),
      allow('ike', { from: 'internet', udp: [500, 4500], destination: '192.0.2.10' }),
      reject('no "quotes"', 'admin-prohibited', { to: 'inner', tcp: [[1, 1023]], log: true }),
    ],
  }
  expect(lines(spec)).toEqual([
    'counter drop comment "default input"',
    'ct state established,related counter accept comment "established"',
    'iifname "if-internet" ip daddr 192.0.2.10 meta l4proto udp udp dport { 500, 4500 } counter accept comment "ike"',
    `oifname { "if-corp", "if-dmz" } meta l4proto tcp tcp dport 1-1023 counter log prefix "no 'quotes': " reject with icmp admin-prohibited comment "no 'quotes'"`,
    'counter drop comment "default forward"',
    'counter accept comment "default output"',
  ])
})

test('negated prefixes become ranges, alternatives become lines, contradictions vanish', () => {
  const spec: FilterSpec = {
    rules: [
      deny('all but', { source: '!10.0.0.0/8' }),
      deny('either', { udp: [53], tcp: [53] }),
      deny('icmp', { icmp: [8, [3, 4], [8, 0]] }),
      deny('never', { protocol: 'tcp', udp: [53] }),
    ],
  }
  expect(lines(spec).slice(1, -2)).toEqual([
    'ip saddr { 0.0.0.0-9.255.255.255, 11.0.0.0-255.255.255.255 } counter drop comment "all but"',
    'meta l4proto udp udp dport 53 counter drop comment "either"',
    'meta l4proto tcp tcp dport 53 counter drop comment "either"',
    'icmp type { 8 } counter drop comment "icmp"',
    'icmp type 3 icmp code 4 counter drop comment "icmp"',
  ])
})

test('translations: ports only where a protocol has some', () => {
  const spec: FilterSpec = {
    rules: [],
    nat: [
      { kind: 'dnat', name: 'web', destination: '192.0.2.10', toAddress: '10.0.0.5', toPort: 443 },
      { kind: 'snat', name: 'out', to: 'internet', toAddress: '192.0.2.1', toPorts: [1024, 2047] },
      { kind: 'masquerade', name: 'hide' },
    ],
  }
  expect(lines(spec).slice(0, 5)).toEqual([
    'ip daddr 192.0.2.10 meta l4proto udp counter dnat to 10.0.0.5:443 comment "web"',
    'ip daddr 192.0.2.10 meta l4proto tcp counter dnat to 10.0.0.5:443 comment "web"',
    'oifname "if-internet" meta l4proto udp counter snat to 192.0.2.1:1024-2047 comment "out"',
    'oifname "if-internet" meta l4proto tcp counter snat to 192.0.2.1:1024-2047 comment "out"',
    'oifname "if-internet" counter snat to 192.0.2.1 comment "out"',
  ])
})

test('timeouts that are set become sysctls in seconds', () => {
  const spec: FilterSpec = { rules: [], sessions: { udp: seconds(20), tcpTimeWait: minutes(1) } }
  expect(renderSysctls(spec)).toBe(
    'net.netfilter.nf_conntrack_udp_timeout = 20\nnet.netfilter.nf_conntrack_tcp_timeout_time_wait = 60\n',
  )
})
