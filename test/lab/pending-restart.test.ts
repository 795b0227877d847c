/** A change of the gateway's settings waits until RemoteAccess starts again; what does not depend on the service counts at once. */
import { expect, test } from 'vitest'
import { buildLab } from '../../src/lab/build.ts'
import { withRemoteAccess, withVpnGateway } from '../../src/topology/edit-gateway.ts'
import { withRadiusServer } from '../../src/topology/edit-nps.ts'
import { compose, withCertificate } from '../../src/topology/edit.ts'
import { holding, type ContosoEdit } from '../../scenarios/stories/certificate-edits.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

function labOf() {
  const built = buildLab(contoso)
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  return built.value
}

const noEap: ContosoEdit = withVpnGateway('gateway', {
  authentication: ['certificate'],
  ports: { ikev2: 7 },
})

test('a change waits, by name, and the gateway goes on as before', async () => {
  const lab = labOf()
  const { gateway, laptop } = lab.nodes
  lab.apply(noEap)
  expect(gateway.pendingRestart()).toEqual(['authentication', 'ports'])
  expect((await laptop.connect()).outcome).toBe('connected')
  const notes = lab.trace.ofKind('script').map(({ text }) => text)
  expect(notes.at(-1)).toContain('waits for a restart (authentication, ports)')
})

test.each([
  [
    'a restart of the service',
    (lab: ReturnType<typeof labOf>) => lab.restartService('gateway', 'RemoteAccess'),
  ],
  ['a boot', (lab: ReturnType<typeof labOf>) => lab.reboot('gateway')],
] as const)('%s brings it into force, and puts out who was in', async (_what, restart) => {
  const lab = labOf()
  const { gateway, laptop } = lab.nodes
  await laptop.connect()
  lab.apply(noEap)
  restart(lab)
  expect(gateway.pendingRestart()).toEqual([])
  await laptop.disconnect()
  expect(await laptop.connect()).toMatchObject({ failure: 'method-not-accepted' })
})

test('so does a service that is stopped and started', async () => {
  const lab = labOf()
  const { gateway, laptop } = lab.nodes
  lab.apply(noEap)
  const stop = lab.apply(withRemoteAccess('gateway', 'stopped'))
  expect(gateway.pendingRestart()).toEqual([])
  expect(() => lab.restartService('gateway', 'RemoteAccess')).toThrow(
    'gateway runs no RemoteAccess',
  )
  stop[Symbol.dispose]()
  expect(gateway.pendingRestart()).toEqual([])
  expect((await laptop.connect()).outcome).toBe('failed')
})

test('a change that is taken back waits no more; one that was in force waits to go', () => {
  const lab = labOf()
  const { gateway } = lab.nodes
  const change = lab.apply(noEap)
  change[Symbol.dispose]()
  expect(gateway.pendingRestart()).toEqual([])
  const again = lab.apply(noEap)
  lab.restartService('gateway', 'RemoteAccess')
  again[Symbol.dispose]()
  expect(gateway.pendingRestart()).toEqual(['authentication', 'ports'])
})

test('certificates and RADIUS servers count at once, beside what waits', async () => {
  const lab = labOf()
  const { gateway, laptop } = lab.nodes
  lab.apply(withVpnGateway('gateway', { ports: { ikev2: 7 } }))
  lab.apply(
    withCertificate('gateway', 'ike', {
      request: { subject: 'CN=other', dns: ['other.contoso.com'] },
    }),
  )
  lab.apply(withRadiusServer('gateway', { score: 7 }))
  expect(gateway.pendingRestart()).toEqual(['ports'])
  expect(await laptop.connect()).toMatchObject({ failure: 'server-certificate-rejected' })
})

test('what waits must be good all the same', () => {
  const lab = labOf()
  expect(() => lab.apply(withVpnGateway('gateway', { pool: '10.0.0.0/99' }))).toThrow(
    'cannot be built',
  )
  expect(lab.nodes.gateway.pendingRestart()).toEqual([])
})

test('what is in force and rests on something that is gone does not hold it back', () => {
  const lab = labOf()
  const spare = { name: 'spare', template: 'vpnServer', request: { subject: 'CN=spare' } }
  const bound = lab.apply(
    compose(
      holding('gateway', spare),
      withVpnGateway('gateway', { sstp: true, sstpCertificate: 'spare' }),
    ),
  )
  lab.restartService('gateway', 'RemoteAccess')
  bound[Symbol.dispose]()
  expect(lab.nodes.gateway.pendingRestart()).toEqual([])
})

test('a tunnel outlives a change that waits', async () => {
  const lab = labOf()
  const { laptop } = lab.nodes
  await laptop.connect()
  lab.apply(withVpnGateway('gateway', { pool: '10.77.0.0/24' }))
  expect((await laptop.get('http://intranet.corp.contoso.com/')).status).toBe(200)
})

test('only a gateway has a service to restart', () => {
  expect(() => labOf().restartService('nps1', 'RemoteAccess')).toThrow('nps1 runs no RemoteAccess')
})
