/**
 * Tunnels that stand: they move with their computer, are lost, and are dialled again by Windows itself, or are not. What RasClient logs meanwhile is
 * what an administrator has to go by. Not how a first dial fares: `connect.ts`, `connect-failures.ts`.
 */
import {
  hours,
  minutes,
  seconds,
  story,
  withNode,
  withRemoteAccess,
  withVpnGateway,
  type Duration,
  type Lab,
  type LabNode,
  type Story,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import type { ContosoEdit } from './certificate-edits.ts'

const PAGE = 'https://intranet.corp.contoso.com/'

/** A dial that came to a tunnel, and one that nobody answered. */
const CONNECTED = [20221, 20222, 20223, 20224, 20225]
const UNANSWERED = [20221, 20222, 20227]
const ENDED = 20226

/** Nobody is put out for being idle. */
const withoutIdling: ContosoEdit = withVpnGateway('gateway', { idleDisconnect: hours(24) })

export const openHotel: ContosoEdit = withNode('hotelRouter', 'lets UDP through', (node) =>
  node.kind === 'nat-router' ? { ...node, nat: { ...node.nat, blocks: [] } } : node,
)

/** What RasClient logged on the laptop since event `since` of the trace. */
const rasClient = ({ trace }: Lab, since = 0): readonly (number | undefined)[] =>
  trace
    .ofKind('logged', since)
    .filter(({ node, source }) => node === 'laptop' && source === 'RasClient')
    .map(({ eventId }) => eventId)

/** The code of the last event that has one. */
const lastCode = ({ trace }: Lab): string | undefined =>
  trace
    .ofKind('logged')
    .filter(({ node, source }) => node === 'laptop' && source === 'RasClient')
    .flatMap(({ fields = [] }) => fields.filter(({ name }) => name.endsWith(' Code')))
    .at(-1)?.value

const now = ({ trace }: Lab): number => trace.events.at(-1)?.id ?? 0

/** Whether the intranet answers, with nothing remembered. */
async function reaches(laptop: LabNode): Promise<boolean> {
  laptop.flushCaches()
  return (await laptop.get(PAGE)).status === 200
}

const lost: readonly Story[] = [
  story({
    title: 'A gateway that is away for half an hour has its clients back without anybody’s doing',
    teaches:
      'Five minutes of silence, a question that nobody answers, event 20226 with 829. Then Always On dials: at once, twice more a minute apart, and every quarter of an hour.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      await laptop.connect()
      {
        using _ = lab.pause('gateway')
        await lab.advance(minutes(5.5))
        // Nobody has asked the gateway yet for a sign of life, or it may still give one.
        expect(rasClient(lab)).toEqual(CONNECTED)
        await lab.advance(minutes(24.5))
        expect(laptop.tunnels()).toEqual([])
        const dials = [...UNANSWERED, ...UNANSWERED, ...UNANSWERED, ...UNANSWERED]
        expect(rasClient(lab)).toEqual([...CONNECTED, ENDED, ...dials])
      }
      const before = now(lab)
      await lab.advance(minutes(12))
      expect(rasClient(lab, before)).toEqual(CONNECTED)
      expect(laptop.tunnels().length).toBe(1)
      expect(await reaches(laptop)).toBe(true)
    },
  }),
  story({
    title: 'A gateway whose service restarts says good-bye, and its clients come back',
    teaches:
      'Delete reaches the client at once: 629, and a dial of Always On that nobody has asked for. A tunnel of the device comes back beside it.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      await laptop.connect({ tunnel: 'device' })
      await laptop.connect()
      const before = now(lab)
      using restarting = lab.apply(withRemoteAccess('gateway', 'stopped'))
      await lab.advance(seconds(1))
      expect(laptop.tunnels()).toEqual([])
      restarting[Symbol.dispose]()
      await lab.advance(minutes(2))
      expect(
        laptop
          .tunnels()
          .map(({ tunnel }) => tunnel)
          .toSorted(),
      ).toEqual(['device', 'user'])
      const ended = rasClient(lab, before).filter((id) => id === ENDED)
      expect(ended.length).toBe(2)
      expect(await reaches(laptop)).toBe(true)
    },
  }),
  story({
    title: 'Who clicks on Disconnect is left alone',
    teaches:
      'Event 20226 with 631, and no other after it: neither time nor another network brings the tunnel back.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      await laptop.connect()
      await laptop.disconnect()
      expect(lastCode(lab)).toBe('631')
      await lab.advance(hours(1))
      await laptop.moveTo('hotspot')
      await lab.advance(hours(1))
      expect(rasClient(lab)).toEqual([...CONNECTED, ENDED])
      expect(laptop.tunnels()).toEqual([])
    },
  }),
  story({
    title: 'A gateway that hangs up for want of traffic has an Always On client back in a second',
    teaches:
      'idledisconnect is no way to be rid of Always On clients: each comes back, signs in at NPS, and gets an address anew.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      const { inner } = await laptop.connect()
      await lab.advance(minutes(6))
      expect(rasClient(lab)).toEqual([...CONNECTED, ENDED, ...CONNECTED])
      expect(laptop.tunnels()[0]?.address === inner?.address).toBe(false)
    },
  }),
]

/** MOBIKE's question, and all its repetitions. */
const UPDATE_UNANSWERED: Duration = seconds(70)

const moves: readonly Story[] = [
  story({
    title: 'From home to a hotel and into the office: one tunnel, three networks',
    teaches:
      'In the hotel MOBIKE tells the gateway the new address, and the tunnel goes on. In the office nobody hangs up, but the gateway’s public address is not reached from inside: for a minute names and pages go into a tunnel that is dead. Then 829, and trusted network detection keeps Always On quiet until the laptop is home again.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(openHotel)
      const { inner } = await laptop.connect()
      await lab.step('in the hotel', async () => {
        await laptop.moveTo('hotelLan')
        await lab.advance(seconds(5))
        expect(await reaches(laptop)).toBe(true)
        expect(laptop.tunnels()[0]?.address).toBe(inner?.address)
        expect(rasClient(lab)).toEqual(CONNECTED)
      })
      await lab.step('in the office', async () => {
        await laptop.moveTo('office')
        expect(await reaches(laptop)).toBe(false)
        await lab.advance(UPDATE_UNANSWERED)
        expect(rasClient(lab)).toEqual([...CONNECTED, ENDED])
        expect(lastCode(lab)).toBe('829')
        expect(await reaches(laptop)).toBe(true)
        await lab.advance(hours(8))
        expect(rasClient(lab)).toEqual([...CONNECTED, ENDED])
      })
      await lab.step('home again', async () => {
        await laptop.moveTo('homeLan')
        await lab.advance(seconds(5))
        expect(rasClient(lab)).toEqual([...CONNECTED, ENDED, ...CONNECTED])
        expect(await reaches(laptop)).toBe(true)
      })
    },
  }),
  story({
    title: 'If Windows hung up inside, nobody would wait for a dead tunnel',
    teaches:
      'What becomes of a tunnel that stands when its computer comes to a trusted network is not documented: this is the other way it may be, and the difference is a minute without a network.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      await laptop.connect({ assume: { tunnelOnTrustedNetwork: 'ended' } })
      await laptop.moveTo('office')
      await lab.advance(UPDATE_UNANSWERED)
      expect(rasClient(lab)).toEqual([...CONNECTED, ENDED])
      expect(lastCode(lab)).toBe('631')
      expect(await reaches(laptop)).toBe(true)
      await laptop.moveTo('hotspot')
      await lab.advance(seconds(5))
      expect(rasClient(lab)).toEqual([...CONNECTED, ENDED, ...CONNECTED])
    },
  }),
  story({
    title: 'In a hotel that blocks UDP the tunnel is lost, and comes back on the telephone',
    teaches:
      'MOBIKE cannot tell the gateway: 829, then 809 after 809. Another network is another chance, and Windows does not wait for the next minute.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      await laptop.connect()
      await laptop.moveTo('hotelLan')
      await lab.advance(minutes(4))
      const dials = rasClient(lab).slice(CONNECTED.length)
      expect(dials.slice(0, 1 + UNANSWERED.length)).toEqual([ENDED, ...UNANSWERED])
      expect(lastCode(lab)).toBe('809')
      const before = now(lab)
      await laptop.moveTo('hotspot')
      await lab.advance(seconds(40))
      expect(rasClient(lab, before).slice(-CONNECTED.length)).toEqual(CONNECTED)
      expect(await reaches(laptop)).toBe(true)
    },
  }),
  story({
    title: 'Half an hour without a network ends a tunnel, and the next network brings another',
    teaches:
      'NetworkOutageTime: until then the tunnel sleeps and keeps its address; after it there is 829, and nothing is dialled while there is no network.',
    topology: withoutIdling.apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      await laptop.connect()
      // Nobody gives addresses there.
      await laptop.moveTo('transit')
      await lab.advance(minutes(31))
      expect(rasClient(lab)).toEqual([...CONNECTED, ENDED])
      expect(lastCode(lab)).toBe('829')
      await lab.advance(hours(2))
      expect(rasClient(lab)).toEqual([...CONNECTED, ENDED])
      await laptop.moveTo('homeLan')
      await lab.advance(seconds(5))
      expect(rasClient(lab)).toEqual([...CONNECTED, ENDED, ...CONNECTED])
    },
  }),
]

export const alwaysOn: readonly Story[] = [...lost, ...moves]
