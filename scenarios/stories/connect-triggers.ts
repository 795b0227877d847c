/**
 * What dials a tunnel that is not Always On, and whom it dials: names and programs that trigger it, lists of servers, names with several addresses.
 * Not tunnels that are kept up: `always-on.ts`.
 */
import {
  compose,
  minutes,
  story,
  withProfileText,
  withRecord,
  withoutRecord,
  type Lab,
  type Story,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import type { ContosoEdit } from './certificate-edits.ts'
import { byHand } from './connect-edits.ts'

const INTRANET = 'intranet.corp.contoso.com'
const PAGE = `https://${INTRANET}/`
const MSTSC = String.raw`C:\Windows\System32\mstsc.exe`

const swap = (from: string, to: string): ContosoEdit =>
  withProfileText('laptop', (text) => text.replace(from, to))

const withNameTrigger = compose(
  byHand,
  swap('</DnsServers>', '</DnsServers><AutoTrigger>true</AutoTrigger>'),
)
const withAppTrigger = compose(
  byHand,
  swap('</VPNProfile>', `<AppTrigger><App><Id>${MSTSC}</Id></App></AppTrigger></VPNProfile>`),
)

const withServers = (servers: string): ContosoEdit =>
  swap('<Servers>vpn.contoso.com', `<Servers>${servers}`)

/** Nobody is there. */
const EMPTY_ADDRESS = '203.0.113.13'

const withTwoAddresses: ContosoEdit = withRecord('contosoPublic', `vpn 3600 IN A ${EMPTY_ADDRESS}`)

/** Dials that began on the laptop. */
const dials = ({ trace }: Lab): number =>
  trace.ofKind('logged').filter(({ node, eventId }) => node === 'laptop' && eventId === 20221)
    .length

const triggers: readonly Story[] = [
  story({
    title: 'Whoever asks for a name of the company gets the tunnel first, and then the address',
    teaches:
      'AutoTrigger in a rule of names: the question dials, waits for the tunnel, and is answered through it. Other names dial nothing, and nslookup never does.',
    topology: withNameTrigger.apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      expect(await laptop.resolve('www.contoso.com')).toResolveTo(['203.0.113.12'])
      const bypassing = await laptop.resolve(INTRANET, 'A', { mode: 'nslookup' })
      expect(bypassing).toHaveRcode('NXDOMAIN')
      expect(laptop.tunnels()).toEqual([])
      expect(dials(lab)).toBe(0)
      expect(await laptop.resolve(INTRANET)).toResolveTo(['10.10.0.20'])
      expect(laptop.tunnels().length).toBe(1)
      expect(await laptop.get(PAGE)).toHaveStatus(200)
      expect(dials(lab)).toBe(1)
    },
  }),
  story({
    title:
      'A page of the company dials, too, and a tunnel that was idle is dialled when it is wanted',
    teaches:
      'A profile that is not Always On is not kept up: the gateway ends it after five idle minutes, and the next name brings it back.',
    topology: withNameTrigger.apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      expect(await laptop.get(PAGE)).toHaveStatus(200)
      await lab.advance(minutes(20))
      expect(laptop.tunnels()).toEqual([])
      expect(dials(lab)).toBe(1)
      laptop.flushCaches()
      expect(await laptop.get(PAGE)).toHaveStatus(200)
      expect(dials(lab)).toBe(2)
    },
  }),
  story({
    title: 'In the office a name triggers nothing',
    teaches: 'Trusted network detection holds for names as it does for Always On.',
    topology: withNameTrigger.apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      await laptop.moveTo('office')
      expect(await laptop.get(PAGE)).toHaveStatus(200)
      expect(dials(lab)).toBe(0)
    },
  }),
  story({
    title: 'A program that the profile names brings its tunnel with it',
    teaches: 'AppTrigger: this program dials, another one does not.',
    topology: withAppTrigger.apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      const share = { from: 'laptop', to: '10.10.0.20', tcp: 443 } as const
      await lab.probe({ ...share, program: String.raw`C:\Windows\notepad.exe` })
      expect(laptop.tunnels()).toEqual([])
      const probe = await lab.probe({ ...share, program: MSTSC })
      expect(laptop.tunnels().length).toBe(1)
      expect(probe).toArrive()
      expect(probe.replied).toBe(true)
    },
  }),
]

const servers: readonly Story[] = [
  story({
    title: 'Of several servers in a profile the first that has an address and answers is taken',
    teaches:
      'Servers is host;friendly name,host;friendly name. What does not resolve is passed over, and who is silent costs half a minute.',
    topology: compose(
      withServers('old.contoso.com;Old,spare.contoso.com;Spare,vpn.contoso.com;Main'),
      withRecord('contosoPublic', `spare 3600 IN A ${EMPTY_ADDRESS}`),
    ).apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      const report = await laptop.connect()
      expect(report).toBeConnected()
      expect(report.server).toBe('vpn.contoso.com')
      expect(report.took).toBeGreaterThan(minutes(0.5))
      const links = lab.trace
        .ofKind('logged')
        .filter(({ eventId }) => eventId === 20222)
        .flatMap(({ fields = [] }) => fields.filter(({ name }) => name.startsWith('Server')))
      // A link is sought from the look-up of its name on.
      const sought = ['old.contoso.com', 'spare.contoso.com', 'vpn.contoso.com']
      expect(links.map(({ value }) => value)).toEqual(sought)
    },
  }),
  story({
    title: 'A name with two addresses is two chances',
    teaches:
      'Round robin in public DNS: where one address is silent, the other is tried. Where both are, the answer says so.',
    topology: withTwoAddresses.apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      const report = await laptop.connect()
      expect(report).toBeConnected()
      expect(report.inner?.gateway).toBe('203.0.113.10')
      await laptop.disconnect()
      laptop.flushCaches()
      using _ = lab.pause('gateway')
      const silent = await laptop.connect()
      expect(silent).toFailToConnect('no-answer', { windows: '809', phase: 'P2' })
      const both = silent.why[0] ?? ''
      expect(both.includes('203.0.113.10') && both.includes(EMPTY_ADDRESS)).toBe(true)
    },
  }),
  story({
    title: 'A server that answers with the wrong certificate has answered for all',
    teaches:
      'Another address is for those who are silent. Who is there, and is not who he should be, ends the dial with 13801.',
    topology: compose(
      withServers('alias.contoso.com,vpn.contoso.com'),
      withRecord('contosoPublic', 'alias 3600 IN A 203.0.113.10'),
    ).apply(contoso),
    run: async ({ laptop, expect }) => {
      const report = await laptop.connect()
      expect(report).toFailToConnect('server-certificate-rejected', { windows: '13801' })
      expect(report.server).toBe('alias.contoso.com')
    },
  }),
  story({
    title: 'Where no server of the profile has an address it is 868',
    teaches: 'One name that does not resolve is passed over; none that does is the end.',
    topology: compose(
      withServers('old.contoso.com,vpn.contoso.com'),
      withoutRecord('contosoPublic', 'vpn', 'A'),
    ).apply(contoso),
    run: async ({ laptop, expect }) => {
      const report = await laptop.connect()
      expect(report).toFailToConnect('name-unresolved', { windows: '868', phase: 'P1' })
    },
  }),
]

export const connectTriggers: readonly Story[] = [...triggers, ...servers]
