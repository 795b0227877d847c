/**
 * Which way a packet goes on a computer whose tunnel is up: the longest prefix, then the lowest sum of route and interface metric, among the
 * tunnel's routes and those that were there before. And where a home network and a network of the tunnel are in each other's way.
 * Not the routes themselves: {@link ./vpn-routes.ts}. Not a stack: `net` has the table by which packets really go.
 */
import { isIpv4, prefixContains, type Address, type Prefix } from '../base/address.ts'
import { ASSUMPTIONS, type Assumption, type Assumptions } from './assumptions.ts'
import type { VpnRoute, VpnRoutes } from './vpn-routes.ts'

/** A route of a physical interface. */
export interface PhysicalRoute {
  readonly to: Prefix
  /** The network of the interface itself, not one behind a router. */
  readonly isOnLink: boolean
  /** Of the route and of the interface, summed. */
  readonly metric: number
}

export interface RouteChoice {
  readonly out: 'tunnel' | 'physical'
  /** Whose route it is. */
  readonly by: 'tunnel' | 'home'
  readonly to: Prefix
  readonly restsOn: readonly Assumption[]
}

/** What competes for packets. */
export interface RoutesInForce {
  readonly vpn: Pick<VpnRoutes, 'routes' | 'outranksDefaults'>
  /** Metric of the tunnel's interface. */
  readonly tunnelMetric: number
  readonly home: readonly PhysicalRoute[]
}

interface Candidate {
  readonly choice: Omit<RouteChoice, 'restsOn'>
  readonly metric: number
  readonly isOnLink: boolean
}

/** The way to `target`; undefined: there is none. */
export function routeTo(
  target: Address,
  { vpn, tunnelMetric, home }: RoutesInForce,
  { samePrefixAtHome }: Assumptions = ASSUMPTIONS,
): RouteChoice | undefined {
  const candidates = [
    ...vpn.routes.map((route) => ofTunnel(route, tunnelMetric)),
    ...home.map(ofHome),
  ].filter(({ choice: { to } }) => covers(to, target))
  const length = Math.max(...candidates.map(({ choice: { to } }) => to.length))
  const longest = candidates.filter(({ choice: { to } }) => to.length === length)
  const byMetric = longest.toSorted((a, b) => a.metric - b.metric)[0]
  if (byMetric === undefined) return undefined
  const { choice } = byMetric
  const forced = longest.find(({ choice: { by } }) => by === 'tunnel')
  if (length === 0 && vpn.outranksDefaults && forced !== undefined) {
    return { ...forced.choice, restsOn: [] }
  }
  const wire = longest.find(({ isOnLink }) => isOnLink)
  if (wire === undefined || forced === undefined) return { ...choice, restsOn: [] }
  const restsOn = ['samePrefixAtHome'] as const
  return { ...(samePrefixAtHome === 'home' ? wire.choice : choice), restsOn }
}

const ofTunnel = ({ to, out, metric }: VpnRoute, tunnelMetric: number): Candidate => ({
  choice: { to, out, by: 'tunnel' },
  metric: metric + (out === 'tunnel' ? tunnelMetric : 0),
  isOnLink: false,
})

const ofHome = ({ to, metric, isOnLink }: PhysicalRoute): Candidate => ({
  choice: { to, out: 'physical', by: 'home' },
  metric,
  isOnLink,
})

const covers = (prefix: Prefix, address: Address): boolean =>
  isIpv4(prefix.address) === isIpv4(address) && prefixContains(prefix, address)

/** A network at home and one of the tunnel that have addresses in common. */
export interface Overlap {
  readonly home: Prefix
  readonly tunnel: Prefix
  /**
   * `hidden`: all of the tunnel's network is taken for the one at home. `partly-hidden`: that of home is a part of it, and its addresses are not
   * reached inside. `hides-home`: the tunnel's is a part of that at home, and takes it away.
   */
  readonly effect: 'hidden' | 'partly-hidden' | 'hides-home'
  readonly restsOn: readonly Assumption[]
}

/** Where on-link networks of physical interfaces and what the tunnel reaches overlap. Default routes overlap with nothing, nor do single addresses. */
export function homeOverlaps(
  { vpn, tunnelMetric, home }: RoutesInForce,
  assume: Assumptions = ASSUMPTIONS,
): readonly Overlap[] {
  const wires = home.filter(({ isOnLink }) => isOnLink)
  const reached = vpn.routes.filter(
    ({ out, because }) => out === 'tunnel' && because !== 'assigned',
  )
  return wires.flatMap((wire) =>
    reached
      .filter(({ to }) => to.length > 0 && (inside(to, wire.to) || inside(wire.to, to)))
      .map((route): Overlap => {
        const { to } = route
        const pair = { home: wire.to, tunnel: to }
        if (to.length < wire.to.length) return { ...pair, effect: 'partly-hidden', restsOn: [] }
        if (to.length > wire.to.length) return { ...pair, effect: 'hides-home', restsOn: [] }
        const alone = { ...vpn, routes: [route] }
        const choice = routeTo(to.address, { vpn: alone, tunnelMetric, home: [wire] }, assume)!
        const effect = choice.by === 'home' ? 'hidden' : 'hides-home'
        return { ...pair, effect, restsOn: choice.restsOn }
      }),
  )
}

const inside = (inner: Prefix, outer: Prefix): boolean =>
  inner.length >= outer.length && covers(outer, inner.address)
