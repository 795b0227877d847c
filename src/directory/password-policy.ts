/**
 * May this be a user's next password? Length, kinds of characters and parts of the name, as the Default Domain Policy asks.
 * Not the minimum age of a password, and no list of forbidden ones. Source: "Password must meet complexity requirements", Microsoft.
 */
import type { Account, PasswordPolicy } from './directory.ts'
import type { Password } from './password.ts'

export type PasswordFault = 'too-short' | 'not-complex' | 'contains-name' | 'used-before'

/** Of the five kinds that Windows counts, so many are needed. */
const KINDS_MIN = 3
/** Letters that have no case are a kind of their own. */
const KINDS = [/\p{Lu}/u, /\p{Ll}/u, /\d/, /[^\p{L}\p{N}]/u, /[\p{Lo}\p{Lm}]/u]
/** Shorter names, and shorter parts of them, are not looked for. */
const NAME_PART_MIN = 3
const BETWEEN_PARTS = /[,.\-_ #\t]+/

/** What is wrong with `next`; undefined: nothing. `before`: the present password and those of the history. */
export function passwordFault(
  { minimumLength, complexity }: PasswordPolicy,
  { name, commonName }: Pick<Account, 'name' | 'commonName'>,
  next: Password,
  before: readonly Password[],
): PasswordFault | undefined {
  const text = next.reveal()
  // Windows counts UTF-16 units, as `length` does.
  if (text.length < minimumLength) return 'too-short'
  if (complexity) {
    if (KINDS.filter((kind) => kind.test(text)).length < KINDS_MIN) return 'not-complex'
    const folded = text.toLowerCase()
    const parts = [name, ...commonName.split(BETWEEN_PARTS)]
      .map((part) => part.toLowerCase())
      .filter((part) => part.length >= NAME_PART_MIN)
    if (parts.some((part) => folded.includes(part))) return 'contains-name'
  }
  return before.some((old) => old.equals(next)) ? 'used-before' : undefined
}
