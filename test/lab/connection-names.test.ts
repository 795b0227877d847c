/** What a connection is called, and that no two interfaces of a computer are called alike. */
import { expect, test } from 'vitest'
import { buildLab } from '../../src/lab/build.ts'
import type { HostSpec } from '../../src/topology/topology.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

const laptop = contoso.nodes.laptop as HostSpec
const user = laptop.profiles!.user!
const device = laptop.profiles!.device!

function built(profiles: NonNullable<HostSpec['profiles']>) {
  const nodes = { ...contoso.nodes, laptop: { ...laptop, profiles } }
  return buildLab({ ...contoso, nodes } as typeof contoso)
}

const named = (name: string) => ({
  ...user,
  text: user.text.replace('<VPNProfile>', `<VPNProfile><ProfileName>${name}</ProfileName>`),
})

test('a connection and its interface have the name that the profile gives', async () => {
  const lab = built({ user: named('Contoso VPN') })
  if (!lab.ok) throw new Error(JSON.stringify(lab.error))
  const report = await lab.value.nodes.laptop.connect()
  expect(report).toMatchObject({ outcome: 'connected', connection: 'Contoso VPN' })
  const sent = lab.value.trace.ofKind('sent').filter(({ nic }) => nic === 'Contoso VPN')
  await lab.value.probe({ from: 'laptop', to: '10.10.0.20', tcp: 443 })
  expect(lab.value.trace.ofKind('sent').filter(({ nic }) => nic === 'Contoso VPN').length).toBe(
    sent.length + 2,
  )
})

test.for<[what: string, profiles: NonNullable<HostSpec['profiles']>, owner: string]>([
  ['two files of one name', { user, device: { ...device, path: 'x/USER-tunnel.xml' } }, user.path],
  ['a ProfileName that is taken', { user: named('device-tunnel'), device }, user.path],
  ['the name of a network', { user: named('homelan') }, 'network homeLan'],
])('%s is an answered error', ([, profiles, owner]) => {
  const lab = built(profiles)
  expect(lab.ok).toBe(false)
  if (lab.ok) return
  const [problem] = lab.error
  expect(problem?.message).toContain('the connection of laptop would be called')
  expect(problem?.message).toContain(owner)
  expect(problem?.file).toBe((profiles.device ?? profiles.user)?.path)
})
