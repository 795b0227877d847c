/** What NPS grants with an acceptance, and the gateway keeps to: time, idle time, address, class, interim accounting. By IKEv2 and by SSTP. */
import { describe, expect, test } from 'vitest'
import { hours, minutes, seconds, type Duration } from '../../src/base/time.ts'
import { buildLab } from '../../src/lab/build.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { compose } from '../../src/topology/edit.ts'
import { withNetworkPolicy } from '../../src/topology/edit-nps.ts'
import { contoso } from '../../topologies/contoso/topology.ts'
import type { ContosoEdit } from '../../scenarios/stories/certificate-edits.ts'
import { byHand } from '../../scenarios/stories/connect-edits.ts'
import { dialling, withSstp, withSstpPublished } from '../../scenarios/stories/sstp-edits.ts'

type Change = Parameters<typeof withNetworkPolicy>[2]

const POLICY = 'Virtual Private Network (VPN) Connections'
const bySstp: ContosoEdit = compose(withSstp, withSstpPublished, dialling('laptop', 'SSTP'))

/** `constraints` of a policy are replaced whole. */
const limits = (spans: {
  readonly sessionTimeout?: Duration
  readonly idleTimeout?: Duration
}): Change => ({
  constraints: { authentication: { eap: [{ type: 'peap', inner: ['tls'] }] }, ...spans },
})

function labWith(change: Change, ...edits: readonly ContosoEdit[]) {
  const policy: ContosoEdit = withNetworkPolicy('nps1', POLICY, change)
  const built = buildLab(compose(policy, byHand, ...edits).apply(contoso))
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  return built.value
}

const idsOf = (lab: Lab, node: string) =>
  lab.trace.ofKind('logged').flatMap((event) => (event.node === node ? (event.eventId ?? []) : []))

/** One attribute in every accounting record of NPS, in order; `-` where a record lacks it. */
const accounted = (lab: Lab, name: string): readonly string[] =>
  lab.nodes['nps1']!.accountingLog()
    .filter((line) => line.includes('<Acct-Status-Type'))
    .map((line) => new RegExp(`<${name}[^>]*>([^<]*)`).exec(line)?.[1] ?? '-')

describe.each([
  ['IKEv2', []],
  ['SSTP', [bySstp]],
] as const)('by %s', (_protocol, edits) => {
  test('Session-Timeout ends a connection that works, with 20140', async () => {
    const lab = labWith(limits({ sessionTimeout: minutes(4) }), ...edits)
    const { laptop } = lab.nodes
    expect((await laptop.connect({ trigger: 'manual' })).outcome).toBe('connected')
    await lab.advance(seconds(200))
    expect((await laptop.get('http://intranet.corp.contoso.com/')).status).toBe(200)
    await lab.advance(seconds(60))
    expect(idsOf(lab, 'gateway').slice(-3)).toEqual([20140, 20272, 20275])
    expect(accounted(lab, 'Acct-Terminate-Cause')).toEqual(['-', '5'])
    expect(accounted(lab, 'Acct-Session-Time').at(-1)).toBe('240')
    // A client of IKE waits for good-byes that are repeated.
    await lab.advance(seconds(30))
    expect(laptop.tunnels()).toEqual([])
  })

  test('Idle-Timeout counts instead of the gateway’s own five minutes', async () => {
    const lab = labWith(limits({ idleTimeout: minutes(20) }), ...edits)
    const { laptop } = lab.nodes
    await laptop.connect({ trigger: 'manual' })
    await lab.advance(minutes(15))
    expect(laptop.tunnels()).toHaveLength(1)
    await lab.advance(minutes(6))
    expect(laptop.tunnels()).toEqual([])
    expect(idsOf(lab, 'gateway').slice(-3)).toEqual([20139, 20272, 20275])
    expect(accounted(lab, 'Acct-Terminate-Cause').at(-1)).toBe('4')
  })

  test('Acct-Interim-Interval: what went through so far is told again and again, with the Class of the acceptance', async () => {
    const lab = labWith(
      {
        ...limits({ idleTimeout: hours(10) }),
        attributes: [{ name: 'Acct-Interim-Interval', value: 600 }],
      },
      ...edits,
    )
    const { laptop } = lab.nodes
    await laptop.connect({ trigger: 'manual' })
    await lab.advance(minutes(11))
    expect((await laptop.get('http://intranet.corp.contoso.com/')).status).toBe(200)
    await lab.advance(minutes(10))
    await laptop.disconnect()
    await lab.advance(seconds(5))
    expect(accounted(lab, 'Acct-Status-Type')).toEqual(['1', '3', '3', '2'])
    const [, first, second, last] = accounted(lab, 'Acct-Input-Octets').map(Number)
    expect(second).toBeGreaterThan(first! + 200)
    expect(last).toBe(second)
    expect(accounted(lab, 'Acct-Session-Time').slice(1, 3)).toEqual(['600', '1200'])
    const classes = new Set(accounted(lab, 'Class'))
    expect(classes.size).toBe(1)
    expect(classes).not.toContain('-')
    expect(new Set(accounted(lab, 'Framed-IP-Address'))).toEqual(new Set(['172.16.20.130']))
  })

  test('an interval below a minute is a minute (RFC 2869 §5.16), and 0 is none', async () => {
    for (const [value, expected] of [
      [1, ['1', '3', '3']],
      [0, ['1']],
    ] as const) {
      const attributes = [{ name: 'Acct-Interim-Interval', value }]
      const lab = labWith({ attributes }, ...edits)
      await lab.nodes.laptop.connect({ trigger: 'manual' })
      await lab.advance(seconds(130))
      expect(accounted(lab, 'Acct-Status-Type')).toEqual(expected)
    }
  })
})

describe('Framed-IP-Address', () => {
  const wanting = (value: string): Change => ({
    attributes: [{ name: 'Framed-IP-Address', value }],
  })

  test('of the pool is given where it is free', async () => {
    const report = await labWith(wanting('172.16.20.200')).nodes.laptop.connect({
      trigger: 'manual',
    })
    expect(report.inner?.address).toBe('172.16.20.200')
    expect(report.restsOn ?? []).not.toContain('framedAddressOutsidePool')
  })

  test('that the gateway has itself is not given', async () => {
    const report = await labWith(wanting('172.16.20.129')).nodes.laptop.connect({
      trigger: 'manual',
    })
    expect(report.inner?.address).toBe('172.16.20.130')
  })

  test('outside of the pool: as is assumed, and the report says so', async () => {
    const wanted = '172.16.20.99'
    const given = await labWith(wanting(wanted)).nodes.laptop.connect({ trigger: 'manual' })
    expect(given.inner?.address).toBe(wanted)
    expect(given.restsOn).toContain('framedAddressOutsidePool')
    const assume = { framedAddressOutsidePool: 'from-pool' } as const
    const refused = await labWith(wanting(wanted)).nodes.laptop.connect({
      assume,
      trigger: 'manual',
    })
    expect(refused.inner?.address).toBe('172.16.20.130')
    expect(refused.restsOn).toContain('framedAddressOutsidePool')
  })

  test('that somebody has is not given twice', async () => {
    const lab = labWith(wanting('172.16.20.99'))
    lab.apply(withNetworkPolicy('nps1', POLICY, { conditions: {} }))
    const { laptop, mobileLaptop } = lab.nodes
    const first = await laptop.connect({ trigger: 'manual' })
    expect(first.inner?.address).toBe('172.16.20.99')
    await mobileLaptop.moveTo('homeLan')
    const second = await mobileLaptop.connect({ tunnel: 'device' })
    expect(second.inner?.address).not.toBe('172.16.20.99')
  })
})
