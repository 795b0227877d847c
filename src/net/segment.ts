/**
 * One broadcast domain: stations plugged into an Ethernet, with the delay, loss, bandwidth and faults of its links.
 * Not a VLAN switch (`net/switch.ts` leads tagged cables here), and it never looks above the Ethernet header.
 */
import type { Rng } from '../base/rng.ts'
import type { Duration, Instant } from '../base/time.ts'
import {
  ETHERNET_HEADER,
  formatMac,
  isGroupFrame,
  isMac,
  tagFrame,
  VLAN_TAG,
} from '../wire/ethernet.ts'
import type { Lane } from './event-queue.ts'
import { LazyFrameView, type Fault } from './faults.ts'
import type { DropReason, Trace } from './trace.ts'
import { Transit } from './transit.ts'
import type { World } from './world.ts'

/** Preamble, frame check sequence and the gap between frames: 24 bytes that take time and are never captured. */
const FRAME_OVERHEAD = 24
const QUEUE_DEFAULT = 1000

export interface SegmentOptions {
  /** The network's name. */
  readonly name: string
  readonly latency: Duration
  /** Up to this much is added to the latency, evenly drawn; order is kept. */
  readonly jitter?: Duration
  /** Probability 0 … 1 that a frame is lost. */
  readonly loss?: number
  /** Bits a second at each station; default unlimited. */
  readonly bandwidth?: number
  /** Frames that a station may hold back while its link is busy; default 1000. */
  readonly queue?: number
  /** Largest IP packet in bytes; default 1500. */
  readonly mtu?: number
  /** 802.1Q VLAN id, for trunks. */
  readonly vlan?: number
}

/** What is plugged in: one interface of one node. It hears frames of 14 bytes or more. */
export interface Station {
  readonly node: string
  readonly mac: Uint8Array
  /** Takes ownership. */
  receive(packet: Transit): void
}

/** A station's end of its cable. Stations and segments hand each other frames without a tag: {@link onCable} is how they look in between. */
export interface Link {
  readonly segment: Segment
  /** Frames on this cable carry this VLAN's tag; undefined: untagged. */
  readonly vlan: number | undefined
  /** Takes ownership. */
  send(packet: Transit): void
  unplug(): void
}

/** A frame as it travels on that cable: to tag each one, and take the tag off at once, would be two copies that nobody sees. */
export const onCable = (frame: Uint8Array, link: Link | undefined): Uint8Array =>
  link?.vlan === undefined ? frame : tagFrame(frame, link.vlan)

/** A fault in the chain of one segment. */
export interface InstalledFault extends Disposable {
  readonly fault: Fault
  /** How many frames it did something to. */
  readonly matched: number
}

interface Installed extends InstalledFault {
  matched: number
  readonly rng: Rng
}

/** What one station's direction of the link remembers. */
class Port implements Link {
  readonly segment: Segment
  readonly station: Station
  readonly vlan = undefined
  readonly lane: Lane<Transit>
  /** Each direction draws for itself. */
  readonly rng: Rng | undefined
  plugged = true
  /** When the frames sent so far have left the station; fractions of a microsecond count. */
  busyUntil = 0
  // A ring of the instants at which frames begin to leave, for counting those that wait.
  readonly #starts: Float64Array
  #first = 0
  #waiting = 0

  constructor(
    segment: Segment,
    station: Station,
    lane: Lane<Transit>,
    queue: number,
    rng: Rng | undefined,
  ) {
    this.segment = segment
    this.station = station
    this.lane = lane
    this.rng = rng
    this.#starts = new Float64Array(queue)
  }

  /** Begin to send at `now` or when the link is free; false when the queue is full. */
  occupy(now: number, bytes: number, bitsPerSecond: number): boolean {
    const starts = this.#starts
    while (this.#waiting > 0 && starts[this.#first]! <= now) {
      this.#first = this.#first + 1 === starts.length ? 0 : this.#first + 1
      this.#waiting--
    }
    const start = Math.max(now, this.busyUntil)
    if (start > now) {
      if (this.#waiting === starts.length) return false
      starts[(this.#first + this.#waiting++) % starts.length] = start
    }
    this.busyUntil = start + ((bytes + FRAME_OVERHEAD) * 8e6) / bitsPerSecond
    return true
  }

  send(packet: Transit): void {
    this.segment.transmit(this, packet)
  }

  unplug(): void {
    this.segment.unplug(this)
  }
}

export class Segment {
  readonly name: string
  readonly mtu: number
  readonly vlan: number | undefined
  /** Sees every frame that reaches a station, after the link's delay. The bytes are the network's own: copy to keep. */
  tap: ((frame: Uint8Array, packet: number) => void) | undefined
  readonly #world: World
  readonly #trace: Trace
  readonly #options: SegmentOptions
  readonly #queue: number
  readonly #rng: Rng
  readonly #ports: Port[] = []
  // By the last four bytes of the MAC: a 32-bit integer is a cheap key.
  readonly #byMac = new Map<number, Port[]>()
  readonly #faults: Installed[] = []
  #latency: Duration

  constructor(world: World, trace: Trace, options: SegmentOptions) {
    this.name = options.name
    this.mtu = options.mtu ?? 1500
    this.vlan = options.vlan
    this.#world = world
    this.#trace = trace
    this.#options = options
    this.#latency = options.latency
    this.#queue = options.bandwidth === undefined ? 0 : (options.queue ?? QUEUE_DEFAULT)
    this.#rng = world.rng.fork(`segment/${options.name}`)
  }

  /** Plug a station in. */
  plug(station: Station): Link {
    const lane = this.#world.lane<Transit>((packet) => this.#arrive(port, packet))
    const { jitter = 0, loss = 0 } = this.#options
    const rng = jitter > 0 || loss > 0 ? this.#rng.fork(station.node) : undefined
    const port = new Port(this, station, lane, this.#queue, rng)
    this.#ports.push(port)
    const key = macKey(station.mac, 0)
    this.#byMac.set(key, [...(this.#byMac.get(key) ?? []), port])
    return port
  }

  /** Put a frame of nobody here on the segment; every station hears it as if from outside. Returns its id. The frame is copied. */
  inject(frame: Uint8Array): number {
    const packet = new Transit(frame.slice(), this.#trace.nextPacket())
    this.#world.schedule(this.#latency, (late: Transit) => this.#arrive(undefined, late), packet)
    return packet.id
  }

  /** Faults in the order in which they are asked; the first that does not pass decides. */
  get faults(): readonly InstalledFault[] {
    return this.#faults
  }

  /** Put a fault at the end of the chain. Disposing takes it out; whether it matched is the caller's to judge. */
  addFault(fault: Fault): InstalledFault {
    const installed: Installed = {
      fault,
      matched: 0,
      rng: this.#rng.fork(`fault/${fault.name}`),
      [Symbol.dispose]: () => {
        const at = this.#faults.indexOf(installed)
        if (at >= 0) this.#faults.splice(at, 1)
      },
    }
    this.#faults.push(installed)
    return installed
  }

  // For ports only.

  transmit(port: Port, packet: Transit): void {
    if (!port.plugged) return this.#drop(port, packet, 'link-lost', 'the cable is unplugged')
    const size = packet.frame.length
    if (size > this.mtu + ETHERNET_HEADER + VLAN_TAG)
      return this.#drop(port, packet, 'too-big', `a frame of ${size} bytes, MTU ${this.mtu}`)
    if (this.#faults.length > 0 && this.#isTaken(port, packet)) return
    this.#depart(port, packet)
  }

  unplug(port: Port): void {
    if (!port.plugged) return
    port.plugged = false
    this.#ports.splice(this.#ports.indexOf(port), 1)
    const key = macKey(port.station.mac, 0)
    this.#byMac.set(
      key,
      this.#byMac.get(key)!.filter((other) => other !== port),
    )
  }

  #depart(port: Port, packet: Transit): void {
    const { bandwidth, jitter = 0, loss = 0 } = this.#options
    const { now } = this.#world
    let at: number = now
    if (bandwidth !== undefined) {
      if (!port.occupy(now, packet.frame.length, bandwidth))
        return this.#drop(port, packet, 'queue-full', `${this.#queue} frames wait already`)
      at = Math.ceil(port.busyUntil)
    }
    const { lane, rng } = port
    if (rng?.chance(loss) === true)
      return this.#drop(port, packet, 'link-lost', `loss of ${this.name}`)
    at += this.#latency
    if (rng !== undefined) at += rng.below(jitter + 1)
    lane.push((at < lane.last ? lane.last : at) as Instant, packet)
  }

  #arrive(from: Port | undefined, packet: Transit): void {
    const { frame } = packet
    if (frame.length < ETHERNET_HEADER)
      return this.#drop(from, packet, 'malformed', `a frame of ${frame.length} bytes`)
    if (!isGroupFrame(frame)) {
      const to = this.#ownerOf(frame)
      if (to !== undefined && to !== from) return this.#deliver(to, packet)
      const detail = to === from ? 'sent to its own address' : 'nobody here has'
      this.#drop(from, packet, 'link-lost', `${detail} ${formatMac(frame.subarray(0, 6))}`)
    }
    // A copy each, so that every receiver owns its frame.
    for (const port of this.#ports.slice()) if (port !== from) this.#deliver(port, packet.copy())
  }

  #deliver(port: Port, packet: Transit): void {
    if (this.tap !== undefined) this.tap(packet.frame, packet.id)
    port.station.receive(packet)
  }

  #ownerOf(frame: Uint8Array): Port | undefined {
    const ports = this.#byMac.get(macKey(frame, 0))
    if (ports === undefined) return undefined
    for (const port of ports) if (isMac(frame, 0, port.station.mac)) return port
    return undefined
  }

  /** Ask the faults; true when one of them saw to the packet. */
  #isTaken(port: Port, packet: Transit): boolean {
    const view = new LazyFrameView(packet.frame, packet.id)
    const to = isGroupFrame(packet.frame) ? undefined : this.#ownerOf(packet.frame)
    const at = {
      network: this.name,
      from: port.station.node,
      to: to?.station.node,
      now: this.#world.now,
    }
    for (const installed of this.#faults.slice()) {
      const verdict = installed.fault.decide(view, at, installed.rng)
      if (verdict.kind === 'pass') continue
      installed.matched++
      switch (verdict.kind) {
        case 'drop':
          this.#drop(port, packet, 'fault', verdict.why, installed.fault.name)
          return true
        case 'deliver':
          this.#later(port, packet, verdict.after)
          return true
        case 'copy':
          this.#later(port, packet.copy(), verdict.after)
          return false
        case 'rewrite':
          packet.frame = verdict.bytes.slice()
          return false
      }
    }
    return false
  }

  #later(port: Port, packet: Transit, by: Duration): void {
    const delay = (this.#latency + by) as Duration
    this.#world.schedule(delay, (late: Transit) => this.#arrive(port, late), packet)
  }

  #drop(
    port: Port | undefined,
    packet: Transit,
    reason: DropReason,
    detail: string,
    rule?: string,
  ): void {
    this.#trace.add({
      kind: 'dropped',
      node: port?.station.node ?? this.name,
      nic: this.name,
      reason,
      packet: packet.id,
      detail,
      frame: packet.frame,
      ...(rule === undefined ? {} : { rule }),
    })
  }
}

const macKey = (bytes: Uint8Array, at: number): number =>
  (bytes[at + 2]! << 24) | (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!
