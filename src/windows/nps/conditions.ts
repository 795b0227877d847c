/**
 * The conditions of connection request and network policies: whether each holds for a request, and, where it does not, why.
 * Not the order of policies: {@link ./connection-request.ts} and {@link ./network-policy.ts}.
 */
import { isWithinHours } from '../../topology/weekly-hours.ts'
import type { NpsConditions } from '../../topology/nps.ts'
import type { Assumptions } from '../assumptions.ts'
import { formatHours, formatMoment } from './hours.ts'
import { matches } from './patterns.ts'
import type { NpsRequest } from './request.ts'

/** A condition that does not hold. */
export interface Mismatch {
  readonly condition: keyof NpsConditions
  /** In the console's words: `NAS Port Type`. */
  readonly name: string
  readonly expected: string
  /** `absent` where the request has nothing of the kind. */
  readonly got: string
}

/** The console's names, in its order. */
export const CONDITION_NAMES: Readonly<Record<keyof NpsConditions, string>> = {
  windowsGroups: 'Windows Groups',
  machineGroups: 'Machine Groups',
  userGroups: 'User Groups',
  locationGroups: 'Location Groups',
  dayAndTime: 'Day and time restrictions',
  authenticationType: 'Authentication Type',
  allowedEapTypes: 'Allowed EAP Types',
  framedProtocol: 'Framed Protocol',
  serviceType: 'Service Type',
  tunnelType: 'Tunnel Type',
  calledStationId: 'Called Station ID',
  callingStationId: 'Calling Station ID',
  clientFriendlyName: 'Client Friendly Name',
  clientIpv4Address: 'Client IPv4 Address',
  clientIpv6Address: 'Client IPv6 Address',
  clientVendor: 'Client Vendor',
  msRasVendor: 'MS-RAS Vendor ID',
  nasIdentifier: 'NAS Identifier',
  nasIpv4Address: 'NAS IPv4 Address',
  nasIpv6Address: 'NAS IPv6 Address',
  nasPortType: 'NAS Port Type',
  userName: 'User Name',
}

/** What the request has, as text; absent: nothing. */
const TEXTS = {
  userName: ({ userName }) => userName,
  nasIdentifier: ({ nasIdentifier }) => nasIdentifier,
  nasIpv4Address: ({ nasIpv4Address }) => nasIpv4Address,
  nasIpv6Address: ({ nasIpv6Address }) => nasIpv6Address,
  clientFriendlyName: ({ client }) => client.friendlyName,
  clientIpv4Address: ({ client }) => (client.address.includes(':') ? undefined : client.address),
  clientIpv6Address: ({ client }) => (client.address.includes(':') ? client.address : undefined),
  calledStationId: ({ calledStationId }) => calledStationId,
  callingStationId: ({ callingStationId }) => callingStationId,
  msRasVendor: ({ msRasVendor }) => msRasVendor?.toString(),
} as const satisfies Partial<
  Record<keyof NpsConditions, (request: NpsRequest) => string | undefined>
>

const LISTS = {
  nasPortType: ({ nasPortType }) => nasPortType,
  framedProtocol: ({ framedProtocol }) => framedProtocol,
  serviceType: ({ serviceType }) => serviceType,
  tunnelType: ({ tunnelType }) => tunnelType,
  authenticationType: ({ authenticationType }) => authenticationType,
  allowedEapTypes: ({ eapType }) => eapType,
} as const satisfies Partial<
  Record<keyof NpsConditions, (request: NpsRequest) => string | number | undefined>
>

/** Whose groups count: a computer that signs in stands for itself. */
const GROUPS = {
  windowsGroups: ({ account, machine }) => [account, machine],
  userGroups: ({ account }) => [account?.kind === 'user' ? account : undefined],
  machineGroups: ({ account, machine }) => [
    account?.kind === 'computer' ? account : undefined,
    machine,
  ],
} as const satisfies Partial<
  Record<keyof NpsConditions, (request: NpsRequest) => readonly NpsRequest['account'][]>
>

const keysOf = <T extends object>(table: T): readonly (keyof T)[] =>
  Object.keys(table) as (keyof T)[]

const GROUP_KEYS = keysOf(GROUPS)
const TEXT_KEYS = keysOf(TEXTS)
const LIST_KEYS = keysOf(LISTS)

/** Every condition that does not hold; empty: the policy matches. One that is not given holds. */
export function mismatches(
  conditions: NpsConditions,
  request: NpsRequest,
  assume: Pick<Assumptions, 'npsPatternCase'>,
): readonly Mismatch[] {
  // Each request is held to many policies, of which most have a condition or two that holds: nothing is made for those.
  const found: Mismatch[] = []
  addGroups(found, conditions, request)
  addTimes(found, conditions, request)
  addTexts(found, conditions, request, assume)
  addLists(found, conditions, request)
  addVendor(found, conditions, request)
  return found
}

const mismatch = (
  condition: keyof NpsConditions,
  expected: string,
  got: string | number | undefined,
): Mismatch => ({
  condition,
  name: CONDITION_NAMES[condition],
  expected,
  got: got === undefined ? 'absent' : `${got}`,
})

function addGroups(found: Mismatch[], conditions: NpsConditions, request: NpsRequest): void {
  for (const key of GROUP_KEYS) {
    const wanted = conditions[key]
    if (wanted === undefined) continue
    const accounts = GROUPS[key](request).filter((account) => account !== undefined)
    const isIn = (group: string): boolean =>
      accounts.some(({ groups }) => groups.has(group.toLowerCase()))
    if (wanted.some(isIn)) continue
    const groups = accounts.flatMap((account) => [...account.groups])
    const got = accounts.length === 0 ? 'no account' : groups.toSorted().join(', ') || 'no group'
    found.push(mismatch(key, wanted.join(' or '), got))
  }
}

function addTimes(
  found: Mismatch[],
  { dayAndTime, locationGroups }: NpsConditions,
  { at, locationGroups: locations = [] }: NpsRequest,
): void {
  if (dayAndTime !== undefined && !isWithinHours(dayAndTime, at)) {
    found.push(mismatch('dayAndTime', formatHours(dayAndTime), formatMoment(at)))
  }
  if (locationGroups?.some((group) => locations.includes(group)) === false) {
    const got = locations.join(', ') || undefined
    found.push(mismatch('locationGroups', locationGroups.join(' or '), got))
  }
}

function addTexts(
  found: Mismatch[],
  conditions: NpsConditions,
  request: NpsRequest,
  assume: Pick<Assumptions, 'npsPatternCase'>,
): void {
  for (const key of TEXT_KEYS) {
    const pattern = conditions[key]
    if (pattern === undefined) continue
    const got = TEXTS[key](request)
    if (!matches(pattern, got, assume)) found.push(mismatch(key, pattern, got))
  }
}

function addLists(found: Mismatch[], conditions: NpsConditions, request: NpsRequest): void {
  for (const key of LIST_KEYS) {
    const wanted: readonly (string | number)[] | undefined = conditions[key]
    if (wanted === undefined) continue
    const got = LISTS[key](request)
    if (got === undefined || !wanted.includes(got)) {
      found.push(mismatch(key, wanted.join(' or '), got))
    }
  }
}

function addVendor(
  found: Mismatch[],
  { clientVendor }: NpsConditions,
  { client }: NpsRequest,
): void {
  if (clientVendor === undefined || clientVendor === client.vendor) return
  found.push(mismatch('clientVendor', clientVendor, client.vendor))
}
