/**
 * What Windows itself answered on cases in x509-limbo's format, beside what the `windows` profile says. The verdicts are those of Edge on
 * Windows 10 in December 2021, on BetterTLS.
 */
import { z } from 'zod'
import { PROFILES } from '../../../src/windows/relying-parties.ts'
import { judgeCase, type CaseVerdict } from '../x509/judge.ts'
import type { LimboCase } from '../x509/suite.ts'

export const windowsVerdicts = z.object({
  verdicts: z.record(z.string(), z.enum(['ACCEPT', 'REJECT'])),
})

export type WindowsVerdicts = z.infer<typeof windowsVerdicts>['verdicts']

export interface WindowsDifference {
  readonly id: string
  readonly windows: 'ACCEPT' | 'REJECT'
  readonly verdict: CaseVerdict
}

/** Of the cases that Windows was asked about: how many, and those where the profile says otherwise. */
export function compareWithWindows(
  cases: readonly LimboCase[],
  verdicts: WindowsVerdicts,
): { readonly judged: number; readonly differences: readonly WindowsDifference[] } {
  const judged = cases.filter(({ id }) => verdicts[id] !== undefined)
  const differences = judged.flatMap((limbo) => {
    const windows = verdicts[limbo.id]!
    const verdict = judgeCase(limbo, PROFILES.windows)
    return verdict.accepted === (windows === 'ACCEPT') ? [] : [{ id: limbo.id, windows, verdict }]
  })
  return { judged: judged.length, differences }
}
