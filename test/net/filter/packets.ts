/** Hand-made packets for the filter's tests: whole Ethernet frames with right checksums, and a filter on a clock that tests move. */
import { ipv4 } from '../../../src/base/address.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import type { Duration, Instant } from '../../../src/base/time.ts'
import { createFilter, type Filter, type FilterEvent } from '../../../src/net/filter/filter.ts'
import type { Packet, Stop } from '../../../src/net/packet.ts'
import type { FilterSpec } from '../../../src/topology/firewall.ts'
import { encodeIcmp } from '../../../src/wire/icmp.ts'
import { encodeIpv4 } from '../../../src/wire/ipv4.ts'
import { encodeTcp } from '../../../src/wire/tcp.ts'
import { encodeUdp } from '../../../src/wire/udp.ts'

export const CLIENT = '192.168.1.5'
export const SERVER = '198.18.0.7'
export const ROUTER = '198.18.0.1'

const FLAG_BITS = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const
export type Flag = keyof typeof FLAG_BITS

const bits = (flags: readonly Flag[]): number =>
  flags.reduce((sum, flag) => sum | FLAG_BITS[flag], 0)

/** `192.168.1.5:5000`, or the address alone. */
function end(text: string): { readonly address: ReturnType<typeof ipv4>; readonly port: number } {
  const [address, port = '0'] = text.split(':')
  return { address: ipv4(address!), port: Number(port) }
}

function frame(protocol: number, from: string, to: string, payload: Uint8Array): Uint8Array {
  const packet = encodeIpv4({
    dscpEcn: 0,
    identification: 1,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 64,
    protocol,
    source: end(from).address,
    destination: end(to).address,
    options: new Uint8Array(0),
    payload,
  })
  const out = new Uint8Array(14 + packet.length)
  out.set([8, 0], 12)
  out.set(packet, 14)
  return out
}
export const udp = (from: string, to: string, data = 'hello'): Uint8Array => {
  const [source, destination] = [end(from), end(to)]
  const pseudo = { source: source.address, destination: destination.address }
  const payload = new TextEncoder().encode(data)
  const datagram = { sourcePort: source.port, destinationPort: destination.port, payload }
  return frame(17, from, to, encodeUdp(datagram, pseudo))
}

export interface Numbers {
  readonly seq?: number
  readonly ack?: number
  readonly length?: number
}

export const tcp = (
  from: string,
  to: string,
  flags: readonly Flag[],
  { seq = 1000, ack = 0, length = 0 }: Numbers = {},
): Uint8Array => {
  const [source, destination] = [end(from), end(to)]
  const segment = encodeTcp(
    {
      sourcePort: source.port,
      destinationPort: destination.port,
      sequence: seq,
      acknowledgement: ack,
      flags: bits(flags),
      window: 60_000,
      urgentPointer: 0,
      options: [],
      payload: new Uint8Array(length),
    },
    { source: source.address, destination: destination.address },
  )
  return frame(6, from, to, segment)
}

export const icmp = (
  from: string,
  to: string,
  message: { readonly type: number; readonly code?: number; readonly id?: number },
  payload = new Uint8Array(8),
): Uint8Array => {
  const { type, code = 0, id = 0 } = message
  return frame(1, from, to, encodeIcmp({ type, code, rest: (id << 16) >>> 0, payload }))
}

export const raw = (protocol: number, from: string, to: string): Uint8Array =>
  frame(protocol, from, to, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))

/** An ICMP error that quotes what reached `from`. */
export const errorAbout = (quoted: Uint8Array, from: string, code = 3): Uint8Array => {
  const source = `${quoted[26]}.${quoted[27]}.${quoted[28]}.${quoted[29]}`
  return icmp(from, source, { type: 3, code }, quoted.slice(14))
}

/** `198.18.0.1:5000 > 198.18.0.7:53` */
export function ends(b: Uint8Array): string {
  const address = (at: number): string => b.subarray(at, at + 4).join('.')
  const port = (at: number): string => (b[23] === 1 ? '' : `:${(b[at]! << 8) | b[at + 1]!}`)
  return `${address(26)}${port(34)} > ${address(30)}${port(36)}`
}

export interface Passage {
  readonly stop: Stop | undefined
  readonly frame: Uint8Array
}

/** A router's filter between `inside` and `outside`, and what it reported. */
export class Bench {
  now = 1e15 as Instant
  readonly events: FilterEvent[] = []
  readonly filter: Filter
  #id = 0

  constructor(spec: FilterSpec) {
    this.filter = createFilter(spec, {
      clock: () => this.now,
      rng: rngFrom('bench'),
      addressOf: (network) => (network === 'outside' ? ipv4(ROUTER) : ipv4('192.168.1.1')),
      detailed: () => true,
      report: (event) => this.events.push(event),
      defaultHook: 'forward',
    })
  }

  wait(span: Duration): void {
    this.now = (this.now + span) as Instant
  }

  /** A packet through prerouting, forward and postrouting. */
  pass(bytes: Uint8Array, inNic: 'inside' | 'outside'): Passage {
    const packet = this.#packet(bytes)
    packet.inNic = inNic
    const { filter } = this
    let stop = filter.prerouting(packet)
    if (stop === undefined) {
      // Everything private is inside.
      packet.outNic = packet.frame[30] === 192 ? 'inside' : 'outside'
      stop = filter.forward(packet) ?? filter.postrouting(packet)
    }
    return { stop, frame: packet.frame }
  }

  out(bytes: Uint8Array): Passage {
    return this.pass(bytes, 'inside')
  }

  in(bytes: Uint8Array): Passage {
    return this.pass(bytes, 'outside')
  }

  /** The words that the forward rules saw, packet by packet. */
  get states(): readonly string[] {
    return this.events.flatMap((event) => (event.kind === 'filtered' ? event.state : []))
  }

  #packet(frameBytes: Uint8Array): Packet {
    return {
      frame: frameBytes.slice(),
      id: ++this.#id,
      inNic: undefined,
      outNic: undefined,
      track: undefined,
    }
  }

  /** A packet of the router's own; `cause` is the packet it answers. */
  send(bytes: Uint8Array, outNic: 'inside' | 'outside', track?: unknown): Passage {
    const packet = this.#packet(bytes)
    packet.outNic = outNic
    packet.track = track
    const stop = this.filter.output(packet) ?? this.filter.postrouting(packet)
    return { stop, frame: packet.frame }
  }
}
