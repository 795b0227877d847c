/**
 * Why an account with the right password may not be used now, as NPS numbers it (event 6273).
 * Not the dial-in properties: NPS asks those of its own accord, and its policies may overrule them.
 */
import { after, type Instant } from '../base/time.ts'
import { isWithinHours } from '../topology/weekly-hours.ts'
import { isMember, type Account, type Directory } from './directory.ts'
import type { CurrentPassword } from './domain-state.ts'

/** 33 password must be changed, 34 disabled, 35 expired, 37 outside its hours, 38 another restriction, 270 only a smart card will do. */
export type Restriction = 33 | 34 | 35 | 37 | 38 | 270

/** Whose members NTLM signs in nobody: STATUS_ACCOUNT_RESTRICTION, whatever the password ([MS-NLMP] knows no other way for NPS to ask). */
const PROTECTED = 'Protected Users'

/** The first that holds, in the order of Samba's `authsam_account_ok`, which follows Windows. Undefined: none. */
export function restrictionOf(
  { passwordPolicy }: Pick<Directory, 'passwordPolicy'>,
  account: Account,
  password: CurrentPassword,
  at: Instant,
): Restriction | undefined {
  if (account.isDisabled) return 34
  if (account.expires !== undefined && account.expires <= at) return 35
  const { maximumAge } = passwordPolicy
  const hasAged =
    maximumAge > 0 && !account.password.neverExpires && after(password.set, maximumAge) <= at
  // Computers change theirs of their own accord, and are let in with an old one.
  if (account.kind === 'user' && (password.mustChange || hasAged)) return 33
  if (account.logonHours !== undefined && !isWithinHours(account.logonHours, at)) return 37
  if (isMember(account, PROTECTED)) return 38
  return account.password.smartCardRequired ? 270 : undefined
}
