/** How NPS refuses whoever comes with EAP, before any method of EAP has begun (RFC 3579 §2.1). */
import { expect, test } from 'vitest'
import { buildLab } from '../../src/lab/build.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { ipv4Of } from '../../src/lab/legs.ts'
import { PROTOCOL } from '../../src/wire/ipv4.ts'
import { describeRadiusAttributes } from '../../src/wire/radius/describe.ts'
import { decodeRadius, RadiusCode } from '../../src/wire/radius/packet.ts'
import { withoutMember } from '../../src/topology/edit-directory.ts'
import { withNps } from '../../src/topology/edit-nps.ts'
import type { ContosoEdit } from '../../scenarios/stories/certificate-edits.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

function labWith(change: ContosoEdit) {
  const built = buildLab(contoso)
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  // Certificates have been issued by then.
  built.value.apply(change)
  return built.value
}

/** The names of the attributes of each reject that NPS sent. */
const rejects = (lab: Lab): readonly (readonly string[])[] =>
  lab.trace.ofKind('sent').flatMap(({ node, frame }) => {
    const packet = node === 'nps1' ? ipv4Of(frame) : undefined
    if (packet?.protocol !== PROTOCOL.udp) return []
    const radius = decodeRadius(packet.payload.subarray(8))
    if (!radius.ok || radius.value.code !== RadiusCode.accessReject) return []
    return [
      describeRadiusAttributes(radius.value.attributes).map((line) => line.split('=')[0] ?? ''),
    ]
  })

test.each<[what: string, change: ContosoEdit, reason: number]>([
  ['a policy', withoutMember('VPN Users', 'ada'), 48],
  ['an extension DLL', withNps('nps1', { extension: 'rejects' }), 21],
])('a refusal by %s is told in EAP, too', async (_what, change, reason) => {
  const lab = labWith(change)
  const { gateway, laptop } = lab.nodes
  const report = await gateway.authenticate({ client: 'laptop' })
  expect(report.nps?.reason).toBe(reason)
  expect(rejects(lab)).toEqual([['Message-Authenticator', 'EAP-Message']])
  expect(await laptop.connect()).toMatchObject({
    failure: 'nps-rejected',
    windows: { code: '812' },
  })
})

test('a refusal of a password has no EAP in it', async () => {
  const lab = labWith(withoutMember('VPN Users', 'ada'))
  const report = await lab.nodes.gateway.authenticate({ user: 'ada', method: 'pap', password: 'x' })
  expect(report.outcome).toBe('rejected')
  expect(rejects(lab).flat()).not.toContain('EAP-Message')
})
