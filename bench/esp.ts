/**
 * Packets of 1,400 bytes through a standing tunnel with AES-256-GCM, from the client to a host behind the gateway: sealed, in UDP through two
 * NATs and a firewall, opened by the gateway, routed on. One process does both sides' work. Not a link's bandwidth: time stands still meanwhile.
 */
import { ipv4 } from '../src/base/address.ts'
import { seconds, type Duration } from '../src/base/time.ts'
import type { DrivenLab } from '../src/lab/build.ts'
import { clock, median, type BenchOptions, type Report } from './measure.ts'
import { connect, GROUP14, vpnLab } from './vpn-lab.ts'

const INNER_BYTES = 1400
const HEADERS = 20 + 8
/** One that Contoso's inner firewall lets clients reach, and where nobody else listens. */
const PORT = 389
const SPACING = 20 as Duration
const PACKETS_MAX = 200_000

/** Packets a second of CPU. */
async function run(driven: DrivenLab, packets: number): Promise<{ cpu: number; wall: number }> {
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
  world.schedule(seconds(1), send, undefined)
  const [before, begin] = [process.cpuUsage(), clock()]
  await lab.advance(seconds(10))
  const wall = clock() - begin
  const { user, system } = process.cpuUsage(before)
  target.value.close()
  source.value.close()
  if (received !== packets) throw new Error(`only ${received} of ${packets} packets came through`)
  return { cpu: (packets * 1e6) / (user + system), wall: packets / wall }
}

/** `ours`: packets a second of CPU. */
export async function benchEsp(options: BenchOptions): Promise<Report> {
  const packets = Math.min(options.packets, PACKETS_MAX)
  const driven = vpnLab(GROUP14)
  await connect(driven)
  await run(driven, packets)
  const cpu: number[] = []
  const wall: number[] = []
  for (let i = 0; i < options.runs; i++) {
    const rates = await run(driven, packets)
    cpu.push(rates.cpu)
    wall.push(rates.wall)
  }
  return {
    name: 'esp',
    unit: 'packets/s of CPU',
    bytes: INNER_BYTES,
    packets,
    ours: Math.round(median(cpu)),
    wall: Math.round(median(wall)),
  }
}
