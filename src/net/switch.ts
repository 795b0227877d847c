/**
 * An Ethernet switch with VLANs: trunks are cables on which frames of several segments travel with 802.1Q tags.
 * Not the broadcast domains themselves: each VLAN is a segment, and access ports are plain stations there. IEEE 802.1Q.
 */
import { onCable, type Link, type Segment, type Station } from './segment.ts'
import type { Trace } from './trace.ts'
import type { Transit } from './transit.ts'

export class Switch {
  readonly name: string
  readonly #trace: Trace

  constructor(trace: Trace, options: { readonly name: string }) {
    this.name = options.name
    this.#trace = trace
  }

  /** A tagged cable to `to`. It lets nothing through until VLANs are allowed on it. */
  trunk(to: string): Trunk {
    return new Trunk(this.name, to, this.#trace)
  }
}

/**
 * One tagged cable to one node; the node's interfaces on the trunk's networks plug in through it. A network without a VLAN id rides
 * untagged, as a native VLAN does.
 */
export class Trunk {
  /** Names of the networks that the switch lets through. May change while frames travel. */
  readonly allows = new Set<string>()
  readonly #switch: string
  readonly #to: string
  readonly #trace: Trace

  constructor(switchName: string, to: string, trace: Trace) {
    this.#switch = switchName
    this.#to = to
    this.#trace = trace
  }

  allow(...networks: readonly string[]): this {
    for (const network of networks) this.allows.add(network)
    return this
  }

  /** Plug `station`, an interface of the trunk's node, into `segment` by way of this cable. */
  plug(segment: Segment, station: Station): Link {
    const { vlan } = segment
    const port = segment.plug({
      node: station.node,
      mac: station.mac,
      receive: (packet) => {
        if (this.allows.has(segment.name)) station.receive(packet)
        else this.#drop(segment, packet, packet.frame)
      },
    })
    const link: Link = {
      segment,
      vlan,
      send: (packet) => {
        if (this.allows.has(segment.name)) port.send(packet)
        else this.#drop(segment, packet, onCable(packet.frame, link))
      },
      unplug: () => port.unplug(),
    }
    return link
  }

  /** `frame`: as it reached the switch. */
  #drop(segment: Segment, { id }: Transit, frame: Uint8Array): void {
    this.#trace.add({
      kind: 'dropped',
      node: this.#switch,
      nic: segment.name,
      reason: 'vlan-not-allowed',
      packet: id,
      detail: `VLAN ${segment.vlan ?? '(untagged)'} (${segment.name}) is not allowed on the trunk to ${this.#to}`,
      frame,
    })
  }
}
