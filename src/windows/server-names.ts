/**
 * The server names of an EAP configuration ("Connect to these servers") against the names in a certificate.
 * Not host-name matching: a wildcard in the certificate means nothing here, and a `*` in the configuration means a pattern.
 */

/** The longest pattern that is evaluated, and the longest name that is held against one. */
export const SERVER_NAME_LENGTH_MAX = 255

export interface ServerNameRule {
  readonly isCaseSensitive: boolean
  readonly pattern: 'regular-expression' | 'one-character'
}

/** A name with at least one `*` is a pattern; every other one is taken literally. */
export const isServerNamePattern = (written: string): boolean => written.includes('*')

/** Repetitions in one pattern: with more, and with repeated groups, matching can take longer than anybody waits. */
export const REPETITIONS_MAX = 3

const isTooInvolved = (written: string): boolean =>
  written.length > SERVER_NAME_LENGTH_MAX ||
  /\)[*+{]/.test(written) ||
  (written.match(/[*+{]/g) ?? []).length > REPETITIONS_MAX

/** Why a name cannot be used; undefined: it can. */
export function serverNameComplaint(written: string): string | undefined {
  if (/[\s"',]/.test(written)) return 'has blanks, quotes or commas; names are separated by ; alone'
  if (!isServerNamePattern(written)) return undefined
  if (isTooInvolved(written)) {
    return `is too involved a pattern: at most ${REPETITIONS_MAX} repetitions, and none of a group`
  }
  return compile(written, '') === undefined ? 'is no regular expression' : undefined
}

function compile(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${source})$`, flags)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}

/** Whether one of the names in the configuration stands for one of those in the certificate. */
export const matchesServerName = (
  wanted: readonly string[],
  presented: readonly string[],
  rule: ServerNameRule,
): boolean => wanted.some((written) => presented.some((name) => matches(written, name, rule)))

function matches(written: string, name: string, rule: ServerNameRule): boolean {
  if (!isServerNamePattern(written)) {
    return rule.isCaseSensitive ? written === name : written.toLowerCase() === name.toLowerCase()
  }
  if (serverNameComplaint(written) !== undefined || name.length > SERVER_NAME_LENGTH_MAX) {
    return false
  }
  const source =
    rule.pattern === 'regular-expression'
      ? written
      : written.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.')
  return compile(source, rule.isCaseSensitive ? '' : 'i')?.test(name) === true
}
