/** `check` on ProfileXML files: by themselves, against a topology, and files that are none. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { changed, DEVICE, USER } from '../preflight/profile/profiles.ts'
import { emptyFolder, startedFolder } from './sallyport.ts'

test('findings begin with their place, and each says what to do; an error does not hold', () => {
  using folder = emptyFolder()
  folder.write(
    'device.xml',
    changed(DEVICE, [
      ['>SplitTunnel<', '>ForceTunnel<'],
      ['>10.10.0.6<', '>10.10.0.0<'],
      ['>32<', '>24<'],
    ]),
  )
  const ran = folder.run('check', 'device.xml')
  expect(ran.stdout.split('\n')).toEqual([
    'device.xml:8:24  L27  error  a device tunnel with ForceTunnel: not supported',
    '  fix  write <RoutingPolicyType>SplitTunnel</RoutingPolicyType>',
    'device.xml:13:36  L26  error  ForceTunnel, and DisableClassBasedDefaultRoute is true',
    '  fix  write false, or leave DisableClassBasedDefaultRoute out',
    'device.xml:15:3  L26  warning  ForceTunnel, and a Route that is no exclusion: everything goes through the tunnel anyway',
    '  fix  write <RoutingPolicyType>SplitTunnel</RoutingPolicyType>, or keep exclusion routes only',
    '11 rules want --topology FILE: skipped L07 L37; in part L05 L06 L10 L13 L17 L25 L43 L49 L50',
    '2 errors, 1 warning',
    '',
  ])
  expect(ran.stderr).toBe('')
  expect(ran.status).toBe(1)
})

test('warnings hold, unless they must not', () => {
  using folder = emptyFolder()
  folder.write('good.xml', USER)
  folder.write('unwise.xml', changed(USER, [['10.10.0.0', '10.10.0.1']]))
  expect(folder.run('check', 'good.xml', '--fail-on', 'info').status).toBe(0)
  expect(folder.run('check', 'good.xml', 'unwise.xml').status).toBe(0)
  expect(folder.run('check', 'good.xml', 'unwise.xml', '--fail-on', 'warning').status).toBe(1)
})

test('--json has findings and the rules that were skipped', () => {
  using folder = emptyFolder()
  folder.write('unwise.xml', changed(USER, [['10.10.0.0', '10.10.0.1']]))
  const document = JSON.parse(folder.run('check', 'unwise.xml', '--json').stdout) as unknown
  expect(document).toEqual({
    findings: [
      {
        rule: 'L48',
        severity: 'warning',
        message: '10.10.0.1/16 has host bits set',
        fix: 'write <Address>10.10.0.0</Address>',
        source: 'VPNv2 CSP, RouteList',
        edits: [{ line: 57, column: 14, remove: '10.10.0.1', insert: '10.10.0.0' }],
        at: { file: 'unwise.xml', line: 57, column: 14 },
      },
    ],
    skipped: expect.arrayContaining([
      { rule: 'L37', about: 'the suite is that of the gateway', skipped: 'all' },
      expect.objectContaining({ rule: 'L43', skipped: 'part' }),
    ]) as unknown,
  })
})

test('--topology: the same file, held against a network', () => {
  using folder = startedFolder()
  folder.edit('user-tunnel.xml', 'vpn.example.com', 'vnp.example.com')
  expect(folder.run('check', 'user-tunnel.xml').status).toBe(0)
  const ran = folder.run('check', 'user-tunnel.xml', '--topology', 'topology.ts')
  expect(ran.stdout).toMatch(
    /^user-tunnel\.xml:\d+:14 {2}L25 {2}error {2}public DNS has no address for vnp\.example\.com/,
  )
  expect(ran.stdout).not.toContain('--topology')
  expect(ran.status).toBe(1)
})

test.for<[args: readonly string[], told: RegExp]>([
  [['topology.ts', '--topology', 'topology.ts'], /topology\.ts: --topology goes with ProfileXML/],
  [['user-tunnel.xml', '--topology', 'none.ts'], /none\.ts: no such file/],
  [['none.xml'], /none\.xml: no such file/],
  [['latin.xml'], /latin\.xml:2:6: byte 0xE4 is not UTF-8 text/],
  [['laughs.xml'], /laughs\.xml:1:1: a document type \(DOCTYPE\) is not accepted/],
  [['twice.xml'], /twice\.xml:\d+:1: <\/VPNProfile> where <AlwaysOn> is open, from line 2/],
  [['script.xml'], /script\.xml:1:1: the file begins with '\$ProfileXML', not with an element/],
])('%j is refused in one line', ([args, told]) => {
  using folder = startedFolder()
  folder.write('laughs.xml', `<!DOCTYPE a [<!ENTITY b "c">]>\n${USER}`)
  folder.write('twice.xml', changed(USER, [['<AlwaysOn>', '<AlwaysOn><AlwaysOn>']]))
  folder.write('script.xml', `$ProfileXML = '${USER}'`)
  writeFileSync(
    path.join(folder.path, 'latin.xml'),
    Buffer.from('<VPNProfile>\n<!-- ä -->', 'latin1'),
  )
  const ran = folder.run('check', ...args)
  expect(ran.complaints).toEqual([expect.stringMatching(told)])
  expect(ran.stdout).toBe('')
  expect(ran.status).toBe(2)
})
