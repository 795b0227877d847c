/**
 * The packets of one IKE session: out by the newest pair of ESP SAs that the peer has, in by any that still stands, in UDP or as protocol 50.
 * Not the SAs (`engine/esp`), and not the interface that the packets belong to.
 */
import type { Ipv4 } from '../../base/address.ts'
import { u32 } from '../../base/bytes.ts'
import type { IkeCryptography } from '../../crypto/ike/cryptography.ts'
import type { Rng } from '../../base/rng.ts'
import type { Instant } from '../../base/time.ts'
import { EspSa } from '../../engine/esp/esp-sa.ts'
import type { PacketCount, TunnelUsage } from '../../engine/tunnel-usage.ts'
import type { IkeChild } from '../../engine/ikev2/contract.ts'
import type { EspTraffic, IkeEndpoints } from '../../engine/ikev2/options.ts'
import type { TunnelRefusal } from '../../net/sockets.ts'
import type { Assumptions } from '../../windows/assumptions.ts'
import { mayFragment } from '../../wire/ipv4.ts'
import { innerMtu, outerLength } from './esp-mtu.ts'

/** How an ESP packet travels. */
export interface EspCarriage {
  /** In UDP; else as IP protocol 50. */
  readonly encapsulates: boolean
  readonly dontFragment: boolean
}

export interface EspPathHost {
  readonly now: Instant
  readonly rng: Rng
  readonly cryptography: IkeCryptography
  /** What becomes outside of the inner packet's DF (RFC 4301 §8.1). */
  readonly outerDontFragment: Assumptions['outerDontFragment']
  /** Of the path to an address outside, as far as it is known, in bytes. */
  mtuTo(address: Ipv4): number
  send(endpoints: IkeEndpoints, packet: Uint8Array, carriage: EspCarriage): void
  /** An inner packet that is proved to be the peer's. `within`: the packet that carried it. */
  deliver(packet: Uint8Array, within: number | undefined): void
  wears(spi: number, limit: 'soft' | 'hard'): void
}

export class EspPath {
  readonly #host: EspPathHost
  readonly #pairs = new Map<number, EspSa>()
  /** What is sent goes by this one, until the peer is known to have the next. */
  #current: EspSa | undefined
  #next: EspSa | undefined
  #endpoints: IkeEndpoints | undefined
  #encapsulates = true
  #heard: Instant | undefined
  #sent: Instant | undefined
  #gone: TunnelUsage = { outbound: NOTHING, inbound: NOTHING }

  constructor(host: EspPathHost) {
    this.#host = host
  }

  up(child: IkeChild): void {
    const { spi, asked, replaces } = child
    const { rng, cryptography } = this.#host
    const isReplaced = replaces !== undefined && this.#pairs.has(replaces)
    const pair = new EspSa(child, {
      rng,
      cryptography,
      wears: (limit) => this.#host.wears(spi, limit),
    })
    this.#pairs.set(spi, pair)
    // RFC 7296 §2.8: the peer that asked for it may not have it yet.
    if (asked === 'peer' && isReplaced) this.#next = pair
    else this.#current = pair
    this.#endpoints ??= child.endpoints
    this.#encapsulates = child.encapsulates
  }

  down(spi: number): void {
    const pair = this.#pairs.get(spi)
    if (pair === undefined) return
    this.#gone = sumOf(this.#gone, pair.counters)
    this.#pairs.delete(spi)
    if (pair === this.#next) this.#next = undefined
    if (pair !== this.#current) return
    this.#current = this.#next ?? [...this.#pairs.values()].at(-1)
    this.#next = undefined
  }

  move(endpoints: IkeEndpoints, encapsulates: boolean): void {
    this.#endpoints = endpoints
    this.#encapsulates = encapsulates
  }

  /** For the session's timers of liveness. */
  get traffic(): EspTraffic {
    return {
      ...(this.#heard !== undefined && { heard: this.#heard }),
      ...(this.#sent !== undefined && { sent: this.#sent }),
    }
  }

  /** Inner packets and their bytes, since the first pair. */
  get usage(): TunnelUsage {
    return [...this.#pairs.values()].map((pair) => pair.counters).reduce(sumOf, this.#gone)
  }

  /** An inner packet for the peer. */
  send(packet: Uint8Array): TunnelRefusal | void {
    const pair = this.#current
    const endpoints = this.#endpoints
    if (pair === undefined || endpoints === undefined) return 'net-unreachable'
    const encapsulates = this.#encapsulates
    const dontFragment = this.#host.outerDontFragment === 'copied' && !mayFragment(packet, 0)
    if (dontFragment) {
      const path = this.#host.mtuTo(endpoints.remote.address)
      const isTooBig = outerLength(pair, packet.length, encapsulates) > path
      const mtu = innerMtu(pair, path, encapsulates)
      if (isTooBig && packet.length > mtu) return { code: 'too-big', mtu }
    }
    const sealed = pair.seal(packet)
    if ('dropped' in sealed) return 'net-unreachable'
    this.#sent = this.#host.now
    this.#host.send(endpoints, sealed.packet, { encapsulates, dontFragment })
  }

  /** An ESP packet whose SPI is of one of these pairs. */
  receive(packet: Uint8Array, within?: number): void {
    const pair = this.#pairs.get(u32(packet, 0))
    const opened = pair?.open(packet)
    if (opened === undefined || 'dropped' in opened) return
    this.#heard = this.#host.now
    if (pair === this.#next) {
      this.#current = pair
      this.#next = undefined
    }
    this.#host.deliver(opened.packet, within)
  }
}

const NOTHING: PacketCount = { packets: 0, bytes: 0 }

const plus = (a: PacketCount, b: PacketCount): PacketCount => ({
  packets: a.packets + b.packets,
  bytes: a.bytes + b.bytes,
})

const sumOf = (a: TunnelUsage, b: TunnelUsage): TunnelUsage => ({
  outbound: plus(a.outbound, b.outbound),
  inbound: plus(a.inbound, b.inbound),
})
