/** Relying parties as a lab has them: settings from the node, its profile and its domain; registry values from the last boot. */
import { expect, test } from 'vitest'
import { buildLab } from '../../src/lab/build.ts'
import { renderChain } from '../../src/lab/render-chain.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { withNode } from '../../src/topology/edit.ts'
import type { NpsRevocationSpec } from '../../src/topology/revocation.ts'
import type { ServiceSpec } from '../../src/topology/services.ts'
import type { NodeSpec } from '../../src/topology/topology.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

function labOf(): Lab {
  const built = buildLab(contoso)
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  return built.value
}

const withServices = (node: NodeSpec, change: (service: ServiceSpec) => ServiceSpec): NodeSpec =>
  node.kind === 'switch' ? node : { ...node, services: (node.services ?? []).map(change) }

const registry = (eapTls: NpsRevocationSpec) =>
  withNode('nps1', 'gets EAP registry values', (node) =>
    node.kind === 'switch' ? node : { ...node, revocation: { nps: { eapTls } } },
  )

test('the parties of the deployment accept what the deployment issues', async () => {
  const lab = labOf()
  for (const [on, of, profile] of [
    ['laptop', 'gateway', 'ike-client'],
    ['laptop', 'gateway', 'sstp-client'],
    ['laptop', 'nps1', 'peap-client'],
    ['nps1', 'laptop:user', 'nps-user'],
    ['gateway', 'laptop:device', 'gateway-device'],
  ] as const) {
    const report = await lab.nodes[on]!.judge(of, { profile })
    expect(report, `${profile} on ${on}`).toMatchObject({ valid: true, profile, failures: [] })
  }
})

test('a registry value counts when the server has rebooted, and the report says so until then', async () => {
  const lab = labOf()
  const judge = () => lab.nodes['nps1']!.judge('laptop:user', { profile: 'nps-user' })
  lab.pause('ca1')
  expect((await judge()).windows).toMatchObject({ code: '812', reason: { code: 259 } })
  using _ = lab.apply(registry({ ignoreRevocationOffline: true }))
  const before = await judge()
  expect(before.valid).toBe(false)
  expect(before.notes).toEqual([expect.stringContaining('counts when it has rebooted')])
  lab.reboot('nps1')
  const after = await judge()
  expect(after.valid).toBe(true)
  expect(after.tolerated?.map(({ code }) => code)).toContain('pki/crl-unreachable')
  expect(after.notes).toBeUndefined()
})

test('a list of roots that cannot be read lets nobody in, and does not let everybody in', async () => {
  const lab = labOf()
  using _ = lab.apply(
    withNode('gateway', 'accepts a root without a readable name', (node) =>
      withServices(node, (service) =>
        service.service === 'vpn-gateway'
          ? { ...service, deviceTunnel: { rootCertificateNames: ['XYZ=Contoso'] } }
          : service,
      ),
    ),
  )
  lab.restartService('gateway', 'RemoteAccess')
  const report = await lab.nodes['gateway']!.judge('laptop:device', { profile: 'gateway-device' })
  expect(report.failures.map(({ code }) => code)).toEqual(['pki/root-not-accepted'])
})

test('an assumption can be set otherwise, and the answer names it', async () => {
  const lab = labOf()
  lab.pause('ca1')
  const assume = { clientCodeWithoutCrl: '853' } as const
  const report = await lab.nodes['nps1']!.judge('laptop:user', { profile: 'nps-user', assume })
  expect(report.windows?.code).toBe('853')
  expect(report.restsOn).toEqual(['reasonOfUnreachableList', 'clientCodeWithoutCrl'])
  const lines = renderChain(report).join('\n')
  expect(lines).toContain('853 ERROR_EAP_USER_CERT_INVALID, NPS reason 259')
  expect(lines).toMatch(/logged +nps +event 6273/)
  expect(lines).toMatch(/rests on +reasonOfUnreachableList\n +clientCodeWithoutCrl/)
})

test('a node shows the certificates of its own stores: the user’s in EAP, the computer’s in a device tunnel', async () => {
  const { laptop, gateway, nps1, files } = labOf().nodes
  expect(await laptop!.selectCertificate('eap-tls')).toMatchObject({ selected: 'user' })
  const device = await laptop!.selectCertificate('device-tunnel', { to: 'gateway' })
  expect(device).toMatchObject({ selected: 'device', passedOver: [] })
  expect(await gateway!.selectCertificate('ike')).toMatchObject({ selected: 'ike' })
  expect(await nps1!.selectCertificate('nps')).toMatchObject({ selected: 'nps' })
  expect((await files!.selectCertificate('ike')).windows?.code).toBe('13806')
})
