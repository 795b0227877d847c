/**
 * Where to send: longest prefix, then lowest metric, then order of configuration; and which addresses are this host's own.
 * Not a router: it answers, `net/ip.ts` acts. RFC 1812 §5.2.4.3.
 */
import { broadcastOf, maskOf, type Ipv4, type Prefix } from '../base/address.ts'

export const LIMITED_BROADCAST = 0xffffffff as Ipv4

/** `N` is the interface. */
export interface Route<N> {
  readonly to: Prefix<Ipv4>
  /** Next hop; undefined: the destination itself is on the link. */
  readonly via: Ipv4 | undefined
  readonly nic: N
  /** Route and interface metric together. */
  readonly metric: number
}

export class RouteTable<N> {
  // One map for each prefix length in use, longest first; in each list, best first.
  #levels: {
    readonly length: number
    readonly mask: number
    readonly byNetwork: Map<number, Route<N>[]>
  }[] = []

  clear(): void {
    this.#levels = []
  }

  add(route: Route<N>): void {
    const { length, address } = route.to
    let level = this.#levels.find((l) => l.length === length)
    if (level === undefined) {
      // Signed 32-bit integers: they are the cheapest keys.
      level = { length, mask: maskOf(length) | 0, byNetwork: new Map() }
      this.#levels.push(level)
      this.#levels.sort((a, b) => b.length - a.length)
    }
    const routes = level.byNetwork.get(address | 0) ?? []
    const after = routes.findIndex((other) => other.metric > route.metric)
    routes.splice(after === -1 ? routes.length : after, 0, route)
    level.byNetwork.set(address | 0, routes)
  }

  /** Take out the least of the routes to exactly `to` by `nic`, if there is one. */
  remove(to: Prefix<Ipv4>, nic: N): void {
    const byNetwork = this.#levels.find(({ length }) => length === to.length)?.byNetwork
    const routes = byNetwork?.get(to.address | 0) ?? []
    const at = routes.findLastIndex((route) => route.nic === nic)
    if (at === -1) return
    routes.splice(at, 1)
    if (routes.length === 0) byNetwork?.delete(to.address | 0)
  }

  /** The best route to `destination`. */
  lookup(destination: Ipv4): Route<N> | undefined {
    const levels = this.#levels
    for (let i = 0; i < levels.length; i++) {
      const { mask, byNetwork } = levels[i]!
      const routes = byNetwork.get(destination & mask)
      if (routes !== undefined) return routes[0]
    }
    return undefined
  }

  /** The best route to `destination` among those that leave by `nic`. */
  lookupOn(destination: Ipv4, nic: N): Route<N> | undefined {
    for (const { mask, byNetwork } of this.#levels) {
      const route = byNetwork.get(destination & mask)?.find((each) => each.nic === nic)
      if (route !== undefined) return route
    }
    return undefined
  }

  /** All routes, longest prefix first. */
  get all(): readonly Route<N>[] {
    return this.#levels.flatMap((level) => [...level.byNetwork.values()].flat())
  }
}

/** An address that a packet may be sent to so as to reach this host. */
export interface LocalAddress<N> {
  readonly nic: N
  readonly kind: 'unicast' | 'broadcast'
}

/** This host's own addresses and the broadcast addresses of its networks. */
export class LocalAddresses<N> {
  readonly #byAddress = new Map<number, LocalAddress<N>>()

  clear(): void {
    this.#byAddress.clear()
  }

  /** Hear the limited broadcast, which needs no address. */
  listen(nic: N): void {
    this.#claim(LIMITED_BROADCAST, nic, 'broadcast')
  }

  /** The first interface that claims an address keeps it. A prefix of 31 or 32 bits has no broadcast address (RFC 3021). */
  add(nic: N, address: Ipv4, prefixLength: number): void {
    this.#claim(address, nic, 'unicast')
    if (prefixLength <= 30)
      this.#claim(broadcastOf({ address, length: prefixLength }), nic, 'broadcast')
  }

  get(address: Ipv4): LocalAddress<N> | undefined {
    return this.#byAddress.get(address | 0)
  }

  isUnicast(address: Ipv4): boolean {
    return this.#byAddress.get(address | 0)?.kind === 'unicast'
  }

  #claim(address: Ipv4, nic: N, kind: LocalAddress<N>['kind']): void {
    if (!this.#byAddress.has(address | 0)) this.#byAddress.set(address | 0, { nic, kind })
  }
}

export const isMulticast = (address: Ipv4): boolean => address >>> 28 === 14
export const isLoopback = (address: Ipv4): boolean => address >>> 24 === 127
/** `0.0.0.0/8`: "this network" (RFC 1122 §3.2.1.3). */
export const isThisNetwork = (address: Ipv4): boolean => address >>> 24 === 0
