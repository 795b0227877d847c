/** What becomes of a tunnel that stands: keys, idle time, other networks, no network, and the ends of all these. */
import { expect, test } from 'vitest'
import { formatIpv4 } from '../../src/base/address.ts'
import { u16 } from '../../src/base/bytes.ts'
import { between, days, hours, minutes, seconds, type Duration } from '../../src/base/time.ts'
import { NAT_T_PORT } from '../../src/wire/ikev2/header.ts'
import { PROTOCOL } from '../../src/wire/ipv4.ts'
import { ipv4Of } from '../../src/lab/legs.ts'
import { buildLab } from '../../src/lab/build.ts'
import { contoso } from '../../topologies/contoso/topology.ts'
import { byHand } from '../../scenarios/stories/connect-edits.ts'
import { withService } from './vpn-edits.ts'

function labOf(topology = contoso) {
  const built = buildLab(topology)
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  return built.value
}

type TestLab = ReturnType<typeof labOf>

/** Ids of the last events that a node has logged. */
const lastEvents = (lab: TestLab, node: string, count: number) =>
  lab.trace
    .ofKind('logged')
    .filter((event) => event.node === node && event.eventId !== undefined)
    .map(({ eventId }) => eventId)
    .slice(-count)

async function reachesDc1(lab: TestLab): Promise<boolean> {
  const { laptop } = lab.nodes
  laptop.flushCaches()
  return (await laptop.resolve('dc1.corp.contoso.com')).rcode === 'NOERROR'
}

/** From where UDP came to the gateway on port 4500, in the order in which it first did. */
function outerSources(lab: TestLab): readonly string[] {
  const sources = new Set<string>()
  for (const { node, nic, frame } of lab.trace.ofKind('received')) {
    if (node !== 'gateway' || nic !== 'perimeterExternal') continue
    const packet = ipv4Of(frame)
    if (packet?.protocol === PROTOCOL.udp && u16(packet.payload, 2) === NAT_T_PORT) {
      sources.add(formatIpv4(packet.source))
    }
  }
  return [...sources]
}

/** Nobody is put out for being idle. */
const AWAKE = { idleDisconnect: days(199) }

/** The profile is dialled when somebody asks for it. */
const BY_HAND = byHand.apply(contoso)

test('what carries nothing for five minutes is ended by the gateway, and both sides say so', async () => {
  const lab = labOf(BY_HAND)
  const { laptop } = lab.nodes
  expect((await laptop.connect({ trigger: 'manual' })).outcome).toBe('connected')
  await lab.advance(minutes(4))
  expect(laptop.tunnels()).toHaveLength(1)
  await lab.advance(minutes(2))
  expect(laptop.tunnels()).toHaveLength(0)
  expect(lastEvents(lab, 'gateway', 3)).toEqual([20139, 20272, 20275])
  expect(lastEvents(lab, 'laptop', 1)).toEqual([20226])
  expect(await reachesDc1(lab)).toBe(false)
})

test('a tunnel moves with its computer, under the address that it has', async () => {
  const lab = labOf()
  const { laptop } = lab.nodes
  const { inner } = await laptop.connect()
  await laptop.moveTo('hotspot')
  await lab.advance(seconds(5))
  expect(await reachesDc1(lab)).toBe(true)
  expect(laptop.tunnels()[0]?.address).toBe(inner!.address)
  expect(outerSources(lab)).toEqual(['198.51.100.2', '198.51.100.18'])
})

test('without mobility the tunnel ends where its network does', async () => {
  const lab = labOf(withService(BY_HAND, 'laptop', { vpnClient: { disableMobility: true } }))
  const { laptop } = lab.nodes
  await laptop.connect({ trigger: 'manual' })
  await laptop.moveTo('hotspot')
  expect(laptop.tunnels()).toHaveLength(0)
  expect(lastEvents(lab, 'laptop', 1)).toEqual([20226])
})

test('in a network that lets no UDP out the tunnel is lost after its retransmissions', async () => {
  const lab = labOf()
  const { laptop } = lab.nodes
  await laptop.connect()
  await laptop.moveTo('hotelLan')
  await lab.advance(minutes(2))
  expect(laptop.tunnels()).toHaveLength(0)
})

test('keys are replaced before they are eight hours old, and nobody notices', async () => {
  const lab = labOf(withService(contoso, 'gateway', { 'vpn-gateway': AWAKE }))
  const { laptop } = lab.nodes
  const before = await laptop.connect()
  expect(lab.trace.secrets('ikev2')).toHaveLength(1)
  expect(lab.trace.secrets('esp')).toHaveLength(2)
  await lab.advance(hours(25))
  expect(lab.trace.secrets('ikev2').length).toBeGreaterThanOrEqual(4)
  expect(lab.trace.secrets('esp').length).toBeGreaterThanOrEqual(8)
  expect(laptop.tunnels()).toEqual([before.inner])
  expect(await reachesDc1(lab)).toBe(true)
})

test('without a network the tunnel waits, and goes on where its computer finds one', async () => {
  const lab = labOf(withService(contoso, 'gateway', { 'vpn-gateway': AWAKE }))
  const { laptop } = lab.nodes
  const { inner } = await laptop.connect()
  // Nobody gives addresses there.
  await laptop.moveTo('transit')
  await lab.advance(minutes(20))
  expect(laptop.tunnels()).toHaveLength(1)
  expect(await reachesDc1(lab)).toBe(false)
  await laptop.moveTo('homeLan')
  await lab.advance(seconds(5))
  expect(await reachesDc1(lab)).toBe(true)
  expect(laptop.tunnels()[0]?.address).toBe(inner!.address)
})

test('a tunnel that is without a network for half an hour is lost, and the client says so', async () => {
  const lab = labOf(withService(BY_HAND, 'gateway', { 'vpn-gateway': AWAKE }))
  const { laptop } = lab.nodes
  await laptop.connect({ trigger: 'manual' })
  const left = lab.now
  // The move ends when DHCP has given up.
  await laptop.moveTo('transit')
  const waited = between(left, lab.now)
  await lab.advance((minutes(30) - waited - seconds(1)) as Duration)
  expect(laptop.tunnels()).toHaveLength(1)
  await lab.advance(seconds(2))
  expect(laptop.tunnels()).toHaveLength(0)
  expect(lastEvents(lab, 'laptop', 1)).toEqual([20226])
})

/** Nobody answers, and the tunnel is lost. */
async function loseTunnel(lab: TestLab): Promise<Disposable> {
  const { laptop } = lab.nodes
  expect((await laptop.connect()).outcome).toBe('connected')
  const paused = lab.pause('gateway')
  await lab.advance(minutes(6))
  expect(laptop.tunnels()).toHaveLength(0)
  return paused
}

test('who clicks on Connect while Windows dials again waits for that dial, and has its report', async () => {
  const lab = labOf()
  const { laptop } = lab.nodes
  using _ = await loseTunnel(lab)
  const before = lastEvents(lab, 'laptop', 99).filter((id) => id === 20221).length
  expect(await laptop.connect()).toMatchObject({ outcome: 'failed', failure: 'no-answer' })
  expect(lastEvents(lab, 'laptop', 99).filter((id) => id === 20221)).toHaveLength(before)
})

test('who clicks on Disconnect while Windows dials again is heard', async () => {
  const lab = labOf()
  const { laptop } = lab.nodes
  using paused = await loseTunnel(lab)
  const leaving = laptop.disconnect()
  paused[Symbol.dispose]()
  await leaving
  await lab.advance(hours(2))
  expect(laptop.tunnels()).toHaveLength(0)
  expect(lastEvents(lab, 'laptop', 4)).toEqual([20226, 20221, 20222, 20227])
})

test('a computer that reboots has forgotten what it has lost', async () => {
  const lab = labOf()
  using paused = await loseTunnel(lab)
  lab.reboot('laptop')
  paused[Symbol.dispose]()
  await lab.advance(hours(2))
  expect(lab.nodes.laptop.tunnels()).toHaveLength(0)
})

test('what was lost is not dialled again when its profile is gone', async () => {
  const lab = labOf()
  using paused = await loseTunnel(lab)
  const { laptop } = contoso.nodes
  const { user: _user, ...profiles } = laptop.kind === 'host' ? (laptop.profiles ?? {}) : {}
  const nodes = { ...contoso.nodes, laptop: { ...laptop, profiles } }
  using _ = lab.apply({ name: 'no user tunnel', apply: () => ({ ...contoso, nodes }) })
  await lab.advance(minutes(1))
  paused[Symbol.dispose]()
  await lab.advance(hours(2))
  expect(lab.nodes.laptop.tunnels()).toHaveLength(0)
})
