/** What an account and a domain have when nothing is said of them, for tests that make theirs by hand. */
import { days, instant } from '../../src/base/time.ts'
import type { Account, Directory } from '../../src/directory/directory.ts'

export const PLAIN_ACCOUNT: Pick<Account, 'dialIn' | 'password'> = {
  dialIn: { permission: 'policy', isLockedOut: false },
  password: {
    set: instant('2023-01-01T00:00:00Z'),
    mustChange: false,
    neverExpires: true,
    isReversible: false,
    smartCardRequired: false,
  },
}

export const PLAIN_DOMAIN: Pick<Directory, 'passwordPolicy' | 'trustedDomains'> = {
  passwordPolicy: {
    maximumAge: days(42),
    minimumLength: 7,
    complexity: true,
    lockoutThreshold: 0,
  },
  trustedDomains: [],
}
