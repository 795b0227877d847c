/**
 * The gateway as a service: where it gets the addresses of its clients, how long they may stay, and when its settings count. Not how a dial fails for other reasons: `connect-failures.ts`.
 */
import {
  compose,
  hours,
  minutes,
  story,
  withoutRule,
  withVpnGateway,
  type Lab,
  type Story,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import { byHand } from './connect-edits.ts'
import { withDhcpInside, withHourAtMost, withoutIdleDisconnect } from './gateway-edits.ts'

const PAGE = 'https://intranet.corp.contoso.com/'

/** Texts that a host has logged under this number. */
const texts = (lab: Lab, node: string, id: number): readonly string[] =>
  lab.trace
    .ofKind('logged')
    .flatMap((event) => (event.node === node && event.eventId === id ? [event.text] : []))

/** Addresses that dc1 has leased to RRAS. */
const leased = (lab: Lab): ReadonlySet<string> =>
  new Set(
    lab.trace
      .ofKind('logged')
      .filter(({ node, source }) => node === 'dc1' && source === 'DhcpServer')
      .flatMap(({ text }) => /^(\S+) to 52415320/.exec(text)?.[1] ?? []),
  )

const addresses: readonly Story[] = [
  story({
    title: 'RRAS borrows ten addresses of the DHCP server, and gives its clients one each',
    teaches:
      'A relay agent on the inner firewall brings the questions to dc1. Ten leases of a client called RAS are right: one is the gateway’s own. DNS servers do not come with them, but from the gateway’s inner adapter.',
    topology: withDhcpInside.apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      const report = await laptop.connect()
      expect(report).toBeConnected()
      expect(leased(lab).size).toBe(10)
      expect(report.inner?.address).toBe('172.16.20.131')
      expect(report.inner?.dns).toEqual(['10.10.0.6'])
      expect(await laptop.get(PAGE)).toHaveStatus(200)
    },
  }),
  story({
    title: 'A borrowed address outlives its lease: the gateway renews it for its client',
    teaches:
      'The client knows nothing of DHCP. As long as the server answers, an address stays whose it is.',
    topology: compose(withDhcpInside, withoutIdleDisconnect).apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      const report = await laptop.connect()
      await lab.advance(hours(3))
      expect(leased(lab).size).toBe(10)
      const [tunnel] = laptop.tunnels()
      expect(tunnel?.address).toBe(report.inner?.address)
      expect(await laptop.get(PAGE)).toHaveStatus(200)
    },
  }),
  story({
    title: 'Without a way to the DHCP server clients connect, have 169.254.x.y, and reach nothing',
    teaches:
      'The tunnel stands and Windows says Connected. Event 20169 of RemoteAccess says why nothing answers: look at the relay agent, and at UDP 67 and 68.',
    topology: compose(withDhcpInside, withoutRule('innerFirewall', 'dhcp-to-agent')).apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      const report = await laptop.connect()
      expect(report).toBeConnected()
      expect(report.inner?.address ?? '').toMatch(/^169\.254\./)
      expect(texts(lab, 'gateway', 20169).length).toBe(1)
      expect((await laptop.get(PAGE)).outcome).toBe('unresolved')
    },
  }),
]

const limits: readonly Story[] = [
  story({
    title: 'NPS limits a session to an hour, and the gateway ends it in the middle of the work',
    teaches:
      'Session-Timeout of the network policy counts from the acceptance, whatever is carried. The gateway logs 20140, the client shows 629, and accounting has the cause 5.',
    topology: byHand.apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      using _policy = lab.apply(withHourAtMost)
      expect(await laptop.connect({ trigger: 'manual' })).toBeConnected()
      await lab.advance(minutes(58))
      expect(await laptop.get(PAGE)).toHaveStatus(200)
      await lab.advance(minutes(3))
      expect(laptop.tunnels().length).toBe(0)
      expect(texts(lab, 'gateway', 20140).length).toBe(1)
      const [stop] = lab.nodes.nps1.accountingLog().toReversed()
      expect(stop ?? '').toContain('<Acct-Terminate-Cause data_type="0">5<')
    },
  }),
]

const restarts: readonly Story[] = [
  story({
    title: 'One port instead of 128: the change waits until RemoteAccess starts again',
    teaches:
      'Ports, policies, authentication and registry values are read when the service starts. Until then the gateway is as it was, and whoever looks at the settings is misled.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      const { gateway } = lab.nodes
      // Who is put out by the restart would be back before anybody looks.
      const assume = { redialsEndedByGateway: false }
      using _ = lab.apply(withVpnGateway('gateway', { ports: { ikev2: 1 } }))
      expect(gateway.pendingRestart()).toEqual(['ports'])
      await lab.step('before the restart', async () => {
        expect(await laptop.connect({ tunnel: 'device', assume })).toBeConnected()
        expect(await laptop.connect({ assume })).toBeConnected()
      })
      lab.restartService('gateway', 'RemoteAccess')
      await lab.advance(minutes(1))
      await lab.step('after it', async () => {
        expect(gateway.pendingRestart()).toEqual([])
        expect(laptop.tunnels().length).toBe(0)
        expect(await laptop.connect({ tunnel: 'device', assume })).toBeConnected()
        expect(await laptop.connect({ assume })).toFailToConnect('no-port', {
          windows: '807',
        })
      })
    },
  }),
]

export const gateway: readonly Story[] = [...addresses, ...limits, ...restarts]
