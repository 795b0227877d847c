/**
 * The accounts of a domain made from what a topology says: names, SIDs, and every group that an account is in, nested ones included.
 * Not a server: nothing listens here, and nothing changes after it was made.
 */
import { createHash } from 'node:crypto'
import { ipv4 } from '../base/address.ts'
import { after, days, parseInstant, type Instant } from '../base/time.ts'
import { escapeValue } from '../pki/certificate/name.ts'
import { accountKeysOf, accountSid, accountSpecOf, type AccountKey } from '../topology/accounts.ts'
import type {
  ComputerSpec,
  DirectorySpec,
  KdcSpec,
  PasswordPolicySpec,
  UserSpec,
} from '../topology/directory.ts'
import type { Topology } from '../topology/topology.ts'
import type {
  Account,
  DialInProperties,
  Directory,
  KdcSettings,
  PasswordFacts,
  PasswordPolicy,
} from './directory.ts'
import { Password } from './password.ts'

/** Older than any certificate that a topology is likely to hold: none should be older than its account by accident. */
const CREATED = days(-3 * 365)
const PASSWORD_SET = days(-1)

/** The directory of a topology that starts at `start`. Undefined: it has none. The topology was validated. */
export function directoryOf(topology: Topology, start: Instant): Directory | undefined {
  const spec = topology.directory
  if (spec === undefined) return undefined
  const parents = parentsOf(spec)
  return {
    domain: spec.domain,
    netbios: spec.netbios ?? spec.domain.split('.')[0]!.toUpperCase(),
    accounts: accountKeysOf(topology, spec).map((of) =>
      accountFrom(spec, of, start, groupsOf(of, parents)),
    ),
    autoenrolment: { user: false, computer: false, ...spec.autoenrolment },
    ntAuth: spec.ntAuth ?? [],
    kdc: kdcSettings(spec.kdc),
    passwordPolicy: passwordPolicy(spec.passwordPolicy),
    trustedDomains: spec.trustedDomains ?? [],
  }
}

function accountFrom(
  spec: DirectorySpec,
  of: AccountKey,
  start: Instant,
  groups: ReadonlySet<string>,
): Account {
  const { kind, key } = of
  const own = accountSpecOf(spec, of)
  const isUser = kind === 'user'
  const sid = accountSid(spec, of)
  const commonName = isUser ? (own.name ?? key) : key.toUpperCase()
  return {
    kind,
    key,
    name: isUser ? key : `${commonName}$`,
    commonName,
    sid,
    distinguishedName: [
      `CN=${escapeValue(commonName)}`,
      isUser ? 'CN=Users' : 'CN=Computers',
      ...spec.domain.split('.').map((label) => `DC=${label}`),
    ].join(', '),
    ...(isUser
      ? { upn: own.upn ?? `${key}@${spec.domain}` }
      : { dnsName: own.dnsName ?? `${key.toLowerCase()}.${spec.domain}` }),
    ...(own.mail !== undefined && { mail: own.mail }),
    created: after(start, own.created ?? CREATED),
    isDisabled: own.disabled === true,
    isLocked: own.locked === true,
    ...(own.expires !== undefined && { expires: after(start, own.expires) }),
    groups,
    altSecurityIdentities: own.altSecurityIdentities ?? [],
    dialIn: dialInOf(own),
    ...(own.logonHours !== undefined && { logonHours: own.logonHours }),
    password: passwordOf(own, start, isUser ? own.password : machinePassword(sid)),
  }
}

type AccountSettings = UserSpec & ComputerSpec

const dialInOf = (own: AccountSettings): DialInProperties => ({
  permission: own.dialIn ?? 'policy',
  ...(own.callerId !== undefined && { callerId: own.callerId }),
  ...(own.framedIpAddress !== undefined && { framedIpAddress: ipv4(own.framedIpAddress) }),
  isLockedOut: own.remoteAccessLocked === true,
})

const passwordOf = (
  own: AccountSettings,
  start: Instant,
  password: string | undefined,
): PasswordFacts => ({
  ...(password !== undefined && { secret: new Password(password) }),
  set: after(start, own.passwordSet ?? PASSWORD_SET),
  mustChange: own.mustChangePassword === true,
  neverExpires: own.passwordNeverExpires === true,
  isReversible: own.reversibleEncryption === true,
  smartCardRequired: own.smartCardRequired === true,
})

/** What a computer agreed with its domain when it joined: nobody types it, but it must be the same in each run. */
const machinePassword = (sid: string): string =>
  createHash('sha256').update(`machine password ${sid}`).digest('base64url')

/** What a new domain has: passwords of seven characters of three kinds, for 42 days, and no lockout. */
const passwordPolicy = (spec: PasswordPolicySpec = {}): PasswordPolicy => ({
  maximumAge: spec.maximumAge ?? days(42),
  minimumLength: spec.minimumLength ?? 7,
  complexity: spec.complexity ?? true,
  lockoutThreshold: spec.lockoutThreshold ?? 0,
})

function kdcSettings({ updatedUntil, ...registry }: KdcSpec = {}): KdcSettings {
  const date = updatedUntil === undefined ? undefined : parseInstant(updatedUntil)
  return { ...registry, ...(date !== undefined && { updatedUntil: date }) }
}

/** Member, user, node or group in lower case → the groups that list it, in lower case. */
type Parents = ReadonlyMap<string, ReadonlySet<string>>

function parentsOf({ groups = {} }: DirectorySpec): Parents {
  const parents = new Map<string, Set<string>>()
  for (const [group, members] of Object.entries(groups)) {
    for (const member of members) {
      const listed = parents.get(member.toLowerCase()) ?? new Set()
      parents.set(member.toLowerCase(), listed.add(group.toLowerCase()))
    }
  }
  return parents
}

/** Every group from the account upwards; groups that contain each other are walked once. */
function groupsOf({ kind, key }: AccountKey, parents: Parents): ReadonlySet<string> {
  const groups = new Set([
    kind === 'user' ? 'domain users' : 'domain computers',
    'authenticated users',
    ...(parents.get(key.toLowerCase()) ?? []),
  ])
  // A set gives out what is added while it is walked.
  for (const group of groups) {
    for (const parent of parents.get(group) ?? []) groups.add(parent)
  }
  return groups
}
