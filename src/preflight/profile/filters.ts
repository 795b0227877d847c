/** L18 to L22: traffic filters. */
import { isIpv4, parseAddress, type Address } from '../../base/address.ts'
import type { PortRange, TrafficFilter } from '../../windows/profile/traffic-filter.ts'
import { LIST_ENTRIES_MAX, type Placed } from '../../windows/xml-values.ts'
import { serversOf, tunnelPrefixes } from './reading.ts'
import { error, warning, type ProfileRule } from './rule.ts'

const TCP = 6
const UDP = 17
/** Windows takes the port of a client from here on. */
const EPHEMERAL_PORT_MIN = 49_152

const SOURCE = 'VPNv2 CSP, TrafficFilterList'

const portsNeedProtocol: ProfileRule = {
  id: 'L18',
  about: 'a filter with ports says TCP or UDP',
  source: SOURCE,
  valueFix: 'write a number from 0 to 255: 6 is TCP, 17 UDP',
  judge: ({ profile }) =>
    profile.trafficFilters.map(({ protocol, localPorts, remotePorts }) => {
      const ports = [...(localPorts ?? []), ...(remotePorts ?? [])][0]
      if (ports === undefined || protocol?.value === TCP || protocol?.value === UDP) return false
      const said = protocol === undefined ? 'no Protocol' : `Protocol ${protocol.value}`
      return error(
        ports.at,
        `ports with ${said}: only TCP and UDP have ports`,
        'write <Protocol>6</Protocol> (TCP) or <Protocol>17</Protocol> (UDP)',
      )
    }),
}

const rangeSyntax: ProfileRule = {
  id: 'L19',
  about: 'ranges are written a-b,c and ip/len or ip-ip',
  source: SOURCE,
  valueFix: 'write ports as 80,52000-52112 and addresses as 10.0.0.0/24 or 10.0.0.1-10.0.0.9',
}

const covers = (ports: readonly Placed<PortRange>[] | undefined, port: number): boolean =>
  ports === undefined || ports.some(({ value }) => value.first <= port && port <= value.last)

const reaches = ({ remoteAddresses }: TrafficFilter, servers: readonly Address[]): boolean =>
  remoteAddresses === undefined ||
  servers.length === 0 ||
  servers.some((server) =>
    remoteAddresses.some(
      ({ value }) =>
        typeof value.first === typeof server && value.first <= server && server <= value.last,
    ),
  )

/** A filter that lets anybody's packets of that protocol out to a port of one of the servers. */
const allows = (
  filter: TrafficFilter,
  protocol: number,
  port: number,
  servers: readonly Address[],
): boolean =>
  (filter.app === undefined || /^svchost|\\svchost\.exe$|^system$/i.test(filter.app.value)) &&
  filter.direction?.value !== 'Inbound' &&
  (filter.protocol === undefined || filter.protocol.value === protocol) &&
  (filter.localPorts ?? []).every(({ value }) => value.last >= EPHEMERAL_PORT_MIN) &&
  covers(filter.remotePorts, port) &&
  reaches(filter, servers)

const domainServices: ProfileRule = {
  id: 'L20',
  about: 'filters let through DNS and Kerberos',
  source: `${SOURCE}: with one filter, all other traffic is blocked`,
  judge: ({ profile }) => {
    const { trafficFilters } = profile
    const [first] = trafficFilters
    if (first === undefined) return []
    const servers = profile.domainNameInformation
      .flatMap(serversOf)
      .slice(0, LIST_ENTRIES_MAX)
      .map(({ address }) => address)
    const missing = [
      { name: 'DNS (UDP 53)', protocol: UDP, port: 53, servers },
      { name: 'Kerberos (TCP 88)', protocol: TCP, port: 88, servers: [] },
    ].filter(
      ({ protocol, port, servers }) =>
        !trafficFilters.some((filter) => allows(filter, protocol, port, servers)),
    )
    return [
      missing.length > 0 &&
        warning(
          first.at,
          `no filter lets ${missing.map(({ name }) => name).join(' or ')} through: everything else is blocked`,
          'add a filter for the domain controllers',
        ),
    ]
  },
}

const withIpv6: ProfileRule = {
  id: 'L21',
  about: 'filters do not go with IPv6',
  source: 'richardhicks/aovpn, ProfileXML_User.xml (July 2021)',
  judge: ({ profile }) => {
    const [filter] = profile.trafficFilters
    const six = tunnelPrefixes(profile).find(({ prefix }) => !isIpv4(prefix.address))
    return [
      filter &&
        six &&
        warning(
          filter.at,
          `traffic filters, and an IPv6 route at line ${six.route.at.line}: filters were not compatible with IPv6 as of 2021`,
          'leave the filters out, or assign no IPv6 addresses',
        ),
    ]
  },
}

const localServerPort: ProfileRule = {
  id: 'L22',
  about: 'LocalPortRanges are ports of the client',
  source: `${SOURCE}; seen in richardhicks/aovpn, ProfileXML_User.xml`,
  judge: ({ profile }) =>
    profile.trafficFilters
      .filter(({ direction }) => direction?.value !== 'Inbound')
      .flatMap(({ localPorts = [] }) => {
        const low = localPorts.find(({ value }) => value.last < EPHEMERAL_PORT_MIN)
        return [
          low &&
            warning(
              low.at,
              `LocalPortRanges ${low.value.written} in an outbound filter: a client sends from ports above ${EPHEMERAL_PORT_MIN - 1}, so nothing matches`,
              'write RemotePortRanges for the port of the server, or <Direction>Inbound</Direction>',
            ),
        ]
      }),
}

export const FILTER_RULES: readonly ProfileRule[] = [
  portsNeedProtocol,
  rangeSyntax,
  domainServices,
  withIpv6,
  localServerPort,
]

/** Public resolvers that everybody knows. */
export const PUBLIC_RESOLVERS: readonly Address[] = [
  '8.8.8.8',
  '8.8.4.4',
  '1.1.1.1',
  '1.0.0.1',
  '9.9.9.9',
  '208.67.222.222',
].flatMap((text) => parseAddress(text) ?? [])
