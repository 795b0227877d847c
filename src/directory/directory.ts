/**
 * Active Directory as data: the accounts of one domain, what groups they are in, what its certificates map to.
 * Not a server: nothing listens here. Names are compared as the directory compares them, without case.
 */
import type { Duration, Instant } from '../base/time.ts'

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
  { accounts }: Directory,
  kind: Account['kind'],
  key: string,
): Account | undefined => accounts.find((account) => account.kind === kind && account.key === key)
