/**
 * What is known of path MTUs: an entry a destination, for ten minutes.
 * Not the discovery: ICMP errors bring the numbers. RFC 1191 §6.3 (ageing) and §7.1 (routers that name no MTU).
 */
import type { Ipv4 } from '../base/address.ts'
import { after, minutes, type Instant } from '../base/time.ts'
import { IPV4_LENGTH_MAX } from '../wire/ipv4.ts'

const KNOWN_FOR = minutes(10)
const DESTINATIONS_MAX = 4096
/** RFC 791: no link may have less. */
const MTU_MIN = 68
const PLATEAUS = [32_000, 17_914, 8166, 4352, 2002, 1492, 576, 296, MTU_MIN]

export class PathMtus {
  readonly #byDestination = new Map<number, { readonly mtu: number; readonly until: Instant }>()

  /** The path MTU in bytes, at most `linkMtu`. */
  get(destination: Ipv4, linkMtu: number, now: Instant): number {
    const known = this.#byDestination.get(destination | 0)
    if (known === undefined) return linkMtu
    if (now < known.until) return Math.min(known.mtu, linkMtu)
    this.#byDestination.delete(destination | 0)
    return linkMtu
  }

  /**
   * A router on the way to `destination` could not forward a packet of `size` bytes and named its next hop's `mtu`, or 0.
   * Returns the MTU that is now believed; undefined when the message makes no sense (it asks for no less).
   */
  learn(
    destination: Ipv4,
    said: { readonly mtu: number; readonly size: number },
    now: Instant,
  ): number | undefined {
    const mtu = said.mtu === 0 ? PLATEAUS.find((plateau) => plateau < said.size) : said.mtu
    if (mtu === undefined || mtu < MTU_MIN || mtu >= this.get(destination, IPV4_LENGTH_MAX, now))
      return undefined
    if (this.#byDestination.size >= DESTINATIONS_MAX)
      this.#byDestination.delete(this.#byDestination.keys().next().value!)
    this.#byDestination.set(destination | 0, { mtu, until: after(now, KNOWN_FOR) })
    return mtu
  }
}
