/** What one case of the RADIUS judges is. Not the cases: `cases.ts` and `password-cases.ts` have those. */
import type { Rng } from '../../../src/base/rng.ts'
import type { Verdict } from './clients.ts'
import type { EapolCase } from './eapol.ts'
import type { RadclientCase } from './radclient.ts'
import type { Secrets } from './topology.ts'
import type { Variant } from './variants.ts'

export interface RadiusCase {
  /** Unique. */
  readonly name: string
  readonly variant: Variant
  readonly client: EapolCase | RadclientCase
  readonly expect: Verdict
  /** Why NPS decides so: RFC section, document, and `reason N` for the code that NPS's own event log must give. */
  readonly source: string
}

export interface Draw {
  readonly rng: Rng
  readonly secrets: Secrets
}

export const row = (
  name: string,
  variant: Variant,
  client: RadiusCase['client'],
  expect: Verdict,
  source: string,
): RadiusCase => ({ name, variant, client, expect, source })

/** The reason code that the source of a case names. */
export const reasonOf = ({ source }: RadiusCase): number | undefined => {
  const code = /\breason (\d+)/.exec(source)?.[1]
  return code === undefined ? undefined : Number(code)
}

/** Old TLS stacks are refused by eapol_test's own OpenSSL; it is told to take what a case wants. */
export const TLS12 = 'tls_disable_tlsv1_3=1'
/** And nothing else. */
export const TLS13 =
  'tls_disable_tlsv1_3=0 tls_disable_tlsv1_2=1 tls_disable_tlsv1_1=1 tls_disable_tlsv1_0=1'
