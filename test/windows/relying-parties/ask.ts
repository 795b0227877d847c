/** One question to a relying party of Windows, over the two-tier hierarchy of `test/pki/contoso.ts`. */
import { after, days, type Instant } from '../../../src/base/time.ts'
import type { Certificate } from '../../../src/pki/certificate/certificate.ts'
import { judgeChain, type ChainVerdict } from '../../../src/pki/path/path.ts'
import {
  outcomeOf,
  type RelyingPartyProfile,
  type WindowsOutcome,
} from '../../../src/pki/profile/profile.ts'
import { NO_CRLS, type CrlSource } from '../../../src/pki/revocation/revocation.ts'
import type { CertificateSpec } from '../../../src/topology/pki.ts'
import { freshCrls, GATEWAY, held, pkiOf, rootOf, START, type Site } from '../../pki/contoso.ts'

export interface Asked {
  readonly profile: RelyingPartyProfile
  readonly leaf: Certificate
  readonly anchors: readonly Certificate[]
  readonly sent?: readonly Certificate[]
  readonly at?: Instant
  readonly name?: string
  readonly crls?: CrlSource
}

/** Judge, and say what Windows shows for the first failure. */
export function ask({ at = START, sent = [], crls = NO_CRLS, ...asked }: Asked): {
  readonly verdict: ChainVerdict
  readonly shown: WindowsOutcome | undefined
} {
  const verdict = judgeChain({ ...asked, at, sent, crls, intermediates: [] })
  const top = verdict.rejected[0]?.anchored === true ? verdict.path.at(-1) : undefined
  return { verdict, shown: outcomeOf(asked.profile, verdict.failures[0], top) }
}

/** A certificate of the two-tier hierarchy, as its holder sends it, and who is trusted. */
export function certified(change: Partial<CertificateSpec> = {}, site: Site = {}) {
  const pki = pkiOf({ ...site, certificates: [{ ...GATEWAY, ...change }] })
  const { certificate: leaf, chain } = held(pki)
  return { pki, leaf, sent: chain, anchors: [rootOf(pki)], crls: freshCrls(pki, START) }
}

/** So many days after the start. */
export const later = (n: number): Instant => after(START, days(n))
