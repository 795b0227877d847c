/**
 * What is told of a verdict: the path, what speaks against it, what a relying party shows for that. Plain data, for reports.
 * Not the verdict itself: {@link ./path.ts} finds it. Not where the evidence came from: whoever fetched or read it adds that.
 */
import type { Instant } from '../../base/time.ts'
import { subjectOf } from '../certificate/certificate.ts'
import { linksOf, type ChainLink } from './chain-link.ts'
import type { PathFailure, PathFailureCode } from '../profile/failure.ts'
import type { ChainVerdict } from './path.ts'
import {
  outcomeOf,
  type LoggedEvent,
  type RelyingPartyProfile,
  type WindowsOutcome,
} from '../profile/profile.ts'

export interface Judgement {
  /** Name of the profile. */
  readonly profile: string
  /** The relying party's wall clock. */
  readonly at: Instant
  readonly valid: boolean
  /** End entity first. */
  readonly path: readonly ChainLink[]
  /** Most telling first. */
  readonly failures: readonly PathFailure[]
  /** The other paths that were tried, the one that came closest first: subjects, end entity first. */
  readonly rejected: readonly {
    readonly path: readonly string[]
    readonly failures: readonly PathFailure[]
  }[]
  /** What the relying party does not insist on. */
  readonly tolerated: readonly PathFailure[]
  /** What Windows shows for the first failure, where the profile is of a Windows program. */
  readonly windows?: WindowsOutcome
  /** What is logged though the certificate was accepted. */
  readonly warnings: readonly LoggedEvent[]
  /** Names of assumptions that no source confirms and behind which the answer could be another. */
  readonly restsOn?: readonly string[]
}

/**
 * Tell `verdict`; undefined: the end entity could not be read. `malformed`: what was sent and could not be read. It tells most where a
 * link is missing; where the path reached an anchor it was not needed.
 */
export function judgementOf(
  profile: RelyingPartyProfile,
  at: Instant,
  verdict: ChainVerdict | undefined,
  malformed: readonly PathFailure[] = [],
): Judgement {
  const { valid = false, path = [], failures: broken = [], rejected = [] } = verdict ?? {}
  const isAnchored = valid || rejected[0]?.anchored === true
  const failures = valid ? [] : isAnchored ? [...broken, ...malformed] : [...malformed, ...broken]
  const windows = outcomeOf(profile, failures[0], isAnchored ? path.at(-1) : undefined)
  const tolerated = verdict?.tolerated ?? []
  const assumed = assumedFor(failures[0]?.code, profile)
  const restsOn = [...new Set([...assumed, ...(windows?.restsOn ?? [])])]
  return {
    profile: profile.name,
    at,
    valid,
    path: linksOf(path, isAnchored),
    failures,
    rejected: rejected.slice(valid ? 0 : 1).map((other) => ({
      path: other.path.map(subjectOf),
      failures: other.failures,
    })),
    tolerated,
    warnings: tolerated.flatMap(({ code }) => profile.warns?.[code] ?? []),
    ...(windows !== undefined && { windows }),
    ...(restsOn.length > 0 && { restsOn }),
  }
}

/** Assumptions of the profile behind a refusal by `cause`; behind an acceptance, all. */
const assumedFor = (
  cause: PathFailureCode | undefined,
  { restsOn = {} }: RelyingPartyProfile,
): readonly string[] =>
  Object.keys(restsOn).filter((name) => cause === undefined || restsOn[name]!.includes(cause))
