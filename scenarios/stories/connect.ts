/**
 * Tunnels that come about: from home, a hotel and a telephone, of the user and of the device; what resolves and is fetched before, during and after;
 * and which packets go into the tunnel. Not how a dial fails: `connect-failures.ts`.
 */
import {
  edit,
  story,
  withoutMember,
  withoutRule,
  withProfileText,
  type ConnectReport,
  type Lab,
  type Story,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import { openHotel } from './always-on.ts'
import type { ContosoEdit } from './certificate-edits.ts'
import { withForceTunnel, withoutProfileRoute, withProfileRoute } from './connect-edits.ts'
import { logged } from './nps-edits.ts'

const INTRANET = 'intranet.corp.contoso.com'
const PAGE = `https://${INTRANET}/`
/** Published on the Internet, too: what a client may fetch without a tunnel. */
const PUBLIC_LIST = 'http://pki.contoso.com/root.crl'

/** Packets that left the laptop by this interface for this address. */
const sentBy = (lab: Lab, nic: string): number =>
  lab.trace.ofKind('sent').filter((event) => event.node === 'laptop' && event.nic === nic).length

const routesOf = ({ inner }: ConnectReport, by: 'tunnel' | 'physical'): readonly string[] =>
  (inner?.routes ?? []).flatMap((route) => (route.by === by ? [route.to] : []))

/** The router at home, and what it hands out, with addresses of the company. */
const companysHome: ContosoEdit = edit('the home network is 10.10.0.0/24', (topology) => {
  const { networks, nodes } = topology
  const homeRouter = JSON.parse(
    JSON.stringify(nodes.homeRouter).replaceAll('192.168.1.', '10.10.0.'),
  ) as typeof nodes.homeRouter
  return {
    ...topology,
    networks: { ...networks, homeLan: { ...networks.homeLan, prefix: '10.10.0.0/24' } },
    nodes: { ...nodes, homeRouter },
  }
})

const persistent: ContosoEdit = withProfileText('laptop', (text) =>
  text
    .replace('<DomainName>.corp.contoso.com', '<DomainName>.contoso.com')
    .replace('</DnsServers>', '</DnsServers><Persistent>true</Persistent>'),
)

const places: readonly Story[] = [
  story({
    title: 'From home a laptop gets its tunnel, and with it the intranet, by name and by HTTPS',
    teaches:
      'The whole of it: public DNS, IKE, the gateway’s certificate, PEAP at NPS, an address, routes, NRPT. What works with the tunnel must fail without.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      await lab.step('before', async () => {
        expect(await laptop.resolve(INTRANET)).toHaveRcode('NXDOMAIN')
        expect((await laptop.get(PAGE)).outcome).toBe('unresolved')
      })
      const report = await laptop.connect()
      expect(report).toBeConnected({ events: [20221, 20222, 20223, 20224, 20225] })
      expect(logged(report, 'gateway')).toEqual([20250, 20274])
      expect(report.nps?.reason).toBe(0)
      await lab.step('with the tunnel', async () => {
        expect(await laptop.resolve(INTRANET)).toResolveTo(['10.10.0.20'])
        expect(await laptop.get(PAGE)).toHaveStatus(200)
      })
      await laptop.disconnect()
      await lab.step('after', async () => {
        expect(laptop.tunnels()).toEqual([])
        laptop.flushCaches()
        expect(await laptop.resolve(INTRANET)).toHaveRcode('NXDOMAIN')
      })
    },
  }),
  story({
    title: 'From a telephone the tunnel passes two translations',
    teaches:
      'The phone translates, the carrier translates again: ESP travels in UDP 4500, and neither of them can tell.',
    topology: contoso,
    run: async ({ laptop, expect }) => {
      await laptop.moveTo('hotspot')
      const report = await laptop.connect()
      expect(report).toBeConnected()
      expect(report.inner?.natTraversal).toBe(true)
      expect(await laptop.get(PAGE)).toHaveStatus(200)
    },
  }),
  story({
    title: 'In a hotel that lets UDP through it is as at home',
    teaches: 'What kept IKEv2 out of that hotel was one rule about UDP, not the translation.',
    topology: contoso,
    run: async ({ lab, hotelLaptop, expect }) => {
      expect(await hotelLaptop.connect()).toFailToConnect('no-answer', { windows: '809' })
      using _ = lab.apply(openHotel)
      expect(await hotelLaptop.connect()).toBeConnected()
      expect(await hotelLaptop.get(PAGE)).toHaveStatus(200)
    },
  }),
  story({
    title: 'In the office names and pages come without a tunnel',
    teaches:
      'Trusted network detection keeps Always On quiet. A click on Connect dials all the same, and finds no way out and in again.',
    topology: contoso,
    run: async ({ laptop, expect }) => {
      await laptop.moveTo('office')
      for (const tunnel of ['user', 'device'] as const) {
        const report = await laptop.connect({ tunnel })
        expect(report).toFailToConnect('not-attempted', { windows: null })
      }
      expect(await laptop.get(PAGE)).toHaveStatus(200)
      const byHand = await laptop.connect({ trigger: 'manual' })
      expect(byHand).toFailToConnect('no-answer', { windows: '809' })
    },
  }),
]

const devices: readonly Story[] = [
  story({
    title:
      'Before anybody signs in the device tunnel reaches the domain controller, and nothing else',
    teaches:
      'A certificate of the computer, one route to dc1, no NPS: enough to sign in with a new password, and not enough to work. Without rules of names it is the metric of the interface by which dc1 is asked first.',
    topology: contoso,
    run: async ({ laptop, expect }) => {
      const report = await laptop.connect({ tunnel: 'device' })
      expect(report).toBeConnected()
      expect(logged(report, 'nps1')).toEqual([])
      expect(report.user).toBe(undefined)
      expect(routesOf(report, 'tunnel')).toContain('10.10.0.6/32')
      expect(await laptop.resolve('dc1.corp.contoso.com')).toResolveTo(['10.10.0.6'])
      expect(await laptop.get(PAGE)).not.toHaveStatus(200)
    },
  }),
  story({
    title: 'Device and user tunnel stand side by side, each with an address of its own',
    teaches:
      'Both go to one gateway from one laptop. The user’s brings the routes and the rules of names; it can go, and the device’s stays.',
    topology: contoso,
    run: async ({ laptop, expect }) => {
      const device = await laptop.connect({ tunnel: 'device' })
      const user = await laptop.connect()
      expect(device).toBeConnected()
      expect(user).toBeConnected()
      expect(user.inner?.address === device.inner?.address).toBe(false)
      expect(await laptop.get(PAGE)).toHaveStatus(200)
      await laptop.disconnect()
      expect(laptop.tunnels().map(({ tunnel }) => tunnel)).toEqual(['device'])
      laptop.flushCaches()
      expect(await laptop.get(PAGE)).not.toHaveStatus(200)
      expect(await laptop.connect()).toBeConnected()
    },
  }),
  story({
    title: 'A user who has left the group keeps the tunnel, and gets no other',
    teaches:
      'NPS decides when a connection begins. Who must be put out at once is disconnected at the gateway.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      expect(await laptop.connect()).toBeConnected()
      using _ = lab.apply(withoutMember('VPN Users', 'ada'))
      expect(await laptop.get(PAGE)).toHaveStatus(200)
      await laptop.disconnect()
      expect(await laptop.connect()).toFailToConnect('nps-rejected', { windows: '812', reason: 48 })
    },
  }),
]

const ways: readonly Story[] = [
  story({
    title: 'With a split tunnel only the company’s networks go into it',
    teaches:
      'Each Route of the profile, and nothing else: the list on the public web server is fetched past the tunnel.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      const report = await laptop.connect()
      expect(routesOf(report, 'tunnel')).toEqual([`${report.inner?.address}/32`, '10.10.0.0/16'])
      const before = sentBy(lab, 'user-tunnel')
      expect(await laptop.get(PUBLIC_LIST)).toHaveStatus(200)
      expect(sentBy(lab, 'user-tunnel')).toBe(before)
      expect(await laptop.get(PAGE)).toHaveStatus(200)
      expect(sentBy(lab, 'user-tunnel')).toBeGreaterThan(before)
    },
  }),
  story({
    title: 'With a force tunnel everything goes into it, but what keeps it up',
    teaches:
      'The default route leads into the tunnel, the gateway itself stays reachable past it. Whether the Internet is reached from there is for the company’s firewalls to say.',
    topology: withForceTunnel.apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      const report = await laptop.connect()
      expect(report).toBeConnected()
      expect(routesOf(report, 'tunnel')).toContain('0.0.0.0/0')
      expect(await laptop.get(PAGE)).toHaveStatus(200)
      const before = sentBy(lab, 'user-tunnel')
      await laptop.get(PUBLIC_LIST)
      expect(sentBy(lab, 'user-tunnel')).toBeGreaterThan(before)
    },
  }),
  story({
    title: 'An exclusion route takes a piece out of a larger route',
    teaches:
      'ExclusionRoute is for what is better reached past the tunnel. One of the company’s own networks is then reached no more.',
    topology: withProfileRoute('10.10.0.20', 32, true).apply(contoso),
    run: async ({ laptop, expect }) => {
      const report = await laptop.connect()
      expect(report).toBeConnected()
      expect(routesOf(report, 'physical')).toContain('10.10.0.20/32')
      expect(await laptop.resolve(INTRANET)).toResolveTo(['10.10.0.20'])
      expect(await laptop.get(PAGE)).not.toHaveStatus(200)
    },
  }),
  story({
    title: 'Without a Route the class of the inner address decides, and the company is not reached',
    teaches:
      'Windows adds 172.16.0.0/16 for an address of class B. A profile that forgets Route connects, and nothing works.',
    topology: withoutProfileRoute.apply(contoso),
    run: async ({ laptop, expect }) => {
      const report = await laptop.connect()
      expect(report).toBeConnected()
      expect(routesOf(report, 'tunnel')).toContain('172.16.0.0/16')
      expect(await laptop.get(PAGE)).not.toHaveStatus(200)
    },
  }),
  story({
    title:
      'At a home that uses the company’s network for itself the tunnel stands, and is of no use',
    teaches:
      'The route on the wire is longer than that into the tunnel: what the laptop takes for dc1 and the intranet is looked for in the living room.',
    topology: companysHome.apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      expect(await laptop.connect()).toBeConnected()
      expect(await laptop.get(PAGE)).not.toHaveStatus(200)
      // A route that is longer than that of the wire leads out of it.
      await laptop.disconnect()
      using _ = lab.apply(withProfileRoute('10.10.0.20', 32))
      using _dns = lab.apply(withProfileRoute('10.10.0.6', 32))
      expect(await laptop.connect()).toBeConnected()
      expect(await laptop.get(PAGE)).toHaveStatus(200)
    },
  }),
  story({
    title: 'Connected without traffic: the inner firewall does not know the pool',
    teaches:
      'The tunnel ends at the gateway; behind it stands a firewall that must let the addresses of the pool through, to DNS and to what people work with.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      expect(await laptop.connect()).toBeConnected()
      {
        using _ = lab.apply(withoutRule('innerFirewall', 'clients-to-corp'))
        expect(await laptop.resolve(INTRANET)).toResolveTo(['10.10.0.20'])
        expect((await laptop.get(PAGE)).outcome).toBe('timed-out')
      }
      laptop.flushCaches()
      using _ = lab.apply(withoutRule('innerFirewall', 'dns-to-dc1'))
      expect((await laptop.get(PAGE)).outcome).toBe('unresolved')
    },
  }),
]

const names: readonly Story[] = [
  story({
    title: 'The rules of names count for programs while the tunnel stands, and never for nslookup',
    teaches:
      'NRPT sends names below corp.contoso.com to dc1. nslookup asks a server of an interface, and knows no rule.',
    topology: contoso,
    run: async ({ laptop, expect }) => {
      expect(await laptop.connect()).toBeConnected()
      const asked = await laptop.resolve(INTRANET)
      expect(asked).toResolveTo(['10.10.0.20'])
      expect(await laptop.resolve('www.contoso.com')).toResolveTo(['203.0.113.12'])
      const bypassing = await laptop.resolve(INTRANET, 'A', { mode: 'nslookup' })
      expect(bypassing).toHaveRcode('NXDOMAIN')
      // The suffix of the tunnel completes a short name.
      expect(await laptop.resolve('intranet')).toResolveTo(['10.10.0.20'])
    },
  }),
  story({
    title: 'A persistent rule that covers the gateway’s own name ends all dialling with 868',
    teaches:
      'Persistent rules hold without the tunnel: the name of the gateway is asked of a server that is reached only through the gateway.',
    topology: persistent.apply(contoso),
    run: async ({ laptop, expect }) => {
      expect(await laptop.connect()).toFailToConnect('name-unresolved', {
        windows: '868',
        phase: 'P1',
      })
    },
  }),
]

export const connect: readonly Story[] = [...places, ...devices, ...ways, ...names]
