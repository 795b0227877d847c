/**
 * Settings of NPS and of its clients that nothing can be made of: names of groups, addresses, patterns, hours.
 * Not an opinion: a secret that differs, a policy that never matches, a certificate that is gone or an entry for the wrong address is
 * what people rehearse.
 */
import { parseIpv4 } from '../base/address.ts'
import { compilePattern } from '../base/pattern.ts'
import { attributeFromText } from '../wire/radius/attributes.ts'
import { WELL_KNOWN_GROUPS } from './accounts.ts'
import type {
  AuthenticationMethods,
  ConnectionRequestPolicySpec,
  NetworkPolicySpec,
  NpsConditions,
  NpsSpec,
  RadiusAttributeSetting,
  RadiusClientSpec,
  RadiusServerSpec,
  WeeklyHours,
} from './nps.ts'
import type { Complaint, Problems } from './problems.ts'
import type { Topology } from './topology.ts'
import { domainNameComplaint, oidComplaint, prefixComplaint, unknownName } from './values.ts'
import { spanComplaint } from './validate-pki.ts'
import { minuteOfDay } from './weekly-hours.ts'

export function validateRadiusServer(
  { server, address, secret, timeout }: RadiusServerSpec,
  { nodes }: Topology,
  problems: Problems,
): void {
  if ((server === undefined) === (address === undefined)) {
    problems.add("a RADIUS server is named by exactly one of 'server' and 'address'")
  }
  if (server !== undefined) {
    const unknown = unknownName('node', server, nodes)
    problems.at('server').add(unknown ?? switchComplaint(server, nodes))
  }
  if (address !== undefined) problems.at('address').add(nameOrAddressComplaint(address))
  problems.at('secret').add(secretComplaint(secret))
  if (timeout !== undefined) problems.at('timeout').add(spanComplaint(timeout))
}

export function validateNps({
  t,
  service,
  problems,
}: {
  readonly t: Topology
  readonly service: NpsSpec
  readonly problems: Problems
}): void {
  const place: Place = { t, service }
  service.clients?.forEach((client, i) => validateClient(client, problems.at('clients', i)))
  service.connectionRequestPolicies?.forEach((policy, i) =>
    validateConnectionRequestPolicy(policy, place, problems.at('connectionRequestPolicies', i)),
  )
  service.networkPolicies?.forEach((policy, i) =>
    validateNetworkPolicy(policy, place, problems.at('networkPolicies', i)),
  )
  for (const list of ['clients', 'connectionRequestPolicies', 'networkPolicies'] as const) {
    validateNames(service[list] ?? [], problems.at(list))
  }
  for (const [group, servers] of Object.entries(service.remoteGroups ?? {})) {
    const here = problems.at('remoteGroups', group)
    if (servers.length === 0) here.add('has no server')
    servers.forEach((server, i) => validateRadiusServer(server, t, here.at(i)))
  }
  const { eapTimeout, requestTime } = service
  if (eapTimeout !== undefined) problems.at('eapTimeout').add(spanComplaint(eapTimeout))
  if (requestTime !== undefined) {
    problems.at('requestTime', 'each').add(spanComplaint(requestTime.each))
  }
}

interface Place {
  readonly t: Topology
  readonly service: NpsSpec
}

function validateClient({ address, secret }: RadiusClientSpec, problems: Problems): void {
  problems
    .at('address')
    .add(address.includes('/') ? prefixComplaint(address) : nameOrAddressComplaint(address))
  problems.at('secret').add(secretComplaint(secret))
}

function validateConnectionRequestPolicy(
  policy: ConnectionRequestPolicySpec,
  place: Place,
  problems: Problems,
): void {
  const { conditions = {}, provider, authentication, accountingTo, rewritesUserName } = policy
  validateConditions(conditions, place, problems.at('conditions'))
  validateMethods(authentication, problems.at('authentication'))
  const groups = place.service.remoteGroups ?? {}
  const group = (name: string): Complaint => unknownName('remote RADIUS server group', name, groups)
  if (typeof provider === 'object') {
    problems.at('provider', 'forwardTo').add(group(provider.forwardTo))
  }
  if (accountingTo !== undefined) problems.at('accountingTo').add(group(accountingTo))
  problems.at('rewritesUserName', 'find').add(patternComplaint(rewritesUserName?.find))
}

function validateNetworkPolicy(policy: NetworkPolicySpec, place: Place, problems: Problems): void {
  const { conditions = {}, constraints = {}, attributes, allowedCertificateOids } = policy
  validateConditions(conditions, place, problems.at('conditions'))
  const here = problems.at('constraints')
  validateMethods(constraints.authentication, here.at('authentication'))
  here.at('calledStationId').add(patternComplaint(constraints.calledStationId))
  validateWeeklyHours(constraints.dayAndTime, here.at('dayAndTime'))
  for (const key of ['idleTimeout', 'sessionTimeout'] as const) {
    const span = constraints[key]
    if (span !== undefined) here.at(key).add(spanComplaint(span))
  }
  attributes?.forEach((attribute, i) =>
    problems.at('attributes', i).add(attributeComplaint(attribute)),
  )
  allowedCertificateOids?.forEach((oid, i) =>
    problems.at('allowedCertificateOids', i).add(oidComplaint(oid)),
  )
}

const PATTERNS = [
  'userName',
  'nasIdentifier',
  'nasIpv4Address',
  'nasIpv6Address',
  'clientFriendlyName',
  'clientIpv4Address',
  'clientIpv6Address',
  'calledStationId',
  'callingStationId',
  'msRasVendor',
] as const satisfies readonly (keyof NpsConditions)[]

function validateConditions(conditions: NpsConditions, { t }: Place, problems: Problems): void {
  for (const key of PATTERNS) problems.at(key).add(patternComplaint(conditions[key]))
  validateWeeklyHours(conditions.dayAndTime, problems.at('dayAndTime'))
  // The console picks groups from the directory: one that is not there cannot be entered.
  const known = [...Object.keys(t.directory?.groups ?? {}), ...WELL_KNOWN_GROUPS]
  const folded = known.map((name) => name.toLowerCase())
  for (const key of ['windowsGroups', 'userGroups', 'machineGroups'] as const) {
    conditions[key]?.forEach((group, i) => {
      if (folded.includes(group.toLowerCase())) return
      problems.at(key, i).add(unknownName('group', group, known))
    })
  }
}

/** `dayAndTime` of a policy, or the logon hours of a user. */
export function validateWeeklyHours(
  hours: readonly WeeklyHours[] | undefined,
  problems: Problems,
): void {
  hours?.forEach(({ from = '00:00', to = '24:00' }, i) => {
    const here = problems.at(i)
    const [begin, end] = [minuteOfDay(from), minuteOfDay(to)]
    if (begin === undefined) here.at('from').add(timeComplaint(from))
    if (end === undefined) here.at('to').add(timeComplaint(to))
    if (begin !== undefined && end !== undefined && begin >= end) {
      here.add(`'${from}' is not before '${to}': write two spans for a night`)
    }
  })
}

const timeComplaint = (text: string): string => `'${text}' is not a time of day such as 08:00`

function validateMethods(methods: AuthenticationMethods | undefined, problems: Problems): void {
  const eap = methods?.eap ?? []
  eap.forEach((method, i) => {
    const here = problems.at('eap', i)
    if (eap.findIndex(({ type }) => type === method.type) < i) {
      here.add(`'${method.type}' is in the list already`)
    }
    if (method.type === 'peap' && method.inner.length === 0) {
      here.at('inner').add('is empty: PEAP carries at least one method')
    }
  })
}

function validateNames(list: readonly { readonly name: string }[], problems: Problems): void {
  list.forEach(({ name }, i) => {
    const here = problems.at(i, 'name')
    if (name.trim() === '') here.add('is empty')
    const twin = list.findIndex((other) => other.name.toLowerCase() === name.toLowerCase())
    if (twin < i) here.add(`'${name}' is the name of another one`)
  })
}

function patternComplaint(pattern: string | undefined): Complaint {
  if (pattern === undefined) return undefined
  const read = compilePattern(pattern)
  return read.ok ? undefined : `'${pattern}' is not a pattern of NPS: it ${read.error}`
}

function attributeComplaint({ name, value }: RadiusAttributeSetting): Complaint {
  const read = attributeFromText(name, value)
  if (read.ok) return undefined
  return read.error.code === 'radius/no-such-attribute'
    ? `there is no RADIUS attribute '${name}'`
    : `'${value}' is not a value of ${name}, which is ${read.error.expected ?? 'of another kind'}`
}

const nameOrAddressComplaint = (text: string): Complaint =>
  parseIpv4(text) === undefined ? domainNameComplaint(text) : undefined

const switchComplaint = (name: string, nodes: Topology['nodes']): Complaint =>
  nodes[name]?.kind === 'switch' ? `${name} is a switch: nothing answers there` : undefined

/** RFC 2865 §3: a secret must not be empty. What it is stands in no message. */
const secretComplaint = (secret: string): Complaint =>
  secret === '' ? 'is empty: a shared secret has at least one character' : undefined
