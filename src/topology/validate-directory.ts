/**
 * A directory that cannot be made: members that nobody is, two accounts with one SID, names that mean nothing.
 * Not an opinion: an empty group, a locked user or groups that contain each other are what people rehearse.
 */
import { parseInstant } from '../base/time.ts'
import {
  accountKeysOf,
  accountSid,
  accountSpecOf,
  isWindows,
  WELL_KNOWN_GROUPS,
} from './accounts.ts'
import type { ComputerSpec, DirectorySpec, PasswordPolicySpec, UserSpec } from './directory.ts'
import type { WeeklyHours } from './nps.ts'
import type { Complaint, Problems } from './problems.ts'
import type { Topology } from './topology.ts'
import { domainNameComplaint, ipv4Complaint, unknownName } from './values.ts'
import { minuteOfDay } from './weekly-hours.ts'

export function validateDirectory(t: Topology, problems: Problems): void {
  const spec = t.directory
  if (spec === undefined) return
  problems.at('domain').add(spec.domain === '.' ? 'is the root' : domainNameComplaint(spec.domain))
  if (spec.netbios !== undefined) problems.at('netbios').add(netbiosComplaint(spec.netbios))
  validateUsers(spec, problems.at('users'))
  validateComputers(t, spec, problems.at('computers'))
  validateGroups(t, spec, problems.at('groups'))
  validateAccounts(t, spec, problems)
  validatePasswordPolicy(spec.passwordPolicy ?? {}, problems.at('passwordPolicy'))
  validateTrustedDomains(spec, problems.at('trustedDomains'))
  spec.ntAuth?.forEach((key, i) =>
    problems.at('ntAuth', i).add(unknownName('authority', key, t.authorities)),
  )
  const { certificateBackdatingCompensation: compensation, updatedUntil } = spec.kdc ?? {}
  const kdc = problems.at('kdc')
  if (compensation !== undefined && compensation < 0) {
    kdc.at('certificateBackdatingCompensation').add('is negative: a span is 0 or more')
  }
  if (updatedUntil !== undefined && parseInstant(updatedUntil) === undefined) {
    kdc.at('updatedUntil').add(`'${updatedUntil}' is not a date such as 2025-02-11`)
  }
}

function validateUsers({ users = {} }: DirectorySpec, problems: Problems): void {
  for (const [key, user] of Object.entries(users)) {
    const here = problems.at(key)
    here.add(logonNameComplaint(key))
    if (user.name !== undefined) here.at('name').add(textComplaint(user.name))
    if (user.upn !== undefined) here.at('upn').add(addressComplaint(user.upn))
    if (user.mail !== undefined) here.at('mail').add(mailComplaint(user.mail))
    validateHours(user.logonHours ?? [], here.at('logonHours'))
  }
}

/** Spans of a day: two times of it, the first before the second. */
export function validateHours(hours: readonly WeeklyHours[], problems: Problems): void {
  hours.forEach(({ from = '00:00', to = '24:00' }, i) => {
    const here = problems.at(i)
    const [first, last] = [minuteOfDay(from), minuteOfDay(to)]
    if (first === undefined) here.at('from').add(timeComplaint(from))
    if (last === undefined) here.at('to').add(timeComplaint(to))
    if (first !== undefined && last !== undefined && first >= last) {
      here.add(`${from}-${to} is no span of a day: write two, to 24:00 and from 00:00`)
    }
  })
}

const timeComplaint = (text: string): string =>
  `'${text}' is not a time of day such as 08:00, from 00:00 to 24:00`

function validateDialIn(
  { callerId, framedIpAddress }: UserSpec | ComputerSpec,
  problems: Problems,
): void {
  if (callerId !== undefined) problems.at('callerId').add(textComplaint(callerId))
  if (framedIpAddress !== undefined) {
    problems.at('framedIpAddress').add(ipv4Complaint(framedIpAddress))
  }
}

function validatePasswordPolicy(
  { maximumAge, minimumLength, lockoutThreshold }: PasswordPolicySpec,
  problems: Problems,
): void {
  if (maximumAge !== undefined && maximumAge < 0) {
    problems.at('maximumAge').add('is negative: a span is 0 or more')
  }
  // The largest that Windows takes: 128 where the old limit of 14 was relaxed.
  const limits = { minimumLength: [minimumLength, 128], lockoutThreshold: [lockoutThreshold, 999] }
  for (const [key, [value, most]] of Object.entries(limits)) {
    const isFine = value === undefined || (Number.isInteger(value) && value >= 0 && value <= most!)
    if (!isFine) problems.at(key).add(`${value} is not a whole number from 0 to ${most}`)
  }
}

function validateTrustedDomains(
  { trustedDomains = [], domain }: DirectorySpec,
  problems: Problems,
): void {
  trustedDomains.forEach((trusted, i) => {
    const isOwn = trusted.toLowerCase() === domain.toLowerCase()
    problems.at(i).add(isOwn ? `'${trusted}' is the domain itself` : domainNameComplaint(trusted))
  })
}

function validateComputers(
  t: Topology,
  { computers = {} }: DirectorySpec,
  problems: Problems,
): void {
  for (const [key, computer] of Object.entries(computers)) {
    if (computer === undefined) continue
    const here = problems.at(key)
    here.add(unknownName('node', key, t.nodes))
    const node = Object.hasOwn(t.nodes, key) ? t.nodes[key] : undefined
    if (computer.joined === true && node !== undefined && !isWindows(node)) {
      here.at('joined').add(`${key} does not run Windows: give it an os such as windows-11`)
    }
    if (computer.dnsName !== undefined)
      here.at('dnsName').add(domainNameComplaint(computer.dnsName))
  }
}

function validateGroups(t: Topology, spec: DirectorySpec, problems: Problems): void {
  const { users = {}, groups = {} } = spec
  const computers = accountKeysOf(t, spec).flatMap(({ kind, key }) =>
    kind === 'computer' ? [key] : [],
  )
  const groupNames = [...Object.keys(groups), ...WELL_KNOWN_GROUPS]
  const folded = new Map<string, string>()
  for (const [name, members] of Object.entries(groups)) {
    const here = problems.at(name)
    here.add(textComplaint(name))
    const twin = folded.get(name.toLowerCase())
    if (twin !== undefined) here.add(`'${twin}' is the same name: letter case does not count`)
    folded.set(name.toLowerCase(), name)
    members.forEach((member, i) => {
      const kinds = [
        ...(Object.hasOwn(users, member) ? ['a user'] : []),
        ...(computers.includes(member) ? ['a computer'] : []),
        ...(groupNames.includes(member) ? ['a group'] : []),
      ]
      here
        .at(i)
        .add(
          kinds.length === 0
            ? (notAMemberComplaint(t, member) ??
                unknownName('user, computer or group', member, [
                  ...Object.keys(users),
                  ...computers,
                  ...groupNames,
                ]))
            : kinds.length > 1
              ? `'${member}' is ${kinds.join(' and ')}: give one of them another name`
              : undefined,
        )
    })
  }
}

const notAMemberComplaint = (t: Topology, node: string): Complaint =>
  Object.hasOwn(t.nodes, node) ? `${node} is not a member of the domain` : undefined

function validateAccounts(t: Topology, spec: DirectorySpec, problems: Problems): void {
  const holders = new Map<string, string>()
  for (const of of accountKeysOf(t, spec)) {
    const { kind, key } = of
    const own = accountSpecOf(spec, of)
    const { sid: written } = own
    const here = problems.at(kind === 'user' ? 'users' : 'computers', key)
    validateDialIn(own, here)
    if (written !== undefined) here.at('sid').add(sidComplaint(written))
    const sid = accountSid(spec, of)
    const holder = holders.get(sid)
    if (holder !== undefined) {
      here.add(`has the SID of ${holder}, ${sid}: give one of them a sid of its own`)
    }
    holders.set(sid, key)
  }
}

export const sidComplaint = (text: string): Complaint =>
  /^S-1(-\d+){2,15}$/.test(text)
    ? undefined
    : `'${text}' is not a SID such as S-1-5-21-397955417-62688126-188441444-1105`

/** `group` should be one of the directory's, or one that every domain has. */
export const unknownGroup = (t: Topology, group: string): Complaint =>
  unknownName('group', group, [...Object.keys(t.directory?.groups ?? {}), ...WELL_KNOWN_GROUPS])

/** A NetBIOS name: at most 15 characters. */
const netbiosComplaint = (name: string): Complaint =>
  /^[A-Z0-9][A-Z0-9-]{0,14}$/.test(name)
    ? undefined
    : `'${name}' is not a NetBIOS name: at most 15 capital letters, digits and hyphens`

/** sAMAccountName of a user: at most 20 characters, none of those that Windows refuses. */
const logonNameComplaint = (name: string): Complaint =>
  /^[^\p{Cc}\p{Surrogate}"/\\[\]:;|=,+*?<>@\s]{1,20}$/u.test(name)
    ? undefined
    : `'${name}' is not a logon name: at most 20 characters, without blanks and "/\\[]:;|=,+*?<>@`

const addressComplaint = (text: string): Complaint =>
  /^[^\p{Surrogate}\p{Cc}\s@]+@[^\p{Surrogate}\p{Cc}\s@]+$/u.test(text)
    ? undefined
    : `'${text}' is not an address such as ada@contoso.com`

/** rfc822Name is an IA5String. */
const mailComplaint = (text: string): Complaint =>
  /^[\x21-\x7e]+$/.test(text)
    ? addressComplaint(text)
    : `'${text}' is not an address in ASCII such as ada@contoso.com`

export const textComplaint = (text: string): Complaint =>
  /^(?!\s)[^\p{Surrogate}\p{Cc}]+(?<!\s)$/u.test(text)
    ? undefined
    : `'${text}' is not a name: letters that can be printed, no blank at either end`
