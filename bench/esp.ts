/**
 * Packets of 1,400 bytes through a standing tunnel with AES-256-GCM, from the client to a host behind the gateway: sealed, in UDP through two
 * NATs and a firewall, opened by the gateway, routed on. One process does both sides' work: `whole` counts all of it; `gateway` what begins with the
 * gateway's outer interface, told apart by a link before it that holds everything back until the client has done its part.
 * Not a link's bandwidth: time stands still meanwhile.
 */
import { ipv4 } from '../src/base/address.ts'
import { seconds, type Duration } from '../src/base/time.ts'
import type { DrivenLab } from '../src/lab/build.ts'
import { delay } from '../src/net/faults.ts'
import { clock, median, type BenchOptions, type Report } from './measure.ts'
import { connect, GROUP14, vpnLab } from './vpn-lab.ts'

const INNER_BYTES = 1400
const HEADERS = 20 + 8
/** One that Contoso's inner firewall lets clients reach, and where nobody else listens. */
const PORT = 389
const SPACING = 20 as Duration
const PACKETS_MAX = 200_000
/** An SA is worn out by 100,000 KB, and the one that replaces it would be held back, too. */
const HELD_MAX = 60_000

/** Longer than the client takes to send all of them. */
const HOLD = seconds(5)

/** What is sent to the gateway waits before its outer interface; its neighbours' questions do not. */
const HELD = delay(HOLD)
  .on('perimeterExternal')
  .to('gateway')
  .when(({ udp }) => udp !== undefined)

/** Packets a second. */
interface Rates {
  readonly cpu: number
  readonly wall: number
}

/** `unheard`: virtual time at the beginning that does not count. */
async function run(driven: DrivenLab, packets: number, unheard: Duration): Promise<Rates> {
  const { world, lab } = driven
  let received = 0
  const server = driven.stack('intranet')
  const target = server.udp.open({ onDatagram: () => void received++ }, { port: PORT })
  const source = driven.stack('laptop').udp.open({ onDatagram: () => undefined })
  if (!target.ok || !source.ok) throw new Error('no port')
  const to = { address: ipv4('10.10.0.20'), port: PORT }
  const payload = new Uint8Array(INNER_BYTES - HEADERS)
  let sent = 0
  const send = (): void => {
    source.value.send(to, payload)
    if (++sent < packets) world.schedule(SPACING, send, undefined)
  }
  // One ahead finds the neighbours.
  source.value.send(to, payload)
  await lab.advance(seconds(2))
  received = 0
  using _held = unheard > 0 ? lab.inject(HELD) : undefined
  world.schedule(0 as Duration, send, undefined)
  await lab.advance(unheard)
  if (unheard > 0 && (sent < packets || received > 0)) throw new Error('they were not held back')
  const [before, begin] = [process.cpuUsage(), clock()]
  await lab.advance(seconds(20))
  const wall = clock() - begin
  const { user, system } = process.cpuUsage(before)
  target.value.close()
  source.value.close()
  if (received !== packets) throw new Error(`only ${received} of ${packets} packets came through`)
  return { cpu: (packets * 1e6) / (user + system), wall: packets / wall }
}

/** Each run has a connection of its own; the first warms up. */
async function medianOf(runs: number, packets: number, unheard: Duration): Promise<Rates> {
  const rates: Rates[] = []
  for (let i = -1; i < runs; i++) {
    const driven = vpnLab(GROUP14)
    await connect(driven)
    const rate = await run(driven, packets, unheard)
    if (i >= 0) rates.push(rate)
  }
  return {
    cpu: Math.round(median(rates.map(({ cpu }) => cpu))),
    wall: Math.round(median(rates.map(({ wall }) => wall))),
  }
}

/** `ours`: packets a second of CPU that the gateway passes on. */
export async function benchEsp(options: BenchOptions): Promise<Report> {
  const packets = Math.min(options.packets, PACKETS_MAX)
  const whole = await medianOf(options.runs, packets, 0 as Duration)
  const gateway = await medianOf(options.runs, Math.min(packets, HELD_MAX), HOLD)
  return {
    name: 'esp',
    unit: 'packets/s of CPU',
    bytes: INNER_BYTES,
    packets,
    ours: gateway.cpu,
    rates: [
      { of: 'gateway', ...gateway },
      { of: 'whole', ...whole },
    ],
  }
}
