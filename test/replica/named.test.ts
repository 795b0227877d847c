import { expect, test } from 'vitest'
import { renderNamed } from '../../src/replica/render/named.ts'
import type { DnsServerSpec } from '../../src/topology/services.ts'
import { fileOf, HEAD } from '../engine/dns/zones.ts'

const zones = {
  outside: { origin: 'contoso.com', file: fileOf(HEAD) },
  inside: { origin: 'contoso.com', file: fileOf(`${HEAD}www A 10.0.0.1\r\n`) },
}
const render = (spec: Omit<DnsServerSpec, 'service'>) =>
  renderNamed({
    spec: { service: 'dns-server', ...spec },
    zones,
    listen: { address: '10.0.0.53', port: 53 },
    directory: '/srv/dns',
  })

test('zones are rendered octet for octet, beside a configuration that names them', () => {
  const { files, notRendered } = render({ zones: ['outside'] })
  expect(files.map((file) => file.name)).toEqual(['named.conf', 'outside.zone'])
  expect(files[1]!.text).toBe(HEAD)
  expect(files[0]!.text).toContain('zone "contoso.com" { type primary; file "outside.zone"; };')
  expect(files[0]!.text).toContain('recursion no;')
  expect(notRendered).toEqual([])
})

test('a scope that a policy chooses becomes a view before the default one', () => {
  const conf = render({
    zones: ['outside'],
    scopes: { internal: 'inside' },
    policies: [{ name: 'split', action: 'allow', serverInterface: '10.0.0.53', scope: 'internal' }],
  }).files[0]!.text
  expect(conf.indexOf('view "split"')).toBeLessThan(conf.indexOf('view "default-scope"'))
  expect(conf).toContain('match-destinations { 10.0.0.53; };')
  expect(conf).toMatch(/view "split" \{[^}]*\}[^}]*\}[^}]*file "inside.zone"/)
})

test('a policy that BIND cannot be told is said, not lost', () => {
  const { notRendered } = render({
    zones: ['outside'],
    policies: [{ name: 'by name', action: 'deny', fqdn: '*.contoso.com' }],
  })
  expect(notRendered).toEqual([
    "policy 'by name': BIND's views do not know the criterion fqdn *.contoso.com",
  ])
})

test('forwarders and conditional forwarders are rendered where recursion is on', () => {
  const conf = render({
    recursion: true,
    forwarders: ['9.9.9.9'],
    conditionalForwarders: { 'corp.example': ['10.0.0.6'] },
  }).files[0]!.text
  expect(conf).toContain('forwarders { 9.9.9.9; };')
  expect(conf).toContain(
    'zone "corp.example" { type forward; forward only; forwarders { 10.0.0.6; }; };',
  )
})
