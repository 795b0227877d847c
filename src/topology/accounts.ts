/**
 * Which accounts the domain of a topology has, and the SID that each gets.
 * Not the accounts themselves: `directory/accounts.ts` makes those.
 */
import { createHash } from 'node:crypto'
import type { ComputerSpec, DirectorySpec, UserSpec, WellKnownGroup } from './directory.ts'
import type { NodeSpec, Topology } from './topology.ts'

/** Names an account: a user by logon name, a computer by its node. */
export interface AccountKey {
  readonly kind: 'user' | 'computer'
  readonly key: string
}

export const WELL_KNOWN_GROUPS: readonly WellKnownGroup[] = [
  'Domain Users',
  'Domain Computers',
  'Authenticated Users',
]

/** Relative identifiers of accounts begin here; Windows' own first is 1000. */
const RID_FIRST = 1100
/** For accounts as many, and for groups: half of what a domain can give out (30 bits). Two of a thousand users meet once in a thousand domains. */
const RIDS = 2 ** 29 - RID_FIRST

/** Users in the order of the topology, then every member computer in the order of the nodes. */
export const accountKeysOf = (
  topology: Topology,
  { users = {}, computers = {} }: DirectorySpec,
): readonly AccountKey[] => [
  ...Object.keys(users).map((key) => ({ kind: 'user', key }) as const),
  ...Object.entries(topology.nodes)
    .filter(([key, node]) => computers[key]?.joined ?? isWindows(node))
    .map(([key]) => ({ kind: 'computer', key }) as const),
]

export const isWindows = (node: NodeSpec): boolean =>
  node.kind !== 'switch' && node.os?.startsWith('windows') === true

/** What the topology says of an account itself; nothing when it says nothing. */
export const accountSpecOf = (
  { users = {}, computers = {} }: DirectorySpec,
  { kind, key }: AccountKey,
): UserSpec & ComputerSpec => (kind === 'user' ? users[key] : computers[key]) ?? {}

/** The SID of an account: its own, or one made from the domain's name and the account's key. */
export function accountSid(spec: DirectorySpec, of: AccountKey): string {
  const rid = RID_FIRST + (hashOf(`${of.kind} ${of.key}`).readUInt32BE(0) % RIDS)
  return accountSpecOf(spec, of).sid ?? `${domainSid(spec.domain)}-${rid}`
}

/** Relative identifiers and SIDs that Windows gives groups itself. */
const GROUP_RIDS: Readonly<Record<string, number>> = {
  'domain users': 513,
  'domain computers': 515,
  'ras and ias servers': 553,
}
const AUTHENTICATED_USERS = 'S-1-5-11'
/** Beyond those of accounts: a group never has the SID of one. */
const GROUP_RID_FIRST = RID_FIRST + RIDS

/** The SID of a group of the domain, made like those of accounts where Windows has none of its own. Case does not count. */
export function groupSid(domain: string, group: string): string {
  const name = group.toLowerCase()
  if (name === 'authenticated users') return AUTHENTICATED_USERS
  const rid = GROUP_RIDS[name] ?? GROUP_RID_FIRST + (hashOf(`group ${name}`).readUInt32BE(0) % RIDS)
  return `${domainSid(domain)}-${rid}`
}

/** Of accounts that are many, by their number from 0: beyond those of single accounts and of groups, so that no two are the same. */
export const numberedSid = (domain: string, number: number): string =>
  `${domainSid(domain)}-${GROUP_RID_FIRST + RIDS + number}`

/** `S-1-5-21-a-b-c`. */
function domainSid(domain: string): string {
  const hash = hashOf(`domain ${domain.toLowerCase()}`)
  return ['S-1-5-21', ...[0, 4, 8].map((at) => hash.readUInt32BE(at))].join('-')
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()
