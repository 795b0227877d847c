/** What a row of the tables of rules is made of. */
import type { ProfileContext } from '../../../src/preflight/profile/rule.ts'
import type { VpnProfile } from '../../../src/windows/profile-xml.ts'
import { readProfile } from '../../../src/windows/profile-xml.ts'
import { DEVICE, USER, type Replacement } from './profiles.ts'

export interface Case {
  readonly rule: string
  readonly what: string
  readonly of: string
  readonly but: readonly Replacement[]
  readonly context?: ProfileContext
  /** Every finding of the rule, in any order: what stands at its place, and what its message has. Empty: the rule is silent. */
  readonly says: readonly (readonly [
    severity: 'error' | 'warning' | 'info',
    at: string,
    message: RegExp,
  ])[]
}

const caseOf =
  (of: string) =>
  (
    rule: string,
    what: string,
    but: readonly Replacement[],
    says: Case['says'] = [],
    context?: ProfileContext,
  ): Case => ({ rule, what, of, but, says, ...(context && { context }) })

/** A case on the user profile, on the device profile. */
export const user = caseOf(USER)
export const device = caseOf(DEVICE)

export function profileOf(text: string, path = 'other.xml'): VpnProfile {
  const read = readProfile({ path, text, encoding: 'utf-8' })
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value
}

/** Puts `xml` in front of the end of the profile, or of another element. */
export const add = (xml: string, before = '</VPNProfile>'): Replacement => [before, xml + before]
