/**
 * Accounts as LDAP shows them: attributes by name, and which entries a filter wants ([MS-ADTS] §3.1.1, RFC 4511 §4.5.1.7).
 * Not the protocol. tokenGroups comes with any scope here, where Active Directory wants the entry itself as the base.
 */
import { fromUtf8, toHex, utf8 } from '../base/bytes.ts'
import { remember, rememberEach } from '../base/remember.ts'
import type { Instant } from '../base/time.ts'
import { groupSid } from '../topology/accounts.ts'
import type { LdapAttribute } from '../wire/ldap.ts'
import type { LdapFilter } from '../wire/ldap-filter.ts'
import type { Account, Directory, Sid } from './directory.ts'
import type { DomainState } from './domain-state.ts'
import { servicePrincipalNames } from './names.ts'

/** Flags of userAccountControl ([MS-ADTS] §2.2.16). */
export const ACCOUNT_CONTROL = {
  disabled: 0x2,
  encryptedTextPasswordAllowed: 0x80,
  normalAccount: 0x200,
  workstationTrustAccount: 0x1000,
  passwordNeverExpires: 0x10000,
  smartCardRequired: 0x40000,
} as const

/** What is read of an account, and as of when. */
export interface EntryContext {
  readonly directory: Directory
  readonly state: DomainState
  readonly at: Instant
}

/** Microseconds from 1601 to 1970. */
const EPOCH_OF_FILETIME = 11_644_473_600_000_000n
/** accountExpires of an account that never does. */
const NEVER = '9223372036854775807'

/** Hundreds of nanoseconds since 1601, in decimal. */
export const fileTime = (at: Instant): string =>
  String((BigInt(Math.round(at)) + EPOCH_OF_FILETIME) * 10n)

/** Undefined: 0 and the largest number mean never, and what is no number is none. */
export function instantOfFileTime(text: string): Instant | undefined {
  if (!/^\d{1,19}$/.test(text) || text === '0' || text === NEVER) return undefined
  return Number(BigInt(text) / 10n - EPOCH_OF_FILETIME) as Instant
}

/** A SID in bytes ([MS-DTYP] §2.4.2.2): revision, count, authority of 6 bytes, subauthorities little-endian. */
export function sidBytes(sid: Sid): Uint8Array {
  const [authority, ...rest] = sid.split('-').slice(2).map(Number)
  const bytes = new Uint8Array(8 + 4 * rest.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 1)
  view.setUint8(1, rest.length)
  view.setUint32(4, authority!)
  rest.forEach((part, i) => view.setUint32(8 + 4 * i, part, true))
  return bytes
}

/** Undefined: these bytes are no SID. */
export function sidOfBytes(bytes: Uint8Array): Sid | undefined {
  if (bytes.length < 8 || bytes.length !== 8 + 4 * bytes[1]!) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let sid = `S-${bytes[0]!}-${view.getUint32(4)}`
  for (let at = 8; at < bytes.length; at += 4) sid += `-${view.getUint32(at, true)}`
  return sid
}

/** Values of one attribute; empty: the entry has none. */
type Read = (account: Account, context: EntryContext) => readonly (string | Uint8Array)[]

const some = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value])

interface Reader {
  readonly read: Read
  readonly inCatalog?: true
  /** Follows the time, or what logons leave behind. */
  readonly changes?: true
}

/** What every member may read. The global catalog has those marked so ([MS-ADTS], isMemberOfPartialAttributeSet). */
const READERS: Readonly<Record<string, Reader>> = {
  objectClass: {
    inCatalog: true,
    read: ({ kind }) => [
      'top',
      'person',
      'organizationalPerson',
      'user',
      ...(kind === 'computer' ? ['computer'] : []),
    ],
  },
  cn: { inCatalog: true, read: ({ commonName }) => [commonName] },
  distinguishedName: {
    inCatalog: true,
    read: (account) => [ldapDnOf(account)],
  },
  sAMAccountName: { inCatalog: true, read: ({ name }) => [name] },
  objectSid: { inCatalog: true, read: ({ sid }) => [sidBytes(sid)] },
  userPrincipalName: { inCatalog: true, read: ({ upn }) => some(upn) },
  servicePrincipalName: { inCatalog: true, read: servicePrincipalNames },
  dNSHostName: { inCatalog: true, read: ({ dnsName }) => some(dnsName) },
  mail: { inCatalog: true, read: ({ mail }) => some(mail) },
  userAccountControl: { inCatalog: true, read: (account) => [String(accountControl(account))] },
  altSecurityIdentities: {
    inCatalog: true,
    read: ({ altSecurityIdentities }) => altSecurityIdentities,
  },
  accountExpires: {
    read: ({ expires }) => [expires === undefined ? NEVER : fileTime(expires)],
  },
  lockoutTime: { changes: true, read: (account, context) => [lockoutTime(account, context)] },
  badPwdCount: {
    changes: true,
    read: (account, { state, at }) => [String(state.badPasswordsOf(account, at))],
  },
  pwdLastSet: {
    changes: true,
    read: (account, { state }) => {
      const { mustChange, set } = state.passwordOf(account)
      return [mustChange ? '0' : fileTime(set)]
    },
  },
  tokenGroups: {
    changes: true,
    read: (account, { directory }) => tokenGroupsOf(directory)(account),
  },
}

/** The property set "Remote Access Information": what NPS may read when it is registered. */
const DIAL_IN_READERS: Readonly<Record<string, Read>> = {
  msNPAllowDialin: ({ dialIn: { permission } }) =>
    permission === 'policy' ? [] : [permission === 'allow' ? 'TRUE' : 'FALSE'],
  msNPCallingStationID: ({ dialIn: { callerId } }) => some(callerId),
  // A signed integer of 32 bits, as the schema has it.
  msRADIUSFramedIPAddress: ({ dialIn: { framedIpAddress } }) =>
    framedIpAddress === undefined ? [] : [String(framedIpAddress | 0)],
}

const ALL_NAMES = Object.keys(READERS)
const ALL_DIAL_IN_NAMES = Object.keys(DIAL_IN_READERS)

/** A name as the schema writes it, in whatever case it came. Most come as they are. */
const nameIn = (names: readonly string[]): ((name: string) => string | undefined) => {
  const known = new Map([
    ...names.map((name) => [name.toLowerCase(), name] as const),
    ...names.map((name) => [name, name] as const),
  ])
  return (name) => known.get(name) ?? known.get(name.toLowerCase())
}
const attributeNamed = nameIn(ALL_NAMES)
const dialInNamed = nameIn(ALL_DIAL_IN_NAMES)

export const isDialInAttribute = (name: string): boolean =>
  attributeNamed(name) === undefined && dialInNamed(name) !== undefined

/** `CN=Ada Lovelace,CN=Users,DC=corp`: as LDAP writes it, without blanks (RFC 4514 §2.1). */
export const ldapDn = (dn: string): string => dn.replace(/(?<!\\), /g, ',')

export const ldapDnOf = rememberEach(({ distinguishedName }: Account) => ldapDn(distinguishedName))

/** `DC=corp,DC=contoso,DC=com`. */
export const namingContext = remember((domain) => `DC=${domain.replaceAll('.', ',DC=')}`)

function accountControl({ kind, isDisabled, password }: Account): number {
  return (
    (kind === 'computer'
      ? ACCOUNT_CONTROL.workstationTrustAccount
      : ACCOUNT_CONTROL.normalAccount) |
    (isDisabled ? ACCOUNT_CONTROL.disabled : 0) |
    (password.isReversible ? ACCOUNT_CONTROL.encryptedTextPasswordAllowed : 0) |
    (password.neverExpires ? ACCOUNT_CONTROL.passwordNeverExpires : 0) |
    (password.smartCardRequired ? ACCOUNT_CONTROL.smartCardRequired : 0)
  )
}

/** An account that the topology locks was locked when it was made: no other time is known. */
function lockoutTime(account: Account, { state, at }: EntryContext): string {
  const locked = account.isLocked ? account.created : state.lockedAt(account, at)
  return locked === undefined ? '0' : fileTime(locked)
}

const sidsByName = rememberEach(
  ({ domain, accounts }: Directory): ReadonlyMap<string, Sid> =>
    new Map(
      accounts.flatMap(({ groups }) =>
        [...groups].map((group) => [group, groupSid(domain, group)] as const),
      ),
    ),
)

// Asked at every sign-in, and the same until an edit makes new accounts.
const tokenGroupsOf = rememberEach((directory: Directory) =>
  rememberEach(({ groups }: Account): readonly Uint8Array[] =>
    [...groups].flatMap((group) => {
      const sid = sidsByName(directory).get(group)
      return sid === undefined ? [] : [sidBytes(sid)]
    }),
  ),
)

/** Names in lower case of the groups that somebody is in, by SID in hexadecimal: what the local security authority looks up. */
export const groupNames = rememberEach(
  (directory: Directory): ReadonlyMap<string, string> =>
    new Map([...sidsByName(directory)].map(([name, sid]) => [toHex(sidBytes(sid)), name])),
)

export interface EntryRights {
  /** Whether dial-in properties may be read. */
  readonly dialIn: boolean
  /** Only what the global catalog holds. */
  readonly catalogOnly: boolean
}

const bytesOf = (value: string | Uint8Array): Uint8Array =>
  typeof value === 'string' ? utf8(value) : value

/** Of what never changes: an edit makes new accounts. */
const keptValues = rememberEach((_account: Account) => new Map<string, readonly Uint8Array[]>())

/** Values of an attribute as it is asked for, in any case; empty: none, or it may not be read. */
function valuesOf(
  name: string,
  account: Account,
  context: EntryContext,
  rights: EntryRights,
): readonly Uint8Array[] {
  const known = attributeNamed(name)
  if (known !== undefined) {
    const { read, inCatalog, changes } = READERS[known]!
    if (rights.catalogOnly && inCatalog !== true) return []
    if (changes === true) return read(account, context).map(bytesOf)
    const kept = keptValues(account)
    const before = kept.get(known)
    if (before !== undefined) return before
    const values = read(account, context).map(bytesOf)
    kept.set(known, values)
    return values
  }
  const dialIn = dialInNamed(name)
  if (dialIn === undefined || !rights.dialIn || rights.catalogOnly) return []
  return DIAL_IN_READERS[dialIn]!(account, context).map(bytesOf)
}

/** The attributes wanted that the entry has. Empty, or `*`: all but those that must be asked for by name. */
export function attributesOf(
  wanted: readonly string[],
  account: Account,
  context: EntryContext,
  rights: EntryRights,
): readonly LdapAttribute[] {
  const all = wanted.length === 0 || wanted.includes('*')
  const names = all
    ? [...ALL_NAMES, ...ALL_DIAL_IN_NAMES].filter(
        // It is constructed: [MS-ADTS] §3.1.1.4.5.19.
        (name) => name !== 'tokenGroups',
      )
    : wanted
  const attributes: LdapAttribute[] = []
  for (const type of names) {
    const values = valuesOf(type, account, context, rights)
    if (values.length > 0) attributes.push({ type, values })
  }
  return attributes
}

/** The accounts whose entries a filter wants, in the directory's order. */
export const accountsMatching = (
  filter: LdapFilter,
  context: EntryContext,
  rights: EntryRights,
): readonly Account[] =>
  candidates(filter, context.directory).filter(
    (account) => matches(filter, account, context, rights) === true,
  )

/** Undefined: an attribute is not known, or the kind of match is not (RFC 4511 §4.5.1.7). */
function matches(
  filter: LdapFilter,
  account: Account,
  context: EntryContext,
  rights: EntryRights,
): boolean | undefined {
  switch (filter.kind) {
    case 'and': {
      const each = filter.of.map((inner) => matches(inner, account, context, rights))
      return each.includes(false) ? false : each.includes(undefined) ? undefined : true
    }
    case 'or': {
      const each = filter.of.map((inner) => matches(inner, account, context, rights))
      return each.includes(true) ? true : each.includes(undefined) ? undefined : false
    }
    case 'not': {
      const inner = matches(filter.filter, account, context, rights)
      return inner === undefined ? undefined : !inner
    }
    case 'present':
      return valuesOf(filter.attribute, account, context, rights).length > 0
    case 'equal': {
      const wanted = folded(filter.value)
      const values = valuesOf(filter.attribute, account, context, rights)
      return values.some((value) => folded(value) === wanted)
    }
    default:
      return undefined
  }
}

/** Directory strings are compared without case; bytes as they are. */
function folded(value: Uint8Array): string {
  for (const byte of value) if (byte < 0x20) return toHex(value)
  return fromUtf8(value).toLowerCase()
}

/** Attributes that the directory has an index of. */
const INDEXED: Readonly<Record<string, Read>> = Object.fromEntries(
  ['sAMAccountName', 'userPrincipalName', 'servicePrincipalName', 'objectSid'].map((name) => [
    name.toLowerCase(),
    READERS[name]!.read,
  ]),
)

const indexOf = rememberEach((directory: Directory): ReadonlyMap<string, readonly Account[]> => {
  const index = new Map<string, Account[]>()
  const nothing = {} as EntryContext
  for (const account of directory.accounts) {
    for (const [name, read] of Object.entries(INDEXED)) {
      for (const value of read(account, nothing)) {
        const key = `${name} ${folded(bytesOf(value))}`
        const holders = index.get(key)
        if (holders === undefined) index.set(key, [account])
        else holders.push(account)
      }
    }
  }
  return index
})

/** Where the index can tell, those that it names; else everybody. */
function candidates(filter: LdapFilter, directory: Directory): readonly Account[] {
  return narrowed(filter, directory) ?? directory.accounts
}

function narrowed(filter: LdapFilter, directory: Directory): readonly Account[] | undefined {
  switch (filter.kind) {
    case 'equal': {
      const name = filter.attribute.toLowerCase()
      if (!Object.hasOwn(INDEXED, name)) return undefined
      return indexOf(directory).get(`${name} ${folded(filter.value)}`) ?? []
    }
    case 'and':
      return filter.of
        .map((inner) => narrowed(inner, directory))
        .find((accounts) => accounts !== undefined)
    case 'or': {
      const each = filter.of.map((inner) => narrowed(inner, directory))
      const known = each.filter((accounts) => accounts !== undefined)
      return known.length < each.length ? undefined : [...new Set(known.flat())]
    }
    default:
      return undefined
  }
}
