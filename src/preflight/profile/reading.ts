/**
 * What several rules read out of a profile: which tunnel it is, whom it dials, where packets go. No judgement.
 */
import {
  isIpv4,
  parseAddress,
  parseInterfaceAddress,
  prefixContains,
  type Address,
  type Prefix,
} from '../../base/address.ts'
import { rememberEach } from '../../base/remember.ts'
import type { Position } from '../../topology/position.ts'
import type { DomainNameInformation, ProfileRoute, VpnProfile } from '../../windows/profile-xml.ts'
import { LIST_ENTRIES_MAX, type Placed } from '../../windows/xml-values.ts'
import type { XmlElement } from '../../windows/xml.ts'

export const isOn = (flag: Placed<boolean> | undefined): boolean => flag?.value === true

export const rootAt = ({ document }: VpnProfile): Position => document.at

/** Absent: everything goes through the tunnel. */
export const isSplit = ({ nativeProfile }: VpnProfile): boolean =>
  nativeProfile?.routingPolicyType?.value === 'SplitTunnel'

/** Whether IKEv2 is dialled, or may be. */
export function speaksIkev2({ nativeProfile }: VpnProfile): boolean {
  const type = nativeProfile?.nativeProtocolType?.value
  const listed = nativeProfile?.protocolList?.protocols ?? []
  return type === 'ProtocolList'
    ? listed.some(({ value }) => value === 'Ikev2')
    : type === 'IKEv2' || type === 'Automatic'
}

/** `host[;friendly][,host2…]`: the hosts, each at the entry of the list that it stands in. */
function hostsOf({ nativeProfile }: VpnProfile): readonly Placed<string>[] {
  const servers = nativeProfile?.servers ?? []
  return servers.flatMap(({ value, at }, i) => {
    const [first = '', ...more] = value.split(',').map((host) => host.trim())
    // Behind a semicolon stands what the connection is called.
    const isFriendly = i > 0 && first.toLowerCase() !== servers[0]!.value.toLowerCase()
    return (isFriendly ? more : [first, ...more])
      .filter((host) => host !== '')
      .slice(0, LIST_ENTRIES_MAX)
      .map((host) => ({ value: host, at }))
  })
}

/** The same without repetitions, the first of each. */
export const distinctHostsOf = (profile: VpnProfile): readonly Placed<string>[] => {
  const hosts = hostsOf(profile).slice(0, LIST_ENTRIES_MAX)
  return [
    ...new Map(hosts.toReversed().map((host) => [host.value.toLowerCase(), host])).values(),
  ].toReversed()
}

export interface RoutedPrefix {
  readonly route: ProfileRoute
  readonly prefix: Prefix
}

/** Routes whose values can be read, host bits cut off. */
export const routedPrefixes = ({ routes }: VpnProfile): readonly RoutedPrefix[] =>
  routes.flatMap((route) => {
    const read = parseInterfaceAddress(`${route.address.value}/${route.prefixSize.value}`)
    return read.ok ? [{ route, prefix: read.value.prefix }] : []
  })

/** The longest first. A profile does not change, and each of its DNS servers asks. */
const byLength = rememberEach((profile: VpnProfile) =>
  routedPrefixes(profile).toSorted((a, b) => b.prefix.length - a.prefix.length),
)

/** Those that lead into the tunnel. */
export const tunnelPrefixes = (profile: VpnProfile): readonly RoutedPrefix[] =>
  routedPrefixes(profile).filter(({ route }) => !isOn(route.exclusionRoute))

/** What the longest route for an address says; undefined: none has it. */
export const routeFor = (profile: VpnProfile, address: Address): RoutedPrefix | undefined =>
  byLength(profile).find(({ prefix }) => prefixContains(prefix, address))

export const overlap = (a: Prefix, b: Prefix): boolean =>
  prefixContains(a, b.address) || prefixContains(b, a.address)

export const isInside = (inner: Prefix, outer: Prefix): boolean =>
  inner.length >= outer.length && prefixContains(outer, inner.address)

export const prefix = (text: string): Prefix => {
  const read = parseInterfaceAddress(text)
  if (!read.ok) throw new RangeError(read.error)
  return read.value.prefix
}

/** RFC 1918, RFC 6598, RFC 4193. */
export const PRIVATE: readonly Prefix[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
].map(prefix)

export const isPrivate = (address: Address): boolean =>
  PRIVATE.some((each) => prefixContains(each, address))

/** What Windows routes into the tunnel by itself for an address that it was given. */
export function classRoute({ address }: Prefix): Prefix | undefined {
  if (!isIpv4(address)) return undefined
  const first = address >>> 24
  const length = first < 128 ? 8 : first < 192 ? 16 : 24
  const shift = 32 - length
  return { address: (((address >>> shift) << shift) >>> 0) as Address, length }
}

/** Addresses of a rule's DNS servers that can be read. */
export const serversOf = ({
  dnsServers = [],
}: DomainNameInformation): readonly { readonly address: Address; readonly at: Position }[] =>
  dnsServers.flatMap(({ value, at }) => {
    const address = parseAddress(value)
    return address === undefined ? [] : [{ address, at }]
  })

/** Every element below, itself first. */
export const descendants = (element: XmlElement): readonly XmlElement[] => [
  element,
  ...element.children.flatMap(descendants),
]

/** The first element down a way of names from the root. */
export const elementAt = ({ document }: VpnProfile, ...names: readonly string[]) =>
  names.reduce<XmlElement | undefined>(
    (at, name) => at?.children.find((child) => child.name === name),
    document,
  )

export const childrenOf = (profile: VpnProfile, container: string): readonly XmlElement[] =>
  container === 'VPNProfile'
    ? [profile.document]
    : profile.document.children.filter(({ name }) => name === container)
