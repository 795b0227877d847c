/**
 * An account as a member server reads it out of LDAP: which attributes it asks for, and what they come to.
 * Not the questions: `directory-client.ts` asks them. Names of groups are looked up by SID, as the local security authority does.
 */
import type { Ipv4 } from '../base/address.ts'
import { fromUtf8, toHex } from '../base/bytes.ts'
import type { Instant } from '../base/time.ts'
import {
  accountWithSid,
  type DialInProperties,
  type Directory,
  type Sid,
} from '../directory/directory.ts'
import {
  ACCOUNT_CONTROL,
  groupNames,
  instantOfFileTime,
  sidOfBytes,
} from '../directory/ldap-entries.ts'
import type { LdapEntry, SearchAnswer } from './ldap-connection.ts'

/** An account as NPS reads it, at this request: groups are those of now, whatever token the user's own session has. */
export interface AccountView {
  readonly kind: 'user' | 'computer'
  /** sAMAccountName. */
  readonly name: string
  readonly sid: Sid
  readonly distinguishedName: string
  readonly upn?: string
  readonly dnsName?: string
  /** Names in lower case, nested ones included. */
  readonly groups: ReadonlySet<string>
  readonly isDisabled: boolean
  readonly isLocked: boolean
  readonly expires?: Instant
  /** What this server may read of it; where it is not registered, only the lockout, which is its own. */
  readonly dialIn: DialInProperties
  /** Whether this server is a member of RAS and IAS Servers, and could read the dial-in properties. */
  readonly isRegistered: boolean
}

export const ACCOUNT_ATTRIBUTES = [
  'objectClass',
  'sAMAccountName',
  'distinguishedName',
  'objectSid',
  'userPrincipalName',
  'dNSHostName',
  'userAccountControl',
  'accountExpires',
  'lockoutTime',
  'tokenGroups',
]
/** What a registered server reads. */
export const WITH_DIAL_IN_ATTRIBUTES = [
  ...ACCOUNT_ATTRIBUTES,
  'msNPAllowDialin',
  'msNPCallingStationID',
  'msRADIUSFramedIPAddress',
]

/** The first value of an attribute; undefined: the entry has none. */
export function textOf(entry: LdapEntry, type: string): string | undefined {
  const value = entry.attributes.find((attribute) => attribute.type === type)?.values[0]
  return value && fromUtf8(value)
}

/** What is read of an entry: each attribute's values by its name, in one pass. */
type Values = ReadonlyMap<string, readonly Uint8Array[]>

function firstText(values: Values, type: string): string | undefined {
  const value = values.get(type)?.[0]
  return value && fromUtf8(value)
}

/**
 * Undefined: the answer has no entry, or one without what every account has. `isRegistered`: dial-in properties were asked for and could be read, so
 * that one that is not there is not set.
 */
export function viewOf(
  answer: SearchAnswer,
  isRegistered: boolean,
  directory: Directory,
): AccountView | undefined {
  const [entry] = answer.entries
  if (entry === undefined) return undefined
  const values = new Map<string, readonly Uint8Array[]>()
  for (const { type, values: held } of entry.attributes) {
    if (!values.has(type)) values.set(type, held)
  }
  const name = firstText(values, 'sAMAccountName')
  const sid = sidOfBytes(values.get('objectSid')?.[0] ?? new Uint8Array())
  if (name === undefined || sid === undefined) return undefined
  const control = Number(firstText(values, 'userAccountControl') ?? 0)
  const expires = instantOfFileTime(firstText(values, 'accountExpires') ?? '')
  const upn = firstText(values, 'userPrincipalName')
  const dnsName = firstText(values, 'dNSHostName')
  const isComputer = (control & ACCOUNT_CONTROL.workstationTrustAccount) !== 0
  return {
    kind: isComputer ? 'computer' : 'user',
    name,
    sid,
    distinguishedName: firstText(values, 'distinguishedName') ?? '',
    ...(upn !== undefined && { upn }),
    ...(dnsName !== undefined && { dnsName }),
    groups: groupsOf(values.get('tokenGroups') ?? [], directory),
    isDisabled: (control & ACCOUNT_CONTROL.disabled) !== 0,
    isLocked: (firstText(values, 'lockoutTime') ?? '0') !== '0',
    ...(expires !== undefined && { expires }),
    dialIn: dialInOf(values, isLockedOut(sid, directory)),
    isRegistered,
  }
}

function groupsOf(sids: readonly Uint8Array[], directory: Directory): ReadonlySet<string> {
  const names = groupNames(directory)
  const groups = new Set<string>()
  for (const sid of sids) {
    const name = names.get(toHex(sid))
    if (name !== undefined) groups.add(name)
  }
  return groups
}

/** Kept in the server's own registry, not in the directory. */
const isLockedOut = (sid: Sid, directory: Directory): boolean =>
  accountWithSid(directory, sid)?.dialIn.isLockedOut === true

function dialInOf(values: Values, lockedOut: boolean): DialInProperties {
  const allowed = firstText(values, 'msNPAllowDialin')
  const callerId = firstText(values, 'msNPCallingStationID')
  const address = firstText(values, 'msRADIUSFramedIPAddress')
  return {
    permission: allowed === undefined ? 'policy' : allowed === 'TRUE' ? 'allow' : 'deny',
    ...(callerId !== undefined && { callerId }),
    ...(address !== undefined && { framedIpAddress: (Number(address) >>> 0) as Ipv4 }),
    isLockedOut: lockedOut,
  }
}
