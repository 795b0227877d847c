/**
 * Vitest's `expect` with the claims of `lab/matchers.ts`: the same words as in stories, for reports of every kind.
 * Not the claims themselves. Importing this file adds them.
 */
import { expect, inject } from 'vitest'
import { sentenceOf, type Finding } from '../lab/failure.ts'
import { authenticationMatchers } from '../lab/authentication-matchers.ts'
import { chainMatchers, selectionMatchers } from '../lab/chain-matchers.ts'
import { connectMatchers } from '../lab/connect-matchers.ts'
import { httpMatchers, probeMatchers, resolveMatchers } from '../lab/matchers.ts'
import { noteOf } from '../lab/note.ts'
import { replayCommand } from '../lab/replay.ts'
import type { Instant } from '../base/time.ts'

// Basics such as toBe are vitest's own.
const domainMatchers = {
  ...probeMatchers,
  ...resolveMatchers,
  ...chainMatchers,
  ...selectionMatchers,
  ...httpMatchers,
  ...authenticationMatchers,
  ...connectMatchers,
}

type DomainMatchers = typeof domainMatchers
type Claim<M> = M extends (received: never, ...args: infer A) => Finding
  ? (...args: A) => void
  : never

declare module 'vitest' {
  interface Matchers<T> extends DomainClaims<T> {}
}

/** What {@link domainMatchers} add to vitest's `expect`. The received value is not narrowed: vitest cannot. */
// oxlint-disable-next-line no-unused-vars -- vitest's own interface has this parameter.
export type DomainClaims<_T> = { [name in keyof DomainMatchers]: Claim<DomainMatchers[name]> }

type Matcher = (received: never, ...args: never[]) => Finding

const adapt = (matcher: Matcher) =>
  function (
    this: { readonly isNot: boolean; readonly currentTestName?: string },
    received: unknown,
    ...args: readonly unknown[]
  ) {
    const finding = matcher(received as never, ...(args as never[]))
    const { pass, expected, actual } = finding
    const message = (): string => messageOf(finding, this.isNot, this.currentTestName ?? '')
    return { pass, message, expected, actual }
  }

function messageOf(finding: Finding, negated: boolean, title: string): string {
  const note = noteOf({ causes: finding.causes ?? [], events: [], start: 0 as Instant })
  const seed = inject('sallyport')?.seed ?? 1
  return [
    sentenceOf(finding, negated),
    ...note.write(note.causes),
    `  replay   ${replayCommand(title.split(' > ').at(-1) ?? title, seed)}`,
  ].join('\n')
}

expect.extend(
  Object.fromEntries(
    Object.entries(domainMatchers as Readonly<Record<string, Matcher>>).map(([name, matcher]) => [
      name,
      adapt(matcher),
    ]),
  ),
)

export { expect }
