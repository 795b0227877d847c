/** A tunnel over SSTP in Contoso: data both ways, what both ends write down, how it ends, and that a run repeats. */
import { expect, test } from 'vitest'
import { minutes, seconds } from '../../src/base/time.ts'
import { buildLab } from '../../src/lab/build.ts'
import { compose } from '../../src/topology/edit.ts'
import { contoso } from '../../topologies/contoso/topology.ts'
import { dialling, withSstp, withSstpPublished } from '../../scenarios/stories/sstp-edits.ts'
import { withService } from '../../scenarios/stories/certificate-edits.ts'

function labWith(seed = 1) {
  const built = buildLab(contoso, { seed })
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  const lab = built.value
  lab.apply(compose(withSstp, withSstpPublished, dialling('laptop', 'SSTP')))
  lab.restartService('gateway', 'RemoteAccess')
  return lab
}

type TestLab = ReturnType<typeof labWith>

const logged = (lab: TestLab, node: string) =>
  lab.trace.ofKind('logged').filter((event) => event.node === node && event.eventId !== undefined)

const idsOf = (lab: TestLab, node: string) => logged(lab, node).map(({ eventId }) => eventId)

test('carries names and pages, and the gateway writes down who was there', async () => {
  const lab = labWith()
  const { laptop } = lab.nodes
  const report = await laptop.connect()
  expect(report).toMatchObject({
    outcome: 'connected',
    inner: { protocol: 'SSTP', gateway: '203.0.113.10', dns: ['10.10.0.6'] },
    nps: { event: 6272 },
  })
  expect(report.session).toBeDefined()
  expect(await laptop.get('http://intranet.corp.contoso.com/')).toMatchObject({ status: 200 })
  await laptop.disconnect()
  await lab.advance(seconds(5))
  expect(idsOf(lab, 'laptop')).toEqual([20221, 20222, 20223, 20224, 20225, 20226])
  expect(idsOf(lab, 'gateway')).toEqual([20250, 20274, 20272, 20275])
  expect(logged(lab, 'gateway')[0]!.text).toContain('VPN0-127')
  const { fields = [] } = logged(lab, 'gateway')[2]!
  for (const name of ['Bytes Sent', 'Bytes Received']) {
    expect(Number(fields.find((field) => field.name === name)?.value)).toBeGreaterThan(200)
  }
  // The start and the stop of it, for who keeps accounts.
  const told = lab.nodes.nps1
    .accountingLog()
    .flatMap((line) => /<Acct-Status-Type[^>]*>(\d)/.exec(line)?.[1] ?? [])
  expect(told).toEqual(['1', '2'])
  laptop.flushCaches()
  expect((await laptop.resolve('intranet.corp.contoso.com')).rcode).not.toBe('NOERROR')
})

test('from the hotel that blocks UDP, Automatic fetches a page inside', async () => {
  const lab = labWith()
  lab.apply(dialling('hotelLaptop', 'Automatic'))
  const { hotelLaptop } = lab.nodes
  const report = await hotelLaptop.connect()
  expect(report).toMatchObject({ outcome: 'connected', inner: { protocol: 'SSTP' } })
  expect(await hotelLaptop.get('http://intranet.corp.contoso.com/')).toMatchObject({ status: 200 })
})

test('the next client has the next port, and the first one’s address is not given twice', async () => {
  const lab = labWith()
  lab.apply(dialling('hotelLaptop', 'SSTP'))
  const first = await lab.nodes.laptop.connect()
  const second = await lab.nodes.hotelLaptop.connect()
  expect([first.outcome, second.outcome]).toEqual(['connected', 'connected'])
  expect(first.inner?.address).not.toBe(second.inner?.address)
  expect(logged(lab, 'gateway').filter(({ eventId }) => eventId === 20250)[1]!.text).toContain(
    'VPN0-126',
  )
})

test('a gateway whose ports are taken says so in HTTP', async () => {
  const lab = labWith()
  lab.apply(
    compose(
      withService('gateway', 'vpn-gateway', { ports: { sstp: 1 } }),
      dialling('hotelLaptop', 'SSTP'),
    ),
  )
  lab.restartService('gateway', 'RemoteAccess')
  await lab.nodes.laptop.connect()
  const refused = await lab.nodes.hotelLaptop.connect()
  expect(refused).toMatchObject({ failure: 'no-port', windows: { code: '0x800704C9' } })
})

test('without an address to give, the user is let in and sent away', async () => {
  const lab = labWith()
  lab.apply(withService('gateway', 'vpn-gateway', { pool: '172.16.20.128/31' }))
  lab.restartService('gateway', 'RemoteAccess')
  lab.apply(dialling('hotelLaptop', 'SSTP'))
  await lab.nodes.laptop.connect()
  const refused = await lab.nodes.hotelLaptop.connect()
  expect(refused).toMatchObject({
    failure: 'no-address',
    windows: { code: '717' },
    nps: { event: 6272 },
  })
  expect(idsOf(lab, 'gateway')).toContain(20167)
})

test('a user whom NPS refuses hears 691 over SSTP', async () => {
  const lab = labWith()
  const refused = await lab.nodes.laptop.connect({ user: 'eve' })
  expect(refused).toMatchObject({ failure: 'nps-rejected', windows: { code: '691' } })
})

test('what carries nothing is ended by the gateway, what moves is lost, and Always On dials again', async () => {
  const lab = labWith()
  const { laptop } = lab.nodes
  const ended = (): readonly string[] =>
    logged(lab, 'laptop').flatMap(({ text, eventId }) => (eventId === 20226 ? [text] : []))
  await laptop.connect()
  await lab.advance(minutes(6))
  expect(idsOf(lab, 'gateway').slice(-5)).toEqual([20139, 20272, 20275, 20250, 20274])
  expect(ended()).toEqual([expect.stringContaining('629')])
  expect(laptop.tunnels()).toHaveLength(1)
  await laptop.moveTo('hotspot')
  await lab.advance(seconds(5))
  expect(ended()).toEqual([expect.stringContaining('629'), expect.stringContaining('829')])
  expect(laptop.tunnels()).toHaveLength(1)
})

test('the same seed gives the same run', async () => {
  const run = async (seed: number) => {
    const lab = labWith(seed)
    await lab.nodes.laptop.connect()
    await lab.nodes.laptop.get('http://intranet.corp.contoso.com/')
    await lab.nodes.laptop.disconnect()
    return lab.digest()
  }
  expect(await run(7)).toBe(await run(7))
})
