/** The verb `connect`: what a user of Contoso sees of a dial, in its order, and what is left when the tunnel, the client or the gateway goes. */
import { describe, expect, test } from 'vitest'
import { minutes, seconds } from '../../src/base/time.ts'
import { buildLab } from '../../src/lab/build.ts'
import type { Lab, LabOptions } from '../../src/lab/lab.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

function labOf(options: LabOptions = {}) {
  const built = buildLab(contoso, options)
  if (!built.ok) throw new Error(built.error.map(({ message }) => message).join('; '))
  return built.value
}

/** Ids of what a host's log got from a program. */
const logged = (lab: Lab, node: string, source: string): readonly number[] =>
  lab.trace
    .ofKind('logged')
    .flatMap((event) =>
      event.node === node && event.source === source ? (event.eventId ?? []) : [],
    )

describe('a laptop at home', () => {
  test('goes through the phases of the decision table, and names both suites', async () => {
    const report = await labOf().nodes.laptop.connect()
    expect(report).toMatchObject({
      outcome: 'connected',
      phase: 'P6',
      user: 'ada@corp.contoso.com',
      inner: { address: '172.16.20.130', gateway: '203.0.113.10', natTraversal: true },
      suites: {
        ike: expect.stringContaining('MODP_1024') as string,
        esp: expect.stringContaining('ENCR_') as string,
      },
      nps: { event: 6272, reason: 0 },
    })
    expect(report.phases.map(({ phase }) => phase)).toEqual([
      'P0',
      'P1',
      'P2',
      'P3',
      'P4',
      'P5',
      'P6',
    ])
    const times = report.phases.map(({ after }) => after)
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  test('logs a dial and its end as Windows does, and the gateway the session', async () => {
    const lab = labOf()
    await lab.nodes.laptop.connect()
    expect(logged(lab, 'laptop', 'RasClient')).toEqual([20221, 20222, 20223, 20224, 20225])
    await lab.nodes.laptop.disconnect()
    expect(logged(lab, 'laptop', 'RasClient').at(-1)).toBe(20226)
    await lab.advance(seconds(1))
    expect(logged(lab, 'gateway', 'RemoteAccess')).toEqual([20250, 20274, 20272, 20275])
  })

  test('has no tunnel after its disconnect, and may dial again', async () => {
    const { laptop } = labOf().nodes
    await laptop.disconnect()
    await laptop.connect()
    expect(laptop.tunnels().map(({ address }) => address)).toEqual(['172.16.20.130'])
    await laptop.disconnect()
    expect(laptop.tunnels()).toEqual([])
    expect(await laptop.connect()).toMatchObject({ outcome: 'connected' })
  })

  test('does not dial what stands', async () => {
    const { laptop } = labOf().nodes
    await laptop.connect()
    expect(await laptop.connect()).toMatchObject({
      outcome: 'not-attempted',
      failure: 'not-attempted',
      why: ['user-tunnel is connected already'],
    })
    expect(laptop.tunnels()).toHaveLength(1)
  })
})

test('in the office Windows does not dial, unless somebody clicks', async () => {
  const { laptop } = labOf().nodes
  await laptop.moveTo('office')
  const asked = await laptop.connect()
  expect(asked).toMatchObject({ outcome: 'not-attempted', phases: [] })
  expect(asked.windows).toBeUndefined()
  expect(asked.why.join()).toContain('corp.contoso.com is a trusted network (domain)')
  const clicked = await laptop.connect({ trigger: 'manual' })
  expect(clicked.phases[0]).toMatchObject({ phase: 'P0' })
})

test('a hotel that drops UDP is error 809 after half a minute', async () => {
  const lab = labOf()
  const report = await lab.nodes.hotelLaptop.connect()
  expect(report).toMatchObject({
    outcome: 'failed',
    failure: 'no-answer',
    windows: { code: '809' },
  })
  expect(report.took).toBeGreaterThan(seconds(30))
  expect(logged(lab, 'hotelLaptop', 'RasClient')).toEqual([20221, 20222, 20227])
  expect(lab.nodes.hotelLaptop.tunnels()).toEqual([])
})

test('a user whose computer has no certificate for her has nothing to come with: error 798', async () => {
  const lab = labOf()
  const report = await lab.nodes.mobileLaptop.connect({ user: 'ada' })
  expect(report).toMatchObject({
    outcome: 'failed',
    failure: 'no-user-certificate',
    windows: { code: '798' },
  })
  expect(report.phases.at(-1)).toMatchObject({ phase: 'P3' })
  expect(report.nps).toBeUndefined()
  // The client has said good-bye: the gateway does not wait for NegotiateTime.
  expect(logged(lab, 'gateway', 'RemoteAccess')).toEqual([20255])
  await lab.advance(minutes(5))
  expect(logged(lab, 'gateway', 'RemoteAccess')).toEqual([20255])
})

test('a user outside the group of the policy is refused by NPS: error 812', async () => {
  const report = await labOf().nodes.laptop.connect({ certificate: 'none' })
  expect(report).toMatchObject({ outcome: 'failed', failure: 'nps-rejected', nps: { event: 6273 } })
  expect(report.inner).toBeUndefined()
})

test('two clients behind one translation have tunnels at once, each with an address of its own', async () => {
  const lab = labOf()
  const { laptop, hotelLaptop } = lab.nodes
  await hotelLaptop.moveTo('homeLan')
  await laptop.connect()
  const second = await hotelLaptop.connect()
  expect(second).toMatchObject({ outcome: 'connected', inner: { address: '172.16.20.131' } })
  for (const from of ['laptop', 'hotelLaptop'] as const) {
    const probe = await lab.probe({ from, to: 'intranet', tcp: 80 })
    expect(probe).toMatchObject({ disposition: 'delivered', at: 'intranet', replied: true })
    expect(probe.hops.map(({ node }) => node)).toEqual(
      expect.arrayContaining(['homeRouter', 'edgeFirewall', 'gateway', 'innerFirewall']),
    )
  }
  await laptop.disconnect()
  expect(await lab.probe({ from: 'hotelLaptop', to: 'intranet', tcp: 80 })).toMatchObject({
    replied: true,
  })
})

test('a client that reboots has no tunnel, and dials anew', async () => {
  const lab = labOf()
  const { laptop } = lab.nodes
  await laptop.connect()
  lab.reboot('laptop')
  expect(laptop.tunnels()).toEqual([])
  expect(await laptop.connect()).toMatchObject({ outcome: 'connected' })
  // Nobody has told the gateway: it puts the first one out when it has carried nothing for five minutes.
  expect(logged(lab, 'gateway', 'RemoteAccess')).not.toContain(20272)
  await lab.advance(minutes(4))
  await lab.probe({ from: 'laptop', to: 'intranet', tcp: 80 })
  await lab.advance(minutes(2))
  expect(logged(lab, 'gateway', 'RemoteAccess').filter((id) => id === 20272)).toHaveLength(1)
  expect(laptop.tunnels()).toHaveLength(1)
})

test('a gateway that reboots says good-bye, and Always On is there before anybody dials', async () => {
  const lab = labOf()
  const { laptop } = lab.nodes
  await laptop.connect()
  lab.reboot('gateway')
  await lab.advance(seconds(2))
  expect(laptop.tunnels()).toHaveLength(1)
  expect(await laptop.connect()).toMatchObject({ outcome: 'not-attempted' })
  const probe = await lab.probe({ from: 'laptop', to: 'intranet', tcp: 80 })
  expect(probe).toMatchObject({ disposition: 'delivered', replied: true })
})

describe('one seed', () => {
  const run = async (options: LabOptions) => {
    const lab = labOf(options)
    const report = await lab.nodes.laptop.connect()
    await lab.nodes.laptop.get('http://intranet.corp.contoso.com/')
    await lab.nodes.laptop.disconnect()
    return { report, digest: lab.digest() }
  }

  test('gives one report and one digest, whenever it runs', async () => {
    const [first, again] = [await run({ seed: 7 }), await run({ seed: 7 })]
    expect(again).toEqual(first)
  })

  test('gives other bytes than another', async () => {
    expect((await run({ seed: 7 })).digest).not.toBe((await run({ seed: 8 })).digest)
  })
})

describe('secrets', () => {
  test('are in the tables for Wireshark alone: not in the report, not in the trace', async () => {
    const lab = labOf()
    const report = await lab.nodes.laptop.connect()
    await lab.nodes.laptop.get('http://intranet.corp.contoso.com/')
    const { ikev2_decryption_table: ike = '', esp_sa: esp = '' } = lab.wiresharkTables()
    const keys = [...`${ike}${esp}`.matchAll(/\b(?:0x)?([0-9a-f]{32,})\b/g)].map(([, key]) => key!)
    // SK_e and SK_a of both sides; a pair of keys of each ESP SA.
    expect(new Set(keys).size).toBeGreaterThanOrEqual(6)
    const texts = [
      JSON.stringify(report),
      JSON.stringify(lab.trace.events, (_, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
      ),
      Buffer.from(lab.capture()).toString('hex'),
    ]
    expect(texts.map((text) => keys.filter((key) => text.includes(key)))).toEqual([[], [], []])
  })

  test('of IKE and ESP do not enter the digest', async () => {
    const lab = labOf()
    await lab.nodes.laptop.connect()
    const before = lab.digest()
    lab.trace.addSecret('another line', 'esp')
    expect(lab.digest()).toBe(before)
  })
})
