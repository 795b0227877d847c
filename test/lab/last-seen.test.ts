/** A dial that gets no answer tells where its packets ended: at a firewall, at a host, or on the way back. */
import { expect, test } from 'vitest'
import { buildLab } from '../../src/lab/build.ts'
import { withGateway, withoutRule } from '../../src/topology/edit.ts'
import { contoso } from '../../topologies/contoso/topology.ts'
import type { Edit } from '../../src/topology/edit.ts'

async function whyOf(edit: Edit, client = 'laptop'): Promise<readonly string[]> {
  const built = buildLab(edit.apply(contoso))
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  const report = await built.value.nodes[client]!.connect()
  expect(report.failure).toBe('no-answer')
  return report.why
}

test('at the firewall that drops them, and by which rule', async () => {
  expect(await whyOf(withoutRule('edgeFirewall', 'ike-to-gateway'))).toEqual([
    'nothing came back from vpn.contoso.com to IKE_SA_INIT, UDP 500',
    "edgeFirewall dropped the packet by rule 'edge-default-deny'",
  ])
})

test('at the gateway itself, whose own firewall stands before RemoteAccess', async () => {
  expect(await whyOf(withoutRule('gateway', 'rras-ikev2'))).toEqual([
    'nothing came back from vpn.contoso.com to IKE_SA_INIT, UDP 500',
    "gateway dropped the packet by rule 'windows-inbound-default'",
  ])
})

test('on the way back: a second default gateway sends the answers to a firewall that knows of no question', async () => {
  const why = await whyOf(withGateway('gateway', 'perimeterInternal', '172.16.20.1'))
  expect(why.slice(0, 2)).toEqual([
    'nothing came back from vpn.contoso.com to IKE_SA_INIT, UDP 500',
    'the packet arrived at gateway',
  ])
  expect(why[2]).toMatch(/^innerFirewall dropped the answer/)
})
