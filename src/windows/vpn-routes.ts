/**
 * The routes that Windows adds when a tunnel is up (phase P6): a pure function from the profile and the address that was given. Not a
 * routing table, and not who wins against the routes that are there already: {@link ./route-choice.ts}.
 * Sources: VPNv2 CSP, Microsoft's "VPN routing decisions"; exclusions count in split and in force tunnels (Office 365 optimisation).
 */
import {
  formatPrefix,
  isIpv4,
  maskOf,
  parseInterfaceAddress,
  type Address,
  type Ipv4,
  type Ipv6,
  type Prefix,
} from '../base/address.ts'
import { ASSUMPTIONS, type Assumption, type Assumptions } from './assumptions.ts'
import type { ProfileRoute, VpnProfile } from './profile-xml.ts'

export interface VpnRoute {
  readonly to: Prefix
  /** `physical`: by the interface and the next hop by which the gateway is reached. */
  readonly out: 'tunnel' | 'physical'
  /** Of the route; that of the interface is added. */
  readonly metric: number
  readonly because: 'assigned' | 'gateway' | 'class' | 'force-tunnel' | 'profile' | 'exclusion'
}

export interface VpnRoutes {
  readonly routes: readonly VpnRoute[]
  /**
   * The default routes through the tunnel outrank those of other interfaces, whatever their metrics: Windows sees to that. More specific
   * routes of other interfaces still win.
   */
  readonly outranksDefaults: boolean
  /** What a person should know: routes that were left out, and a tunnel that reaches nothing. */
  readonly notes: readonly string[]
  readonly restsOn: readonly Assumption[]
}

/** Add-VpnConnectionRoute's, and that of a Route without Metric. */
const ROUTE_METRIC = 1

/** What the profile (a LockDown profile is a force tunnel, whatever it says), the assigned address, and the gateway's public address make. The gateway is reached past the tunnel in any case. */
export function vpnRoutes(
  profile: Pick<VpnProfile, 'nativeProfile' | 'routes' | 'lockDown'>,
  { assigned, gateway }: { readonly assigned: Ipv4; readonly gateway?: Address },
  assume: Assumptions = ASSUMPTIONS,
): VpnRoutes {
  const native = profile.nativeProfile
  const isForced =
    native?.routingPolicyType?.value !== 'SplitTunnel' || profile.lockDown?.value === true
  const hasClassRoute = native?.disableClassBasedDefaultRoute?.value !== true
  const { routes, notes, restsOn } = writtenRoutes(profile.routes, assume)
  const inside = routes.filter(({ out }) => out === 'tunnel')
  if (!isForced && !hasClassRoute && inside.length === 0) {
    notes.push('no class-based route and no Route: nothing is reached through the tunnel')
  }
  return {
    routes: [
      { to: hostPrefix(assigned), out: 'tunnel', metric: ROUTE_METRIC, because: 'assigned' },
      ...(gateway === undefined ? [] : [pastTunnel(hostPrefix(gateway), 'gateway')]),
      ...(isForced ? FORCED : []),
      ...(!isForced && hasClassRoute ? classRoute(assigned) : []),
      ...routes,
    ],
    outranksDefaults: isForced,
    notes,
    restsOn,
  }
}

/** OWN: what Windows computes for a tunnel where the profile sets nothing. */
const AUTOMATIC_METRIC = 25

/** Of the tunnel's interface: IPv4InterfaceMetric or IPv6InterfaceMetric (Windows 11), else computed. */
export const tunnelMetric = (
  { ipv4InterfaceMetric, ipv6InterfaceMetric }: VpnProfile,
  family: 'ipv4' | 'ipv6' = 'ipv4',
): number =>
  (family === 'ipv4' ? ipv4InterfaceMetric : ipv6InterfaceMetric)?.value ?? AUTOMATIC_METRIC

const hostPrefix = (address: Address): Prefix => ({ address, length: isIpv4(address) ? 32 : 128 })

const pastTunnel = (to: Prefix, because: VpnRoute['because']): VpnRoute => ({
  to,
  out: 'physical',
  metric: ROUTE_METRIC,
  because,
})

const FORCED: readonly VpnRoute[] = [
  { to: { address: 0 as Ipv4, length: 0 } },
  { to: { address: 0n as Ipv6, length: 0 } },
].map(({ to }) => ({ to, out: 'tunnel', metric: ROUTE_METRIC, because: 'force-tunnel' }))

/** The network that the address would belong to before there were prefixes (RFC 791 §3.2): /8, /16 or /24 by its first octet. */
export function classPrefix(address: Ipv4): Prefix | undefined {
  const first = address >>> 24
  // Loopback, multicast and what is reserved have no such network.
  if (first === 0 || first === 127 || first >= 224) return undefined
  const length = first < 128 ? 8 : first < 192 ? 16 : 24
  return { address: ((address & maskOf(length)) >>> 0) as Ipv4, length }
}

function classRoute(assigned: Ipv4): readonly VpnRoute[] {
  const to = classPrefix(assigned)
  return to === undefined ? [] : [{ to, out: 'tunnel', metric: ROUTE_METRIC, because: 'class' }]
}

/** Routes as written. A prefix that stands twice counts once, as it stands last. */
function writtenRoutes(
  written: readonly ProfileRoute[],
  { routeWithHostBits }: Assumptions,
): {
  readonly routes: readonly VpnRoute[]
  readonly notes: string[]
  readonly restsOn: readonly Assumption[]
} {
  const notes: string[] = []
  const restsOn = new Set<Assumption>()
  const routes = new Map<string, VpnRoute>()
  for (const { address, prefixSize, exclusionRoute, metric } of written) {
    const text = `${address.value}/${prefixSize.value}`
    const read = parseInterfaceAddress(text)
    if (!read.ok) {
      notes.push(`${read.error}: the Route is left out`)
      continue
    }
    const to = read.value.prefix
    const shown = formatPrefix(to)
    if (to.address !== read.value.address) {
      restsOn.add('routeWithHostBits')
      const isLeftOut = routeWithHostBits === 'left-out'
      notes.push(
        isLeftOut
          ? `${text} is no network, ${shown} is: the Route is left out`
          : `${text} is taken as ${shown}`,
      )
      if (isLeftOut) continue
    }
    if (routes.delete(shown)) notes.push(`${shown} stands twice: the last counts`)
    const isExclusion = exclusionRoute?.value === true
    routes.set(shown, {
      to,
      out: isExclusion ? 'physical' : 'tunnel',
      metric: metric?.value ?? ROUTE_METRIC,
      because: isExclusion ? 'exclusion' : 'profile',
    })
  }
  return { routes: [...routes.values()], notes, restsOn: [...restsOn] }
}
