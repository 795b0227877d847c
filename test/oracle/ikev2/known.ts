/**
 * Where the twin and charon differ, because Windows does so by its own rules: each case with the source. No allowance: a difference that does not stand
 * here, or one here that is none, fails the run.
 */
const REASONS = new Map<string, string>()

export const knownReason = (name: string): string | undefined => REASONS.get(name)

/** Their names. */
export const KNOWN: readonly string[] = [...REASONS.keys()]
