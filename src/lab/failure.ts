/**
 * Why a story does not hold: the sentence, what was expected and got, and the causes, as data that can cross threads.
 * Not the note that people read: `lab/play.ts` writes that, with the packets and the line of the rule.
 */

/** One cause, most telling first in any list. Codes are `firewall/denied`, `dns/nxdomain`, `pki/<failure>` and the like. */
export interface StoryDiagnosis {
  readonly code: string
  /** The node at which it happened. */
  readonly at: string
  readonly message: string
  /** The rule, policy or block that decided, where one did. */
  readonly rule?: string
  /** Where that rule is written, as far as it can be found. Lines and columns count from 1. */
  readonly location?: SourceLocation
}

export interface SourceLocation {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** What a matcher found. The sentence reads `subject should claim, but found`. */
export interface Finding {
  readonly pass: boolean
  readonly subject: string
  /** `be answered`: follows "should" or "should not". */
  readonly claim: string
  /** `it was refused by edgeFirewall`: what happened instead, whichever way the claim went. */
  readonly found: string
  readonly expected?: unknown
  readonly actual?: unknown
  readonly causes?: readonly StoryDiagnosis[]
}

export const sentenceOf = (finding: Finding, negated = false): string =>
  `${finding.subject} should ${negated ? 'not ' : ''}${finding.claim}, but ${finding.found}`

/** A check of a story did not hold. Not a bug: the story's own answer. */
export class StoryFailure extends Error {
  override name = 'StoryFailure'
  readonly expected: unknown
  readonly actual: unknown
  readonly diagnosis: readonly StoryDiagnosis[]
  constructor(finding: Finding, negated = false) {
    super(sentenceOf(finding, negated))
    this.expected = finding.expected
    this.actual = finding.actual
    this.diagnosis = finding.causes ?? []
  }
}

/** The story cannot be told on this topology: it names a node that is not there. */
export class StoryUnfitError extends Error {
  override name = 'StoryUnfitError'
}
