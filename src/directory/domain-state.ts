/**
 * What becomes of accounts while a lab runs: passwords that were changed, wrong ones in a row, lockouts. All controllers share it.
 * Not the accounts: those are made from the topology, never change, and win where an edit gives one another password.
 */
import { rememberEach } from '../base/remember.ts'
import { after, minutes, type Instant } from '../base/time.ts'
import type { Account, Directory } from './directory.ts'
import type { Password } from './password.ts'

/** lockoutDuration and lockOutObservationWindow of a new domain. */
export const LOCKOUT_DURATION = minutes(30)
export const LOCKOUT_WINDOW = minutes(30)
/** "Enforce password history" of the Default Domain Policy. */
export const PASSWORD_HISTORY = 24

/** What a logon leaves behind. */
export type AccountChange =
  | { readonly kind: 'good-password' }
  | { readonly kind: 'bad-password' }
  | { readonly kind: 'password-changed'; readonly password: Password }

/** An account's password as it is now. */
export interface CurrentPassword {
  /** Absent: none is right. */
  readonly secret?: Password
  readonly set: Instant
  readonly mustChange: boolean
  /** The present one first. */
  readonly history: readonly Password[]
}

/** What logons ask; {@link DomainState} answers. */
export interface AccountStates {
  passwordOf(account: Account): CurrentPassword
  /** lockoutTime, as far as it still holds at `at`; the instant may be unknown for what the topology says. */
  isLocked(account: Account, at: Instant): boolean
}

interface Entry {
  /** The topology's password that was in force: with another one this entry's is out of date. */
  readonly over: Password | undefined
  changed?: CurrentPassword
  badPasswords: number
  lastBad?: Instant
  locked?: Instant
}

/** As the topology has it. Every logon asks. */
const firstPassword = rememberEach(
  ({ password: { secret, set, mustChange } }: Account): CurrentPassword => ({
    ...(secret !== undefined && { secret }),
    set,
    mustChange,
    history: secret === undefined ? [] : [secret],
  }),
)

export class DomainState implements AccountStates {
  /** By SID: an edit makes a new account object of the same account. */
  readonly #entries = new Map<string, Entry>()

  passwordOf(account: Account): CurrentPassword {
    return this.#entryOf(account)?.changed ?? firstPassword(account)
  }

  isLocked(account: Account, at: Instant): boolean {
    return account.isLocked || this.lockedAt(account, at) !== undefined
  }

  /** lockoutTime of a lockout by wrong passwords that still holds at `at`. */
  lockedAt(account: Account, at: Instant): Instant | undefined {
    const locked = this.#entryOf(account)?.locked
    return locked !== undefined && at < after(locked, LOCKOUT_DURATION) ? locked : undefined
  }

  /** badPwdCount. */
  badPasswordsOf(account: Account, at: Instant): number {
    const entry = this.#entryOf(account)
    return entry?.lastBad === undefined || at >= after(entry.lastBad, LOCKOUT_WINDOW)
      ? 0
      : entry.badPasswords
  }

  /** Take in what a logon at `at` left behind. */
  apply(directory: Directory, account: Account, change: AccountChange, at: Instant): void {
    const entry = this.#entryOf(account) ?? { over: account.password.secret, badPasswords: 0 }
    this.#entries.set(account.sid, entry)
    switch (change.kind) {
      case 'good-password':
        entry.badPasswords = 0
        break
      case 'bad-password':
        entry.badPasswords = this.badPasswordsOf(account, at) + 1
        entry.lastBad = at
        if (entry.badPasswords >= directory.passwordPolicy.lockoutThreshold) {
          if (directory.passwordPolicy.lockoutThreshold > 0) entry.locked = at
        }
        break
      case 'password-changed':
        entry.changed = {
          secret: change.password,
          set: at,
          mustChange: false,
          history: [change.password, ...this.passwordOf(account).history].slice(
            0,
            PASSWORD_HISTORY,
          ),
        }
        entry.badPasswords = 0
    }
  }

  /** An administrator unlocks the account: what wrong passwords did is forgotten. */
  unlock(account: Account): void {
    const entry = this.#entryOf(account)
    if (entry === undefined) return
    entry.badPasswords = 0
    delete entry.locked
  }

  /** Undefined as well where an edit gave the account another password since. */
  #entryOf(account: Account): Entry | undefined {
    const entry = this.#entries.get(account.sid)
    if (entry === undefined) return undefined
    const { secret } = account.password
    const { over } = entry
    const isSame =
      secret === over || (secret !== undefined && over !== undefined && secret.equals(over))
    return isSame ? entry : undefined
  }
}
