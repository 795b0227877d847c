/** `check`, `probe`, `resolve` and `chain` on the topology that `init` writes. */
import { expect, test } from 'vitest'
import { startedFolder, type Ran } from './sallyport.ts'

const json = (ran: Ran): Record<string, unknown> =>
  JSON.parse(ran.stdout) as Record<string, unknown>

test('probe: a forwarded port is answered, and the output names what was aimed at', () => {
  using folder = startedFolder()
  const args = ['probe', 'topology.ts', '--from', 'laptop', '--to', 'gateway']
  const ran = folder.run(...args, '--udp', '4500', '--json')
  expect(ran.status).toBe(0)
  expect(json(ran)).toMatchObject({
    target: expect.stringContaining('203.0.113.10') as string,
    disposition: 'delivered',
    replied: true,
  })
  const people = folder.run(...args, '--udp', '4500', '--trace')
  expect(people.stdout).toContain('203.0.113.10')
})

test('probe: a closed port dies at the firewall, by its rule', () => {
  using folder = startedFolder()
  const ran = folder.run(
    'probe',
    'topology.ts',
    '--from',
    'laptop',
    '--to',
    '203.0.113.11',
    '--tcp',
    '22',
    '--json',
  )
  expect(ran.status).toBe(1)
  expect(json(ran)).toMatchObject({ disposition: 'denied', at: 'edgeFirewall', replied: false })
})

test('resolve: 0 for NOERROR, 1 for anything else', () => {
  using folder = startedFolder()
  const good = folder.run('resolve', 'topology.ts', '--on', 'laptop', 'vpn.example.com', '--json')
  expect(good.status).toBe(0)
  expect(json(good)).toMatchObject({
    rcode: 'NOERROR',
    answers: [{ type: 'A', data: '203.0.113.10' }],
    servers: ['192.168.1.1'],
    nrptRule: null,
  })
  const bad = folder.run('resolve', 'topology.ts', '--on', 'laptop', 'nope.example.com')
  expect(bad.status).toBe(1)
  expect(bad.stdout).toContain('NXDOMAIN')
})

test('chain: good today, expired in two years', () => {
  using folder = startedFolder()
  const args = ['chain', 'topology.ts', '--on', 'laptop', '--of', 'gateway:ike', '--json']
  const good = folder.run(...args)
  expect(good.status).toBe(0)
  expect(json(good)).toMatchObject({
    valid: true,
    path: [{ subject: 'CN=vpn.example.com' }, { subject: 'CN=Example Root CA' }],
    failures: [],
  })
  const late = folder.run(...args, '--as', 'ike-client', '--at', '2028-03-02')
  expect(late.status).toBe(1)
  expect(json(late)).toMatchObject({
    valid: false,
    failures: [{ code: 'pki/certificate-expired', subject: 'CN=vpn.example.com' }],
  })
})

test('check: findings with their places; an error does not hold', () => {
  using folder = startedFolder()
  expect(folder.run('check', 'topology.ts', 'user-tunnel.xml').status).toBe(0)
  folder.edit('topology.ts', "address: '10.10.0.8',", "address: '10.10.0.6',")
  const ran = folder.run('check', 'topology.ts', '--json')
  expect(ran.status).toBe(1)
  expect(json(ran)['findings']).toContainEqual({
    rule: 'NET-01',
    severity: 'error',
    message: 'ca1 and dc1 both have 10.10.0.6 on corp',
    fix: expect.any(String) as string,
    at: {
      file: 'topology.ts',
      line: expect.any(Number) as number,
      column: expect.any(Number) as number,
    },
  })
})
