/**
 * `expect` as stories use it: the claims of `lab/matchers.ts` and its neighbours, offered for the report that was received.
 * Not vitest's: a story must also run where vitest is not. A claim that does not hold throws {@link StoryFailure}.
 */
import { StoryFailure, type Finding } from './failure.ts'
import { authenticationMatchers } from './authentication-matchers.ts'
import { chainMatchers, selectionMatchers } from './chain-matchers.ts'
import { connectMatchers } from './connect-matchers.ts'
import { httpMatchers, probeMatchers, resolveMatchers, valueMatchers } from './matchers.ts'
import type {
  AuthenticationReport,
  ChainReport,
  ConnectReport,
  HttpReport,
  ProbeReport,
  ResolveReport,
  SelectionReport,
} from './reports.ts'

type Matchers = Readonly<Record<string, (received: never, ...args: never[]) => Finding>>

type Checks<M> = {
  readonly [name in keyof M]: M[name] extends (received: never, ...args: infer A) => Finding
    ? (...args: A) => void
    : never
}

/** The claims `M` can make, and their opposites under `not`. */
export type Claims<M> = Checks<M> & { readonly not: Checks<M> }

export interface Expect {
  (received: ProbeReport): Claims<typeof probeMatchers & typeof valueMatchers>
  (received: ResolveReport): Claims<typeof resolveMatchers & typeof valueMatchers>
  (received: ChainReport): Claims<typeof chainMatchers & typeof valueMatchers>
  (received: SelectionReport): Claims<typeof selectionMatchers & typeof valueMatchers>
  (received: AuthenticationReport): Claims<typeof authenticationMatchers & typeof valueMatchers>
  (received: ConnectReport): Claims<typeof connectMatchers & typeof valueMatchers>
  (received: HttpReport): Claims<typeof httpMatchers & typeof valueMatchers>
  (received: unknown): Claims<typeof valueMatchers>
}

const ALL: Matchers = {
  ...valueMatchers,
  ...probeMatchers,
  ...resolveMatchers,
  ...chainMatchers,
  ...selectionMatchers,
  ...httpMatchers,
  ...authenticationMatchers,
  ...connectMatchers,
}

function checks(received: unknown, negated: boolean): Checks<Matchers> {
  const bind =
    (matcher: Matchers[string]) =>
    (...args: readonly unknown[]) => {
      const finding = matcher(received as never, ...(args as never[]))
      if (finding.pass === negated) throw new StoryFailure(finding, negated)
    }
  return Object.fromEntries(Object.entries(ALL).map(([name, matcher]) => [name, bind(matcher)]))
}

// One table serves every report: the overloads above offer each report only the claims that fit it.
export const expect = ((received: unknown) => ({
  ...checks(received, false),
  not: checks(received, true),
})) as Expect
