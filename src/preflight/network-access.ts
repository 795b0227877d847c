/**
 * Whether those who have a VPN profile would be let in: NPS's own evaluation is asked with the request that the gateway would send (AD-02,
 * AD-06, AD-07, NPS-06), and groups that the guide names (AD-01, AD-03, AD-04). Not certificates: nobody has shown one yet.
 */
import { directoryOf } from '../directory/accounts.ts'
import { accountOf, isMember, type Directory } from '../directory/directory.ts'
import { instant, type Instant } from '../base/time.ts'
import type { DirectorySpec } from '../topology/directory.ts'
import type { NpsConditions } from '../topology/nps.ts'
import type { Topology } from '../topology/topology.ts'
import type { PolicyTrail } from '../windows/nps/connection-request.ts'
import { choosePolicy } from '../windows/nps/decision.ts'
import type { NpsRequest } from '../windows/nps/request.ts'
import type { PreflightRule, TopologyFinding } from './finding.ts'
import {
  isClientAt,
  npsServersOf,
  radiusPairsOf,
  type FoundNps,
  type RadiusPair,
} from './radius.ts'

/** What a gateway says of an IKEv2 client whose conditions are known before it dials. */
const IKEV2 = {
  authenticationType: 'eap',
  nasPortType: 5,
  serviceType: 2,
  framedProtocol: 1,
  msRasVendor: 311,
} as const satisfies Partial<NpsRequest>

const GROUPS: readonly (keyof NpsConditions)[] = ['userGroups', 'windowsGroups']
/** Conditions whose answer is known here. What depends on the caller or the hour is not held against anybody. */
const KNOWN: readonly (keyof NpsConditions)[] = [
  ...GROUPS,
  'nasPortType',
  'serviceType',
  'framedProtocol',
  'msRasVendor',
  'authenticationType',
  'clientFriendlyName',
  'clientIpv4Address',
  'clientVendor',
  'nasIpv4Address',
]

/** Users who sign in where a user tunnel is installed. */
const vpnUsersOf = (topology: Topology): readonly string[] => [
  ...new Set(
    Object.values(topology.nodes).flatMap((node) =>
      node.kind === 'host' && node.profiles?.user !== undefined ? (node.users ?? []) : [],
    ),
  ),
]

/** AD-02, AD-06, AD-07 and NPS-06, for each user of a user tunnel and each NPS that a gateway asks. */
export const vpnUsers: PreflightRule = (topology) => {
  const start = instant(topology.start)
  const directory = directoryOf(topology, start)
  const { directory: spec } = topology
  if (directory === undefined || spec === undefined) return []
  return vpnUsersOf(topology).flatMap((user) => [
    ...accountState(user, { directory, start }),
    ...radiusPairsOf(topology)
      .flatMap((pair) => deniedBy({ topology, directory, spec, pair, user, at: start }))
      .slice(0, 1),
  ])
}

function accountState(
  user: string,
  { directory, start }: { readonly directory: Directory; readonly start: Instant },
): readonly TopologyFinding[] {
  const account = accountOf(directory, 'user', user)
  if (account === undefined) return []
  const { isDisabled, isLocked, expires } = account
  const hasExpired = expires !== undefined && expires <= start
  const state = isDisabled
    ? 'disabled'
    : isLocked
      ? 'locked out'
      : hasExpired
        ? 'expired'
        : undefined
  if (state === undefined) return []
  return [
    {
      rule: 'AD-06',
      severity: 'error',
      message: `the account of ${user} is ${state}: NPS denies it`,
      fix: 'enable or unlock it, or set a later end, in Active Directory Users and Computers',
      path: ['directory', 'users', user],
    },
  ]
}

interface Asked {
  readonly topology: Topology
  readonly directory: Directory
  readonly spec: DirectorySpec
  readonly pair: RadiusPair
  readonly user: string
  readonly at: Instant
}

function deniedBy(asked: Asked): readonly TopologyFinding[] {
  const { topology, spec, pair, user } = asked
  const found = npsServersOf(topology).find(({ name }) => name === pair.server)
  const request = found === undefined ? undefined : requestOf(asked, found)
  if (found === undefined || request === undefined) return []
  // Registration is NPS-02.
  const choice = choosePolicy({ spec: found.service, isRegistered: true }, request)
  if (choice.result !== 'denied') return []
  if (spec.users?.[user]?.dialIn === 'deny' && choice.reason === 65) {
    return [
      {
        rule: 'AD-07',
        severity: 'error',
        message: `the dial-in page of ${user} denies access: NPS gives reason 65`,
        fix: 'set it to "Control access through NPS Network Policy", or let the policy ignore it',
        path: ['directory', 'users', user, 'dialIn'],
      },
    ]
  }
  return passedOver({ found, trail: choice.networkPolicyTrail, user })
}

function requestOf(
  { topology, directory, spec, pair, user, at }: Asked,
  { service }: FoundNps,
): NpsRequest | undefined {
  const { source, gateway } = pair
  const account = accountOf(directory, 'user', user)
  if (source === undefined || account === undefined) return undefined
  const client = service.clients?.find((each) =>
    isClientAt(topology, service, { client: each, source, gateway: gateway.name }),
  )
  // Whom NPS does not know, NPS-03 tells.
  if (client === undefined) return undefined
  const { dialIn: permission = 'policy' } = spec.users?.[user] ?? {}
  return {
    ...IKEV2,
    at,
    client: { friendlyName: client.name, address: source, vendor: client.vendor ?? 'standard' },
    userName: account.upn ?? user,
    nasIpv4Address: source,
    account: { kind: 'user', groups: account.groups, dialIn: { permission } },
  }
}

/** The policies that could have granted, and what stood against each; those that nothing known stands against are not held. */
function passedOver({
  found: { name, service, path },
  trail,
  user,
}: {
  readonly found: FoundNps
  readonly trail: readonly PolicyTrail[]
  readonly user: string
}): readonly TopologyFinding[] {
  const grants = (service.networkPolicies ?? []).filter(
    ({ enabled = true, access }) => enabled && access === 'grant',
  )
  // Nothing that grants is NPS-06 already.
  if (grants.length === 0) return []
  const mismatches = grants.map(({ name: policy }) => {
    const why = trail.find((passed) => passed.policy === policy)?.why
    return why === undefined || why === 'disabled' ? [] : why
  })
  const isSure = mismatches.every((why) => why.some(({ condition }) => KNOWN.includes(condition)))
  if (!isSure) return []
  const lacksGroup = mismatches.find((why) =>
    why.every(({ condition }) => GROUPS.includes(condition)),
  )
  if (lacksGroup !== undefined) {
    return [
      {
        rule: 'AD-02',
        severity: 'error',
        message: `${user} is not in ${lacksGroup[0]!.expected}, which the policy of ${name} demands: NPS denies access`,
        fix: `add ${user} to the group; it counts from the next sign-in on`,
        path: ['directory', 'groups'],
      },
    ]
  }
  const [first] = mismatches[0]!.filter(({ condition }) => KNOWN.includes(condition))
  return [
    {
      rule: 'NPS-06',
      severity: 'error',
      message: `no network policy of ${name} matches ${user}: ${first!.name} is ${first!.got}, ${first!.expected} is wanted`,
      fix: 'correct the conditions of the policy for VPN connections',
      path: [...path, 'networkPolicies'],
    },
  ]
}

/** AD-01: a policy wants a group that nobody is in. */
export const emptyGroups: PreflightRule = (topology) => {
  const directory = directoryOf(topology, instant(topology.start))
  if (directory === undefined) return []
  return npsServersOf(topology).flatMap(({ name, service, path }) =>
    (service.networkPolicies ?? []).flatMap(({ conditions = {} }, i) =>
      (['userGroups', 'windowsGroups', 'machineGroups'] as const).flatMap((key) =>
        (conditions[key] ?? [])
          .filter((group) => !directory.accounts.some((account) => isMember(account, group)))
          .map((group): TopologyFinding => ({
            rule: 'AD-01',
            severity: 'warning',
            message: `a network policy of ${name} wants ${group}, in which nobody is`,
            fix: `add members to ${group}`,
            path: [...path, 'networkPolicies', i, 'conditions', key],
          })),
      ),
    ),
  )
}

/** The groups that the guide makes for servers; a site that has none of the name manages otherwise. */
const SERVER_GROUPS = [
  { rule: 'AD-03', service: 'vpn-gateway', group: 'VPN Servers' },
  { rule: 'AD-04', service: 'nps', group: 'NPS Servers' },
] as const

/** AD-03 and AD-04: servers outside the group by which they enrol. */
export const serverGroups: PreflightRule = (topology) => {
  const groups = topology.directory?.groups ?? {}
  const directory = directoryOf(topology, instant(topology.start))
  if (directory === undefined) return []
  return SERVER_GROUPS.flatMap(({ rule, service, group }) => {
    if (!Object.hasOwn(groups, group)) return []
    return Object.entries(topology.nodes).flatMap(([name, node]): TopologyFinding[] => {
      const serves = node.kind !== 'switch' && node.services?.some((s) => s.service === service)
      const account = accountOf(directory, 'computer', name)
      if (serves !== true || account === undefined || isMember(account, group)) return []
      return [
        {
          rule,
          severity: 'warning',
          message: `${name} is not in ${group}: it enrols no certificate by the template of that group`,
          fix: `add the computer ${name} to ${group}, and restart it`,
          path: ['directory', 'groups', group],
        },
      ]
    })
  })
}
