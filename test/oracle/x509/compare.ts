/** Judges a suite in x509-limbo's format and says where the verdicts differ. Not printing: {@link ./run.ts} does it. */
import type { RelyingPartyProfile } from '../../../src/pki/profile/profile.ts'
import { PROFILES } from '../../../src/windows/relying-parties.ts'
import { judgeCase, type CaseVerdict } from './judge.ts'
import { concernsEnterprise } from './known.ts'
import { isPublicSuffix } from './public-suffix.ts'
import type { LimboCase } from './suite.ts'

export interface Difference {
  readonly id: string
  readonly kind: 'false accept' | 'false reject'
  readonly profile: string
  readonly isEnterprise: boolean
  readonly verdict: CaseVerdict
}

/** All by name; the web's knows public suffixes here. */
export const JUDGES = { ...PROFILES, webpki: { ...PROFILES.webpki, isPublicSuffix } } as const

/** The profile that fits a case: RFC 5280's for an enterprise PKI, the web's for the rest. */
const fitting = (limbo: LimboCase): RelyingPartyProfile =>
  concernsEnterprise(limbo) ? JUDGES.strict : JUDGES.webpki

/** In the order of the suite. Without `profile`, each case under the one that fits. */
export const differences = (
  cases: readonly LimboCase[],
  profile?: RelyingPartyProfile,
): readonly Difference[] =>
  cases.flatMap((limbo) => {
    const judged = profile ?? fitting(limbo)
    const verdict = judgeCase(limbo, judged)
    if (verdict.accepted === (limbo.expected_result === 'SUCCESS')) return []
    const kind = verdict.accepted ? 'false accept' : 'false reject'
    const isEnterprise = concernsEnterprise(limbo)
    return [{ id: limbo.id, kind, profile: judged.name, isEnterprise, verdict }]
  })
