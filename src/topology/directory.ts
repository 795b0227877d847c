/**
 * The Active Directory domain of a topology as plain data: users, computers, groups, and the policies that certificates meet.
 * Not a server and not the accounts: `directory` makes those, with groups expanded and SIDs given.
 *
 * Type parameters: H the nodes, U the users, G the groups.
 */
import type { Duration } from '../base/time.ts'
import type { WeeklyHours } from './nps.ts'

export interface DirectorySpec<
  H extends string = string,
  U extends string = string,
  G extends string = string,
> {
  /** DNS name of the domain, `corp.contoso.com`. */
  readonly domain: string
  /** Default: the first label of `domain` in capitals, `CORP`. */
  readonly netbios?: string
  /** By logon name. */
  readonly users?: Readonly<Record<U, UserSpec>>
  /** Settings of computer accounts, by node. Every node with a Windows `os` has an account unless `joined` is false. */
  readonly computers?: { readonly [node in H]?: ComputerSpec }
  /**
   * Members by group: users, nodes and other groups. `Domain Users`, `Domain Computers` and `Authenticated Users` have theirs
   * without being listed, and may be members themselves.
   */
  readonly groups?: Readonly<Record<G, readonly (H | NoInfer<U | G> | WellKnownGroup)[]>>
  /** Whether Group Policy turns autoenrolment on, for each half; default neither, as in a new domain. */
  readonly autoenrolment?: { readonly user?: boolean; readonly computer?: boolean }
  /** Keys of the authorities in the forest's NTAuth store: those whose certificates may sign people in. */
  readonly ntAuth?: readonly string[]
  /** Of the Default Domain Policy. */
  readonly passwordPolicy?: PasswordPolicySpec
  /** DNS names of further domains that are trusted, and what accounts they have is not known here: `fabrikam.com`. */
  readonly trustedDomains?: readonly string[]
  /** How the domain controllers map certificates to accounts (KB5014754). */
  readonly kdc?: KdcSpec
}

export type WellKnownGroup = 'Domain Users' | 'Domain Computers' | 'Authenticated Users'

/** Network Access Permission of an account's Dial-in page. */
export type DialInPermission = 'allow' | 'deny' | 'policy'

/** What every account may say. */
interface AccountSpec {
  /** When it was created, relative to the topology's start; default three years before. */
  readonly created?: Duration
  readonly disabled?: boolean
  /** accountExpires, relative to the topology's start; absent: never. */
  readonly expires?: Duration
  /** Default: `S-1-5-21-…` made from the domain's name and the account's key. */
  readonly sid?: string
  /** Explicit certificate mappings, `X509:<I>DC=com,…<SR>2b00…`. */
  readonly altSecurityIdentities?: readonly string[]
  /** Default `policy`: "Control access through NPS Network Policy". */
  readonly dialIn?: DialInPermission
  /** "Verify Caller-ID". */
  readonly callerId?: string
  /** "Assign Static IP Addresses". */
  readonly framedIpAddress?: string
}

export interface UserSpec extends AccountSpec {
  /** Display name, which is the common name, too: `Ada Lovelace`. Default: the key. */
  readonly name?: string
  /** userPrincipalName; default `key@domain`. */
  readonly upn?: string
  /** The mail attribute; absent: the account has no address. */
  readonly mail?: string
  readonly locked?: boolean
  /** Absent: no password that anybody could know; every one is wrong. */
  readonly password?: string
  /** When the password was set, relative to the topology's start; default the day before it. */
  readonly passwordSet?: Duration
  /** "User must change password at next logon". */
  readonly mustChangePassword?: boolean
  /** "Password never expires". */
  readonly passwordNeverExpires?: boolean
  /** "Store password using reversible encryption", which CHAP needs. */
  readonly reversibleEncryption?: boolean
  /** "Smart card is required for interactive logon": no password is good. */
  readonly smartCardRequired?: boolean
  /** Default: at all hours. An empty list: never. */
  readonly logonHours?: readonly WeeklyHours[]
  /** Locked out of remote access by failed attempts (the lockout of RRAS, `MaxDenials`). */
  readonly remoteAccessLocked?: boolean
}

export interface ComputerSpec extends AccountSpec {
  /** Whether the node is a member of the domain; default: it has a Windows `os`. */
  readonly joined?: boolean
  /** dNSHostName; default: the node's name in small letters, and the domain. */
  readonly dnsName?: string
}

export interface PasswordPolicySpec {
  /** Default 42 days, Windows' own; 0: never. */
  readonly maximumAge?: Duration
  /** Characters; default 7. */
  readonly minimumLength?: number
  /** Three of four kinds of characters, and no part of the name. Default true. */
  readonly complexity?: boolean
  /** Wrong passwords in a row after which an account is locked; default 0, never. */
  readonly lockoutThreshold?: number
}

export interface KdcSpec {
  /** Registry value: 0 off, 1 compatibility, 2 full. Absent: the value is not set, and the updates decide. */
  readonly strongCertificateBindingEnforcement?: 0 | 1 | 2
  /** Registry value, in whole seconds there: so much older than its account may a certificate be in compatibility mode. */
  readonly certificateBackdatingCompensation?: Duration
  /** The date of the last Windows update that the domain controllers have taken, `2025-01-14`. Default: always the latest. */
  readonly updatedUntil?: string
}
