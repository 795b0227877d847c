/**
 * A crowd against gateways and servers that are too small for it, each in one way: what saturates first is named, with what clients see.
 */
import { expect, test } from 'vitest'
import { ms, seconds } from '../../src/base/time.ts'
import { measureCapacity } from '../../src/lab/capacity.ts'
import { renderCapacity } from '../../src/lab/render-capacity.ts'
import { withCrowd } from '../../src/topology/edit-crowd.ts'
import { withVpnGateway } from '../../src/topology/edit-gateway.ts'
import { withNps } from '../../src/topology/edit-nps.ts'
import type { Edit } from '../../src/topology/edit.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

const CLIENTS = 8

async function measured(...edits: readonly Edit[]) {
  const crowd = withCrowd({
    like: 'laptop',
    clients: CLIENTS,
    perSite: 4,
    through: 'internet',
    dns: '198.51.100.68',
    group: 'VPN Users',
  })
  const topology = [crowd, ...edits].reduce<Topology>(
    (t, edit) => edit.apply(t),
    contoso as Topology,
  )
  const options = { clients: CLIENTS, within: seconds(2), gateway: 'gateway', seed: 1 }
  const report = await measureCapacity(topology, options)
  if (!report.ok) throw new Error(report.error.map(({ message }) => message).join('; '))
  return report.value
}

test('with enough of everything all connect, and nothing saturates', async () => {
  const report = await measured()
  expect(report).toMatchObject({ connected: CLIENTS, failed: 0, failures: [], saturated: [] })
  expect(report.waits!.median).toBeGreaterThan(0)
  expect(report.waits!.longest).toBeGreaterThanOrEqual(report.waits!.median)
  const ports = report.peaks.find(({ what }) => what === 'ports of IKEv2')
  expect(ports).toMatchObject({ node: 'gateway', most: CLIENTS, limit: 128 })
  // The same seed, the same report.
  expect(await measured()).toEqual(report)
})

test('a pool that is too small refuses the rest with 13899', async () => {
  const report = await measured(withVpnGateway('gateway', { pool: '172.16.20.128/29' }))
  expect(report).toMatchObject({ connected: 5, failed: 3 })
  expect(report.failures).toMatchObject([{ clients: 3, cause: 'no-address', code: '13899' }])
  const [first] = report.saturated
  expect(first).toMatchObject({ what: 'addresses of the pool', node: 'gateway', refused: 3 })
  expect(report.peaks.find(({ what }) => what === first!.what)).toMatchObject({ most: 5, limit: 5 })
  expect(renderCapacity(report).join('\n')).toMatch(/first {2,}addresses of the pool of gateway/)
})

test('ports that are too few keep the rest at the door, and what they see is assumed', async () => {
  const report = await measured(withVpnGateway('gateway', { ports: { ikev2: 5 } }))
  expect(report).toMatchObject({ connected: 5, failed: 3 })
  expect(report.failures).toMatchObject([{ clients: 3, cause: 'no-port', code: '807' }])
  expect(report.saturated[0]).toMatchObject({ what: 'ports of IKEv2', refused: 3 })
  expect(report.restsOn).toContain('ikeWithoutPort')
})

test('one peer address has as many SAs as it may', async () => {
  const report = await measured(withVpnGateway('gateway', { maxSasPerPeer: 3 }))
  expect(report).toMatchObject({ connected: 6, failed: 2 })
  expect(report.saturated[0]).toMatchObject({ what: 'IKE SAs of one address', refused: 2 })
})

test('a server that needs time makes clients wait, and RRAS ask again', async () => {
  const slow = await measured(withNps('nps1', { requestTime: { each: ms(50) } }))
  expect(slow).toMatchObject({ connected: CLIENTS, failed: 0 })
  expect(slow.saturated[0]).toMatchObject({ node: 'nps1', what: 'workers of NPS', refused: 0 })
  expect(slow.restsOn).toContain('nps1 requestTime')

  const late = await measured(withNps('nps1', { requestTime: { each: seconds(2) } }))
  expect(late.connected).toBeLessThan(CLIENTS)
  expect(late.radius[0]!.repeated).toBeGreaterThan(0)
  expect(late.radius[0]!.givenUp).toBeGreaterThan(0)
  const silent = late.saturated.find(({ what }) => what === 'answers in time')
  expect(silent).toMatchObject({ node: 'nps1' })
})

test('a gateway that needs time for a handshake takes one after the other', async () => {
  const report = await measured(withVpnGateway('gateway', { handshakeTime: { each: ms(700) } }))
  expect(report).toMatchObject({ connected: CLIENTS, failed: 0 })
  expect(report.saturated[0]).toMatchObject({ node: 'gateway', what: 'workers for handshakes' })
  expect(report.waits!.longest).toBeGreaterThan(seconds(2))
})
