/**
 * Active Directory as data: the accounts of one domain, what groups they are in, what its certificates map to.
 * Not a server: nothing listens here. Names are compared as the directory compares them, without case.
 */
import type { Ipv4 } from '../base/address.ts'
import { rememberEach } from '../base/remember.ts'
import type { Duration, Instant } from '../base/time.ts'
import type { DialInPermission } from '../topology/directory.ts'
import type { WeeklyHours } from '../topology/nps.ts'
import type { Password } from './password.ts'

/** A security identifier, `S-1-5-21-…-1105`. */
export type Sid = string

export interface Account {
  readonly kind: 'user' | 'computer'
  /** Key in the topology: what a user signs in with, or the node whose account it is. */
  readonly key: string
  /** sAMAccountName: `ada`, `GATEWAY$`. */
  readonly name: string
  /** `Ada Lovelace`, `GATEWAY`. */
  readonly commonName: string
  readonly sid: Sid
  /** Distinguished name, most specific part first: `CN=Ada Lovelace, CN=Users, DC=corp, DC=contoso, DC=com`. */
  readonly distinguishedName: string
  /** userPrincipalName; computers have none. */
  readonly upn?: string
  /** dNSHostName; users have none. */
  readonly dnsName?: string
  readonly mail?: string
  readonly created: Instant
  readonly isDisabled: boolean
  readonly isLocked: boolean
  /** accountExpires; absent: never. */
  readonly expires?: Instant
  /** Names of the groups it is in, nested ones included, in lower case. */
  readonly groups: ReadonlySet<string>
  /** Explicit certificate mappings, `X509:<I>DC=com,…<SR>2b00…`. */
  readonly altSecurityIdentities: readonly string[]
  readonly dialIn: DialInProperties
  /** When it may be used; absent: at all hours. */
  readonly logonHours?: readonly WeeklyHours[]
  readonly password: PasswordFacts
}

/** The Dial-in page of an account: what NPS reads when it is registered in the directory. */
export interface DialInProperties {
  /** msNPAllowDialin: TRUE, FALSE, and absent for `policy`. */
  readonly permission: DialInPermission
  /** msNPCallingStationID. */
  readonly callerId?: string
  /** msRADIUSFramedIPAddress. */
  readonly framedIpAddress?: Ipv4
  /** Locked out by failed attempts at remote access (`MaxDenials` of RRAS). */
  readonly isLockedOut: boolean
}

/** What the directory holds of a password when nobody has changed it yet: `domain-state.ts` has what became of it. */
export interface PasswordFacts {
  /** Absent: no password is right. */
  readonly secret?: Password
  /** pwdLastSet. */
  readonly set: Instant
  /** "User must change password at next logon". */
  readonly mustChange: boolean
  readonly neverExpires: boolean
  /** "Store password using reversible encryption". */
  readonly isReversible: boolean
  /** "Smart card is required for interactive logon". */
  readonly smartCardRequired: boolean
}

/** The Default Domain Policy, with nothing left open. */
export interface PasswordPolicy {
  /** 0: never. */
  readonly maximumAge: Duration
  readonly minimumLength: number
  readonly complexity: boolean
  /** 0: never. */
  readonly lockoutThreshold: number
}

export interface Directory {
  /** DNS name of the domain, `corp.contoso.com`. */
  readonly domain: string
  /** `CORP`. */
  readonly netbios: string
  /** Users first, then computers. */
  readonly accounts: readonly Account[]
  /** Whether Group Policy turns autoenrolment on, for each half. */
  readonly autoenrolment: { readonly user: boolean; readonly computer: boolean }
  /** Keys of the authorities in the NTAuth store. */
  readonly ntAuth: readonly string[]
  readonly kdc: KdcSettings
  readonly passwordPolicy: PasswordPolicy
  /** DNS names of domains that are trusted, of whose accounts nothing is known here. */
  readonly trustedDomains: readonly string[]
}

/** What decides how the domain controllers map certificates to accounts (KB5014754). */
export interface KdcSettings {
  /** The registry value of that name; absent: not set. */
  readonly strongCertificateBindingEnforcement?: 0 | 1 | 2
  /** The registry value of that name; absent: not set. */
  readonly certificateBackdatingCompensation?: Duration
  /** The last Windows update that the domain controllers have taken; absent: always the latest. */
  readonly updatedUntil?: Instant
}

/** Whether the account is in the group, directly or through others. */
export const isMember = (account: Account, group: string): boolean =>
  account.groups.has(group.toLowerCase())

/** The account of a node's computer, or of a user by the key of the topology. */
export const accountOf = (
  directory: Directory,
  kind: Account['kind'],
  key: string,
): Account | undefined => indexOf(directory).byKey.get(`${kind} ${key}`)

export const accountWithSid = (directory: Directory, sid: Sid): Account | undefined =>
  indexOf(directory).bySid.get(sid)

interface Index {
  readonly byKey: ReadonlyMap<string, Account>
  readonly bySid: ReadonlyMap<Sid, Account>
}

// Asked at every sign-in, some times over. Of two under one name the first counts.
const indexOf = rememberEach(({ accounts }: Directory): Index => {
  const last = accounts.toReversed()
  return {
    byKey: new Map(last.map((account) => [`${account.kind} ${account.key}`, account])),
    bySid: new Map(last.map((account) => [account.sid, account])),
  }
})
