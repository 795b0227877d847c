/**
 * What a host's interfaces, its tunnels and its settings make of its route table and of the addresses that are its own.
 * Not the table (`net/routes.ts`), and nothing is sent here.
 */
import type { Ipv4, Prefix } from '../base/address.ts'
import { addressesOf, isOnLink, type IpInterface, type Nic } from './nic.ts'
import type { LocalAddresses, Route, RouteTable } from './routes.ts'
import type { TunnelRoute } from './sockets.ts'
import type { TunnelNic, Tunnels } from './tunnel.ts'

/** Lower `metric` is better; the interface's is added. Default 1. */
export interface StaticRoute {
  readonly to: Prefix<Ipv4>
  readonly via: Ipv4
  readonly metric?: number
}

const DEFAULT_ROUTE: Prefix<Ipv4> = { address: 0 as Ipv4, length: 0 }

/** OWN: a gigabit link's 25 is 4250 in `route print` while a tunnel with the default route is up, and everything else is as much higher. */
const OUTRANKED_BY = 4225

export interface RoutingHost {
  readonly routes: RouteTable<IpInterface>
  readonly locals: LocalAddresses<IpInterface>
  /** Those with a cable. */
  readonly nics: readonly Nic[]
  readonly tunnels: Tunnels
}

export class Routing {
  readonly #host: RoutingHost
  readonly #statics: StaticRoute[] = []
  readonly #pins = new Set<Prefix<Ipv4>>()
  #outranking: TunnelNic | undefined

  constructor(host: RoutingHost) {
    this.#host = host
  }

  /** What an interface adds to its routes, and where it stands among those that have DNS servers. */
  metricOf(nic: IpInterface): number {
    const first = this.#outranking
    if (first === undefined || first === nic) return nic.metric
    // No metric that somebody sets by hand is high enough to lose.
    return nic.metric + Math.max(OUTRANKED_BY, first.metric + 2)
  }

  addStatic(route: StaticRoute): void {
    this.#statics.push(route)
    this.rebuild()
  }

  setStatics(routes: readonly StaticRoute[]): void {
    this.#statics.splice(0, Infinity, ...routes)
    this.rebuild()
  }

  pin(to: Prefix<Ipv4>): () => void {
    // An object of its own: two may pin one prefix.
    const pin = { ...to }
    this.#pins.add(pin)
    this.rebuild()
    return () => {
      if (this.#pins.delete(pin)) this.rebuild()
    }
  }

  /** Derive everything anew from the interfaces that are plugged in, and the tunnels that are open. */
  rebuild(): void {
    const { routes, locals, nics, tunnels } = this.#host
    routes.clear()
    locals.clear()
    this.#outranking = tunnels.open.findLast(({ outranks }) => outranks)
    const plugged = nics.filter((nic) => nic.segment !== undefined)
    for (const nic of plugged) this.#addConnected(nic)
    for (const { to, via, metric = 1 } of this.#statics) {
      // A route whose next hop is on no link waits for an interface that reaches it.
      const nic = plugged.find((n) => isOnLink(n, via))
      if (nic !== undefined) routes.add({ to, via, nic, metric: metric + this.metricOf(nic) })
    }
    // So far there are no tunnels, and no pin that another could follow.
    const pinned = [...this.#pins].flatMap((to) => {
      const route = routes.lookup(to.address)
      return route === undefined ? [] : [{ ...route, to }]
    })
    for (const route of pinned) routes.add(route)
    for (const nic of tunnels.open) {
      this.#addConnected(nic)
      for (const route of nic.routes) routes.add(this.#into(nic, route))
    }
  }

  /** What {@link rebuild} would make of a tunnel that has one route more: a gateway has thousands of clients. */
  addTunnelRoute(nic: TunnelNic, route: TunnelRoute): void {
    this.#host.routes.add(this.#into(nic, route))
  }

  removeTunnelRoute(nic: TunnelNic, to: Prefix<Ipv4>): void {
    this.#host.routes.remove(to, nic)
  }

  #into(nic: TunnelNic, { to, metric = 1 }: TunnelRoute): Route<IpInterface> {
    return { to, via: undefined, nic, metric: metric + this.metricOf(nic) }
  }

  #addConnected(nic: IpInterface): void {
    const { routes, locals } = this.#host
    const metric = this.metricOf(nic)
    locals.listen(nic)
    for (const { prefix, address } of addressesOf(nic)) {
      locals.add(nic, address, prefix.length)
      routes.add({ to: prefix, via: undefined, nic, metric })
    }
    const { gateway } = nic.config
    if (gateway !== undefined) routes.add({ to: DEFAULT_ROUTE, via: gateway, nic, metric })
  }
}
