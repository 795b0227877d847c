/** L47 to L51: routes. */
import { formatAddress, formatPrefix, isIpv4, parseAddress } from '../../base/address.ts'
import { value } from './edits.ts'
import { PUBLIC_RESOLVERS } from './filters.ts'
import {
  distinctHostsOf,
  isInside,
  isSplit,
  overlap,
  prefix,
  PRIVATE,
  routedPrefixes,
  routeFor,
  tunnelPrefixes,
} from './reading.ts'
import { error, info, warning, type ProfileRule, type Said } from './rule.ts'

const SOURCE = 'VPNv2 CSP, RouteList'

/** What most home routers come with. */
const HOME_NETWORKS = ['192.168.0.0/24', '192.168.1.0/24'].map(prefix)
/** Shorter than this, a public prefix is more than anybody's own network. */
const OWN_PREFIX_MIN = 16

const prefixSize: ProfileRule = {
  id: 'L47',
  about: 'PrefixSize is at most 32, or 128 for IPv6',
  source: SOURCE,
  valueFix: 'write the number of leading bits of the network',
}

const hostBits: ProfileRule = {
  id: 'L48',
  about: 'a route names its network',
  source: SOURCE,
  judge: ({ profile }) =>
    routedPrefixes(profile).map(({ route, prefix: { address, length } }) => {
      const written = parseAddress(route.address.value)
      if (written === undefined || written === address) return false
      const network = formatAddress(address)
      return warning(
        route.address.at,
        `${route.address.value}/${length} has host bits set`,
        `write <Address>${network}</Address>`,
        value(route.address.at, network),
      )
    }),
}

const homeNetworks: ProfileRule = {
  id: 'L49',
  about: 'no route overlaps the networks that people have at home',
  source: 'the routing rules of Windows: what is on the link wins',
  withTopology: 'part',
  judge: ({ profile, context }) =>
    !isSplit(profile)
      ? []
      : tunnelPrefixes(profile).map(({ route, prefix: each }): Said | false => {
          const fix = 'give servers inside other addresses, or narrower routes'
          const local = context.localNetworks?.find((network) => overlap(network.prefix, each))
          if (local !== undefined) {
            const message = `route ${formatPrefix(each)} overlaps ${local.name} (${formatPrefix(local.prefix)}), where this client is: what is on the link wins`
            return warning(route.at, message, fix)
          }
          const home = HOME_NETWORKS.find((network) => overlap(network, each))
          if (home === undefined) return false
          const message = `route ${formatPrefix(each)} overlaps ${formatPrefix(home)}, which many have at home: what is on the link wins`
          return info(route.at, message, fix)
        }),
}

const loops: ProfileRule = {
  id: 'L50',
  about: 'neither the gateway’s public address nor public DNS lies inside a route',
  source: `${SOURCE}; the routing rules of Windows`,
  withTopology: 'part',
  judge: ({ profile, context }) => {
    if (!isSplit(profile)) return []
    const gateways = distinctHostsOf(profile).flatMap(({ value }) => {
      const address = parseAddress(value)
      return address === undefined ? (context.publicAddresses?.(value) ?? []) : [address]
    })
    // A longer route, or an exclusion, may take an address out again.
    const toGateways = gateways.map((address) => ({ address, way: routeFor(profile, address) }))
    const toResolvers = PUBLIC_RESOLVERS.map((address) => ({
      address,
      way: routeFor(profile, address),
    }))
    return tunnelPrefixes(profile).flatMap(({ route, prefix: each }) => {
      const gateway = toGateways.find(({ way }) => way?.route === route)?.address
      const resolver = toResolvers.find(({ way }) => way?.route === route)?.address
      return [
        gateway !== undefined &&
          error(
            route.at,
            `route ${formatPrefix(each)} has ${formatAddress(gateway)}, the gateway itself: the tunnel would go through the tunnel`,
            'narrow the route',
          ),
        resolver !== undefined &&
          error(
            route.at,
            `route ${formatPrefix(each)} has the public resolver ${formatAddress(resolver)}: the name of the gateway would be asked through the tunnel`,
            'narrow the route',
          ),
      ]
    })
  },
}

const superNetworks: ProfileRule = {
  id: 'L51',
  about: 'a route is no larger than the private range it means',
  source: 'RFC 1918; 172.0.0.0/8 was seen in the field',
  judge: ({ profile }) =>
    !isSplit(profile)
      ? []
      : tunnelPrefixes(profile).map(({ route, prefix: each }): Said | false => {
          if (!isIpv4(each.address) || PRIVATE.some((range) => isInside(each, range))) return false
          const meant = PRIVATE.find((range) => isIpv4(range.address) && isInside(range, each))
          if (meant === undefined && each.length >= OWN_PREFIX_MIN) return false
          const fix =
            meant === undefined || each.length === 0
              ? 'write the networks that are inside'
              : `write ${formatPrefix(meant)}`
          return warning(
            route.at,
            `route ${formatPrefix(each)} takes in public addresses of others`,
            fix,
          )
        }),
}

export const ROUTE_RULES: readonly ProfileRule[] = [
  prefixSize,
  hostBits,
  homeNetworks,
  loops,
  superNetworks,
]
