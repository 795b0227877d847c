/** L12 to L17: the rules that a profile adds to the Name Resolution Policy Table. */
import { formatAddress, parseAddress, prefixContains, type Address } from '../../base/address.ts'
import { rememberEach } from '../../base/remember.ts'
import { decideByNrpt, nrptKind, type NrptRule } from '../../windows/nrpt.ts'
import type { DomainNameInformation, VpnProfile } from '../../windows/profile-xml.ts'
import type { XmlElement } from '../../windows/xml.ts'
import { rename, word } from './edits.ts'
import {
  classRoute,
  descendants,
  distinctHostsOf,
  isOn,
  isPrivate,
  isSplit,
  routeFor,
  serversOf,
} from './reading.ts'
import { error, info, warning, type ProfileContext, type ProfileRule, type Said } from './rule.ts'

/** A fresh object for each rule, so that a decision can be traced back. */
const asRule = (each: DomainNameInformation): NrptRule => ({
  namespace: each.domainName.value,
  ...(each.dnsServers && { servers: each.dnsServers.map(({ value }) => value) }),
  persistent: isOn(each.persistent),
})

const namespaces: ProfileRule = {
  id: 'L12',
  about: 'a namespace of a domain begins with a dot',
  source: 'VPNv2 CSP, DomainName; name-resolution-policy-table.md',
  judge: ({ profile }) =>
    profile.domainNameInformation.map((each) => namespaceFault(each, profile)),
}

const namespacesOf = rememberEach(({ domainNameInformation }: VpnProfile) =>
  domainNameInformation.map((rule) => rule.domainName.value.toLowerCase()),
)

function namespaceFault(each: DomainNameInformation, profile: VpnProfile): Said | undefined {
  const { value, at } = each.domainName
  if (value === '') return undefined
  const kind = nrptKind(value)
  if (kind === 'star') {
    const right = value.replace(/^\*\.?/, '.').replaceAll('*', '')
    const message = `namespace '${value}': the star is taken literally and matches nothing`
    return error(at, message, `write ${right}`, word(at, value, right))
  }
  if (kind === 'unreadable') {
    return error(at, `namespace '${value}' is not a name`, 'write .corp.example.com')
  }
  if (kind === 'prefix') {
    const message = `namespace '${value}' is one label without a dot: a profile knows names and suffixes`
    return warning(at, message, `write .${value}, or the whole name`)
  }
  const domain = value.toLowerCase()
  const suffixes = [...profile.dnsSuffixes, ...profile.trustedNetworks].map(
    (suffix) => `.${suffix.value.toLowerCase()}`,
  )
  const isKnownDomain = suffixes.some((suffix) => suffix.endsWith(`.${domain}`))
  const others = namespacesOf(profile)
  const isParent = others.some((other) => other !== `.${domain}` && other.endsWith(`.${domain}`))
  // Nobody has servers of their own for a single name right below the public suffix.
  const isShort = domain.split('.').length === 2 && each.dnsServers !== undefined
  if (kind !== 'fqdn' || !(isKnownDomain || isParent || isShort)) return undefined
  // With the suffix beside it, the name alone is meant; without servers, it is an exemption.
  if (others.includes(`.${domain}`)) return undefined
  const message = `namespace '${value}' has no dot in front: it matches that one name, and nothing below it`
  return warning(at, message, `write .${value}`, word(at, value, `.${value}`))
}

const dnsServers: ProfileRule = {
  id: 'L13',
  about: 'the DNS servers of a namespace are addresses that the tunnel leads to',
  source: 'VPNv2 CSP, DnsServers; the routing rules of Always On VPN',
  valueFix: 'write addresses, separated by commas',
  withTopology: 'part',
  judge: ({ profile, context }) =>
    profile.domainNameInformation.flatMap((each) => [
      each.dnsServers?.length === 0 &&
        warning(
          each.at,
          `the list of DNS servers for '${each.domainName.value}' is blank: nobody documents what that does`,
          'leave DnsServers out for an exemption, or fill it in',
        ),
      ...serversOf(each).flatMap(({ address, at }) => {
        const name = formatAddress(address)
        const unknown =
          context.dnsServers !== undefined &&
          isPrivate(address) &&
          !context.dnsServers.includes(address) &&
          error(at, `${name} is no DNS server of the topology`, 'name a DNS server that is inside')
        return [unknown, unreached(profile, context, each, { address, at })]
      }),
    ]),
}

function unreached(
  profile: VpnProfile,
  { pool }: ProfileContext,
  rule: DomainNameInformation,
  { address, at }: ReturnType<typeof serversOf>[number],
): Said | undefined {
  const way = routeFor(profile, address)
  const name = formatAddress(address)
  if (way !== undefined) {
    if (!isOn(way.route.exclusionRoute)) return undefined
    const message = `DNS server ${name} is excluded from the tunnel by the route at line ${way.route.at.line}`
    return error(at, message, 'take it out of the exclusion')
  }
  if (!isSplit(profile) || profile.pluginProfile !== undefined) return undefined
  if (!isPrivate(address)) {
    const isForServer = rulesForServers(profile).some((each) => each.rule === rule)
    const message = `DNS server ${name} is asked outside the tunnel`
    const fix = 'add a route to it if it is a server of yours'
    return (isForServer ? info : warning)(at, message, fix)
  }
  const fix = `add a <Route> with ${name}`
  if (isOn(profile.nativeProfile?.disableClassBasedDefaultRoute)) {
    return error(
      at,
      `no route leads to DNS server ${name}: names of '${rule.domainName.value}' time out`,
      fix,
    )
  }
  const byClass = pool && classRoute(pool)
  if (byClass !== undefined && prefixContains(byClass, address)) return undefined
  return byClass === undefined
    ? warning(
        at,
        `no route leads to DNS server ${name}, unless the class-based one of the client's address does`,
        fix,
      )
    : error(
        at,
        `no route leads to DNS server ${name}, nor does the class-based one of the pool`,
        fix,
      )
}

/** Which rule decides over the name of each VPN server that has one, where any sends it somewhere. */
const rulesForServers = rememberEach((profile: VpnProfile) => {
  const rules = new Map(profile.domainNameInformation.map((each) => [asRule(each), each]))
  const local = [...rules.keys()]
  return distinctHostsOf(profile).flatMap(({ value: server }) => {
    if (parseAddress(server) !== undefined) return []
    const { ask, rule } = decideByNrpt(server, { local, connected: true })
    return ask === 'rule' && rule !== undefined ? [{ server, rule: rules.get(rule)! }] : []
  })
})

/** An address that only the tunnel leads to. */
function isInside(profile: VpnProfile, address: Address): boolean {
  const way = routeFor(profile, address)
  return way === undefined ? isPrivate(address) : !isOn(way.route.exclusionRoute)
}

const coversServer: ProfileRule = {
  id: 'L14',
  about: 'no namespace sends the name of the VPN server to DNS servers inside',
  source: 'name-resolution-policy-table.md; richardhicks.com, NRPT (2018-04-23)',
  judge: ({ profile }) =>
    rulesForServers(profile)
      .filter(({ rule }) => serversOf(rule).some(({ address }) => isInside(profile, address)))
      .map(({ server, rule: { domainName, persistent } }) => {
        const fix = `add <DomainNameInformation><DomainName>${server}</DomainName></DomainNameInformation>: an exemption`
        const message = `'${domainName.value}' sends ${server}, the VPN server, to DNS servers inside`
        return isOn(persistent)
          ? error(domainName.at, `${message} while there is no tunnel: clients see 868`, fix)
          : warning(domainName.at, `${message} while the tunnel is up`, fix)
      }),
}

const duplicates: ProfileRule = {
  id: 'L15',
  about: 'each namespace stands once',
  source: 'name-resolution-policy-table.md; what one profile does with two is not documented',
  judge: ({ profile }) => {
    const first = new Map<string, DomainNameInformation>()
    return profile.domainNameInformation.map((each) => {
      const key = each.domainName.value.toLowerCase().replace(/(.)\.$/, '$1')
      const before = first.get(key)
      if (before === undefined) {
        first.set(key, each)
        return undefined
      }
      const message = `namespace '${each.domainName.value}' stands at line ${before.at.line} already`
      return warning(
        each.domainName.at,
        `${message}: which of the two Windows takes is not documented`,
        'put the servers of both into one',
      )
    })
  },
}

const OLD_NAMES: Readonly<Record<string, string>> = {
  domainnameinformationlist: 'DomainNameInformation',
  dnsservers: 'DnsServers',
}

/** Elements that an old sample of Microsoft spells in a way that no Windows reads. */
export const oldNames = rememberEach(({ document }: VpnProfile): readonly XmlElement[] =>
  descendants(document).filter(({ name }) => {
    const right = OLD_NAMES[name.toLowerCase()]
    return right !== undefined && right !== name
  }),
)

const oldSpelling: ProfileRule = {
  id: 'L16',
  about: 'the elements are called DomainNameInformation and DnsServers',
  source: 'VPNv2 CSP; an old sample of Microsoft had DomainNameInformationList and DNSServers',
  judge: ({ profile }) =>
    oldNames(profile).map((element) => {
      const right = OLD_NAMES[element.name.toLowerCase()]!
      const message = `<${element.name}> is not read: the rule is not there, or is an exemption`
      return error(element.at, message, `write <${right}>`, rename(element, right))
    }),
}

const onDeviceTunnel: ProfileRule = {
  id: 'L17',
  about: 'beside a user tunnel, the device tunnel brings no namespaces',
  source: 'richardhicks.com on DNS and the device tunnel',
  withTopology: 'part',
  judge: ({ profile, context }) => {
    const [rule] = profile.domainNameInformation
    if (rule === undefined || !isOn(profile.deviceTunnel)) return []
    const fix = 'leave DomainNameInformation to the user tunnel'
    return [
      context.other === undefined
        ? info(
            rule.at,
            'a device tunnel with DomainNameInformation: beside a user tunnel, the rules of the two mix',
            fix,
          )
        : warning(
            rule.at,
            `DomainNameInformation on the device tunnel, beside the user tunnel ${context.other.file}`,
            fix,
          ),
    ]
  },
}

export const NAME_RESOLUTION_RULES: readonly ProfileRule[] = [
  namespaces,
  dnsServers,
  coversServer,
  duplicates,
  oldSpelling,
  onDeviceTunnel,
]
