/**
 * What a profile lets through: traffic filters by port, program and direction, and LockDown, which leaves a computer nothing but its tunnel. Packets are real: each
 * one that is thrown away says by which profile. Not routes: `connect.ts`.
 */
import {
  allow,
  compose,
  listener,
  minutes,
  story,
  withNode,
  withProfileText,
  type Story,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import type { ContosoEdit } from './certificate-edits.ts'

const INTRANET = 'intranet.corp.contoso.com'
const PAGE = `https://${INTRANET}/`
/** Published on the Internet, too: what a client may fetch without a tunnel. */
const PUBLIC_LIST = 'http://pki.contoso.com/root.crl'

const MSTSC = String.raw`C:\Windows\System32\mstsc.exe`
const END = '</VPNProfile>'

const withFilters = (...filters: readonly string[]): ContosoEdit =>
  withProfileText('laptop', (text) =>
    text.replace(
      END,
      `${filters.map((filter) => `<TrafficFilter>${filter}</TrafficFilter>`).join('')}${END}`,
    ),
  )

const TO_RDP = '<Protocol>6</Protocol><RemotePortRanges>3389</RemotePortRanges>'
const TO_DNS = '<Protocol>17</Protocol><RemotePortRanges>53</RemotePortRanges>'
const TO_WEB = '<Protocol>6</Protocol><RemotePortRanges>80,443</RemotePortRanges>'
const FROM_DC1 =
  '<Protocol>6</Protocol><LocalPortRanges>3389</LocalPortRanges><RemoteAddressRanges>10.10.0.6/32</RemoteAddressRanges><Direction>Inbound</Direction>'

/** The laptop answers to Remote Desktop, and its own firewall has nothing against it. */
const withRemoteDesktop: ContosoEdit = withNode('laptop', 'answers to Remote Desktop', (spec) =>
  spec.kind === 'host'
    ? {
        ...spec,
        services: [listener({ name: 'remote-desktop', tcp: [3389] })],
        firewall: {
          ...spec.firewall,
          rules: [...(spec.firewall?.rules ?? []), allow('remote-desktop', { tcp: [3389] })],
        },
      }
    : spec,
)

const withLockDown: ContosoEdit = withProfileText(
  'laptop',
  (text) => text.replace('<DeviceTunnel>', '<LockDown>true</LockDown><DeviceTunnel>'),
  'device',
)

const filters: readonly Story[] = [
  story({
    title: 'With a filter for Remote Desktop alone the tunnel stands, and no name is found in it',
    teaches:
      'One filter blocks everything else, DNS and Kerberos first of all (F49). The tunnel’s own log has nothing to say about it.',
    topology: withFilters(TO_RDP).apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      expect(await laptop.connect()).toBeConnected()
      const desktop = await lab.probe({ from: 'laptop', to: '10.10.0.6', tcp: 3389 })
      expect(desktop.rule).toBe(undefined)
      const share = await lab.probe({ from: 'laptop', to: '10.10.0.6', tcp: 445 })
      expect(share).toBeDropped({ at: 'laptop', rule: 'user-tunnel/TrafficFilter' })
      expect(await laptop.resolve(INTRANET)).toHaveRcode('TIMEOUT')
      expect((await laptop.get(PAGE)).outcome).toBe('unresolved')
      // Past the tunnel there is no filter.
      expect(await laptop.get(PUBLIC_LIST)).toHaveStatus(200)
    },
  }),
  story({
    title: 'Filters are alternatives: with DNS and the web beside it the intranet is back',
    teaches:
      'Each TrafficFilter lets its own traffic through; inside one, protocol, ports and addresses must all fit.',
    topology: withFilters(TO_RDP, TO_DNS, TO_WEB).apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      await laptop.connect()
      expect(await laptop.get(PAGE)).toHaveStatus(200)
      const ping = await lab.probe({ from: 'laptop', to: '10.10.0.20', icmp: true })
      expect(ping).toBeDropped({ at: 'laptop', rule: 'user-tunnel/TrafficFilter' })
    },
  }),
  story({
    title: 'A filter of a program is for that program, and with ForceTunnel it may go nowhere else',
    teaches:
      'Per-app VPN: the same packet of another program stays outside the tunnel’s door. ForceTunnel in a filter keeps the program from the network around it.',
    topology: withFilters(
      `<App><Id>${MSTSC}</Id></App><RoutingPolicyType>ForceTunnel</RoutingPolicyType>`,
      TO_DNS,
    ).apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      await laptop.connect()
      const inside = { from: 'laptop', to: '10.10.0.20', tcp: 443 } as const
      expect(await lab.probe({ ...inside, program: MSTSC })).toArrive()
      expect(await lab.probe(inside)).toBeDropped({
        at: 'laptop',
        rule: 'user-tunnel/TrafficFilter',
      })
      const outside = { from: 'laptop', to: '203.0.113.11', tcp: 80 } as const
      expect(await lab.probe(outside)).toArrive()
      expect(await lab.probe({ ...outside, program: MSTSC })).toBeDropped({
        at: 'laptop',
        rule: 'user-tunnel/TrafficFilter 1',
      })
      await laptop.disconnect()
      expect(await lab.probe({ ...outside, program: MSTSC })).toArrive()
    },
  }),
  story({
    title: 'A filter for what goes out breaks manage-out, one with Direction brings it back',
    teaches:
      'What comes in unasked is blocked as soon as there is any filter (F48). Since Windows 10 2004 a filter may be Inbound; its LocalPortRanges are the client’s own.',
    topology: compose(withRemoteDesktop, withFilters(TO_DNS, TO_WEB)).apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      const manage = async () => {
        const { inner } = await laptop.connect()
        return lab.probe({ from: 'dc1', to: inner?.address ?? '', tcp: 3389 })
      }
      expect(await manage()).toBeDropped({ at: 'laptop', rule: 'user-tunnel/TrafficFilter' })
      await laptop.disconnect()
      using _ = lab.apply(withFilters(FROM_DC1))
      const managed = await manage()
      expect(managed).toArrive()
      expect(managed.replied).toBe(true)
    },
  }),
]

const lockDown: readonly Story[] = [
  story({
    title: 'A computer that is locked down has its tunnel or nothing',
    teaches:
      'LockDown lets IKE, leases and the search for the gateway pass, and everything else goes through the device tunnel, whatever RoutingPolicyType says. No other profile is dialled, and nobody can disconnect.',
    topology: withLockDown.apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      const outside = { from: 'laptop', to: '203.0.113.11', tcp: 80 } as const
      await lab.step('before the tunnel', async () => {
        const refused = await lab.probe(outside)
        expect(refused).toBeDropped({ at: 'laptop', rule: 'device-tunnel/LockDown' })
        expect((await laptop.get(PUBLIC_LIST)).outcome).toBe('unreachable')
      })
      const report = await laptop.connect({ tunnel: 'device' })
      expect(report).toBeConnected()
      expect(report.inner?.routes.some(({ to, by }) => to === '0.0.0.0/0' && by === 'tunnel')).toBe(
        true,
      )
      await lab.step('with it', async () => {
        expect(await laptop.get(PAGE)).toHaveStatus(200)
        const way = await lab.probe(outside)
        const steps = way.hops[0]?.steps ?? []
        const isInside = steps.some((step) => step.kind === 'sent' && step.nic === 'device-tunnel')
        expect(isInside).toBe(true)
        const home = await lab.probe({ from: 'laptop', to: '192.168.1.1', udp: 123 })
        expect(home).toBeDropped({ at: 'laptop', rule: 'device-tunnel/LockDown' })
      })
      const user = await laptop.connect({ trigger: 'manual' })
      expect(user).toFailToConnect('not-attempted', { windows: null })
      await laptop.disconnect('device')
      expect(laptop.tunnels().length).toBe(1)
    },
  }),
  story({
    title: 'Locked down, with a gateway that is away, a computer has no network at all',
    teaches:
      'F50: the reason to try LockDown on one computer first. Windows goes on dialling, and with the gateway everything comes back.',
    topology: withLockDown.apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      await laptop.connect({ tunnel: 'device' })
      {
        using _ = lab.pause('gateway')
        await lab.advance(minutes(6))
        expect(laptop.tunnels()).toEqual([])
        const refused = await lab.probe({ from: 'laptop', to: '203.0.113.11', tcp: 80 })
        expect(refused).toBeDropped({ at: 'laptop', rule: 'device-tunnel/LockDown' })
      }
      await lab.advance(minutes(2))
      expect(await laptop.get(PAGE)).toHaveStatus(200)
    },
  }),
  story({
    title: 'With the profile the lock goes',
    teaches:
      'Deleting a LockDown profile is the way out of it: from then on the computer is on its networks like any other.',
    topology: contoso,
    run: async ({ lab, expect }) => {
      const outside = { from: 'laptop', to: '203.0.113.11', tcp: 80 } as const
      {
        using _ = lab.apply(withLockDown)
        const refused = await lab.probe(outside)
        expect(refused).toBeDropped({ at: 'laptop', rule: 'device-tunnel/LockDown' })
      }
      expect(await lab.probe(outside)).toArrive()
    },
  }),
]

export const trafficFilters: readonly Story[] = [...filters, ...lockDown]
