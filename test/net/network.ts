/** Small networks for tests: a world, segments by name, stacks with their addresses. Each test says which. */
import { ipv4, type Ipv4 } from '../../src/base/address.ts'
import { instant, microseconds, seconds, type Duration } from '../../src/base/time.ts'
import type { SocketError, UdpSocket } from '../../src/net/sockets.ts'
import { Segment, type SegmentOptions } from '../../src/net/segment.ts'
import { Stack, type NicOptions, type StackOptions } from '../../src/net/stack.ts'
import { Trace, type TraceLevel } from '../../src/net/trace.ts'
import { World } from '../../src/net/world.ts'
import { encodeEthernet, ETHER_TYPE } from '../../src/wire/ethernet.ts'
import { encodeIpv4, PROTOCOL, type Ipv4Packet } from '../../src/wire/ipv4.ts'

export const START = instant('2026-03-02T08:00:00Z')

/** `10.0.0.1/24`, as an interface's settings. */
export function at(text: string, rest: NicOptions = {}): NicOptions {
  const [address, length] = text.split('/')
  return { address: ipv4(address!), prefixLength: Number(length ?? 24), ...rest }
}

export class Network {
  readonly world: World
  readonly trace: Trace
  readonly #segments = new Map<string, Segment>()

  constructor(level: TraceLevel = 'all') {
    this.world = new World({ seed: '1', start: START })
    this.trace = new Trace(() => this.world.now, level)
  }

  segment(name: string, options: Partial<SegmentOptions> = {}): Segment {
    const known = this.#segments.get(name)
    if (known !== undefined) return known
    const segment = new Segment(this.world, this.trace, {
      name,
      latency: microseconds(100),
      ...options,
    })
    this.#segments.set(name, segment)
    return segment
  }

  /** A stack with an interface on each named network. */
  stack(
    name: string,
    nics: Readonly<Record<string, string | NicOptions>>,
    options: Partial<StackOptions> = {},
  ): Stack {
    const stack = new Stack(this.world, this.trace, { name, ...options })
    for (const [network, settings] of Object.entries(nics))
      stack.addNic(this.segment(network), typeof settings === 'string' ? at(settings) : settings)
    return stack
  }

  run(by: Duration = seconds(10)): void {
    this.world.runUntil((this.world.now + by) as typeof START)
  }

  drops(node?: string): string[] {
    return this.trace
      .ofKind('dropped')
      .filter((event) => node === undefined || event.node === node)
      .map((event) => event.reason)
  }
}

export interface Peer {
  readonly socket: UdpSocket
  readonly received: { text: string; from: string; nic: string; packet: number }[]
  readonly errors: SocketError[]
  say(to: string, port: number, text?: string | Uint8Array): number
}

/** A UDP socket that remembers what it heard. */
export function peer(
  stack: Stack,
  port?: number,
  bind: { address?: Ipv4; nic?: string } = {},
): Peer {
  const received: Peer['received'] = []
  const errors: SocketError[] = []
  const opened = stack.udp.open(
    {
      onDatagram: ({ bytes, from, nic, packet }) =>
        void received.push({
          text: Buffer.from(bytes).toString('latin1'),
          from: `${from.address}:${from.port}`,
          nic,
          packet,
        }),
      onError: (error) => void errors.push(error),
    },
    { ...bind, ...(port === undefined ? {} : { port }) },
  )
  if (!opened.ok) throw new Error(`port ${port} is taken`)
  const socket = opened.value
  return {
    socket,
    received,
    errors,
    say: (to, toPort, text = 'hello') =>
      socket.send(
        { address: ipv4(to), port: toPort },
        typeof text === 'string' ? Buffer.from(text, 'latin1') : text,
      ),
  }
}

/** An Ethernet frame with an IPv4 packet in it. */
export function ipFrame(
  macs: { readonly to: Uint8Array; readonly from?: Uint8Array },
  ends: { readonly source: string; readonly destination: string },
  rest: Partial<Ipv4Packet> = {},
): Uint8Array {
  return encodeEthernet({
    destination: macs.to,
    source: macs.from ?? Uint8Array.of(2, 0, 0, 0, 0, 99),
    etherType: ETHER_TYPE.ipv4,
    payload: encodeIpv4({
      dscpEcn: 0,
      identification: 7,
      dontFragment: false,
      moreFragments: false,
      fragmentOffset: 0,
      ttl: 64,
      protocol: PROTOCOL.udp,
      source: ipv4(ends.source),
      destination: ipv4(ends.destination),
      options: new Uint8Array(0),
      payload: new Uint8Array(8),
      ...rest,
    }),
  })
}
