/**
 * By which interface a packet of this host leaves, to which next hop, and which address it bears (RFC 1122 §3.3.4).
 * Not the tables (`net/routes.ts`), and not the sending.
 */
import { prefixContains, type Ipv4 } from '../base/address.ts'
import { addressesOf, type IpInterface } from './nic.ts'
import { isLoopback, LIMITED_BROADCAST, type LocalAddresses, type RouteTable } from './routes.ts'

export interface Way {
  readonly nic: IpInterface
  readonly nextHop: Ipv4
}

export interface WayTables {
  readonly routes: RouteTable<IpInterface>
  readonly locals: LocalAddresses<IpInterface>
  readonly nics: readonly IpInterface[]
  /** What bears an address of one interface leaves by that interface alone. */
  readonly strongHost: () => boolean
}

export class Ways {
  readonly #tables: WayTables

  constructor(tables: WayTables) {
    this.#tables = tables
  }

  /** With `nicName` by that interface, whatever the routes say. */
  from(source: Ipv4, destination: Ipv4, nicName: string | undefined): Way | undefined {
    const { routes, locals, strongHost } = this.#tables
    if (nicName !== undefined || !strongHost()) return this.to(destination, nicName)
    const bound = locals.get(source)
    if (bound?.kind !== 'unicast' || locals.get(destination) !== undefined)
      return this.to(destination, undefined)
    const { nic } = bound
    const route = routes.lookupOn(destination, nic)
    return route === undefined ? undefined : { nic, nextHop: route.via ?? destination }
  }

  to(destination: Ipv4, nicName: string | undefined): Way | undefined {
    const { routes, locals, nics } = this.#tables
    if (nicName !== undefined) {
      const nic = nics.find((n) => n.name === nicName && n.up)
      if (nic === undefined) return undefined
      // No router carries it on: it is for the link itself, though a default route leads by this interface.
      if (destination === LIMITED_BROADCAST) return { nic, nextHop: destination }
      // Without a route by this interface the destination is taken to be on its link, as DHCP needs.
      return { nic, nextHop: routes.lookupOn(destination, nic)?.via ?? destination }
    }
    const local = locals.get(destination)
    if (destination !== LIMITED_BROADCAST && local?.kind === 'broadcast')
      return { nic: local.nic, nextHop: destination }
    const route = routes.lookup(destination)
    if (route !== undefined) {
      const isDirect = route.via === undefined || destination === LIMITED_BROADCAST
      return { nic: route.nic, nextHop: isDirect ? destination : route.via }
    }
    const nic = nics.find((n) => n.up)
    return destination === LIMITED_BROADCAST && nic !== undefined
      ? { nic, nextHop: destination }
      : undefined
  }

  /** One of this host's own unicast addresses, or in 127/8. */
  isOwn(address: Ipv4): boolean {
    return isLoopback(address) || this.#tables.locals.isUnicast(address)
  }

  /** The address that a packet to `destination` would bear; undefined: no route. */
  sourceFor(destination: Ipv4): Ipv4 | undefined {
    if (this.isOwn(destination)) return destination
    const way = this.to(destination, undefined)
    if (way === undefined) return undefined
    const { address, alsoAt = [] } = way.nic.config
    if (alsoAt.length === 0) return address
    // Of several the one in whose network the next hop is, as Linux and Windows choose.
    const near = addressesOf(way.nic).find(({ prefix }) => prefixContains(prefix, way.nextHop))
    return near?.address ?? address
  }
}
