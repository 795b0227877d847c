/**
 * Faults on links: small functions that look at a frame as it enters a link and say what becomes of it.
 * Not loss or jitter as a link always has them: those are numbers of the network. The chain itself is in `net/segment.ts`.
 */
import type { Rng } from '../base/rng.ts'
import type { Duration, Instant } from '../base/time.ts'
import { u16 } from '../base/bytes.ts'
import { ETHER_TYPE, ETHERNET_HEADER, etherTypeOf } from '../wire/ethernet.ts'
import { decodeIpv4, PROTOCOL, type Ipv4Packet } from '../wire/ipv4.ts'

/** What becomes of a frame. Times are in addition to the link's own. A rewrite must keep or repair the checksums it wants right. */
export type Verdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'drop'; readonly why: string }
  /** Arrive later, others may overtake. */
  | { readonly kind: 'deliver'; readonly after: Duration }
  | { readonly kind: 'rewrite'; readonly bytes: Uint8Array }
  /** Arrive in time, and once more later. */
  | { readonly kind: 'copy'; readonly after: Duration }

export const PASS: Verdict = { kind: 'pass' }

/** A frame as a fault sees it; reading decodes. `bytes` belong to the link: rewrite a copy. */
export interface FrameView {
  readonly bytes: Uint8Array
  /** The packet's id in the trace. */
  readonly packet: number
  readonly ipv4: Ipv4Packet | undefined
  readonly udp: Ports | undefined
  readonly tcp: Ports | undefined
}

export interface Ports {
  readonly sourcePort: number
  readonly destinationPort: number
}

/** Where and when: the network, and the nodes at both ends. `to` is undefined for broadcasts and unknown stations. */
export interface LinkView {
  readonly network: string
  readonly from: string | undefined
  readonly to: string | undefined
  readonly now: Instant
}

export type Decide = (frame: FrameView, at: LinkView, rng: Rng) => Verdict

/** What a fault is, before it sits on a link. */
export interface FaultSettings {
  /** Shows in the trace. */
  readonly name: string
  /** Networks that it sits on; undefined: all. */
  readonly networks?: readonly string[]
  /** It may match nothing without failing a test. */
  readonly optional?: boolean
}

/**
 * A fault as a script writes it. Each method returns a narrower fault; nothing is changed in place.
 *
 * @example
 * lab.inject(delay(ms(300)).from('gateway').to('radius'))
 */
export class Fault {
  readonly name: string
  readonly networks: readonly string[] | undefined
  readonly optional: boolean
  readonly decide: Decide

  constructor(settings: FaultSettings, decide: Decide) {
    this.name = settings.name
    this.networks = settings.networks
    this.optional = settings.optional ?? false
    this.decide = decide
  }

  /** Only on these networks. */
  on(...networks: readonly string[]): Fault {
    return new Fault({ ...this.#settings, networks }, this.decide)
  }

  /** Only frames that one of these nodes sends. */
  from(...nodes: readonly string[]): Fault {
    return this.when((_, at) => at.from !== undefined && nodes.includes(at.from))
  }

  /** Only frames on their last link to one of these nodes. Broadcasts are to nobody in particular. */
  to(...nodes: readonly string[]): Fault {
    return this.when((_, at) => at.to !== undefined && nodes.includes(at.to))
  }

  when(matches: (frame: FrameView, at: LinkView) => boolean): Fault {
    return new Fault(this.#settings, (frame, at, rng) =>
      matches(frame, at) ? this.decide(frame, at, rng) : PASS,
    )
  }

  /** No complaint when it never matched. */
  optionally(): Fault {
    return new Fault({ ...this.#settings, optional: true }, this.decide)
  }

  named(name: string): Fault {
    return new Fault({ ...this.#settings, name }, this.decide)
  }

  get #settings(): FaultSettings {
    const { name, optional, networks } = this
    return networks === undefined ? { name, optional } : { name, optional, networks }
  }
}

/** Any function of a frame, under the name that the trace shows. */
export const fault = (name: string, decide: Decide): Fault => new Fault({ name }, decide)

/** Lose each frame with probability `share` (0 … 1); 1 cuts the link. */
export const lose = (share: number): Fault =>
  fault(`lose ${share * 100} %`, (_frame, _at, rng) =>
    rng.chance(share) ? { kind: 'drop', why: 'lost' } : PASS,
  )

/** Hold each frame back. */
export const delay = (by: Duration): Fault =>
  fault(`delay ${by} µs`, () => ({ kind: 'deliver', after: by }))

/** Deliver each frame twice, the second `after` the first. */
export const duplicate = (after: Duration): Fault =>
  fault('duplicate', () => ({ kind: 'copy', after }))

/** Flip one bit, drawn anew for each frame, somewhere behind the Ethernet header. Checksums are left as they were. */
export const flipBit = (): Fault =>
  fault('flip a bit', (frame, _at, rng) => {
    const room = frame.bytes.length - ETHERNET_HEADER
    if (room <= 0) return PASS
    const bytes = frame.bytes.slice()
    const bit = rng.below(room * 8)
    const at = ETHERNET_HEADER + (bit >> 3)
    bytes[at] = bytes[at]! ^ (1 << (bit & 7))
    return { kind: 'rewrite', bytes }
  })

/** A view on an untagged frame; decodes when asked, once. */
export class LazyFrameView implements FrameView {
  readonly bytes: Uint8Array
  readonly packet: number
  #ipv4: Ipv4Packet | undefined | 'unread' = 'unread'

  constructor(bytes: Uint8Array, packet: number) {
    this.bytes = bytes
    this.packet = packet
  }

  get ipv4(): Ipv4Packet | undefined {
    if (this.#ipv4 !== 'unread') return this.#ipv4
    const { bytes } = this
    const isIpv4 = bytes.length >= ETHERNET_HEADER && etherTypeOf(bytes) === ETHER_TYPE.ipv4
    const decoded = isIpv4 ? decodeIpv4(bytes.subarray(ETHERNET_HEADER)) : undefined
    this.#ipv4 = decoded?.ok === true ? decoded.value : undefined
    return this.#ipv4
  }

  get udp(): Ports | undefined {
    return this.#ports(PROTOCOL.udp)
  }

  get tcp(): Ports | undefined {
    return this.#ports(PROTOCOL.tcp)
  }

  #ports(protocol: number): Ports | undefined {
    const packet = this.ipv4
    if (packet?.protocol !== protocol || packet.fragmentOffset !== 0) return undefined
    if (packet.payload.length < 4) return undefined
    return { sourcePort: u16(packet.payload, 0), destinationPort: u16(packet.payload, 2) }
  }
}
