/**
 * The twin of a lab: the same routers as stacks of the project with `net/filter` hooks, the same frames in, the outcome in the same form
 * as the kernel's. Not a judge. Where the kernel draws a port, the twin is told what came out and must find that it could have been.
 */
import { microseconds, type Instant } from '../../../src/base/time.ts'
import { rngFrom, type Rng } from '../../../src/base/rng.ts'
import { createFilter, type FilterEvent } from '../../../src/net/filter/filter.ts'
import { IP_OFFSET } from '../../../src/net/packet.ts'
import { Segment } from '../../../src/net/segment.ts'
import { Stack } from '../../../src/net/stack.ts'
import { Trace } from '../../../src/net/trace.ts'
import { Transit } from '../../../src/net/transit.ts'
import { World } from '../../../src/net/world.ts'
import { ruleTag } from '../../../src/replica/render/nftables.ts'
import type { FilterSpec } from '../../../src/topology/firewall.ts'
import { ARP_OPERATION, decodeArp, encodeArp } from '../../../src/wire/arp.ts'
import { destinationOf } from '../../../src/wire/ipv4.ts'
import {
  ETHER_TYPE,
  ETHERNET_HEADER,
  encodeEthernet,
  etherTypeOf,
} from '../../../src/wire/ethernet.ts'
import type { Outcome } from './kernel.ts'
import type { Lab, LabNetwork, LabRouter } from './labs.ts'

/** Draws what the kernel is seen to have drawn: the first candidate tried is then the one that it found free. */
class HintedRng {
  /** The source port or ICMP identifier that left the lab. */
  hint: number | undefined
  readonly #lowest: ReadonlyMap<number, number>

  /** `ranges` are those of the rules: each has a size of its own, by which a draw is recognised. */
  constructor(ranges: readonly (readonly [from: number, to: number])[]) {
    this.#lowest = new Map([
      ...([
        [511, 1],
        [424, 600],
        [64_512, 1024],
        [65_536, 0],
      ] as const),
      ...ranges.map(([from, to]) => [to - from + 1, from] as const),
    ])
  }

  below(bound: number): number {
    const from = this.#lowest.get(bound) ?? 0
    return ((((this.hint ?? from) - from) % bound) + bound) % bound
  }
}

export class Twin {
  readonly #world = new World({ seed: 'twin', start: 0 as Instant })
  readonly #trace = new Trace(() => this.#world.now, 'drops')
  readonly #ports = new Map<number, (frame: Uint8Array) => void>()
  readonly #rngs: HintedRng[] = []
  /** The last packet made a router send something whose destination its NAT changed, so that it had to be routed again. */
  isRerouted = false
  readonly #epoch: number
  #outcome: Outcome = { frames: [], logs: [] }

  /** `epoch`: the kernel's clock, in µs, at which the twin's begins. */
  constructor(lab: Lab, specs: readonly FilterSpec[], epoch: number) {
    this.#epoch = epoch
    const segments = new Map(lab.networks.map((network) => [network.name, this.#segment(network)]))
    for (const [index, router] of lab.routers.entries())
      this.#addRouter(router, index, specs[index]!, segments)
  }

  /** Put a frame on a cable at an instant of the kernel's clock, and see what comes of it. */
  inject(port: number, frame: Uint8Array, at: number, hint: number | undefined): Outcome {
    for (const rng of this.#rngs) rng.hint = hint
    this.#outcome = { frames: [], logs: [] }
    this.isRerouted = false
    const now = Math.max(at - this.#epoch, this.#world.now) as Instant
    this.#world.runUntil(now)
    this.#ports.get(port)!(frame)
    this.#world.runUntil(now)
    return this.#outcome
  }

  #segment(network: LabNetwork): Segment {
    const { name, mtu, port, stationMac } = network
    const segment = new Segment(this.#world, this.#trace, { name, mtu, latency: microseconds(0) })
    if (port === undefined) return segment
    const link = segment.plug({
      node: `station${port}`,
      mac: stationMac,
      receive: ({ frame }) => {
        if (etherTypeOf(frame) === ETHER_TYPE.ipv4)
          this.#outcome.frames.push({ port, frame: frame.slice() })
        const answer = arpAnswer(frame, network)
        if (answer !== undefined) link.send(new Transit(answer, this.#trace.nextPacket()))
      },
    })
    this.#ports.set(port, (frame) =>
      link.send(new Transit(frame.slice(), this.#trace.nextPacket())),
    )
    return segment
  }

  #addRouter(
    router: LabRouter,
    index: number,
    spec: FilterSpec,
    segments: ReadonlyMap<string, Segment>,
  ): void {
    const stack = new Stack(this.#world, this.#trace, { name: router.name, forwards: true })
    for (const { network, address, prefixLength, mac } of router.nics)
      stack.addNic(segments.get(network)!, { address, prefixLength, mac })
    for (const route of router.routes) stack.addRoute(route)
    const rng = new HintedRng(rangesOf(spec))
    this.#rngs.push(rng)
    const filter = createFilter(spec, {
      clock: () => this.#world.now,
      rng: { ...rngFrom('never drawn from'), below: (bound) => rng.below(bound) } satisfies Rng,
      addressOf: (network) => stack.addressOf(network),
      detailed: () => true,
      report: (event) => this.#note(event, index, spec),
      defaultHook: 'forward',
    })
    stack.hooks = {
      prerouting: (packet) => filter.prerouting(packet),
      input: (packet) => filter.input(packet),
      forward: (packet) => filter.forward(packet),
      output: (packet) => {
        const before = destinationOf(packet.frame, IP_OFFSET)
        const stop = filter.output(packet)
        this.isRerouted ||= destinationOf(packet.frame, IP_OFFSET) !== before
        return stop
      },
      postrouting: (packet) => filter.postrouting(packet),
    }
  }

  #note(event: FilterEvent, router: number, spec: FilterSpec): void {
    if (event.kind !== 'filtered') return
    const place = spec.rules.findIndex(({ name }) => name === event.rule)
    this.#outcome.logs.push({
      router,
      tag: ruleTag(event.hook, place === -1 ? undefined : place),
    })
  }
}

/** The port ranges that translations of a spec draw from. */
export const rangesOf = (spec: FilterSpec): readonly (readonly [number, number])[] =>
  (spec.nat ?? []).flatMap((rule) =>
    rule.kind === 'dnat' || rule.toPorts === undefined ? [] : [rule.toPorts],
  )

function arpAnswer(frame: Uint8Array, network: LabNetwork): Uint8Array | undefined {
  if (etherTypeOf(frame) !== ETHER_TYPE.arp) return undefined
  const arp = decodeArp(frame.subarray(ETHERNET_HEADER, ETHERNET_HEADER + 28))
  if (!arp.ok || arp.value.operation !== ARP_OPERATION.request) return undefined
  if (!network.stations.includes(arp.value.target)) return undefined
  return encodeEthernet({
    destination: arp.value.senderMac,
    source: network.stationMac,
    etherType: ETHER_TYPE.arp,
    payload: encodeArp({
      operation: ARP_OPERATION.reply,
      senderMac: network.stationMac,
      sender: arp.value.target,
      targetMac: arp.value.senderMac,
      target: arp.value.sender,
    }),
  })
}
