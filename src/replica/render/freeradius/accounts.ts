/**
 * Accounts of the directory as FreeRADIUS's `files` module reads them: by every name that a user may be called, and by SID what holds.
 * Not a directory: groups are expanded here, and what changes after `at` is not known.
 */
import { after, days, type Instant } from '../../../base/time.ts'
import type { Account, Directory } from '../../../directory/directory.ts'
import { accountSpecOf } from '../../../topology/accounts.ts'
import type { DirectorySpec, UserSpec } from '../../../topology/directory.ts'
import { hoursText } from './conditions.ts'
import { block, remark, word, type Lines } from './text.ts'

/** Windows' own maximum age of a password. */
const PASSWORD_AGE_MAX = days(42)

const unixSeconds = (at: Instant): number => Math.floor(at / 1e6)

/** Every way in which an account may be named in a User-Name, in lower case. */
export function accountNames(account: Account, { domain, netbios }: Directory): readonly string[] {
  const name = account.name.toLowerCase()
  const names = [name, `${netbios}\\${name}`, `${domain}\\${name}`, `${name}@${domain}`]
  if (account.upn !== undefined) names.push(account.upn)
  if (account.dnsName !== undefined) names.push(`host/${account.dnsName}`)
  return [...new Set(names.map((each) => each.toLowerCase()))]
}

/** Name → SID. */
export const namesFile = (directory: Directory): string =>
  lines(
    directory.accounts.flatMap((account) =>
      accountNames(account, directory).map(
        (name) => `${entryName(name)} Sallyport-Account := ${word(account.sid)}`,
      ),
    ),
  )

/** Between quotes, where FreeRADIUS takes every character for itself but the quote, which no name of an account may have. */
const entryName = (name: string): string => `"${name.replaceAll('"', '')}"`

/** SID → all that decides about the account. The one file that holds passwords. */
export const accountsFile = (directory: Directory, spec: DirectorySpec, start: Instant): string =>
  lines(
    directory.accounts.flatMap((account) => {
      const own = accountSpecOf(spec, account)
      return [
        remark(`${account.kind} ${account.name}`),
        `${account.sid} ${checkItems(account, own, spec, start).join(', ')}`,
      ]
    }),
  )

function checkItems(
  account: Account,
  own: UserSpec,
  { passwordPolicy = {} }: DirectorySpec,
  start: Instant,
): Lines {
  const age = passwordPolicy.maximumAge ?? PASSWORD_AGE_MAX
  const set = after(start, own.passwordSet ?? days(-1))
  const isAging = age > 0 && own.passwordNeverExpires !== true
  return [
    `Sallyport-Kind := ${account.kind}`,
    ...(account.upn === undefined ? [] : [`Sallyport-Upn := ${word(account.upn.toLowerCase())}`]),
    ...(account.dnsName === undefined
      ? []
      : [`Sallyport-Dns-Name := ${word(account.dnsName.toLowerCase())}`]),
    ...[...account.groups].map((group) => `Sallyport-Group += ${word(group)}`),
    `Sallyport-Dial-In := ${own.dialIn ?? 'policy'}`,
    ...blocks(account, own).map((why) => `Sallyport-Refused := ${word(why)}`),
    ...(account.expires === undefined
      ? []
      : [`Sallyport-Expires := ${unixSeconds(account.expires)}`]),
    ...(own.callerId === undefined ? [] : [`Sallyport-Caller-Id := ${word(own.callerId)}`]),
    ...(own.framedIpAddress === undefined ? [] : [`Sallyport-Framed-IP := ${own.framedIpAddress}`]),
    ...passwordBlocks(own).map((why) => `Sallyport-Password-Refused := ${word(why)}`),
    ...(isAging ? [`Sallyport-Password-Expires := ${unixSeconds(after(set, age))}`] : []),
    ...(own.reversibleEncryption === true ? ['Sallyport-Reversible := yes'] : []),
    ...(own.password === undefined ? [] : [`Cleartext-Password := ${word(own.password)}`]),
  ]
}

/** Why the account may not sign in by any method: the first reason. */
const blocks = (account: Account, own: UserSpec): Lines =>
  [
    account.isDisabled ? 'account disabled' : '',
    account.isLocked ? 'account locked out' : '',
    own.remoteAccessLocked === true ? 'remote access locked out' : '',
  ]
    .filter((why) => why !== '')
    .slice(0, 1)

const passwordBlocks = (own: UserSpec): Lines =>
  [
    own.smartCardRequired === true ? 'smart card required' : '',
    own.mustChangePassword === true ? 'password must be changed' : '',
  ]
    .filter((why) => why !== '')
    .slice(0, 1)

/** Turns away those whose logon hours it is not. */
export function logonHours(directory: Directory, spec: DirectorySpec): Lines {
  const limited = directory.accounts.flatMap((account) => {
    const hours = accountSpecOf(spec, account).logonHours
    return hours === undefined ? [] : [{ account, hours }]
  })
  if (limited.length === 0) return []
  return block(
    'switch &control:Sallyport-Account',
    ...limited.map(({ account, hours }) =>
      block(`case ${word(account.sid)}`, block(`if (!${hoursText(hours)})`, 'reject')),
    ),
    block('case', 'noop'),
  )
}

const lines = (all: Lines): string => `${all.join('\n')}\n`
