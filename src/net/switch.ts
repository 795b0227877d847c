/**
 * An Ethernet switch with VLANs: trunks are cables on which frames of several segments travel with 802.1Q tags.
 * Not the broadcast domains themselves: each VLAN is a segment, and access ports are plain stations there. IEEE 802.1Q.
 */
import { tagFrame, untagFrame, vlanOf } from '../wire/ethernet.ts'
import type { Link, Segment, Station } from './segment.ts'
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
    const link = segment.plug({
      node: station.node,
      mac: station.mac,
      receive: (packet) => {
        if (!this.#passes(segment, packet)) return
        if (vlan !== undefined) packet.frame = tagFrame(packet.frame, vlan)
        station.receive(packet)
      },
    })
    return {
      segment,
      vlan,
      send: (packet) => {
        if (!this.#passes(segment, packet)) return
        if (vlanOf(packet.frame) !== undefined) packet.frame = untagFrame(packet.frame)
        link.send(packet)
      },
      unplug: () => link.unplug(),
    }
  }

  #passes(segment: Segment, packet: Transit): boolean {
    if (this.allows.has(segment.name)) return true
    this.#trace.add({
      kind: 'dropped',
      node: this.#switch,
      nic: segment.name,
      reason: 'vlan-not-allowed',
      packet: packet.id,
      detail: `VLAN ${segment.vlan ?? '(untagged)'} (${segment.name}) is not allowed on the trunk to ${this.#to}`,
      frame: packet.frame,
    })
    return false
  }
}
