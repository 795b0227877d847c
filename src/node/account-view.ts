/**
 * An account as a member server reads it out of LDAP: which attributes it asks for, and what they come to.
 * Not the questions: `directory-client.ts` asks them. Names of groups are looked up by SID, as the local security authority does.
 */
import type { Ipv4 } from '../base/address.ts'
import { fromUtf8, toHex } from '../base/bytes.ts'
import type { Instant } from '../base/time.ts'
import type { DialInProperties, Directory, Sid } from '../directory/directory.ts'
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

const valueOf = ({ attributes }: LdapEntry, type: string): Uint8Array | undefined =>
  attributes.find((attribute) => attribute.type === type)?.values[0]

/** The first value of an attribute; undefined: the entry has none. */
export function textOf(entry: LdapEntry, type: string): string | undefined {
  const value = valueOf(entry, type)
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
  const name = entry && textOf(entry, 'sAMAccountName')
  const sid = entry && sidOfBytes(valueOf(entry, 'objectSid') ?? new Uint8Array())
  if (entry === undefined || name === undefined || sid === undefined) return undefined
  const names = groupNames(directory)
  const groups = (
    entry.attributes.find(({ type }) => type === 'tokenGroups')?.values ?? []
  ).flatMap((value) => names.get(toHex(value)) ?? [])
  const control = Number(textOf(entry, 'userAccountControl') ?? 0)
  const expires = instantOfFileTime(textOf(entry, 'accountExpires') ?? '')
  const upn = textOf(entry, 'userPrincipalName')
  const dnsName = textOf(entry, 'dNSHostName')
  const isComputer = (control & ACCOUNT_CONTROL.workstationTrustAccount) !== 0
  return {
    kind: isComputer ? 'computer' : 'user',
    name,
    sid,
    distinguishedName: textOf(entry, 'distinguishedName') ?? '',
    ...(upn !== undefined && { upn }),
    ...(dnsName !== undefined && { dnsName }),
    groups: new Set(groups),
    isDisabled: (control & ACCOUNT_CONTROL.disabled) !== 0,
    isLocked: (textOf(entry, 'lockoutTime') ?? '0') !== '0',
    ...(expires !== undefined && { expires }),
    dialIn: {
      ...dialInOf(entry),
      // Kept in the server's own registry, not in the directory.
      isLockedOut: directory.accounts.some(
        (account) => account.sid === sid && account.dialIn.isLockedOut,
      ),
    },
    isRegistered,
  }
}

function dialInOf(entry: LdapEntry): Omit<DialInProperties, 'isLockedOut'> {
  const allowed = textOf(entry, 'msNPAllowDialin')
  const callerId = textOf(entry, 'msNPCallingStationID')
  const address = textOf(entry, 'msRADIUSFramedIPAddress')
  return {
    permission: allowed === undefined ? 'policy' : allowed === 'TRUE' ? 'allow' : 'deny',
    ...(callerId !== undefined && { callerId }),
    ...(address !== undefined && { framedIpAddress: (Number(address) >>> 0) as Ipv4 }),
  }
}
