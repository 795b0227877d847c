/** `sallyport authenticate` on Contoso: who is let in, who is not and why, and what is refused as wrong use. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { emptyFolder, startedFolder, type Ran } from './sallyport.ts'

const CONTOSO = fileURLToPath(new URL('../../topologies/contoso/topology.ts', import.meta.url))

function run(...args: readonly string[]): Ran {
  using folder = emptyFolder()
  return folder.run('authenticate', CONTOSO, ...args)
}

test('who may come in: exit 0, with the policy, the keys and the events', () => {
  const ran = run('--client', 'laptop', '--json')
  expect(ran.status).toBe(0)
  expect(JSON.parse(ran.stdout)).toMatchObject({
    on: 'gateway',
    user: 'ada@corp.contoso.com',
    method: 'PEAP with EAP-TLS',
    outcome: 'accepted',
    server: 'nps1',
    keysAgree: true,
    nps: { event: 6272, reason: 0, networkPolicy: 'Virtual Private Network (VPN) Connections' },
  })
})

test('who may not: exit 1, the reason, the policy that was passed over, and what the client shows', () => {
  const ran = run('--user', 'eve', '--method', 'peap-mschapv2')
  expect(ran.status).toBe(1)
  expect(ran.stdout).toContain('reason 48')
  expect(ran.stdout).toContain('User Groups wants VPN Users')
  expect(ran.stdout).toContain('error 812')
  expect(ran.stdout).toContain('6273')
})

test('a client that has nothing to show says so, and sends nothing', () => {
  const ran = run('--client', 'officePc', '--user', 'ada', '--json')
  expect(ran.status).toBe(1)
  expect(JSON.parse(ran.stdout)).toMatchObject({
    outcome: 'not-attempted',
    requests: 0,
    windows: { code: '798' },
  })
})

test.for<[args: readonly string[], complaint: RegExp]>([
  [
    ['--client', 'lapto'],
    /--client 'lapto' is no node of topology 'contoso'; did you mean 'laptop'/,
  ],
  [['--on', 'nps1', '--user', 'ada'], /--on 'nps1' asks no RADIUS server/],
  [['--user', 'ada', '--method', 'peap'], /--method 'peap' is none of profile, peap-tls/],
  [[], /who comes in\? Give --client/],
  [['--user', 'adda'], /there is no user 'adda'/],
  [['--user', 'ada', '--against', 'nowhere'], /'nowhere' is not an IPv4 address/],
  [['--user', 'ada', '--against', '192.0.2.7'], /without --expose/],
  [
    ['--user', 'ada', '--against', '127.0.0.1', '--secret-file', 'none.txt'],
    /--secret-file cannot be read/,
  ],
])('%j is refused in one line', ([args, complaint]) => {
  const ran = run(...args)
  expect(ran.status).toBe(2)
  expect(ran.complaints).toHaveLength(1)
  expect(ran.complaints[0]).toMatch(complaint)
})

test('a topology without a gateway that asks is refused', () => {
  using folder = startedFolder()
  const ran = folder.run('authenticate', 'topology.ts', '--user', 'ada')
  expect(ran.status).toBe(2)
  expect(ran.complaints[0]).toContain('asks a RADIUS server')
})
